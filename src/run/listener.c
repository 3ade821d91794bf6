#include "run/listener.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/tcp.h"
#include "run/reach.h"
#include "run/tcp_conn.h"
#include "session/tcp/tcp_session.h"

enum {
	BACKLOG = 512,
	ACCEPTS_PER_TURN = 4, /* evicted ones are closed between turns */
	PAUSE_MS = 50         /* when descriptors have run out */
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
	int fd;
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
		l->o.owner.opened(l->o.owner.arg, c, &ev);
		return false;
	}
	/* The text lives in the session: tell first, then close. */
	l->o.owner.failed(l->o.owner.arg, &ev, c->address);
	gw_conn_close(c);
	return false;
}

/* Give a fresh connection a responding session; the fd is taken. */
static void
welcome(struct gw_listener *l, int fd, const struct gw_addr *from)
{
	struct gw_session_options so = {
		.self = &l->o.self->keys,
		.name = l->o.self->name,
		.prefer_aes = gw_cipher_has_aes(),
		.window = l->o.window,
		.random = l->o.self->random,
		.door = l->o.door,
	};
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
	gw_door_admit(l->o.door, &source, now, &p->conn->ticket, &evicted);
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

static enum gw_err
listen_on(struct gw_listener *l, struct gw_why *why)
{
	enum gw_err err;

	err = gw_tcp_listen(l->address, l->o.port, BACKLOG, why, &l->fd);
	if (err == GW_E_ADDRESS && l->o.any_port_then)
		err = gw_tcp_listen(l->address, 0, BACKLOG, why, &l->fd);
	return err;
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
	err = GW_E_MEMORY;
	if (o->address != NULL && (l->address = strdup(o->address)) == NULL)
		goto err0;
	if ((err = listen_on(l, why)) != GW_OK)
		goto err0;
	if (uv_poll_init(&o->loop->uv, &l->poll, l->fd) != 0) {
		err = gw_why(why, GW_E_FAILED, "cannot watch the socket");
		goto err1;
	}
	uv_timer_init(&o->loop->uv, &l->timer);
	l->poll.data = l->timer.data = l;
	l->handles = 2;
	uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
	*out = l;
	return GW_OK;

err1:
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
	uv_close((uv_handle_t *)&l->poll, on_closed);
	uv_close((uv_handle_t *)&l->timer, on_closed);
}

uint16_t
gw_listener_port(const struct gw_listener *l)
{
	return gw_tcp_port(l->fd);
}

size_t
gw_listener_addresses(
    const struct gw_listener *l, char (*out)[GW_ADDRESS_TEXT], size_t max)
{
	return gw_reach_addresses(l->address, out, max);
}
