/* A session of godwit on udp, from the same memory again and again. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "os/clock.h"
#include "os/random.h"
#include "run/udp_port.h"
#include "wire.h"

#define CODE "7-crane-otter"

enum { WINDOW = 32 << 20, CHUNK = 1 << 18, BUFFER = 8 << 20 };

struct end {
	struct gw_loop loop;
	struct gw_keypair keys;
	struct gw_udp_port *port;
	struct gw_conn *conn;
	bool open, over;
	uint64_t content;
	double first, last;
};

struct ends {
	struct end from, to;
	struct gw_door *door;
	size_t datagram;
};

static struct gw_session_options
options(struct ends *p, struct end *e)
{
	return (struct gw_session_options){
		.initiator = e == &p->from,
		.self = &e->keys,
		.name = "wire",
		.prefer_aes = true,
		.window = WINDOW,
		.random = gw_random_os(),
		.mode = GW_MODE_CODE,
		.code = CODE,
		.door = e == &p->to ? p->door : NULL,
	};
}

static bool
on_ready_to(struct gw_conn *c, void *owner)
{
	struct end *e = owner;
	struct gw_session_event ev;

	while (gw_session_event(c->session, &ev)) {
		if (ev.kind == GW_SESSION_CLOSED)
			e->over = true;
		if (ev.kind != GW_SESSION_DATA)
			continue;
		e->content += ev.data.bytes.n;
		gw_session_credit(c->session, 1, ev.data.bytes.n);
	}
	e->last = wire_seconds(CLOCK_MONOTONIC);
	if (e->first == 0 && e->content > 0)
		e->first = e->last;
	return false;
}

static bool
on_ready_from(struct gw_conn *c, void *owner)
{
	static uint8_t data[BUFFER];
	const gw_usec now = gw_clock_now();
	struct end *e = owner;
	struct gw_session_event ev;
	size_t at;

	while (gw_session_event(c->session, &ev)) {
		e->open = e->open || ev.kind == GW_SESSION_OPENED;
		e->over = e->over || ev.kind == GW_SESSION_CLOSED;
	}
	do {
		at = e->content % (BUFFER - CHUNK);
		at = e->open ? gw_session_write(c->session, 1,
				   gw_slice(data + at, CHUNK), now)
			     : 0;
		e->content += at;
	} while (at > 0);
	return e->open && !gw_session_blocked(c->session, 1);
}

static void
on_came(void *arg, struct gw_conn *c, uint32_t evicted)
{
	struct end *e = arg;

	(void)evicted;
	e->conn = c;
	gw_conn_set_owner(c, on_ready_to, e);
}

static void
open_end(struct ends *p, struct end *e)
{
	struct gw_why why;
	const uint8_t seed[32] = { e == &p->from };
	struct gw_udp_port_options o = {
		.loop = &e->loop,
		.address = "127.0.0.1",
		.endpoint.udp.datagram = (uint32_t)p->datagram,
		.came = on_came,
		.arg = e,
	};

	gw_keypair_from(seed, &e->keys);
	o.endpoint.session = options(p, e);
	if (gw_loop_init(&e->loop) != GW_OK ||
	    gw_udp_port_open(&o, &why, &e->port) != GW_OK)
		wire_die("a port");
}

static void *
open_ends(size_t datagram)
{
	struct ends *p = calloc(1, sizeof *p);

	if (p == NULL || gw_door_new(&p->door) != GW_OK ||
	    gw_door_set_code(p->door, CODE) != GW_OK)
		wire_die("memory");
	p->datagram = datagram;
	open_end(p, &p->from);
	open_end(p, &p->to);
	return p;
}

static void
close_end(struct end *e)
{
	gw_udp_port_close(e->port);
	gw_loop_fini(&e->loop);
}

static void
close_ends(void *arg)
{
	struct ends *p = arg;

	close_end(&p->from);
	close_end(&p->to);
	gw_door_free(p->door);
	free(p);
}

static void
send_all(void *arg, double until)
{
	struct ends *p = arg;
	struct end *e = &p->from;
	const struct gw_session_options so = options(p, e);
	struct gw_addr to;

	if (gw_addr_parse(&to, "127.0.0.1", gw_udp_port_number(p->to.port),
		NULL) != GW_OK ||
	    gw_udp_port_connect(e->port, &so, &to, &e->conn) != GW_OK)
		wire_die("connect");
	gw_conn_set_owner(e->conn, on_ready_from, e);
	gw_loop_poke(&e->loop);
	while (!e->over && wire_seconds(CLOCK_MONOTONIC) < until)
		(void)gw_loop_wait(&e->loop, 20);
}

static uint64_t
receive_all(void *arg, double until, double *seconds)
{
	struct ends *p = arg;
	struct end *e = &p->to;

	while (!e->over && wire_seconds(CLOCK_MONOTONIC) < until)
		(void)gw_loop_wait(&e->loop, 20);
	*seconds = e->last - e->first;
	return e->content;
}

const struct wire_kind wire_session = { "godwit, a session", open_ends,
	send_all, receive_all, close_ends };
