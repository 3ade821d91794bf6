/* The machine on a path that does as told.  "Draft" names the case of the
 * appendix of draft-ietf-ccwg-bbr. */
#include "session/udp/bbr.h"

#include "cc_path.h"
#include "test.h"

static struct cc_path p;
static struct gw_bbr *const b = &p.cc.u.bbr;

enum {
	RTT = 40 * CC_MS,
	RATE = 10000000, /* bytes a second */
	BDP = RATE / 25
};

static void
start(void)
{
	cc_path_init(&p, GW_CONGESTION_BBR, RTT);
	p.rate = RATE / 100;
}

/* The rate doubles until the path is full. */
static void
fill(void)
{
	while (p.rate < RATE) {
		p.rate = p.rate * 2 < RATE ? p.rate * 2 : RATE;
		cc_path_round(&p);
		assert_int_equal(b->state, GW_BBR_STARTUP);
	}
}

/* To the first PROBE_CRUISE; the queue that STARTUP built was seen. */
static void
cruise(void)
{
	start();
	fill();
	p.rtt = RTT * 2;
	cc_path_rounds(&p, 3);
	p.rtt = RTT;
	while (b->state != GW_BBR_CRUISE)
		cc_path_round(&p);
}

static void
until(enum gw_bbr_state state)
{
	for (unsigned i = 0; b->state != state; i++) {
		assert_true(i < 100);
		cc_path_round(&p);
	}
}

/* ---- STARTUP ---- */

static void
it_starts_fast_and_with_ten_datagrams(void **state)
{
	(void)state;
	start();
	assert_int_equal(b->state, GW_BBR_STARTUP);
	assert_int_equal(p.cc.window, 10 * CC_DATAGRAM);
	assert_int_equal(p.cc.rate, 10 * CC_DATAGRAM * 25 / 100 * 277);
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

/* Draft: Exiting PROBE_UP on Loss When Application-Limited; Handling Loss
 * During PROBE_UP After inflight_longterm is Set. */
static void
loss_with_a_queue_ends_up_and_bounds_what_is_in_flight(void **state)
{
	(void)state;
	cruise();
	until(GW_BBR_UP);
	p.rtt = RTT * 3 / 2;
	p.in_flight = 3 * BDP / 2;
	cc_path_ack(&p, CC_DATAGRAM);
	assert_int_equal(b->state, GW_BBR_UP);
	cc_path_lose(&p, p.in_flight / 20, true);
	assert_int_equal(b->state, GW_BBR_DOWN);
	assert_true(b->too_high);
	assert_in_range(b->inflight_longterm, BDP * 7 / 10, 3 * BDP / 2);

	/* Application-limited: it ends, and bounds nothing. */
	cruise();
	until(GW_BBR_UP);
	p.rtt = RTT * 3 / 2;
	cc_path_ack(&p, CC_DATAGRAM);
	p.app_limited = true;
	cc_path_lose(&p, BDP / 20, true);
	assert_int_equal(b->state, GW_BBR_DOWN);
	assert_true(b->inflight_longterm == UINT64_MAX);
}

static void
stray_loss_does_not_end_up(void **state)
{
	(void)state;
	cruise();
	until(GW_BBR_UP);
	cc_path_lose(&p, BDP / 20, true);
	assert_int_equal(b->state, GW_BBR_UP);
	/* A tenth always counts. */
	cc_path_lose(&p, BDP / 8, false);
	assert_int_equal(b->state, GW_BBR_DOWN);
}

static void
marks_always_count(void **state)
{
	(void)state;
	cruise();
	until(GW_BBR_UP);
	cc_path_mark(&p, 1, true);
	assert_int_equal(b->state, GW_BBR_DOWN);
	cruise();
	p.rate = RATE / 2;
	cc_path_rounds(&p, 2);
	cc_path_mark(&p, 1, true);
	cc_path_rounds(&p, 2);
	assert_true(b->bw < RATE);
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
	cc_path_ack(&p, CC_DATAGRAM);
	assert_int_equal(b->state, GW_BBR_DOWN);
	assert_true(b->precautionary);
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

/* Draft: Handling Application-Limited Sending During PROBE_REFILL. */
static void
a_program_without_data_does_not_lower_the_bandwidth(void **state)
{
	(void)state;
	cruise();
	until(GW_BBR_REFILL);
	p.app_limited = true;
	p.rate = RATE / 10;
	cc_path_round(&p);
	assert_int_equal(b->state, GW_BBR_UP);
	assert_int_equal(b->bw, RATE);
	/* But more than thought is always believed. */
	p.rate = RATE * 2;
	cc_path_round(&p);
	assert_int_equal(b->bw, RATE * 2);
}

static void
the_bandwidth_of_two_cycles_ago_is_forgotten(void **state)
{
	(void)state;
	cruise();
	p.rate = RATE / 2;
	until(GW_BBR_UP);
	until(GW_BBR_CRUISE);
	assert_int_equal(b->bw, RATE);
	until(GW_BBR_UP);
	until(GW_BBR_CRUISE);
	cc_path_rounds(&p, 2);
	assert_int_equal(b->bw, RATE / 2);
}

/* ---- loss elsewhere ---- */

static void
loss_with_a_queue_follows_what_is_delivered(void **state)
{
	(void)state;
	cruise();
	p.rtt = RTT * 3 / 2;
	p.rate = RATE * 9 / 10;
	cc_path_rounds(&p, 2);
	cc_path_lose(&p, 5 * CC_DATAGRAM, true);
	cc_path_rounds(&p, 2);
	assert_int_equal(b->bw_shortterm, RATE * 9 / 10);
	assert_int_equal(b->bw, RATE * 9 / 10);
	until(GW_BBR_REFILL);
	assert_true(b->bw_shortterm == UINT64_MAX);
}

static void
stray_loss_is_sent_on_top(void **state)
{
	uint64_t before;

	(void)state;
	cruise();
	before = p.cc.rate;
	for (unsigned i = 0; i < 40 && b->state == GW_BBR_CRUISE; i++) {
		cc_path_lose(&p, 20 * CC_DATAGRAM, i == 0);
		cc_path_round(&p);
	}
	assert_true(b->bw_shortterm == UINT64_MAX);
	/* 20 of 420. */
	assert_in_range(p.cc.rate, before * 104 / 100, before * 106 / 100);
}

static void
a_tenth_lost_counts_when_it_goes_on(void **state)
{
	(void)state;
	cruise();
	p.rate = RATE * 8 / 10;
	cc_path_lose(&p, BDP / 5, true);
	cc_path_round(&p);
	assert_true(b->bw_shortterm == UINT64_MAX);
	for (unsigned i = 0; i < 3; i++) {
		cc_path_lose(&p, BDP / 5, false);
		cc_path_round(&p);
	}
	assert_int_equal(b->bw_shortterm, RATE * 8 / 10);
}

/* Where the RTT was never seen to rise, loss is all that there is. */
static void
without_a_queue_to_be_seen_loss_counts_as_in_the_draft(void **state)
{
	(void)state;
	start();
	fill();
	p.in_flight = BDP / 3;
	until(GW_BBR_CRUISE);
	p.in_flight = 0;
	assert_false(b->rtt_rises);
	p.rate = RATE * 9 / 10;
	cc_path_round(&p);
	cc_path_lose(&p, 5 * CC_DATAGRAM, true);
	cc_path_rounds(&p, 2);
	assert_int_equal(b->bw, RATE * 9 / 10);
}

/* Draft: Handling Spurious Fast Recovery. */
static void
a_loss_that_was_none_is_undone(void **state)
{
	const struct gw_cc_ack none = { .now = 0 };

	(void)state;
	cruise();
	until(GW_BBR_UP);
	p.rtt = RTT * 3 / 2;
	p.in_flight = 3 * BDP / 2;
	cc_path_ack(&p, CC_DATAGRAM);
	cc_path_lose(&p, p.in_flight / 20, true);
	assert_int_equal(b->state, GW_BBR_DOWN);
	p.cc.ops->undo(&p.cc, &none);
	assert_int_equal(b->state, GW_BBR_REFILL);
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
	assert_in_range(p.cc.window, before * 98 / 100, before);
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
	(void)state;
	cruise();
	p.rtt = RTT * 3 / 2;
	for (unsigned i = 0; b->state != GW_BBR_PROBE_RTT; i++)
		cc_path_round(&p);
	p.in_flight = CC_DATAGRAM;
	cc_path_ack(&p, CC_DATAGRAM);
	p.now += 5 * GW_SEC;
	p.cc.ops->restart(&p.cc, true, p.delivered, p.now);
	assert_int_equal(b->state, GW_BBR_CRUISE);
}

static void
small_steps_down_do_not_put_probe_rtt_off(void **state)
{
	gw_usec since;

	(void)state;
	cruise();
	since = p.now;
	for (unsigned i = 0; b->state != GW_BBR_PROBE_RTT; i++) {
		assert_true(i < 400);
		p.rtt -= p.rtt > RTT * 97 / 100 ? 10 : 0;
		cc_path_round(&p);
	}
	assert_in_range(p.now - since, 9 * GW_SEC, 11 * GW_SEC);
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

/* ---- volumes ---- */

/* Draft: Correctly Managing Sub-Packet BDPs. */
static void
four_datagrams_are_always_allowed(void **state)
{
	(void)state;
	cc_path_init(&p, GW_CONGESTION_BBR, 10 * CC_MS);
	p.rate = 10000; /* 100 bytes in a round trip */
	p.in_flight = 100;
	for (unsigned i = 0; i < 40; i++) {
		p.now += 100 * CC_MS;
		cc_path_ack(&p, CC_DATAGRAM);
	}
	assert_true(b->full_bw_reached);
	assert_true(p.cc.window >= 4 * CC_DATAGRAM);
	assert_in_range(p.cc.rate, 8000, 13000);
}

/* Draft: Achieving Expected Cruise Bandwidth on a Link With Aggregation. */
static void
acks_in_lumps_widen_the_window(void **state)
{
	uint64_t before;

	(void)state;
	cruise();
	before = p.cc.window;
	for (unsigned i = 0; i < 4; i++) {
		p.now += 2 * RTT;
		cc_path_ack(&p, 2 * BDP);
	}
	assert_true(p.cc.window > before + BDP);
}

static void
jitter_widens_the_window(void **state)
{
	uint64_t before;

	(void)state;
	cruise();
	before = p.cc.window;
	for (unsigned i = 0; i < 200; i++) {
		p.rtt = i % 2 == 0 ? RTT : RTT * 6 / 5;
		p.now += RTT / 8;
		cc_path_ack(&p, BDP / 8);
		if (b->state != GW_BBR_CRUISE)
			break;
	}
	assert_true(p.cc.window > before + BDP / 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts_fast_and_with_ten_datagrams),
		cmocka_unit_test(three_rounds_without_growth_end_startup),
		cmocka_unit_test(a_program_without_data_never_ends_startup),
		cmocka_unit_test(the_rate_never_falls_in_startup),
		cmocka_unit_test(
		    loss_with_a_queue_ends_startup_whatever_the_program_does),
		cmocka_unit_test(stray_loss_does_not_end_startup),
		cmocka_unit_test(drain_ends_when_the_pipe_is_no_more_than_full),
		cmocka_unit_test(drain_ends_after_three_rounds_anyway),
		cmocka_unit_test(down_ends_when_there_is_room),
		cmocka_unit_test(down_goes_on_to_the_next_probe_after_a_while),
		cmocka_unit_test(the_cycle_goes_down_cruise_refill_up),
		cmocka_unit_test(up_ends_when_a_queue_grows),
		cmocka_unit_test(up_ends_after_three_rounds_without_growth),
		cmocka_unit_test(up_goes_on_while_the_rate_grows),
		cmocka_unit_test(
		    loss_with_a_queue_ends_up_and_bounds_what_is_in_flight),
		cmocka_unit_test(stray_loss_does_not_end_up),
		cmocka_unit_test(marks_always_count),
		cmocka_unit_test(
		    a_probe_after_one_that_went_too_high_is_short_and_then_repeated),
		cmocka_unit_test(the_bound_grows_by_doubling_steps),
		cmocka_unit_test(
		    a_program_without_data_does_not_lower_the_bandwidth),
		cmocka_unit_test(the_bandwidth_of_two_cycles_ago_is_forgotten),
		cmocka_unit_test(loss_with_a_queue_follows_what_is_delivered),
		cmocka_unit_test(stray_loss_is_sent_on_top),
		cmocka_unit_test(a_tenth_lost_counts_when_it_goes_on),
		cmocka_unit_test(
		    without_a_queue_to_be_seen_loss_counts_as_in_the_draft),
		cmocka_unit_test(a_loss_that_was_none_is_undone),
		cmocka_unit_test(startup_goes_on_after_a_loss_that_was_none),
		cmocka_unit_test(
		    silence_shuts_the_window_until_something_comes_through),
		cmocka_unit_test(
		    the_lowest_rtt_is_measured_again_every_ten_seconds),
		cmocka_unit_test(startup_goes_on_after_probe_rtt),
		cmocka_unit_test(silence_is_as_good_as_probe_rtt),
		cmocka_unit_test(
		    probe_rtt_ends_with_the_first_packet_after_silence),
		cmocka_unit_test(small_steps_down_do_not_put_probe_rtt_off),
		cmocka_unit_test(an_rtt_that_startup_did_not_raise_is_doubted),
		cmocka_unit_test(four_datagrams_are_always_allowed),
		cmocka_unit_test(acks_in_lumps_widen_the_window),
		cmocka_unit_test(jitter_widens_the_window),
	};

	return cmocka_run_group_tests_name("bbr", tests, NULL, NULL);
}
