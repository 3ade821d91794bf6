#include "base/random.h"

#include <string.h>

#include "test.h"

/* Gives out the numbers of a list, in order. */
struct list {
	const uint64_t *next;
	size_t left;
};

static void
fill_from_list(void *arg, void *out, size_t n)
{
	struct list *list = arg;

	assert_int_equal(n, sizeof(uint64_t));
	assert_true(list->left > 0);
	memcpy(out, list->next++, n);
	list->left--;
}

static void
u64_is_what_was_filled(void **state)
{
	const uint64_t v[] = { UINT64_C(0x0123456789abcdef) };
	struct list list = { v, 1 };
	struct gw_random r = { fill_from_list, &list };

	(void)state;
	assert_int_equal(gw_random_u64(&r), v[0]);
}

static void
below_stays_below(void **state)
{
	const uint64_t v[] = { UINT64_MAX, UINT64_MAX, 12345, 1 };
	struct list list = { v, 4 };
	struct gw_random r = { fill_from_list, &list };

	(void)state;
	assert_int_equal(gw_random_below(&r, 1), 0);
	assert_int_equal(gw_random_below(&r, 10), UINT64_MAX % 10);
	assert_int_equal(gw_random_below(&r, 10000), 2345);
	assert_int_equal(gw_random_below(&r, UINT64_C(1) << 63), 1);
}

static void
the_uneven_rest_is_thrown_again(void **state)
{
	/* 2^64 mod 10 is 6: 0 to 5 would make 0 to 5 too likely. */
	const uint64_t v[] = { 0, 5, 6 };
	struct list list = { v, 3 };
	struct gw_random r = { fill_from_list, &list };

	(void)state;
	assert_int_equal(gw_random_below(&r, 10), 6);
	assert_int_equal(list.left, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u64_is_what_was_filled),
		cmocka_unit_test(below_stays_below),
		cmocka_unit_test(the_uneven_rest_is_thrown_again),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
