/*
 * What comes in a tunnel: messages out of streams, each to whom it is for.
 */
#include "os/clock.h"
#include "run/tunnel_private.h"
#include "run/via.h"

/* ---- messages ---- */

static void
on_flow(struct gw_tunnel *t, uint16_t lane, const struct gw_tunnel_message *m)
{
	struct gw_via_rule *r = gw_tunnel_delivers(t, m->rule, m->port);
	const bool ours = (m->flow % 2 == 0) == t->initiator;
	const struct gw_tunnel_message refusal = { .kind = GW_TUNNEL_RESET,
		.flow = m->flow,
		.reason = GW_TUNNEL_REFUSED,
		.text = gw_slice_str("that rule is not open there") };

	if (ours || gw_tunnel_find(t, m->flow) != NULL)
		t->broken = GW_TUNNEL_SENSELESS;
	else if (r == NULL || r->flow == NULL)
		gw_tunnel_say(t, lane, &refusal);
	else
		r->flow(r, m, lane);
}

static void
on_message(
    struct gw_tunnel *t, uint16_t lane, const struct gw_tunnel_message *m)
{
	struct gw_tunnel_flow *w;

	if (m->kind <= GW_TUNNEL_CLOSE) {
		if (lane == 0 && t->owner.control(t->owner.arg, m))
			t->heard = true;
		else
			t->broken = GW_TUNNEL_SENSELESS;
		return;
	}
	if (m->kind == GW_TUNNEL_FLOW) {
		if (lane == 0)
			t->broken = GW_TUNNEL_SENSELESS;
		else
			on_flow(t, lane, m);
		return;
	}
	/* Of one that has gone here it may still come. */
	w = gw_tunnel_find(t, m->flow);
	if (w != NULL && w->lane == lane)
		w->ops->message(w, m);
}

/* ---- streams ---- */

static size_t
take_data(struct gw_tunnel *t, uint16_t i, struct gw_slice s)
{
	struct gw_tunnel_lane *lane = t->lanes[i];
	const size_t n = s.n < lane->left ? s.n : lane->left;
	struct gw_tunnel_flow *w = gw_tunnel_find(t, lane->flow);

	lane->left -= n;
	if (w != NULL && w->lane == i && i != 0)
		w->ops->data(w, gw_slice(s.p, n));
	return n;
}

/* Bytes of a message, or of the head of data, until it is whole.  Returns how
 * many were taken; 0: it is broken. */
static size_t
take_message(struct gw_tunnel *t, uint16_t i, struct gw_slice s)
{
	struct gw_tunnel_lane *lane = t->lanes[i];
	const size_t have = gw_bytes_len(&lane->in);
	size_t whole = GW_TUNNEL_HEAD, n;
	struct gw_tunnel_message m;
	struct gw_slice all;

	if (have >= GW_TUNNEL_HEAD) {
		all = gw_bytes_peek(&lane->in);
		if (!gw_tunnel_measure(all, &whole))
			return 0;
		if (all.p[0] == GW_TUNNEL_DATA)
			whole = GW_TUNNEL_DATA_HEAD;
	}
	n = whole - have < s.n ? whole - have : s.n;
	if (gw_bytes_add(&lane->in, s.p, n) != GW_OK) {
		t->broken = GW_TUNNEL_NO_MEMORY;
		return 0;
	}
	all = gw_bytes_peek(&lane->in);
	if (all.n < GW_TUNNEL_HEAD || !gw_tunnel_measure(all, &whole))
		return all.n < GW_TUNNEL_HEAD ? n : 0;
	if (all.p[0] == GW_TUNNEL_DATA && all.n == GW_TUNNEL_DATA_HEAD) {
		lane->left = whole - GW_TUNNEL_DATA_HEAD;
		lane->flow = (uint32_t)all.p[3] << 24 |
			     (uint32_t)all.p[4] << 16 |
			     (uint32_t)all.p[5] << 8 | all.p[6];
		gw_bytes_clear(&lane->in);
	} else if (all.n == whole) {
		if (!gw_tunnel_decode(all, &m))
			return 0;
		on_message(t, i, &m);
		gw_bytes_clear(&lane->in);
	}
	return n;
}

static void
on_data(struct gw_tunnel *t, const struct gw_session_event *ev)
{
	const uint16_t i = ev->data.stream;
	struct gw_slice s = ev->data.bytes;
	struct gw_tunnel_lane *lane = gw_tunnel_lane(t, i);

	gw_session_credit(t->conn->session, i, s.n);
	if (lane == NULL)
		t->broken = GW_TUNNEL_NO_MEMORY;
	else if (ev->data.end)
		t->broken = GW_TUNNEL_SENSELESS;
	while (s.n > 0 && !t->broken) {
		const size_t n =
		    lane->left > 0 ? take_data(t, i, s) : take_message(t, i, s);

		if (n == 0 && !t->broken)
			t->broken = GW_TUNNEL_SENSELESS;
		s = gw_slice(s.p + n, s.n - n);
	}
}

bool
gw_tunnel_pull(struct gw_tunnel *t)
{
	struct gw_session_event ev;

	while (!t->broken && gw_session_event(t->conn->session, &ev)) {
		switch (ev.kind) {
		case GW_SESSION_DATA:
			on_data(t, &ev);
			break;
		case GW_SESSION_DATAGRAM:
			gw_tunnel_on_datagram(t, ev.datagram);
			break;
		case GW_SESSION_RESET:
			t->broken = GW_TUNNEL_SENSELESS;
			break;
		case GW_SESSION_FIN:
		case GW_SESSION_OPENED:
			break;
		case GW_SESSION_CLOSED:
			gw_tunnel_settle(t);
			gw_tunnel_lose(t,
			    ev.closed.err != GW_OK ? ev.closed.err : GW_E_LOST,
			    ev.closed.text[0] != '\0'
				? ev.closed.text
				: gw_err_text(ev.closed.err != GW_OK
						  ? ev.closed.err
						  : GW_E_LOST));
			return false;
		}
	}
	gw_tunnel_settle(t);
	return !gw_tunnel_lose_broken(t);
}
