/*
 * A packet is sealed: header, text, tag.
 */
#include <string.h>

#include "session/udp/udp_session_private.h"

size_t
gw_udp_session_seal(struct gw_udp_session *s, uint64_t number,
    const struct gw_slice text[2], uint8_t *out)
{
	struct gw_udp_link *l = s->link;
	const struct gw_packet header = {
		.dcid = s->peer_cid,
		.phase = gw_keys_phase(&l->out, number),
		.low = (uint32_t)number,
	};

	gw_packet_encode(&header, out);
	gw_keys_seal(&l->out, number, gw_slice(out, GW_PACKET_HEADER), text,
	    out + GW_PACKET_HEADER);
	return GW_UDP_OVERHEAD + text[0].n + text[1].n;
}

size_t
gw_udp_session_seal_chunk(struct gw_udp_session *s, uint64_t number,
    const struct gw_slice text[2], uint8_t *at, uint8_t *out)
{
	const size_t head = text[0].n;
	struct gw_slice joined[2] = { gw_slice(NULL, 0) };
	uint8_t was[GW_RING_FRONT];
	size_t n;

	if (at == NULL || head > GW_RING_FRONT)
		return gw_udp_session_seal(s, number, text, out);
	joined[1] = gw_slice(at - head, head + text[1].n);
	memcpy(was, at - head, head);
	memcpy(at - head, text[0].p, head);
	n = gw_udp_session_seal(s, number, joined, out);
	memcpy(at - head, was, head);
	return n;
}
