#include "wire/packet.h"

#include <assert.h>

#include "base/assert.h"
#include "base/cursor.h"

enum {
	KIND_AT = 8,
	SEALED = 0x80,
	PHASE = 0x01,
	/* Of a handshake packet, without cookie and body. */
	CLEAR = 8 + GW_HELLO_HEADER + 8 + 1
};

static_assert(CLEAR + GW_COOKIE_MAX + GW_HELLO_MAX <= GW_PACKET_MIN,
    "a handshake packet fits every path");
struct gw_hash
gw_hello_packet_check(const struct gw_hello_packet *p)
{
	uint8_t text[8 + 8 + GW_HELLO_MAX];
	struct gw_writer w = gw_writer(text, sizeof(text));

	gw_write_u64(&w, p->dcid);
	gw_write_u64(&w, p->scid);
	gw_write_bytes(&w, p->body.p, p->body.n);
	GW_ASSERT(gw_writer_ok(&w));
	return gw_hash_of(gw_slice(text, gw_writer_len(&w)));
}

static_assert(GW_HEAD_MAX % 16 == 0, "a full head needs no padding");

enum gw_packet_kind
gw_packet_look(struct gw_slice p, uint64_t *dcid)
{
	struct gw_reader r = gw_reader(p);
	const uint64_t id = gw_read_u64(&r);
	const uint8_t kind = gw_read_u8(&r);

	if (!gw_reader_ok(&r) || (kind != 'g' && (kind & SEALED) == 0))
		return GW_PACKET_NONE;
	*dcid = id;
	return kind == 'g' ? GW_PACKET_HELLO : GW_PACKET_SEALED;
}

/* ---- handshake ---- */

/* Are the fields as the table in packet.h says? */
static bool
is_legal(const struct gw_hello_packet *p)
{
	switch (p->type) {
	case GW_HELLO_SYN:
		return p->dcid == 0 && p->scid != 0 && p->body.n > 0;
	case GW_HELLO_SYN_ACK:
	case GW_HELLO_ACK:
		return p->dcid != 0 && p->scid != 0 &&
		       p->cookie.n == GW_HASH_LEN && p->body.n > 0;
	case GW_HELLO_RST:
		return (p->dcid != 0 || p->scid != 0) && p->cookie.n == 0 &&
		       p->body.n > 0;
	case GW_HELLO_COOKIE:
		return p->dcid != 0 && p->scid == 0 && p->cookie.n > 0 &&
		       p->body.n == 0;
	default:
		return false;
	}
}

size_t
gw_hello_packet_encode(
    const struct gw_hello_packet *p, uint8_t out[GW_PACKET_MIN])
{
	struct gw_writer w = gw_writer(out, GW_PACKET_MIN);
	const struct gw_hello hello = {
		.version = p->version,
		.type = p->type,
		.length = (uint16_t)p->body.n,
	};
	uint8_t header[GW_HELLO_HEADER];

	GW_ASSERT(is_legal(p));
	GW_ASSERT(p->cookie.n <= GW_COOKIE_MAX);
	GW_ASSERT(p->body.n <= GW_HELLO_MAX);

	gw_hello_encode(&hello, header);
	gw_write_u64(&w, p->dcid);
	gw_write_bytes(&w, header, sizeof(header));
	gw_write_u64(&w, p->scid);
	gw_write_u8(&w, (uint8_t)p->cookie.n);
	gw_write_bytes(&w, p->cookie.p, p->cookie.n);
	gw_write_bytes(&w, p->body.p, p->body.n);
	while (p->type == GW_HELLO_SYN && gw_writer_len(&w) < GW_PACKET_MIN)
		gw_write_u8(&w, 0);
	GW_ASSERT(gw_writer_ok(&w));
	return gw_writer_len(&w);
}

/* What follows the body: zeros up to the size of a SYN, else nothing. */
static bool
ends_well(const struct gw_hello_packet *p, size_t whole, struct gw_reader *r)
{
	uint8_t seen = 0;

	if (p->type != GW_HELLO_SYN)
		return gw_reader_done(r);
	while (gw_reader_left(r) > 0)
		seen |= gw_read_u8(r);
	return seen == 0 && whole == GW_PACKET_MIN;
}

bool
gw_hello_packet_decode(struct gw_slice s, struct gw_hello_packet *out)
{
	struct gw_reader r = gw_reader(s);
	struct gw_hello_packet p;
	struct gw_hello hello;

	p.dcid = gw_read_u64(&r);
	if (gw_hello_decode(gw_read_bytes(&r, GW_HELLO_HEADER), &hello) !=
	    GW_HELLO_READY)
		return false;
	p.version = hello.version;
	p.type = hello.type;
	p.scid = gw_read_u64(&r);
	p.cookie = gw_read_bytes(&r, gw_read_u8(&r));
	p.body = gw_read_bytes(&r, hello.length);
	if (!gw_reader_ok(&r) || p.cookie.n > GW_COOKIE_MAX ||
	    p.body.n > GW_HELLO_MAX)
		return false;
	if (p.version == GW_PROTOCOL_VERSION &&
	    (!is_legal(&p) || !ends_well(&p, s.n, &r)))
		return false;
	*out = p;
	return true;
}

/* ---- sealed ---- */

void
gw_packet_encode(const struct gw_packet *p, uint8_t out[GW_PACKET_HEADER])
{
	const uint32_t flags = p->phase ? SEALED | PHASE : SEALED;

	gw_store_uint(out, p->dcid, 8);
	gw_store_uint(out + KIND_AT, flags << 24, 4); /* three are spare */
	gw_store_uint(out + KIND_AT + 4, p->low, 4);
}

bool
gw_packet_decode(struct gw_slice s, struct gw_packet *out)
{
	struct gw_reader r = gw_reader(s);
	const uint64_t dcid = gw_read_u64(&r);
	const uint32_t flags = gw_read_u32(&r);
	const uint32_t low = gw_read_u32(&r);

	if (gw_reader_left(&r) <= GW_TAG_LEN || s.n > GW_PACKET_MAX)
		return false;
	if ((flags & ~((uint32_t)PHASE << 24)) != (uint32_t)SEALED << 24)
		return false;
	*out = (struct gw_packet){
		.dcid = dcid,
		.phase = (flags >> 24 & PHASE) != 0,
		.low = low,
	};
	return true;
}

uint64_t
gw_packet_number(uint32_t low, uint64_t next)
{
	const uint64_t window = UINT64_C(1) << 32;
	const uint64_t candidate = (next & ~(window - 1)) | low;

	/* As RFC 9000, A.3. */
	if (candidate < next && next - candidate >= window / 2 &&
	    candidate <= UINT64_MAX - window)
		return candidate + window;
	if (candidate > next && candidate - next > window / 2 &&
	    candidate >= window)
		return candidate - window;
	return candidate;
}
