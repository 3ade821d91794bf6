#include "session/udp/flow.h"

#include "flow_fixture.h"
#include "test.h"

static const uint64_t mib = MIB;

/* ---- what we send ---- */

static void
both_windows_bound_what_is_sent(void **state)
{
	(void)state;
	start(mib, mib);
	assert_int_equal(gw_flow_limit(&f, &s), FIRST);
	gw_flow_sent(&f, &s, 1000);
	assert_int_equal(gw_flow_limit(&f, &s), FIRST);
	gw_flow_sent(&f, &s, FIRST - 1000);
	assert_int_equal(gw_flow_limit(&f, &s), FIRST);
	assert_int_equal(gw_flow_limit(&f, &t), FIRST);
	assert_true(gw_flow_window(&f, &s, 10 * mib));
	assert_int_equal(gw_flow_limit(&f, &s), SESSION);
	gw_flow_sent(&f, &s, SESSION - FIRST - 7);
	assert_int_equal(gw_flow_limit(&f, &t), 7);
	gw_flow_sent(&f, &t, 7);
	assert_int_equal(gw_flow_limit(&f, &t), 7);
	assert_int_equal(gw_flow_limit(&f, &s), SESSION - 7);
	assert_true(gw_flow_session_window(&f, SESSION + 100));
	assert_int_equal(gw_flow_limit(&f, &t), 107);
	assert_int_equal(gw_flow_limit(&f, &s), SESSION + 93);
}

static void
a_window_that_goes_back_is_old(void **state)
{
	(void)state;
	start(mib, mib);
	assert_false(gw_flow_window(&f, &s, FIRST));
	assert_false(gw_flow_window(&f, &s, 0));
	assert_false(gw_flow_session_window(&f, SESSION - 1));
	assert_int_equal(gw_flow_limit(&f, &s), FIRST);
}

static void
the_peer_is_told_what_holds_us_up(void **state)
{
	(void)state;
	start(mib, mib);
	gw_flow_sent(&f, &s, FIRST);
	says_nothing();
	gw_flow_blocked(&f, &s, now);
	gw_flow_blocked(&f, &s, now);
	says(GW_PFRAME_BLOCKED, FIRST);
	says_nothing();
	gw_flow_blocked(&f, &s, now);
	says_nothing();
	/* It opens, and fills up once more. */
	assert_true(gw_flow_window(&f, &s, 2 * FIRST));
	assert_int_equal(gw_flow_deadline(&f), GW_NEVER);
	gw_flow_blocked(&f, &s, now); /* it is not */
	says_nothing();
	gw_flow_sent(&f, &s, FIRST);
	gw_flow_blocked(&f, &s, now);
	says(GW_PFRAME_BLOCKED, 2 * FIRST);
	says_nothing();
	/* The session's as well. */
	gw_flow_window(&f, &s, 100 * mib);
	gw_flow_sent(&f, &s, SESSION - 2 * FIRST);
	gw_flow_blocked(&f, &s, now);
	gw_flow_blocked(&f, &t, now);
	says(GW_PFRAME_SESSION_BLOCKED, SESSION);
	says_nothing();
}

/* Whether it was dealt with or not: what comes makes room in the socket. */
static void
no_more_is_under_way_than_the_kernel_can_hold(void **state)
{
	(void)state;
	start(8 * mib, 8 * mib);
	gw_flow_set_ahead(&f, mib);
	gw_flow_credit(&f, &s, 0, now); /* opens */
	flush();
	assert_int_equal(f.w.granted, mib);
	assert_int_equal(s.w.granted, 8 * mib);
	comes(mib / 8);
	says_nothing();
	comes(mib / 8);
	says(GW_PFRAME_SESSION_WINDOW, mib + mib / 4);
	/* The path is longer than it seemed. */
	gw_flow_set_ahead(&f, GW_OFFSET_MAX);
	credit(1);
	flush();
	assert_int_equal(f.w.granted, 8 * mib + 1);
	/* And shorter again: what was granted stays. */
	gw_flow_set_ahead(&f, mib);
	comes(mib);
	credit(mib);
	says_nothing();
}

static void
blocked_is_said_again_until_there_is_an_answer(void **state)
{
	gw_usec wait = 0;
	unsigned times = 0;

	(void)state;
	start(mib, mib);
	gw_flow_sent(&f, &s, FIRST);
	gw_flow_sent(&f, &t, FIRST);
	assert_int_equal(gw_flow_deadline(&f), GW_NEVER);
	gw_flow_tick(&f, now);
	gw_flow_blocked(&f, &s, now);
	wait = gw_flow_deadline(&f);
	now += 100 * GW_MSEC;
	gw_flow_blocked(&f, &t, now);
	assert_int_equal(gw_flow_deadline(&f), wait);
	wait = 0;
	now -= 100 * GW_MSEC;
	flush();
	while (now < 1060 * GW_SEC) {
		const gw_usec next = gw_flow_deadline(&f) - now;

		assert_true(next >= wait);
		assert_in_range(next, 200 * GW_MSEC, 5 * GW_SEC);
		wait = next;
		now += next - 1;
		gw_flow_tick(&f, now);
		says_nothing();
		now++;
		gw_flow_tick(&f, now);
		says(GW_PFRAME_BLOCKED, FIRST);
		flush();
		times++;
	}
	assert_int_equal(wait, 5 * GW_SEC);
	assert_in_range(times, 12, 20);
	/* One of the two is answered. */
	gw_flow_window(&f, &t, 2 * FIRST);
	now = gw_flow_deadline(&f);
	gw_flow_tick(&f, now);
	says(GW_PFRAME_BLOCKED, FIRST);
	says_nothing();
	/* In the middle of a round. */
	now = gw_flow_deadline(&f);
	gw_flow_tick(&f, now);
	gw_flow_window(&f, &s, 2 * FIRST);
	says_nothing();
	assert_int_equal(gw_flow_deadline(&f), GW_NEVER);
	/* The next time it begins early again. */
	gw_flow_sent(&f, &s, FIRST);
	gw_flow_blocked(&f, &s, now);
	assert_in_range(gw_flow_deadline(&f) - now, 1, GW_SEC);
	/* On a path that is out of all measure. */
	gw_flow_end_out(&f, &s);
	gw_flow_set_rtt(&f, 10 * GW_SEC);
	gw_flow_blocked(&f, &s, now);
	assert_int_equal(gw_flow_deadline(&f) - now, 5 * GW_SEC);
}

static void
a_stream_without_data_is_not_held_up(void **state)
{
	(void)state;
	start(mib, mib);
	gw_flow_sent(&f, &s, FIRST);
	gw_flow_blocked(&f, &s, now);
	gw_flow_end_out(&f, &s);
	says_nothing();
	assert_int_equal(gw_flow_deadline(&f), GW_NEVER);
	gw_flow_end_out(&f, &s);

	/* Of two that the session holds up, one is given up. */
	start(mib, mib);
	gw_flow_window(&f, &s, 10 * mib);
	gw_flow_sent(&f, &s, SESSION);
	gw_flow_blocked(&f, &s, now);
	gw_flow_blocked(&f, &t, now);
	gw_flow_end_out(&f, &s);
	says_nothing();
	gw_flow_blocked(&f, &t, now);
	says(GW_PFRAME_SESSION_BLOCKED, SESSION);
}

static void
a_blocked_that_is_lost_is_said_again(void **state)
{
	(void)state;
	start(mib, mib);
	gw_flow_sent(&f, &s, FIRST);
	gw_flow_blocked(&f, &s, now);
	says(GW_PFRAME_BLOCKED, FIRST);
	gw_flow_stream_lost(&f, &s, 5); /* another packet */
	gw_flow_session_lost(&f, 0);
	says_nothing();
	gw_flow_stream_lost(&f, &s, 0);
	gw_flow_stream_lost(&f, &s, 0);
	says(GW_PFRAME_BLOCKED, FIRST);
	says_nothing();
	/* In the meantime it opened. */
	gw_flow_window(&f, &s, 2 * FIRST);
	gw_flow_stream_lost(&f, &s, 1);
	says_nothing();
}

/* ---- what we receive ---- */

static void
what_passes_a_window_is_refused(void **state)
{
	(void)state;
	start(mib, mib);
	assert_true(gw_flow_received(&f, &s, FIRST));
	assert_false(gw_flow_received(&f, &s, FIRST + 1));
	assert_true(gw_flow_received(&f, &s, 5)); /* again */
	assert_int_equal(s.w.received, FIRST);
	assert_int_equal(f.w.received, FIRST);
	assert_true(gw_flow_received(&f, &t, FIRST));
	assert_int_equal(f.w.received, 2 * FIRST);

	/* The session's: five streams have more than that together. */
	start(mib, mib);
	for (unsigned i = 0; i < 4; i++) {
		gw_flow_stream_init(&t);
		assert_true(gw_flow_received(&f, &t, FIRST));
	}
	gw_flow_stream_init(&t);
	assert_false(gw_flow_received(&f, &t, 1));
	assert_int_equal(t.w.received, 0);
	assert_int_equal(f.w.received, SESSION);
	assert_true(gw_flow_received(&f, &t, 0));
}

static void
the_first_credit_opens_the_window(void **state)
{
	(void)state;
	start(64 * mib, 64 * mib);
	says_nothing();
	credit(0);
	says(GW_PFRAME_SESSION_WINDOW, 16 * mib);
	says(GW_PFRAME_WINDOW, 16 * mib);
	says_nothing();
	gw_flow_credit(&f, &t, 0, now);
	assert_true(gw_flow_stream_next(&f, &t, 4, 0, &frame));
	assert_int_equal(frame.window.at, 16 * mib);
	says_nothing();
	credit(0);
	says_nothing();

	/* As far as it may be. */
	start(FIRST, 2 * mib);
	credit(0);
	says(GW_PFRAME_SESSION_WINDOW, 2 * mib);
	says_nothing();
	start(3 * mib, 2 * mib);
	credit(0);
	says(GW_PFRAME_SESSION_WINDOW, 2 * mib);
	says(GW_PFRAME_WINDOW, 2 * mib);
	start(FIRST, SESSION);
	credit(0);
	says_nothing();
}

static void
an_update_goes_out_for_a_quarter(void **state)
{
	(void)state;
	start(mib, mib);
	credit(0);
	flush();
	assert_int_equal(s.w.granted, mib);
	for (unsigned i = 1; i < 20; i++) {
		now += GW_SEC; /* far too slow to grow */
		comes(mib / 4);
		credit(mib / 4 - 1);
		says_nothing();
		now += GW_SEC;
		credit(1);
		says(GW_PFRAME_SESSION_WINDOW, mib + i * mib / 4);
		says(GW_PFRAME_WINDOW, mib + i * mib / 4);
		says_nothing();
	}
	assert_int_equal(s.w.window, mib);
}

static void
who_does_not_read_stops_the_peer(void **state)
{
	(void)state;
	start(64 * mib, 64 * mib);
	assert_true(gw_flow_blocked_there(
	    &f, &s, &(struct gw_flow_there){ FIRST, 0 }, now));
	says_nothing();
	comes(FIRST);
	assert_false(gw_flow_received(&f, &s, FIRST + 1));
	says_nothing();
	/* Its asking changes nothing. */
	for (unsigned i = 0; i < 10; i++) {
		assert_true(gw_flow_blocked_there(
		    &f, &s, &(struct gw_flow_there){ FIRST, FIRST }, now));
		says_nothing();
	}
	/* Nor when there is a reader that is slow. */
	credit(1);
	flush();
	comes(s.w.granted - s.w.received);
	credit(FIRST);
	says_nothing();
	for (unsigned i = 0; i < 10; i++) {
		assert_true(gw_flow_blocked_there(&f, &s,
		    &(struct gw_flow_there){ s.w.granted, s.w.received }, now));
		assert_true(gw_flow_session_blocked_there(&f,
		    &(struct gw_flow_there){ f.w.granted, f.w.received }, now));
		/* What it dealt with the peer may have. */
		assert_int_equal(s.w.window, 16 * mib);
		flush();
		assert_int_equal(s.w.granted, 16 * mib + FIRST + 1);
	}
}

static void
blocked_further_than_granted_is_illegal(void **state)
{
	(void)state;
	start(mib, mib);
	assert_false(gw_flow_blocked_there(
	    &f, &s, &(struct gw_flow_there){ FIRST + 1, 0 }, now));
	assert_false(gw_flow_session_blocked_there(
	    &f, &(struct gw_flow_there){ SESSION + 1, 0 }, now));
	says_nothing();
	credit(0);
	flush();
	gw_flow_end_in(&f, &s);
	for (uint64_t at = mib - 1; at <= mib + 1; at++)
		assert_int_equal(gw_flow_blocked_there(&f, &s,
				     &(struct gw_flow_there){ at, 0 }, now),
		    at <= mib);
	says_nothing();
}

/* ---- updates that are lost, and streams that are over ---- */

static void
an_update_that_is_lost_is_repeated_as_it_stands(void **state)
{
	(void)state;
	start(mib, mib);
	credit(0);
	assert_true(gw_flow_session_next(&f, 10, &frame) == false);
	assert_true(gw_flow_stream_next(&f, &s, 3, 10, &frame));
	assert_int_equal(frame.window.at, mib);
	gw_flow_stream_lost(&f, &s, 9);
	says_nothing();
	comes(mib / 8);
	now += GW_SEC;
	credit(mib / 8);
	says_nothing();
	gw_flow_stream_lost(&f, &s, 10);
	assert_true(gw_flow_due(&f));
	assert_true(gw_flow_stream_next(&f, &s, 3, 11, &frame));
	assert_int_equal(frame.window.at, mib + mib / 8);
	says_nothing();
	/* One after it was told as well: no need. */
	gw_flow_stream_lost(&f, &s, 10);
	says_nothing();

	start(8 * mib, 8 * mib);
	credit(0);
	assert_true(gw_flow_session_next(&f, 20, &frame));
	flush();
	gw_flow_session_lost(&f, 21);
	says_nothing();
	gw_flow_session_lost(&f, 20);
	says(GW_PFRAME_SESSION_WINDOW, 8 * mib);
	says_nothing();
}

static void
a_stream_that_ended_needs_no_window(void **state)
{
	(void)state;
	start(mib, 8 * mib);
	credit(0);
	assert_true(gw_flow_stream_next(&f, &s, 3, 77, &frame));
	flush();
	comes(mib);
	now += GW_SEC;
	credit(mib / 2);
	gw_flow_end_in(&f, &s);
	gw_flow_end_in(&f, &s);
	says_nothing();
	now += GW_SEC;
	credit(mib / 2);
	says_nothing();
	gw_flow_stream_lost(&f, &s, 77);
	says_nothing();
	assert_int_equal(f.w.credited, mib);
}

static void
a_reset_gives_back_what_it_took(void **state)
{
	(void)state;
	start(mib, mib);
	credit(0);
	flush();
	comes(mib / 2);
	credit(1000);
	assert_true(gw_flow_received(&f, &s, mib)); /* its final size */
	now += GW_SEC;
	gw_flow_reset_in(&f, &s, now);
	assert_int_equal(f.w.credited, mib);
	says(GW_PFRAME_SESSION_WINDOW, 2 * mib);
	says_nothing();
	/* What its owner still had. */
	credit(5000);
	gw_flow_reset_in(&f, &s, now);
	assert_int_equal(f.w.credited, mib);
	says_nothing();
}

static void
no_window_passes_the_last_offset(void **state)
{
	(void)state;
	start(mib, mib);
	credit(0);
	flush();
	s.w.received = s.w.credited = s.w.granted = GW_OFFSET_MAX - 10;
	gw_flow_stream_lost(&f, &s, s.w.granted_in);
	says(GW_PFRAME_WINDOW, GW_OFFSET_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_windows_bound_what_is_sent),
		cmocka_unit_test(a_window_that_goes_back_is_old),
		cmocka_unit_test(the_peer_is_told_what_holds_us_up),
		cmocka_unit_test(no_more_is_under_way_than_the_kernel_can_hold),
		cmocka_unit_test(
		    blocked_is_said_again_until_there_is_an_answer),
		cmocka_unit_test(a_stream_without_data_is_not_held_up),
		cmocka_unit_test(a_blocked_that_is_lost_is_said_again),
		cmocka_unit_test(what_passes_a_window_is_refused),
		cmocka_unit_test(the_first_credit_opens_the_window),
		cmocka_unit_test(an_update_goes_out_for_a_quarter),
		cmocka_unit_test(who_does_not_read_stops_the_peer),
		cmocka_unit_test(blocked_further_than_granted_is_illegal),
		cmocka_unit_test(
		    an_update_that_is_lost_is_repeated_as_it_stands),
		cmocka_unit_test(a_stream_that_ended_needs_no_window),
		cmocka_unit_test(a_reset_gives_back_what_it_took),
		cmocka_unit_test(no_window_passes_the_last_offset),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
