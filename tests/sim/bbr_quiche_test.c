/*
 * BBR on the paths of quiche (bbr2_simulator_test), by their names: 4 Mbit/s,
 * 64 ms, a queue of two BDP where nothing else is said.
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

static void
quiche(double queue, uint64_t bytes)
{
	start(bn_link_of(4, 64, queue), bytes);
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
check_bandwidth(double mbit, double part)
{
	assert_true(bandwidth() > mbit * (1 - part));
	assert_true(bandwidth() < mbit * (1 + part));
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

static double
lost_part(void)
{
	return (double)(f->link_lost + f->queue_lost) / (double)f->sent_packets;
}

static void
end(void)
{
	bn_free(b);
}

static void
NormalStartup(void **state)
{
	(void)state;
	quiche(200, 12 * MB);
	until(GW_BBR_DRAIN, 5 * GW_SEC);
	assert_int_equal(bbr()->full_bw_count, 3);
	assert_int_equal(f->queue_lost, 0);
	check_bandwidth(4, 0.02);
	end();
}

static void
SimpleTransfer(void **state)
{
	(void)state;
	quiche(200, 12 * MB);
	assert_true(bn_run_flow(b, f, 30 * GW_SEC));
	assert_int_equal(f->queue_lost, 0);
	assert_true(f->r.rtt.smoothed < 2 * 64 * GW_MSEC);
	end();
}

/* A hundredth comes late: what was called lost and was not costs nothing. */
static void
SpuriousLossEvent(void **state)
{
	(void)state;
	quiche(200, 12 * MB);
	bn_run(b, 5 * GW_SEC);
	b->link.reorder = 10000;
	b->link.late = 30 * GW_MSEC;
	bn_run(b, 6 * GW_SEC);
	assert_true(gw_recovery_stats(&f->r).spurious.packets > 0);
	assert_true(bn_run_flow(b, f, 30 * GW_SEC));
	check_bandwidth(4, 0.1);
	end();
}

static void
SimpleTransferSmallBuffer(void **state)
{
	(void)state;
	quiche(50, 12 * MB);
	assert_true(bn_run_flow(b, f, 30 * GW_SEC));
	check_bandwidth(4, 0.02);
	end();
}

static void
SimpleTransfer2RTTAggregationBytes(void **state)
{
	struct bn_link link = bn_link_of(4, 64, 400);

	(void)state;
	link.lump = 2 * 64 * GW_MSEC;
	start(link, 12 * MB);
	assert_true(bn_run_flow(b, f, 35 * GW_SEC));
	assert_true(bandwidth() > 4 * 0.97);
	assert_true(bandwidth() < 4 * 1.5);
	assert_true(lost_part() < 0.05);
	end();
}

static void
SimpleTransferAckDecimation(void **state)
{
	(void)state;
	start(bn_link_of(40, 64, 200), 40 * MB);
	assert_true(bn_run_flow(b, f, 35 * GW_SEC));
	assert_true(f->acks * 10 < f->sent_packets);
	check_bandwidth(40, 0.1);
	assert_true(lost_part() < 0.001);
	end();
}

static void
BandwidthDecrease(void **state)
{
	(void)state;
	start(bn_link_of(10, 64, 200), 0);
	bn_run(b, 10 * GW_SEC);
	check_bandwidth(10, 0.1);
	b->link.rate /= 100;
	/* A queue of 13 s, were it full. */
	bn_run(b, 30 * GW_SEC);
	check_bandwidth(0.1, 0.3);
	assert_true(bn_goodput(b, f, 60 * GW_SEC) > bn_payload(0.1) * 0.85);
	check_bandwidth(0.1, 0.05);
	assert_true(bn_queued(b) < 20000);
	assert_int_equal(f->queue_lost, 0);
	end();
}

static void
BandwidthIncrease(void **state)
{
	struct bn_link link = bn_link_of(10, 64, 200);

	(void)state;
	link.rate /= 100;
	start(link, 0);
	bn_run(b, 15 * GW_SEC);
	check_bandwidth(0.1, 0.2);
	b->link.rate *= 100;
	bn_run(b, 40 * GW_SEC);
	assert_true(bn_goodput(b, f, 10 * GW_SEC) > bn_payload(10) * 0.9);
	end();
}

static void
PacketLossOnSmallBufferStartup(void **state)
{
	(void)state;
	quiche(50, 1 * MB);
	assert_true(bn_run_flow(b, f, 15 * GW_SEC));
	assert_true(lost_part() < 0.2);
	end();
}

/* A little now and then does not make it think that the path is slow. */
static void
ApplicationLimitedBursts(void **state)
{
	(void)state;
	quiche(200, 1 * MB);
	assert_true(bn_run_flow(b, f, 15 * GW_SEC));
	check_bandwidth(4, 0.02);
	for (unsigned i = 0; i < 20; i++) {
		bn_write(b, f, 512);
		bn_run(b, b->now + 3 * GW_SEC);
	}
	check_bandwidth(4, 0.02);
	assert_true(f->done);
	end();
}

static void
ApplicationLimitedBurstsWithoutPrior(void **state)
{
	(void)state;
	quiche(200, 512);
	for (unsigned i = 0; i < 40; i++) {
		bn_run(b, b->now + 3 * GW_SEC);
		bn_write(b, f, 512);
	}
	assert_false(bbr()->full_bw_reached);
	bn_write(b, f, 1 * MB);
	assert_true(bn_run_flow(b, f, b->now + 15 * GW_SEC));
	check_bandwidth(4, 0.02);
	end();
}

static void
Drain(void **state)
{
	const double bdp = 4 * 125000 * 0.064;

	(void)state;
	quiche(200, 0);
	until(GW_BBR_DRAIN, 10 * GW_SEC);
	assert_true((double)bn_queued(b) > 0.7 * bdp);
	until(GW_BBR_CRUISE, 10 * GW_SEC);
	assert_true((double)bn_queued(b) < 0.2 * bdp);
	until(GW_BBR_REFILL, 10 * GW_SEC);
	assert_true(f->r.rtt.smoothed < 72 * GW_MSEC);
	end();
}

/* Without data it goes on probing; with data it soon has enough of it. */
static void
InFlightAwareGainCycling(void **state)
{
	(void)state;
	start(bn_link_of(4, 64, 200), 0);
	until(GW_BBR_REFILL, 10 * GW_SEC);
	bn_free(b);

	b = bn_new(
	    &(struct bn_link){
		.rate = 500000, .rtt = 64 * GW_MSEC, .queue = 64000 },
	    1);
	f = bn_add(
	    b, &(struct bn_flow_options){ .start = START, .bytes = 2 * MB });
	assert_true(bn_run_flow(b, f, 15 * GW_SEC));
	for (unsigned i = 0; i < 30; i++) {
		bn_write(b, f, 15000); /* a tenth of the link */
		bn_run(b, b->now + 300 * GW_MSEC);
	}
	check_bandwidth(4, 0.02);
	assert_true(bbr()->state == GW_BBR_UP);
	bn_write(b, f, 2 * MB);
	until(GW_BBR_DOWN, 2 * GW_SEC);
	until(GW_BBR_CRUISE, GW_SEC);
	end();
}

static void
ExitStartupDueToLoss(void **state)
{
	(void)state;
	quiche(30, 12 * MB);
	until(GW_BBR_DRAIN, 5 * GW_SEC);
	assert_true(f->queue_lost > 0);
	assert_true(bbr()->full_bw_count < 3);
	assert_true(bbr()->inflight_longterm != UINT64_MAX);
	end();
}

static void
SenderPoliced(void **state)
{
	struct bn_link link = bn_link_of(4, 64, 200);

	(void)state;
	link.police = link.rate / 4;
	link.police_burst = 100000;
	start(link, 3 * MB);
	assert_true(bn_run_flow(b, f, 40 * GW_SEC));
	assert_true(lost_part() < 0.3);
	end();
}

static void
ProbeBwAfterQuiescencePostponeMinRttTimestamp(void **state)
{
	(void)state;
	quiche(200, 2 * MB);
	assert_true(bn_run_flow(b, f, 15 * GW_SEC));
	bn_run(b, b->now + 15 * GW_SEC);
	bn_write(b, f, 2 * MB);
	while (!f->done) {
		assert_true(bn_step(b));
		assert_int_not_equal(bbr()->state, GW_BBR_PROBE_RTT);
	}
	end();
}

/* Upstream it is switched off: 2 s of RTT, a queue of a twentieth. */
static void
Bbr2VsBbr2LargeRttTinyBuffer(void **state)
{
	(void)state;
	start(bn_link_of(4, 2060, 5), 10 * MB);
	bn_add(b,
	    &(struct bn_flow_options){ .start = 5 * GW_SEC, .bytes = 10 * MB });
	assert_true(bn_run_flow(b, f, 80 * GW_SEC));
	assert_true(bn_run_flow(b, &b->flow[1], 100 * GW_SEC));
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(NormalStartup),
		cmocka_unit_test(SimpleTransfer),
		cmocka_unit_test(SpuriousLossEvent),
		cmocka_unit_test(SimpleTransferSmallBuffer),
		cmocka_unit_test(SimpleTransfer2RTTAggregationBytes),
		cmocka_unit_test(SimpleTransferAckDecimation),
		cmocka_unit_test(BandwidthDecrease),
		cmocka_unit_test(BandwidthIncrease),
		cmocka_unit_test(PacketLossOnSmallBufferStartup),
		cmocka_unit_test(ApplicationLimitedBursts),
		cmocka_unit_test(ApplicationLimitedBurstsWithoutPrior),
		cmocka_unit_test(Drain),
		cmocka_unit_test(InFlightAwareGainCycling),
		cmocka_unit_test(ExitStartupDueToLoss),
		cmocka_unit_test(SenderPoliced),
		cmocka_unit_test(ProbeBwAfterQuiescencePostponeMinRttTimestamp),
		cmocka_unit_test(Bbr2VsBbr2LargeRttTinyBuffer),
	};

	return cmocka_run_group_tests_name("bbr_quiche", tests, NULL, NULL);
}
