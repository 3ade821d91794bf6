#include <string.h>

#include "base/assert.h"
#include "data.h"
#include "head.h"
#include "pair.h" /* pair_byte */

enum {
	CWND = 200,     /* packets */
	LOST_AFTER = 3, /* later packets */
	LOST_MS = 400   /* ms */
};

/* ---- what an end makes of what comes ---- */

void
data_give(struct data_end *e, unsigned from, unsigned id, struct gw_slice bytes)
{
	struct data_stream *s = &e->v[id];

	GW_ASSERT(!s->ended);
	for (size_t i = 0; i < bytes.n; i++)
		GW_ASSERT(
		    bytes.p[i] == pair_byte(data_name(from, id), s->got + i));
	s->got += bytes.n;
	s->held += bytes.n;
}

static void
note_end(struct data_end *e, unsigned id)
{
	struct data_stream *s = &e->v[id];

	if (s->recv.size != GW_SIZE_UNKNOWN)
		gw_flow_end_in(&e->flow, &s->flow);
	s->ended = gw_recv_stream_ended(&s->recv);
}

static void
on_stream(struct data *d, unsigned to, const struct gw_pframe *f)
{
	struct data_end *e = &d->end[to];
	const unsigned id = f->stream.id;
	struct data_stream *s = &e->v[id];
	const uint64_t end = f->stream.offset + f->stream.data.n;
	struct gw_slice lent = { 0 };
	enum gw_err err;

	GW_ASSERT(gw_flow_received(&e->flow, &s->flow, end));
	err = gw_recv_stream_data(&s->recv, f->stream.offset, f->stream.data,
	    f->stream.end, s->reader == DATA_LAZY ? NULL : &lent);
	GW_ASSERT(err == GW_OK);
	if (lent.n > 0)
		data_give(e, 1 - to, id, lent);
	while (s->reader != DATA_LAZY && gw_recv_stream_next(&s->recv, &lent)) {
		data_give(e, 1 - to, id, lent);
		gw_recv_stream_take(&s->recv, lent.n);
	}
	if (!s->recv.reset)
		note_end(e, id);
}

static void
on_reset(struct data *d, unsigned to, const struct gw_pframe *f)
{
	struct data_end *e = &d->end[to];
	struct data_stream *s = &e->v[f->reset.id];
	enum gw_err err;

	GW_ASSERT(f->reset.code == DATA_CODE);
	GW_ASSERT(gw_flow_received(&e->flow, &s->flow, f->reset.size));
	err = gw_recv_stream_reset(&s->recv, f->reset.code, f->reset.size);
	GW_ASSERT(err == GW_OK);
	if (s->recv.reset)
		gw_flow_reset_in(&e->flow, &s->flow, d->now);
}

static void
on_blocked(struct data *d, unsigned to, const struct gw_pframe *f)
{
	struct data_end *e = &d->end[to];
	struct gw_flow_there there = { .at = f->window.at };
	bool legal;

	if (f->type == GW_PFRAME_BLOCKED) {
		struct data_stream *s = &e->v[f->window.id];

		there.taken = s->got;
		legal =
		    gw_flow_blocked_there(&e->flow, &s->flow, &there, d->now);
	} else {
		for (unsigned i = 0; i < DATA_STREAMS; i++)
			there.taken += e->v[i].got;
		legal = gw_flow_session_blocked_there(&e->flow, &there, d->now);
	}
	GW_ASSERT(legal);
}

static void
packet_acked(struct data_end *e, struct data_sent *p)
{
	struct data_stream *s = &e->v[p->stream];

	if (p->acked)
		return;
	p->acked = true;
	if (p->eliciting && !p->lost)
		e->in_flight--;
	if (p->ack)
		gw_ack_out_acked(&e->acks, p->number);
	if (p->chunk)
		gw_send_stream_acked(&s->send, p->offset, p->n, p->end);
	if (p->reset)
		gw_send_stream_reset_acked(&s->send);
}

static void
packet_lost(struct data *d, struct data_end *e, struct data_sent *p)
{
	struct data_stream *s = &e->v[p->stream];

	p->lost = true;
	if (p->eliciting)
		e->in_flight--;
	if (p->chunk)
		gw_send_stream_lost(&s->send, p->offset, p->n, p->end);
	if (p->reset)
		gw_send_stream_reset_lost(&s->send);
	if (!p->frames || d->o.no_repeat)
		return;
	gw_flow_session_lost(&e->flow, p->number);
	for (unsigned i = 0; i < DATA_STREAMS; i++)
		gw_flow_stream_lost(&e->flow, &e->v[i].flow, p->number);
}

void
data_find_losses(struct data *d, struct data_end *e)
{
	for (uint64_t n = e->oldest; n < e->next; n++) {
		struct data_sent *p = &e->sent[n % DATA_FLIGHT];
		const bool late = d->now > p->at + LOST_MS * GW_MSEC;

		if (!p->acked && !p->lost &&
		    (late || n + LOST_AFTER < e->acked_next))
			packet_lost(d, e, p);
		/* When it was lost its ACK may still come for a while. */
		if (n == e->oldest &&
		    (p->acked || d->now > p->at + LOST_MS * 3 / 2 * GW_MSEC))
			e->oldest++;
	}
}

static void
on_ack(struct data_end *e, const struct gw_ack *a)
{
	GW_ASSERT(a->v[0].last < e->next);
	if (a->v[0].last >= e->acked_next)
		e->acked_next = a->v[0].last + 1;
	for (unsigned i = 0; i < a->count; i++)
		for (uint64_t n = a->v[i].first; n <= a->v[i].last; n++)
			if (n >= e->oldest)
				packet_acked(e, &e->sent[n % DATA_FLIGHT]);
}

static void
on_frame(struct data *d, unsigned to, const struct gw_pframe *f)
{
	struct data_end *e = &d->end[to];

	switch (f->type) {
	case GW_PFRAME_ACK:
		on_ack(e, &f->ack);
		break;
	case GW_PFRAME_STREAM:
		on_stream(d, to, f);
		break;
	case GW_PFRAME_STREAM_RESET:
		on_reset(d, to, f);
		break;
	case GW_PFRAME_WINDOW:
		gw_flow_window(
		    &e->flow, &e->v[f->window.id].flow, f->window.at);
		break;
	case GW_PFRAME_SESSION_WINDOW:
		gw_flow_session_window(&e->flow, f->window.at);
		break;
	case GW_PFRAME_BLOCKED:
	case GW_PFRAME_SESSION_BLOCKED:
		on_blocked(d, to, f);
		break;
	default:
		GW_ASSERT(f->type == GW_PFRAME_PING);
	}
}

void
data_arrive(struct data *d, const struct data_packet *p)
{
	struct data_end *e = &d->end[p->to];
	struct gw_slice in = gw_slice(p->bytes, p->n);
	struct gw_ack_in seen = { .number = p->number };
	static struct gw_pframe f;
	enum gw_pframes what;

	if (!gw_ack_out_is_new(&e->acks, p->number))
		return;
	while ((what = gw_pframe_next(&in, &f)) == GW_PFRAMES_ONE) {
		seen.eliciting |= gw_pframe_is_eliciting(f.type);
		seen.at_once |= f.type == GW_PFRAME_PING;
		on_frame(d, p->to, &f);
	}
	GW_ASSERT(what == GW_PFRAMES_END);
	gw_ack_out_received(&e->acks, &seen, d->now);
}

/* ---- what an end sends ---- */

static void
put_controls(struct data_end *e, struct gw_head *h, struct data_sent *p)
{
	static struct gw_pframe f;
	bool any = false;

	if (!gw_flow_due(&e->flow))
		return;
	while (gw_flow_session_next(&e->flow, p->number, &f)) {
		any = true;
		GW_ASSERT(gw_head_put(h, &f));
	}
	for (uint16_t i = 0; i < DATA_STREAMS; i++)
		while (gw_flow_stream_next(
		    &e->flow, &e->v[i].flow, i, p->number, &f)) {
			any = true;
			GW_ASSERT(gw_head_put(h, &f));
		}
	p->frames = any;
	p->eliciting |= any;
}

static bool
put_reset(struct data_end *e, struct gw_head *h, struct data_sent *p)
{
	static struct gw_pframe f;

	for (uint16_t i = 0; i < DATA_STREAMS; i++) {
		struct gw_send_stream *s = &e->v[i].send;

		f.type = GW_PFRAME_STREAM_RESET;
		f.reset.id = i;
		if (!gw_send_stream_reset_next(s, &f.reset.code, &f.reset.size))
			continue;
		GW_ASSERT(gw_head_put(h, &f));
		gw_send_stream_reset_sent(s);
		p->stream = i;
		p->reset = p->eliciting = true;
		return true;
	}
	return false;
}

static struct gw_slice
put_chunk(
    struct data *d, struct data_end *e, struct gw_head *h, struct data_sent *p)
{
	const unsigned first = (unsigned)data_below(d, DATA_STREAMS);
	static struct gw_pframe f;

	for (unsigned i = 0; i < DATA_STREAMS; i++) {
		const uint16_t id = (uint16_t)((first + i) % DATA_STREAMS);
		struct data_stream *s = &e->v[id];
		const uint64_t limit = gw_flow_limit(&e->flow, &s->flow);
		struct gw_chunk c;

		if (!gw_send_stream_next(&s->send,
			gw_head_body(h, gw_pframe_stream_head(id, UINT32_MAX)),
			limit, &c)) {
			if (gw_send_stream_unsent(&s->send) > 0)
				gw_flow_blocked(&e->flow, &s->flow, d->now);
			continue;
		}
		f.type = GW_PFRAME_STREAM;
		f.stream.id = id;
		f.stream.offset = c.offset;
		f.stream.data = c.data;
		f.stream.end = c.end;
		f.stream.sized = false;
		GW_ASSERT(gw_head_put(h, &f));
		gw_send_stream_sent(&s->send, &c);
		if (!c.again)
			gw_flow_sent(&e->flow, &s->flow, c.data.n);
		p->stream = id;
		p->offset = c.offset;
		p->n = c.data.n;
		p->end = c.end;
		p->chunk = p->eliciting = true;
		return c.data;
	}
	return gw_slice(NULL, 0);
}

static void
put_ack(
    struct data *d, struct data_end *e, struct gw_head *h, struct data_sent *p)
{
	static struct gw_ack ack;

	if (!gw_ack_out_pending(&e->acks) ||
	    !gw_ack_out_fill(&e->acks, &ack, d->now) ||
	    !gw_head_put_ack(h, &ack))
		return;
	gw_ack_out_sent(&e->acks, p->number, &ack);
	p->ack = true;
}

bool
data_send(struct data *d, unsigned from, bool data)
{
	struct data_end *e = &d->end[from];
	struct data_sent *p = &e->sent[e->next % DATA_FLIGHT];
	static struct gw_head h;
	static struct data_packet out;
	const bool ack_due = gw_ack_out_due(&e->acks, d->now);
	struct gw_slice body = { 0 }, head;

	GW_ASSERT(e->next - e->oldest < DATA_FLIGHT);
	*p = (struct data_sent){ .number = e->next, .at = d->now };
	gw_head_init(&h, DATA_PACKET);
	put_controls(e, &h, p);
	if (!put_reset(e, &h, p) && data && e->in_flight < CWND)
		body = put_chunk(d, e, &h, p);
	if (!p->eliciting && !ack_due)
		return false;
	if (!p->chunk)
		put_ack(d, e, &h, p); /* else there may be no room */
	head = gw_head_slice(&h);
	GW_ASSERT(head.n + body.n <= sizeof(out.bytes));
	memcpy(out.bytes, head.p, head.n);
	if (body.n > 0)
		memcpy(out.bytes + head.n, body.p, body.n);
	out.n = head.n + body.n;
	out.number = e->next++;
	if (p->eliciting)
		e->in_flight++;
	data_post(d, from, &out);
	return true;
}
