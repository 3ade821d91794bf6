/* What losses, rates and ACKs say of the path.  "Draft" names the case of the
 * appendix of draft-ietf-ccwg-bbr. */
#include "session/udp/bbr_private.h"

#include "bbr_fixture.h"
#include "test.h"

/* ---- bandwidth ---- */

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
cycles_without_data_let_no_bandwidth_go(void **state)
{
	(void)state;
	cruise();
	p.app_limited = true;
	p.rate = RATE / 10;
	for (unsigned i = 0; i < 4; i++) {
		until(GW_BBR_UP);
		p.rtt = RTT * 3 / 2; /* somebody's queue ends it */
		until(GW_BBR_CRUISE);
		p.rtt = RTT;
	}
	assert_int_equal(b->bw, RATE);
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

/* ---- loss ---- */

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
a_program_that_sends_in_bursts_ends_its_probe_by_any_loss(void **state)
{
	(void)state;
	cruise();
	until(GW_BBR_UP);
	b->saturated = false;
	p.app_limited = true;
	cc_path_lose(&p, BDP / 60, true);
	assert_int_equal(b->state, GW_BBR_UP);
	cc_path_lose(&p, BDP / 40, false);
	assert_int_equal(b->state, GW_BBR_DOWN);
	assert_true(b->inflight_longterm == UINT64_MAX);
	assert_false(b->saturated);
}

static void
what_a_probe_loses_is_not_sent_on_top(void **state)
{
	(void)state;
	cruise();
	until(GW_BBR_UP);
	while (b->state == GW_BBR_UP) {
		cc_path_lose(&p, BDP / 40, false);
		cc_path_round(&p);
	}
	cc_path_rounds(&p, 2);
	assert_int_equal(b->stray, 0);
}

static void
twice_the_usual_loss_is_not_yet_congestion(void **state)
{
	(void)state;
	cruise();
	until(GW_BBR_UP);
	b->stray = 3 * 65536 / 100;
	p.rtt = RTT * 3 / 2;
	cc_path_ack(&p, CC_DATAGRAM);
	cc_path_lose(&p, gw_rate_bytes(RATE, p.rtt) * 5 / 100, true);
	assert_int_equal(b->state, GW_BBR_UP);
	cc_path_lose(&p, gw_rate_bytes(RATE, p.rtt) * 7 / 100, true);
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

	/* But by three tenths at once, at most. */
	cruise();
	p.rtt = RTT * 3 / 2;
	p.rate = RATE / 3;
	cc_path_rounds(&p, 2);
	cc_path_lose(&p, 10 * CC_DATAGRAM, true);
	cc_path_rounds(&p, 2);
	assert_int_equal(b->bw_shortterm, RATE * 7 / 10);
}

static void
standing(void)
{
	cruise();
	p.rtt = RTT * 3 / 2;
	p.rate = RATE * 8 / 10;
	p.in_flight = 3 * BDP / 2;
}

/* Others like it are there: its part is what comes through. */
static void
a_queue_that_nobody_pushes_is_let_go(void **state)
{
	uint64_t window;

	(void)state;
	standing();
	window = gw_bbr_max_inflight(&p.cc);
	cc_path_rounds(&p, 1);
	assert_int_equal(b->bw, RATE);
	cc_path_rounds(&p, 5);
	assert_int_equal(b->bw, RATE * 8 / 10);
	assert_true(gw_bbr_max_inflight(&p.cc) < window * 85 / 100);
	until(GW_BBR_REFILL);
	assert_int_equal(b->bw, RATE);

	/* By a tenth a round at most. */
	standing();
	p.rate = RATE / 4;
	cc_path_rounds(&p, 3);
	assert_in_range(b->bw, RATE * 72 / 100, RATE * 90 / 100);
}

static void
where_somebody_pushes_it_holds_on(void **state)
{
	(void)state;
	standing();
	b->pushed = p.now - 10 * GW_SEC;
	cc_path_rounds(&p, 4);
	assert_int_equal(b->bw, RATE);
	/* A single loss through a queue shows it. */
	assert_true(p.now - b->pushed > 9 * GW_SEC);
	cc_path_lose(&p, CC_DATAGRAM, true);
	cc_path_rounds(&p, 1);
	assert_true(p.now - b->pushed < GW_SEC);
	/* It is forgotten. */
	standing();
	b->pushed = p.now - 12 * GW_SEC;
	cc_path_rounds(&p, 5);
	assert_int_equal(b->bw, RATE * 8 / 10);
}

/* As a program: it does not send what it might. */
static void
a_program_without_data_says_nothing_of_its_part(void **state)
{
	(void)state;
	standing();
	p.app_limited = true;
	cc_path_rounds(&p, 4);
	assert_int_equal(b->bw, RATE);
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
		cmocka_unit_test(
		    a_program_without_data_does_not_lower_the_bandwidth),
		cmocka_unit_test(cycles_without_data_let_no_bandwidth_go),
		cmocka_unit_test(the_bandwidth_of_two_cycles_ago_is_forgotten),
		cmocka_unit_test(
		    loss_with_a_queue_ends_up_and_bounds_what_is_in_flight),
		cmocka_unit_test(stray_loss_does_not_end_up),
		cmocka_unit_test(
		    a_program_that_sends_in_bursts_ends_its_probe_by_any_loss),
		cmocka_unit_test(what_a_probe_loses_is_not_sent_on_top),
		cmocka_unit_test(twice_the_usual_loss_is_not_yet_congestion),
		cmocka_unit_test(marks_always_count),
		cmocka_unit_test(loss_with_a_queue_follows_what_is_delivered),
		cmocka_unit_test(a_queue_that_nobody_pushes_is_let_go),
		cmocka_unit_test(where_somebody_pushes_it_holds_on),
		cmocka_unit_test(
		    a_program_without_data_says_nothing_of_its_part),
		cmocka_unit_test(stray_loss_is_sent_on_top),
		cmocka_unit_test(a_tenth_lost_counts_when_it_goes_on),
		cmocka_unit_test(
		    without_a_queue_to_be_seen_loss_counts_as_in_the_draft),
		cmocka_unit_test(four_datagrams_are_always_allowed),
		cmocka_unit_test(acks_in_lumps_widen_the_window),
		cmocka_unit_test(jitter_widens_the_window),
	};

	return cmocka_run_group_tests_name("bbr_model", tests, NULL, NULL);
}
