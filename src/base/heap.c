#include "base/heap.h"

#include <stdlib.h>

#include "base/assert.h"

enum { CAP = 16 };

void
gw_heap_fini(struct gw_heap *h)
{
	free(h->v);
	*h = (struct gw_heap){ .v = NULL };
}

static void
put(struct gw_heap *h, size_t place, struct gw_heap_item *i)
{
	h->v[place] = i;
	i->place = place;
}

/* Towards the front, past all that are later. */
static void
rise(struct gw_heap *h, struct gw_heap_item *i)
{
	size_t at = i->place;

	for (; at > 0 && h->v[(at - 1) / 2]->at > i->at; at = (at - 1) / 2)
		put(h, at, h->v[(at - 1) / 2]);
	put(h, at, i);
}

static void
sink(struct gw_heap *h, struct gw_heap_item *i)
{
	size_t at = i->place, next;

	while ((next = 2 * at + 1) < h->n) {
		if (next + 1 < h->n && h->v[next + 1]->at < h->v[next]->at)
			next++;
		if (h->v[next]->at >= i->at)
			break;
		put(h, at, h->v[next]);
		at = next;
	}
	put(h, at, i);
}

enum gw_err
gw_heap_add(struct gw_heap *h, struct gw_heap_item *i, gw_usec at)
{
	if (h->n == h->cap) {
		const size_t cap = h->cap > 0 ? 2 * h->cap : CAP;
		struct gw_heap_item **v = realloc(h->v, cap * sizeof *v);

		if (v == NULL)
			return GW_E_MEMORY;
		h->v = v;
		h->cap = cap;
	}
	i->at = at;
	put(h, h->n++, i);
	rise(h, i);
	return GW_OK;
}

void
gw_heap_remove(struct gw_heap *h, struct gw_heap_item *i)
{
	struct gw_heap_item *last = h->v[h->n - 1];

	GW_ASSERT(h->n > 0 && h->v[i->place] == i);
	h->n--;
	if (last == i)
		return;
	put(h, i->place, last);
	rise(h, last);
	sink(h, last);
}

void
gw_heap_move(struct gw_heap *h, struct gw_heap_item *i, gw_usec at)
{
	GW_ASSERT(h->v[i->place] == i);
	if (i->at == at)
		return;
	i->at = at;
	rise(h, i);
	sink(h, i);
}

struct gw_heap_item *
gw_heap_first(const struct gw_heap *h)
{
	return h->n > 0 ? h->v[0] : NULL;
}
