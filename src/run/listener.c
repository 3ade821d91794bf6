#include "run/listener.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "os/clock.h"
#include "os/tcp.h"
#include "run/reach.h"
#include "run/tcp_conn.h"
#include "run/udp_port.h"
#include "session/tcp/tcp_session.h"

enum {
	BACKLOG = 512,
	ACCEPTS_PER_TURN = 4, /* evicted ones are closed between turns */
	PAUSE_MS = 50,        /* when descriptors have run out */
	ANY_TRIES = 16        /* for a number that is free on tcp and udp */
};

/* A handshake under way. */
struct pending {
	struct gw_listener *listener;
	struct gw_conn *conn;
	struct pending *next;
};

struct gw_listener {
	struct gw_listener_options o;
	char *address;
	int fd;                  /* -1: not on tcp */
	struct gw_udp_port *udp; /* NULL: not on udp */
	struct pending *pending;
	uv_poll_t poll;
	uv_timer_t timer; /* expiry at the door, or a pause in accepting */
	unsigned handles;
	bool paused;
};

static void on_timer(uv_timer_t *);
static void on_acceptable(uv_poll_t *, int status, int events);

static void
arm(struct gw_listener *l)
{
	if (!l->paused)
		gw_loop_arm(&l->timer, gw_door_deadline(l->o.door), on_timer);
}

/* ---- pending handshakes ---- */

/* Its conn goes on or is closed by the caller. */
static struct gw_conn *
release(struct pending *p)
{
	struct gw_conn *c = p->conn;

	gw_door_leave(p->listener->o.door, c->ticket);
	c->ticket = 0;
	free(p);
	return c;
}

static struct gw_conn *
forget(struct pending *p)
{
	struct pending **at = &p->listener->pending;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	return release(p);
}

static void
drop_ticket(struct gw_listener *l, uint32_t ticket)
{
	for (struct pending *p = l->pending; p != NULL; p = p->next) {
		if (p->conn->ticket == ticket) {
			gw_conn_close(forget(p));
			return;
		}
	}
}

static bool
on_ready(struct gw_conn *c, void *owner)
{
	struct pending *p = owner;
	struct gw_listener *l = p->listener;
	struct gw_session_event ev;

	if (!gw_session_event(c->session, &ev))
		return false;
	GW_ASSERT(ev.kind == GW_SESSION_OPENED || ev.kind == GW_SESSION_CLOSED);
	forget(p);
	arm(l);
	if (ev.kind == GW_SESSION_OPENED) {
		gw_conn_set_owner(c, NULL, NULL);
		c->authenticated = true;
		c->why = l->o.carriers == GW_CARRIERS_AUTO
			     ? "the other side chose it"
			     : "it was asked for";
		l->o.owner.opened(l->o.owner.arg, c, &ev);
		return false;
	}
	/* The text lives in the session: tell first, then close. */
	l->o.owner.failed(l->o.owner.arg, &ev, c->address);
	gw_conn_close(c);
	return false;
}

static struct gw_session_options
session_options(const struct gw_listener *l)
{
	return (struct gw_session_options){
		.self = &l->o.self->keys,
		.name = l->o.self->name,
		.remember = l->o.remember,
		.prefer_aes = gw_cipher_has_aes(),
		.window = l->o.window,
		.random = l->o.self->random,
		.trace = l->o.self->trace,
		.door = l->o.door,
	};
}

/* Who comes in on udp; its handshake is at the door already. */
static void
on_came(void *arg, struct gw_conn *c, uint32_t evicted)
{
	struct gw_listener *l = arg;
	struct pending *p = calloc(1, sizeof *p);

	if (evicted != 0)
		drop_ticket(l, evicted);
	if (p == NULL) {
		gw_door_leave(l->o.door, c->ticket);
		gw_conn_close(c);
		return;
	}
	p->listener = l;
	p->conn = c;
	p->next = l->pending;
	l->pending = p;
	gw_conn_set_owner(c, on_ready, p);
	arm(l);
}

/* Give a fresh connection a responding session; the fd is taken. */
static void
welcome(struct gw_listener *l, int fd, const struct gw_addr *from)
{
	struct gw_session_options so = session_options(l);
	gw_usec now = gw_clock_now();
	struct gw_session *s = NULL;
	struct gw_source source;
	struct pending *p;
	uint32_t evicted;
	char text[GW_ADDR_TEXT];

	if ((p = calloc(1, sizeof *p)) == NULL)
		goto err0;
	if (gw_tcp_session_new(&so, now, &s) != GW_OK)
		goto err1;
	gw_addr_text(from, text);
	if (gw_tcp_conn_open(l->o.loop, fd, s, text, &p->conn) != GW_OK)
		goto err2;
	gw_addr_mapped(from, source.ip);
	p->conn->ticket = gw_door_admit(
	    l->o.door, &source, gw_random_u64(&so.random), now, &evicted);
	p->listener = l;
	p->next = l->pending;
	l->pending = p;
	if (evicted != 0)
		drop_ticket(l, evicted);
	gw_conn_set_owner(p->conn, on_ready, p);
	return;

err2:
	gw_session_free(s);
err1:
	free(p);
err0:
	close(fd);
}

static void
on_acceptable(uv_poll_t *handle, int status, int events)
{
	struct gw_listener *l = handle->data;
	struct gw_addr from;
	int fd;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		enum gw_err err = gw_tcp_accept(l->fd, &fd, &from);

		if (err == GW_OK) {
			welcome(l, fd, &from);
			continue;
		}
		if (err == GW_E_LIMIT) {
			/* Level-triggered: without a pause this would spin. */
			uv_poll_stop(&l->poll);
			l->paused = true;
			gw_loop_arm(&l->timer,
			    gw_clock_now() + PAUSE_MS * GW_MSEC, on_timer);
			return;
		}
		break;
	}
	arm(l);
}

static void
on_timer(uv_timer_t *t)
{
	struct gw_listener *l = t->data;
	gw_usec now = gw_clock_now();
	uint32_t ticket;

	if (l->paused) {
		l->paused = false;
		uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
	}
	while ((ticket = gw_door_expired(l->o.door, now)) != 0)
		drop_ticket(l, ticket);
	arm(l);
}

/* ---- life ---- */

/* On tcp; port 0 becomes whichever it was. */
static enum gw_err
listen_tcp(struct gw_listener *l, uint16_t port, struct gw_why *why)
{
	if (l->o.carriers == GW_CARRIERS_UDP)
		return GW_OK;
	return gw_tcp_listen(l->address, port, BACKLOG, why, &l->fd);
}

static enum gw_err
listen_udp(struct gw_listener *l, uint16_t port, struct gw_why *why)
{
	struct gw_udp_port_options o = {
		.loop = l->o.loop,
		.address = l->address,
		.port = l->fd != -1 ? gw_tcp_port(l->fd) : port,
		.endpoint = { .session = session_options(l), .udp = l->o.udp },
		.shown_in = l->o.self->shown_in,
		.came = on_came,
		.arg = l,
	};
	enum gw_err err;

	if (l->o.carriers == GW_CARRIERS_TCP)
		return GW_OK;
	gw_hkdf(gw_slice(NULL, 0),
	    gw_slice(l->o.self->keys.secret, sizeof l->o.self->keys.secret),
	    gw_slice_str("godwit reset"), o.endpoint.secret,
	    sizeof o.endpoint.secret);
	err = gw_udp_port_open(&o, why, &l->udp);
	gw_wipe(o.endpoint.secret, sizeof o.endpoint.secret);
	return err;
}

/* One number on both: where any will do, one that is free on both. */
static enum gw_err
listen_on_port(struct gw_listener *l, uint16_t port, struct gw_why *why)
{
	enum gw_err err = GW_E_ADDRESS;

	for (int i = 0; i < (port == 0 ? ANY_TRIES : 1); i++) {
		if ((err = listen_tcp(l, port, why)) != GW_OK)
			return err;
		if ((err = listen_udp(l, port, why)) != GW_E_ADDRESS)
			break;
		if (l->fd != -1)
			close(l->fd);
		l->fd = -1;
	}
	return err;
}

static enum gw_err
listen_on(struct gw_listener *l, struct gw_why *why)
{
	enum gw_err err = listen_on_port(l, l->o.port, why);

	if (err == GW_E_ADDRESS && l->o.any_port_then)
		err = listen_on_port(l, 0, why);
	return err;
}

static enum gw_err
watch(struct gw_listener *l, struct gw_why *why)
{
	uv_timer_init(&l->o.loop->uv, &l->timer);
	l->timer.data = l;
	l->handles = 1;
	if (l->fd == -1)
		return GW_OK;
	if (uv_poll_init(&l->o.loop->uv, &l->poll, l->fd) != 0)
		return gw_why(why, GW_E_FAILED, "cannot watch the socket");
	l->poll.data = l;
	l->handles++;
	uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
	return GW_OK;
}

enum gw_err
gw_listener_new(const struct gw_listener_options *o, struct gw_why *why,
    struct gw_listener **out)
{
	struct gw_listener *l;
	enum gw_err err;

	if ((l = calloc(1, sizeof *l)) == NULL)
		return GW_E_MEMORY;
	l->o = *o;
	l->fd = -1;
	err = GW_E_MEMORY;
	if (o->address != NULL && (l->address = strdup(o->address)) == NULL)
		goto err0;
	if ((err = listen_on(l, why)) != GW_OK)
		goto err1;
	if ((err = watch(l, why)) != GW_OK) {
		gw_listener_close(l);
		return err;
	}
	*out = l;
	return GW_OK;

err1:
	if (l->fd != -1)
		close(l->fd);
err0:
	free(l->address);
	free(l);
	return err;
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_listener *l = h->data;

	if (--l->handles > 0)
		return;
	if (l->fd != -1)
		close(l->fd);
	free(l->address);
	free(l);
}

void
gw_listener_close(struct gw_listener *l)
{
	if (l == NULL)
		return;
	while (l->pending != NULL) {
		struct pending *p = l->pending;

		l->pending = p->next;
		gw_conn_close(release(p));
	}
	gw_udp_port_close(l->udp);
	if (l->handles > 1)
		uv_close((uv_handle_t *)&l->poll, on_closed);
	uv_close((uv_handle_t *)&l->timer, on_closed);
}

uint16_t
gw_listener_port(const struct gw_listener *l)
{
	return l->fd != -1 ? gw_tcp_port(l->fd) : gw_udp_port_number(l->udp);
}

size_t
gw_listener_addresses(
    const struct gw_listener *l, char (*out)[GW_ADDRESS_TEXT], size_t max)
{
	return gw_reach_addresses(l->address, out, max);
}
