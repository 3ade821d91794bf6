#include "session/udp/recv_stream.h"

#include "base/assert.h"
#include "wire/limits.h"

void
gw_recv_stream_init(struct gw_recv_stream *s)
{
	*s = (struct gw_recv_stream){ .size = GW_SIZE_UNKNOWN };
	gw_ring_init(&s->ring);
	gw_bits_init(&s->have);
}

void
gw_recv_stream_fini(struct gw_recv_stream *s)
{
	gw_ring_fini(&s->ring);
	gw_bits_fini(&s->have);
	s->waiting = 0;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* May the stream go on to `to`, or end there? */
static bool
size_is_legal(const struct gw_recv_stream *s, uint64_t to, bool end)
{
	if (s->size == GW_SIZE_UNKNOWN)
		return !end || to >= s->highest;
	return end ? to == s->size : to <= s->size;
}

/* Room for bytes up to `to`. */
static enum gw_err
grow(struct gw_recv_stream *s, uint64_t to)
{
	const uint64_t from = s->next;
	/* What waits ends there at the latest. */
	const uint64_t until = least(s->highest, from + s->ring.size);
	uint64_t size = GW_BITS_MIN;
	enum gw_err err;

	if (to - from <= s->ring.size)
		return GW_OK;
	while (size < to - from)
		size *= 2;
	/* The ring last: bits may cover more than it has. */
	if ((err = gw_bits_grow(&s->have, size, from, until)) != GW_OK)
		return err;
	return gw_ring_grow(&s->ring, size, from, until);
}

/* The first n bytes that are next are dealt with; returns how many of them
 * waited. */
static uint64_t
advance(struct gw_recv_stream *s, uint64_t n)
{
	uint64_t waited = 0;

	if (s->waiting > 0)
		waited = gw_bits_clear(
		    &s->have, s->next, s->next + least(n, s->have.size));
	s->waiting -= waited;
	s->next += n;
	if (s->waiting == 0 &&
	    (s->ring.size > GW_RECV_STREAM_KEEP || gw_recv_stream_ended(s)))
		gw_recv_stream_fini(s);
	return waited;
}

static enum gw_err
keep(struct gw_recv_stream *s, uint64_t offset, struct gw_slice data)
{
	const uint64_t to = offset + data.n;
	const enum gw_err err = grow(s, to);

	if (err != GW_OK)
		return err;
	gw_ring_put(&s->ring, offset, data);
	s->waiting += gw_bits_set(&s->have, offset, to);
	return GW_OK;
}

/* Without what was dealt with before. */
static struct gw_slice
fresh_part(
    const struct gw_recv_stream *s, uint64_t offset, struct gw_slice data)
{
	uint64_t old = s->next > offset ? s->next - offset : 0;

	if (old == 0)
		return data;
	if (old > data.n)
		old = data.n;
	return gw_slice(data.p + old, data.n - (size_t)old);
}

enum gw_err
gw_recv_stream_data(struct gw_recv_stream *s, uint64_t offset,
    struct gw_slice data, bool end, struct gw_slice *lent)
{
	const uint64_t to = offset + data.n;
	const struct gw_slice fresh = fresh_part(s, offset, data);
	const bool is_next = lent != NULL && offset <= s->next;
	enum gw_err err;

	GW_ASSERT(to <= GW_OFFSET_MAX);
	if (lent != NULL)
		*lent = gw_slice(NULL, 0);
	if (!size_is_legal(s, to, end))
		return GW_E_PROTOCOL;
	if (s->reset)
		return GW_OK;
	if (fresh.n > 0 && !is_next &&
	    (err = keep(s, to - fresh.n, fresh)) != GW_OK)
		return err;
	if (end)
		s->size = to;
	if (s->highest < to)
		s->highest = to;
	if (fresh.n > 0 && is_next) {
		*lent = fresh;
		advance(s, fresh.n);
	}
	return GW_OK;
}

bool
gw_recv_stream_next(const struct gw_recv_stream *s, struct gw_slice *out)
{
	uint64_t to;

	if (s->waiting == 0)
		return false;
	to = gw_bits_next_clear(
	    &s->have, s->next, least(s->highest, s->next + s->ring.size));
	*out = gw_ring_get(&s->ring, s->next, to - s->next);
	return out->n > 0;
}

void
gw_recv_stream_take(struct gw_recv_stream *s, size_t n)
{
	const uint64_t waited = advance(s, n);

	GW_ASSERT(waited == n);
}

bool
gw_recv_stream_ended(const struct gw_recv_stream *s)
{
	return !s->reset && s->next == s->size;
}

enum gw_err
gw_recv_stream_reset(struct gw_recv_stream *s, uint64_t code, uint64_t size)
{
	if (size < s->highest ||
	    (s->size != GW_SIZE_UNKNOWN && s->size != size))
		return GW_E_PROTOCOL;
	/* All of it is there: it may as well be had. */
	if (s->reset || s->next + s->waiting == s->size)
		return GW_OK;
	gw_recv_stream_fini(s);
	s->reset = true;
	s->code = code;
	s->size = size;
	return GW_OK;
}
