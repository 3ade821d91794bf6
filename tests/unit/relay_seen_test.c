#include "forward/relay_seen.h"

#include <string.h>

#include "test.h"

static struct gw_relay_seen seen;

static int
begin(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof seen);
	return 0;
}

static bool
is_new(unsigned origin, uint64_t number)
{
	uint8_t id[GW_RELAY_ORIGIN_LEN] = { (uint8_t)origin,
		(uint8_t)(origin >> 8) };

	return gw_relay_seen_is_new(&seen, id, number);
}

static void
each_number_counts_once(void **state)
{
	(void)state;
	for (uint64_t n = 1; n < 5000; n++) {
		assert_true(is_new(1, n));
		assert_false(is_new(1, n));
	}
	assert_true(is_new(2, 7));
}

static void
the_order_is_no_matter_within_the_window(void **state)
{
	(void)state;
	assert_true(is_new(1, 5000));
	assert_true(is_new(1, 5001 - GW_RELAY_NUMBERS));
	assert_false(is_new(1, 5001 - GW_RELAY_NUMBERS));
	assert_true(is_new(1, 4999));
	assert_false(is_new(1, 5000 - GW_RELAY_NUMBERS));
	assert_false(is_new(1, 0));
}

static void
a_leap_forgets_what_is_behind_it(void **state)
{
	(void)state;
	assert_true(is_new(1, 3));
	assert_true(is_new(1, 3 + GW_RELAY_NUMBERS));
	assert_true(is_new(1, UINT64_MAX));
	assert_false(is_new(1, UINT64_MAX));
	assert_true(is_new(1, UINT64_MAX - 1));
	assert_false(is_new(1, 4));
}

static void
the_relay_heard_longest_ago_gives_way(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GW_RELAY_ORIGINS; i++)
		assert_true(is_new(i + 1, 1));
	assert_false(is_new(1, 1));
	assert_true(is_new(5000, 1));
	assert_false(is_new(1, 1));
	assert_true(is_new(2, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_number_counts_once, begin),
		cmocka_unit_test_setup(
		    the_order_is_no_matter_within_the_window, begin),
		cmocka_unit_test_setup(a_leap_forgets_what_is_behind_it, begin),
		cmocka_unit_test_setup(
		    the_relay_heard_longest_ago_gives_way, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
