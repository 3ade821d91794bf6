#include "forward/tunnel_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

struct gw_tunnel_waiting {
	struct gw_tunnel_waiting *next;
	gw_usec since;
	size_t n;
	uint8_t bytes[];
};

static void
list(struct gw_tunnel_queue *q, struct gw_tunnel_line *l)
{
	if (q->last == NULL)
		q->last = &q->first;
	l->next = NULL;
	*q->last = l;
	q->last = &l->next;
	l->listed = true;
}

static void
unlist(struct gw_tunnel_queue *q, struct gw_tunnel_line *l)
{
	struct gw_tunnel_line **at = &q->first;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	if (q->last == &l->next)
		q->last = at;
	l->listed = false;
}

bool
gw_tunnel_queue_push(struct gw_tunnel_queue *q, struct gw_tunnel_line *l,
    struct gw_slice s, gw_usec now)
{
	struct gw_tunnel_waiting *w;

	if (l->count >= GW_TUNNEL_WAITING ||
	    (w = malloc(sizeof *w + s.n)) == NULL)
		return false;
	w->next = NULL;
	w->since = now;
	w->n = s.n;
	if (s.n > 0)
		memcpy(w->bytes, s.p, s.n);
	if (l->count == 0)
		l->last = &l->first;
	*l->last = w;
	l->last = &w->next;
	l->count++;
	q->count++;
	if (!l->listed)
		list(q, l);
	return true;
}

enum gw_tunnel_turn
gw_tunnel_queue_next(struct gw_tunnel_queue *q, gw_usec now,
    struct gw_tunnel_line **line, struct gw_slice *out)
{
	const struct gw_tunnel_waiting *w;

	if (q->first == NULL)
		return GW_TUNNEL_TURN_NONE;
	*line = q->first;
	w = q->first->first;
	*out = gw_slice(w->bytes, w->n);
	return now >= w->since + GW_TUNNEL_AGE ? GW_TUNNEL_TURN_STALE
					       : GW_TUNNEL_TURN_SEND;
}

static void
drop_first(struct gw_tunnel_queue *q, struct gw_tunnel_line *l)
{
	struct gw_tunnel_waiting *w = l->first;

	l->first = w->next;
	l->count--;
	q->count--;
	free(w);
}

void
gw_tunnel_queue_pop(struct gw_tunnel_queue *q, enum gw_tunnel_turn turn)
{
	struct gw_tunnel_line *l = q->first;

	GW_ASSERT(l != NULL && l->count > 0);
	drop_first(q, l);
	if (l->count > 0 && turn == GW_TUNNEL_TURN_STALE)
		return;
	unlist(q, l);
	if (l->count > 0)
		list(q, l);
}

unsigned
gw_tunnel_queue_clear(struct gw_tunnel_queue *q, struct gw_tunnel_line *l)
{
	const unsigned n = l->count;

	while (l->count > 0)
		drop_first(q, l);
	if (l->listed)
		unlist(q, l);
	return n;
}
