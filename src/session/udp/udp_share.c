/*
 * What a session takes of what all sessions of its endpoint share: memory for
 * data that waits, and room in the socket.
 */
#include "session/udp/udp_session_private.h"

enum {
	SHORT_PATH = 1000,     /* us of RTT */
	KERNEL_LEAST = 1 << 16 /* bytes: a train */
};

static uint64_t
part(const struct gw_udp_session *s, uint64_t whole, uint64_t least)
{
	const uint64_t n = s->sharers > 0 ? whole / s->sharers : whole;

	return n > least ? n : least;
}

void
gw_udp_session_share(struct gw_session *base, unsigned sessions)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	s->sharers = sessions;
	if (s->link != NULL)
		gw_udp_session_share_memory(s, &s->link->streams);
}

void
gw_udp_session_share_memory(
    const struct gw_udp_session *s, struct gw_udp_streams *st)
{
	st->memory = part(s, s->o.memory, GW_SEND_STREAM_MIN);
	for (uint16_t i = 0; i < st->limit; i++)
		if (st->v[i] != NULL)
			gw_send_stream_set_max(&st->v[i]->send, st->memory);
	gw_flow_set_max(&st->flow, part(s, s->window, GW_STREAM_WINDOW),
	    part(s, s->window, GW_STREAM_WINDOW) + GW_SESSION_WINDOW);
}

/* On a short path nothing is under way for long: what is not read waits in the
 * socket, and what is more than that holds is lost. */
void
gw_udp_session_share_kernel(struct gw_udp_session *s)
{
	const struct gw_rtt *rtt = &s->link->recovery.rtt;
	const bool is_short =
	    s->o.kernel > 0 && gw_rtt_known(rtt) && rtt->min < SHORT_PATH;

	gw_flow_set_ahead(&s->link->streams.flow,
	    is_short ? part(s, s->o.kernel, KERNEL_LEAST) : GW_OFFSET_MAX);
}
