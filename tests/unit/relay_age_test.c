#include "forward/relay_age.h"

#include "test.h"
#include "wire/limits.h"

static struct gw_relay_age age;
static gw_usec now;

static int
begin(void **state)
{
	(void)state;
	age = (struct gw_relay_age){ .begun = false };
	now = 5000 * GW_SEC;
	return 0;
}

/* Sent by a clock that is so much ahead, so long ago. */
static bool
is_late(uint32_t ahead, uint32_t ago)
{
	return gw_relay_age_is_late(
	    &age, (uint32_t)(now / GW_MSEC) + ahead - ago, now);
}

static void
clocks_that_differ_are_no_delay(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++, now += GW_SEC)
		assert_false(is_late(UINT32_MAX - 50000, i % 10));
	assert_false(is_late(UINT32_MAX - 50000, GW_RELAY_AGE));
	assert_true(is_late(UINT32_MAX - 50000, GW_RELAY_AGE + 1));
}

static void
the_fastest_one_is_the_measure_though_it_comes_later(void **state)
{
	(void)state;
	assert_false(is_late(77, 10000));
	assert_false(is_late(77, 10000));
	assert_false(is_late(77, 5));
	assert_true(is_late(77, 10000));
}

static void
a_drift_is_followed(void **state)
{
	uint32_t behind = 0;

	(void)state;
	for (unsigned i = 0; i < 10000; i++, now += 10 * GW_SEC)
		assert_false(is_late(0, behind++));
	assert_true(is_late(0, behind + GW_RELAY_AGE));
}

/* The other machine was halted, and its clock with it: from then on all seems
 * to take so much longer. */
static void
a_clock_that_stood_still_is_known_as_such_within_a_minute(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++, now += GW_SEC)
		assert_false(is_late(9000, 5));
	assert_true(is_late(0, 5));
	for (unsigned i = 0; i < 60; i++, now += GW_SEC)
		is_late(0, 5);
	assert_false(is_late(0, 5));
	assert_true(is_late(0, 6 + GW_RELAY_AGE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(clocks_that_differ_are_no_delay, begin),
		cmocka_unit_test_setup(
		    the_fastest_one_is_the_measure_though_it_comes_later,
		    begin),
		cmocka_unit_test_setup(a_drift_is_followed, begin),
		cmocka_unit_test_setup(
		    a_clock_that_stood_still_is_known_as_such_within_a_minute,
		    begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
