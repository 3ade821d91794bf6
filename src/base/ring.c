#include "base/ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void
gw_ring_init(struct gw_ring *r)
{
	*r = (struct gw_ring){ 0 };
}

void
gw_ring_fini(struct gw_ring *r)
{
	if (r->buf != NULL)
		free(r->buf - GW_RING_FRONT);
	gw_ring_init(r);
}

enum gw_err
gw_ring_grow(struct gw_ring *r, uint64_t size, uint64_t from, uint64_t to)
{
	struct gw_ring large = { .size = size };

	GW_ASSERT(size > 0 && (size & (size - 1)) == 0);
	GW_ASSERT(size >= r->size);
	GW_ASSERT(from <= to);
	GW_ASSERT(to - from <= r->size);
	if (size > SIZE_MAX / 2)
		return GW_E_MEMORY;
	large.buf = malloc(GW_RING_FRONT + (size_t)size);
	if (large.buf == NULL)
		return GW_E_MEMORY;
	/* Who writes there reads first, to put it back. */
	memset(large.buf, 0, GW_RING_FRONT);
	large.buf += GW_RING_FRONT;
	while (from < to) {
		const struct gw_slice piece = gw_ring_get(r, from, to - from);

		gw_ring_put(&large, from, piece);
		from += piece.n;
	}
	gw_ring_fini(r);
	*r = large;
	return GW_OK;
}

void
gw_ring_put(struct gw_ring *r, uint64_t at, struct gw_slice s)
{
	const size_t first = gw_ring_get(r, at, s.n).n;

	GW_ASSERT(s.n <= r->size);
	if (s.n == 0)
		return;
	memcpy(r->buf + (at & (r->size - 1)), s.p, first);
	if (first < s.n)
		memcpy(r->buf, s.p + first, s.n - first);
}

struct gw_slice
gw_ring_get(const struct gw_ring *r, uint64_t at, uint64_t n)
{
	uint64_t i, straight;

	if (n == 0)
		return gw_slice(NULL, 0);
	GW_ASSERT(r->size > 0);
	i = at & (r->size - 1);
	straight = r->size - i;
	return gw_slice(r->buf + i, (size_t)(n < straight ? n : straight));
}

uint8_t *
gw_ring_at(const struct gw_ring *r, uint64_t at)
{
	return r->size > 0 ? r->buf + (at & (r->size - 1)) : NULL;
}
