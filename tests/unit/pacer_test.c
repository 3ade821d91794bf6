#include "session/udp/pacer.h"

#include "test.h"

static struct gw_pacer p;

enum { MB = 1000000, BURST = 3000 };

/* The promise of the header, over a run of wakes at odd times. */
static void
never_more_than_promised(void **state)
{
	uint64_t sent = 0, n;
	gw_usec now = 7;

	(void)state;
	gw_pacer_init(&p, MB, BURST, now);
	for (unsigned i = 0; i < 100000; i++) {
		now += i * 7919 % 1500;
		n = gw_pacer_budget(&p, now);
		assert_true(sent + n <= BURST + 1000 + (now - 7));
		gw_pacer_sent(&p, n, now);
		sent += n;
	}
	/* And hardly less: it never slept for longer than the slack. */
	assert_true(sent + BURST > now - 7);
}

static void
a_loop_that_wakes_every_millisecond_loses_nothing(void **state)
{
	uint64_t sent = 0, n;

	(void)state;
	gw_pacer_init(&p, 125 * MB, 65536, 0);
	for (gw_usec now = 0; now < GW_SEC; now += GW_MSEC) {
		n = gw_pacer_budget(&p, now);
		gw_pacer_sent(&p, n, now);
		sent += n;
	}
	assert_in_range(sent, 124 * MB, 126 * MB);
}

static void
it_says_when_there_is_something(void **state)
{
	gw_usec at;

	(void)state;
	gw_pacer_init(&p, MB, BURST, 0);
	assert_int_equal(gw_pacer_at(&p, BURST, 50), 50);
	gw_pacer_sent(&p, gw_pacer_budget(&p, 0), 0);
	for (uint64_t bytes = 1; bytes <= BURST; bytes += 99) {
		at = gw_pacer_at(&p, bytes, 0);
		assert_int_equal(at, bytes);
		assert_true(gw_pacer_budget(&p, at) >= bytes);
		assert_true(gw_pacer_budget(&p, at - 1) < bytes);
	}
}

static void
what_did_not_wait_is_owed(void **state)
{
	(void)state;
	gw_pacer_init(&p, MB, BURST, 0);
	gw_pacer_sent(&p, 14000, 0);
	assert_int_equal(gw_pacer_budget(&p, 9999), 0);
	assert_int_equal(gw_pacer_at(&p, BURST, 100), 13000);
	assert_int_equal(gw_pacer_budget(&p, 13000), BURST);
}

static void
what_never_left_is_given_back(void **state)
{
	(void)state;
	gw_pacer_init(&p, MB, BURST, 0);
	gw_pacer_sent(&p, 14000, 0);
	gw_pacer_unsent(&p, 12000);
	assert_int_equal(gw_pacer_budget(&p, 0), BURST + 1000 - 2000);
	/* No fuller than full. */
	gw_pacer_unsent(&p, 12000);
	assert_int_equal(gw_pacer_budget(&p, 0), BURST + 1000);
	assert_int_equal(gw_pacer_budget(&p, GW_SEC), BURST + 1000);
}

static void
another_rate_counts_from_now_on(void **state)
{
	(void)state;
	gw_pacer_init(&p, MB, BURST, 0);
	gw_pacer_sent(&p, 4000, 0);
	gw_pacer_set(&p, 2 * MB, BURST, 1000);
	assert_int_equal(gw_pacer_budget(&p, 1000), 1000);
	assert_int_equal(gw_pacer_budget(&p, 1500), 2000);
}

static void
a_lower_rate_makes_the_bucket_smaller_at_once(void **state)
{
	(void)state;
	gw_pacer_init(&p, 10 * MB, BURST, 0);
	gw_pacer_set(&p, MB, BURST, 0);
	assert_int_equal(gw_pacer_budget(&p, 0), BURST + 1000);
	assert_int_equal(gw_pacer_budget(&p, GW_SEC), BURST + 1000);
}

static void
a_long_sleep_fills_the_bucket_once(void **state)
{
	(void)state;
	gw_pacer_init(&p, 125 * MB, 65536, 0);
	gw_pacer_sent(&p, 65536, 0);
	assert_int_equal(gw_pacer_budget(&p, UINT64_MAX / 2), 65536 + 125000);
}

static void
no_rate_overflows(void **state)
{
	(void)state;
	gw_pacer_init(&p, UINT64_MAX, UINT64_MAX, 0);
	assert_true(gw_pacer_budget(&p, 0) >= GW_PACER_BURST_MAX);
	gw_pacer_sent(&p, gw_pacer_budget(&p, 0), 0);
	assert_true(gw_pacer_budget(&p, 60 * GW_SEC) >= GW_PACER_BURST_MAX);
	gw_pacer_init(&p, 1, BURST, 0);
	gw_pacer_sent(&p, BURST, 0);
	assert_int_equal(gw_pacer_budget(&p, GW_SEC), 1);
}

static void
a_train_is_a_millisecond_within_bounds(void **state)
{
	(void)state;
	assert_int_equal(gw_pacer_quantum(1, 1200), 2400);
	assert_int_equal(gw_pacer_quantum(12500000, 1200), 12500);
	assert_int_equal(gw_pacer_quantum(UINT64_MAX, 1200), 65536);
	assert_int_equal(gw_pacer_quantum(1, 65000), 130000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_more_than_promised),
		cmocka_unit_test(
		    a_loop_that_wakes_every_millisecond_loses_nothing),
		cmocka_unit_test(it_says_when_there_is_something),
		cmocka_unit_test(what_did_not_wait_is_owed),
		cmocka_unit_test(what_never_left_is_given_back),
		cmocka_unit_test(another_rate_counts_from_now_on),
		cmocka_unit_test(a_lower_rate_makes_the_bucket_smaller_at_once),
		cmocka_unit_test(a_long_sleep_fills_the_bucket_once),
		cmocka_unit_test(no_rate_overflows),
		cmocka_unit_test(a_train_is_a_millisecond_within_bounds),
	};

	return cmocka_run_group_tests_name("pacer", tests, NULL, NULL);
}
