/*
 * bits - one bit for each of the 64-bit numbers in a window that slides.
 *
 * A ring: numbers that are `size` apart share a bit, so those that are set at
 * one time lie within `size` of each other, and the owner clears what leaves
 * the window.  Ranges are [from, to).  A second level tells which words are
 * empty: what is far apart is found quickly.
 */
#ifndef GW_BASE_BITS_H
#define GW_BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { GW_BITS_MIN = 4096 };

struct gw_bits {
	uint64_t *words, *used; /* bit i of used: words[i] is not 0 */
	uint64_t size;          /* 0, or a power of two */
};

/* No window yet: the first gw_bits_grow makes it. */
void gw_bits_init(struct gw_bits *);
void gw_bits_fini(struct gw_bits *);
/*
 * Make the window `size` large, a power of two and at least GW_BITS_MIN, and
 * not smaller than it is; bits in [from, to) stay, all others are clear.
 * GW_E_MEMORY: nothing changed.
 */
GW_MUST_USE enum gw_err gw_bits_grow(
    struct gw_bits *, uint64_t size, uint64_t from, uint64_t to);
bool gw_bits_has(const struct gw_bits *, uint64_t at);
/* Set or clear [from, to); both return how many were not so before. */
uint64_t gw_bits_set(struct gw_bits *, uint64_t from, uint64_t to);
uint64_t gw_bits_clear(struct gw_bits *, uint64_t from, uint64_t to);
/* The first at or after `from` that is set (is clear); `to`: none below. */
uint64_t gw_bits_next_set(const struct gw_bits *, uint64_t from, uint64_t to);
uint64_t gw_bits_next_clear(const struct gw_bits *, uint64_t from, uint64_t to);

#endif /* GW_BASE_BITS_H */
