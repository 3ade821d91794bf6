/*
 * Paths that try every controller: by the names of neqo (its DSL line: 8
 * Mbit/s, 100 ms, a queue of 32 kB), of picoquic, of C4 and of the interop
 * runner.
 */
#include "bottleneck.h"
#include "unit/test.h"

#define MB UINT64_C(1000000)
#define START GW_MSEC
#define BBR GW_CONGESTION_BBR
#define CUBIC GW_CONGESTION_CUBIC
#define LEDBAT GW_CONGESTION_LEDBAT

static struct bn *b;
static struct bn_flow *f;

static void
start(struct bn_link link, enum gw_congestion congestion, uint64_t bytes)
{
	b = bn_new(&link, 1);
	f = bn_add(
	    b, &(struct bn_flow_options){
		   .congestion = congestion, .start = START, .bytes = bytes });
	bn_run(b, START);
}

static void
end(void)
{
	bn_free(b);
}

/* This transfer takes so long at most. */
static void
within(struct bn_link link, enum gw_congestion congestion, uint64_t bytes,
    double seconds)
{
	unsigned long long lost;

	start(link, congestion, bytes);
	assert_true(bn_run_flow(b, f, 600 * GW_SEC));
	lost = f->link_lost + f->queue_lost;
	print_message("%s: %.2f s, %.2f allowed; lost %llu of %llu\n",
	    gw_recovery_stats(&f->r).congestion, (double)f->done_at / 1e6,
	    seconds, lost, (unsigned long long)f->sent_packets);
	assert_true((double)f->done_at / 1e6 < seconds);
	end();
}

/* Nothing passes, either way. */
static void
cut(gw_usec time)
{
	const unsigned loss = b->link.loss, ack_loss = b->link.ack_loss;

	b->link.loss = b->link.ack_loss = BN_PPM;
	bn_run(b, b->now + time);
	b->link.loss = loss;
	b->link.ack_loss = ack_loss;
}

static void
change(double mbit, double rtt_ms)
{
	b->link.rate = (uint64_t)(mbit * 125000);
	b->link.rtt = (gw_usec)(rtt_ms * 1000);
}

/* So much of the link is used from now on. */
static void
uses(gw_usec time, double part)
{
	const double mbit = (double)b->link.rate / 125000;
	const double used = bn_goodput(b, f, time) / bn_payload(mbit);

	print_message("%s: %.2f of the link, %.2f wanted\n",
	    gw_recovery_stats(&f->r).congestion, used, part);
	assert_true(used > part);
}

/* ---- neqo ---- */

static struct bn_link
dsl(void)
{
	struct bn_link link = bn_link_of(8, 100, 100);

	link.queue = 32768;
	link.ack_rate = 200000;
	return link;
}

static void
transfer_delay_drop(void **state)
{
	struct bn_link link = bn_link_of(100, 100, 100);

	(void)state;
	link.jitter = 25000;
	link.loss = link.ack_loss = 10000;
	within(link, BBR, 4 * MB, 3);
	within(link, CUBIC, 4 * MB, 40);
	within(link, LEDBAT, 1 * MB, 60);
}

static void
transfer_taildrop(void **state)
{
	(void)state;
	within(dsl(), BBR, 4 * MB, 5.5);
	within(dsl(), CUBIC, 4 * MB, 5.5);
	within(dsl(), LEDBAT, 4 * MB, 8);
}

static void
transfer_taildrop_jitter(void **state)
{
	struct bn_link link = dsl();

	(void)state;
	link.jitter = 10000;
	within(link, BBR, 4 * MB, 5.5);
	within(link, CUBIC, 4 * MB, 6);
	within(link, LEDBAT, 4 * MB, 10);
}

static void
transfer_taildrop_ecn(void **state)
{
	struct bn_link link = dsl();

	(void)state;
	link.mark = 16000;
	within(link, BBR, 4 * MB, 7);
	within(link, CUBIC, 4 * MB, 6);
	within(link, LEDBAT, 4 * MB, 10);
}

/* ---- picoquic ---- */

static void
cubic_jitter(void **state)
{
	struct bn_link link = bn_link_of(10, 20, 150);

	(void)state;
	link.jitter = 5000;
	within(link, CUBIC, 4 * MB, 4.5);
	within(link, LEDBAT, 4 * MB, 6);
}

static void
long_rtt(void **state)
{
	struct bn_link link = bn_link_of(10, 600, 100);

	(void)state;
	within(link, BBR, 10 * MB, 15);
	within(link, CUBIC, 10 * MB, 20);
}

/* Two seconds without anything, in the midst of 10 MB. */
static void
blackhole(void **state)
{
	(void)state;
	for (enum gw_congestion c = BBR; c <= CUBIC; c++) {
		start(bn_link_of(10, 30, 100), c, 10 * MB);
		bn_run(b, 5 * GW_SEC);
		cut(2 * GW_SEC);
		assert_true(bn_run_flow(b, f, 15 * GW_SEC));
		end();
	}
}

static void
many_losses(void **state)
{
	struct bn_link link = bn_link_of(10, 20, 100);

	(void)state;
	link.loss = link.ack_loss = 100000;
	within(link, BBR, 1 * MB, 4);
	within(link, CUBIC, 1 * MB, 15);
	within(link, LEDBAT, 1 * MB, 40);
}

/* red_bbr, red_cubic; and marks in the place of loss. */
static void
red(void **state)
{
	(void)state;
	for (enum gw_congestion c = BBR; c <= CUBIC; c++) {
		struct bn_link link = bn_link_of(100, 50, 200);

		link.mark = 125000;
		start(link, c, 0);
		bn_run(b, 5 * GW_SEC);
		uses(20 * GW_SEC, 0.85);
		assert_true(gw_recovery_stats(&f->r).ce > 0);
		assert_int_equal(f->queue_lost, 0);
		assert_true(bn_queueing(b) < 0.1);
		end();
	}
}

/* The window does not grow far beyond what is used. */
static void
app_limit_cc(void **state)
{
	(void)state;
	for (enum gw_congestion c = BBR; c <= LEDBAT; c++) {
		const struct bn_link link = bn_link_of(100, 600, 100);

		b = bn_new(&link, 1);
		f = bn_add(b, &(struct bn_flow_options){ .congestion = c,
				  .start = START,
				  .bytes = 4 * MB,
				  .app_rate = 66000 });
		bn_run(b, 40 * GW_SEC);
		assert_true(gw_recovery_stats(&f->r).window < 300000);
		end();
	}
}

/* Bursts of a program leave no faster than the path is; where a probe for more
 * does, loss ends it. */
static void
pacing_bbr(void **state)
{
	uint64_t lost, sent;

	(void)state;
	start(bn_link_of(100, 40, 100), BBR, 40 * MB);
	assert_true(bn_run_flow(b, f, 10 * GW_SEC));
	b->link.queue = 60000;
	lost = f->queue_lost;
	sent = f->sent_packets;
	for (unsigned i = 0; i < 100; i++) {
		bn_write(b, f, 200000);
		bn_run(b, b->now + 50 * GW_MSEC);
	}
	assert_true(f->done);
	assert_true((f->queue_lost - lost) * 500 < f->sent_packets - sent);
	end();
}

/* Two of a hundred come late: nothing of that is lost, some is thought to be.
 */
static void
spurious_retransmit(void **state)
{
	(void)state;
	for (enum gw_congestion c = BBR; c <= LEDBAT; c++) {
		struct gw_recovery_stats s;

		start(bn_link_of(10, 20, 1000), c, 0);
		bn_run(b, 5 * GW_SEC);
		b->link.reorder = 20000;
		b->link.late = 15 * GW_MSEC;
		bn_run(b, 15 * GW_SEC);
		s = gw_recovery_stats(&f->r);
		/* It learns how late they come. */
		print_message("%s: %llu called lost, %llu lost\n", s.congestion,
		    (unsigned long long)s.lost.packets,
		    (unsigned long long)f->queue_lost);
		assert_true(s.spurious.packets > 0);
		assert_true(s.spurious.packets < 20);
		assert_true(
		    s.lost.packets <= f->queue_lost + s.spurious.packets);
		uses(10 * GW_SEC, 0.9);
		end();
	}
}

/* ---- C4 ---- */

static void
low_and_up(void **state)
{
	(void)state;
	for (enum gw_congestion c = BBR; c <= CUBIC; c++) {
		start(bn_link_of(1, 50, 100), c, 0);
		b->link.queue = 100000;
		bn_run(b, 4 * GW_SEC);
		change(10, 50);
		bn_run(b, 8 * GW_SEC);
		uses(4 * GW_SEC, 0.9);
		end();
	}
}

static void
drop_and_back(void **state)
{
	(void)state;
	for (enum gw_congestion c = BBR; c <= CUBIC; c++) {
		start(bn_link_of(20, 50, 100), c, 0);
		bn_run(b, 4 * GW_SEC);
		change(2, 50);
		bn_run(b, 6 * GW_SEC);
		change(20, 50);
		bn_run(b, 10 * GW_SEC);
		uses(4 * GW_SEC, 0.85);
		end();
	}
}

static void
short_long(void **state)
{
	(void)state;
	for (enum gw_congestion c = BBR; c <= CUBIC; c++) {
		start(bn_link_of(20, 30, 100), c, 0);
		b->link.queue = 250000;
		bn_run(b, 4 * GW_SEC);
		change(20, 100);
		bn_run(b, 17 * GW_SEC);
		uses(4 * GW_SEC, 0.9);
		change(20, 30);
		bn_run(b, 25 * GW_SEC);
		uses(4 * GW_SEC, 0.9);
		end();
	}
}

/* Weak for some seconds: slow, and a twentieth lost. */
static void
wifi_fade(void **state)
{
	(void)state;
	start(bn_link_of(20, 50, 100), BBR, 0);
	bn_run(b, 3 * GW_SEC);
	change(2, 50);
	b->link.loss = 50000;
	uses(4 * GW_SEC, 0.7);
	change(20, 50);
	b->link.loss = 0;
	bn_run(b, b->now + 4 * GW_SEC);
	uses(4 * GW_SEC, 0.9);
	end();
}

/* Every 1.8 s nothing goes for 200 ms; it is not lost. */
static void
wifi_suspension(void **state)
{
	uint64_t before;

	(void)state;
	start(bn_link_of(20, 20, 2000), BBR, 0);
	bn_run(b, 2 * GW_SEC);
	before = bn_received(f);
	for (unsigned i = 0; i < 10; i++) {
		if (b->free_at < b->now * 1000)
			b->free_at = b->now * 1000;
		b->free_at += 200 * GW_MSEC * 1000;
		bn_run(b, b->now + 1800 * GW_MSEC);
	}
	assert_int_equal(f->queue_lost, 0);
	assert_true((double)(bn_received(f) - before) * 8 / 18e6 >
		    bn_payload(20) * 0.85);
	end();
}

/* ---- interop runner ---- */

/* Five seconds on, two off. */
static void
blackhole_again_and_again(void **state)
{
	(void)state;
	for (enum gw_congestion c = BBR; c <= CUBIC; c++) {
		start(bn_link_of(10, 30, 100), c, 20 * MB);
		while (!f->done) {
			assert_true(b->now < 40 * GW_SEC);
			bn_run(b, b->now + 5 * GW_SEC);
			cut(2 * GW_SEC);
		}
		end();
	}
}

static void
transferloss(void **state)
{
	struct bn_link link = bn_link_of(10, 30, 100);

	(void)state;
	link.loss = link.ack_loss = 20000;
	within(link, BBR, 2 * MB, 2.5);
	within(link, CUBIC, 2 * MB, 6);
}

/* 30 % in threes. */
static void
handshakeloss(void **state)
{
	struct bn_link link = bn_link_of(10, 30, 100);

	(void)state;
	link.loss = link.ack_loss = 300000;
	link.burst = 3;
	within(link, BBR, 50000, 10);
	within(link, CUBIC, 50000, 10);
	within(link, LEDBAT, 50000, 20);
}

/* 10 Mbit/s, 30 ms and 25 packets of queue; a kernel's flow is there. */
static void
crosstraffic(void **state)
{
	struct bn_link link = bn_link_of(10, 30, 100);
	struct bn_flow *k;

	(void)state;
	link.queue = 25 * BN_FRAME;
	b = bn_new(&link, 1);
	k = bn_add(
	    b, &(struct bn_flow_options){
		   .congestion = CUBIC, .start = START, .unpaced = true });
	f = bn_add(b,
	    &(struct bn_flow_options){ .start = 2 * GW_SEC, .bytes = 25 * MB });
	bn_run(b, 2 * GW_SEC);
	uses(20 * GW_SEC, 1.0 / 3);
	assert_true(bn_goodput(b, k, 20 * GW_SEC) > bn_payload(10) / 4);
	assert_true(bn_run_flow(b, f, 70 * GW_SEC));
	end();
}

/* ---- near ---- */

/* 10 Gbit/s, 0.1 ms: by ACKs alone. */
static void
a_lan_is_filled_without_loss(void **state)
{
	const struct bn_link link = bn_link_of(10000, 0.1, 400);

	(void)state;
	b = bn_new(&link, 1);
	f = bn_add(
	    b, &(struct bn_flow_options){ .start = START, .granted = 400000 });
	bn_run(b, 100 * GW_MSEC);
	uses(200 * GW_MSEC, 0.99);
	assert_true(gw_recovery_stats(&f->r).lan);
	assert_int_equal(f->queue_lost, 0);
	end();
}

/* The loop wakes once a millisecond, late or not. */
static void
a_coarse_clock_does_not_slow_a_fast_path(void **state)
{
	const struct bn_link link = bn_link_of(1000, 10, 100);

	(void)state;
	b = bn_new(&link, 1);
	f = bn_add(
	    b, &(struct bn_flow_options){ .start = START, .tick = GW_MSEC });
	bn_run(b, GW_SEC);
	uses(2 * GW_SEC, 0.95);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transfer_delay_drop),
		cmocka_unit_test(transfer_taildrop),
		cmocka_unit_test(transfer_taildrop_jitter),
		cmocka_unit_test(transfer_taildrop_ecn),
		cmocka_unit_test(cubic_jitter),
		cmocka_unit_test(long_rtt),
		cmocka_unit_test(blackhole),
		cmocka_unit_test(many_losses),
		cmocka_unit_test(red),
		cmocka_unit_test(app_limit_cc),
		cmocka_unit_test(pacing_bbr),
		cmocka_unit_test(spurious_retransmit),
		cmocka_unit_test(low_and_up),
		cmocka_unit_test(drop_and_back),
		cmocka_unit_test(short_long),
		cmocka_unit_test(wifi_fade),
		cmocka_unit_test(wifi_suspension),
		cmocka_unit_test(blackhole_again_and_again),
		cmocka_unit_test(transferloss),
		cmocka_unit_test(handshakeloss),
		cmocka_unit_test(crosstraffic),
		cmocka_unit_test(a_lan_is_filled_without_loss),
		cmocka_unit_test(a_coarse_clock_does_not_slow_a_fast_path),
	};

	return cmocka_run_group_tests_name("cc_paths", tests, NULL, NULL);
}
