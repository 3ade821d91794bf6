#include "session/udp/rtt.h"

#include "test.h"

static struct gw_rtt r;

enum { MAX_ACK_DELAY = 25000 };

static void
before_a_sample_a_guess_stands(void **state)
{
	(void)state;
	gw_rtt_init(&r, MAX_ACK_DELAY);
	assert_false(gw_rtt_known(&r));
	assert_int_equal(r.smoothed, GW_RTT_INITIAL);
	assert_int_equal(gw_rtt_pto(&r),
	    GW_RTT_INITIAL + 4 * (GW_RTT_INITIAL / 2) + MAX_ACK_DELAY);
}

static void
the_first_sample_is_taken_as_it_is(void **state)
{
	(void)state;
	gw_rtt_init(&r, MAX_ACK_DELAY);
	gw_rtt_sample(&r, 40000, 5000, 0);
	assert_true(gw_rtt_known(&r));
	assert_int_equal(r.latest, 40000);
	assert_int_equal(r.min, 40000);
	assert_int_equal(r.smoothed, 40000);
	assert_int_equal(r.variance, 20000);
}

/* RFC 9002, 5.3. */
static void
samples_are_smoothed(void **state)
{
	(void)state;
	gw_rtt_init(&r, MAX_ACK_DELAY);
	gw_rtt_sample(&r, 40000, 0, 0);
	gw_rtt_sample(&r, 80000, 0, 1);
	assert_int_equal(r.smoothed, (7 * 40000 + 80000) / 8);
	assert_int_equal(r.variance, (3 * 20000 + 40000) / 4);
	gw_rtt_sample(&r, 20000, 0, 2);
	assert_int_equal(r.smoothed, (7 * 45000 + 20000) / 8);
	assert_int_equal(r.variance, (3 * 25000 + 25000) / 4);
	assert_int_equal(r.min, 20000);
}

static void
what_the_peer_waited_is_taken_off_if_that_is_possible(void **state)
{
	(void)state;
	gw_rtt_init(&r, MAX_ACK_DELAY);
	gw_rtt_sample(&r, 40000, 0, 0);
	gw_rtt_sample(&r, 60000, 20000, 1);
	assert_int_equal(r.smoothed, 40000);
	assert_int_equal(r.latest, 60000);
	/* 45 ms less 20 would be below what was ever seen. */
	gw_rtt_sample(&r, 45000, 20000, 2);
	assert_int_equal(r.smoothed, (7 * 40000 + 45000) / 8);
	assert_int_equal(r.min, 40000);
}

static void
the_peer_cannot_say_that_it_waited_for_ever(void **state)
{
	(void)state;
	gw_rtt_init(&r, MAX_ACK_DELAY);
	gw_rtt_sample(&r, 40000, 0, 0);
	gw_rtt_sample(&r, 140000, UINT64_MAX, 1);
	assert_int_equal(r.smoothed, (7 * 40000 + 140000 - MAX_ACK_DELAY) / 8);
}

static void
the_pto_never_waits_less_than_a_millisecond_more_than_the_rtt(void **state)
{
	(void)state;
	gw_rtt_init(&r, 0);
	for (unsigned i = 0; i < 100; i++)
		gw_rtt_sample(&r, 100, 0, i);
	assert_in_range(r.variance, 0, 10);
	assert_int_equal(gw_rtt_pto(&r), r.smoothed + 1000);
}

static void
the_lowest_is_forgotten_after_two_windows(void **state)
{
	gw_usec now = 5;

	(void)state;
	gw_rtt_init(&r, MAX_ACK_DELAY);
	gw_rtt_sample(&r, 10000, 0, now);
	for (; now < GW_RTT_WINDOW; now += GW_SEC)
		gw_rtt_sample(&r, 50000, 0, now);
	assert_int_equal(r.min, 10000);
	for (; now < 2 * (gw_usec)GW_RTT_WINDOW; now += GW_SEC)
		gw_rtt_sample(&r, 50000, 0, now);
	assert_int_equal(r.min, 10000);
	for (; now < 3 * (gw_usec)GW_RTT_WINDOW; now += GW_SEC)
		gw_rtt_sample(&r, 50000, 0, now);
	assert_int_equal(r.min, 50000);
}

static void
nothing_takes_no_time(void **state)
{
	(void)state;
	gw_rtt_init(&r, 0);
	gw_rtt_sample(&r, 0, 0, 0);
	assert_true(gw_rtt_known(&r));
	assert_int_equal(r.min, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_a_sample_a_guess_stands),
		cmocka_unit_test(the_first_sample_is_taken_as_it_is),
		cmocka_unit_test(samples_are_smoothed),
		cmocka_unit_test(
		    what_the_peer_waited_is_taken_off_if_that_is_possible),
		cmocka_unit_test(the_peer_cannot_say_that_it_waited_for_ever),
		cmocka_unit_test(
		    the_pto_never_waits_less_than_a_millisecond_more_than_the_rtt),
		cmocka_unit_test(the_lowest_is_forgotten_after_two_windows),
		cmocka_unit_test(nothing_takes_no_time),
	};

	return cmocka_run_group_tests_name("rtt", tests, NULL, NULL);
}
