/*
 * heap - things that have a time, the earliest first.
 *
 * A binary heap of links that their owners embed; it holds pointers only, so
 * a thing stays where it is in memory.
 */
#ifndef GW_BASE_HEAP_H
#define GW_BASE_HEAP_H

#include <stddef.h>

#include "base/err.h"
#include "base/time.h"

struct gw_heap_item {
	gw_usec at;
	size_t place; /* in the heap */
};

struct gw_heap {
	struct gw_heap_item **v;
	size_t n, cap;
};

/* All zeros is an empty heap. */
void gw_heap_fini(struct gw_heap *);
/* GW_E_MEMORY: nothing changed. */
GW_MUST_USE enum gw_err gw_heap_add(
    struct gw_heap *, struct gw_heap_item *, gw_usec at);
void gw_heap_remove(struct gw_heap *, struct gw_heap_item *);
/* Its time is another one now. */
void gw_heap_move(struct gw_heap *, struct gw_heap_item *, gw_usec at);
/* The earliest; NULL: it is empty. */
struct gw_heap_item *gw_heap_first(const struct gw_heap *);

#endif /* GW_BASE_HEAP_H */
