#include "session/udp/udp_streams.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { STREAM_MEMORY_MIN = GW_SEND_STREAM_MIN };

/* ---- life ---- */

void
gw_udp_streams_init(struct gw_udp_streams *st, uint64_t window, uint64_t memory)
{
	memset(st, 0, sizeof(*st));
	st->memory = memory;
	/* The control stream has its share beside that of content. */
	gw_flow_init(&st->flow, window, window + GW_SESSION_WINDOW);
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
	free(st->kept);
	st->kept = NULL;
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
	gw_flow_stream_init(&x->flow);
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
	st->ends++;
	gw_flow_end_in(&st->flow, &x->flow);
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
	struct gw_slice lent = gw_slice(NULL, 0);

	if (x == NULL)
		return GW_UDP_DATA_MEMORY;
	take_back(st);
	if (st->kept != NULL && st->pending_n == 0) {
		free(st->kept);
		st->kept = NULL;
	}
	if (!gw_flow_received(
		&st->flow, &x->flow, f->stream.offset + f->stream.data.n))
		return GW_UDP_DATA_ILLEGAL;
	switch (gw_recv_stream_data(&x->recv, f->stream.offset, f->stream.data,
	    f->stream.end, st->kept != NULL ? NULL : &lent)) {
	case GW_OK:
		break;
	case GW_E_PROTOCOL:
		return GW_UDP_DATA_ILLEGAL;
	default:
		return GW_UDP_DATA_MEMORY;
	}
	if (lent.n > 0)
		push(st, id, lent, false);
	push_end(st, id);
	return GW_UDP_DATA_OK;
}

/* Copy a slice behind what is kept, as part of the last event if it fits. */
static void
keep(struct gw_udp_streams *st, struct gw_udp_pending p, uint8_t *to)
{
	struct gw_udp_pending *last =
	    st->pending_n > 0 ? &st->pending[st->pending_n - 1] : NULL;

	if (p.bytes.n > 0)
		memcpy(to, p.bytes.p, p.bytes.n);
	if (last != NULL && last->stream == p.stream && !last->end && !p.end) {
		last->bytes.n += p.bytes.n;
		return;
	}
	p.bytes.p = to;
	st->pending[st->pending_n++] = p;
}

enum gw_err
gw_udp_streams_keep(struct gw_udp_streams *st)
{
	struct gw_udp_pending old[GW_UDP_PENDING];
	const unsigned count = st->pending_n;
	size_t total = 0, at = 0;

	if (count == 0 || st->kept != NULL)
		return GW_OK;
	for (unsigned i = 0; i < count; i++) {
		old[i] = st->pending[(st->pending_at + i) % GW_UDP_PENDING];
		total += old[i].bytes.n;
	}
	if ((st->kept = malloc(total + 1)) == NULL)
		return GW_E_MEMORY;
	st->pending_at = st->pending_n = 0;
	for (unsigned i = 0; i < count; i++) {
		keep(st, old[i], st->kept + at);
		at += old[i].bytes.n;
	}
	return GW_OK;
}

static void
tell(struct gw_session_event *ev, const struct gw_udp_pending *p)
{
	*ev = (struct gw_session_event){
		.kind = GW_SESSION_DATA,
		.data = { .stream = p->stream,
		    .bytes = p->bytes,
		    .end = p->end },
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
	return st->taken + st->ends;
}

uint64_t
gw_udp_streams_received(const struct gw_udp_streams *st)
{
	uint64_t n = st->flow.w.received;

	for (uint16_t i = 0; i < st->limit; i++)
		n += st->v[i] != NULL && st->v[i]->recv.size != GW_SIZE_UNKNOWN;
	return n;
}

bool
gw_udp_streams_is_old(
    const struct gw_udp_streams *st, const struct gw_pframe *f)
{
	const struct gw_udp_stream *x = st->v[f->stream.id];

	return x != NULL && (x->end_told || !f->stream.end) &&
	       f->stream.offset + f->stream.data.n <= x->recv.next;
}

void
gw_udp_streams_credit(
    struct gw_udp_streams *st, uint16_t id, size_t n, gw_usec now)
{
	struct gw_udp_stream *x = stream(st, id);

	if (x != NULL)
		gw_flow_credit(&st->flow, &x->flow, n, now);
}

/* ---- data out ---- */

static uint64_t
limit_of(const struct gw_udp_streams *st, const struct gw_udp_stream *x)
{
	return gw_flow_limit(&st->flow, &x->flow);
}

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
	struct gw_udp_stream *x = stream(st, id);
	size_t taken = 0, room;

	if (x == NULL || x->send.ended)
		return 0;
	room = gw_udp_streams_writable(st, id, ahead);
	if (gw_send_stream_write(&x->send,
		gw_slice(data.p, data.n < room ? data.n : room),
		&taken) != GW_OK)
		return 0;
	x->blocked = taken < data.n && x->send.next >= limit_of(st, x);
	return taken;
}

bool
gw_udp_streams_blocked(const struct gw_udp_streams *st, uint16_t id)
{
	const struct gw_udp_stream *x = st->v[id];

	return x != NULL && x->blocked && x->send.next >= limit_of(st, x);
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
		    gw_send_stream_has(&st->v[i]->send, limit_of(st, st->v[i])))
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
				     limit_of(st, x), &c->chunk))
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
			     st->v[i]->send.ended;
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

static bool
on_blocked(struct gw_udp_streams *st, struct gw_udp_stream *x,
    const struct gw_pframe *f, gw_usec now)
{
	struct gw_flow_there there = { f->window.at, st->taken };

	if (x == NULL)
		return gw_flow_session_blocked_there(&st->flow, &there, now);
	there.taken = x->recv.next;
	return gw_flow_blocked_there(&st->flow, &x->flow, &there, now);
}

bool
gw_udp_streams_window(
    struct gw_udp_streams *st, const struct gw_pframe *f, gw_usec now)
{
	struct gw_udp_stream *x = NULL;

	if ((f->type == GW_PFRAME_WINDOW || f->type == GW_PFRAME_BLOCKED) &&
	    (x = stream(st, f->window.id)) == NULL)
		return true; /* without memory; it is said again */
	switch (f->type) {
	case GW_PFRAME_WINDOW:
		(void)gw_flow_window(&st->flow, &x->flow, f->window.at);
		return true;
	case GW_PFRAME_SESSION_WINDOW:
		(void)gw_flow_session_window(&st->flow, f->window.at);
		return true;
	default:
		return on_blocked(st, x, f, now);
	}
}

bool
gw_udp_streams_due(const struct gw_udp_streams *st)
{
	return gw_flow_due(&st->flow);
}

bool
gw_udp_streams_next_window(
    struct gw_udp_streams *st, uint64_t number, struct gw_pframe *f)
{
	if (gw_flow_session_next(&st->flow, number, f))
		return true;
	for (uint16_t i = 0; i < st->limit; i++)
		if (st->v[i] != NULL && gw_flow_stream_next(&st->flow,
					    &st->v[i]->flow, i, number, f))
			return true;
	return false;
}

void
gw_udp_streams_windows_lost(struct gw_udp_streams *st, uint64_t number)
{
	gw_flow_session_lost(&st->flow, number);
	for (uint16_t i = 0; i < st->limit; i++)
		if (st->v[i] != NULL)
			gw_flow_stream_lost(&st->flow, &st->v[i]->flow, number);
}

void
gw_udp_streams_held_up(struct gw_udp_streams *st, gw_usec now)
{
	for (uint16_t i = 0; i < st->limit; i++) {
		struct gw_udp_stream *x = st->v[i];

		if (x != NULL && gw_send_stream_unsent(&x->send) > 0 &&
		    limit_of(st, x) <= x->send.next)
			gw_flow_blocked(&st->flow, &x->flow, now);
	}
}

void
gw_udp_streams_tick(struct gw_udp_streams *st, gw_usec rtt, gw_usec now)
{
	gw_flow_set_rtt(&st->flow, rtt);
	gw_flow_tick(&st->flow, now);
}

gw_usec
gw_udp_streams_deadline(const struct gw_udp_streams *st)
{
	return gw_flow_deadline(&st->flow);
}
