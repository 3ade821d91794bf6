/*
 * ring - bytes at 64-bit offsets of a window that slides.
 *
 * Offsets that are `size` apart share a byte: what is in use at one time lies
 * within `size`, and the owner knows what that is.
 */
#ifndef GW_BASE_RING_H
#define GW_BASE_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum { GW_RING_FRONT = 64 };

struct gw_ring {
	uint8_t *buf;  /* GW_RING_FRONT bytes lie in front of it */
	uint64_t size; /* 0, or a power of two */
};

/* No buffer yet: the first gw_ring_grow makes it. */
void gw_ring_init(struct gw_ring *);
void gw_ring_fini(struct gw_ring *);
/*
 * Make it `size` large, a power of two and not smaller than it is; the bytes
 * of [from, to) stay.  GW_E_MEMORY: nothing changed.
 */
GW_MUST_USE enum gw_err gw_ring_grow(
    struct gw_ring *, uint64_t size, uint64_t from, uint64_t to);
/* Copy in; slice.n <= size. */
void gw_ring_put(struct gw_ring *, uint64_t at, struct gw_slice);
/* The bytes at an offset, up to n: fewer where the ring wraps around.  Lent
 * until they are overwritten, or it grows. */
struct gw_slice gw_ring_get(const struct gw_ring *, uint64_t at, uint64_t n);
/*
 * The same place; NULL: no buffer.  GW_RING_FRONT bytes in front of it are the
 * ring's as well: whoever needs something to stand right before the data may
 * write there, and puts back what was there before anybody looks.
 */
uint8_t *gw_ring_at(const struct gw_ring *, uint64_t at);

#endif /* GW_BASE_RING_H */
