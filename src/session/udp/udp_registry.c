#include "session/udp/udp_registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "session/udp/udp_session_private.h"

enum gw_err
gw_udp_registry_init(struct gw_udp_registry *r, uint64_t seed)
{
	*r = (struct gw_udp_registry){ .share = 1, .seed = seed };
	r->active_last = &r->active;
	if (gw_map_new(seed, &r->by_cid) == GW_OK &&
	    gw_map_new(seed, &r->by[GW_UDP_BY_PEER]) == GW_OK &&
	    gw_map_new(seed, &r->by[GW_UDP_BY_PATH]) == GW_OK)
		return GW_OK;
	gw_udp_registry_fini(r);
	return GW_E_MEMORY;
}

void
gw_udp_registry_fini(struct gw_udp_registry *r)
{
	GW_ASSERT(r->all == NULL);
	gw_heap_fini(&r->timers);
	gw_map_free(r->by_cid);
	for (unsigned i = 0; i < GW_UDP_BYS; i++)
		gw_map_free(r->by[i]);
}

static struct gw_key
key_of(uint64_t cid)
{
	struct gw_key k = { { 0 } };

	memcpy(k.b, &cid, sizeof(cid));
	return k;
}

/* As far as gw_path_eq looks. */
static struct gw_key
key_of_path(const struct gw_udp_registry *r, const struct gw_path *p)
{
	uint8_t b[sizeof(p->ip) + sizeof(p->zone) + sizeof(p->port)];

	memcpy(b, p->ip, sizeof(p->ip));
	memcpy(b + sizeof(p->ip), &p->zone, sizeof(p->zone));
	memcpy(b + sizeof(p->ip) + sizeof(p->zone), &p->port, sizeof(p->port));
	return gw_hash_key(r->seed, gw_slice(b, sizeof(b)));
}

static struct gw_udp_entry *
find(const struct gw_map *m, const struct gw_key *k)
{
	uintptr_t at;

	return gw_map_get(m, k, &at) ? (struct gw_udp_entry *)at : NULL;
}

struct gw_udp_entry *
gw_udp_registry_find(const struct gw_udp_registry *r, uint64_t cid)
{
	const struct gw_key k = key_of(cid);

	return find(r->by_cid, &k);
}

struct gw_udp_entry *
gw_udp_registry_find_peer(const struct gw_udp_registry *r, uint64_t peer)
{
	const struct gw_key k = key_of(peer);

	return find(r->by[GW_UDP_BY_PEER], &k);
}

struct gw_udp_entry *
gw_udp_registry_find_path(
    const struct gw_udp_registry *r, const struct gw_path *path)
{
	const struct gw_key k = key_of_path(r, path);

	return find(r->by[GW_UDP_BY_PATH], &k);
}

struct gw_udp_entry *
gw_udp_registry_find_again(struct gw_udp_registry *r, uint64_t cid)
{
	if (r->last == NULL || gw_udp_session_of(r->last->session)->cid != cid)
		r->last = gw_udp_registry_find(r, cid);
	return r->last;
}

struct gw_udp_entry *
gw_udp_registry_of(const struct gw_udp_registry *r, struct gw_session *s)
{
	struct gw_udp_entry *x =
	    gw_udp_registry_find(r, gw_udp_session_of(s)->cid);

	GW_ASSERT(x != NULL);
	GW_ASSERT(x->session == s);
	return x;
}

/* ---- by what several may have in common ---- */

static void
forget(struct gw_udp_registry *r, struct gw_udp_entry *x, enum gw_udp_by by)
{
	const struct gw_key k = x->by[by].key;
	struct gw_udp_entry *first, **at = &first;

	if (!x->by[by].known)
		return;
	first = find(r->by[by], &k);
	while (*at != x) {
		GW_ASSERT(*at != NULL);
		at = &(*at)->by[by].next;
	}
	*at = x->by[by].next;
	if (first != NULL) /* its key is there: no memory is needed */
		(void)!gw_map_set(r->by[by], &k, (uintptr_t)first);
	else
		gw_map_del(r->by[by], &k);
	x->by[by].known = false;
}

/* Without memory it is not found by it, as if what names it had been lost. */
static void
learn(struct gw_udp_registry *r, struct gw_udp_entry *x, enum gw_udp_by by,
    struct gw_key k)
{
	forget(r, x, by);
	x->by[by].key = k;
	x->by[by].next = find(r->by[by], &k);
	x->by[by].known = gw_map_set(r->by[by], &k, (uintptr_t)x) == GW_OK;
}

/* Who dials learns the peer's id with the answer (0 until then), and both may
 * see the other one move. */
static void
look_again(struct gw_udp_registry *r, struct gw_udp_entry *x)
{
	const struct gw_udp_session *s = gw_udp_session_of(x->session);

	if (s->peer_cid != 0 &&
	    (!x->by[GW_UDP_BY_PEER].known || x->peer != s->peer_cid)) {
		x->peer = s->peer_cid;
		learn(r, x, GW_UDP_BY_PEER, key_of(x->peer));
	}
	if (!x->by[GW_UDP_BY_PATH].known || !gw_path_eq(&x->path, &s->path)) {
		x->path = s->path;
		learn(r, x, GW_UDP_BY_PATH, key_of_path(r, &x->path));
	}
}

/* ---- those that were refused ---- */

void
gw_udp_registry_refuse(struct gw_udp_registry *r, struct gw_udp_entry *x)
{
	GW_ASSERT(!x->refused);
	x->refused = true;
	x->prev_refused = r->refused_last;
	if (r->refused_last != NULL)
		r->refused_last->next_refused = x;
	else
		r->refused = x;
	r->refused_last = x;
	r->refused_count++;
}

static void
forget_refused(struct gw_udp_registry *r, struct gw_udp_entry *x)
{
	if (!x->refused)
		return;
	if (x->prev_refused != NULL)
		x->prev_refused->next_refused = x->next_refused;
	else
		r->refused = x->next_refused;
	if (x->next_refused != NULL)
		x->next_refused->prev_refused = x->prev_refused;
	else
		r->refused_last = x->prev_refused;
	r->refused_count--;
}

/* ---- who may have something to do ---- */

/* Something happened to it: its deadline may be another one. */
static void
mark(struct gw_udp_registry *r, struct gw_udp_entry *x)
{
	if (x->stale)
		return;
	x->stale = true;
	x->next_stale = r->stale;
	r->stale = x;
}

static void
unmark(struct gw_udp_registry *r, const struct gw_udp_entry *x)
{
	struct gw_udp_entry **at = &r->stale;

	while (x->stale && *at != x)
		at = &(*at)->next_stale;
	if (x->stale)
		*at = x->next_stale;
}

/* Of how many one is one, in powers of two: all are told seldom. */
static void
share(struct gw_udp_registry *r)
{
	unsigned n = 1;

	while (n < r->sharers)
		n *= 2;
	if (n == r->share)
		return;
	r->share = n;
	for (struct gw_udp_entry *x = r->all; x != NULL; x = x->next)
		gw_udp_session_share(x->session, n);
}

/* A handshake holds none of it, and whoever begins one has proved nothing. */
static void
count_sharer(struct gw_udp_registry *r, struct gw_udp_entry *x)
{
	if (x->shares || gw_udp_session_of(x->session)->link == NULL)
		return;
	x->shares = true;
	r->sharers++;
	share(r);
}

void
gw_udp_registry_activate(struct gw_udp_registry *r, struct gw_udp_entry *x)
{
	mark(r, x);
	look_again(r, x);
	count_sharer(r, x);
	if (x->active)
		return;
	x->active = true;
	x->next_active = NULL;
	*r->active_last = x;
	r->active_last = &x->next_active;
}

static void
deactivate(struct gw_udp_registry *r, struct gw_udp_entry *x)
{
	struct gw_udp_entry **at = &r->active;

	if (!x->active)
		return;
	while (*at != x)
		at = &(*at)->next_active;
	*at = x->next_active;
	if (r->active_last == &x->next_active)
		r->active_last = at;
	x->active = false;
}

/* ---- in and out ---- */

enum gw_err
gw_udp_registry_add(
    struct gw_udp_registry *r, struct gw_session *s, struct gw_udp_entry **out)
{
	const struct gw_key k = key_of(gw_udp_session_of(s)->cid);
	struct gw_udp_entry *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return GW_E_MEMORY;
	if (gw_heap_add(&r->timers, &x->timer, GW_NEVER) != GW_OK) {
		free(x);
		return GW_E_MEMORY;
	}
	if (gw_map_set(r->by_cid, &k, (uintptr_t)x) != GW_OK) {
		gw_heap_remove(&r->timers, &x->timer);
		free(x);
		return GW_E_MEMORY;
	}
	x->session = s;
	x->next = r->all;
	if (r->all != NULL)
		r->all->prev = x;
	r->all = x;
	r->count++;
	gw_udp_session_share(s, r->share);
	gw_udp_registry_activate(r, x);
	*out = x;
	return GW_OK;
}

void
gw_udp_registry_drop(struct gw_udp_registry *r, struct gw_udp_entry *x)
{
	const struct gw_key k = key_of(gw_udp_session_of(x->session)->cid);

	if (r->last == x)
		r->last = NULL;
	deactivate(r, x);
	unmark(r, x);
	forget(r, x, GW_UDP_BY_PEER);
	forget(r, x, GW_UDP_BY_PATH);
	forget_refused(r, x);
	gw_heap_remove(&r->timers, &x->timer);
	gw_map_del(r->by_cid, &k);
	if (x->prev != NULL)
		x->prev->next = x->next;
	else
		r->all = x->next;
	if (x->next != NULL)
		x->next->prev = x->prev;
	gw_session_free(x->session);
	r->count--;
	r->sharers -= x->shares;
	free(x);
	share(r);
}

/* ---- whose turn it is ---- */

struct gw_udp_entry *
gw_udp_registry_active(struct gw_udp_registry *r)
{
	struct gw_udp_entry *x = r->active;

	if (x == NULL)
		return NULL;
	deactivate(r, x);
	mark(r, x);
	return x;
}

struct gw_udp_entry *
gw_udp_registry_due(struct gw_udp_registry *r, gw_usec now)
{
	struct gw_heap_item *first = gw_heap_first(&r->timers);

	if (first == NULL || first->at > now)
		return NULL;
	gw_heap_move(&r->timers, first, GW_NEVER);
	return (struct gw_udp_entry *)(void *)first;
}

static gw_usec
deadline_of(const struct gw_udp_entry *x)
{
	const gw_usec at = gw_session_deadline(x->session);

	return x->released
		   ? gw_usec_min(at, gw_udp_session_of(x->session)->until)
		   : at;
}

gw_usec
gw_udp_registry_deadline(struct gw_udp_registry *r)
{
	const struct gw_heap_item *first;
	struct gw_udp_entry *x;

	while ((x = r->stale) != NULL) {
		r->stale = x->next_stale;
		x->stale = false;
		gw_heap_move(&r->timers, &x->timer, deadline_of(x));
	}
	first = gw_heap_first(&r->timers);
	return first != NULL ? first->at : GW_NEVER;
}
