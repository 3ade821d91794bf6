/*
 * vectors - published test vectors: JSON files with hexadecimal strings.
 */
#ifndef GW_TESTS_UNIT_VECTORS_H
#define GW_TESTS_UNIT_VECTORS_H

#include <cjson/cJSON.h>

#include "base/slice.h"

/* tests/unit/data/<name>, parsed; fails the test when it cannot be. */
cJSON *vectors_load(const char *name);

/* The bytes of a hexadecimal member; empty when there is no such member. */
struct bytes {
	uint8_t b[512];
	size_t n;
};
struct bytes vectors_hex(const cJSON *object, const char *member);
struct bytes vectors_hex_item(const cJSON *string);

static inline struct gw_slice
slice_of(const struct bytes *b)
{
	return gw_slice(b->b, b->n);
}

#endif /* GW_TESTS_UNIT_VECTORS_H */
