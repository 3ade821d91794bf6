/*
 * The flows of a tunnel: by number, in lines where they wait, and the memory
 * that they share.
 */
#include <stddef.h>
#include <string.h>

#include "base/assert.h"
#include "run/tunnel_private.h"

enum { SPARE_MAX = 1 << 19 /* bytes of a ring */ };

/* ---- lines ---- */

void
gw_tunnel_row_enter(struct gw_tunnel_flow *w, enum gw_tunnel_row r)
{
	struct gw_tunnel *t = w->tunnel;

	if (w->in[r])
		return;
	w->in[r] = true;
	w->next[r] = NULL;
	*t->rows[r].last = w;
	t->rows[r].last = &w->next[r];
}

static void
leave(struct gw_tunnel_flow *w, enum gw_tunnel_row r)
{
	struct gw_tunnel *t = w->tunnel;
	struct gw_tunnel_flow **at = &t->rows[r].first;

	if (!w->in[r])
		return;
	while (*at != w)
		at = &(*at)->next[r];
	*at = w->next[r];
	if (t->rows[r].last == &w->next[r])
		t->rows[r].last = at;
	w->in[r] = false;
}

void
gw_tunnel_row_clear(struct gw_tunnel *t, enum gw_tunnel_row r)
{
	for (struct gw_tunnel_flow *w = t->rows[r].first; w != NULL;
	     w = w->next[r])
		w->in[r] = false;
	t->rows[r].first = NULL;
	t->rows[r].last = &t->rows[r].first;
}

/* The next of the first n that were in it; they may end themselves and each
 * other.  NULL: none. */
static struct gw_tunnel_flow *
next_of(struct gw_tunnel *t, enum gw_tunnel_row r, size_t *n)
{
	struct gw_tunnel_flow *w = t->rows[r].first;

	if (*n == 0 || w == NULL)
		return NULL;
	(*n)--;
	leave(w, r);
	return w;
}

static size_t
length(const struct gw_tunnel *t, enum gw_tunnel_row r)
{
	size_t n = 0;

	for (const struct gw_tunnel_flow *w = t->rows[r].first; w != NULL;
	     w = w->next[r])
		n++;
	return n;
}

/* In turn, each once at most, until what they write is to leave. */
void
gw_tunnel_let_write(struct gw_tunnel *t)
{
	size_t n = length(t, GW_TUNNEL_FOR_ROOM);
	struct gw_tunnel_flow *w;

	while (t->fresh < GW_TUNNEL_FRESH &&
	       (w = next_of(t, GW_TUNNEL_FOR_ROOM, &n)) != NULL)
		w->ops->writable(w);
	t->more =
	    t->more || (n > 0 && t->rows[GW_TUNNEL_FOR_ROOM].first != NULL);
}

void
gw_tunnel_settle_later(struct gw_tunnel_flow *w)
{
	gw_tunnel_row_enter(w, GW_TUNNEL_TO_SETTLE);
}

void
gw_tunnel_settle(struct gw_tunnel *t)
{
	size_t n = length(t, GW_TUNNEL_TO_SETTLE);
	struct gw_tunnel_flow *w;

	while ((w = next_of(t, GW_TUNNEL_TO_SETTLE, &n)) != NULL)
		w->ops->settle(w);
}

/* ---- flows ---- */

static struct gw_key
key_of(uint32_t id)
{
	struct gw_key k = { { 0 } };

	memcpy(k.b, &id, sizeof id);
	return k;
}

struct gw_tunnel_flow *
gw_tunnel_find(const struct gw_tunnel *t, uint32_t id)
{
	const struct gw_key k = key_of(id);
	uintptr_t v;

	return gw_map_get(t->flows, &k, &v) ? (struct gw_tunnel_flow *)v : NULL;
}

enum gw_err
gw_tunnel_flow_take(struct gw_tunnel *t, struct gw_tunnel_flow *w)
{
	const struct gw_key k = key_of(w->id);
	enum gw_err err;

	if (gw_map_count(t->flows) >= GW_TUNNEL_FLOWS)
		return GW_E_LIMIT;
	err = gw_map_set(t->flows, &k, (uintptr_t)w);
	if (err != GW_OK)
		return err;
	w->tunnel = t;
	if (w->lane != 0)
		t->on_lane[w->lane]++;
	return GW_OK;
}

/* The connections of one lane wait for each other's packets when one is lost:
 * as few as may be share one.  The first lanes first: on tcp a session has no
 * wide windows for more than a few streams, and they keep them. */
static uint16_t
pick_lane(const struct gw_tunnel *t)
{
	uint16_t best = t->initiator ? 2 : 1;

	for (uint16_t i = best; i < GW_STREAMS_MAX && t->on_lane[best] > 0;
	     i += 2)
		if (t->on_lane[i] < t->on_lane[best])
			best = i;
	return best;
}

enum gw_err
gw_tunnel_flow_begin(
    struct gw_tunnel *t, struct gw_tunnel_flow *w, bool connection)
{
	do
		t->next_id += 2;
	while (gw_tunnel_find(t, t->next_id) != NULL);
	w->id = t->next_id;
	w->lane = connection ? pick_lane(t) : 0;
	return gw_tunnel_flow_take(t, w);
}

void
gw_tunnel_flow_end(struct gw_tunnel_flow *w)
{
	const struct gw_key k = key_of(w->id);
	struct gw_tunnel *t = w->tunnel;

	if (t == NULL)
		return;
	gw_map_del(t->flows, &k);
	gw_tunnel_drop_waiting(w, GW_DROP_STALE);
	for (enum gw_tunnel_row r = 0; r < GW_TUNNEL_ROWS; r++)
		leave(w, r);
	if (w->lane != 0)
		t->on_lane[w->lane]--;
	w->tunnel = NULL;
}

/* ---- rings ---- */

void
gw_tunnel_ring_take(struct gw_tunnel *t, struct gw_ring *ring)
{
	GW_ASSERT(ring->size == 0);
	for (unsigned i = 0; i < GW_TUNNEL_SPARES; i++)
		if (t->spares[i].size != 0) {
			*ring = t->spares[i];
			gw_ring_init(&t->spares[i]);
			return;
		}
}

void
gw_tunnel_ring_give(struct gw_tunnel *t, struct gw_ring *ring)
{
	for (unsigned i = 0; i < GW_TUNNEL_SPARES; i++)
		if (t->spares[i].size == 0 && ring->size <= SPARE_MAX) {
			t->spares[i] = *ring;
			gw_ring_init(ring);
			return;
		}
	gw_ring_fini(ring);
}

void
gw_tunnel_rings_fini(struct gw_tunnel *t)
{
	for (unsigned i = 0; i < GW_TUNNEL_SPARES; i++)
		gw_ring_fini(&t->spares[i]);
}
