#include "forward/tunnel_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

struct gw_tunnel_waiting {
	struct gw_tunnel_waiting *next;
	gw_usec since;
	size_t n, whole;
	bool more;
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
    const struct gw_tunnel_entry *e, gw_usec now)
{
	const struct gw_slice s = e->bytes;
	struct gw_tunnel_waiting *w;

	if (l->count >= GW_TUNNEL_WAITING ||
	    (w = malloc(sizeof *w + s.n)) == NULL)
		return false;
	w->next = NULL;
	w->since = now;
	w->n = s.n;
	w->whole = e->whole;
	w->more = e->more;
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

void
gw_tunnel_queue_undo(struct gw_tunnel_queue *q, struct gw_tunnel_line *l)
{
	struct gw_tunnel_waiting **cut = &l->first, **at = &l->first, *w;
	unsigned n = 0, kept = 0;

	for (; n < l->count; at = &(*at)->next) {
		n++;
		if (!(*at)->more) {
			cut = &(*at)->next;
			kept = n;
		}
	}
	for (; l->count > kept; l->count--, q->count--) {
		w = *cut;
		*cut = w->next;
		free(w);
	}
	l->last = cut;
	if (l->count == 0 && l->listed)
		unlist(q, l);
}

enum gw_tunnel_turn
gw_tunnel_queue_next(struct gw_tunnel_queue *q, gw_usec now,
    struct gw_tunnel_line **line, struct gw_tunnel_entry *out)
{
	const struct gw_tunnel_waiting *w;

	if (q->first == NULL)
		return GW_TUNNEL_TURN_NONE;
	*line = q->first;
	w = q->first->first;
	*out = (struct gw_tunnel_entry){ gw_slice(w->bytes, w->n), w->whole,
		w->more };
	return now >= w->since + GW_TUNNEL_AGE ? GW_TUNNEL_TURN_STALE
					       : GW_TUNNEL_TURN_SEND;
}

/* True: more of its datagram follows. */
static bool
drop_first(struct gw_tunnel_queue *q, struct gw_tunnel_line *l)
{
	struct gw_tunnel_waiting *w = l->first;
	const bool more = w->more;

	l->first = w->next;
	l->count--;
	q->count--;
	free(w);
	return more && l->count > 0;
}

static void
drop_datagram(struct gw_tunnel_queue *q, struct gw_tunnel_line *l)
{
	while (drop_first(q, l))
		;
}

void
gw_tunnel_queue_pop(struct gw_tunnel_queue *q, enum gw_tunnel_turn turn)
{
	struct gw_tunnel_line *l = q->first;

	GW_ASSERT(l != NULL && l->count > 0);
	if (turn == GW_TUNNEL_TURN_STALE)
		drop_datagram(q, l);
	else
		(void)drop_first(q, l);
	if (l->count > 0 && turn == GW_TUNNEL_TURN_STALE)
		return;
	unlist(q, l);
	if (l->count > 0)
		list(q, l);
}

bool
gw_tunnel_queue_drop(
    struct gw_tunnel_queue *q, struct gw_tunnel_line *l, size_t *whole)
{
	if (l->count == 0)
		return false;
	*whole = l->first->whole;
	drop_datagram(q, l);
	if (l->count == 0 && l->listed)
		unlist(q, l);
	return true;
}
