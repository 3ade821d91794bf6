#include "session/udp/send_stream.h"

#include "base/assert.h"

void
gw_send_stream_init(struct gw_send_stream *s, uint64_t max)
{
	GW_ASSERT(max >= GW_SEND_STREAM_MIN);
	*s = (struct gw_send_stream){ .max = max };
	gw_ring_init(&s->ring);
	gw_bits_init(&s->acked);
	gw_bits_init(&s->lost);
}

void
gw_send_stream_fini(struct gw_send_stream *s)
{
	gw_ring_fini(&s->ring);
	gw_bits_fini(&s->acked);
	gw_bits_fini(&s->lost);
}

void
gw_send_stream_set_max(struct gw_send_stream *s, uint64_t max)
{
	GW_ASSERT(max >= GW_SEND_STREAM_MIN);
	s->max = max;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- the writer ---- */

/* How large the ring may be: the largest power of two within max. */
static uint64_t
largest_ring(const struct gw_send_stream *s)
{
	uint64_t size = GW_SEND_STREAM_MIN;

	while (size <= s->max / 2)
		size *= 2;
	return size > s->ring.size ? size : s->ring.size;
}

uint64_t
gw_send_stream_room(const struct gw_send_stream *s)
{
	if (s->ended || s->reset)
		return 0;
	return largest_ring(s) - (s->end - s->base);
}

/* Room for n bytes behind the end, if memory lets it. */
static enum gw_err
grow(struct gw_send_stream *s, uint64_t n)
{
	const uint64_t need = s->end - s->base + n;
	uint64_t size = s->ring.size;
	enum gw_err err;

	if (need <= size)
		return GW_OK;
	if (size == 0)
		size = GW_SEND_STREAM_MIN;
	while (size < need)
		size *= 2;
	GW_ASSERT(size <= largest_ring(s));
	/* The ring last: bits may cover more than it has. */
	if ((err = gw_bits_grow(&s->acked, size, s->base, s->next)) != GW_OK ||
	    (err = gw_bits_grow(&s->lost, size, s->base, s->next)) != GW_OK)
		return err;
	return gw_ring_grow(&s->ring, size, s->base, s->end);
}

enum gw_err
gw_send_stream_write(
    struct gw_send_stream *s, struct gw_slice data, size_t *taken)
{
	uint64_t n = least(data.n, gw_send_stream_room(s));
	enum gw_err err;

	GW_ASSERT(!s->ended && !s->reset);
	if (n > 0 && (err = grow(s, n)) != GW_OK) {
		if (s->ring.size == 0)
			return err;
		/* With what there is it goes on, if slower. */
		n = least(n, s->ring.size - (s->end - s->base));
	}
	gw_ring_put(&s->ring, s->end, gw_slice(data.p, (size_t)n));
	s->end += n;
	*taken = (size_t)n;
	return GW_OK;
}

void
gw_send_stream_end(struct gw_send_stream *s)
{
	s->ended = true;
}

static bool
all_acked(const struct gw_send_stream *s)
{
	return s->end_acked && s->base == s->end;
}

void
gw_send_stream_reset(struct gw_send_stream *s, uint64_t code)
{
	if (s->reset || all_acked(s))
		return;
	s->reset = s->reset_due = true;
	s->code = code;
	gw_send_stream_fini(s);
}

/* ---- what leaves ---- */

static bool
end_is_due(const struct gw_send_stream *s)
{
	return s->end_lost || (s->ended && !s->end_sent && s->next == s->end);
}

bool
gw_send_stream_has(const struct gw_send_stream *s, uint64_t limit)
{
	return !s->reset && (s->lost_bytes > 0 || end_is_due(s) ||
				s->next < least(s->end, limit));
}

bool
gw_send_stream_next(const struct gw_send_stream *s, size_t most, uint64_t limit,
    struct gw_chunk *out)
{
	uint64_t from = s->next, to = least(s->end, limit);

	GW_ASSERT(most > 0);
	if (!gw_send_stream_has(s, limit))
		return false;
	if (s->lost_bytes > 0) {
		from = gw_bits_next_set(&s->lost, s->lost_from, s->next);
		to = gw_bits_next_clear(
		    &s->lost, from, least(s->next, from + most));
	} else if (from >= to) {
		from = to = s->end; /* END alone */
	}
	out->offset = from;
	out->data = gw_ring_get(&s->ring, from, least(to - from, most));
	out->at = gw_ring_at(&s->ring, from);
	out->end = s->ended && from + out->data.n == s->end;
	out->again = from < s->next;
	return true;
}

void
gw_send_stream_sent(struct gw_send_stream *s, const struct gw_chunk *c)
{
	const uint64_t to = c->offset + c->data.n;

	GW_ASSERT(c->data.n > 0 || c->end);
	GW_ASSERT(!c->end || (s->ended && to == s->end));
	if (c->offset < s->next) {
		GW_ASSERT(to <= s->next);
		s->lost_bytes -= gw_bits_clear(&s->lost, c->offset, to);
		s->lost_from = to;
	} else {
		GW_ASSERT(c->offset == s->next);
		GW_ASSERT(to <= s->end);
		s->next = to;
	}
	if (c->end) {
		s->end_sent = true;
		s->end_lost = false;
	}
}

uint64_t
gw_send_stream_unsent(const struct gw_send_stream *s)
{
	return s->reset ? 0 : s->end - s->next;
}

/* ---- what became of it ---- */

static void
forget_all(struct gw_send_stream *s)
{
	if (all_acked(s))
		gw_send_stream_fini(s);
}

/* All up to `to` is acknowledged, and what came early behind it. */
static void
advance(struct gw_send_stream *s, uint64_t to)
{
	if (s->early > 0) {
		to = gw_bits_next_clear(&s->acked, to, s->next);
		s->early -= gw_bits_clear(&s->acked, s->base, to);
	}
	s->base = to;
	if (s->lost_from < to)
		s->lost_from = to;
}

void
gw_send_stream_acked(
    struct gw_send_stream *s, uint64_t offset, uint64_t n, bool end)
{
	const uint64_t to = offset + n;
	uint64_t from = offset > s->base ? offset : s->base;

	GW_ASSERT(to <= s->next);
	if (s->reset)
		return;
	if (end) {
		s->end_acked = true;
		s->end_lost = false;
	}
	if (from < to && s->lost_bytes > 0)
		s->lost_bytes -= gw_bits_clear(&s->lost, from, to);
	if (from < to && from > s->base)
		s->early += gw_bits_set(&s->acked, from, to);
	else if (from < to)
		advance(s, to);
	forget_all(s);
}

void
gw_send_stream_lost(
    struct gw_send_stream *s, uint64_t offset, uint64_t n, bool end)
{
	const uint64_t to = offset + n;
	uint64_t from = offset > s->base ? offset : s->base;

	GW_ASSERT(to <= s->next);
	if (s->reset)
		return;
	if (end && !s->end_acked)
		s->end_lost = true;
	/* Of what was sent twice, one may have arrived. */
	while (from < to &&
	       (from = gw_bits_next_clear(&s->acked, from, to)) < to) {
		const uint64_t until = gw_bits_next_set(&s->acked, from, to);

		s->lost_bytes += gw_bits_set(&s->lost, from, until);
		if (from < s->lost_from)
			s->lost_from = from;
		from = until;
	}
}

bool
gw_send_stream_reset_next(
    const struct gw_send_stream *s, uint64_t *code, uint64_t *size)
{
	if (!s->reset_due)
		return false;
	*code = s->code;
	*size = s->next;
	return true;
}

void
gw_send_stream_reset_sent(struct gw_send_stream *s)
{
	GW_ASSERT(s->reset);
	s->reset_due = false;
}

void
gw_send_stream_reset_acked(struct gw_send_stream *s)
{
	GW_ASSERT(s->reset);
	s->reset_acked = true;
	s->reset_due = false;
}

void
gw_send_stream_reset_lost(struct gw_send_stream *s)
{
	GW_ASSERT(s->reset);
	s->reset_due = !s->reset_acked;
}

bool
gw_send_stream_done(const struct gw_send_stream *s)
{
	return s->reset ? s->reset_acked : all_acked(s);
}

uint64_t
gw_send_stream_size(const struct gw_send_stream *s)
{
	return s->reset ? s->next : s->end;
}
