#include <stdlib.h>

#include "net_private.h"

void
net_packets_put(struct net_packets *q, struct net_packet *p)
{
	p->next = NULL;
	if (q->first == NULL)
		q->first = p;
	else
		q->last->next = p;
	q->last = p;
}

struct net_packet *
net_packets_take(struct net_packets *q)
{
	struct net_packet *p = q->first;

	if (p != NULL)
		q->first = p->next;
	return p;
}

static bool
before(const struct net_event *a, const struct net_event *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void
net_events_push(struct net_events *e, struct net_event new)
{
	size_t at;

	if (e->count == e->room) {
		e->room = e->room > 0 ? 2 * e->room : 64;
		e->heap = realloc(e->heap, e->room * sizeof(*e->heap));
		GW_ASSERT(e->heap != NULL);
	}
	/* The script goes first among what happens at one time. */
	new.order = e->orders++ | (uint64_t)(new.change == NULL) << 63;
	for (at = e->count++; at > 0; at = (at - 1) / 2) {
		const size_t above = (at - 1) / 2;

		if (!before(&new, &e->heap[above]))
			break;
		e->heap[at] = e->heap[above];
	}
	e->heap[at] = new;
}

struct net_event
net_events_pop(struct net_events *e)
{
	const struct net_event first = e->heap[0];
	struct net_event last;
	size_t at = 0, below;

	GW_ASSERT(e->count > 0);
	last = e->heap[--e->count];
	while ((below = 2 * at + 1) < e->count) {
		if (below + 1 < e->count &&
		    before(&e->heap[below + 1], &e->heap[below]))
			below++;
		if (!before(&e->heap[below], &last))
			break;
		e->heap[at] = e->heap[below];
		at = below;
	}
	e->heap[at] = last;
	return first;
}
