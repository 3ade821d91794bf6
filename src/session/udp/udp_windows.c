/*
 * The windows of streams and session, as frames.
 */
#include "session/udp/udp_streams.h"

static bool
on_blocked(struct gw_udp_streams *st, struct gw_udp_stream *x,
    const struct gw_pframe *f, gw_usec now)
{
	struct gw_flow_there there = { f->window.at, st->taken };

	if (x == NULL)
		return gw_flow_session_blocked_there(&st->flow, &there, now);
	there.taken = x->recv.next;
	return gw_flow_blocked_there(&st->flow, &x->flow, &there, now);
}

bool
gw_udp_streams_window(
    struct gw_udp_streams *st, const struct gw_pframe *f, gw_usec now)
{
	struct gw_udp_stream *x = NULL;

	if ((f->type == GW_PFRAME_WINDOW || f->type == GW_PFRAME_BLOCKED) &&
	    (x = gw_udp_streams_get(st, f->window.id)) == NULL)
		return true; /* without memory; it is said again */
	switch (f->type) {
	case GW_PFRAME_WINDOW:
		(void)gw_flow_window(&st->flow, &x->flow, f->window.at);
		return true;
	case GW_PFRAME_SESSION_WINDOW:
		(void)gw_flow_session_window(&st->flow, f->window.at);
		return true;
	default:
		return on_blocked(st, x, f, now);
	}
}

bool
gw_udp_streams_due(const struct gw_udp_streams *st)
{
	return gw_flow_due(&st->flow);
}

bool
gw_udp_streams_next_window(
    struct gw_udp_streams *st, uint64_t number, struct gw_pframe *f)
{
	if (gw_flow_session_next(&st->flow, number, f))
		return true;
	for (uint16_t i = 0; i < st->limit; i++)
		if (st->v[i] != NULL && gw_flow_stream_next(&st->flow,
					    &st->v[i]->flow, i, number, f))
			return true;
	return false;
}

void
gw_udp_streams_windows_lost(struct gw_udp_streams *st, uint64_t number)
{
	gw_flow_session_lost(&st->flow, number);
	for (uint16_t i = 0; i < st->limit; i++)
		if (st->v[i] != NULL)
			gw_flow_stream_lost(&st->flow, &st->v[i]->flow, number);
}

void
gw_udp_streams_held_up(struct gw_udp_streams *st, gw_usec now)
{
	for (uint16_t i = 0; i < st->limit; i++) {
		struct gw_udp_stream *x = st->v[i];

		if (x != NULL && gw_send_stream_unsent(&x->send) > 0 &&
		    gw_flow_limit(&st->flow, &x->flow) <= x->send.next)
			gw_flow_blocked(&st->flow, &x->flow, now);
	}
}

void
gw_udp_streams_tick(struct gw_udp_streams *st, gw_usec rtt, gw_usec now)
{
	gw_flow_set_rtt(&st->flow, rtt);
	gw_flow_tick(&st->flow, now);
}

gw_usec
gw_udp_streams_deadline(const struct gw_udp_streams *st)
{
	return gw_flow_deadline(&st->flow);
}
