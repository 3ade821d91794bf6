#include "session/udp/udp_past.h"

void
gw_udp_past_add(struct gw_udp_past *p, const struct gw_session *s, gw_usec now)
{
	struct gw_udp_info i = gw_udp_session_info(s);

	/* Anybody may do that often, and push out what matters. */
	if (!i.initiator && i.entered[GW_UDP_ESTABLISHED] == GW_NEVER)
		return;
	if (i.state != GW_UDP_CLOSED) {
		i.state = GW_UDP_CLOSED;
		i.since = i.entered[GW_UDP_CLOSED] = now;
	}
	p->v[p->n++ % GW_UDP_PAST] = i;
}

const struct gw_udp_info *
gw_udp_past_at(const struct gw_udp_past *p, unsigned i)
{
	if (i >= p->n || i >= GW_UDP_PAST)
		return NULL;
	return &p->v[(p->n - 1 - i) % GW_UDP_PAST];
}
