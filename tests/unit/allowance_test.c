#include "discovery/allowance.h"

#include <string.h>

#include "test.h"

static unsigned
taken(struct gw_allowance *a, unsigned reserve, unsigned tries, gw_usec now)
{
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += gw_allowance_take(a, 5, reserve, now);
	return n;
}

static void
a_burst_then_so_many_a_second(void **state)
{
	struct gw_allowance a = { .next = 0 };
	gw_usec now = 1000 * GW_SEC;
	unsigned n = 0;

	(void)state;
	assert_int_equal(taken(&a, 0, 100, now), 5);
	for (unsigned i = 0; i < 1000; i++)
		n += taken(&a, 0, 3, now += 10 * GW_MSEC);
	assert_int_equal(n, 50);
	/* Silence saves no more than a burst. */
	assert_int_equal(taken(&a, 0, 100, now + 3600 * GW_SEC), 5);
}

static void
a_reserve_stays_for_others(void **state)
{
	struct gw_allowance a = { .next = 0 };

	(void)state;
	assert_int_equal(taken(&a, 2, 100, GW_SEC), 3);
	assert_false(gw_allowance_has(&a, 5, 2, GW_SEC));
	assert_true(gw_allowance_has(&a, 5, 0, GW_SEC));
	assert_int_equal(taken(&a, 0, 100, GW_SEC), 2);
}

static unsigned
taken_by(struct gw_allowances *all, uint8_t host, unsigned interface)
{
	uint8_t ip[16] = { [15] = host };
	unsigned n = 0;

	for (unsigned i = 0; i < 20; i++)
		n += gw_allowances_take(all, ip, interface, 5, GW_SEC);
	return n;
}

static void
each_source_has_its_own(void **state)
{
	struct gw_allowances all;

	(void)state;
	memset(&all, 0, sizeof all);
	assert_int_equal(taken_by(&all, 1, 1), 5);
	assert_int_equal(taken_by(&all, 1, 1), 0);
	assert_int_equal(taken_by(&all, 2, 1), 5);
	assert_int_equal(taken_by(&all, 1, 2), 5);
	assert_int_equal(taken_by(&all, 1, 1), 0);
}

static void
the_quietest_source_is_forgotten_first(void **state)
{
	struct gw_allowances all;
	uint8_t quiet[16] = { 9 };

	(void)state;
	memset(&all, 0, sizeof all);
	assert_true(gw_allowances_take(&all, quiet, 1, 5, GW_SEC));
	for (uint8_t i = 1; i < GW_ALLOWANCE_SOURCES; i++)
		assert_int_equal(taken_by(&all, i, 1), 5);
	assert_int_equal(taken_by(&all, 200, 1), 5); /* in its place */
	assert_int_equal(taken_by(&all, 1, 1), 0);   /* still known */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_then_so_many_a_second),
		cmocka_unit_test(a_reserve_stays_for_others),
		cmocka_unit_test(each_source_has_its_own),
		cmocka_unit_test(the_quietest_source_is_forgotten_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
