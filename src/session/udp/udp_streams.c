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

struct gw_udp_stream *
gw_udp_streams_get(struct gw_udp_streams *st, uint16_t id)
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
	st->pending[at] = (struct gw_udp_pending){
		.kind = GW_SESSION_DATA, .stream = id, .end = end, .bytes = s
	};
	st->pending_n++;
	st->taken += s.n;
}

/* Something beside the data of streams. */
static void
push_other(struct gw_udp_streams *st, const struct gw_udp_pending *p)
{
	const unsigned at = (st->pending_at + st->pending_n) % GW_UDP_PENDING;

	GW_ASSERT(st->pending_n < GW_UDP_PENDING);
	st->pending[at] = *p;
	st->pending_n++;
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

/* Nothing waits any more of what was kept. */
static void
let_go(struct gw_udp_streams *st)
{
	if (st->kept == NULL || st->pending_n > 0)
		return;
	free(st->kept);
	st->kept = NULL;
}

enum gw_udp_data
gw_udp_streams_data(struct gw_udp_streams *st, const struct gw_pframe *f)
{
	const uint16_t id = f->stream.id;
	struct gw_udp_stream *x = gw_udp_streams_get(st, id);
	struct gw_slice lent = gw_slice(NULL, 0);

	if (x == NULL)
		return GW_UDP_DATA_MEMORY;
	take_back(st);
	let_go(st);
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
	if (last != NULL && last->kind == GW_SESSION_DATA &&
	    p.kind == last->kind && last->stream == p.stream && !last->end &&
	    !p.end) {
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

enum gw_udp_data
gw_udp_streams_reset_in(
    struct gw_udp_streams *st, const struct gw_pframe *f, gw_usec now)
{
	const uint16_t id = f->reset.id;
	struct gw_udp_stream *x = gw_udp_streams_get(st, id);
	uint64_t next;

	if (x == NULL)
		return GW_UDP_DATA_MEMORY;
	take_back(st);
	next = x->recv.next;
	if (!gw_flow_received(&st->flow, &x->flow, f->reset.size) ||
	    gw_recv_stream_reset(&x->recv, f->reset.code, f->reset.size) !=
		GW_OK)
		return GW_UDP_DATA_ILLEGAL;
	if (!x->recv.reset || x->end_told)
		return GW_UDP_DATA_OK; /* all of it is there, or told before */
	x->end_told = true;
	st->ends++;
	st->taken += f->reset.size - next;
	gw_flow_reset_in(&st->flow, &x->flow, now);
	push_other(st, &(struct gw_udp_pending){ .kind = GW_SESSION_RESET,
			   .stream = id,
			   .code = f->reset.code });
	return GW_UDP_DATA_OK;
}

void
gw_udp_streams_datagram(struct gw_udp_streams *st, struct gw_slice data)
{
	let_go(st);
	if (st->kept != NULL)
		return; /* its packet goes before it is pulled */
	push_other(st, &(struct gw_udp_pending){
			   .kind = GW_SESSION_DATAGRAM, .bytes = data });
}

static void
tell(struct gw_session_event *ev, const struct gw_udp_pending *p)
{
	*ev = (struct gw_session_event){ .kind = p->kind };
	if (p->kind == GW_SESSION_DATAGRAM) {
		ev->datagram = p->bytes;
	} else if (p->kind == GW_SESSION_RESET) {
		ev->reset.stream = p->stream;
		ev->reset.code = p->code;
	} else {
		ev->data.stream = p->stream;
		ev->data.bytes = p->bytes;
		ev->data.end = p->end;
	}
}

/* What came early and is next by now, straight from its ring. */
static bool
lend(struct gw_udp_streams *st, struct gw_session_event *ev)
{
	struct gw_udp_pending p = { .kind = GW_SESSION_DATA };

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
	       f->stream.offset + f->stream.data.n <=
		   (x->recv.reset ? x->recv.size : x->recv.next);
}

bool
gw_udp_streams_is_over_in(const struct gw_udp_streams *st, uint16_t id)
{
	return st->v[id] != NULL && st->v[id]->end_told;
}

void
gw_udp_streams_credit(
    struct gw_udp_streams *st, uint16_t id, size_t n, gw_usec now)
{
	struct gw_udp_stream *x = gw_udp_streams_get(st, id);

	st->no_memory = x == NULL;
	if (x != NULL)
		gw_flow_credit(&st->flow, &x->flow, n, now);
}
