/* The virtual network: size, marks, policing, and what a script changes. */
#include <stdlib.h>
#include <string.h>

#include "net_bed.h"
#include "unit/test.h"

#define MBIT UINT64_C(1000000)

/* ---- size ---- */

/* What a gets next; false: nothing. */
static bool
at_a(struct bed *b, struct net_datagram *d)
{
	unsigned node;

	while (net_deliver(b->net, &node, d, b->now))
		if (node == b->a)
			return true;
	return false;
}

static void
a_black_hole_swallows_what_is_too_large(void **state)
{
	struct net_datagram d;
	struct bed b;

	(void)state;
	bed_init(&b, 1, &(struct net_link_options){ .mtu = 1472 });
	bed_send(&b, 1472, NET_NOT_ECT);
	bed_send(&b, 1473, NET_NOT_ECT);
	assert_false(at_a(&b, &d));
	assert_int_equal(net_totals(b.net)->delivered.datagrams, 1);
	assert_int_equal(net_counters(b.net, b.ab)->too_big.datagrams, 1);
	assert_int_equal(net_counters(b.net, b.ab)->too_big.bytes, 1473);
	bed_fini(&b);
}

static void
a_link_that_tells_names_the_size_that_passes(void **state)
{
	const struct net_addr to = net_addr(2, 4640), from = net_addr(1, 4639);
	struct net_datagram d;
	struct bed b;

	(void)state;
	bed_init(
	    &b, 1, &(struct net_link_options){ .mtu = 1472, .mtu_told = true });
	bed_send(&b, 9000, NET_NOT_ECT);
	assert_true(at_a(&b, &d));
	assert_int_equal(d.kind, NET_TOO_BIG);
	assert_int_equal(d.mtu, 1472);
	assert_int_equal(d.len, NET_NOTICE_BYTES);
	assert_true(net_addr_eq(&d.from, &to));
	assert_true(net_addr_eq(&d.to, &from));
	assert_false(at_a(&b, &d));
	bed_fini(&b);
}

/* ---- ECN ---- */

static void
a_queue_above_its_threshold_marks_what_may_be_marked(void **state)
{
	struct net_datagram d;
	unsigned marked[4] = { 0 }, node;
	struct bed b;

	(void)state;
	bed_init(&b, 1,
	    &(struct net_link_options){
		.rate = 8 * MBIT,
		.mark_above = 4000,
	    });
	for (unsigned i = 0; i < 12; i++)
		bed_send(&b, 1000, (enum net_ecn)((i + 1) % 4));
	for (unsigned i = 0; i < 12; i++) {
		uint32_t number;

		assert_true(net_deliver(b.net, &node, &d, b.now + GW_SEC));
		memcpy(&number, d.bytes, 4);
		assert_int_equal(number, i);
		marked[(i + 1) % 4] += d.ecn == NET_CE;
	}
	/* Five are in the queue before the first that more than 4,000 bytes
	 * were waiting before. */
	assert_int_equal(marked[NET_NOT_ECT], 0);
	assert_int_equal(marked[NET_ECT0], 2);
	assert_int_equal(marked[NET_ECT1], 1);
	assert_int_equal(net_counters(b.net, b.ab)->marked.datagrams, 3);
	bed_fini(&b);
}

static void
marks_are_bleached_or_deadly_where_the_path_is_so(void **state)
{
	struct net_datagram d;
	unsigned node;
	struct bed b;

	(void)state;
	bed_init(&b, 1, &(struct net_link_options){ .ecn_bleached = true });
	bed_send(&b, 8, NET_ECT0);
	assert_true(net_deliver(b.net, &node, &d, b.now));
	assert_int_equal(d.ecn, NET_NOT_ECT);
	bed_fini(&b);

	bed_init(&b, 1, &(struct net_link_options){ .ecn_lost = true });
	bed_send(&b, 8, NET_ECT0);
	bed_send(&b, 8, NET_NOT_ECT);
	bed_run(&b, b.now);
	assert_int_equal(b.got, 1);
	assert_int_equal(b.order[0], 1);
	assert_int_equal(net_counters(b.net, b.ab)->ecn_lost.datagrams, 1);
	bed_fini(&b);
}

/* ---- the policer ---- */

static void
a_policer_lets_its_depth_through_and_then_its_rate(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, 1,
	    &(struct net_link_options){
		.police_rate = 8 * MBIT,
		.police_burst = 20000,
	    });
	bed_send_many(&b, 30, 1000, 0);
	bed_run(&b, b.now);
	assert_int_equal(b.got, 20);
	/* For 10 s twice what it allows: 1,000 a second pass. */
	bed_send_many(&b, 20000, 1000, 500);
	bed_drain(&b);
	bed_about(b.got - 20, 10000, 5);
	assert_int_equal(
	    net_counters(b.net, b.ab)->policed.datagrams, bed_lost(&b));
	/* After a rest it is full again. */
	bed_run(&b, b.now + GW_SEC);
	b.got = 0;
	bed_send_many(&b, 30, 1000, 0);
	bed_run(&b, b.now);
	assert_int_equal(b.got, 20);
	bed_fini(&b);
}

/* ---- what the script changes ---- */

static void
a_cut_loses_what_leaves_the_queue_meanwhile(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, 1,
	    &(struct net_link_options){ .rate = 8 * MBIT, .delay = 50000 });
	net_cut(b.net, b.ab, BED_START + 10000, BED_START + 20000);
	net_cut(b.net, b.ab, BED_START + 15000, BED_START + 25000);
	bed_send_many(&b, 40, 1000, 0);
	bed_drain(&b);
	/* The one of the very moment is cut off; so are the next 14. */
	assert_int_equal(net_counters(b.net, b.ab)->cut.datagrams, 15);
	assert_int_equal(b.got, 25);
	assert_int_equal(b.order[8], 8);
	assert_int_equal(b.order[9], 24);
	bed_fini(&b);
}

static void
a_new_rate_holds_for_what_waits_already(void **state)
{
	struct net_link_options o = { .rate = 8 * MBIT };
	struct bed b;

	(void)state;
	bed_init(&b, 1, &o);
	o.rate = 80 * MBIT;
	o.delay = 1000;
	net_change_link(b.net, b.ab, &o, BED_START + 4500);
	bed_send_many(&b, 10, 1000, 0);
	bed_drain(&b);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(b.at[i], BED_START + 1000 * (i + 1));
	/* The fifth was on its way out already. */
	for (unsigned i = 4; i < 10; i++)
		assert_int_equal(
		    b.at[i], BED_START + 5000 + 1000 + 100 * (i - 4));
	bed_fini(&b);
}

static void
a_rate_can_come_and_go(void **state)
{
	struct net_link_options o = { .rate = 8 * MBIT };
	struct bed b;

	(void)state;
	bed_init(&b, 1, &o);
	o.rate = 0;
	net_change_link(b.net, b.ab, &o, BED_START + 1500);
	bed_send_many(&b, 5, 1000, 0);
	bed_run(&b, BED_START + 1700);
	bed_send_many(&b, 1, 1000, 0);
	bed_drain(&b);
	assert_int_equal(b.got, 6);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(b.order[i], i);
	assert_int_equal(b.at[0], BED_START + 1000);
	assert_int_equal(b.at[5], BED_START + 2000);
	bed_fini(&b);
}

/* ---- runs repeat ---- */

/* Of everything that a run delivers. */
static uint64_t
fingerprint(uint64_t seed, double loss)
{
	const struct net_link_options o = {
		.rate = 50 * MBIT,
		.queue = 30000,
		.delay = 3000,
		.jitter = 2000,
		.loss = loss,
		.bad_enter = 0.001,
		.bad_leave = 0.1,
		.bad_loss = 0.9,
		.reorder = 0.1,
		.reorder_by = 1000,
		.duplicate = 0.1,
		.corrupt = 0.1,
	};
	uint64_t sum = 0;
	struct net_datagram d;
	struct bed b;
	unsigned node;

	bed_init(&b, seed, &o);
	for (unsigned i = 0; i < 3000; i++) {
		bed_send(&b, 500, NET_ECT0);
		b.now += 77;
		while (net_deliver(b.net, &node, &d, b.now)) {
			for (size_t k = 0; k < d.len; k++)
				sum = sum * 31 + d.bytes[k];
			sum = sum * 31 + b.now;
		}
	}
	bed_fini(&b);
	return sum;
}

static void
a_run_is_its_seed(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		assert_true(fingerprint(seed, 0.01) == fingerprint(seed, 0.01));
		assert_true(
		    fingerprint(seed, 0.01) != fingerprint(seed + 1, 0.01));
	}
}

/* More loss loses more; what it leaves has the fate that it had. */
static void
a_change_of_one_thing_leaves_the_rest_as_it_was(void **state)
{
	const struct net_link_options o[2] = {
		{ .loss = 0.01, .duplicate = 0.1 },
		{ .loss = 0.05, .duplicate = 0.1 },
	};
	struct bed b[2];
	uint32_t more = 0;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		bed_init(&b[i], 9, &o[i]);
		bed_send_many(&b[i], 20000, 8, 1);
		bed_drain(&b[i]);
	}
	for (uint32_t i = 0; i < 20000; i++) {
		if (b[1].times[i] > 0)
			assert_int_equal(b[1].times[i], b[0].times[i]);
		more += b[1].times[i] == 0 && b[0].times[i] > 0;
	}
	assert_in_range(more, 600, 1000);
	bed_fini(&b[0]);
	bed_fini(&b[1]);
}

/* What came in, and the copies, came out or is counted with its reason. */
static void
nothing_goes_uncounted(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		const struct net_link_options o = {
			.rate = seed % 3 == 0 ? 0 : 40 * MBIT,
			.queue = seed % 2 == 0 ? 0 : 20000,
			.delay = 1000 * (seed % 5),
			.jitter = 500 * (seed % 4),
			.loss = 0.02 * (double)(seed % 6),
			.burst = (unsigned)(seed % 7),
			.reorder = 0.05,
			.reorder_by = 2000,
			.duplicate = 0.05,
			.corrupt = 0.05,
			.mtu = seed % 8 == 0 ? 700 : 0,
			.police_rate = seed % 9 == 0 ? 30 * MBIT : 0,
			.police_burst = 10000,
		};
		const struct net_link_counters *c;
		struct bed b;

		bed_init(&b, seed, &o);
		net_cut(b.net, b.ab, BED_START + 10000, BED_START + 15000);
		for (unsigned i = 0; i < 1000; i++) {
			bed_send(&b, 4 + (i * 7919) % 1000, NET_ECT0);
			bed_run(&b, b.now + 100);
		}
		bed_drain(&b);
		c = net_counters(b.net, b.ab);
		assert_int_equal(c->in.datagrams + c->duplicated.datagrams,
		    c->out.datagrams + net_dropped(b.net, b.ab).datagrams);
		assert_int_equal(c->in.bytes + c->duplicated.bytes,
		    c->out.bytes + net_dropped(b.net, b.ab).bytes);
		assert_int_equal(c->in.datagrams, 1000);
		assert_int_equal(c->out.datagrams, b.got);
		bed_fini(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_black_hole_swallows_what_is_too_large),
		cmocka_unit_test(a_link_that_tells_names_the_size_that_passes),
		cmocka_unit_test(
		    a_queue_above_its_threshold_marks_what_may_be_marked),
		cmocka_unit_test(
		    marks_are_bleached_or_deadly_where_the_path_is_so),
		cmocka_unit_test(
		    a_policer_lets_its_depth_through_and_then_its_rate),
		cmocka_unit_test(a_cut_loses_what_leaves_the_queue_meanwhile),
		cmocka_unit_test(a_new_rate_holds_for_what_waits_already),
		cmocka_unit_test(a_rate_can_come_and_go),
		cmocka_unit_test(a_run_is_its_seed),
		cmocka_unit_test(
		    a_change_of_one_thing_leaves_the_rest_as_it_was),
		cmocka_unit_test(nothing_goes_uncounted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
