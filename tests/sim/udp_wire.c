#include "udp_wire.h"

#include <string.h>

#include "base/assert.h"

uint8_t
udp_wire_type(const struct net_datagram *d)
{
	uint64_t dcid;

	if (d->kind != NET_DATA)
		return 0;
	switch (gw_packet_look(gw_slice(d->bytes, d->len), &dcid)) {
	case GW_PACKET_HELLO:
		return d->bytes[13];
	case GW_PACKET_SEALED:
		return UDP_WIRE_SEALED;
	case GW_PACKET_NONE:
		break;
	}
	return 0;
}

static void
saw(void *arg, enum net_fate fate, unsigned node, const struct net_datagram *d,
    gw_usec now)
{
	struct udp_wire *w = arg;
	struct udp_wire_seen *s;

	if (fate != NET_SENT || w->n == UDP_WIRE_SEEN || d->kind != NET_DATA ||
	    node >= 2)
		return;
	s = &w->v[w->n++];
	*s = (struct udp_wire_seen){
		.side = node,
		.from = d->from,
		.to = d->to,
		.at = now,
		.type = udp_wire_type(d),
		.n = d->len,
	};
	memcpy(s->b, d->bytes, d->len < sizeof(s->b) ? d->len : sizeof(s->b));
}

static bool
is_dropped(void *arg, const struct net_datagram *d, gw_usec now)
{
	struct udp_wire *w = arg;

	(void)now;
	if (w->dropped == w->drop_most || udp_wire_type(d) != w->drop_type)
		return false;
	w->dropped++;
	return true;
}

void
udp_wire_watch(struct udp_wire *w, struct udp_bed *b)
{
	const struct net_watch watch = { saw, w };

	memset(w, 0, sizeof(*w));
	w->bed = b;
	net_watch(b->net, &watch);
}

void
udp_wire_drop(struct udp_wire *w, uint8_t type, unsigned count)
{
	struct net_link_options o = w->bed->link;

	w->drop_type = type;
	w->drop_most = count;
	w->dropped = 0;
	o.drop = is_dropped;
	o.drop_arg = w;
	net_change_link(w->bed->net, w->bed->forth, &o, 0);
	net_change_link(w->bed->net, w->bed->back, &o, 0);
}

const struct udp_wire_seen *
udp_wire_nth(const struct udp_wire *w, uint8_t type, unsigned n)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->v[i].type == type && n-- == 0)
			return &w->v[i];
	return NULL;
}

void
udp_wire_inject(struct udp_bed *b, unsigned to, const struct net_addr *from,
    const uint8_t *bytes, size_t n)
{
	struct net_datagram d = {
		.from = *from,
		.to = net_address(b->net, b->node[to]),
		.len = n,
	};

	d.bytes = (uint8_t *)(uintptr_t)bytes; /* net_send only reads it */
	net_send(b->net, b->node[1 - to], &d, b->now);
}
