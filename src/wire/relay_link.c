#include "wire/relay_link.h"

#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"

enum { BROADCAST = 1, GROUP = 2 };

/* ---- addresses ---- */

static bool
is_v4(const struct gw_endpoint *e)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(e->ip, mapped, sizeof mapped) == 0;
}

static bool
is_group(const struct gw_endpoint *e)
{
	return is_v4(e) ? (e->ip[12] & 0xf0) == 0xe0 : e->ip[0] == 0xff;
}

/* Of IPv4 and of class E, or all ones: nobody speaks from there. */
static bool
is_reserved(const struct gw_endpoint *e)
{
	return is_v4(e) && e->ip[12] >= 0xf0;
}

static void
write_endpoint(struct gw_writer *w, const struct gw_endpoint *e)
{
	gw_write_bytes(w, e->ip, sizeof e->ip);
	gw_write_u16(w, e->port);
}

static void
read_endpoint(struct gw_reader *r, struct gw_endpoint *e)
{
	*e = (struct gw_endpoint){ .port = 0 };
	gw_read_copy(r, e->ip, sizeof e->ip);
	e->port = gw_read_u16(r);
}

/* ---- writing ---- */

size_t
gw_relay_message_encode(
    const struct gw_relay_message *m, uint8_t out[GW_RELAY_MESSAGE_MAX])
{
	struct gw_writer w = gw_writer(out, GW_RELAY_MESSAGE_MAX);

	gw_write_u8(&w, (uint8_t)m->kind);
	switch (m->kind) {
	case GW_RELAY_HELLO:
		gw_write_u8(&w, m->version);
		gw_write_u16(&w, 0);
		gw_write_bytes(&w, m->origin, sizeof m->origin);
		break;
	case GW_RELAY_DATAGRAM:
		gw_write_u8(&w, m->group ? GROUP : BROADCAST);
		gw_write_u8(&w, m->sites);
		gw_write_u8(&w, m->hops);
		gw_write_u32(&w, m->sent);
		gw_write_bytes(&w, m->origin, sizeof m->origin);
		gw_write_u64(&w, m->number);
		gw_write_u64(&w, m->question);
		write_endpoint(&w, &m->from);
		write_endpoint(&w, &m->to);
		gw_write_bytes(&w, m->data.p, m->data.n);
		break;
	case GW_RELAY_ANSWER:
		gw_write_u8(&w, 0);
		gw_write_u16(&w, 0);
		gw_write_u32(&w, m->sent);
		gw_write_u64(&w, m->question);
		write_endpoint(&w, &m->from);
		gw_write_bytes(&w, m->data.p, m->data.n);
		break;
	}
	GW_ASSERT(gw_writer_ok(&w));
	return gw_writer_len(&w);
}

/* ---- reading ---- */

static void
read_data(struct gw_reader *r, struct gw_slice *out)
{
	size_t n = gw_reader_left(r);

	out->p = gw_read_bytes(r, n).p;
	out->n = n;
}

static bool
read_datagram(struct gw_reader *r, struct gw_relay_message *m)
{
	uint8_t cast = gw_read_u8(r);

	m->group = cast == GROUP;
	m->sites = gw_read_u8(r);
	m->hops = gw_read_u8(r);
	m->sent = gw_read_u32(r);
	gw_read_copy(r, m->origin, sizeof m->origin);
	m->number = gw_read_u64(r);
	m->question = gw_read_u64(r);
	read_endpoint(r, &m->from);
	read_endpoint(r, &m->to);
	read_data(r, &m->data);
	if ((cast != BROADCAST && cast != GROUP) || m->sites == 0 ||
	    m->sites > GW_RELAY_SITES)
		return false;
	/* Whether a rule names the group or the port, the engine knows. */
	return is_v4(&m->from) == is_v4(&m->to) && !is_group(&m->from) &&
	       !is_reserved(&m->from) && is_group(&m->to) == m->group &&
	       (m->group || is_v4(&m->to)) && m->to.port != 0;
}

static bool
read_answer(struct gw_reader *r, struct gw_relay_message *m)
{
	bool zeros = gw_read_u8(r) == 0;

	zeros = gw_read_u16(r) == 0 && zeros;
	m->sent = gw_read_u32(r);
	m->question = gw_read_u64(r);
	read_endpoint(r, &m->from);
	read_data(r, &m->data);
	return zeros && m->question != 0 && !is_group(&m->from) &&
	       !is_reserved(&m->from);
}

static bool
read_hello(struct gw_reader *r, struct gw_relay_message *m)
{
	m->version = gw_read_u8(r);
	if (gw_read_u16(r) != 0)
		return false;
	gw_read_copy(r, m->origin, sizeof m->origin);
	return true;
}

bool
gw_relay_message_decode(struct gw_slice s, struct gw_relay_message *out)
{
	struct gw_relay_message m = { .kind = GW_RELAY_HELLO };
	struct gw_reader r = gw_reader(s);
	bool fair = false;

	switch (gw_read_u8(&r)) {
	case GW_RELAY_HELLO:
		fair = read_hello(&r, &m);
		break;
	case GW_RELAY_DATAGRAM:
		m.kind = GW_RELAY_DATAGRAM;
		fair = read_datagram(&r, &m);
		break;
	case GW_RELAY_ANSWER:
		m.kind = GW_RELAY_ANSWER;
		fair = read_answer(&r, &m);
		break;
	default:
		break;
	}
	if (!fair || !gw_reader_done(&r) || m.data.n > GW_DATAGRAM_MAX)
		return false;
	*out = m;
	return true;
}
