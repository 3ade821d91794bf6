/* One link of the virtual network: each thing that may befall a datagram. */
#include <stdlib.h>
#include <string.h>

#include "net_bed.h"
#include "unit/test.h"

#define MBIT UINT64_C(1000000)

enum { MANY = 200000 };

/* ---- nothing, distance, rate ---- */

static void
a_perfect_link_changes_nothing_and_takes_no_time(void **state)
{
	static const size_t sizes[] = { 0, 1, 1200, 2048, 2049, 65507 };
	static uint8_t bytes[NET_DATAGRAM_MAX];
	struct net_datagram d;
	struct bed b;
	unsigned node;

	(void)state;
	bed_init(&b, 1, &(struct net_link_options){ 0 });
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 13);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct net_datagram out = {
			.to = net_addr(2, 4640),
			.ecn = (enum net_ecn)(i % 4),
			.bytes = bytes,
			.len = sizes[i],
		};
		const struct net_addr from = net_addr(1, 4639);

		net_send(b.net, b.a, &out, b.now);
		assert_true(net_next(b.net) == b.now);
		assert_true(net_deliver(b.net, &node, &d, b.now));
		assert_int_equal(node, b.b);
		assert_true(net_addr_eq(&d.from, &from));
		assert_true(net_addr_eq(&d.to, &out.to));
		assert_int_equal(d.ecn, out.ecn);
		assert_int_equal(d.len, out.len);
		assert_memory_equal(d.bytes, bytes, d.len);
		assert_false(net_deliver(b.net, &node, &d, b.now));
	}
	assert_true(net_next(b.net) == GW_NEVER);
	bed_fini(&b);
}

static void
a_delay_is_exact(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, 1, &(struct net_link_options){ .delay = 12345 });
	bed_send_many(&b, 3, 100, 7);
	bed_drain(&b);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(b.order[i], i);
		assert_int_equal(b.at[i], BED_START + i * 7 + 12345);
	}
	bed_fini(&b);
}

/* 1,208 bytes and 42 more are 10,000 bits: 1 ms at 10 Mbit/s. */
static void
a_rate_spaces_datagrams_out_by_their_weight(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, 1,
	    &(struct net_link_options){
		.rate = 10 * MBIT,
		.overhead = 42,
		.delay = 5 * GW_MSEC,
	    });
	bed_send_many(&b, 50, 1208, 0);
	bed_drain(&b);
	assert_int_equal(b.got, 50);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(b.at[i], BED_START + (i + 1) * 1000 + 5000);
	bed_fini(&b);
}

/* 120 ns each, at 100 Gbit/s: microseconds would make it 0 or 1. */
static void
a_rate_beyond_a_datagram_a_microsecond_is_kept(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, 1, &(struct net_link_options){ .rate = 100000 * MBIT });
	bed_send_many(&b, 60, 1500, 0);
	bed_drain(&b);
	for (unsigned i = 0; i < 60; i++)
		assert_int_equal(
		    b.at[i], BED_START + ((i + 1) * 120 + 999) / 1000);
	bed_fini(&b);
}

static void
a_full_queue_drops_what_comes_last(void **state)
{
	const struct net_link_counters *c;
	struct bed b;

	(void)state;
	bed_init(&b, 1,
	    &(struct net_link_options){ .rate = 8 * MBIT, .queue = 10500 });
	bed_send_many(&b, 15, 1000, 0);
	bed_run(&b, b.now + 2 * GW_MSEC);
	bed_send_many(&b, 5, 1000, 0);
	bed_drain(&b);
	c = net_counters(b.net, b.ab);
	/* Ten at once; two have left when the others come. */
	assert_int_equal(c->queue_full.datagrams, 5 + 3);
	assert_int_equal(c->queue_full.bytes, 8000);
	assert_int_equal(c->queue_most, 10000);
	assert_int_equal(b.got, 12);
	assert_int_equal(b.order[9], 9);
	assert_int_equal(b.order[10], 15);
	assert_int_equal(b.order[11], 16);
	bed_fini(&b);
}

static void
jitter_stays_in_its_bounds_and_may_overtake(void **state)
{
	const struct net_link_counters *c;
	gw_usec least = GW_NEVER, most = 0;
	struct bed b;

	(void)state;
	bed_init(
	    &b, 1, &(struct net_link_options){ .delay = 1000, .jitter = 500 });
	for (unsigned i = 0; i < 5000; i++) {
		b.got = 0;
		bed_send(&b, 10, NET_NOT_ECT);
		bed_run(&b, b.now + 1500);
		assert_int_equal(b.got, 1);
		least = gw_usec_min(least, b.at[0] + 1500 - b.now);
		if (b.at[0] + 1500 - b.now > most)
			most = b.at[0] + 1500 - b.now;
	}
	assert_in_range(least, 1000, 1005);
	assert_in_range(most, 1495, 1500);
	bed_send_many(&b, 5000, 10, 10);
	bed_drain(&b);
	c = net_counters(b.net, b.ab);
	assert_in_range(c->overtaken.datagrams, 1000, 5000);
	assert_int_equal(b.changed, 0);
	bed_fini(&b);
}

static void
jitter_in_order_overtakes_nobody(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, 1,
	    &(struct net_link_options){
		.delay = 1000,
		.jitter = 500,
		.in_order = true,
	    });
	bed_send_many(&b, 5000, 10, 10);
	bed_drain(&b);
	assert_int_equal(b.got, 5000);
	assert_int_equal(net_counters(b.net, b.ab)->overtaken.datagrams, 0);
	bed_fini(&b);
}

static void
arrivals_wait_for_the_burst_that_takes_them(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, 1,
	    &(struct net_link_options){
		.delay = 100,
		.release_every = 10 * GW_MSEC,
	    });
	bed_send_many(&b, 30, 10, 1000);
	bed_drain(&b);
	for (unsigned i = 0; i < 30; i++) {
		assert_int_equal(b.at[i] % 10000, 0);
		assert_in_range(b.at[i] - BED_START - i * 1000, 100, 10100);
	}
	bed_fini(&b);
}

/* ---- loss ---- */

static void
the_share_that_is_lost_is_the_one_asked_for(void **state)
{
	/* The bounds are six times the standard deviation. */
	static const struct {
		double share, within;
	} cases[] = {
		{ 0, 0 },
		{ 0.0001, 27 },
		{ 0.01, 267 },
		{ 0.3, 1230 },
		{ 1, 0 },
	};
	struct bed b;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bed_init(&b, i,
		    &(struct net_link_options){ .loss = cases[i].share });
		bed_send_many(&b, MANY, 8, 1);
		bed_drain(&b);
		bed_about(bed_lost(&b), cases[i].share * MANY, cases[i].within);
		assert_int_equal(
		    net_dropped(b.net, b.ab).datagrams, bed_lost(&b));
		assert_int_equal(
		    net_dropped(b.net, b.ab).bytes, 8 * bed_lost(&b));
		bed_fini(&b);
	}
}

/* Count runs of lost numbers; returns how many there are. */
static uint32_t
runs_of(const struct bed *b, uint32_t *longest, uint32_t *not_by_five)
{
	uint32_t runs = 0, run = 0;

	*longest = *not_by_five = 0;
	for (uint32_t i = 0; i <= b->sent; i++) {
		if (i < b->sent && b->times[i] == 0) {
			run++;
			continue;
		}
		runs += run > 0;
		*longest = run > *longest ? run : *longest;
		/* One at the very end may be cut short. */
		*not_by_five += run % 5 != 0 && i < b->sent;
		run = 0;
	}
	return runs;
}

static void
losses_come_in_bursts_and_keep_their_share(void **state)
{
	uint32_t runs, longest, odd;
	struct bed b;

	(void)state;
	bed_init(&b, 3,
	    &(struct net_link_options){
		.loss = 0.03,
		.burst = 5,
		.burst_silence = 20 * GW_MSEC,
	    });
	bed_send_many(&b, MANY, 8, 100);
	bed_drain(&b);
	runs = runs_of(&b, &longest, &odd);
	bed_about(bed_lost(&b), 0.03 * MANY, 1200);
	bed_about(runs, 0.03 * MANY / 5, 240);
	assert_int_equal(odd, 0);
	bed_fini(&b);
}

static void
a_silence_ends_a_burst(void **state)
{
	uint32_t longest, odd;
	struct bed b;

	(void)state;
	bed_init(&b, 3,
	    &(struct net_link_options){
		.loss = 0.03,
		.burst = 5,
		.burst_silence = 20 * GW_MSEC,
	    });
	bed_send_many(&b, 20000, 8, 20 * GW_MSEC);
	bed_drain(&b);
	runs_of(&b, &longest, &odd);
	assert_in_range(longest, 1, 3); /* several, each of one */
	assert_in_range(bed_lost(&b), 50, 250);
	bed_fini(&b);
}

/* Bad for 1/8 of the time, 4 datagrams on average: 1/16 is lost. */
static void
gilbert_and_elliott_hold_in_the_long_run(void **state)
{
	uint32_t runs, longest, odd;
	struct bed b;

	(void)state;
	bed_init(&b, 4,
	    &(struct net_link_options){
		.bad_enter = 1.0 / 28,
		.bad_leave = 0.25,
		.bad_loss = 0.5,
	    });
	bed_send_many(&b, MANY, 8, 1);
	bed_drain(&b);
	bed_about(bed_lost(&b), MANY / 16.0, MANY * 0.005);
	bed_fini(&b);

	bed_init(&b, 4,
	    &(struct net_link_options){
		.bad_enter = 1.0 / 28,
		.bad_leave = 0.25,
		.bad_loss = 1,
	    });
	bed_send_many(&b, MANY, 8, 1);
	bed_drain(&b);
	runs = runs_of(&b, &longest, &odd);
	bed_about((double)bed_lost(&b) / runs, 4, 0.25);
	bed_about(bed_lost(&b), MANY / 8.0, MANY * 0.01);
	bed_fini(&b);
}

static bool
every_third(void *arg, const struct net_datagram *d, gw_usec now)
{
	unsigned *count = arg;

	assert_int_equal(d->len, 8);
	assert_true(now >= BED_START);
	return ++*count % 3 == 0;
}

static void
a_test_can_pick_what_is_lost(void **state)
{
	unsigned count = 0;
	struct bed b;

	(void)state;
	bed_init(&b, 1,
	    &(struct net_link_options){
		.drop = every_third, .drop_arg = &count });
	bed_send_many(&b, 9, 8, 1);
	bed_drain(&b);
	assert_int_equal(b.got, 6);
	assert_int_equal(b.order[2], 3);
	assert_int_equal(net_counters(b.net, b.ab)->picked.datagrams, 3);
	bed_fini(&b);
}

/* ---- order, copies, changes ---- */

static void
a_share_comes_later_by_the_time_asked_for(void **state)
{
	const struct net_link_counters *c;
	uint32_t late = 0;
	struct bed b;

	(void)state;
	bed_init(&b, 5,
	    &(struct net_link_options){
		.delay = 1000,
		.reorder = 0.01,
		.reorder_by = 3000,
	    });
	bed_send_many(&b, MANY, 8, 100);
	bed_drain(&b);
	c = net_counters(b.net, b.ab);
	bed_about((double)c->late.datagrams, 0.01 * MANY, 270);
	/* All but those at the very end are overtaken, by thirty others. */
	assert_in_range(
	    c->overtaken.datagrams, c->late.datagrams - 2, c->late.datagrams);
	assert_int_equal(b.got, MANY);
	for (unsigned i = 0; i < 1000; i++) {
		b.got = 0;
		bed_send(&b, 8, NET_NOT_ECT);
		bed_run(&b, b.now + 4000);
		assert_true(b.at[0] + 3000 == b.now || b.at[0] == b.now);
		late += b.at[0] == b.now;
	}
	assert_in_range(late, 1, 40);
	bed_fini(&b);
}

static void
a_share_comes_twice(void **state)
{
	const struct net_link_counters *c;
	uint32_t twice = 0;
	struct bed b;

	(void)state;
	bed_init(&b, 6, &(struct net_link_options){ .duplicate = 0.05 });
	bed_send_many(&b, MANY, 100, 1);
	bed_drain(&b);
	c = net_counters(b.net, b.ab);
	for (uint32_t i = 0; i < b.sent; i++) {
		assert_in_range(b.times[i], 1, 2);
		twice += b.times[i] == 2;
	}
	assert_int_equal(c->duplicated.datagrams, twice);
	bed_about(twice, 0.05 * MANY, 600);
	assert_int_equal(b.changed, 0);
	bed_fini(&b);
}

static void
a_share_comes_with_one_byte_changed(void **state)
{
	uint8_t zeros[100] = { 0 };
	const struct net_datagram out = {
		.to = net_addr(2, 4640),
		.bytes = zeros,
		.len = sizeof(zeros),
	};
	uint32_t hurt = 0, bits = 0;
	struct net_datagram d;
	struct bed b;
	unsigned node;

	(void)state;
	bed_init(&b, 7, &(struct net_link_options){ .corrupt = 0.02 });
	for (unsigned i = 0; i < MANY; i++) {
		uint32_t bytes = 0;

		net_send(b.net, b.a, &out, b.now);
		assert_true(net_deliver(b.net, &node, &d, b.now));
		for (size_t k = 0; k < d.len; k++) {
			bytes += d.bytes[k] != 0;
			bits += (uint32_t)__builtin_popcount(d.bytes[k]);
		}
		assert_in_range(bytes, 0, 1);
		hurt += bytes;
	}
	assert_int_equal(net_counters(b.net, b.ab)->corrupted.datagrams, hurt);
	bed_about(hurt, 0.02 * MANY, 380);
	bed_about((double)bits / hurt, 4, 0.2);
	bed_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_perfect_link_changes_nothing_and_takes_no_time),
		cmocka_unit_test(a_delay_is_exact),
		cmocka_unit_test(a_rate_spaces_datagrams_out_by_their_weight),
		cmocka_unit_test(
		    a_rate_beyond_a_datagram_a_microsecond_is_kept),
		cmocka_unit_test(a_full_queue_drops_what_comes_last),
		cmocka_unit_test(jitter_stays_in_its_bounds_and_may_overtake),
		cmocka_unit_test(jitter_in_order_overtakes_nobody),
		cmocka_unit_test(arrivals_wait_for_the_burst_that_takes_them),
		cmocka_unit_test(the_share_that_is_lost_is_the_one_asked_for),
		cmocka_unit_test(losses_come_in_bursts_and_keep_their_share),
		cmocka_unit_test(a_silence_ends_a_burst),
		cmocka_unit_test(gilbert_and_elliott_hold_in_the_long_run),
		cmocka_unit_test(a_test_can_pick_what_is_lost),
		cmocka_unit_test(a_share_comes_later_by_the_time_asked_for),
		cmocka_unit_test(a_share_comes_twice),
		cmocka_unit_test(a_share_comes_with_one_byte_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
