/* Probing for bandwidth and for the round trip.  "Draft" names the case of
 * the appendix of draft-ietf-ccwg-bbr. */
#include "bbr_fixture.h"
#include "test.h"

/* ---- PROBE_BW ---- */

/* Draft: Exiting PROBE_DOWN on Inflight. */
static void
down_ends_when_there_is_room(void **state)
{
	(void)state;
	cruise();
	until(GW_BBR_UP);
	p.in_flight = 3 * BDP / 2;
	p.rtt = RTT * 3 / 2;
	until(GW_BBR_DOWN);
	assert_int_equal(b->pacing_gain, 90);
	cc_path_round(&p);
	assert_int_equal(b->state, GW_BBR_DOWN);
	p.in_flight = BDP;
	cc_path_ack(&p, CC_DATAGRAM);
	assert_int_equal(b->state, GW_BBR_CRUISE);

	/* And some for others, below the bound. */
	cruise();
	until(GW_BBR_UP);
	p.in_flight = 3 * BDP / 2;
	p.rtt = RTT * 3 / 2;
	until(GW_BBR_DOWN);
	b->inflight_longterm = BDP;
	p.in_flight = BDP * 9 / 10;
	cc_path_ack(&p, CC_DATAGRAM);
	assert_int_equal(b->state, GW_BBR_DOWN);
	p.in_flight = BDP * 8 / 10;
	cc_path_ack(&p, CC_DATAGRAM);
	assert_int_equal(b->state, GW_BBR_CRUISE);
	assert_in_range(p.cc.window, BDP * 84 / 100, BDP * 85 / 100);
}

static void
through_a_queue_that_is_there_up_may_send_more(void **state)
{
	(void)state;
	cruise();
	until(GW_BBR_UP);
	assert_int_equal(b->window_gain, 150);
	cruise();
	p.rtt = RTT * 7 / 5;
	until(GW_BBR_UP);
	assert_int_equal(b->window_gain, 175);
	/* It is not of this probe. */
	cc_path_rounds(&p, 2);
	assert_int_equal(b->state, GW_BBR_UP);
	p.rtt = RTT * 8 / 5;
	cc_path_rounds(&p, 1);
	assert_int_equal(b->state, GW_BBR_DOWN);
	cruise();
	p.rtt = RTT * 3;
	until(GW_BBR_UP);
	assert_int_equal(b->window_gain, 200);
}

/* Draft: Exiting PROBE_DOWN After Max Time. */
static void
down_goes_on_to_the_next_probe_after_a_while(void **state)
{
	(void)state;
	cruise();
	until(GW_BBR_UP);
	p.in_flight = 3 * BDP / 2;
	p.rtt = RTT * 3 / 2;
	until(GW_BBR_DOWN);
	for (unsigned i = 0; b->state == GW_BBR_DOWN; i++) {
		assert_true(i < 80);
		cc_path_round(&p);
	}
	assert_int_equal(b->state, GW_BBR_REFILL);
}

static void
the_cycle_goes_down_cruise_refill_up(void **state)
{
	gw_usec since;

	(void)state;
	cruise();
	for (unsigned i = 0; i < 2; i++) {
		until(GW_BBR_REFILL);
		assert_int_equal(b->pacing_gain, 100);
		cc_path_round(&p);
		assert_int_equal(b->state, GW_BBR_UP);
		assert_int_equal(b->pacing_gain, 125);
		p.rtt = RTT * 3 / 2;
		p.in_flight = 3 * BDP / 2;
		until(GW_BBR_DOWN);
		since = p.now;
		p.rtt = RTT;
		p.in_flight = 0;
		cc_path_round(&p);
		assert_int_equal(b->state, GW_BBR_CRUISE);
		until(GW_BBR_REFILL);
		assert_in_range(p.now - since, 2 * GW_SEC, 3 * GW_SEC);
	}
}

/* A stated change: a queue is seen before the plateau is. */
static void
up_ends_when_a_queue_grows(void **state)
{
	unsigned rounds = 0;

	(void)state;
	cruise();
	until(GW_BBR_UP);
	p.rtt = RTT * 13 / 10;
	for (; b->state == GW_BBR_UP; rounds++)
		cc_path_round(&p);
	assert_in_range(rounds, 1, 2);
	assert_int_not_equal(b->too_high, true);
}

/* Draft: Exiting PROBE_UP on Bandwidth Plateau. */
static void
up_ends_after_three_rounds_without_growth(void **state)
{
	unsigned rounds = 0;

	(void)state;
	cruise();
	until(GW_BBR_UP);
	for (; b->state == GW_BBR_UP; rounds++)
		cc_path_round(&p);
	assert_in_range(rounds, 3, 4);
	assert_true(b->full_bw_now);
}

static void
up_goes_on_while_the_rate_grows(void **state)
{
	(void)state;
	cruise();
	until(GW_BBR_UP);
	for (unsigned i = 0; i < 10; i++) {
		p.rate = p.rate * 13 / 10;
		cc_path_round(&p);
		assert_int_equal(b->state, GW_BBR_UP);
	}
	assert_int_equal(b->bw, p.rate);
}

static void
a_probe_after_one_that_went_too_high_is_short_and_then_repeated(void **state)
{
	gw_usec since;

	(void)state;
	cruise();
	until(GW_BBR_UP);
	p.rtt = RTT * 3 / 2;
	p.in_flight = 3 * BDP / 2;
	cc_path_ack(&p, CC_DATAGRAM);
	cc_path_lose(&p, p.in_flight / 20, true);
	p.rtt = RTT;
	p.in_flight = 0;
	until(GW_BBR_UP);
	/* It touches what was too much, and goes down at once. */
	p.in_flight = b->inflight_longterm;
	b->rtt_rises = true;
	cc_path_ack(&p, CC_DATAGRAM);
	assert_int_equal(b->state, GW_BBR_DOWN);
	assert_true(b->precautionary);
	/* Too short to tell whether the RTT would have risen. */
	assert_true(b->rtt_rises);
	/* All went well: again, without waiting. */
	since = p.now;
	p.in_flight = 0;
	until(GW_BBR_REFILL);
	assert_true(p.now - since <= 2 * RTT);
}

/* Draft: Increasing Bandwidth 10x: the step doubles each round. */
static void
the_bound_grows_by_doubling_steps(void **state)
{
	uint64_t before, step, last = 0;

	(void)state;
	cruise();
	until(GW_BBR_REFILL);
	p.cc.window = b->inflight_longterm = BDP;
	b->too_high = false;
	until(GW_BBR_UP);
	for (unsigned i = 0; i < 6; i++) {
		/* The rate grows too, or the probe would end. */
		p.rate = p.rate * 13 / 10;
		p.in_flight = 1;
		before = b->inflight_longterm;
		cc_path_round(&p);
		step = b->inflight_longterm - before;
		assert_true(i < 2 || step > last);
		last = step;
	}
	assert_true(last >= 16 * CC_DATAGRAM);
}

/* ---- PROBE_RTT ---- */

/* Draft: Entering and Exiting PROBE_RTT. */
static void
the_lowest_rtt_is_measured_again_every_ten_seconds(void **state)
{
	gw_usec since;

	(void)state;
	cruise();
	p.rtt = RTT * 3 / 2; /* somebody's queue stands */
	p.in_flight = 3 * BDP / 2;
	for (unsigned i = 0; b->state != GW_BBR_PROBE_RTT; i++) {
		assert_true(i < 300);
		cc_path_round(&p);
	}
	assert_int_equal(b->window_gain, 50);
	assert_true(p.cc.holding);
	/* Of the old RTT, not of the one that came in its place. */
	assert_in_range(b->probe_rtt_window, BDP * 49 / 100, BDP * 51 / 100);
	assert_int_equal(p.cc.window, b->probe_rtt_window);
	cc_path_rounds(&p, 3);
	assert_int_equal(b->state, GW_BBR_PROBE_RTT);
	p.in_flight = BDP / 3;
	p.rtt = RTT;
	since = p.now;
	while (b->state == GW_BBR_PROBE_RTT) {
		assert_true(p.cc.window <= BDP * 51 / 100);
		cc_path_round(&p);
	}
	assert_in_range(p.now - since, 200 * CC_MS, 200 * CC_MS + 3 * RTT);
	assert_int_equal(b->state, GW_BBR_CRUISE);
	assert_int_equal(b->min_rtt, RTT);
	assert_false(p.cc.holding);
	assert_true(p.cc.window > BDP);
}

/* Draft: Entering and Exiting PROBE_RTT During STARTUP. */
static void
startup_goes_on_after_probe_rtt(void **state)
{
	(void)state;
	start();
	p.app_limited = true;
	for (unsigned i = 0; b->state != GW_BBR_PROBE_RTT; i++) {
		assert_true(i < 300);
		cc_path_round(&p);
	}
	p.in_flight = CC_DATAGRAM;
	until(GW_BBR_STARTUP);
}

/* Draft: Skipping PROBE_RTT Due to Application-Limited Sending. */
static void
silence_is_as_good_as_probe_rtt(void **state)
{
	(void)state;
	cruise();
	p.now += 15 * GW_SEC;
	p.cc.ops->restart(&p.cc, true, p.delivered, p.now);
	assert_true(b->idle_restart);
	p.now += RTT;
	cc_path_ack(&p, CC_DATAGRAM);
	assert_int_not_equal(b->state, GW_BBR_PROBE_RTT);
	cc_path_rounds(&p, 20);
	assert_int_not_equal(b->state, GW_BBR_PROBE_RTT);
}

/* quiche: ProbeRttAfterQuiescenceImmediatelyExits. */
static void
probe_rtt_ends_with_the_first_packet_after_silence(void **state)
{
	uint64_t before = 0;

	(void)state;
	cruise();
	p.rtt = RTT * 3 / 2;
	while (b->state != GW_BBR_PROBE_RTT) {
		before = p.cc.window;
		cc_path_round(&p);
	}
	p.in_flight = CC_DATAGRAM;
	cc_path_ack(&p, CC_DATAGRAM);
	assert_true(p.cc.window < before / 2);
	p.now += 5 * GW_SEC;
	p.cc.ops->restart(&p.cc, true, p.delivered, p.now);
	assert_int_equal(b->state, GW_BBR_CRUISE);
	assert_true(p.cc.window >= before);
}

static void
with_a_queue_probe_rtt_comes_every_five_seconds(void **state)
{
	gw_usec since;

	(void)state;
	cruise();
	until(GW_BBR_PROBE_RTT);
	p.rtt = RTT * 6 / 5;
	p.in_flight = CC_DATAGRAM;
	until(GW_BBR_CRUISE);
	p.in_flight = BDP;
	since = p.now;
	until(GW_BBR_PROBE_RTT);
	assert_in_range(p.now - since, 4 * GW_SEC, 6 * GW_SEC);
	/* And what it measures counts after ten. */
	assert_int_equal(b->recent_rtt, RTT * 6 / 5);
	assert_int_equal(b->min_rtt, RTT);
	p.in_flight = CC_DATAGRAM;
	until(GW_BBR_CRUISE);
	p.in_flight = BDP;
	cc_path_rounds(&p, (unsigned)(5 * GW_SEC / p.rtt));
	assert_int_equal(b->min_rtt, RTT * 6 / 5);
}

static void
who_sees_another_measure_waits_from_then_on(void **state)
{
	gw_usec since;

	(void)state;
	cruise();
	p.rtt = RTT * 6 / 5;
	until(GW_BBR_PROBE_RTT);
	p.in_flight = CC_DATAGRAM;
	until(GW_BBR_CRUISE);
	p.in_flight = BDP;
	cc_path_rounds(&p, (unsigned)(3 * GW_SEC / p.rtt));
	p.rtt = RTT * 11 / 10;
	cc_path_round(&p);
	b->min_rtt_stamp = since = p.now;
	b->min_rtt = RTT;
	p.rtt = RTT * 6 / 5;
	until(GW_BBR_PROBE_RTT);
	assert_in_range(p.now - since, 4 * GW_SEC, 6 * GW_SEC);
}

static void
an_rtt_that_startup_did_not_raise_is_doubted(void **state)
{
	(void)state;
	start();
	fill();
	cc_path_rounds(&p, 4);
	assert_int_equal(b->state, GW_BBR_PROBE_RTT);
}

/* ---- stated change 7 ---- */

/* The path changes a moment before it is measured again. */
static void
change(uint64_t rate, gw_usec rtt, bool app_limited)
{
	cruise();
	b->recent_stamp = b->min_rtt_stamp = p.now - 10 * GW_SEC;
	p.rate = rate;
	p.rtt = rtt;
	p.in_flight = BDP;
	p.app_limited = app_limited;
	cc_path_round(&p);
	assert_int_equal(b->state, GW_BBR_PROBE_RTT);
}

static void
what_comes_through_a_queue_in_probe_rtt_is_the_bandwidth(void **state)
{
	(void)state;
	change(RATE / 100, 100 * RTT, false);
	assert_int_equal(b->bw, RATE);
	while (b->state == GW_BBR_PROBE_RTT) {
		p.in_flight = p.cc.window;
		p.rtt = gw_rate_time(p.rate, p.in_flight);
		cc_path_round(&p);
	}
	assert_int_equal(b->probe_rtt_window, 4 * CC_DATAGRAM);
	assert_int_equal(b->bw, RATE / 100);
	assert_int_equal(b->min_rtt, RTT);
}

static void
a_program_that_sends_little_proves_nothing_then(void **state)
{
	(void)state;
	change(RATE / 100, 100 * RTT, true);
	while (b->state == GW_BBR_PROBE_RTT) {
		p.in_flight = p.cc.window;
		p.rtt = gw_rate_time(p.rate, p.in_flight);
		cc_path_round(&p);
	}
	assert_int_equal(b->bw, RATE);
}

static void
a_longer_path_keeps_its_bandwidth(void **state)
{
	gw_usec since;

	(void)state;
	change(RATE / 3, 3 * RTT, false);
	since = p.now;
	while (b->state == GW_BBR_PROBE_RTT) {
		p.in_flight = p.cc.window;
		cc_path_round(&p);
	}
	assert_int_equal(b->bw, RATE);
	assert_int_equal(b->min_rtt, 3 * RTT);
	/* Twice, and not until nothing is left. */
	assert_in_range(p.now - since, 400 * CC_MS, 1200 * CC_MS);
	assert_true(b->probe_rtt_window > 4 * CC_DATAGRAM);
}

static void
paths_of_seconds_are_measured_every_twenty_round_trips(void **state)
{
	gw_usec since;

	(void)state;
	cruise();
	p.rtt = b->recent_rtt = b->min_rtt = GW_SEC;
	b->recent_stamp = b->min_rtt_stamp = since = p.now;
	until(GW_BBR_PROBE_RTT);
	assert_in_range(p.now - since, 20 * GW_SEC, 21 * GW_SEC);
}

static void
a_probe_waits_for_what_the_last_one_tells(void **state)
{
	unsigned cycle;

	(void)state;
	cruise();
	until(GW_BBR_UP);
	p.rtt = b->recent_rtt = b->min_rtt = 16 * GW_SEC;
	cycle = b->cycle;
	until(GW_BBR_CRUISE);
	until(GW_BBR_REFILL);
	assert_int_equal(b->cycle, cycle + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(down_ends_when_there_is_room),
		cmocka_unit_test(
		    through_a_queue_that_is_there_up_may_send_more),
		cmocka_unit_test(down_goes_on_to_the_next_probe_after_a_while),
		cmocka_unit_test(the_cycle_goes_down_cruise_refill_up),
		cmocka_unit_test(up_ends_when_a_queue_grows),
		cmocka_unit_test(up_ends_after_three_rounds_without_growth),
		cmocka_unit_test(up_goes_on_while_the_rate_grows),
		cmocka_unit_test(
		    a_probe_after_one_that_went_too_high_is_short_and_then_repeated),
		cmocka_unit_test(the_bound_grows_by_doubling_steps),
		cmocka_unit_test(
		    the_lowest_rtt_is_measured_again_every_ten_seconds),
		cmocka_unit_test(startup_goes_on_after_probe_rtt),
		cmocka_unit_test(silence_is_as_good_as_probe_rtt),
		cmocka_unit_test(
		    probe_rtt_ends_with_the_first_packet_after_silence),
		cmocka_unit_test(
		    with_a_queue_probe_rtt_comes_every_five_seconds),
		cmocka_unit_test(who_sees_another_measure_waits_from_then_on),
		cmocka_unit_test(an_rtt_that_startup_did_not_raise_is_doubted),
		cmocka_unit_test(
		    what_comes_through_a_queue_in_probe_rtt_is_the_bandwidth),
		cmocka_unit_test(
		    a_program_that_sends_little_proves_nothing_then),
		cmocka_unit_test(a_longer_path_keeps_its_bandwidth),
		cmocka_unit_test(
		    paths_of_seconds_are_measured_every_twenty_round_trips),
		cmocka_unit_test(a_probe_waits_for_what_the_last_one_tells),
	};

	return cmocka_run_group_tests_name("bbr_states", tests, NULL, NULL);
}
