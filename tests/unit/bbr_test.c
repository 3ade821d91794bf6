/* STARTUP, DRAIN, and what the interface asks.  "Draft" names the case of the
 * appendix of draft-ietf-ccwg-bbr. */
#include "session/udp/bbr.h"

#include "bbr_fixture.h"
#include "test.h"

/* ---- STARTUP ---- */

static void
it_starts_fast_and_with_some_datagrams(void **state)
{
	(void)state;
	start();
	assert_int_equal(b->state, GW_BBR_STARTUP);
	/* 5 Mbit/s on this path: a little more than the ten of RFC 6928. */
	assert_int_equal(p.cc.window, 25 * CC_DATAGRAM);
	assert_int_equal(p.cc.rate, 25 * CC_DATAGRAM * 25 / 100 * 277);
}

/* Draft: Exiting STARTUP on Bandwidth Plateau. */
static void
three_rounds_without_growth_end_startup(void **state)
{
	(void)state;
	start();
	fill();
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(b->state, GW_BBR_STARTUP);
		assert_int_equal(b->full_bw_count, i);
		cc_path_round(&p);
	}
	assert_true(b->full_bw_reached);
	assert_int_not_equal(b->state, GW_BBR_STARTUP);
	assert_int_equal(b->max_bw[b->cycle & 1], RATE);
}

/* A machine stood still for a second: little comes at first, and it goes on. */
static void
a_silence_is_no_plateau(void **state)
{
	(void)state;
	start();
	p.rate = RATE / 10;
	cc_path_rounds(&p, 3);
	assert_int_equal(b->full_bw_count, 2);
	p.now += GW_SEC;
	p.silence = true;
	p.rate = RATE / 1000;
	cc_path_ack(&p, CC_DATAGRAM);
	p.silence = false;
	for (unsigned part = 1000; part > 10; part /= 2) {
		p.rate = RATE / part;
		cc_path_round(&p);
		assert_int_equal(b->state, GW_BBR_STARTUP);
	}
	assert_int_equal(b->full_bw_count, 0);
	cc_path_rounds(&p, 3);
	assert_int_not_equal(b->state, GW_BBR_STARTUP);
}

static void
a_plateau_is_judged_by_whole_rounds(void **state)
{
	(void)state;
	start();
	/* Lumps: the first ACK of a round tells little. */
	for (unsigned i = 0; i < 6; i++) {
		p.rate = RATE / 1000;
		cc_path_ack(&p, CC_DATAGRAM);
		p.rate = (uint64_t)RATE / 100 << i;
		cc_path_rounds(&p, 1);
		assert_int_equal(b->state, GW_BBR_STARTUP);
	}
	assert_int_equal(b->full_bw_count, 0);
}

/* Half of the path is known, and twice that is in flight. */
static void
double_up(void)
{
	uint64_t before;

	start();
	p.rate = RATE / 4;
	cc_path_rounds(&p, 2);
	before = p.cc.window;
	assert_in_range(before, BDP / 2, BDP * 9 / 16);
	p.rate = RATE / 2;
	cc_path_round(&p);
	assert_int_equal(p.cc.window, before + BDP / 2);
}

static void
the_window_doubles_while_nothing_waits(void **state)
{
	(void)state;
	double_up();
	p.rtt = RTT * 21 / 20;
	cc_path_round(&p);
	assert_int_equal(b->state, GW_BBR_STARTUP);
	assert_in_range(p.cc.window, BDP * 9 / 10, BDP * 97 / 100);

	/* And no more than a few are lost. */
	double_up();
	cc_path_lose(&p, 6 * CC_DATAGRAM, true);
	cc_path_ack(&p, CC_DATAGRAM);
	assert_int_equal(b->state, GW_BBR_STARTUP);
	assert_in_range(p.cc.window, BDP * 9 / 10, BDP * 97 / 100);
}

/* Draft: Never Exiting PROBE_UP (or STARTUP) When Application-Limited. */
static void
a_program_without_data_never_ends_startup(void **state)
{
	(void)state;
	start();
	p.app_limited = true;
	cc_path_rounds(&p, 100);
	assert_int_equal(b->state, GW_BBR_STARTUP);
}

static void
the_rate_never_falls_in_startup(void **state)
{
	uint64_t before;

	(void)state;
	start();
	fill();
	before = p.cc.rate;
	p.rate = RATE / 10;
	cc_path_round(&p);
	assert_int_equal(p.cc.rate, before);
	assert_int_equal(before, RATE / 100 * 277 / 100 * 99);
}

/* Draft: Exiting STARTUP on Loss When Application-Limited. */
static void
loss_with_a_queue_ends_startup_whatever_the_program_does(void **state)
{
	(void)state;
	start();
	fill();
	p.app_limited = true;
	p.recovering = true;
	p.rtt = RTT * 2;
	cc_path_round(&p);
	cc_path_lose(&p, 50 * CC_DATAGRAM, true);
	cc_path_rounds(&p, 2);
	assert_true(b->full_bw_reached);
	assert_int_not_equal(b->state, GW_BBR_STARTUP);
	assert_true(b->inflight_longterm >= BDP);
	assert_true(b->inflight_longterm < 3 * BDP);
}

/* The stated change: loss alone is no congestion. */
static void
stray_loss_does_not_end_startup(void **state)
{
	(void)state;
	start();
	p.recovering = true;
	p.app_limited = true;
	for (unsigned i = 0; i < 20; i++) {
		p.rate += RATE / 100;
		cc_path_lose(&p, p.rate / 25 / 20, i == 0);
		cc_path_round(&p);
		assert_int_equal(b->state, GW_BBR_STARTUP);
	}
}

/* ---- DRAIN ---- */

/* Draft: Exiting DRAIN Based on Inflight. */
static void
drain_ends_when_the_pipe_is_no_more_than_full(void **state)
{
	(void)state;
	start();
	fill();
	p.in_flight = 2 * BDP;
	p.rtt = RTT * 2;
	cc_path_rounds(&p, 3);
	assert_int_equal(b->state, GW_BBR_DRAIN);
	assert_int_equal(b->pacing_gain, 50);
	cc_path_round(&p);
	assert_int_equal(b->state, GW_BBR_DRAIN);
	p.in_flight = BDP;
	cc_path_ack(&p, CC_DATAGRAM);
	assert_int_not_equal(b->state, GW_BBR_DRAIN);
}

/* Draft: Exiting DRAIN Based on Time. */
static void
drain_ends_after_three_rounds_anyway(void **state)
{
	unsigned rounds = 0;

	(void)state;
	start();
	fill();
	p.in_flight = 2 * BDP;
	p.rtt = RTT * 2;
	cc_path_rounds(&p, 3);
	for (; b->state == GW_BBR_DRAIN; rounds++)
		cc_path_round(&p);
	assert_in_range(rounds, 3, 5);
}

/* ---- what was no loss ---- */

/* Draft: Handling Spurious Fast Recovery. */
static void
a_loss_that_was_none_is_undone(void **state)
{
	const struct gw_cc_ack none = { .now = 0 };
	uint64_t before;

	(void)state;
	cruise();
	until(GW_BBR_UP);
	p.rtt = RTT * 3 / 2;
	p.in_flight = 3 * BDP / 2;
	cc_path_ack(&p, CC_DATAGRAM);
	before = p.cc.window;
	cc_path_lose(&p, p.in_flight / 20, true);
	assert_int_equal(b->state, GW_BBR_DOWN);
	cc_path_ack(&p, CC_DATAGRAM);
	assert_true(p.cc.window < before);
	p.cc.ops->undo(&p.cc, &none);
	assert_int_equal(b->state, GW_BBR_REFILL);
	assert_int_equal(p.cc.window, before);
	assert_true(b->inflight_longterm == UINT64_MAX);

	/* In CRUISE only the bounds go. */
	cruise();
	p.rtt = RTT * 3 / 2;
	p.rate = RATE / 2;
	cc_path_rounds(&p, 2);
	cc_path_lose(&p, 20 * CC_DATAGRAM, true);
	cc_path_rounds(&p, 2);
	assert_true(b->bw < RATE);
	p.cc.ops->undo(&p.cc, &none);
	cc_path_ack(&p, CC_DATAGRAM);
	assert_int_equal(b->state, GW_BBR_CRUISE);
	assert_int_equal(b->bw, RATE);
}

/* Draft: Handling Spurious RTO Recovery. */
static void
startup_goes_on_after_a_loss_that_was_none(void **state)
{
	const struct gw_cc_ack none = { .now = 0 };

	(void)state;
	start();
	fill();
	p.recovering = true;
	p.rtt = RTT * 2;
	cc_path_round(&p);
	cc_path_lose(&p, 50 * CC_DATAGRAM, true);
	cc_path_rounds(&p, 2);
	assert_int_not_equal(b->state, GW_BBR_STARTUP);
	p.cc.ops->undo(&p.cc, &none);
	assert_int_equal(b->state, GW_BBR_STARTUP);
	assert_false(b->full_bw_reached);
}

static void
silence_shuts_the_window_until_something_comes_through(void **state)
{
	uint64_t before;

	(void)state;
	cruise();
	before = p.cc.window;
	p.cc.ops->persistent(&p.cc, p.now);
	assert_int_equal(p.cc.window, 4 * CC_DATAGRAM);
	p.recovering = true;
	p.in_flight = 2 * CC_DATAGRAM;
	cc_path_ack(&p, CC_DATAGRAM);
	assert_int_equal(p.cc.window, 5 * CC_DATAGRAM);
	p.recovering = false;
	cc_path_ack(&p, CC_DATAGRAM);
	assert_in_range(p.cc.window, before * 98 / 100, before * 101 / 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts_fast_and_with_some_datagrams),
		cmocka_unit_test(three_rounds_without_growth_end_startup),
		cmocka_unit_test(a_silence_is_no_plateau),
		cmocka_unit_test(a_plateau_is_judged_by_whole_rounds),
		cmocka_unit_test(the_window_doubles_while_nothing_waits),
		cmocka_unit_test(a_program_without_data_never_ends_startup),
		cmocka_unit_test(the_rate_never_falls_in_startup),
		cmocka_unit_test(
		    loss_with_a_queue_ends_startup_whatever_the_program_does),
		cmocka_unit_test(stray_loss_does_not_end_startup),
		cmocka_unit_test(drain_ends_when_the_pipe_is_no_more_than_full),
		cmocka_unit_test(drain_ends_after_three_rounds_anyway),
		cmocka_unit_test(a_loss_that_was_none_is_undone),
		cmocka_unit_test(startup_goes_on_after_a_loss_that_was_none),
		cmocka_unit_test(
		    silence_shuts_the_window_until_something_comes_through),
	};

	return cmocka_run_group_tests_name("bbr", tests, NULL, NULL);
}
