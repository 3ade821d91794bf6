/* The other side is silent, gone, killed, or was started anew. */
#include <string.h>

#include "session/udp/udp_session_private.h"
#include "udp_story.h"
#include "udp_wire.h"
#include "unit/test.h"

static void
end(struct udp_story *t)
{
	udp_bed_fini(&t->b);
}

/* ---- one side is there no more ---- */

static void
last_ack_is_left_after_three_pto(void **state)
{
	struct udp_story t;
	gw_usec stayed;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	t.b.side[0].finish = true;
	t.b.side[1].answers = true;
	udp_story_await(&t, 1, GW_UDP_LAST_ACK);
	udp_story_kill(&t, 0, NET_GONE);
	udp_bed_linger(&t.b, 30 * GW_SEC);
	udp_story_assert_err(&t, 1, GW_OK);
	udp_story_assert(&t, 1, UDP_STORY_PASSIVE("SYN_RCVD"));
	stayed = t.side[1].at[GW_UDP_CLOSED] - t.side[1].at[GW_UDP_LAST_ACK];
	assert_true(stayed >= 7 * 2 * UDP_STORY_DELAY);
	assert_true(stayed <= 10 * GW_SEC);
	end(&t);
}

/* Data of LAST_ACK that nobody has is no good end. */
static void
last_ack_with_data_that_nobody_took_is_a_loss(void **state)
{
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	t.b.side[0].finish = true;
	udp_story_await(&t, 1, GW_UDP_CLOSE_WAIT);
	udp_story_kill(&t, 0, NET_GONE);
	t.b.side[1].to_write[1] = 50000;
	t.b.side[1].finish = true;
	udp_bed_linger(&t.b, 100 * GW_SEC);
	udp_story_assert_err(&t, 1, GW_E_LOST);
	udp_story_assert(&t, 1, UDP_STORY_PASSIVE("SYN_RCVD"));
	end(&t);
}

static void
nobody_answers_a_syn(void **state)
{
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_kill(&t, 1, NET_GONE);
	udp_bed_linger(&t.b, 30 * GW_SEC);
	udp_story_assert_err(&t, 0, GW_E_CONNECT);
	udp_story_assert(&t, 0, "SYN_SENT CLOSED");
	assert_true(
	    t.side[0].at[GW_UDP_CLOSED] <= UDP_STORY_START + 12 * GW_SEC);
	end(&t);
}

static void
connection_refused(void **state)
{
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_kill(&t, 1, NET_CLOSED);
	udp_bed_linger(&t.b, 30 * GW_SEC);
	udp_story_assert_err(&t, 0, GW_E_CONNECT);
	udp_story_assert(&t, 0, "SYN_SENT CLOSED");
	assert_true(t.side[0].at[GW_UDP_CLOSED] < UDP_STORY_START + GW_SEC);
	end(&t);

	/* Later: one notice may be forged, and that nothing comes is none. */
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	udp_story_kill(&t, 1, NET_CLOSED);
	t.b.side[0].to_write[1] = 100000;
	udp_bed_linger(&t.b, 30 * GW_SEC);
	udp_story_assert_err(&t, 0, GW_E_LOST);
	udp_story_assert(&t, 0, "SYN_SENT ESTABLISHED CLOSED");
	end(&t);

	/* In LAST_ACK it means that the other side is done. */
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	t.b.side[0].finish = true;
	t.b.side[1].answers = true;
	udp_story_await(&t, 1, GW_UDP_LAST_ACK);
	udp_story_kill(&t, 0, NET_CLOSED);
	udp_bed_linger(&t.b, 30 * GW_SEC);
	udp_story_assert_err(&t, 1, GW_OK);
	udp_story_assert(&t, 1, UDP_STORY_PASSIVE("SYN_RCVD"));
	assert_true(t.side[1].at[GW_UDP_CLOSED] <
		    t.side[1].at[GW_UDP_LAST_ACK] + 300000);
	end(&t);
}

/* Whoever dials is told at once, and not when it would say something again. */
static void
a_refusal_is_news_at_once(void **state)
{
	struct udp_bed b;
	struct gw_udp_endpoint *e;
	struct gw_udp_info i;

	(void)state;
	udp_bed_init(&b, &udp_story_quiet);
	udp_bed_dial(&b, &udp_story_quiet);
	udp_bed_linger(&b, 1000);
	e = b.side[0].endpoint;
	i = gw_udp_session_info(b.side[0].session);
	assert_true(gw_udp_endpoint_deadline(e) > b.now);
	gw_udp_endpoint_refused(e, &i.peer, b.now);
	assert_true(gw_udp_endpoint_deadline(e) <= b.now);
	assert_ptr_equal(gw_udp_endpoint_tick(e, b.now), b.side[0].session);
	udp_bed_fini(&b);
}

/* Three dials to one place, of which the second has left. */
static void
a_refusal_is_told_to_all_who_dial_there(void **state)
{
	struct gw_session *s[3];
	struct gw_path to, elsewhere;
	struct gw_udp_endpoint *e;
	struct udp_bed b;

	(void)state;
	udp_bed_init(&b, &udp_story_quiet);
	e = b.side[0].endpoint;
	for (unsigned i = 0; i < 3; i++) {
		udp_bed_dial(&b, &udp_story_quiet);
		s[i] = b.side[0].session;
	}
	to = elsewhere = gw_udp_session_of(s[0])->path;
	elsewhere.port++;
	gw_udp_endpoint_release(e, s[1], b.now);
	assert_int_equal(gw_udp_endpoint_count(e), 2);
	gw_udp_endpoint_refused(e, &elsewhere, b.now);
	assert_int_equal(gw_udp_session_of(s[0])->state, GW_UDP_SYN_SENT);
	assert_int_equal(gw_udp_session_of(s[2])->state, GW_UDP_SYN_SENT);
	memset(to.local, 1, sizeof(to.local)); /* that is no part of it */
	gw_udp_endpoint_refused(e, &to, b.now);
	assert_int_equal(gw_udp_session_of(s[0])->state, GW_UDP_CLOSED);
	assert_int_equal(gw_udp_session_of(s[2])->state, GW_UDP_CLOSED);
	udp_bed_fini(&b);
}

/* What comes to a session without an owner is nobody's news. */
static void
nobody_wakes_up_for_who_has_no_owner(void **state)
{
	struct udp_story t;
	struct gw_udp_endpoint *e;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	udp_story_bring(&t, 0, GW_UDP_FIN_WAIT_2);
	e = t.b.side[0].endpoint;
	udp_bed_release(&t.b.side[0]);
	t.b.side[1].to_write[1] = 1000;
	t.b.side[1].finish = true;
	udp_story_await(&t, 0, GW_UDP_TIME_WAIT);
	assert_true(gw_udp_endpoint_deadline(e) > t.b.now);
	udp_bed_linger(&t.b, 5 * GW_SEC);
	assert_int_equal(gw_udp_endpoint_count(e), 0);
	end(&t);
}

/* A router that restarts says so of who is behind it: that passes. */
static void
no_way_ends_a_dial_and_nothing_else(void **state)
{
	struct udp_story t;
	struct gw_udp_info i;
	struct udp_bed b;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	i = gw_udp_session_info(t.b.side[0].session);
	net_cut(t.b.net, t.b.back, 0, t.b.now + 5 * GW_SEC);
	for (unsigned k = 0; k < 20; k++) {
		udp_bed_linger(&t.b, 200000);
		gw_udp_endpoint_no_way(t.b.side[0].endpoint, &i.peer, t.b.now);
	}
	assert_false(t.b.side[0].closed);
	t.b.side[0].finish = t.b.side[1].answers = true;
	udp_bed_run(&t.b, 20 * GW_SEC);
	udp_story_assert_err(&t, 0, GW_OK);
	end(&t);

	udp_bed_init(&b, &udp_story_quiet);
	udp_bed_dial(&b, &udp_story_quiet);
	gw_udp_endpoint_no_way(b.side[0].endpoint, &i.peer, b.now);
	udp_bed_linger(&b, 1000);
	assert_int_equal(b.side[0].closed_event.closed.err, GW_E_CONNECT);
	udp_bed_fini(&b);
}

/* Who waits for another carrier may hear of the end before it goes on. */
static void
a_held_handshake_that_ended_says_no_more(void **state)
{
	static uint8_t out[1 << 16];
	struct gw_burst burst = { .buf = out, .cap = sizeof(out) };
	struct gw_udp_session *s;
	struct gw_session *base;
	struct udp_bed b;

	(void)state;
	udp_bed_init(&b, &udp_story_quiet);
	udp_bed_dial(&b, &udp_story_quiet);
	base = b.side[0].session;
	s = gw_udp_session_of(base);
	s->o.hold = true;
	udp_bed_linger(&b, 4 * UDP_STORY_DELAY);
	assert_true(gw_udp_session_reached(base) && s->held);
	gw_udp_session_close(s, &(struct gw_close){ .err = GW_E_REFUSED });
	gw_session_tick(base, b.now);
	gw_udp_session_go(base, b.now);
	assert_false(gw_udp_session_output(base, &burst, b.now));
	udp_bed_fini(&b);
}

/* Whoever never heard the RST hears it when it says something. */
static void
a_lost_reset_is_told_again(void **state)
{
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	net_cut(t.b.net, t.b.forth, 0, t.b.now + 20000);
	udp_bed_linger(&t.b, 1000);
	gw_session_abort(t.b.side[0].session, GW_E_DISK, "full", t.b.now);
	udp_bed_linger(&t.b, 100000);
	assert_false(t.b.side[1].closed);
	t.b.side[1].to_write[0] = 10;
	udp_bed_linger(&t.b, 5 * GW_SEC);
	assert_true(t.b.side[1].closed_event.closed.by_peer);
	end(&t);
}

static void
a_silent_peer_is_lost_in_every_state(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * UDP_STORY_OPEN_STATES; i++) {
		const enum gw_udp_state in = udp_story_open_states[i / 2];
		const unsigned side = i % 2;
		gw_usec from, at;
		struct udp_story t;
		bool is_well;

		udp_story_begin(&t, &udp_story_quiet);
		udp_story_bring(&t, side, in);
		from = t.b.now;
		udp_story_kill(&t, 1 - side, NET_GONE);
		udp_bed_linger(&t.b, 100 * GW_SEC);
		/* What ends CLOSING well may have been on its way. */
		is_well = t.b.side[side].closed_event.closed.err == GW_OK;
		udp_story_assert_err(&t, side, is_well ? GW_OK : GW_E_LOST);
		if (in != GW_UDP_CLOSING)
			assert_int_equal(is_well, in == GW_UDP_LAST_ACK);
		at = t.side[side].at[GW_UDP_CLOSED];
		if (!is_well)
			assert_in_range(
			    at, from + 59 * GW_SEC, from + 61 * GW_SEC);
		end(&t);
	}
}

/* ---- a side that was started anew ---- */

static void
start_anew(struct udp_story *t, uint8_t secret)
{
	struct udp_side *o = &t->b.side[1];
	struct gw_udp_endpoint_options eo = {
		.session = {
		    .self = &o->keys,
		    .name = "attic",
		    .window = GW_STREAM_WINDOW,
		    .random = t->b.random,
		    .door = t->b.door,
		},
		.secret = { secret },
	};

	gw_udp_endpoint_free(o->endpoint);
	o->session = NULL;
	o->opened = false;
	assert_int_equal(
	    gw_udp_endpoint_new(&eo, t->b.now, &o->endpoint), GW_OK);
}

static void
stateless_reset(void **state)
{
	(void)state;
	/* Data that flows, and the ping of a session that is idle. */
	for (unsigned i = 0; i < 2; i++) {
		struct udp_story t;

		udp_story_begin(&t, &udp_story_quiet);
		udp_story_open(&t);
		udp_bed_linger(&t.b, GW_SEC);
		start_anew(&t, 2);
		t.b.side[0].to_write[1] = i == 0 ? 100000 : 0;
		udp_bed_linger(&t.b, 4 * GW_SEC);
		udp_story_assert_err(&t, 0, GW_E_LOST);
		udp_story_assert(&t, 0, "SYN_SENT ESTABLISHED CLOSED");
		assert_true(
		    gw_udp_endpoint_stats(t.b.side[1].endpoint).resets > 0);
		end(&t);
	}
}

static void
a_reset_of_another_device_is_ignored(void **state)
{
	struct udp_story t;
	gw_usec from;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	udp_bed_linger(&t.b, GW_SEC);
	start_anew(&t, 77);
	from = t.b.now;
	t.b.side[0].to_write[1] = 100000;
	udp_bed_linger(&t.b, 100 * GW_SEC);
	assert_true(gw_udp_endpoint_stats(t.b.side[1].endpoint).resets > 0);
	udp_story_assert_err(&t, 0, GW_E_LOST);
	assert_true(t.side[0].at[GW_UDP_CLOSED] > from + 55 * GW_SEC);
	end(&t);
}

/* picoquic stateless_blowback, quinn stateless_reset_limit */
static void
resets_are_few_and_answer_nothing_that_is_smaller(void **state)
{
	const struct net_addr from = net_addr(1, 4639);
	uint8_t sealed[1200] = { 1, 2, 3, 4, 5, 6, 7, 8, 0x80 };
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	for (size_t n = 0; n <= 48; n++)
		udp_wire_inject(&t.b, 1, &from, sealed, n);
	udp_bed_linger(&t.b, 200000);
	assert_true(gw_udp_endpoint_stats(t.b.side[1].endpoint).resets <= 7);
	for (unsigned i = 0; i < 1000; i++)
		udp_wire_inject(&t.b, 1, &from, sealed, sizeof(sealed));
	udp_bed_linger(&t.b, 2 * GW_SEC);
	assert_true(gw_udp_endpoint_stats(t.b.side[1].endpoint).resets <= 60);
	end(&t);
}

/* Whatever was due when it ended: it goes, and asks for no more time. */
static void
what_is_over_leaves_nothing_behind(void **state)
{
	static struct udp_wire w;
	const struct udp_wire_seen *ack;
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_wire_watch(&w, &t.b);
	udp_wire_drop(&w, UDP_WIRE_SEALED, 2);
	while ((ack = udp_wire_nth(&w, GW_HELLO_ACK, 0)) == NULL ||
	       !t.b.side[1].opened)
		udp_bed_linger(&t.b, 1000);
	gw_session_abort(t.b.side[1].session, GW_E_DISK, "full", t.b.now);
	udp_bed_linger(&t.b, 1000);
	/* It would be told that the keys are there, and they are no more. */
	udp_wire_inject(&t.b, 1, &ack->from, ack->b, ack->n);
	udp_bed_linger(&t.b, 20 * GW_SEC);
	assert_int_equal(gw_udp_endpoint_count(t.b.side[1].endpoint), 0);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_ack_is_left_after_three_pto),
		cmocka_unit_test(last_ack_with_data_that_nobody_took_is_a_loss),
		cmocka_unit_test(nobody_answers_a_syn),
		cmocka_unit_test(connection_refused),
		cmocka_unit_test(a_refusal_is_news_at_once),
		cmocka_unit_test(a_refusal_is_told_to_all_who_dial_there),
		cmocka_unit_test(no_way_ends_a_dial_and_nothing_else),
		cmocka_unit_test(a_held_handshake_that_ended_says_no_more),
		cmocka_unit_test(nobody_wakes_up_for_who_has_no_owner),
		cmocka_unit_test(a_lost_reset_is_told_again),
		cmocka_unit_test(a_silent_peer_is_lost_in_every_state),
		cmocka_unit_test(stateless_reset),
		cmocka_unit_test(a_reset_of_another_device_is_ignored),
		cmocka_unit_test(what_is_over_leaves_nothing_behind),
		cmocka_unit_test(
		    resets_are_few_and_answer_nothing_that_is_smaller),
	};

	return cmocka_run_group_tests_name("udp_gone", tests, NULL, NULL);
}
