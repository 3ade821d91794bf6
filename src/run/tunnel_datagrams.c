/*
 * Datagrams of a tunnel: out in turn and not too late, in parts where they
 * are larger than the session's; in, each to its flow.
 */
#include <stddef.h>
#include <string.h>

#include "os/clock.h"
#include "run/tunnel_private.h"
#include "run/via.h"

enum { TELL_AGAIN = 100000 /* us until a flow is said to be known again */ };

#define FLOW_OF(l)                                                             \
	((struct gw_tunnel_flow *)(void *)((char *)(l)-offsetof(               \
	    struct gw_tunnel_flow, line)))

/* ---- out ---- */

static bool
has_room(const struct gw_tunnel *t)
{
	return gw_session_datagrams(t->conn->session) < GW_TUNNEL_GIVEN;
}

/* GW_E_AGAIN: the session has no room for its bytes yet; another: it will
 * not take it. */
static enum gw_err
give(struct gw_tunnel *t, const struct gw_tunnel_flow *w,
    const struct gw_tunnel_entry *e, gw_usec now)
{
	const enum gw_err err =
	    gw_session_datagram(t->conn->session, e->bytes, now);

	if (err == GW_OK)
		t->given[t->given_count++ % GW_TUNNEL_GIVEN] =
		    (struct gw_tunnel_given){ w->id, e->whole, e->more };
	return err;
}

/* One in parts is here if its last part is: else that waits in its line. */
void
gw_tunnel_drop_given(struct gw_tunnel *t)
{
	uint64_t n = gw_session_datagrams(t->conn->session);

	if (n > GW_TUNNEL_GIVEN)
		n = GW_TUNNEL_GIVEN;
	if (n > t->given_count)
		n = t->given_count;
	for (uint64_t i = t->given_count - n; i < t->given_count; i++) {
		const struct gw_tunnel_given *g =
		    &t->given[i % GW_TUNNEL_GIVEN];
		struct gw_tunnel_flow *w = gw_tunnel_find(t, g->flow);

		if (!g->more && w != NULL && w->ops->dropped != NULL)
			w->ops->dropped(w, GW_DROP_PEER, g->whole);
	}
	t->given_count = 0;
}

void
gw_tunnel_pump(struct gw_tunnel *t)
{
	const gw_usec now = gw_clock_now();
	struct gw_tunnel_line *line;
	struct gw_tunnel_entry e;
	enum gw_tunnel_turn turn;
	enum gw_err err;
	bool sent = false;

	while ((turn = gw_tunnel_queue_next(&t->queue, now, &line, &e)) !=
	       GW_TUNNEL_TURN_NONE) {
		if (turn == GW_TUNNEL_TURN_SEND) {
			err = has_room(t) ? give(t, FLOW_OF(line), &e, now)
					  : GW_E_AGAIN;
			if (err == GW_E_AGAIN)
				break;
			/* A path that has become narrower loses it. */
			if (err == GW_OK)
				sent = true;
			else
				turn = GW_TUNNEL_TURN_STALE;
		}
		gw_tunnel_queue_pop(&t->queue, turn);
		if (turn == GW_TUNNEL_TURN_STALE)
			FLOW_OF(line)->ops->dropped(
			    FLOW_OF(line), GW_DROP_STALE, e.whole);
	}
	if (sent && !t->in_ready)
		gw_conn_kick(t->conn);
}

void
gw_tunnel_drop_waiting(struct gw_tunnel_flow *w, enum gw_drop why)
{
	size_t n;

	while (gw_tunnel_queue_drop(&w->tunnel->queue, &w->line, &n))
		w->ops->dropped(w, why, n);
}

/* Before a datagram is cut, and not between its parts: what becomes stale is
 * told, the path may become narrower, and neither is to concern this one. */
static void
make_room(struct gw_tunnel *t)
{
	if (t->queue.count == 0 && has_room(t))
		return;
	gw_conn_flush(t->conn);
	gw_tunnel_pump(t);
}

/* All of it, or a part; `whole` are the bytes of all. */
static enum gw_drop
one(struct gw_tunnel_flow *w, const struct gw_tunnel_datagram *d, size_t whole,
    gw_usec now)
{
	struct gw_tunnel *t = w->tunnel;
	uint8_t *out = t->buffer;
	const size_t n = gw_tunnel_datagram_encode(
	    d, out, GW_TUNNEL_DATAGRAM_HEAD + d->data.n);
	const struct gw_tunnel_entry e = { gw_slice(out, n), whole,
		d->part && d->at + 1 < d->parts };

	if (t->queue.count == 0 && has_room(t) && give(t, w, &e, now) == GW_OK)
		return GW_DROP_NONE;
	if (gw_tunnel_queue_push(&t->queue, &w->line, &e, now)) {
		if (t->queue.count == 1)
			gw_tunnel_arm(t); /* it may become stale */
		return GW_DROP_NONE;
	}
	gw_tunnel_queue_undo(&t->queue, &w->line);
	return GW_DROP_QUEUE;
}

enum gw_drop
gw_tunnel_datagram(struct gw_tunnel_flow *w,
    const struct gw_tunnel_datagram *head, struct gw_slice s)
{
	struct gw_tunnel *t = w->tunnel;
	struct gw_tunnel_datagram d = *head;
	const gw_usec now = gw_clock_now(); /* parts become stale together */
	const size_t whole = s.n;
	enum gw_drop drop = GW_DROP_NONE;
	size_t max, room, parts;

	if (t->conn == NULL)
		return GW_DROP_PEER;
	make_room(t);
	max = gw_session_datagram_max(t->conn->session);
	if (max < 2 * GW_TUNNEL_DATAGRAM_HEAD)
		return GW_DROP_PEER;
	d.data = s;
	if (gw_tunnel_datagram_head(&d) + s.n <= max) {
		drop = one(w, &d, whole, now);
	} else {
		d.part = true;
		room = max - gw_tunnel_datagram_head(&d);
		parts = (s.n + room - 1) / room;
		if (parts > GW_TUNNEL_PARTS)
			return GW_DROP_TOO_BIG;
		d.number = w->number++;
		d.parts = (uint8_t)parts;
		for (d.at = 0; d.at < parts && drop == GW_DROP_NONE; d.at++) {
			d.data = gw_slice(s.p, s.n < room ? s.n : room);
			s = gw_slice(s.p + d.data.n, s.n - d.data.n);
			drop = one(w, &d, whole, now);
		}
	}
	gw_conn_kick(t->conn);
	return drop;
}

/* ---- in ---- */

static void
deliver(struct gw_tunnel *t, const struct gw_tunnel_datagram *d,
    struct gw_slice whole)
{
	struct gw_tunnel_flow *w = gw_tunnel_find(t, d->flow);
	const bool ours = (d->flow % 2 == 0) == t->initiator;
	const gw_usec now = gw_clock_now();
	struct gw_via_rule *r;
	const struct gw_tunnel_message over = { .kind = GW_TUNNEL_OVER,
		.flow = d->flow,
		.reason = GW_TUNNEL_STOPPED };

	if (w != NULL) {
		if (w->lane != 0)
			return;
		if (d->opens && !ours && now >= w->told + TELL_AGAIN) {
			w->told = now;
			gw_tunnel_say(t, 0,
			    &(struct gw_tunnel_message){
				.kind = GW_TUNNEL_KNOWN, .flow = d->flow });
		}
		w->ops->datagram(w, whole);
		return;
	}
	if (ours)
		return;
	r = d->opens ? gw_tunnel_delivers(t, d->rule, d->port) : NULL;
	if (r != NULL && r->datagram != NULL)
		r->datagram(r, d, whole);
	else
		gw_tunnel_say(t, 0, &over);
}

/* Each is told to the flow that it was for, or to the rule of that. */
static void
tell_incomplete(struct gw_tunnel *t)
{
	struct gw_tunnel_lost lost;

	while (gw_tunnel_parts_lost(&t->parts, &lost)) {
		struct gw_tunnel_flow *w = gw_tunnel_find(t, lost.flow);
		struct gw_via_rule *r =
		    lost.opens ? gw_tunnel_rule(t, lost.rule) : NULL;

		if (w != NULL && w->ops->incomplete != NULL)
			w->ops->incomplete(w);
		else if (w == NULL && r != NULL && !r->listens)
			gw_forwarder_drop(
			    &r->base, GW_DROP_INCOMPLETE, 1, NULL);
	}
}

void
gw_tunnel_tick_parts(struct gw_tunnel *t, gw_usec now)
{
	gw_tunnel_parts_tick(&t->parts, now);
	tell_incomplete(t);
}

void
gw_tunnel_on_datagram(struct gw_tunnel *t, struct gw_slice s)
{
	struct gw_tunnel_datagram d;
	struct gw_slice whole;

	if (!gw_tunnel_datagram_decode(s, &d))
		return;
	if (!d.part)
		deliver(t, &d, d.data);
	else if (gw_tunnel_parts_add(&t->parts, &d, gw_clock_now(), &whole)) {
		deliver(t, &d, whole);
		gw_tunnel_settle(t); /* it is lent for no longer */
	}
	tell_incomplete(t);
}
