#include "head.h"

#include <string.h>

#include "base/assert.h"

enum { PAD_MAX = GW_HEAD_UNIT - 1 };

static size_t
round_up(size_t n)
{
	return (n + PAD_MAX) / GW_HEAD_UNIT * GW_HEAD_UNIT;
}

void
gw_head_init(struct gw_head *h, size_t size)
{
	const size_t around = GW_PACKET_HEADER + GW_TAG_LEN;
	size_t cap;

	GW_ASSERT(size <= GW_PACKET_MAX);
	h->room = size > around ? size - around : 0;
	h->closed = false;
	cap = h->room / GW_HEAD_UNIT * GW_HEAD_UNIT;
	if (cap > GW_HEAD_MAX)
		cap = GW_HEAD_MAX;
	memset(h->buf, GW_PFRAME_PADDING, PAD_MAX);
	h->w = gw_writer(h->buf + PAD_MAX, cap);
}

/* Is the data of this frame to follow the head? */
static bool
is_last(const struct gw_pframe *f)
{
	return (f->type == GW_PFRAME_STREAM && !f->stream.sized) ||
	       (f->type == GW_PFRAME_DATAGRAM && !f->datagram.sized);
}

static size_t
body_of(const struct gw_pframe *f)
{
	return f->type == GW_PFRAME_STREAM ? f->stream.data.n
					   : f->datagram.data.n;
}

bool
gw_head_put(struct gw_head *h, const struct gw_pframe *f)
{
	const struct gw_writer before = h->w;

	GW_ASSERT(!h->closed);
	gw_pframe_encode(&h->w, f);
	if (!gw_writer_ok(&h->w) ||
	    (is_last(f) && body_of(f) > gw_head_body(h, 0))) {
		h->w = before;
		return false;
	}
	h->closed = is_last(f);
	return true;
}

bool
gw_head_put_ack(struct gw_head *h, struct gw_ack *ack)
{
	GW_ASSERT(!h->closed);
	return gw_ack_encode(&h->w, ack);
}

bool
gw_head_empty(const struct gw_head *h)
{
	return gw_writer_len(&h->w) == 0;
}

size_t
gw_head_body(const struct gw_head *h, size_t n)
{
	const size_t head = round_up(gw_writer_len(&h->w) + n);
	const size_t cap = (size_t)(h->w.end - h->w.start);

	return head <= cap ? h->room - head : 0;
}

struct gw_slice
gw_head_slice(const struct gw_head *h)
{
	const size_t n = gw_writer_len(&h->w), padded = round_up(n);

	return gw_slice(h->buf + PAD_MAX - (padded - n), padded);
}
