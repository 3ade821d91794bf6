/*
 * What the streams send: data, ends and resets, and whose turn it is.
 */
#include "session/udp/udp_streams.h"

uint64_t
gw_udp_streams_unsent(const struct gw_udp_streams *st)
{
	uint64_t n = 0;

	for (uint16_t i = 0; i < st->limit; i++)
		if (st->v[i] != NULL)
			n += gw_send_stream_unsent(&st->v[i]->send);
	return n;
}

size_t
gw_udp_streams_writable(
    const struct gw_udp_streams *st, uint16_t id, uint64_t ahead)
{
	const struct gw_udp_stream *x = st->v[id];
	const uint64_t room =
	    x != NULL ? gw_send_stream_room(&x->send) : st->memory;
	const uint64_t unsent = x != NULL ? gw_send_stream_unsent(&x->send) : 0;

	if (unsent >= ahead)
		return 0;
	return (size_t)(room < ahead - unsent ? room : ahead - unsent);
}

size_t
gw_udp_streams_write(struct gw_udp_streams *st, uint16_t id, uint64_t ahead,
    struct gw_slice data)
{
	struct gw_udp_stream *x = gw_udp_streams_get(st, id);
	size_t taken = 0, room;

	st->no_memory = x == NULL;
	if (x == NULL || x->send.ended || x->send.reset)
		return 0;
	room = gw_udp_streams_writable(st, id, ahead);
	if (gw_send_stream_write(&x->send,
		gw_slice(data.p, data.n < room ? data.n : room),
		&taken) != GW_OK) {
		st->no_memory = true;
		return 0;
	}
	x->blocked = taken < data.n &&
		     x->send.next >= gw_flow_limit(&st->flow, &x->flow);
	return taken;
}

bool
gw_udp_streams_blocked(const struct gw_udp_streams *st, uint16_t id)
{
	const struct gw_udp_stream *x = st->v[id];

	return x != NULL && x->blocked &&
	       x->send.next >= gw_flow_limit(&st->flow, &x->flow);
}

uint64_t
gw_udp_streams_unsent_of(
    const struct gw_udp_streams *st, uint16_t id, bool *held)
{
	const struct gw_udp_stream *x = st->v[id];

	*held = x != NULL && x->send.next >= gw_flow_limit(&st->flow, &x->flow);
	return x != NULL ? gw_send_stream_unsent(&x->send) : 0;
}

void
gw_udp_streams_end(struct gw_udp_streams *st, uint16_t id)
{
	struct gw_udp_stream *x = gw_udp_streams_get(st, id);

	if (x != NULL && !x->send.reset)
		gw_send_stream_end(&x->send);
}

void
gw_udp_streams_reset(struct gw_udp_streams *st, uint16_t id, uint64_t code)
{
	struct gw_udp_stream *x = gw_udp_streams_get(st, id);

	if (x == NULL)
		return;
	gw_send_stream_reset(&x->send, code);
	gw_flow_end_out(&st->flow, &x->flow);
}

bool
gw_udp_streams_has_reset(const struct gw_udp_streams *st)
{
	uint64_t code, size;

	for (uint16_t i = 0; i < st->limit; i++)
		if (st->v[i] != NULL &&
		    gw_send_stream_reset_next(&st->v[i]->send, &code, &size))
			return true;
	return false;
}

bool
gw_udp_streams_next_reset(struct gw_udp_streams *st, struct gw_pframe *f)
{
	f->type = GW_PFRAME_STREAM_RESET;
	for (uint16_t i = 0; i < st->limit; i++) {
		if (st->v[i] == NULL ||
		    !gw_send_stream_reset_next(
			&st->v[i]->send, &f->reset.code, &f->reset.size))
			continue;
		f->reset.id = i;
		gw_send_stream_reset_sent(&st->v[i]->send);
		return true;
	}
	return false;
}

void
gw_udp_streams_reset_told(struct gw_udp_streams *st, uint16_t id, bool arrived)
{
	if (arrived)
		gw_send_stream_reset_acked(&st->v[id]->send);
	else
		gw_send_stream_reset_lost(&st->v[id]->send);
}

bool
gw_udp_streams_has_chunk(const struct gw_udp_streams *st)
{
	for (uint16_t i = 0; i < st->limit; i++)
		if (st->v[i] != NULL &&
		    gw_send_stream_has(&st->v[i]->send,
			gw_flow_limit(&st->flow, &st->v[i]->flow)))
			return true;
	return false;
}

/* Stream 0 controls the others and goes first; they take turns. */
static uint16_t
in_turn(const struct gw_udp_streams *st, uint16_t i)
{
	return i == 0 ? 0
		      : (uint16_t)(1 + (st->turn + i - 1) % (st->limit - 1));
}

bool
gw_udp_streams_chunk(
    struct gw_udp_streams *st, size_t most, struct gw_udp_chunk *c)
{
	for (uint16_t i = 0; i < st->limit; i++) {
		const uint16_t id = in_turn(st, i);
		struct gw_udp_stream *x = st->v[id];

		if (x == NULL ||
		    !gw_send_stream_next(&x->send, most,
			gw_flow_limit(&st->flow, &x->flow), &c->chunk))
			continue;
		c->stream = id;
		gw_send_stream_sent(&x->send, &c->chunk);
		if (!c->chunk.again && c->chunk.data.n > 0)
			gw_flow_sent(&st->flow, &x->flow, c->chunk.data.n);
		if (c->chunk.end)
			gw_flow_end_out(&st->flow, &x->flow);
		if (id != 0)
			st->turn = id;
		return true;
	}
	return false;
}

void
gw_udp_streams_acked(
    struct gw_udp_streams *st, const struct gw_sent_content *c, bool end)
{
	gw_send_stream_acked(
	    &st->v[c->stream]->send, c->offset, c->length, end);
}

void
gw_udp_streams_lost(
    struct gw_udp_streams *st, const struct gw_sent_content *c, bool end)
{
	gw_send_stream_lost(&st->v[c->stream]->send, c->offset, c->length, end);
}

uint64_t
gw_udp_streams_total(const struct gw_udp_streams *st)
{
	uint64_t n = 0;

	for (uint16_t i = 0; i < st->limit; i++)
		if (st->v[i] != NULL)
			n += gw_send_stream_size(&st->v[i]->send) +
			     (st->v[i]->send.ended || st->v[i]->send.reset);
	return n;
}

bool
gw_udp_streams_all_acked(const struct gw_udp_streams *st)
{
	for (uint16_t i = 0; i < st->limit; i++) {
		const struct gw_udp_stream *x = st->v[i];

		if (x == NULL || gw_send_stream_done(&x->send))
			continue;
		if (x->send.reset || x->send.ended ||
		    x->send.base < x->send.end)
			return false;
	}
	return true;
}
