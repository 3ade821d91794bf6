/*
 * Datagrams of a tunnel: out in turn and not too late, in parts where they
 * are larger than the session's; in, each to its flow.
 */
#include <stddef.h>
#include <string.h>

#include "os/clock.h"
#include "run/tunnel_private.h"
#include "run/via.h"

enum {
	IN_SESSION = 32 /* that wait in the session; others wait here, where
			   they take turns and become stale */
};

#define FLOW_OF(l)                                                             \
	((struct gw_tunnel_flow *)(void *)((char *)(l)-offsetof(               \
	    struct gw_tunnel_flow, line)))

/* ---- out ---- */

static bool
has_room(const struct gw_tunnel *t)
{
	return gw_session_datagrams(t->conn->session) < IN_SESSION;
}

void
gw_tunnel_pump(struct gw_tunnel *t)
{
	const gw_usec now = gw_clock_now();
	struct gw_tunnel_line *line;
	enum gw_tunnel_turn turn;
	struct gw_slice s;
	bool sent = false;

	while ((turn = gw_tunnel_queue_next(&t->queue, now, &line, &s)) !=
	       GW_TUNNEL_TURN_NONE) {
		const size_t n = s.n;

		if (turn == GW_TUNNEL_TURN_SEND) {
			if (!has_room(t))
				break;
			/* A path that has become narrower loses it. */
			if (gw_session_datagram(t->conn->session, s, now) ==
			    GW_OK)
				sent = true;
			else
				turn = GW_TUNNEL_TURN_STALE;
		}
		gw_tunnel_queue_pop(&t->queue, turn);
		if (turn == GW_TUNNEL_TURN_STALE)
			FLOW_OF(line)->ops->stale(FLOW_OF(line), n);
	}
	if (sent)
		gw_conn_kick(t->conn);
}

static enum gw_drop
one(struct gw_tunnel_flow *w, const struct gw_tunnel_datagram *d)
{
	struct gw_tunnel *t = w->tunnel;
	const gw_usec now = gw_clock_now();
	uint8_t *out = t->buffer;
	const size_t n = gw_tunnel_datagram_encode(
	    d, out, GW_TUNNEL_DATAGRAM_HEAD + d->data.n);

	if (t->queue.count == 0 && has_room(t) &&
	    gw_session_datagram(t->conn->session, gw_slice(out, n), now) ==
		GW_OK)
		return GW_DROP_NONE;
	if (!gw_tunnel_queue_push(&t->queue, &w->line, gw_slice(out, n), now))
		return GW_DROP_QUEUE;
	return GW_DROP_NONE;
}

enum gw_drop
gw_tunnel_datagram(struct gw_tunnel_flow *w,
    const struct gw_tunnel_datagram *head, struct gw_slice s)
{
	struct gw_tunnel *t = w->tunnel;
	struct gw_tunnel_datagram d = *head;
	const size_t max =
	    t->conn != NULL ? gw_session_datagram_max(t->conn->session) : 0;
	enum gw_drop drop = GW_DROP_NONE;
	size_t room, parts;

	if (max < 2 * GW_TUNNEL_DATAGRAM_HEAD)
		return GW_DROP_PEER;
	d.data = s;
	if (gw_tunnel_datagram_head(&d) + s.n <= max) {
		drop = one(w, &d);
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
			drop = one(w, &d);
		}
	}
	gw_conn_kick(t->conn);
	gw_tunnel_arm(t);
	return drop;
}

/* ---- in ---- */

static void
deliver(struct gw_tunnel *t, const struct gw_tunnel_datagram *d,
    struct gw_slice whole)
{
	struct gw_tunnel_flow *w = gw_tunnel_find(t, d->flow);
	const bool ours = (d->flow % 2 == 0) == t->initiator;
	struct gw_via_rule *r;
	const struct gw_tunnel_message over = { .kind = GW_TUNNEL_OVER,
		.flow = d->flow,
		.reason = GW_TUNNEL_STOPPED };

	if (w != NULL) {
		if (w->lane != 0)
			return;
		if (d->opens && !ours)
			gw_tunnel_say(t, 0,
			    &(struct gw_tunnel_message){
				.kind = GW_TUNNEL_KNOWN, .flow = d->flow });
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

void
gw_tunnel_on_datagram(struct gw_tunnel *t, struct gw_slice s)
{
	struct gw_tunnel_datagram d;
	struct gw_slice whole;

	if (!gw_tunnel_datagram_decode(s, &d))
		return;
	if (!d.part)
		deliver(t, &d, d.data);
	else if (gw_tunnel_parts_add(&t->parts, &d, gw_clock_now(), &whole))
		deliver(t, &d, whole);
}
