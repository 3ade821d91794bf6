/*
 * A hostile peer that has the keys: the input is a program of the frames
 * that it seals and sends, and of what the other side's owner does meanwhile.
 * Whatever comes, the session keeps its windows, its order of events, its
 * states and its memory, and it is over some day.
 */
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "fuzz.h"
#include "udp_rig.h"

enum { STEPS_MAX = 200, TEXT_MAX = 1024 };

struct play {
	struct udp_rig r;
	unsigned hostile, victim;
	struct gw_path from;
	uint8_t text[TEXT_MAX];
	struct gw_writer w; /* frames of the next packet */
};

static struct gw_udp_session *
hostile(struct play *p)
{
	return gw_udp_session_of(p->r.side[p->hostile].session);
}

/* NULL: it is over. */
static struct gw_udp_link *
victim(struct play *p)
{
	struct gw_session *s = p->r.side[p->victim].session;

	return s != NULL ? gw_udp_session_of(s)->link : NULL;
}

/* Seal all that was put together, padded in front, and send it. */
static void
send_packet(struct play *p, uint64_t skip)
{
	struct gw_udp_session *s = hostile(p);
	const size_t n = gw_writer_len(&p->w), full = (n + 15) & ~(size_t)15;
	uint8_t head[TEXT_MAX + 16] = { 0 }, out[TEXT_MAX + 64];
	const struct gw_slice text[2] = { gw_slice(head, full) };
	size_t len;

	memcpy(head + full - n, p->text, n);
	p->w = gw_writer(p->text, TEXT_MAX);
	if (full == 0)
		return;
	s->link->next_number += skip;
	if (gw_keys_prepare(&s->link->out, s->link->next_number) != GW_OK)
		return;
	len = gw_udp_session_seal(s, s->link->next_number++, text, out);
	udp_rig_input(&p->r, p->victim, &p->from, gw_slice(out, len));
}

/* ---- frames whose fields are mostly plausible ---- */

static uint64_t
near(struct gw_reader *in, uint64_t what)
{
	const uint8_t how = gw_read_u8(in);

	if (how < 128)
		return what;
	return how < 250 ? what + (how & 31) - 8
			 : gw_read_u64(in) & GW_OFFSET_MAX;
}

static void
put_stream(struct play *p, struct gw_reader *in)
{
	static const uint8_t zeros[TEXT_MAX];
	const struct gw_udp_link *l = victim(p);
	const uint16_t id = gw_read_u8(in);
	const struct gw_udp_stream *x = l != NULL ? l->streams.v[id] : NULL;
	const uint8_t how = gw_read_u8(in);
	struct gw_pframe f = {
		.type = GW_PFRAME_STREAM,
		.stream = { .id = id, .sized = true },
	};

	f.stream.offset = near(in, x != NULL ? x->recv.next : 0);
	if (f.stream.offset > GW_OFFSET_MAX - TEXT_MAX)
		f.stream.offset = GW_OFFSET_MAX - TEXT_MAX;
	f.stream.data = gw_slice(zeros, how);
	f.stream.end = how == 0 || how & 1;
	gw_pframe_encode(&p->w, &f);
}

static void
put_ack(struct play *p, struct gw_reader *in)
{
	const struct gw_udp_link *l = victim(p);
	struct gw_ack a = { .delay = gw_read_u16(in), .count = 1 };
	const uint8_t how = gw_read_u8(in);
	const uint64_t sent = l != NULL ? l->next_number : 1;

	a.v[0].last = near(in, sent - 1) & GW_OFFSET_MAX;
	a.v[0].first = a.v[0].last > how ? a.v[0].last - how : 0;
	if (how & 1 && a.v[0].first > 4) {
		a.count = 2;
		a.v[1].last = a.v[0].first - 2 - (how & 2);
		a.v[1].first = how & 4 ? 0 : a.v[1].last;
	}
	a.ecn = how & 8;
	a.ect0 = a.ecn ? gw_read_u8(in) : 0;
	a.ce = a.ecn ? gw_read_u8(in) : 0;
	(void)gw_ack_encode(&p->w, &a);
}

static void
put_window(struct play *p, struct gw_reader *in)
{
	static const enum gw_pframe_type types[] = { GW_PFRAME_WINDOW,
		GW_PFRAME_SESSION_WINDOW, GW_PFRAME_BLOCKED,
		GW_PFRAME_SESSION_BLOCKED };
	const uint8_t how = gw_read_u8(in);
	struct gw_pframe f = { .type = types[how % 4] };

	if (how % 2 == 0)
		f.window.id = gw_read_u8(in);
	f.window.at = near(in, (uint64_t)how << 12);
	gw_pframe_encode(&p->w, &f);
}

static void
put_end(struct play *p, struct gw_reader *in)
{
	const struct gw_udp_link *l = victim(p);
	const uint8_t how = gw_read_u8(in);
	struct gw_pframe f = { .type = GW_PFRAME_FIN };

	if (how < 8) {
		f.type = GW_PFRAME_RST;
		f.rst.code = gw_read_u8(in);
		f.rst.text = gw_slice_str("as it likes");
	} else {
		f.fin.total = near(
		    in, l != NULL ? gw_udp_streams_received(&l->streams) : 0);
		f.fin.total &= GW_OFFSET_MAX;
		f.fin.seen = how & 1;
	}
	gw_pframe_encode(&p->w, &f);
}

static void
put_small(struct play *p, struct gw_reader *in)
{
	const struct gw_udp_link *l = victim(p);
	const uint8_t how = gw_read_u8(in);
	struct gw_pframe f = { .type = GW_PFRAME_PING };

	switch (how % 4) {
	case 1:
		f.type = GW_PFRAME_ACK_FREQUENCY;
		f.frequency.threshold = 1 + gw_read_u8(in);
		f.frequency.max_delay = gw_read_u16(in);
		f.frequency.reorder = gw_read_u8(in);
		break;
	case 2:
		f.type = GW_PFRAME_PATH_CHALLENGE;
		f.path = gw_read_u8(in);
		break;
	case 3:
		f.type = GW_PFRAME_PATH_RESPONSE;
		f.path = l != NULL && how & 4 ? l->probe.challenge : how;
		break;
	default:
		break;
	}
	gw_pframe_encode(&p->w, &f);
}

static void
put_raw(struct play *p, struct gw_reader *in)
{
	const size_t n = gw_read_u8(in);
	const struct gw_slice raw =
	    gw_read_bytes(in, n < gw_reader_left(in) ? n : 0);

	gw_write_bytes(&p->w, raw.p, raw.n);
}

/* ---- the owner of the victim ---- */

static void
owner(struct play *p, struct gw_reader *in)
{
	static const uint8_t zeros[1 << 16];
	struct udp_rig_side *o = &p->r.side[p->victim];
	const uint8_t how = gw_read_u8(in), stream = gw_read_u8(in);

	if (o->session == NULL)
		return;
	switch (how % 6) {
	case 0:
		o->no_credit = !o->no_credit;
		break;
	case 1:
	case 2:
		gw_session_write(
		    o->session, stream, gw_slice(zeros, how * 256U), p->r.now);
		break;
	case 3:
		gw_session_end(o->session, stream);
		break;
	case 4:
		gw_session_finish(o->session, p->r.now);
		break;
	default:
		if (how > 240)
			gw_session_abort(
			    o->session, GW_E_DISK, "enough", p->r.now);
		break;
	}
	gw_udp_endpoint_touch(o->endpoint, o->session);
	udp_rig_work(&p->r, p->victim);
}

static void
step(struct play *p, struct gw_reader *in)
{
	static void (*const put[])(struct play *, struct gw_reader *) = {
		put_stream,
		put_ack,
		put_window,
		put_end,
		put_small,
		put_raw,
	};
	const uint8_t what = gw_read_u8(in);

	/* The rest of a packet is always large enough for one more. */
	if (gw_writer_len(&p->w) > TEXT_MAX - 300)
		send_packet(p, 0);
	switch (what % 10) {
	case 6:
		owner(p, in);
		break;
	case 7:
		p->from = udp_rig_path(what % 8);
		break;
	case 8:
		send_packet(p, what >> 5);
		break;
	case 9:
		udp_rig_sleep(&p->r, gw_read_u8(in) * GW_SEC / 40);
		break;
	default:
		put[what % 10](p, in);
		if (what & 0x80)
			send_packet(p, 0);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_reader in = gw_reader(gw_slice(data, size));
	static struct play p;

	memset(&p, 0, sizeof(p));
	udp_rig_init(&p.r);
	udp_rig_open(&p.r);
	p.hostile = gw_read_u8(&in) & 1;
	p.victim = 1 - p.hostile;
	p.from = udp_rig_path(p.hostile + 1);
	p.w = gw_writer(p.text, TEXT_MAX);
	for (unsigned i = 0; i < STEPS_MAX && gw_reader_left(&in) > 0; i++) {
		step(&p, &in);
		if (p.r.side[p.hostile].session == NULL)
			break;
	}
	udp_rig_ends(&p.r);
	udp_rig_fini(&p.r);
	return 0;
}
