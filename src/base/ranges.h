/*
 * ranges - a set of disjoint ranges [start, end) of 64-bit numbers.
 *
 * Sorted, merged where they touch; kept in one growing array.  Used for
 * blocks that have arrived and, later, for packet numbers.
 */
#ifndef GW_BASE_RANGES_H
#define GW_BASE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct gw_range {
	uint64_t start, end;
};

struct gw_ranges {
	struct gw_range *v;
	size_t n, cap;
	size_t max; /* most ranges it may hold */
};

/* Empty set of at most max ranges; allocates nothing until the first add. */
void gw_ranges_init(struct gw_ranges *, size_t max);
void gw_ranges_fini(struct gw_ranges *);
/* Add [start, end); start < end.  GW_E_LIMIT: it would need more than max
 * ranges; GW_E_MEMORY; on error nothing changes. */
GW_MUST_USE enum gw_err gw_ranges_add(
    struct gw_ranges *, uint64_t start, uint64_t end);
/* Remove [start, end), splitting where needed; errors as gw_ranges_add. */
GW_MUST_USE enum gw_err gw_ranges_remove(
    struct gw_ranges *, uint64_t start, uint64_t end);
bool gw_ranges_has(const struct gw_ranges *, uint64_t start, uint64_t end);
/* First hole at or after `from`, below `limit`; false: none. */
bool gw_ranges_gap(const struct gw_ranges *, uint64_t from, uint64_t limit,
    struct gw_range *gap);
/* How many numbers are in it. */
uint64_t gw_ranges_count(const struct gw_ranges *);
void gw_ranges_clear(struct gw_ranges *);

#endif /* GW_BASE_RANGES_H */
