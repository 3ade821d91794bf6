/*
 * test - what every test file includes: cmocka with what it needs before it.
 */
#ifndef GW_TESTS_UNIT_TEST_H
#define GW_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif /* GW_TESTS_UNIT_TEST_H */
