/* Datagrams in a session, and streams that are given up, on both carriers. */
#include <string.h>

#include "check.h"
#include "session/udp/udp_session_private.h"
#include "udp_bed.h"
#include "unit/test.h"

/* ---- udp ---- */

static void
begin(struct udp_bed *b, const struct udp_bed_options *o)
{
	udp_bed_init(b, o);
	udp_bed_dial(b, o);
}

static bool
both_open(struct udp_bed *b)
{
	return b->side[0].opened && b->side[1].opened;
}

/* Both close, and all went well. */
static void
end(struct udp_bed *b)
{
	b->side[0].finish = b->side[1].answers = true;
	udp_bed_run(b, 600 * GW_SEC);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(b->side[i].wrong, 0);
		assert_true(b->side[i].fin && b->side[i].closed);
		assert_true(b->side[i].closed_event.closed.err == GW_OK ||
			    udp_bed_is_unsure(&b->side[i]));
	}
	udp_bed_fini(b);
}

static enum gw_err
say(struct udp_bed *b, unsigned from, size_t n)
{
	struct gw_session *s = b->side[from].session;
	uint8_t bytes[20000];
	enum gw_err err;

	assert_true(n <= sizeof(bytes));
	memset(bytes, (uint8_t)n, n);
	err = gw_session_datagram(s, gw_slice(bytes, n), b->now);
	gw_udp_endpoint_touch(b->side[from].endpoint, s);
	return err;
}

static void
datagrams_of_every_size_arrive_beside_a_stream(void **state)
{
	const struct udp_bed_options o = { .link = { .delay = 10000,
					       .rate = 100000000 } };
	uint64_t sent = 0, bytes = 0;
	struct udp_bed b;

	(void)state;
	begin(&b, &o);
	b.side[0].to_write[1] = 2000000;
	assert_true(udp_bed_until(&b, both_open, 10 * GW_SEC));
	for (size_t n = 0; n <= 1100; n += 7) {
		for (unsigned i = 0; i < 2; i++)
			assert_int_equal(say(&b, i, n), GW_OK);
		sent++;
		bytes += n;
		udp_bed_linger(&b, 5000);
	}
	udp_bed_linger(&b, GW_SEC);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(b.side[i].datagrams, sent);
		assert_int_equal(b.side[i].datagram_bytes, bytes);
	}
	end(&b);
}

static void
the_largest_is_told_and_no_larger_one_is_taken(void **state)
{
	const struct udp_bed_options o = {
		.link = { .delay = 10000, .rate = 100000000, .mtu = 9000 }
	};
	struct udp_bed b;
	size_t first, most;

	(void)state;
	begin(&b, &o);
	assert_true(udp_bed_until(&b, both_open, 10 * GW_SEC));
	first = gw_session_datagram_max(b.side[0].session);
	assert_int_equal(first, GW_PACKET_MIN - 48);
	assert_int_equal(say(&b, 0, first + 1), GW_E_LIMIT);
	assert_int_equal(say(&b, 0, first), GW_OK);
	udp_bed_linger(&b, 10 * GW_SEC);
	assert_int_equal(b.side[1].datagrams, 1);
	most = gw_session_datagram_max(b.side[0].session);
	assert_true(most > 8000); /* the path was found to take more */
	assert_int_equal(say(&b, 0, most + 1), GW_E_LIMIT);
	assert_int_equal(say(&b, 0, most), GW_OK);
	udp_bed_linger(&b, GW_SEC);
	assert_int_equal(b.side[1].datagrams, 2);
	assert_int_equal(b.side[1].datagram_bytes, first + most);
	end(&b);
}

static void
what_a_narrower_path_takes_no_more_is_dropped_and_counted(void **state)
{
	const struct udp_bed_options o = {
		.link = { .delay = 10000, .rate = 100000000, .mtu = 9000 }
	};
	struct udp_bed b;

	(void)state;
	begin(&b, &o);
	assert_true(udp_bed_until(&b, both_open, 10 * GW_SEC));
	udp_bed_linger(&b, 10 * GW_SEC);
	assert_int_equal(say(&b, 0, 8000), GW_OK);
	assert_int_equal(say(&b, 0, 100), GW_OK);
	gw_udp_session_too_large(b.side[0].session, 1400, b.now);
	udp_bed_linger(&b, GW_SEC);
	assert_int_equal(
	    gw_udp_session_info(b.side[0].session).messages_dropped, 1);
	assert_int_equal(b.side[1].datagrams, 1);
	assert_int_equal(b.side[1].datagram_bytes, 100);
	end(&b);
}

static void
a_lost_datagram_is_not_sent_again(void **state)
{
	const struct udp_bed_options o = { .seed = 3,
		.link = { .delay = 10000, .rate = 10000000, .loss = 0.2 } };
	struct udp_bed b;
	uint64_t lost;

	(void)state;
	begin(&b, &o);
	assert_true(udp_bed_until(&b, both_open, 60 * GW_SEC));
	for (unsigned i = 0; i < 500; i++) {
		assert_int_equal(say(&b, 0, 1000), GW_OK);
		udp_bed_linger(&b, 10000);
	}
	udp_bed_linger(&b, 20 * GW_SEC);
	lost = gw_udp_session_info(b.side[0].session).messages_lost;
	assert_in_range(b.side[1].datagrams, 300, 480);
	assert_true(lost >= 500 - b.side[1].datagrams);
	end(&b);
}

static void
the_queue_is_bounded_and_congestion_control_empties_it(void **state)
{
	const struct udp_bed_options o = {
		.link = { .delay = 20000, .rate = 2000000, .queue = 500000 }
	};
	unsigned taken = 0;
	struct udp_bed b;

	(void)state;
	begin(&b, &o);
	assert_true(udp_bed_until(&b, both_open, 10 * GW_SEC));
	while (say(&b, 0, 1100) == GW_OK)
		taken++;
	assert_int_equal(say(&b, 0, 1100), GW_E_AGAIN);
	assert_in_range(taken, 200, GW_QUEUE_MESSAGES);
	udp_bed_linger(&b, 10 * GW_SEC);
	assert_int_equal(say(&b, 0, 1100), GW_OK);
	udp_bed_linger(&b, GW_SEC);
	assert_int_equal(b.side[1].datagrams, taken + 1);
	end(&b);
}

static void
after_fin_there_are_none(void **state)
{
	const struct udp_bed_options o = { .link = { .delay = 10000 } };
	struct udp_bed b;

	(void)state;
	begin(&b, &o);
	assert_int_equal(gw_session_datagram_max(b.side[0].session), 0);
	assert_int_equal(say(&b, 0, 1), GW_E_LOST);
	assert_true(udp_bed_until(&b, both_open, 10 * GW_SEC));
	gw_session_finish(b.side[0].session, b.now);
	assert_int_equal(gw_session_datagram_max(b.side[0].session), 0);
	assert_int_equal(say(&b, 0, 1), GW_E_LOST);
	assert_int_equal(say(&b, 1, 1), GW_OK);
	udp_bed_linger(&b, GW_SEC);
	assert_int_equal(b.side[0].datagrams, 1);
	b.side[0].finished = true;
	end(&b);
}

/* Its owner pulls nothing for several turns of the loop: what waits is copied
 * once, and no later one may lie in a packet that has gone. */
static void
what_waits_lies_in_no_packet(void **state)
{
	static struct gw_udp_streams st;
	struct gw_session_event ev;
	uint8_t packet[3] = { 1, 1, 1 };

	(void)state;
	gw_udp_streams_init(&st, GW_STREAM_WINDOW, GW_STREAM_WINDOW);
	for (uint8_t i = 1; i < 4; i++) {
		memset(packet, i, sizeof(packet));
		gw_udp_streams_datagram(&st, gw_slice(packet, sizeof(packet)));
		assert_int_equal(gw_udp_streams_keep(&st), GW_OK);
	}
	memset(packet, 0xff, sizeof(packet));
	assert_true(gw_udp_streams_event(&st, &ev));
	assert_int_equal(ev.datagram.n, 3);
	assert_int_equal(ev.datagram.p[2], 1);
	while (gw_udp_streams_event(&st, &ev))
		assert_true(ev.datagram.p[0] != 0xff);

	/* All was pulled: it is as before. */
	gw_udp_streams_datagram(&st, gw_slice(packet, sizeof(packet)));
	assert_int_equal(gw_udp_streams_keep(&st), GW_OK);
	memset(packet, 0, sizeof(packet));
	assert_true(gw_udp_streams_event(&st, &ev));
	assert_int_equal(ev.datagram.p[0], 0xff);
	gw_udp_streams_fini(&st);
}

/* ---- streams that are given up ---- */

static void
give_up(struct udp_bed *b, unsigned side, uint16_t stream, uint64_t code)
{
	struct gw_session *s = b->side[side].session;

	gw_session_reset(s, stream, code);
	gw_udp_endpoint_touch(b->side[side].endpoint, s);
	b->side[side].to_write[stream] = b->side[side].written[stream];
}

static bool
has_some(struct udp_bed *b)
{
	return b->side[1].got[1] > 100000;
}

static void
a_stream_that_is_given_up_ends_and_others_go_on(void **state)
{
	struct udp_bed_options o = { .window = 4 << 20 };
	struct udp_bed b;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		o.seed = seed;
		o.link = (struct net_link_options){ .delay = 20000,
			.rate = 20000000,
			.queue = 100000,
			.loss = (double)(seed % 5) / 20,
			.reorder = (double)(seed % 3) / 10,
			.reorder_by = 10000 };
		begin(&b, &o);
		b.side[0].to_write[1] = 3000000;
		b.side[0].to_write[0] = 400000;
		b.side[1].to_write[0] = 200000;
		assert_true(udp_bed_until(&b, has_some, 60 * GW_SEC));
		give_up(&b, 0, 1, 77);
		assert_int_equal(gw_session_write(b.side[0].session, 1,
				     gw_slice("x", 1), b.now),
		    0);
		end(&b);
		assert_true(b.side[1].reset[1]);
		assert_int_equal(b.side[1].reset_code, 77);
		assert_false(b.side[1].ended[1]);
		assert_false(b.side[1].reset[0]);
		assert_int_equal(b.side[1].got[0], 400000);
		assert_int_equal(b.side[0].got[0], 200000);
	}
}

static void
giving_up_what_has_arrived_changes_nothing(void **state)
{
	const struct udp_bed_options o = { .link = { .delay = 10000 } };
	struct udp_bed b;

	(void)state;
	begin(&b, &o);
	b.side[0].to_write[1] = 1000;
	assert_true(udp_bed_until(&b, both_open, 10 * GW_SEC));
	udp_bed_linger(&b, 5 * GW_SEC);
	assert_true(b.side[1].ended[1]);
	give_up(&b, 0, 1, 5);
	end(&b);
	assert_false(b.side[1].reset[1]);
}

static void
giving_up_a_held_stream_frees_the_session_for_others(void **state)
{
	const struct udp_bed_options o = { .link = { .delay = 10000 } };
	struct udp_bed b;
	bool held;

	(void)state;
	begin(&b, &o);
	b.side[1].no_credit = true;
	b.side[0].to_write[1] = 3000000;
	udp_bed_linger(&b, 5 * GW_SEC);
	assert_int_equal(b.side[1].got[1], GW_STREAM_WINDOW);
	assert_true(gw_session_unsent(b.side[0].session, 1, &held) > 0);
	assert_true(held);
	give_up(&b, 0, 1, 1);
	assert_int_equal(gw_session_unsent(b.side[0].session, 1, &held), 0);
	udp_bed_linger(&b, GW_SEC);
	assert_true(b.side[1].reset[1]);
	b.side[1].no_credit = false;
	b.side[0].to_write[0] = 3000000;
	end(&b);
	assert_int_equal(b.side[1].got[0], 3000000);
}

/* ---- tcp ---- */

static void
datagrams_come_in_records_of_their_own(void **state)
{
	static const uint8_t bytes[GW_PACKET_MAX + 1];
	struct gw_session *s;
	struct pair p;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ 0 });
	s = p.side[0].session;
	assert_int_equal(gw_session_datagram_max(s), GW_PACKET_MAX);
	assert_int_equal(
	    gw_session_datagram(s, gw_slice(bytes, sizeof(bytes)), p.now),
	    GW_E_LIMIT);
	assert_int_equal(
	    gw_session_datagram(s, gw_slice(bytes, GW_PACKET_MAX), p.now),
	    GW_OK);
	assert_int_equal(
	    gw_session_datagram(s, gw_slice(bytes, 0), p.now), GW_OK);
	check_send(&p, 0, 3, 1000);
	assert_int_equal(p.side[1].datagrams, 2);
	assert_int_equal(p.side[1].datagram_bytes, GW_PACKET_MAX);
	for (unsigned i = 0; i < GW_QUEUE_MESSAGES; i++)
		assert_int_equal(
		    gw_session_datagram(s, gw_slice(bytes, 10), p.now), GW_OK);
	assert_int_equal(
	    gw_session_datagram(s, gw_slice(bytes, 10), p.now), GW_E_AGAIN);
	/* What was taken goes before the FIN. */
	gw_session_finish(s, p.now);
	assert_int_equal(gw_session_datagram_max(s), 0);
	assert_int_equal(
	    gw_session_datagram(s, gw_slice(bytes, 10), p.now), GW_E_LOST);
	pair_run(&p);
	assert_int_equal(p.side[1].datagrams, 2 + GW_QUEUE_MESSAGES);
	assert_true(p.side[1].fin);
	pair_fini(&p);
}

static void
a_stream_in_records_is_given_up_once(void **state)
{
	struct gw_session *s;
	struct pair p;
	bool held;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ 0 });
	s = p.side[0].session;
	p.side[1].no_credit = true;
	check_send(&p, 0, 3, GW_STREAM_WINDOW);
	assert_int_equal(gw_session_unsent(s, 3, &held), 0);
	assert_true(held);
	gw_session_reset(s, 3, 99);
	gw_session_reset(s, 3, 98);
	assert_int_equal(gw_session_write(s, 3, gw_slice("x", 1), p.now), 0);
	pair_run(&p);
	assert_true(p.side[1].reset[3]);
	assert_int_equal(p.side[1].reset_code, 98);
	gw_session_reset(s, 3, 97);
	check_send(&p, 0, 5, 1000);
	gw_session_end(s, 5);
	pair_run(&p);
	gw_session_reset(s, 5, 1);
	pair_run(&p);
	assert_true(p.side[1].ended[5]);
	assert_false(p.side[1].reset[5]);
	assert_false(p.side[1].closed);
	pair_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    datagrams_of_every_size_arrive_beside_a_stream),
		cmocka_unit_test(
		    the_largest_is_told_and_no_larger_one_is_taken),
		cmocka_unit_test(
		    what_a_narrower_path_takes_no_more_is_dropped_and_counted),
		cmocka_unit_test(a_lost_datagram_is_not_sent_again),
		cmocka_unit_test(what_waits_lies_in_no_packet),
		cmocka_unit_test(
		    the_queue_is_bounded_and_congestion_control_empties_it),
		cmocka_unit_test(after_fin_there_are_none),
		cmocka_unit_test(
		    a_stream_that_is_given_up_ends_and_others_go_on),
		cmocka_unit_test(giving_up_what_has_arrived_changes_nothing),
		cmocka_unit_test(
		    giving_up_a_held_stream_frees_the_session_for_others),
		cmocka_unit_test(datagrams_come_in_records_of_their_own),
		cmocka_unit_test(a_stream_in_records_is_given_up_once),
	};

	return cmocka_run_group_tests_name("datagrams", tests, NULL, NULL);
}
