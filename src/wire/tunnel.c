#include "wire/tunnel.h"

#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"

/* What a body has, in this order. */
enum {
	HAS_ID = 1 << 0,
	HAS_FLOW = 1 << 1,
	HAS_RULE = 1 << 2,
	HAS_REVERSE = 1 << 3,
	HAS_PORT = 1 << 4,
	HAS_TIMES = 1 << 5,
	HAS_CLIENT = 1 << 6,
	HAS_REASON = 1 << 7,
	HAS_TOTAL = 1 << 8,
	HAS_TEXT = 1 << 9 /* the rest */
};

static const unsigned layouts[GW_TUNNEL_KINDS] = {
	[GW_TUNNEL_HELLO] = HAS_ID,
	[GW_TUNNEL_OPEN] = HAS_RULE | HAS_REVERSE | HAS_TEXT,
	[GW_TUNNEL_ACCEPT] = HAS_RULE | HAS_PORT | HAS_TIMES,
	[GW_TUNNEL_REFUSE] = HAS_RULE | HAS_TEXT,
	[GW_TUNNEL_CLOSE] = HAS_RULE,
	[GW_TUNNEL_KNOWN] = HAS_FLOW,
	[GW_TUNNEL_OVER] = HAS_FLOW | HAS_REASON,
	[GW_TUNNEL_FLOW] = HAS_FLOW | HAS_RULE | HAS_PORT | HAS_CLIENT,
	[GW_TUNNEL_READY] = HAS_FLOW,
	[GW_TUNNEL_END] = HAS_FLOW,
	[GW_TUNNEL_RESET] = HAS_FLOW | HAS_REASON | HAS_TEXT,
	[GW_TUNNEL_WINDOW] = HAS_FLOW | HAS_TOTAL,
};

/* ---- messages ---- */

static void
write_body(struct gw_writer *w, const struct gw_tunnel_message *m)
{
	const unsigned has = layouts[m->kind];

	if (has & HAS_ID)
		gw_write_bytes(w, m->id, sizeof m->id);
	if (has & HAS_FLOW)
		gw_write_u32(w, m->flow);
	if (has & HAS_RULE)
		gw_write_u16(w, m->rule);
	if (has & HAS_REVERSE)
		gw_write_u8(w, m->reverse);
	if (has & HAS_PORT)
		gw_write_u16(w, m->port);
	if (has & HAS_TIMES) {
		gw_write_u32(w, m->idle_ms);
		gw_write_u32(w, m->unreplied_ms);
	}
	if (has & HAS_CLIENT) {
		gw_write_bytes(w, m->ip, sizeof m->ip);
		gw_write_u16(w, m->ip_port);
	}
	if (has & HAS_REASON)
		gw_write_u8(w, (uint8_t)m->reason);
	if (has & HAS_TOTAL)
		gw_write_u64(w, m->total);
	if (has & HAS_TEXT)
		gw_write_bytes(w, m->text.p, m->text.n);
}

size_t
gw_tunnel_encode(const struct gw_tunnel_message *m, uint8_t *out, size_t room)
{
	struct gw_writer w = gw_writer(out, room);
	size_t n;

	GW_ASSERT(m->kind < GW_TUNNEL_KINDS && layouts[m->kind] != 0);
	gw_write_u8(&w, (uint8_t)m->kind);
	gw_write_u16(&w, 0);
	write_body(&w, m);
	n = gw_writer_len(&w);
	if (!gw_writer_ok(&w) || n > GW_TUNNEL_MESSAGE)
		return 0;
	gw_store_uint(out + 1, n - GW_TUNNEL_HEAD, 2);
	return n;
}

void
gw_tunnel_data_head(uint32_t flow, size_t n, uint8_t out[GW_TUNNEL_DATA_HEAD])
{
	GW_ASSERT(n <= GW_TUNNEL_DATA_MAX);
	out[0] = GW_TUNNEL_DATA;
	gw_store_uint(out + 1, n + 4, 2);
	gw_store_uint(out + 3, flow, 4);
}

bool
gw_tunnel_measure(struct gw_slice s, size_t *length)
{
	size_t body;

	GW_ASSERT(s.n >= GW_TUNNEL_HEAD);
	body = (size_t)gw_load_uint(s.p + 1, 2);
	if (s.p[0] == GW_TUNNEL_DATA) {
		if (body < 4 || body - 4 > GW_TUNNEL_DATA_MAX)
			return false;
	} else if (s.p[0] >= GW_TUNNEL_KINDS || layouts[s.p[0]] == 0 ||
		   body + GW_TUNNEL_HEAD > GW_TUNNEL_MESSAGE) {
		return false;
	}
	*length = GW_TUNNEL_HEAD + body;
	return true;
}

static bool
read_flags(struct gw_reader *r, unsigned has, struct gw_tunnel_message *m)
{
	unsigned v;

	if (has & HAS_REVERSE) {
		v = gw_read_u8(r);
		if (v > 1)
			return false;
		m->reverse = v == 1;
	}
	return true;
}

static void
read_rest(struct gw_reader *r, unsigned has, struct gw_tunnel_message *m)
{
	if (has & HAS_PORT)
		m->port = gw_read_u16(r);
	if (has & HAS_TIMES) {
		m->idle_ms = gw_read_u32(r);
		m->unreplied_ms = gw_read_u32(r);
	}
	if (has & HAS_CLIENT) {
		gw_read_copy(r, m->ip, sizeof m->ip);
		m->ip_port = gw_read_u16(r);
	}
	if (has & HAS_REASON)
		m->reason = (enum gw_tunnel_reason)gw_read_u8(r);
	if (has & HAS_TOTAL)
		m->total = gw_read_u64(r);
	if (has & HAS_TEXT)
		m->text = gw_read_bytes(r, gw_reader_left(r));
}

bool
gw_tunnel_decode(struct gw_slice s, struct gw_tunnel_message *out)
{
	struct gw_tunnel_message m = { .kind = GW_TUNNEL_HELLO };
	struct gw_reader r = gw_reader(s);
	unsigned has;
	size_t length;

	if (s.n < GW_TUNNEL_HEAD || !gw_tunnel_measure(s, &length) ||
	    length != s.n || s.p[0] == GW_TUNNEL_DATA)
		return false;
	m.kind = (enum gw_tunnel_kind)s.p[0];
	has = layouts[m.kind];
	(void)gw_reader_take(&r, GW_TUNNEL_HEAD);
	if (has & HAS_ID)
		gw_read_copy(&r, m.id, sizeof m.id);
	if (has & HAS_FLOW)
		m.flow = gw_read_u32(&r);
	if (has & HAS_RULE)
		m.rule = gw_read_u16(&r);
	if (!read_flags(&r, has, &m))
		return false;
	read_rest(&r, has, &m);
	if (!gw_reader_done(&r) || m.reason >= GW_TUNNEL_REASONS)
		return false;
	*out = m;
	return true;
}

/* ---- datagrams ---- */

enum { OPENS = 1, PART = 2 };

size_t
gw_tunnel_datagram_head(const struct gw_tunnel_datagram *d)
{
	return 5 + (d->opens ? 22u : 0u) + (d->part ? 4u : 0u);
}

size_t
gw_tunnel_datagram_encode(
    const struct gw_tunnel_datagram *d, uint8_t *out, size_t room)
{
	struct gw_writer w = gw_writer(out, room);

	gw_write_u8(
	    &w, (uint8_t)((d->opens ? OPENS : 0) | (d->part ? PART : 0)));
	gw_write_u32(&w, d->flow);
	if (d->opens) {
		gw_write_u16(&w, d->rule);
		gw_write_u16(&w, d->port);
		gw_write_bytes(&w, d->ip, sizeof d->ip);
		gw_write_u16(&w, d->ip_port);
	}
	if (d->part) {
		gw_write_u16(&w, d->number);
		gw_write_u8(&w, d->at);
		gw_write_u8(&w, d->parts);
	}
	gw_write_bytes(&w, d->data.p, d->data.n);
	GW_ASSERT(gw_writer_ok(&w));
	return gw_writer_len(&w);
}

bool
gw_tunnel_datagram_decode(struct gw_slice s, struct gw_tunnel_datagram *out)
{
	struct gw_tunnel_datagram d = { .flow = 0 };
	struct gw_reader r = gw_reader(s);
	const unsigned flags = gw_read_u8(&r);

	if (flags > (OPENS | PART))
		return false;
	d.flow = gw_read_u32(&r);
	d.opens = (flags & OPENS) != 0;
	d.part = (flags & PART) != 0;
	if (d.opens) {
		d.rule = gw_read_u16(&r);
		d.port = gw_read_u16(&r);
		gw_read_copy(&r, d.ip, sizeof d.ip);
		d.ip_port = gw_read_u16(&r);
	}
	if (d.part) {
		d.number = gw_read_u16(&r);
		d.at = gw_read_u8(&r);
		d.parts = gw_read_u8(&r);
		if (d.parts < 2 || d.parts > GW_TUNNEL_PARTS || d.at >= d.parts)
			return false;
	}
	d.data = gw_read_bytes(&r, gw_reader_left(&r));
	if (!gw_reader_ok(&r))
		return false;
	*out = d;
	return true;
}
