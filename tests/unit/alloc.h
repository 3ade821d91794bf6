/*
 * alloc - makes allocations of the code under test fail.
 *
 * Every unit test is linked so that malloc, calloc, realloc and aligned_alloc
 * of our own code pass through here; libraries are not touched.
 *
 *	for (long n = 0;; n++) {
 *		test_fail_alloc(n);
 *		err = gw_thing_new(&thing);
 *		test_fail_alloc(-1);
 *		if (err == GW_OK)
 *			break;
 *		assert_int_equal(err, GW_E_MEMORY);
 *	}
 */
#ifndef GW_TESTS_UNIT_ALLOC_H
#define GW_TESTS_UNIT_ALLOC_H

/* After n more allocations, the next one fails, once; -1: none does. */
void test_fail_alloc(long n);

#endif /* GW_TESTS_UNIT_ALLOC_H */
