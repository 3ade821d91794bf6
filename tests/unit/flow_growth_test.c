#include "flow_fixture.h"
#include "test.h"

static const uint64_t mib = MIB;

/* Bytes come and are dealt with, `rate` in each round trip, for a while. */
static void
flow_of(uint64_t rate, unsigned round_trips)
{
	for (unsigned i = 0; i < 10 * round_trips; i++) {
		uint64_t n = rate / 10;

		if (n > s.w.granted - s.w.received)
			n = s.w.granted - s.w.received;
		comes(n);
		credit(n);
		flush();
		now += 10 * GW_MSEC;
	}
}

static void
a_window_grows_with_what_goes_through_it(void **state)
{
	(void)state;
	start(512 * mib, 512 * mib);
	credit(0);
	flush();
	flow_of(mib, 50); /* 2 MiB in two round trips: 16 are enough */
	assert_int_equal(s.w.window, 16 * mib);
	flow_of(6 * mib, 50);
	assert_int_equal(s.w.window, 32 * mib);
	flow_of(25 * mib, 20);
	assert_int_equal(s.w.window, 128 * mib);
	assert_int_equal(f.w.window, 128 * mib);
	/* It stays as large as it was. */
	flow_of(mib, 50);
	assert_int_equal(s.w.window, 128 * mib);
}

static void
a_window_grows_as_far_as_memory_allows(void **state)
{
	(void)state;
	start(512 * mib, 20 * mib);
	credit(0);
	flow_of(100 * mib, 20);
	assert_int_equal(s.w.window, 20 * mib);
	assert_int_equal(f.w.window, 20 * mib);
	assert_int_equal(f.w.granted - f.w.credited, 20 * mib);
	gw_flow_set_max(&f, 10 * mib, 40 * mib);
	flow_of(100 * mib, 20);
	assert_int_equal(s.w.window, 20 * mib);
	assert_int_equal(f.w.window, 40 * mib);
	start(10 * mib, 512 * mib);
	credit(0);
	flow_of(100 * mib, 20);
	assert_int_equal(s.w.window, 10 * mib);
}

/* quic-go#1056: a hole that closes lets go a burst that is no rate. */
static void
a_burst_behind_a_hole_is_no_rate(void **state)
{
	(void)state;
	start(512 * mib, 512 * mib);
	credit(0);
	flush();
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 60; i++) {
			comes(mib / 5);
			now += 10 * GW_MSEC;
		}
		credit(60 * (mib / 5));
		flush();
	}
	assert_int_equal(s.w.window, 16 * mib);

	/* However soon it follows on a look at the rate. */
	start(512 * mib, 512 * mib);
	credit(0);
	flush();
	comes(10 * mib);
	now += GW_SEC;
	credit(1);
	comes(mib);
	now += 50 * GW_MSEC;
	credit(11 * mib - 1);
	assert_int_equal(s.w.window, 16 * mib);
}

static void
a_peer_that_is_held_up_gets_more(void **state)
{
	struct gw_flow_there there;

	(void)state;
	start(512 * mib, 512 * mib);
	credit(0);
	flush();
	for (uint64_t size = 16 * mib; size < 512 * mib; size *= 2) {
		comes(s.w.granted - s.w.received);
		there.at = s.w.granted;
		/* All that was given was dealt with; the rest waits behind
		 * something that was lost. */
		there.taken = s.w.credited;
		now += 10 * GW_SEC;
		assert_true(gw_flow_blocked_there(&f, &s, &there, now));
		assert_int_equal(s.w.window, 2 * size);
		assert_int_equal(f.w.window, 2 * size);
		says(GW_PFRAME_SESSION_WINDOW, 2 * size);
		says(GW_PFRAME_WINDOW, 2 * size);
		/* It had not heard of it yet, or never will: told again. */
		assert_true(gw_flow_blocked_there(&f, &s, &there, now));
		says(GW_PFRAME_WINDOW, 2 * size);
		says_nothing();
	}
	/* The session's alone. */
	start(FIRST, 64 * mib);
	credit(0);
	flush();
	there = (struct gw_flow_there){ 16 * mib, 0 };
	assert_true(gw_flow_session_blocked_there(&f, &there, now));
	says(GW_PFRAME_SESSION_WINDOW, 32 * mib);
	says_nothing();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_grows_with_what_goes_through_it),
		cmocka_unit_test(a_window_grows_as_far_as_memory_allows),
		cmocka_unit_test(a_burst_behind_a_hole_is_no_rate),
		cmocka_unit_test(a_peer_that_is_held_up_gets_more),
	};

	return cmocka_run_group_tests_name("flow_growth", tests, NULL, NULL);
}
