#include "run/dial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "crypto/code.h"
#include "crypto/kdf.h"
#include "os/clock.h"
#include "os/tcp.h"
#include "run/lookup.h"
#include "run/tcp_conn.h"
#include "session/tcp/tcp_session.h"

enum {
	STAGGER = 250000,  /* us between attempts, RFC 8305 */
	GIVE_UP = 15000000 /* us for look-up and connection together */
};

/* A connection attempt to one address. */
struct attempt {
	struct gw_dial *dial;
	struct gw_addr addr;
	uv_poll_t poll;
	int fd;
	bool open;
};

struct gw_dial {
	struct gw_dial_options o;
	char host[GW_HELPER_HOST_MAX + 1];
	char code[GW_CODE_MAX + 1];
	struct gw_ticket ticket;
	uint8_t peer[GW_KEY_LEN];

	struct gw_resolved found;
	struct gw_why why; /* of the last thing that went wrong */
	enum gw_err err;
	bool cancelled;

	struct gw_lookup *lookup; /* or NULL */

	struct attempt attempts[GW_RESOLVE_MAX];
	size_t started, under_way;
	struct gw_conn *conn; /* connected; the handshake runs */
	uv_timer_t timer;
	gw_usec give_up;
	unsigned handles;
	bool over;
};

static void on_timer(uv_timer_t *);

/* ---- the end ---- */

static void
release(struct gw_dial *d)
{
	gw_wipe(d, sizeof *d);
	free(d);
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_dial *d = h->data;

	if (--d->handles == 0)
		release(d);
}

static void
on_attempt_closed(uv_handle_t *h)
{
	struct attempt *a = h->data;

	close(a->fd);
	h->data = a->dial;
	on_closed(h);
}

static void
close_attempt(struct attempt *a)
{
	if (!a->open)
		return;
	a->open = false;
	a->dial->under_way--;
	uv_close((uv_handle_t *)&a->poll, on_attempt_closed);
}

static void
close_all(struct gw_dial *d)
{
	d->over = true;
	for (size_t i = 0; i < d->started; i++)
		close_attempt(&d->attempts[i]);
	gw_lookup_cancel(d->lookup);
	d->lookup = NULL;
	uv_close((uv_handle_t *)&d->timer, on_closed);
}

static void
failed(struct gw_dial *d)
{
	struct gw_session_event ev = {
		.kind = GW_SESSION_CLOSED,
		.closed = { .err = d->err, .text = d->why.text },
	};

	if (d->over)
		return;
	close_all(d);
	d->o.owner.failed(d->o.owner.arg, &ev, d->host);
}

/* ---- the handshake ---- */

static bool
on_ready(struct gw_conn *c, void *owner)
{
	struct gw_dial *d = owner;
	struct gw_session_event ev;

	if (!gw_session_event(c->session, &ev))
		return false;
	GW_ASSERT(ev.kind == GW_SESSION_OPENED || ev.kind == GW_SESSION_CLOSED);
	gw_conn_set_owner(c, NULL, NULL);
	close_all(d);
	d->conn = NULL;
	if (ev.kind == GW_SESSION_OPENED) {
		c->authenticated = true;
		d->o.owner.opened(d->o.owner.arg, c, &ev);
		return false;
	}
	d->o.owner.failed(d->o.owner.arg, &ev, c->address);
	gw_conn_close(c);
	return false;
}

/* The first that connected gets the handshake; the others go. */
static void
shake_hands(struct gw_dial *d, struct attempt *a)
{
	struct gw_session_options so = {
		.initiator = true,
		.self = &d->o.self->keys,
		.name = d->o.self->name,
		.prefer_aes = gw_cipher_has_aes(),
		.window = d->o.window,
		.random = d->o.self->random,
		.mode = d->o.mode,
		.code = d->o.code,
		.ticket = d->o.ticket,
		.peer = d->o.peer,
	};
	char text[GW_ADDR_TEXT];
	struct gw_session *s;
	int fd = dup(a->fd); /* the attempt's handle closes its own */

	if (fd == -1) {
		d->err = gw_why(&d->why, GW_E_LIMIT, "out of descriptors");
		failed(d);
		return;
	}
	d->err = gw_tcp_session_new(&so, gw_clock_now(), &s);
	if (d->err != GW_OK) {
		close(fd);
		failed(d);
		return;
	}
	gw_addr_text(&a->addr, text);
	d->err = gw_tcp_conn_open(d->o.loop, fd, s, text, &d->conn);
	if (d->err != GW_OK) {
		gw_session_free(s);
		close(fd);
		failed(d);
		return;
	}
	for (size_t i = 0; i < d->started; i++)
		close_attempt(&d->attempts[i]);
	uv_timer_stop(&d->timer);
	gw_conn_set_owner(d->conn, on_ready, d);
}

/* ---- connecting ---- */

static void
on_writable(uv_poll_t *p, int status, int events)
{
	struct attempt *a = p->data;
	struct gw_dial *d = a->dial;
	enum gw_err err;

	(void)status; /* gw_tcp_connected tells what it is */
	(void)events;
	err = gw_tcp_connected(a->fd, &a->addr, &d->why);
	if (err == GW_E_AGAIN)
		return;
	if (err == GW_OK) {
		shake_hands(d, a);
		return;
	}
	d->err = err;
	close_attempt(a);
	gw_loop_arm(&d->timer, 0, on_timer); /* the next one at once */
}

static bool
start_attempt(struct gw_dial *d)
{
	struct attempt *a = &d->attempts[d->started];

	a->dial = d;
	a->addr = d->found.v[d->started++];
	d->err = gw_tcp_connect(&a->addr, &d->why, &a->fd);
	if (d->err != GW_OK)
		return false;
	if (uv_poll_init(&d->o.loop->uv, &a->poll, a->fd) != 0) {
		close(a->fd);
		d->err = GW_E_FAILED;
		return false;
	}
	a->poll.data = a;
	a->open = true;
	d->handles++;
	d->under_way++;
	uv_poll_start(&a->poll, UV_WRITABLE, on_writable);
	return true;
}

static void
give_up(struct gw_dial *d)
{
	if (d->found.count == 0)
		d->err = gw_why(&d->why, GW_E_CONNECT,
		    "looking its address up takes too long");
	else if (d->under_way > 0)
		d->err = gw_why(&d->why, GW_E_CONNECT,
		    "no answer: is it on, and is a firewall in the way?");
	failed(d);
}

static void
on_timer(uv_timer_t *t)
{
	struct gw_dial *d = t->data;
	gw_usec now = gw_clock_now();

	if (d->found.count == 0 && d->lookup == NULL) {
		failed(d); /* there is no address to try */
		return;
	}
	if (now >= d->give_up) {
		give_up(d);
		return;
	}
	while (d->started < d->found.count && !start_attempt(d))
		;
	if (d->under_way == 0 && d->started == d->found.count &&
	    d->found.count > 0) {
		failed(d);
		return;
	}
	gw_loop_arm(&d->timer,
	    d->started < d->found.count ? now + STAGGER : d->give_up, on_timer);
}

/* ---- looking the name up ---- */

static void
on_found(void *arg, const struct gw_helper_answer *answer)
{
	struct gw_dial *d = arg;

	d->lookup = NULL;
	d->err = answer->err;
	d->why = answer->why;
	if (d->err == GW_OK)
		d->found = answer->found;
	gw_loop_arm(&d->timer, 0, on_timer);
}

/* Failure is told from the loop. */
static void
look_up(struct gw_dial *d)
{
	struct gw_lookup_options o = {
		.loop = d->o.loop,
		.helper_fd = d->o.helper_fd,
		.host = d->host,
		.port = d->o.port,
		.give_up = GW_NEVER, /* on_timer does */
		.done = on_found,
		.arg = d,
	};

	d->err = gw_lookup_start(&o, &d->lookup);
	gw_loop_arm(&d->timer, d->err == GW_OK ? d->give_up : 0, on_timer);
}

enum gw_err
gw_dial_start(const struct gw_dial_options *o, struct gw_dial **out)
{
	struct gw_dial *d;

	if (strlen(o->host) > GW_HELPER_HOST_MAX)
		return GW_E_RESOLVE;
	if ((d = calloc(1, sizeof *d)) == NULL)
		return GW_E_MEMORY;
	d->o = *o;
	memcpy(d->host, o->host, strlen(o->host) + 1);
	if (o->code != NULL) {
		snprintf(d->code, sizeof d->code, "%s", o->code);
		d->o.code = d->code;
	}
	if (o->ticket != NULL) {
		d->ticket = *o->ticket;
		d->o.ticket = &d->ticket;
	}
	if (o->peer != NULL) {
		memcpy(d->peer, o->peer, sizeof d->peer);
		d->o.peer = d->peer;
	}
	d->give_up = gw_clock_now() + GIVE_UP;
	uv_timer_init(&o->loop->uv, &d->timer);
	d->timer.data = d;
	d->handles = 1;
	*out = d;
	look_up(d);
	return GW_OK;
}

void
gw_dial_cancel(struct gw_dial *d)
{
	if (d == NULL)
		return;
	gw_conn_close(d->conn);
	d->conn = NULL;
	close_all(d);
}
