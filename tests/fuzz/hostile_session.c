/*
 * A hostile peer that has the code: the input is a program of what it seals
 * and sends, and of what the other side's owner does meanwhile.  Whatever
 * comes, the session keeps its windows, its order of events and its memory.
 */
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "fuzz.h"
#include "session/tcp/tcp_session_private.h"
#include "sim/pair.h"

enum { HOSTILE = 0, VICTIM = 1, STEPS_MAX = 200 };

static uint8_t zeros[1 << 17];

/* Seal a header of any bytes and n more, as record `number`. */
static void
seal(struct pair *p, const uint8_t header[GW_FRAME_HEADER], size_t n)
{
	struct gw_record_out *out =
	    &gw_tcp_session_of(p->side[HOSTILE].session)->link->out;
	uint8_t *at =
	    gw_outbox_room(&out->box, n + GW_RECORD_MAX - GW_RECORD_DATA);

	if (at == NULL)
		return;
	gw_record_length_encode(n, at);
	gw_aead_seal(out->aead, out->number++, gw_slice(at, GW_RECORD_HEADER),
	    gw_slice(header, GW_FRAME_HEADER), gw_slice(zeros, n),
	    at + GW_RECORD_HEADER);
	gw_outbox_added(&out->box, n + GW_RECORD_MAX - GW_RECORD_DATA);
}

/* A frame whose fields are mostly plausible. */
static void
send_frame(struct pair *p, struct gw_reader *r)
{
	struct gw_streams *streams =
	    &gw_tcp_session_of(p->side[VICTIM].session)->link->streams;
	struct gw_frame f = { .type = gw_read_u8(r) % 8 };
	uint8_t header[GW_FRAME_HEADER];
	const uint8_t how = gw_read_u8(r);
	size_t n;

	f.stream = gw_read_u8(r);
	f.flags = how & 1;
	n = how & 2 ? gw_read_u16(r) : gw_read_u8(r);
	f.length = (uint32_t)n;
	if (f.type == GW_FRAME_STREAM)
		f.value = streams->v[f.stream].received;
	if (f.type == GW_FRAME_WINDOW)
		f.value = streams->v[f.stream].send_max;
	if (how & 4)
		f.value += gw_read_u64(r);
	if (how & 8)
		f.length ^= gw_read_u8(r);
	gw_frame_encode(&f, header);
	seal(p, header, n);
}

static void
check(const struct pair *p)
{
	const struct pair_side *v = &p->side[VICTIM];
	const struct gw_streams *s =
	    &gw_tcp_session_of(v->session)->link->streams;

	for (unsigned i = 0; i < GW_STREAMS_MAX; i++) {
		GW_ASSERT(s->v[i].received == v->got_of[i]);
		GW_ASSERT(s->v[i].received <= s->v[i].granted);
		GW_ASSERT(s->v[i].credited <= s->v[i].received);
		GW_ASSERT(s->v[i].sent <= s->v[i].send_max);
	}
}

static void
step(struct pair *p, struct gw_reader *r)
{
	struct pair_side *v = &p->side[VICTIM];
	const uint8_t what = gw_read_u8(r) % 8;
	struct gw_slice raw;

	switch (what) {
	case 0:
	case 1:
		send_frame(p, r);
		break;
	case 2:
		raw = gw_read_bytes(r, GW_FRAME_HEADER);
		if (raw.n > 0)
			seal(p, raw.p, gw_read_u8(r));
		break;
	case 3:
		raw = gw_read_bytes(r, gw_read_u8(r));
		pair_inject(p, VICTIM, raw.p, raw.n);
		break;
	case 4:
		v->no_credit = !v->no_credit;
		break;
	case 5:
		gw_session_write(v->session, gw_read_u8(r),
		    gw_slice(zeros, gw_read_u8(r) * 512U), p->now);
		break;
	case 6:
		if (gw_read_u8(r) % 2 == 0)
			gw_session_finish(v->session, p->now);
		else
			gw_session_end(v->session, gw_read_u8(r));
		break;
	default:
		pair_sleep(p, gw_read_u8(r) * GW_SEC / 10);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_reader r = gw_reader(gw_slice(data, size));
	struct pair p;

	pair_init(&p, &(struct pair_options){ 0 });
	pair_run(&p);
	GW_ASSERT(p.side[VICTIM].opened && p.side[HOSTILE].opened);
	p.side[VICTIM].no_store = p.side[HOSTILE].no_store = true;
	p.chunk = gw_read_u16(&r);
	if (p.chunk > 0 && p.chunk < 64)
		p.chunk = 64;
	for (unsigned i = 0; i < STEPS_MAX && gw_reader_left(&r) > 0; i++) {
		step(&p, &r);
		if (p.side[HOSTILE].closed)
			break;
		pair_move(&p, HOSTILE);
		pair_move(&p, VICTIM);
		check(&p);
	}
	pair_cut(&p);
	pair_run(&p);
	GW_ASSERT(p.side[VICTIM].closed);
	pair_fini(&p);
	return 0;
}
