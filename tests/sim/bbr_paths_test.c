/*
 * Paths that try BBR: of the appendix of draft-ietf-ccwg-bbr (its cases of one
 * state each are in tests/unit/bbr*_test.c), and of picoquic by their names.
 */
#include "bottleneck.h"
#include "unit/test.h"

#define MB UINT64_C(1000000)
#define START GW_MSEC

static struct bn *b;
static struct bn_flow *f;

static void
start(struct bn_link link, uint64_t bytes)
{
	b = bn_new(&link, 1);
	f = bn_add(
	    b, &(struct bn_flow_options){ .start = START, .bytes = bytes });
	bn_run(b, START);
}

static const struct gw_bbr *
bbr(void)
{
	return &f->r.cc.u.bbr;
}

/* Its estimate of the bandwidth, Mbit/s of frames. */
static double
bandwidth(void)
{
	const uint64_t bw = bbr()->max_bw[0] > bbr()->max_bw[1]
				? bbr()->max_bw[0]
				: bbr()->max_bw[1];

	return (double)bw * 8 / 1e6 * BN_FRAME / BN_DATAGRAM;
}

static void
until(enum gw_bbr_state state, gw_usec within)
{
	const gw_usec end = b->now + within;

	while (bbr()->state != state) {
		assert_true(bn_step(b));
		assert_true(b->now < end);
	}
}

static void
end(void)
{
	bn_free(b);
}

/* ---- draft ---- */

/* Increasing Bandwidth 10x and Ensuring Full Bandwidth is Reached; Decreasing
 * Bandwidth 10x and Ensuring Max Bandwidth Adapts Down. */
static void
bandwidth_up_and_down_tenfold(void **state)
{
	(void)state;
	start(bn_link_of(10, 40, 100), 0);
	bn_run(b, 10 * GW_SEC);
	b->link.rate *= 10;
	b->link.queue *= 10;
	bn_run(b, 14 * GW_SEC);
	assert_true(bn_goodput(b, f, 2 * GW_SEC) > bn_payload(100) * 0.9);
	b->link.rate /= 10;
	b->link.queue /= 10;
	bn_run(b, 24 * GW_SEC);
	assert_true(bandwidth() < 11);
	assert_true(bn_goodput(b, f, 4 * GW_SEC) > bn_payload(10) * 0.9);
	assert_true(bn_queued(b) < 100000);
	end();
}

/* Correctly Managing Sub-Packet BDPs. */
static void
less_than_a_packet_in_flight(void **state)
{
	struct bn_link link = bn_link_of(0.1, 10, 100);
	uint64_t lost;

	(void)state;
	link.queue = 15000;
	start(link, 0);
	bn_run(b, 10 * GW_SEC);
	lost = f->queue_lost;
	assert_true(bn_goodput(b, f, 60 * GW_SEC) > bn_payload(0.1) * 0.9);
	assert_int_equal(f->queue_lost, lost);
	end();
}

/* Handling Token Bucket Policers. */
static void
a_policer_is_learned(void **state)
{
	struct bn_link link = bn_link_of(100, 40, 100);
	uint64_t sent, lost;

	(void)state;
	link.police = 2500000;
	link.police_burst = 55000;
	start(link, 0);
	bn_run(b, 5 * GW_SEC);
	sent = f->sent_packets;
	lost = f->queue_lost;
	assert_true(bn_goodput(b, f, 20 * GW_SEC) > bn_payload(20) * 0.9);
	assert_true((f->queue_lost - lost) * 50 < f->sent_packets - sent);
	end();
}

/* Entering and Exiting PROBE_RTT, beside a flow that keeps a queue. */
static void
probe_rtt_sees_below_the_queue(void **state)
{
	gw_usec queued;

	(void)state;
	b = bn_new(
	    &(struct bn_link){ .rate = 2500000, .rtt = 40000, .queue = 100000 },
	    1);
	f = bn_add(b, &(struct bn_flow_options){ .start = START });
	bn_add(b, &(struct bn_flow_options){ .congestion = GW_CONGESTION_CUBIC,
		      .start = START,
		      .unpaced = true });
	bn_run(b, 2 * GW_SEC);
	until(GW_BBR_PROBE_RTT, 20 * GW_SEC);
	queued = bbr()->recent_rtt;
	assert_true(queued > 45000);
	until(GW_BBR_CRUISE, 2 * GW_SEC);
	assert_true(bbr()->recent_rtt < queued * 9 / 10);
	end();
}

/* ---- picoquic ---- */

static void
within(struct bn_link link, uint64_t bytes, double seconds)
{
	start(link, bytes);
	assert_true(bn_run_flow(b, f, 300 * GW_SEC));
	print_message(
	    "%.2f s, %.2f allowed\n", (double)f->done_at / 1e6, seconds);
	assert_true((double)f->done_at / 1e6 < seconds);
	end();
}

static struct bn_link
jittery(double mbit, double rtt, double queue, gw_usec jitter)
{
	struct bn_link link = bn_link_of(mbit, rtt, queue);

	link.jitter = jitter;
	return link;
}

static void
bbr_jitter(void **state)
{
	(void)state;
	within(jittery(10, 20, 150, 5000), 4 * MB, 3.9);
}

/* The path becomes five times as long while it runs. */
static void
bbr_long(void **state)
{
	(void)state;
	start(bn_link_of(1, 20, 500), 4 * MB / 4);
	bn_run(b, 4 * GW_SEC);
	b->link.rtt *= 5;
	assert_true(bn_run_flow(b, f, 15 * GW_SEC));
	end();
}

static void
bbr_performance(void **state)
{
	(void)state;
	within(jittery(100, 20, 130, 3000), 10 * MB, 1.05);
}

static void
gbps_performance(void **state)
{
	(void)state;
	within(jittery(1000, 8, 150, 2000), 10 * MB, 0.25);
}

/* Upstream 81 s and 90 s, without the overhead of frames, which is 5 s. */
static void
bbr_slow_long(void **state)
{
	(void)state;
	within(jittery(1, 600, 101, 3000), 10 * MB, 95);
}

static void
bbr_one_second(void **state)
{
	(void)state;
	within(jittery(1, 2000, 100, 3000), 10 * MB, 100);
}

/* The way back is a hundred times as narrow. */
static void
bbr_asym100(void **state)
{
	struct bn_link link = jittery(10, 2, 100, 750);

	(void)state;
	link.queue = 62500;
	link.ack_rate = 12500;
	within(link, 10 * MB, 9.5);
}

static void
bbr_asym400(void **state)
{
	struct bn_link link = jittery(40, 2, 100, 750);

	(void)state;
	link.queue = 250000;
	link.ack_rate = 50000;
	within(link, 10 * MB, 2.6);
}

static void
satellite_loss(void **state)
{
	struct bn_link link = bn_link_of(250, 600, 100);

	(void)state;
	link.loss = 10000;
	link.ack_rate = 375000;
	within(link, 100 * MB, 13);
}

static void
satellite_jitter(void **state)
{
	struct bn_link link = jittery(250, 600, 100, 3000);

	(void)state;
	link.ack_rate = 375000;
	within(link, 100 * MB, 12);
}

/* Nothing passes for a while, and then all of it, again and again. */
static void
wifi_bbr(void **state)
{
	(void)state;
	start(bn_link_of(50, 10, 1000), 0);
	for (unsigned i = 0; i < 60; i++) {
		bn_run(b, b->now + 250 * GW_MSEC);
		if (b->free_at < b->now * 1000)
			b->free_at = b->now * 1000;
		b->free_at += (i % 3 == 0 ? 80 : 30) * GW_MSEC * 1000;
	}
	/* Of what is left of the time. */
	assert_true((double)bn_received(f) * 8 / 15e6 >
		    bn_payload(50) * (1 - 0.047 / 0.25) * 0.8);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bandwidth_up_and_down_tenfold),
		cmocka_unit_test(less_than_a_packet_in_flight),
		cmocka_unit_test(a_policer_is_learned),
		cmocka_unit_test(probe_rtt_sees_below_the_queue),
		cmocka_unit_test(bbr_jitter),
		cmocka_unit_test(bbr_long),
		cmocka_unit_test(bbr_performance),
		cmocka_unit_test(gbps_performance),
		cmocka_unit_test(bbr_slow_long),
		cmocka_unit_test(bbr_one_second),
		cmocka_unit_test(bbr_asym100),
		cmocka_unit_test(bbr_asym400),
		cmocka_unit_test(satellite_loss),
		cmocka_unit_test(satellite_jitter),
		cmocka_unit_test(wifi_bbr),
	};

	return cmocka_run_group_tests_name("bbr_paths", tests, NULL, NULL);
}
