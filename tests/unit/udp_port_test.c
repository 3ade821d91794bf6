/* Sessions over real UDP sockets, on one loop. */
#include "run/udp_port.h"

#include <string.h>

#include "crypto/kdf.h"
#include "os/clock.h"
#include "os/random.h"
#include "run/udp_port_private.h"
#include "test.h"

#define CODE "7-crane-otter"

enum { WINDOW = 4 << 20 };

struct side {
	struct gw_keypair keys;
	struct gw_udp_port *port;
	struct gw_conn *c;
	struct gw_session_event closed_event;
	bool opened, fin, closed, finish;
	bool busy;
	unsigned asked;
	unsigned pulls; /* events that it takes at a time; 0: all */
	uint64_t to_write, written, got, wrong;
};

struct bed {
	struct gw_loop loop;
	struct gw_door *door;
	struct side v[2];
};

static uint8_t
byte_at(uint64_t at)
{
	return (uint8_t)(at * 31 + (at >> 13));
}

static void
take(struct side *o, const struct gw_session_event *ev)
{
	switch (ev->kind) {
	case GW_SESSION_OPENED:
		o->opened = true;
		o->c->authenticated = true;
		break;
	case GW_SESSION_DATA:
		for (size_t i = 0; i < ev->data.bytes.n; i++)
			o->wrong += ev->data.bytes.p[i] != byte_at(o->got + i);
		o->got += ev->data.bytes.n;
		gw_session_credit(o->c->session, 1, ev->data.bytes.n);
		break;
	case GW_SESSION_RESET:
	case GW_SESSION_DATAGRAM:
		break;
	case GW_SESSION_FIN:
		o->fin = true;
		break;
	case GW_SESSION_CLOSED:
		o->closed = true;
		o->closed_event = *ev;
		break;
	}
}

static bool
on_ready(struct gw_conn *c, void *owner)
{
	struct side *o = owner;
	struct gw_session_event ev;
	gw_usec now = gw_clock_now();
	uint8_t buf[30000];
	size_t n = 1;

	if (o->busy) {
		c->full = true;
		return false;
	}
	for (unsigned i = 0; o->pulls == 0 || i < o->pulls; i++) {
		if (!gw_session_event(c->session, &ev))
			break;
		take(o, &ev);
	}
	c->full = o->pulls != 0;
	while (o->opened && n > 0 && o->written < o->to_write) {
		size_t want = o->to_write - o->written < sizeof buf
				  ? (size_t)(o->to_write - o->written)
				  : sizeof buf;

		for (size_t i = 0; i < want; i++)
			buf[i] = byte_at(o->written + i);
		n = gw_session_write(c->session, 1, gw_slice(buf, want), now);
		o->written += n;
	}
	if (o->opened && o->written == o->to_write && (o->finish || o->fin)) {
		o->finish = false;
		gw_session_finish(c->session, now);
	}
	return o->written < o->to_write && !gw_session_blocked(c->session, 1);
}

static void
on_came(void *arg, struct gw_conn *c, uint32_t evicted)
{
	struct bed *b = arg;

	assert_int_equal(evicted, 0);
	assert_null(b->v[1].c);
	b->v[1].c = c;
	gw_conn_set_owner(c, on_ready, &b->v[1]);
}

static struct gw_session_options
options(struct bed *b, unsigned i)
{
	return (struct gw_session_options){
		.initiator = i == 0,
		.self = &b->v[i].keys,
		.name = i == 0 ? "kitchen" : "attic",
		.prefer_aes = true,
		.window = WINDOW,
		.random = gw_random_os(),
		.mode = GW_MODE_CODE,
		.code = CODE,
		.door = i == 1 ? b->door : NULL,
	};
}

static void
bed_open(struct bed *b, const char *address)
{
	struct gw_why why = { "" };

	memset(b, 0, sizeof *b);
	assert_true(gw_crypto_start());
	assert_int_equal(gw_loop_init(&b->loop), GW_OK);
	assert_int_equal(gw_door_new(&b->door), GW_OK);
	assert_int_equal(gw_door_set_code(b->door, CODE), GW_OK);
	for (unsigned i = 0; i < 2; i++) {
		uint8_t seed[32] = { (uint8_t)(i + 1) };
		struct gw_udp_port_options o = {
			.loop = &b->loop,
			.address = address,
			.came = on_came,
			.arg = b,
		};

		gw_keypair_from(seed, &b->v[i].keys);
		o.endpoint.session = options(b, i);
		if (gw_udp_port_open(&o, &why, &b->v[i].port) != GW_OK)
			fail_msg("%s", why.text);
	}
}

static void
bed_dial(struct bed *b, const char *address)
{
	struct gw_session_options so = options(b, 0);
	struct gw_why why = { "" };
	struct gw_addr to;

	assert_int_equal(
	    gw_addr_parse(&to, address, gw_udp_port_number(b->v[1].port), &why),
	    GW_OK);
	assert_int_equal(
	    gw_udp_port_connect(b->v[0].port, &so, &to, &b->v[0].c), GW_OK);
	gw_conn_set_owner(b->v[0].c, on_ready, &b->v[0]);
	gw_loop_poke(&b->loop);
}

static void
bed_run(struct bed *b)
{
	gw_usec end = gw_clock_now() + 60 * GW_SEC;

	while (!b->v[0].closed || !b->v[1].closed) {
		assert_true(gw_clock_now() < end);
		(void)gw_loop_wait(&b->loop, 100);
		for (unsigned i = 0; i < 2; i++)
			if (b->v[i].pulls != 0 && b->v[i].c != NULL)
				gw_conn_kick(b->v[i].c);
	}
}

static void
bed_close(struct bed *b)
{
	for (unsigned i = 0; i < 2; i++) {
		gw_conn_close(b->v[i].c);
		gw_udp_port_close(b->v[i].port);
	}
	gw_loop_fini(&b->loop);
	gw_door_free(b->door);
}

static void
move(const char *address, uint64_t forth, uint64_t back)
{
	struct bed b;
	gw_usec since;

	bed_open(&b, address);
	b.v[0].to_write = forth;
	b.v[1].to_write = back;
	b.v[0].finish = true;
	since = gw_clock_now();
	bed_dial(&b, address);
	bed_run(&b);
	print_message("%zu bytes in %.3f s\n", forth + back,
	    (double)(gw_clock_now() - since) / 1e6);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(b.v[i].opened);
		assert_true(b.v[i].fin);
		assert_int_equal(b.v[i].wrong, 0);
		assert_int_equal(b.v[i].closed_event.closed.err, GW_OK);
		assert_int_equal(b.v[i].got, b.v[1 - i].to_write);
		assert_string_equal(b.v[i].c->carrier, "udp");
	}
	bed_close(&b);
}

static void
data_goes_both_ways_and_ends_well(void **state)
{
	(void)state;
	move("127.0.0.1", 20000000, 3000000);
	move("::1", 3000000, 0);
	move("127.0.0.1", 0, 0);
}

/* What it leaves for later is not touched by what comes meanwhile. */
static void
an_owner_takes_its_time(void **state)
{
	struct bed b;

	(void)state;
	bed_open(&b, "127.0.0.1");
	b.v[0].to_write = 20000000;
	b.v[0].finish = true;
	b.v[1].pulls = 3;
	bed_dial(&b, "127.0.0.1");
	bed_run(&b);
	assert_int_equal(b.v[1].got, b.v[0].to_write);
	assert_int_equal(b.v[1].wrong, 0);
	bed_close(&b);
}

/* An event that nobody takes is no reason to run. */
static void
an_owner_who_is_full_is_not_asked_all_the_time(void **state)
{
	struct bed b;
	gw_usec end;
	unsigned turns = 0;

	(void)state;
	bed_open(&b, "127.0.0.1");
	b.v[0].to_write = 20000000;
	bed_dial(&b, "127.0.0.1");
	while (b.v[1].got == 0)
		(void)gw_loop_wait(&b.loop, 100);
	b.v[1].busy = true;
	end = gw_clock_now() + 2 * GW_SEC; /* its windows fill */
	while (gw_clock_now() < end)
		(void)gw_loop_wait(&b.loop, 100);
	for (end += GW_SEC; gw_clock_now() < end; turns++)
		(void)gw_loop_wait(&b.loop, 100);
	assert_in_range(turns, 0, 1000);
	bed_close(&b);
}

static bool
on_eager(struct gw_conn *c, void *owner)
{
	struct side *o = owner;

	o->asked++;
	(void)on_ready(c, owner);
	return true;
}

/* That it has more to write is no reason to run either, while nothing leaves
 * that could make room. */
static void
an_owner_who_waits_for_room_is_not_asked_all_the_time(void **state)
{
	struct bed b;
	gw_usec end;

	(void)state;
	bed_open(&b, "127.0.0.1");
	b.v[0].to_write = 100000;
	bed_dial(&b, "127.0.0.1");
	while (b.v[1].got < b.v[0].to_write)
		(void)gw_loop_wait(&b.loop, 100);
	gw_conn_set_owner(b.v[0].c, on_eager, &b.v[0]);
	gw_loop_poke(&b.loop);
	for (end = gw_clock_now() + GW_SEC; gw_clock_now() < end;)
		(void)gw_loop_wait(&b.loop, 100);
	assert_in_range(b.v[0].asked, 1, 1000);
	bed_close(&b);
}

/* Who needs room need not wait for the loop. */
static void
what_is_flushed_has_left(void **state)
{
	static uint8_t bytes[5000];
	struct gw_session *s;
	struct bed b;
	bool held;

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = byte_at(i);
	bed_open(&b, "127.0.0.1");
	bed_dial(&b, "127.0.0.1");
	while (!b.v[0].opened || !b.v[1].opened)
		(void)gw_loop_wait(&b.loop, 100);
	s = b.v[0].c->session;
	assert_int_equal(gw_session_write(s, 1, gw_slice(bytes, sizeof bytes),
			     gw_clock_now()),
	    sizeof bytes);
	assert_int_equal(gw_session_unsent(s, 1, &held), sizeof bytes);
	gw_conn_flush(b.v[0].c);
	/* All of it, unless it is paced: a slow machine has a long path. */
	assert_true(gw_session_unsent(s, 1, &held) < sizeof bytes);
	while (b.v[1].got < sizeof bytes)
		(void)gw_loop_wait(&b.loop, 100);
	assert_int_equal(b.v[1].wrong, 0);
	bed_close(&b);
}

static bool
on_lost(struct gw_conn *c, void *owner)
{
	struct side *o = owner;

	o->closed = o->closed || gw_session_event(c->session, &o->closed_event);
	return false;
}

/* libuv stops watching a socket that has something in its error queue. */
static void
what_icmp_says_makes_nobody_deaf(void **state)
{
	struct side lost = { .closed = false };
	struct bed b;
	struct gw_session_options so;
	struct gw_addr nobody;
	struct gw_why why = { "" };

	(void)state;
	bed_open(&b, "127.0.0.1");
	so = options(&b, 0);
	assert_int_equal(gw_addr_parse(&nobody, "127.0.0.1", 9, &why), GW_OK);
	assert_int_equal(
	    gw_udp_port_connect(b.v[1].port, &so, &nobody, &lost.c), GW_OK);
	gw_conn_set_owner(lost.c, on_lost, &lost);
	gw_loop_poke(&b.loop);
	while (!lost.closed)
		(void)gw_loop_wait(&b.loop, 100);
	assert_int_equal(lost.closed_event.closed.err, GW_E_CONNECT);
	gw_conn_close(lost.c);

	b.v[0].to_write = 100000;
	b.v[0].finish = true;
	bed_dial(&b, "127.0.0.1");
	bed_run(&b);
	assert_int_equal(b.v[1].got, 100000);
	bed_close(&b);
}

/* More than it takes in a turn, and nothing after it to wake it up. */
static void
all_that_came_is_looked_at(void **state)
{
	enum { TRAINS = 32, SEGMENT = 20 };
	static uint8_t junk[GW_TRAIN_SEGMENTS * SEGMENT];
	const gw_usec until = gw_clock_now() + 2 * GW_SEC;
	struct gw_udp_socket from;
	struct gw_burst burst = {
		.buf = junk, .len = sizeof junk, .segment = SEGMENT
	};
	struct gw_why why = { "" };
	struct gw_addr to;
	struct bed b;
	size_t at, too_large;
	uint64_t came = 0;

	(void)state;
	bed_open(&b, "127.0.0.1");
	assert_int_equal(
	    gw_udp_socket_open(&from, "127.0.0.1", 0, &why), GW_OK);
	assert_int_equal(gw_addr_parse(&to, "127.0.0.1",
			     gw_udp_port_number(b.v[1].port), &why),
	    GW_OK);
	gw_path_from_addr(&to, &burst.to);
	for (unsigned i = 0; i < TRAINS; i++) {
		at = 0;
		assert_true(gw_udp_socket_send(&from, &burst, &at, &too_large));
	}
	while (came < TRAINS * GW_TRAIN_SEGMENTS && gw_clock_now() < until) {
		(void)gw_loop_wait(&b.loop, 50);
		came = gw_udp_endpoint_stats(b.v[1].port->endpoint).strangers;
	}
	assert_int_equal(came, TRAINS * GW_TRAIN_SEGMENTS);
	gw_udp_socket_close(&from);
	bed_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_goes_both_ways_and_ends_well),
		cmocka_unit_test(an_owner_takes_its_time),
		cmocka_unit_test(
		    an_owner_who_is_full_is_not_asked_all_the_time),
		cmocka_unit_test(
		    an_owner_who_waits_for_room_is_not_asked_all_the_time),
		cmocka_unit_test(what_is_flushed_has_left),
		cmocka_unit_test(what_icmp_says_makes_nobody_deaf),
		cmocka_unit_test(all_that_came_is_looked_at),
	};

	return cmocka_run_group_tests_name("udp_port", tests, NULL, NULL);
}
