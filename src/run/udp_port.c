#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/timer.h"
#include "run/udp_port_private.h"

enum {
	AHEAD = 1 << 18, /* bytes written before they may leave: what is
			    sealed is still in the CPU's cache */
	LINGER = 1000000 /* us, for the last words */
};

static void on_prepare(uv_prepare_t *);

/*
 * What is due needs no timer, and one that is set to fire earlier than need be
 * is left: to set it costs the kernel more than a turn that finds nothing.
 */
void
gw_udp_port_wake_at(struct gw_udp_port *p, gw_usec at)
{
	const gw_usec now = gw_clock_now();

	if (at <= now) {
		uv_idle_start(&p->soon, gw_udp_port_on_soon);
		gw_loop_poke(p->o.loop);
	} else if (at != GW_NEVER && (p->armed <= now || at < p->armed)) {
		p->armed = at;
		gw_timer_set(p->timer, at);
	}
}

/* ---- conns ---- */

void
gw_udp_port_touch(struct udp_conn *c)
{
	struct gw_udp_port *p = c->port;

	if (c->touched || c->closing)
		return;
	c->touched = true;
	c->next_touched = NULL;
	*p->touched_last = c;
	p->touched_last = &c->next_touched;
}

static void
kick(struct gw_conn *base)
{
	struct udp_conn *c = (struct udp_conn *)(void *)base;

	if (c->closing)
		return;
	gw_udp_port_touch(c);
	if (!c->port->in_turn)
		gw_udp_port_wake_at(c->port, 0);
}

static void
flush_now(struct gw_conn *base)
{
	struct udp_conn *c = (struct udp_conn *)(void *)base;
	struct gw_udp_port *p = c->port;

	if (!c->closing && !p->in_turn) {
		gw_udp_endpoint_touch(p->endpoint, c->base.session);
		(void)gw_udp_port_flush(p);
	}
	kick(base); /* its deadlines are other ones */
}

/* Closing, and no conn is left. */
static void
begin_end(struct gw_udp_port *p)
{
	if (!p->closing || p->conns != NULL)
		return;
	p->close_by = gw_clock_now() + LINGER;
	uv_prepare_start(&p->before, on_prepare);
	if (!p->in_turn)
		gw_udp_port_wake_at(p, 0);
}

static void
begin_close(struct gw_conn *base)
{
	struct udp_conn *c = (struct udp_conn *)(void *)base;
	struct gw_udp_port *p = c->port;

	if (c->closing)
		return;
	c->closing = true;
	c->base.ready = NULL;
	/* It may live on for a while (TIME_WAIT), without an owner. */
	gw_session_set_user(c->base.session, NULL);
	gw_udp_endpoint_release(p->endpoint, c->base.session, gw_clock_now());
	c->base.session = NULL;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		p->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->next = p->dead;
	p->dead = c;
	if (!p->in_turn)
		gw_udp_port_wake_at(p, 0);
	begin_end(p);
}

struct udp_conn *
gw_udp_port_conn(
    struct gw_udp_port *p, struct gw_session *s, const struct gw_path *path)
{
	static const struct gw_conn_ops ops = {
		.kick = kick,
		.flush = flush_now,
		.close = begin_close,
	};
	struct udp_conn *c = calloc(1, sizeof(*c));
	struct gw_addr a;

	if (c == NULL)
		return NULL;
	c->base.ops = &ops;
	c->base.carrier = "udp";
	c->base.session = s;
	c->port = p;
	gw_addr_from_mapped(&a, path->ip, path->zone, path->port);
	gw_addr_text(&a, c->base.address);
	gw_conn_trace_address(&c->base);
	gw_session_set_user(s, c);
	c->next = p->conns;
	if (p->conns != NULL)
		p->conns->prev = c;
	p->conns = c;
	return c;
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_udp_port *p = h->data;

	if (--p->handles > 0)
		return;
	gw_udp_board_free(p->board, gw_clock_now());
	gw_udp_socket_close(&p->socket);
	gw_timer_close(p->timer);
	gw_udp_endpoint_free(p->endpoint);
	free(p->out);
	free(p);
}

static void
end(struct gw_udp_port *p)
{
	uv_close((uv_handle_t *)&p->poll, on_closed);
	uv_close((uv_handle_t *)&p->alarm, on_closed);
	uv_close((uv_handle_t *)&p->before, on_closed);
	uv_close((uv_handle_t *)&p->soon, on_closed);
}

/* All is said, and nobody who is left is waited for: when the program ends
 * that is whoever is in TIME_WAIT, and soon everybody. */
static bool
is_over(const struct gw_udp_port *p)
{
	if (!p->closing || p->conns != NULL)
		return false;
	if (!p->o.loop->ending)
		return gw_udp_endpoint_count(p->endpoint) == 0;
	return !gw_udp_endpoint_busy(p->endpoint) ||
	       gw_clock_now() >= p->close_by;
}

static void
on_prepare(uv_prepare_t *handle)
{
	struct gw_udp_port *p = handle->data;

	if (!is_over(p))
		return;
	gw_udp_port_bury(p);
	end(p);
}

/* ---- life ---- */

static enum gw_err
open_handles(struct gw_udp_port *p)
{
	uv_loop_t *uv = &p->o.loop->uv;

	if (uv_poll_init(uv, &p->poll, p->socket.udp.fd) != 0)
		return GW_E_FAILED;
	p->poll.data = p->alarm.data = p->before.data = p->soon.data = p;
	if (uv_poll_init(uv, &p->alarm, p->timer) != 0) {
		p->handles = 1; /* which frees the port when it is closed */
		uv_close((uv_handle_t *)&p->poll, on_closed);
		return GW_E_FAILED;
	}
	uv_prepare_init(uv, &p->before);
	uv_idle_init(uv, &p->soon);
	p->handles = 4;
	gw_udp_port_watch(p, UV_READABLE);
	uv_poll_start(&p->alarm, UV_READABLE, gw_udp_port_on_alarm);
	return GW_OK;
}

enum gw_err
gw_udp_port_open(const struct gw_udp_port_options *o, struct gw_why *why,
    struct gw_udp_port **out)
{
	struct gw_udp_port *p = calloc(1, sizeof(*p));
	enum gw_err err = GW_E_MEMORY;

	if (p == NULL)
		return GW_E_MEMORY;
	p->o = *o;
	p->touched_last = &p->touched;
	p->close_by = GW_NEVER;
	if ((p->out = malloc(GW_TRAIN_BYTES)) == NULL)
		goto err0;
	if ((err = gw_timer_open(&p->timer)) != GW_OK)
		goto err0;
	err = gw_udp_socket_open(&p->socket, o->address, o->port, why);
	if (err != GW_OK)
		goto err1;
	p->o.endpoint.udp.ahead = AHEAD;
	p->o.endpoint.udp.kernel = p->socket.holds;
	p->o.endpoint.udp.no_ecn = !p->socket.has_ecn;
	err = gw_udp_endpoint_new(&p->o.endpoint, gw_clock_now(), &p->endpoint);
	if (err != GW_OK)
		goto err2;
	if ((err = open_handles(p)) != GW_OK && p->handles > 0)
		return err;
	if (err != GW_OK)
		goto err3;
	p->board = gw_udp_board_new(o->shown_in, p->socket.udp.fd, p->endpoint,
	    o->endpoint.session.door != NULL, gw_clock_now());
	*out = p;
	return GW_OK;

err3:
	gw_udp_endpoint_free(p->endpoint);
err2:
	gw_udp_socket_close(&p->socket);
err1:
	gw_timer_close(p->timer);
err0:
	free(p->out);
	free(p);
	return err;
}

void
gw_udp_port_close(struct gw_udp_port *p)
{
	if (p == NULL)
		return;
	p->closing = true;
	gw_udp_endpoint_shut(p->endpoint);
	begin_end(p);
}

uint16_t
gw_udp_port_number(const struct gw_udp_port *p)
{
	return p->socket.udp.port;
}

enum gw_err
gw_udp_port_connect(struct gw_udp_port *p, const struct gw_session_options *o,
    const struct gw_addr *to, struct gw_conn **out)
{
	const gw_usec now = gw_clock_now();
	struct gw_session *s;
	struct gw_path path;
	struct udp_conn *c;
	enum gw_err err;

	gw_path_from_addr(to, &path);
	err = gw_udp_endpoint_connect(p->endpoint, o, &path, now, &s);
	if (err != GW_OK)
		return err;
	if ((c = gw_udp_port_conn(p, s, &path)) == NULL) {
		gw_udp_endpoint_release(p->endpoint, s, now);
		return GW_E_MEMORY;
	}
	kick(&c->base);
	*out = &c->base;
	return GW_OK;
}
