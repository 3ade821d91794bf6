/*
 * fuzz - the one function that every fuzz target has.
 */
#ifndef GW_TESTS_FUZZ_FUZZ_H
#define GW_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* GW_TESTS_FUZZ_FUZZ_H */
