/* What links do: sizes that pass and then do not, ECN marks, keys that roll
 * on them, and a long fat one that is to be filled. */
#include <string.h>

#include "session/udp/udp_session_private.h"
#include "udp_wire.h"
#include "unit/test.h"

enum { MOST = 120, START = 1000 * 1000 * 1000 /* of a bed */ };

static const struct udp_bed_options path = {
	.link = { .delay = 20000, .rate = 50000000, .queue = 250000 },
};

static void
begin(struct udp_bed *b, const struct udp_bed_options *o, uint64_t bytes)
{
	udp_bed_init(b, o);
	b->side[0].to_write[1] = bytes;
	b->side[0].finish = true;
	b->side[1].answers = true;
	udp_bed_dial(b, o);
}

static void
end(struct udp_bed *b)
{
	udp_bed_run(b, MOST * GW_SEC);
	udp_bed_check(b);
	udp_bed_fini(b);
}

static const struct gw_udp_link *
link_of(struct udp_bed *b, unsigned side)
{
	return gw_udp_session_of(b->side[side].session)->link;
}

static uint32_t
size_of(struct udp_bed *b)
{
	return gw_udp_session_info(b->side[0].session).datagram;
}

static bool
has_all(struct udp_bed *b)
{
	return b->side[1].got[1] == b->side[0].to_write[1];
}

static void
set_links(struct udp_bed *b, const struct net_link_options *o)
{
	net_change_link(b->net, b->forth, o, 0);
	net_change_link(b->net, b->back, o, 0);
}

/* ---- sizes ---- */

/* quinn connect_detects_mtu, picoquic mtu_discovery and mtu_max */
static void
connect_detects_mtu(void **state)
{
	static const uint32_t mtus[] = { 1200, 1280, 1300, 1472, 9000, 0 };

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		struct udp_bed_options o = path;
		const uint32_t mtu = mtus[i / 2];
		struct udp_bed b;

		o.link.mtu = mtu;
		o.link.mtu_told = i % 2;
		begin(&b, &o, 5000000);
		udp_bed_linger(&b, 700000);
		assert_false(has_all(&b));
		if (mtu == 0)
			assert_int_equal(size_of(&b), 16000);
		else
			assert_in_range(size_of(&b),
			    mtu < 1300 ? 1200 : mtu * 19 / 20, mtu);
		end(&b);
	}
}

static bool
is_opened(struct udp_bed *b)
{
	return b->side[0].opened;
}

/* What cannot leave takes no room from what could. */
static void
probes_that_never_left_fill_no_window(void **state)
{
	struct udp_bed_options o = path;
	struct udp_bed b;

	(void)state;
	o.link.delay = 100000;
	o.link.mtu = 1472;
	o.link.mtu_told = true;
	begin(&b, &o, 0);
	b.side[0].finish = false;
	assert_true(udp_bed_until(&b, is_opened, MOST * GW_SEC));
	udp_bed_linger(&b, 350000);
	assert_in_range(
	    gw_udp_session_info(b.side[0].session).in_flight, 0, 1472);
	b.side[0].finish = true;
	udp_bed_linger(&b, 1);
	end(&b);
}

static bool
is_large(struct udp_bed *b)
{
	return size_of(b) == 1472;
}

/* Nor does what is to be sent wait for them at the pacer. */
static void
probes_that_never_left_cost_no_time(void **state)
{
	struct udp_bed_options o = path;
	struct udp_bed b;

	(void)state;
	o.link.delay = 100000;
	o.link.mtu = 1472;
	o.link.mtu_told = true;
	begin(&b, &o, 0);
	b.side[0].finish = false;
	assert_true(udp_bed_until(&b, is_large, MOST * GW_SEC));
	udp_bed_linger(&b, 2 * GW_MSEC);
	assert_true(gw_recovery_budget(&link_of(&b, 0)->recovery, b.now) > 0);
	b.side[0].finish = true;
	udp_bed_linger(&b, 1);
	end(&b);
}

/* A few bytes of one stream do not make a train of small packets of the data
 * of another one. */
static void
short_packets_go_alone(void **state)
{
	struct udp_bed_options o = path;
	struct udp_bed b;

	(void)state;
	o.link.mtu = 1472;
	o.link.mtu_told = true;
	begin(&b, &o, 300000);
	b.side[0].to_write[0] = 20;
	assert_true(udp_bed_until(&b, has_all, MOST * GW_SEC));
	assert_in_range(link_of(&b, 0)->datagrams_sent, 205, 235);
	end(&b);
}

/* As behind a router that rewrites addresses, and not the checksums of all
 * packets of a train. */
static void
trains_that_vanish_are_given_up(void **state)
{
	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		struct udp_bed b;

		begin(&b, &path, 3000000);
		b.side[1].to_write[1] = 1000000;
		b.side[side].no_trains = true;
		end(&b);
		assert_in_range(b.now - START, 0, 20 * GW_SEC);
	}
}

/* Probes that vanish are no congestion: it is as fast as without any. */
static void
connect_lost_mtu_probes_do_not_trigger_congestion_control(void **state)
{
	gw_usec took[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct udp_bed_options o = path;
		struct udp_bed b;

		o.link.mtu = 1200;
		o.link.queue = 0;
		o.no_growth = i == 1;
		o.congestion = GW_CONGESTION_CUBIC;
		begin(&b, &o, 5000000);
		assert_true(udp_bed_until(&b, has_all, MOST * GW_SEC));
		took[i] = b.now;
		end(&b);
	}
	assert_in_range(took[0] - START, 0, (took[1] - START) * 21 / 20);
}

/* quinn; picoquic mtu_drop_{bbr,cubic} */
static void
blackhole_after_mtu_change_repairs_itself(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		struct udp_bed_options o = path;
		struct net_link_options small;
		struct udp_bed b;

		o.congestion = i & 1 ? GW_CONGESTION_CUBIC : GW_CONGESTION_BBR;
		o.link.mtu = i & 2 ? 9000 : 1472;
		o.seed = i;
		begin(&b, &o, 10000000);
		udp_bed_linger(&b, 600000);
		assert_true(size_of(&b) > 1300);
		assert_false(has_all(&b));
		small = o.link;
		small.mtu = 1300;
		small.mtu_told = (i & 4) != 0;
		set_links(&b, &small);
		assert_true(udp_bed_until(&b, has_all, 30 * GW_SEC));
		end(&b);
	}
}

/* ---- ECN ---- */

static void
marks_slow_it_down_and_nothing_is_lost(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct udp_bed_options o = path;
		struct udp_bed b;

		o.congestion = i == 0 ? GW_CONGESTION_CUBIC : GW_CONGESTION_BBR;
		o.link.queue = 0;
		o.link.mark_above = 60000;
		begin(&b, &o, 20000000);
		assert_true(udp_bed_until(&b, has_all, MOST * GW_SEC));
		assert_true(net_counters(b.net, b.forth)->marked.datagrams > 0);
		assert_int_equal(net_dropped(b.net, b.forth).bytes, 0);
		assert_int_equal(
		    link_of(&b, 0)->recovery.ecn.state, GW_ECN_CAPABLE);
		/* Without an end of the queue, marks alone keep it short. */
		assert_true(net_counters(b.net, b.forth)->queue_most < 1000000);
		end(&b);
	}
}

static void
a_path_that_takes_marks_off_or_loses_them_gets_none(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct udp_bed_options o = path;
		struct udp_bed b;

		o.link.ecn_bleached = i == 0;
		o.link.ecn_lost = i == 1;
		begin(&b, &o, 5000000);
		assert_true(udp_bed_until(&b, has_all, 30 * GW_SEC));
		assert_int_equal(
		    link_of(&b, 0)->recovery.ecn.state, GW_ECN_FAILED);
		end(&b);
	}
}

/* ---- keys ---- */

/* interop keyupdate, picoquic key_rotation_stress: many times, while packets
 * overtake each other, are lost and come twice. */
static void
key_rotation_stress(void **state)
{
	struct udp_bed_options o = path;
	struct udp_bed b;

	(void)state;
	o.roll = 1000; /* four times what is in flight */
	o.no_growth = true;
	o.link.reorder = 0.05;
	o.link.reorder_by = 5000;
	o.link.loss = 0.005;
	o.link.duplicate = 0.02;
	begin(&b, &o, 25000000);
	assert_true(udp_bed_until(&b, has_all, MOST * GW_SEC));
	assert_true(link_of(&b, 0)->out.epoch >= 20);
	assert_true(link_of(&b, 1)->in.epoch >= 20);
	assert_true(link_of(&b, 1)->forged == 0);
	end(&b);
}

/* Old packets again, of all epochs: nothing comes of them. */
static void
packets_of_old_keys_are_nothing(void **state)
{
	static struct udp_wire w;
	struct udp_bed_options o = path;
	struct udp_bed b;

	(void)state;
	o.roll = 500;
	o.no_growth = true;
	begin(&b, &o, 3000000);
	udp_wire_watch(&w, &b);
	for (unsigned i = 0; i < 60; i++) {
		udp_bed_linger(&b, 10000);
		for (unsigned k = 0; k < w.n; k++)
			if (w.v[k].type == UDP_WIRE_SEALED)
				udp_wire_inject(&b, 1 - w.v[k].side,
				    &w.v[k].from, w.v[k].b, w.v[k].n);
	}
	end(&b);
}

/* ---- long and fat ---- */

/* 1 Gbit/s x 200 ms: 25 MB are under way. */
static void
gigabit_over_200_ms_runs_full(void **state)
{
	const struct udp_bed_options o = {
		.link = { .delay = 100000,
		    .rate = 1000000000,
		    .queue = 25000000 },
		.window = 64 << 20,
	};
	struct udp_bed b;
	uint64_t before;

	(void)state;
	begin(&b, &o, UINT64_C(4) << 30);
	udp_bed_linger(&b, 5 * GW_SEC);
	assert_true(b.side[1].opened);
	before = b.side[1].got[1];
	udp_bed_linger(&b, 4 * GW_SEC);
	/* More than 80 % of 500 MB. */
	assert_in_range((b.side[1].got[1] - before) / 1000000, 400, 500);
	assert_int_equal(b.side[1].wrong, 0);
	udp_bed_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connect_detects_mtu),
		cmocka_unit_test(trains_that_vanish_are_given_up),
		cmocka_unit_test(probes_that_never_left_fill_no_window),
		cmocka_unit_test(probes_that_never_left_cost_no_time),
		cmocka_unit_test(short_packets_go_alone),
		cmocka_unit_test(
		    connect_lost_mtu_probes_do_not_trigger_congestion_control),
		cmocka_unit_test(blackhole_after_mtu_change_repairs_itself),
		cmocka_unit_test(marks_slow_it_down_and_nothing_is_lost),
		cmocka_unit_test(
		    a_path_that_takes_marks_off_or_loses_them_gets_none),
		cmocka_unit_test(key_rotation_stress),
		cmocka_unit_test(packets_of_old_keys_are_nothing),
		cmocka_unit_test(gigabit_over_200_ms_runs_full),
	};

	return cmocka_run_group_tests_name("udp_links", tests, NULL, NULL);
}
