/*
 * What congestion control must reach on the links of issue 4, in virtual
 * time: goodput, repairs, fairness beside CUBIC, which here stands for the
 * kernel's (not paced, an ACK for two packets), and a short queue.
 */
#include "bottleneck.h"
#include "unit/test.h"

#define MB UINT64_C(1000000)
#define START GW_MSEC

enum { SEEDS = 3 };

/* ---- goodput ---- */

struct link_case {
	const char *name;
	double mbit, rtt, loss; /* percent */
	unsigned burst, reorder;
	double want_100, want_500; /* Mbit/s of payload, start to end */
};

static struct bn_link
lossy(const struct link_case *c)
{
	struct bn_link link = bn_link_of(c->mbit, c->rtt, 100);

	if (link.queue < 150000)
		link.queue = 150000;
	link.loss = (unsigned)(c->loss * 10000);
	link.burst = c->burst;
	link.reorder = c->reorder;
	link.late = 3 * GW_MSEC;
	return link;
}

static double
transfer(const struct link_case *c, uint64_t bytes, uint64_t seed)
{
	const struct bn_link link = lossy(c);
	struct bn *b = bn_new(&link, seed);
	struct bn_flow *f =
	    bn_add(b, &(struct bn_flow_options){
			  .bytes = bytes, .start = START, .told_rtt = true });
	double rate;

	assert_true(bn_run_flow(b, f, 300 * GW_SEC));
	rate = (double)bytes * 8 / (double)(f->done_at - START);
	print_message("%s: %3u MB at %.1f Mbit/s, again %lu of %lu lost\n",
	    c->name, (unsigned)(bytes / MB), rate,
	    (unsigned long)f->again_packets, (unsigned long)f->link_lost);
	/* Repairs below 1.3 times what the link lost. */
	assert_true(f->again_packets * 10 < f->link_lost * 13);
	bn_free(b);
	return rate;
}

static void
check_goodput(const struct link_case *c)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		assert_true(transfer(c, 100 * MB, seed) >= c->want_100);
		assert_true(transfer(c, 500 * MB, seed) >= c->want_500);
	}
}

static void
full_use_of_100_mbit_50_ms_1_percent(void **state)
{
	(void)state;
	check_goodput(&(struct link_case){
	    "100 Mbit/s, 50 ms, 1 %", 100, 50, 1, 0, 0, 85, 90 });
}

static void
full_use_of_500_mbit_80_ms_a_tenth_of_a_percent(void **state)
{
	(void)state;
	check_goodput(&(struct link_case){
	    "500 Mbit/s, 80 ms, 0.1 %", 500, 80, 0.1, 0, 0, 280, 400 });
}

static void
full_use_of_100_mbit_200_ms_2_percent(void **state)
{
	(void)state;
	check_goodput(&(struct link_case){
	    "100 Mbit/s, 200 ms, 2 %", 100, 200, 2, 0, 0, 62, 80 });
}

static void
full_use_of_200_mbit_10_ms_bursts_and_reordering(void **state)
{
	(void)state;
	check_goodput(&(struct link_case){ "200 Mbit/s, 10 ms, 3 % in bursts",
	    200, 10, 3, 5, 10000, 170, 180 });
}

static void
full_use_of_1000_mbit_10_ms_a_hundredth_of_a_percent(void **state)
{
	(void)state;
	check_goodput(&(struct link_case){
	    "1000 Mbit/s, 10 ms, 0.01 %", 1000, 10, 0.01, 0, 0, 800, 880 });
}

/* ---- fairness ---- */

struct mix {
	const char *flows; /* b: bbr, k: the kernel's cubic, l: ledbat */
	double gap;        /* seconds between their starts */
	double from, to;   /* seconds, since the last of them began */
};

/* The part of `who` of what all of them got. */
static double
share(const struct bn_link *link, const struct mix *m, char who, uint64_t seed)
{
	struct bn *b = bn_new(link, seed);
	uint64_t before[BN_FLOWS] = { 0 };
	double mine = 0, all = 0, last = 0;

	for (unsigned i = 0; m->flows[i] != '\0'; i++) {
		const char flow = m->flows[i];

		last = i * m->gap;
		bn_add(
		    b, &(struct bn_flow_options){
			   .congestion = flow == 'b'   ? GW_CONGESTION_BBR
					 : flow == 'k' ? GW_CONGESTION_CUBIC
						       : GW_CONGESTION_LEDBAT,
			   .start = START + (gw_usec)(last * 1e6),
			   .told_rtt = true,
			   .unpaced = flow == 'k' });
	}
	bn_run(b, START + (gw_usec)((last + m->from) * 1e6));
	for (unsigned i = 0; i < b->flows; i++)
		before[i] = bn_received(&b->flow[i]);
	bn_run(b, START + (gw_usec)((last + m->to) * 1e6));
	for (unsigned i = 0; i < b->flows; i++) {
		const double got =
		    (double)(bn_received(&b->flow[i]) - before[i]);

		all += got;
		/* A capital letter: the last one only. */
		if (m->flows[i] == who ||
		    (m->flows[i] == who + 'a' - 'A' && i + 1 == b->flows))
			mine += got;
	}
	bn_free(b);
	return mine / all;
}

static double
mean_share(double mbit, double rtt, const struct mix *m, char who)
{
	const struct bn_link link = bn_link_of(mbit, rtt, 100);
	double sum = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		sum += share(&link, m, who, seed);
	print_message("%g Mbit/s, %g ms, %s, %g s apart: %c has %.2f\n", mbit,
	    rtt, m->flows, m->gap, who, sum / SEEDS);
	return sum / SEEDS;
}

static const double links[][2] = { { 50, 20 }, { 20, 40 }, { 100, 50 } };

enum { LINKS = 3 };

static void
check_third(const char *flows, double gap)
{
	const struct mix m = { flows, gap, 10, 50 };

	for (unsigned i = 0; i < LINKS; i++) {
		const double k = mean_share(links[i][0], links[i][1], &m, 'k');

		assert_true(k >= 1.0 / 3);
		assert_true(k <= 2.0 / 3);
	}
}

/* quiche: Bbr2VsCubic */
static void
one_beside_a_kernel_flow_takes_and_leaves_a_third(void **state)
{
	(void)state;
	check_third("bk", 0.3);
	check_third("kb", 0.3);
}

static void
who_comes_later_takes_and_is_left_a_third(void **state)
{
	(void)state;
	check_third("bk", 10);
	check_third("kb", 10);
}

static void
two_beside_two_kernel_flows_take_and_leave_a_third(void **state)
{
	(void)state;
	check_third("bbkk", 0.3);
}

/* quiche: Bbr2VsBbr2.  Within ten seconds, whatever the first was doing. */
static void
a_latecomer_gets_its_share_within_ten_seconds(void **state)
{
	static const double late[][2] = { { 50, 20 }, { 100, 20 },
		{ 200, 10 } };
	static const double gaps[] = { 7.3, 12.6 };

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned j = 0; j < 2; j++)
			assert_true(
			    mean_share(late[i][0], late[i][1],
				&(struct mix){ "bb", gaps[j], 7.5, 12.5 },
				'B') >= 1.0 / 3);
}

static void
background_leaves_a_kernel_flow_nearly_all(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINKS; i++) {
		assert_true(
		    mean_share(links[i][0], links[i][1],
			&(struct mix){ "lk", 10, 10, 50 }, 'k') >= 0.85);
		assert_true(
		    mean_share(links[i][0], links[i][1],
			&(struct mix){ "kl", 10, 10, 50 }, 'k') >= 0.85);
	}
}

static void
background_flows_share_what_is_left(void **state)
{
	const struct bn_link link = bn_link_of(100, 50, 200);
	double late;

	(void)state;
	late = share(&link, &(struct mix){ "ll", 20, 80, 140 }, 'L', 1);
	assert_true(late > 0.3);
	assert_true(late < 0.7);
}

/* ---- the queue ---- */

static void
alone_it_keeps_the_queue_short(void **state)
{
	static const double alone[][3] = { { 100, 50, 100 }, { 100, 50, 400 },
		{ 20, 40, 1000 }, { 500, 80, 100 }, { 200, 10, 300 } };

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		const struct bn_link link =
		    bn_link_of(alone[i][0], alone[i][1], alone[i][2]);
		struct bn *b = bn_new(&link, 1);

		bn_add(b, &(struct bn_flow_options){ .start = START });
		bn_run(b, 30 * GW_SEC);
		print_message("%g Mbit/s, %g ms, %g %% of queue: RTT %.2f of "
			      "the base\n",
		    alone[i][0], alone[i][1], alone[i][2], 1 + bn_queueing(b));
		assert_true(bn_queueing(b) < 0.2);
		bn_free(b);
	}
}

static double
queueing_of(unsigned flows, double mbit, double rtt, double queue)
{
	const struct bn_link link = bn_link_of(mbit, rtt, queue);
	struct bn *b = bn_new(&link, 1);
	double queueing;

	for (unsigned i = 0; i < flows; i++)
		bn_add(b, &(struct bn_flow_options){
			      .start = START + i * 2 * GW_SEC });
	bn_run(b, START + (flows * 2 + 8) * GW_SEC);
	b->queue_sum = b->queue_samples = 0;
	bn_run(b, b->now + 30 * GW_SEC);
	queueing = bn_queueing(b);
	print_message("%u flows, %g Mbit/s, %g ms, %g %% of queue: RTT %.2f of "
		      "the base\n",
	    flows, mbit, rtt, queue, 1 + queueing);
	bn_free(b);
	return queueing;
}

static void
together_they_do_not_fill_what_there_is(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINKS; i++) {
		const double mbit = links[i][0], rtt = links[i][1];

		assert_true(queueing_of(2, mbit, rtt, 100) < 0.55);
		assert_true(queueing_of(2, mbit, rtt, 400) < 0.4);
		assert_true(queueing_of(4, mbit, rtt, 400) < 0.9);
		assert_true(queueing_of(6, mbit, rtt, 400) < 1.3);
	}
}

/* quiche: MultipleBbr2s */
static void
six_together_keep_it_bounded_and_all_get_on(void **state)
{
	struct bn_link link = bn_link_of(40, 60, 200);
	struct bn *b = bn_new(&link, 1);

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		bn_add(
		    b, &(struct bn_flow_options){
			   .start = START + i * 2 * GW_SEC, .bytes = 20 * MB });
	for (unsigned i = 0; i < 6; i++)
		assert_true(bn_run_flow(b, &b->flow[i], 30 * GW_SEC));
	print_message("six: RTT %.2f of the base\n", 1 + bn_queueing(b));
	assert_true(bn_queueing(b) < 1.2);
	bn_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_use_of_100_mbit_50_ms_1_percent),
		cmocka_unit_test(
		    full_use_of_500_mbit_80_ms_a_tenth_of_a_percent),
		cmocka_unit_test(full_use_of_100_mbit_200_ms_2_percent),
		cmocka_unit_test(
		    full_use_of_200_mbit_10_ms_bursts_and_reordering),
		cmocka_unit_test(
		    full_use_of_1000_mbit_10_ms_a_hundredth_of_a_percent),
		cmocka_unit_test(
		    one_beside_a_kernel_flow_takes_and_leaves_a_third),
		cmocka_unit_test(who_comes_later_takes_and_is_left_a_third),
		cmocka_unit_test(
		    two_beside_two_kernel_flows_take_and_leave_a_third),
		cmocka_unit_test(a_latecomer_gets_its_share_within_ten_seconds),
		cmocka_unit_test(background_leaves_a_kernel_flow_nearly_all),
		cmocka_unit_test(background_flows_share_what_is_left),
		cmocka_unit_test(alone_it_keeps_the_queue_short),
		cmocka_unit_test(together_they_do_not_fill_what_there_is),
		cmocka_unit_test(six_together_keep_it_bounded_and_all_get_on),
	};

	return cmocka_run_group_tests_name("congestion", tests, NULL, NULL);
}
