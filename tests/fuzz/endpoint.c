/*
 * Any datagrams from any address, into an endpoint that listens and one that
 * dials; and a network that loses, repeats and changes what the two say.
 * Nothing stays for ever, and nobody asks for time without an end.
 */
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "fuzz.h"
#include "udp_rig.h"

enum { STEPS_MAX = 200 };

/* The id of some session of a side, or what somebody made up. */
static uint64_t
some_id(struct udp_rig *r, struct gw_reader *in, unsigned side)
{
	struct gw_session *s =
	    gw_udp_endpoint_next(r->side[side].endpoint, NULL);

	switch (gw_read_u8(in) % 4) {
	case 0:
		return 0;
	case 1:
		return gw_read_u64(in);
	case 2:
		return s != NULL ? gw_udp_session_of(s)->cid : 1;
	default:
		return s != NULL ? gw_udp_session_of(s)->peer_cid : 1;
	}
}

/* A message of the handshake with fields that fit, more or less; with a check
 * that is right. */
static void
hello(struct udp_rig *r, struct gw_reader *in, unsigned side,
    const struct gw_path *from)
{
	struct gw_hello_packet p = {
		.dcid = some_id(r, in, side),
		.scid = some_id(r, in, side),
		.version = GW_PROTOCOL_VERSION,
		.type = (uint8_t)(1 + gw_read_u8(in) % GW_HELLO_COOKIE),
	};
	const uint8_t how = gw_read_u8(in);
	uint8_t out[GW_PACKET_MIN] = { 0 }, header[GW_HELLO_HEADER];
	struct gw_writer w = gw_writer(out, sizeof(out));
	struct gw_hash check;

	p.body = gw_read_bytes(in, gw_reader_left(in) < how ? 0 : how);
	check = gw_hello_packet_check(&p);
	if (p.type == GW_HELLO_SYN_ACK || p.type == GW_HELLO_ACK)
		p.cookie = gw_slice(check.b, sizeof(check.b));
	if (p.type == GW_HELLO_COOKIE) {
		p.cookie = gw_slice(p.body.p, p.body.n % 64);
		p.body = gw_slice(NULL, 0);
	}
	gw_hello_encode(&(struct gw_hello){ .version = p.version,
			    .type = p.type,
			    .length = (uint16_t)p.body.n },
	    header);
	gw_write_u64(&w, p.dcid);
	gw_write_bytes(&w, header, sizeof(header));
	gw_write_u64(&w, p.scid);
	gw_write_u8(&w, (uint8_t)p.cookie.n);
	gw_write_bytes(&w, p.cookie.p, p.cookie.n);
	gw_write_bytes(&w, p.body.p, p.body.n);
	GW_ASSERT(gw_writer_ok(&w));
	udp_rig_input(r, side, from,
	    gw_slice(
		out, p.type == GW_HELLO_SYN ? sizeof(out) : gw_writer_len(&w)));
}

/* What one of them said, to the other, once more or for the first time. */
static void
carry(struct udp_rig *r, struct gw_reader *in, const struct gw_path *from)
{
	struct udp_rig_kept k = r->kept[gw_read_u8(in) % UDP_RIG_KEPT];
	const uint8_t how = gw_read_u8(in);
	const struct gw_path right = udp_rig_path(k.side + 1);

	if (how & 1 && k.n > 0)
		k.b[gw_read_u16(in) % k.n] ^= gw_read_u8(in);
	if (how & 2)
		k.n = k.n > how ? k.n - how : 0;
	udp_rig_input(
	    r, 1 - k.side, how & 4 ? from : &right, gw_slice(k.b, k.n));
}

static void
step(struct udp_rig *r, struct gw_reader *in)
{
	const uint8_t what = gw_read_u8(in);
	const unsigned side = what >> 3 & 1;
	const struct gw_path from = udp_rig_path(what >> 4);
	struct gw_slice raw;
	size_t n;

	switch (what & 7) {
	case 0:
		n = gw_read_u8(in);
		raw = gw_read_bytes(in, n < gw_reader_left(in) ? n : 0);
		udp_rig_input(r, side, &from, raw);
		break;
	case 1:
		hello(r, in, side, &from);
		break;
	case 2:
	case 3:
	case 4:
		carry(r, in, &from);
		break;
	case 5:
		gw_udp_endpoint_refused(r->side[side].endpoint, &from, r->now);
		udp_rig_work(r, side);
		break;
	case 6:
		gw_udp_endpoint_too_large(
		    r->side[side].endpoint, &from, gw_read_u16(in), r->now);
		udp_rig_work(r, side);
		break;
	default:
		udp_rig_sleep(r, gw_read_u8(in) * GW_SEC / 20);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_reader in = gw_reader(gw_slice(data, size));
	static struct udp_rig r;

	udp_rig_init(&r);
	for (unsigned i = 0; i < STEPS_MAX && gw_reader_left(&in) > 0; i++)
		step(&r, &in);
	udp_rig_ends(&r);
	udp_rig_fini(&r);
	return 0;
}
