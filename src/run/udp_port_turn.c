/*
 * A turn of a port: take what came, let the owners of sessions pull and write,
 * send, and decide when the next one is.
 */
#include <stdlib.h>

#include "os/clock.h"
#include "os/timer.h"
#include "run/udp_port_private.h"

enum {
	READS_PER_TURN = 8,
	ROUNDS = 16,     /* of writing and sending */
	FULL_WAIT = 1000 /* us */
};

/* ---- in ---- */

static void
take(struct gw_udp_port *p, struct gw_incoming *d, gw_usec now)
{
	uint32_t ticket, evicted;
	struct gw_session *s;
	struct udp_conn *c;

	s = gw_udp_endpoint_input(p->endpoint, d, now, &ticket, &evicted);
	if (s == NULL)
		return;
	if (ticket != 0) {
		if ((c = gw_udp_port_conn(p, s, &d->from)) == NULL) {
			gw_door_leave(p->o.endpoint.session.door, ticket);
			gw_udp_endpoint_release(p->endpoint, s, now);
			return;
		}
		c->base.ticket = ticket;
		p->o.came(p->o.arg, &c->base, evicted);
		if (c->closing)
			return; /* the session is gone, perhaps */
	}
	if ((c = gw_session_user(s)) == NULL)
		return;
	c->base.received += d->n;
	gw_udp_port_touch(c);
}

/* What the network said of datagrams that were sent. */
static void
take_news(struct gw_udp_port *p, gw_usec now)
{
	struct gw_udp_news n;

	while (gw_udp_socket_news(&p->socket, &n)) {
		if (n.refused)
			gw_udp_endpoint_refused(p->endpoint, &n.path, now);
		else if (n.no_way)
			gw_udp_endpoint_no_way(p->endpoint, &n.path, now);
		else
			gw_udp_endpoint_too_large(
			    p->endpoint, &n.path, n.too_large, now);
	}
}

/* As many as events may lend at a time; false: nothing more waits, or it is so
 * new that the poll tells of it. */
static bool
read_some(struct gw_udp_port *p)
{
	const gw_usec now = gw_clock_now();
	struct gw_incoming d;
	unsigned n = 0;

	if (!p->filled && !(p->filled = gw_udp_socket_fill(&p->socket)))
		return false;
	while (n < GW_UDP_INPUTS &&
	       (p->filled = gw_udp_socket_next(&p->socket, &d))) {
		take(p, &d, now);
		n++;
	}
	for (struct udp_conn *c = p->touched; c != NULL; c = c->next_touched)
		if (!c->closing)
			gw_udp_session_batch_end(c->base.session, now);
	return p->filled || gw_udp_socket_full(&p->socket);
}

/* ---- out ---- */

void
gw_udp_port_watch(struct gw_udp_port *p, int events)
{
	if (events == p->interest)
		return;
	p->interest = events;
	uv_poll_start(&p->poll, events, gw_udp_port_on_poll);
}

/* Send what is left of a burst; false: the socket is full. */
static bool
send_burst(struct gw_udp_port *p)
{
	struct gw_burst *b = &p->burst;
	size_t too_large;

	while (p->burst_at < b->len) {
		if (!gw_udp_socket_send(
			&p->socket, b, &p->burst_at, &too_large))
			return false;
		if (too_large > 0)
			gw_udp_endpoint_too_large(p->endpoint, &b->to,
			    (uint32_t)too_large - 1, gw_clock_now());
	}
	return true;
}

bool
gw_udp_port_flush(struct gw_udp_port *p)
{
	struct gw_burst *b = &p->burst;
	const bool left = p->burst_at < b->len;
	bool full = !send_burst(p), any = left && !full;

	while (!full) {
		b->buf = p->out;
		b->cap = GW_TRAIN_BYTES;
		b->len = p->burst_at = 0;
		if (!gw_udp_endpoint_output(p->endpoint, b, gw_clock_now()))
			break;
		full = !send_burst(p);
		any = true;
	}
	gw_udp_port_watch(p, UV_READABLE | (full ? UV_WRITABLE : 0));
	return any;
}

/* ---- turns ---- */

static void
remember_hungry(struct udp_conn *c)
{
	if (c->hungry)
		return;
	c->hungry = true;
	c->next_hungry = c->port->hungry;
	c->port->hungry = c;
}

/* Those who have more to write, and room for it by now; false: nobody. */
static bool
feed(struct gw_udp_port *p)
{
	struct udp_conn **at = &p->hungry, *c;

	while ((c = *at) != NULL) {
		if (!c->closing && !gw_udp_session_wants(c->base.session)) {
			at = &c->next_hungry;
			continue;
		}
		*at = c->next_hungry;
		c->hungry = false;
		gw_udp_port_touch(c);
	}
	return p->touched != NULL;
}

/* Owners pull events and write. */
static void
serve(struct gw_udp_port *p)
{
	struct udp_conn *c;

	while ((c = p->touched) != NULL) {
		p->touched = c->next_touched;
		if (p->touched == NULL)
			p->touched_last = &p->touched;
		c->touched = false;
		if (!c->closing)
			c->base.sent = gw_udp_session_acked(c->base.session);
		if (!c->closing && c->base.ready != NULL)
			c->base.send_blocked =
			    c->base.ready(&c->base, c->base.owner);
		if (!c->closing && c->base.send_blocked)
			remember_hungry(c);
		if (!c->closing)
			gw_udp_session_keep(c->base.session,
			    c->base.full || c->base.ready == NULL,
			    gw_clock_now());
		if (!c->closing)
			gw_udp_endpoint_touch(p->endpoint, c->base.session);
	}
}

static void
tick(struct gw_udp_port *p)
{
	const gw_usec now = gw_clock_now();
	struct gw_session *s;

	while ((s = gw_udp_endpoint_tick(p->endpoint, now)) != NULL)
		if (gw_session_user(s) != NULL)
			gw_udp_port_touch(gw_session_user(s));
}

void
gw_udp_port_bury(struct gw_udp_port *p)
{
	struct udp_conn **at = &p->hungry, *c;

	while (*at != NULL)
		if ((*at)->closing)
			*at = (*at)->next_hungry;
		else
			at = &(*at)->next_hungry;
	while ((c = p->dead) != NULL) {
		p->dead = c->next;
		free(c);
	}
}

static void
turn(struct gw_udp_port *p)
{
	gw_usec at;

	p->in_turn = true;
	tick(p);
	/* Who has more to write is asked again as long as that makes room: what
	 * else does is told, by an ACK or by the time to send. */
	for (int i = 0; i < ROUNDS; i++) {
		serve(p);
		if (!gw_udp_port_flush(p) || !feed(p))
			break;
	}
	gw_udp_port_bury(p);
	p->in_turn = false;
	at = gw_usec_min(gw_udp_endpoint_deadline(p->endpoint),
	    gw_udp_board_turn(p->board, gw_clock_now()));
	if (p->burst_at < p->burst.len) /* the socket is full: the poll tells */
		at = gw_usec_max(at, gw_clock_now() + FULL_WAIT);
	if (p->closing && p->close_by > gw_clock_now())
		at = gw_usec_min(at, p->close_by);
	gw_udp_port_wake_at(p, p->touched != NULL ? 0 : at);
}

void
gw_udp_port_on_poll(uv_poll_t *handle, int status, int events)
{
	struct gw_udp_port *p = handle->data;

	(void)events;
	/* No poll tells of what the last call has taken already. */
	for (int i = 0; i < READS_PER_TURN || p->filled; i++) {
		bool more;

		p->in_turn = true;
		more = read_some(p);
		serve(p);
		p->in_turn = false;
		if (!more)
			break;
	}
	if (status < 0) { /* the error queue makes libuv stop */
		p->interest = 0;
		take_news(p, gw_clock_now());
	}
	turn(p);
}

void
gw_udp_port_on_alarm(uv_poll_t *handle, int status, int events)
{
	struct gw_udp_port *p = handle->data;

	(void)status;
	(void)events;
	gw_timer_clear(p->timer);
	p->armed = 0;
	turn(p);
}

void
gw_udp_port_on_soon(uv_idle_t *handle)
{
	struct gw_udp_port *p = handle->data;

	uv_idle_stop(handle);
	turn(p);
}
