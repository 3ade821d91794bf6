/*
 * What there is to send, and whether it may leave.
 */
#include "session/udp/udp_session_private.h"

bool
gw_udp_session_is_held(const struct gw_udp_session *s, uint64_t least)
{
	const struct gw_udp_probe *p = &s->link->probe;

	return p->active && p->allowance < least && s->state != GW_UDP_CLOSED;
}

bool
gw_udp_session_is_alone(const struct gw_udp_session *s)
{
	return s->link->due == GW_DUE_RESPONSE &&
	       !gw_path_eq(&s->link->response_to, &s->path);
}

bool
gw_udp_session_has_ack(const struct gw_udp_session *s)
{
	return gw_ack_out_due(&s->link->acks, s->now) &&
	       !gw_udp_session_is_held(s, GW_PACKET_MIN);
}

bool
gw_udp_session_has_windows(const struct gw_udp_session *s)
{
	return gw_udp_streams_due(&s->link->streams) &&
	       !gw_udp_session_is_held(s, GW_PACKET_MIN);
}

bool
gw_udp_session_has_reset(const struct gw_udp_session *s)
{
	return gw_udp_streams_has_reset(&s->link->streams) &&
	       s->state != GW_UDP_CLOSED &&
	       !gw_udp_session_is_held(s, GW_UDP_CONTROL_MOST);
}

bool
gw_udp_session_has_due(const struct gw_udp_session *s)
{
	return (s->link->due != 0 &&
		   !gw_udp_session_is_held(s, GW_UDP_CONTROL_MOST)) ||
	       gw_udp_session_has_windows(s) || gw_udp_session_has_reset(s);
}

bool
gw_udp_session_has_data(const struct gw_udp_session *s)
{
	return s->state != GW_UDP_CLOSED && !s->fin_acked &&
	       gw_udp_streams_has_chunk(&s->link->streams);
}

uint64_t
gw_udp_session_budget(const struct gw_udp_session *s)
{
	const struct gw_udp_link *l = s->link;
	uint64_t n = gw_recovery_budget(&l->recovery, s->now);

	if (gw_recovery_probes(&l->recovery) > 0)
		n = GW_PACKET_MAX;
	if (l->probe.active && l->probe.allowance < n)
		n = l->probe.allowance;
	return n;
}

gw_usec
gw_udp_session_output_deadline(const struct gw_udp_session *s)
{
	const struct gw_udp_link *l = s->link;
	gw_usec at = GW_NEVER;

	if (s->state == GW_UDP_CLOSED)
		return GW_NEVER;
	/* Probes for a lost tail that may not leave: no more of them. */
	if (!gw_udp_session_is_held(s, GW_UDP_CONTROL_MOST) ||
	    gw_recovery_probes(&l->recovery) == 0)
		at = gw_recovery_deadline(&l->recovery);
	if (!gw_udp_session_is_held(s, GW_PACKET_MIN))
		at = gw_usec_min(at, gw_ack_out_deadline(&l->acks));
	at = gw_usec_min(at, gw_pmtud_deadline(&l->mtu));
	if ((gw_udp_session_has_data(s) || l->messages.count > 0) &&
	    !gw_udp_session_is_held(s, gw_pmtud_size(&l->mtu)))
		at = gw_usec_min(at, gw_recovery_send_at(&l->recovery, s->now));
	return at;
}
