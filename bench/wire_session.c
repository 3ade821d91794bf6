/* Sessions of godwit on udp, one stream each, from the same memory again and
 * again; all between one socket and one listener. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/random.h"
#include "run/udp_port.h"
#include "wire.h"

#define CODE "7-crane-otter"

enum { WINDOW = 32 << 20, CHUNK = 1 << 18, BUFFER = 8 << 20 };

struct ends;

/* One session. */
struct flow {
	struct end *end;
	struct gw_conn *conn;
	bool open;
	uint64_t written;
};

struct end {
	struct ends *both;
	struct gw_loop loop;
	struct gw_keypair keys;
	struct gw_udp_port *port;
	struct flow *flows;
	unsigned begun, opened;
	uint64_t content;
	double first, last;
};

struct ends {
	struct end from, to;
	struct gw_door *door;
	size_t datagram;
	unsigned sessions;
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
	struct flow *f = owner;
	struct end *e = f->end;
	const uint64_t before = e->content;
	struct gw_session_event ev;

	while (gw_session_event(c->session, &ev)) {
		if (ev.kind != GW_SESSION_DATA)
			continue;
		e->content += ev.data.bytes.n;
		gw_session_credit(c->session, 1, ev.data.bytes.n);
	}
	/* It is asked for other reasons, too, and when all is over. */
	if (e->content == before)
		return false;
	e->last = wire_seconds(CLOCK_MONOTONIC);
	if (e->first == 0)
		e->first = e->last;
	return false;
}

static void dial(struct end *);

static bool
on_ready_from(struct gw_conn *c, void *owner)
{
	static uint8_t data[BUFFER];
	const gw_usec now = gw_clock_now();
	struct flow *f = owner;
	struct gw_session_event ev;
	size_t n;

	while (gw_session_event(c->session, &ev)) {
		if (ev.kind == GW_SESSION_CLOSED)
			wire_die("a session");
		if (ev.kind != GW_SESSION_OPENED)
			continue;
		f->open = true;
		f->end->opened++;
		dial(f->end); /* a door has few at a time */
	}
	/* First all are opened, then all write. */
	if (!f->open || f->end->opened < f->end->both->sessions)
		return false;
	do {
		n = gw_session_write(c->session, 1,
		    gw_slice(data + f->written % (BUFFER - CHUNK), CHUNK), now);
		f->written += n;
	} while (n > 0);
	return !gw_session_blocked(c->session, 1);
}

static void
on_came(void *arg, struct gw_conn *c, uint32_t evicted)
{
	struct end *e = arg;
	struct flow *f = &e->flows[e->begun++];

	(void)evicted;
	GW_ASSERT(e->begun <= e->both->sessions);
	gw_door_leave(e->both->door, c->ticket);
	*f = (struct flow){ .end = e, .conn = c };
	gw_conn_set_owner(c, on_ready_to, f);
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

	e->both = p;
	e->flows = calloc(p->sessions, sizeof *e->flows);
	gw_keypair_from(seed, &e->keys);
	o.endpoint.session = options(p, e);
	if (e->flows == NULL || gw_loop_init(&e->loop) != GW_OK ||
	    gw_udp_port_open(&o, &why, &e->port) != GW_OK)
		wire_die("a port");
}

static void *
open_ends(size_t datagram, unsigned sessions)
{
	struct ends *p = calloc(1, sizeof *p);

	if (p == NULL || gw_door_new(&p->door) != GW_OK ||
	    gw_door_set_code(p->door, CODE) != GW_OK)
		wire_die("memory");
	p->datagram = datagram;
	p->sessions = sessions;
	open_end(p, &p->from);
	open_end(p, &p->to);
	return p;
}

static void
close_end(struct end *e)
{
	gw_udp_port_close(e->port);
	gw_loop_fini(&e->loop);
	free(e->flows);
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
dial(struct end *e)
{
	struct ends *p = e->both;
	const struct gw_session_options so = options(p, e);
	struct flow *f = &e->flows[e->begun];
	struct gw_addr to;

	if (e->begun == p->sessions) {
		for (unsigned i = 0; e->opened == p->sessions && i < e->begun;
		     i++)
			gw_conn_kick(e->flows[i].conn);
		return;
	}
	e->begun++;
	f->end = e;
	if (gw_addr_parse(&to, "127.0.0.1", gw_udp_port_number(p->to.port),
		NULL) != GW_OK ||
	    gw_udp_port_connect(e->port, &so, &to, &f->conn) != GW_OK)
		wire_die("connect");
	gw_conn_set_owner(f->conn, on_ready_from, f);
	gw_loop_poke(&e->loop);
}

static void
send_all(void *arg, double until)
{
	struct ends *p = arg;

	dial(&p->from);
	while (wire_seconds(CLOCK_MONOTONIC) < until)
		(void)gw_loop_wait(&p->from.loop, 20);
}

static uint64_t
receive_all(void *arg, double until, double *seconds)
{
	struct ends *p = arg;
	struct end *e = &p->to;

	while (wire_seconds(CLOCK_MONOTONIC) < until)
		(void)gw_loop_wait(&e->loop, 20);
	*seconds = e->last - e->first;
	return e->content;
}

const struct wire_kind wire_session = { "godwit, a session", open_ends,
	send_all, receive_all, close_ends };
