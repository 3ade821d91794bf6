#include "session/udp/udp_streams.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { STREAM_MEMORY_MIN = GW_SEND_STREAM_MIN };

/* ---- life ---- */

void
gw_udp_streams_init(
    struct gw_udp_streams *st, uint64_t window, uint64_t memory)
{
	memset(st, 0, sizeof(*st));
	st->memory = memory;
	gw_flow_init(&st->flow, window);
}

void
gw_udp_streams_fini(struct gw_udp_streams *st)
{
	for (unsigned i = 0; i < GW_STREAMS_MAX; i++) {
		struct gw_udp_stream *x = st->v[i];

		if (x == NULL)
			continue;
		gw_send_stream_fini(&x->send);
		gw_recv_stream_fini(&x->recv);
		free(x);
	}
	memset(st->v, 0, sizeof(st->v));
}

/* NULL: no memory. */
static struct gw_udp_stream *
stream(struct gw_udp_streams *st, uint16_t id)
{
	struct gw_udp_stream *x = st->v[id];

	if (x != NULL)
		return x;
	if ((x = calloc(1, sizeof(*x))) == NULL)
		return NULL;
	gw_send_stream_init(&x->send, st->memory);
	gw_recv_stream_init(&x->recv);
	gw_flow_stream_init(&st->flow, &x->flow);
	st->v[id] = x;
	if (id >= st->limit)
		st->limit = (uint16_t)(id + 1);
	return x;
}

/* ---- data in ---- */

bool
gw_udp_streams_can_take(const struct gw_udp_streams *st)
{
	return st->pending_n + GW_UDP_PENDING_PACKET <= GW_UDP_PENDING;
}

static void
push(struct gw_udp_streams *st, uint16_t id, struct gw_slice s, bool end)
{
	const unsigned at = (st->pending_at + st->pending_n) % GW_UDP_PENDING;

	GW_ASSERT(st->pending_n < GW_UDP_PENDING);
	st->pending[at] = (struct gw_udp_pending){ s, id, end };
	st->pending_n++;
	st->taken += s.n;
}

static void
push_end(struct gw_udp_streams *st, uint16_t id)
{
	struct gw_udp_stream *x = st->v[id];

	if (x->end_told || !gw_recv_stream_ended(&x->recv))
		return;
	x->end_told = true;
	push(st, id, gw_slice(NULL, 0), true);
}

/* What the owner was lent of a ring is dealt with. */
static void
take_back(struct gw_udp_streams *st)
{
	const size_t n = st->lent;

	if (n == 0)
		return;
	st->lent = 0;
	st->taken += n;
	gw_recv_stream_take(&st->v[st->lent_of]->recv, n);
	push_end(st, st->lent_of);
}

enum gw_udp_data
gw_udp_streams_data(struct gw_udp_streams *st, const struct gw_pframe *f)
{
	const uint16_t id = f->stream.id;
	struct gw_udp_stream *x = stream(st, id);
	struct gw_slice lent;
	const uint64_t end = f->stream.offset + f->stream.data.n;
	uint64_t before;

	if (x == NULL)
		return GW_UDP_DATA_MEMORY;
	take_back(st);
	if (!gw_flow_allows(&x->flow, end))
		return GW_UDP_DATA_ILLEGAL;
	before = x->recv.highest;
	switch (gw_recv_stream_data(&x->recv, f->stream.offset, f->stream.data,
	    f->stream.end, &lent)) {
	case GW_OK:
		break;
	case GW_E_PROTOCOL:
		return GW_UDP_DATA_ILLEGAL;
	default:
		return GW_UDP_DATA_MEMORY;
	}
	st->received += x->recv.highest - before;
	if (lent.n > 0)
		push(st, id, lent, false);
	push_end(st, id);
	return GW_UDP_DATA_OK;
}

static void
tell(struct gw_session_event *ev, const struct gw_udp_pending *p)
{
	*ev = (struct gw_session_event){
		.kind = GW_SESSION_DATA,
		.data = { .stream = p->stream, .bytes = p->bytes, .end = p->end },
	};
}

/* What came early and is next by now, straight from its ring. */
static bool
lend(struct gw_udp_streams *st, struct gw_session_event *ev)
{
	struct gw_udp_pending p = { .end = false };

	for (uint16_t i = 0; i < st->limit; i++) {
		if (st->v[i] == NULL ||
		    !gw_recv_stream_next(&st->v[i]->recv, &p.bytes))
			continue;
		p.stream = i;
		st->lent = p.bytes.n;
		st->lent_of = i;
		tell(ev, &p);
		return true;
	}
	return false;
}

bool
gw_udp_streams_event(struct gw_udp_streams *st, struct gw_session_event *ev)
{
	take_back(st);
	if (st->pending_n == 0)
		return lend(st, ev);
	tell(ev, &st->pending[st->pending_at]);
	st->pending_at = (st->pending_at + 1) % GW_UDP_PENDING;
	st->pending_n--;
	return true;
}

bool
gw_udp_streams_has_event(const struct gw_udp_streams *st)
{
	struct gw_slice s;

	for (uint16_t i = 0; st->pending_n == 0 && i < st->limit; i++)
		if (st->v[i] != NULL &&
		    gw_recv_stream_next(&st->v[i]->recv, &s) && st->lent == 0)
			return true;
	return st->pending_n > 0;
}

uint64_t
gw_udp_streams_taken(const struct gw_udp_streams *st)
{
	return st->taken;
}

uint64_t
gw_udp_streams_received(const struct gw_udp_streams *st)
{
	return st->received;
}

void
gw_udp_streams_credit(struct gw_udp_streams *st, uint16_t id, size_t n)
{
	struct gw_udp_stream *x = stream(st, id);

	if (x != NULL)
		gw_flow_credit(&st->flow, &x->flow, n);
}

/* ---- data out ---- */

static uint64_t
limit_of(const struct gw_udp_stream *x)
{
	return x->flow.send_max;
}

size_t
gw_udp_streams_writable(const struct gw_udp_streams *st, uint16_t id)
{
	const struct gw_udp_stream *x = st->v[id];
	const uint64_t room =
	    x != NULL ? gw_send_stream_room(&x->send) : st->memory;

	return (size_t)room;
}

size_t
gw_udp_streams_write(
    struct gw_udp_streams *st, uint16_t id, struct gw_slice data)
{
	struct gw_udp_stream *x = stream(st, id);
	size_t taken = 0;

	if (x == NULL || x->send.ended ||
	    gw_send_stream_write(&x->send, data, &taken) != GW_OK)
		return 0;
	x->blocked = taken < data.n && x->send.next >= limit_of(x);
	return taken;
}

bool
gw_udp_streams_blocked(const struct gw_udp_streams *st, uint16_t id)
{
	const struct gw_udp_stream *x = st->v[id];

	return x != NULL && x->blocked && x->send.next >= limit_of(x);
}

void
gw_udp_streams_end(struct gw_udp_streams *st, uint16_t id)
{
	struct gw_udp_stream *x = stream(st, id);

	if (x != NULL)
		gw_send_stream_end(&x->send);
}

bool
gw_udp_streams_has_chunk(const struct gw_udp_streams *st)
{
	for (uint16_t i = 0; i < st->limit; i++)
		if (st->v[i] != NULL &&
		    gw_send_stream_has(&st->v[i]->send, limit_of(st->v[i])))
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

		if (x == NULL || !gw_send_stream_next(&x->send, most,
				     limit_of(x), &c->chunk))
			continue;
		c->stream = id;
		gw_send_stream_sent(&x->send, &c->chunk);
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
			n += gw_send_stream_size(&st->v[i]->send);
	return n;
}

bool
gw_udp_streams_all_acked(const struct gw_udp_streams *st)
{
	for (uint16_t i = 0; i < st->limit; i++) {
		const struct gw_udp_stream *x = st->v[i];

		if (x != NULL && x->send.base < x->send.end)
			return false;
		if (x != NULL && x->send.ended && !x->send.end_acked)
			return false;
	}
	return true;
}

/* ---- windows ---- */

bool
gw_udp_streams_window(struct gw_udp_streams *st, const struct gw_pframe *f)
{
	struct gw_udp_stream *x;

	if (f->type != GW_PFRAME_WINDOW)
		return true;
	if ((x = stream(st, f->window.id)) == NULL)
		return true; /* it is said again */
	if (f->window.at > x->flow.send_max)
		x->flow.send_max = f->window.at;
	return true;
}

bool
gw_udp_streams_due(const struct gw_udp_streams *st)
{
	return st->flow.due > 0;
}

bool
gw_udp_streams_put(struct gw_udp_streams *st, struct gw_writer *w)
{
	enum { LONGEST = 1 + 2 + 8 };
	struct gw_pframe f = { .type = GW_PFRAME_WINDOW };

	for (uint16_t i = 0; i < st->limit && st->flow.due > 0; i++) {
		if (st->v[i] == NULL || !st->v[i]->flow.due)
			continue;
		if ((size_t)(w->end - w->p) < LONGEST)
			return false;
		(void)gw_flow_next(&st->flow, &st->v[i]->flow, &f.window.at);
		f.window.id = i;
		gw_pframe_encode(w, &f);
	}
	return true;
}

void
gw_udp_streams_windows_lost(struct gw_udp_streams *st)
{
	for (uint16_t i = 0; i < st->limit; i++)
		if (st->v[i] != NULL)
			gw_flow_lost(&st->flow, &st->v[i]->flow);
}
