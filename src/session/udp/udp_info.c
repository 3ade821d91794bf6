#include "session/udp/udp_session_private.h"

static struct gw_udp_bytes
bytes_of(const struct gw_udp_streams *st)
{
	const struct gw_window *w = &st->flow.w;
	struct gw_udp_bytes b = { .got = w->received,
		.unread = w->received - w->credited };

	for (uint16_t i = 0; i < st->limit; i++) {
		const struct gw_udp_stream *x = st->v[i];

		if (x == NULL)
			continue;
		b.acked += x->send.base;
		b.unacked += x->send.end - x->send.base;
	}
	return b;
}

static const struct gw_udp_session *
peek(const struct gw_session *base)
{
	return (const struct gw_udp_session *)(const void *)base;
}

bool
gw_udp_session_doubts(const struct gw_session *base)
{
	return peek(base)->doubt_by != GW_NEVER;
}

uint64_t
gw_udp_session_acked(const struct gw_session *base)
{
	const struct gw_udp_session *s = peek(base);

	return s->link != NULL ? s->link->recovery.n_acked.bytes : 0;
}

struct gw_udp_info
gw_udp_session_info(const struct gw_session *base)
{
	const struct gw_udp_session *s = peek(base);
	struct gw_udp_info i = {
		.serial = s->serial,
		.initiator = s->initiator,
		.peer = s->path,
		.state = s->state,
		.since = s->since,
		.cipher = s->cipher,
	};
	struct gw_recovery_stats r;

	for (unsigned k = 0; k < GW_UDP_STATES; k++)
		i.entered[k] = s->entered[k];
	if (s->link == NULL)
		return i;
	r = gw_recovery_stats(&s->link->recovery);
	i.cwnd = r.window;
	i.acked = r.acked.bytes;
	i.in_flight = r.in_flight;
	i.rate = r.delivery_rate;
	i.srtt = r.srtt;
	i.min_rtt = r.min_rtt;
	i.lost = r.lost.packets;
	i.spurious = r.spurious.packets;
	i.sent = s->link->datagrams_sent;
	i.received = s->link->datagrams_received;
	i.bytes = bytes_of(&s->link->streams);
	i.datagram = gw_pmtud_size(&s->link->mtu);
	i.messages_lost = s->link->messages_lost;
	i.messages_dropped = s->link->messages_dropped;
	i.congestion = r.congestion;
	return i;
}
