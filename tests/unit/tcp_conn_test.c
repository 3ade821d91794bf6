/* Sessions on real sockets: data, credit, ends of every kind. */
#include "run/tcp_conn.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "entrances.h"
#include "os/clock.h"

/* An owner that writes so much, and keeps count of what comes. */
struct owner {
	struct gw_conn *c;
	size_t to_write, written;
	uint64_t got;
	unsigned wrong, fins, closed;
	enum gw_err err;
	bool keeps_credit;
	uint64_t full_at; /* bytes; 0: never */
};

static uint8_t
byte_at(uint64_t at)
{
	return (uint8_t)(at * 31 + (at >> 13));
}

static void
take(struct owner *o, const struct gw_session_event *ev)
{
	switch (ev->kind) {
	case GW_SESSION_DATA:
		for (size_t i = 0; i < ev->data.bytes.n; i++)
			o->wrong += ev->data.bytes.p[i] != byte_at(o->got + i);
		o->got += ev->data.bytes.n;
		if (!o->keeps_credit)
			gw_session_credit(o->c->session, 1, ev->data.bytes.n);
		break;
	case GW_SESSION_FIN:
		o->fins++;
		break;
	default:
		o->closed++;
		o->err = ev->closed.err;
		break;
	}
}

static bool
on_ready(struct gw_conn *c, void *owner)
{
	struct owner *o = owner;
	struct gw_session_event ev;
	gw_usec now = gw_clock_now();
	uint8_t buf[30000];
	size_t n = 1;

	c->full = o->full_at != 0 && o->got >= o->full_at;
	while (!c->full && gw_session_event(c->session, &ev)) {
		take(o, &ev);
		c->full = o->full_at != 0 && o->got >= o->full_at;
	}
	while (n > 0 && o->written < o->to_write) {
		size_t want = o->to_write - o->written < sizeof buf
				  ? o->to_write - o->written
				  : sizeof buf;

		for (size_t i = 0; i < want; i++)
			buf[i] = byte_at(o->written + i);
		n = gw_session_write(c->session, 1, gw_slice(buf, want), now);
		o->written += n;
	}
	return o->written < o->to_write && !gw_session_blocked(c->session, 1);
}

struct pair {
	struct entrances e;
	struct owner v[2]; /* at the dial, at the listener */
};

static void
pair_open(struct pair *p)
{
	struct gw_dial_options o;

	memset(p, 0, sizeof *p);
	entrances_open(&p->e);
	entrances_listen(&p->e, "127.0.0.1");
	o = entrances_dial(&p->e, "127.0.0.1");
	entrances_start(&p->e, &o);
	entrances_until(&p->e, &p->e.at_dial.opened, 1);
	entrances_until(&p->e, &p->e.at_listener.opened, 1);
	p->v[0].c = p->e.at_dial.conn;
	p->v[1].c = p->e.at_listener.conn;
}

static void
own(struct pair *p, unsigned i)
{
	gw_conn_set_owner(p->v[i].c, on_ready, &p->v[i]);
	gw_loop_poke(&p->e.loop);
}

static void
pair_close(struct pair *p)
{
	assert_int_equal(p->v[0].wrong + p->v[1].wrong, 0);
	entrances_close(&p->e);
}

static void
let_go(struct pair *p, unsigned i)
{
	struct outcome *o = i == 0 ? &p->e.at_dial : &p->e.at_listener;

	gw_conn_close(p->v[i].c);
	o->conn = NULL;
	gw_loop_poke(&p->e.loop);
}

static void
until_got(struct pair *p, unsigned i, uint64_t bytes)
{
	gw_usec end = gw_clock_now() + 20 * GW_SEC;

	while (p->v[i].got < bytes) {
		assert_true(gw_clock_now() < end);
		(void)gw_loop_wait(&p->e.loop, 100);
	}
}

/* The last credit may still be under way when the last byte is there. */
static void
until_counts_agree(struct pair *p)
{
	gw_usec end = gw_clock_now() + 20 * GW_SEC;

	while (p->v[0].c->sent != p->v[1].c->received ||
	       p->v[1].c->sent != p->v[0].c->received) {
		assert_true(gw_clock_now() < end);
		(void)gw_loop_wait(&p->e.loop, 100);
	}
}

/* ---- data ---- */

static void
bytes_arrive_whole_and_in_order_both_ways_at_once(void **state)
{
	enum { MUCH = 5000000 };
	struct pair p;

	(void)state;
	pair_open(&p);
	p.v[0].to_write = p.v[1].to_write = MUCH;
	own(&p, 0);
	own(&p, 1);
	until_got(&p, 0, MUCH);
	until_got(&p, 1, MUCH);
	assert_true(p.v[0].c->sent > MUCH);
	assert_true(p.v[0].c->received > MUCH);
	until_counts_agree(&p);
	pair_close(&p);
}

static void
without_credit_no_more_than_the_window_comes(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	p.v[0].to_write = 4 * GW_STREAM_WINDOW;
	p.v[1].keeps_credit = true;
	own(&p, 0);
	own(&p, 1);
	until_got(&p, 1, GW_STREAM_WINDOW);
	entrances_run(&p.e, 100);
	assert_int_equal(p.v[1].got, GW_STREAM_WINDOW);
	p.v[1].keeps_credit = false;
	gw_session_credit(p.v[1].c->session, 1, GW_STREAM_WINDOW);
	gw_conn_kick(p.v[1].c); /* the credit is sent by that */
	gw_loop_poke(&p.e.loop);
	until_got(&p, 1, 4 * GW_STREAM_WINDOW);
	pair_close(&p);
}

/* Who needs room need not wait for the loop. */
static void
what_is_flushed_has_left(void **state)
{
	enum { MUCH = 50000 };
	static uint8_t bytes[MUCH];
	struct pair p;
	uint64_t before;

	(void)state;
	for (size_t i = 0; i < MUCH; i++)
		bytes[i] = byte_at(i);
	pair_open(&p);
	own(&p, 0);
	own(&p, 1);
	entrances_run(&p.e, 50);
	before = p.v[0].c->sent;
	assert_int_equal(gw_session_write(p.v[0].c->session, 1,
			     gw_slice(bytes, MUCH), gw_clock_now()),
	    MUCH);
	assert_int_equal(p.v[0].c->sent, before);
	gw_conn_flush(p.v[0].c);
	assert_true(p.v[0].c->sent >= before + MUCH);
	until_got(&p, 1, MUCH);
	pair_close(&p);
}

/* ---- without an owner ---- */

static unsigned
dispatches_in(struct pair *p, int ms)
{
	gw_usec end = gw_clock_now() + (gw_usec)ms * GW_MSEC;
	unsigned n = 0;

	while (gw_clock_now() < end)
		n += gw_loop_wait(&p->e.loop, 10) == GW_OK;
	return n;
}

/* A session that waits for the disk to be ready: its events wait, too. */
static void
what_comes_before_there_is_an_owner_waits_for_it_in_peace(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	p.v[0].to_write = 4 * GW_STREAM_WINDOW;
	own(&p, 0);
	entrances_run(&p.e, 200);
	assert_true(dispatches_in(&p, 300) < 50);
	assert_int_equal(p.v[1].got, 0);
	own(&p, 1);
	until_got(&p, 1, 4 * GW_STREAM_WINDOW);
	pair_close(&p);
}

static void
what_comes_to_a_full_owner_waits_in_peace_until_it_kicks(void **state)
{
	struct pair p;
	uint64_t got;

	(void)state;
	pair_open(&p);
	p.v[0].to_write = 4 * GW_STREAM_WINDOW;
	p.v[1].full_at = 100000;
	own(&p, 1);
	own(&p, 0);
	until_got(&p, 1, 100000);
	got = p.v[1].got;
	entrances_run(&p.e, 200);
	assert_true(dispatches_in(&p, 300) < 50);
	assert_int_equal(p.v[1].got, got);
	p.v[1].full_at = 0;
	gw_conn_kick(p.v[1].c);
	gw_loop_poke(&p.e.loop);
	until_got(&p, 1, 4 * GW_STREAM_WINDOW);
	pair_close(&p);
}

static void
an_end_before_there_is_an_owner_is_told_to_it(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	let_go(&p, 0);
	entrances_run(&p.e, 100);
	assert_true(dispatches_in(&p, 300) < 50);
	own(&p, 1);
	entrances_until(&p.e, &p.v[1].closed, 1);
	assert_int_equal(p.v[1].err, GW_E_LOST);
	pair_close(&p);
}

/* ---- ends ---- */

static void
a_sealed_end_of_both_is_a_good_one(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	own(&p, 0);
	own(&p, 1);
	gw_session_finish(p.v[0].c->session, gw_clock_now());
	gw_conn_kick(p.v[0].c);
	entrances_until(&p.e, &p.v[1].fins, 1);
	assert_int_equal(p.v[0].closed + p.v[1].closed, 0);
	gw_session_finish(p.v[1].c->session, gw_clock_now());
	gw_conn_kick(p.v[1].c);
	gw_loop_poke(&p.e.loop);
	for (unsigned i = 0; i < 2; i++) {
		entrances_until(&p.e, &p.v[i].closed, 1);
		assert_int_equal(p.v[i].err, GW_OK);
	}
	pair_close(&p);
}

static void
an_abort_reaches_the_peer_with_its_error(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	own(&p, 0);
	own(&p, 1);
	gw_session_abort(p.v[0].c->session, GW_E_SPACE, "full", gw_clock_now());
	let_go(&p, 0);
	entrances_until(&p.e, &p.v[1].closed, 1);
	assert_int_equal(p.v[1].err, GW_E_SPACE);
	pair_close(&p);
}

static void
a_half_closed_or_reset_connection_is_lost(void **state)
{
	struct linger now = { .l_onoff = 1 };

	(void)state;
	for (unsigned reset = 0; reset < 2; reset++) {
		struct pair p;

		pair_open(&p);
		own(&p, 1);
		if (reset)
			setsockopt(gw_tcp_conn_fd(p.v[0].c), SOL_SOCKET,
			    SO_LINGER, &now, sizeof now);
		assert_int_equal(shutdown(gw_tcp_conn_fd(p.v[0].c),
				     reset ? SHUT_RDWR : SHUT_WR),
		    0);
		entrances_until(&p.e, &p.v[1].closed, 1);
		assert_int_equal(p.v[1].err, GW_E_LOST);
		assert_int_equal(p.v[1].fins, 0);
		pair_close(&p);
	}
}

/* What was written before closing still arrives, whole. */
static void
closing_sends_what_is_left(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	p.v[0].to_write = GW_STREAM_WINDOW;
	own(&p, 0);
	while (p.v[0].written < p.v[0].to_write)
		(void)gw_loop_wait(&p.e.loop, 100);
	let_go(&p, 0);
	own(&p, 1);
	until_got(&p, 1, GW_STREAM_WINDOW);
	gw_conn_close(NULL);
	pair_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    bytes_arrive_whole_and_in_order_both_ways_at_once),
		cmocka_unit_test(what_is_flushed_has_left),
		cmocka_unit_test(without_credit_no_more_than_the_window_comes),
		cmocka_unit_test(
		    what_comes_before_there_is_an_owner_waits_for_it_in_peace),
		cmocka_unit_test(
		    what_comes_to_a_full_owner_waits_in_peace_until_it_kicks),
		cmocka_unit_test(an_end_before_there_is_an_owner_is_told_to_it),
		cmocka_unit_test(a_sealed_end_of_both_is_a_good_one),
		cmocka_unit_test(an_abort_reaches_the_peer_with_its_error),
		cmocka_unit_test(a_half_closed_or_reset_connection_is_lost),
		cmocka_unit_test(closing_sends_what_is_left),
	};

	return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
