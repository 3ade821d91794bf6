#include "session/udp/udp_endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/map.h"
#include "crypto/kdf.h"
#include "session/udp/udp_answers.h"
#include "session/udp/udp_past.h"
#include "session/udp/udp_session_private.h"

enum {
	COOKIES_FROM = 16 /* pending handshakes */
};

struct entry {
	struct gw_heap_item timer; /* first */
	struct gw_session *session;
	struct entry *next, *prev; /* all of them */
	struct entry *next_active; /* those that may have to send */
	struct entry *next_stale;  /* whose timer is to be set anew */
	bool active, stale, released;
};

struct gw_udp_endpoint {
	struct gw_udp_endpoint_options o;
	struct gw_map *by_cid; /* -> entry */
	struct entry *all;
	struct entry *active, **active_last;
	struct entry *stale;
	struct gw_heap timers;
	size_t count;
	struct gw_udp_answers answers;
	struct gw_udp_endpoint_stats stats;
	struct gw_udp_past past;
	uint32_t serial; /* of the latest session */
};

/* ---- life ---- */

enum gw_err
gw_udp_endpoint_new(const struct gw_udp_endpoint_options *o, gw_usec now,
    struct gw_udp_endpoint **out)
{
	struct gw_udp_endpoint *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return GW_E_MEMORY;
	e->o = *o;
	e->active_last = &e->active;
	if (gw_map_new(gw_random_u64(&o->session.random), &e->by_cid) !=
	    GW_OK) {
		free(e);
		return GW_E_MEMORY;
	}
	gw_udp_answers_init(&e->answers, o->secret, &o->session.random, now);
	*out = e;
	return GW_OK;
}

void
gw_udp_endpoint_shut(struct gw_udp_endpoint *e)
{
	e->o.session.door = NULL;
}

static struct gw_key
key_of(uint64_t cid)
{
	struct gw_key k = { { 0 } };

	memcpy(k.b, &cid, sizeof(cid));
	return k;
}

static struct entry *
find(const struct gw_udp_endpoint *e, uint64_t cid)
{
	const struct gw_key k = key_of(cid);
	uintptr_t at;

	return gw_map_get(e->by_cid, &k, &at) ? (struct entry *)at : NULL;
}

static struct entry *
entry_of(const struct gw_udp_endpoint *e, struct gw_session *s)
{
	struct entry *x = find(e, gw_udp_session_of(s)->cid);

	GW_ASSERT(x != NULL);
	GW_ASSERT(x->session == s);
	return x;
}

/* Something happened to it: its deadline may be another one. */
static void
mark(struct gw_udp_endpoint *e, struct entry *x)
{
	if (x->stale)
		return;
	x->stale = true;
	x->next_stale = e->stale;
	e->stale = x;
}

static void
unmark(struct gw_udp_endpoint *e, const struct entry *x)
{
	struct entry **at = &e->stale;

	while (x->stale && *at != x)
		at = &(*at)->next_stale;
	if (x->stale)
		*at = x->next_stale;
}

static void
activate(struct gw_udp_endpoint *e, struct entry *x)
{
	mark(e, x);
	if (x->active)
		return;
	x->active = true;
	x->next_active = NULL;
	*e->active_last = x;
	e->active_last = &x->next_active;
}

static void
deactivate(struct gw_udp_endpoint *e, struct entry *x)
{
	struct entry **at = &e->active;

	if (!x->active)
		return;
	while (*at != x)
		at = &(*at)->next_active;
	*at = x->next_active;
	if (e->active_last == &x->next_active)
		e->active_last = at;
	x->active = false;
}

static void
drop(struct gw_udp_endpoint *e, struct entry *x, gw_usec now)
{
	const struct gw_key k = key_of(gw_udp_session_of(x->session)->cid);

	deactivate(e, x);
	unmark(e, x);
	gw_heap_remove(&e->timers, &x->timer);
	gw_map_del(e->by_cid, &k);
	if (x->prev != NULL)
		x->prev->next = x->next;
	else
		e->all = x->next;
	if (x->next != NULL)
		x->next->prev = x->prev;
	e->count--;
	e->stats.changes++;
	gw_udp_past_add(&e->past, x->session, now);
	gw_session_free(x->session);
	free(x);
}

void
gw_udp_endpoint_free(struct gw_udp_endpoint *e)
{
	if (e == NULL)
		return;
	while (e->all != NULL)
		drop(e, e->all, 0);
	gw_heap_fini(&e->timers);
	gw_map_free(e->by_cid);
	gw_udp_answers_fini(&e->answers);
	gw_wipe(e->o.secret, sizeof(e->o.secret));
	free(e);
}

/* The session is the endpoint's from here on. */
static enum gw_err
add(struct gw_udp_endpoint *e, struct gw_session *s)
{
	const struct gw_key k = key_of(gw_udp_session_of(s)->cid);
	struct entry *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return GW_E_MEMORY;
	if (gw_heap_add(&e->timers, &x->timer, GW_NEVER) != GW_OK) {
		free(x);
		return GW_E_MEMORY;
	}
	if (gw_map_set(e->by_cid, &k, (uintptr_t)x) != GW_OK) {
		gw_heap_remove(&e->timers, &x->timer);
		free(x);
		return GW_E_MEMORY;
	}
	x->session = s;
	x->next = e->all;
	if (e->all != NULL)
		e->all->prev = x;
	e->all = x;
	e->count++;
	activate(e, x);
	return GW_OK;
}

/* A fresh connection id: never 0, and nobody else's here. */
static uint64_t
fresh_cid(struct gw_udp_endpoint *e)
{
	uint64_t cid;

	do {
		cid = gw_random_u64(&e->o.session.random);
	} while (cid == 0 || find(e, cid) != NULL);
	return cid;
}

/* ---- in ---- */

/* Only who waits for others is asked by packets for nobody. */
static void
reset(struct gw_udp_endpoint *e, const struct gw_incoming *d, uint64_t dcid,
    gw_usec now)
{
	if (e->o.session.door != NULL)
		gw_udp_answers_reset(&e->answers, d, dcid, now);
}

/* The session that this SYN began already. */
static struct entry *
find_syn(const struct gw_udp_endpoint *e, const struct gw_path *from,
    const struct gw_hello_packet *syn)
{
	for (struct entry *x = e->all; x != NULL; x = x->next) {
		const struct gw_udp_session *s = gw_udp_session_of(x->session);

		if (!s->initiator && s->peer_cid == syn->scid &&
		    gw_path_eq(&s->path, from))
			return x;
	}
	return NULL;
}

/* May a handshake begin for it? */
static bool
may_begin(struct gw_udp_endpoint *e, const struct gw_path *from,
    const struct gw_hello_packet *syn, gw_usec now)
{
	if (e->o.session.door == NULL || syn->scid == 0)
		return false;
	if (gw_door_pending(e->o.session.door) < COOKIES_FROM)
		return true;
	if (syn->cookie.n == 0) {
		gw_udp_answers_cookie(&e->answers, from, syn, now);
		return false;
	}
	if (gw_udp_answers_proved(&e->answers, from, syn, now))
		return true;
	e->stats.bad_cookies++;
	return false;
}

static struct entry *
begin(struct gw_udp_endpoint *e, const struct gw_path *from,
    const struct gw_hello_packet *syn, gw_usec now)
{
	struct gw_udp_start start = {
		.udp = e->o.udp,
		.path = *from,
		.cid = fresh_cid(e),
		.peer_cid = syn->scid,
		.serial = ++e->serial,
		.changes = &e->stats.changes,
	};
	struct gw_session *s;

	gw_udp_answers_token(&e->answers, start.cid, start.token);
	if (gw_udp_session_new(&e->o.session, &start, now, &s) != GW_OK)
		return NULL;
	if (add(e, s) != GW_OK) {
		gw_session_free(s);
		return NULL;
	}
	return find(e, start.cid);
}

static struct entry *
on_syn(struct gw_udp_endpoint *e, const struct gw_incoming *d,
    const struct gw_hello_packet *p, gw_usec now, uint32_t tickets[2])
{
	struct gw_source source;
	struct entry *x = find_syn(e, &d->from, p);

	if (x != NULL)
		return x;
	if (!may_begin(e, &d->from, p, now) ||
	    (x = begin(e, &d->from, p, now)) == NULL)
		return NULL;
	memcpy(source.ip, d->from.ip, sizeof(source.ip));
	tickets[0] = gw_door_admit(e->o.session.door, &source,
	    gw_random_u64(&e->o.session.random), now, &tickets[1]);
	return x;
}

/* A reset that lost our id names the one under which we sent. */
static struct entry *
find_by_peer(const struct gw_udp_endpoint *e, const struct gw_hello_packet *p)
{
	if (p->type != GW_HELLO_RST)
		return NULL;
	for (struct entry *x = e->all; x != NULL; x = x->next)
		if (gw_udp_session_of(x->session)->peer_cid == p->scid)
			return x;
	return NULL;
}

static struct entry *
on_hello(struct gw_udp_endpoint *e, const struct gw_incoming *d, gw_usec now,
    uint32_t tickets[2])
{
	struct gw_hello_packet p;
	struct entry *x;

	if (!gw_hello_packet_decode(gw_slice(d->p, d->n), &p))
		return NULL;
	if (p.dcid != 0)
		x = find(e, p.dcid);
	else if (p.type == GW_HELLO_SYN)
		x = on_syn(e, d, &p, now, tickets);
	else
		x = find_by_peer(e, &p);
	if (x != NULL)
		gw_udp_session_hello(x->session, &p, d->n, now);
	else if (p.type == GW_HELLO_ACK)
		reset(e, d, p.dcid, now); /* others were in its way */
	return x;
}

struct gw_session *
gw_udp_endpoint_input(struct gw_udp_endpoint *e, struct gw_incoming *d,
    gw_usec now, uint32_t *ticket, uint32_t *evicted)
{
	uint32_t tickets[2] = { 0, 0 };
	struct entry *x = NULL;
	uint64_t dcid;

	switch (gw_packet_look(gw_slice(d->p, d->n), &dcid)) {
	case GW_PACKET_NONE:
		break;
	case GW_PACKET_HELLO:
		x = on_hello(e, d, now, tickets);
		break;
	case GW_PACKET_SEALED:
		x = find(e, dcid);
		if (x != NULL && gw_udp_session_gone(x->session, now))
			x = NULL; /* in all but its owner's memory */
		if (x != NULL)
			gw_udp_session_input(x->session, d, now);
		else
			reset(e, d, dcid, now);
		break;
	}
	*ticket = tickets[0];
	*evicted = tickets[1];
	if (x == NULL) {
		e->stats.strangers++;
		return NULL;
	}
	activate(e, x);
	return x->session;
}

void
gw_udp_endpoint_refused(
    struct gw_udp_endpoint *e, const struct gw_path *path, gw_usec now)
{
	for (struct entry *x = e->all; x != NULL; x = x->next)
		if (gw_path_eq(&gw_udp_session_of(x->session)->path, path))
			gw_udp_session_refused(x->session, now);
}

void
gw_udp_endpoint_too_large(struct gw_udp_endpoint *e, const struct gw_path *path,
    uint32_t bytes, gw_usec now)
{
	for (struct entry *x = e->all; x != NULL; x = x->next)
		if (gw_path_eq(&gw_udp_session_of(x->session)->path, path))
			gw_udp_session_too_large(x->session, bytes + 1, now);
}

/* ---- out ---- */

void
gw_udp_endpoint_touch(struct gw_udp_endpoint *e, struct gw_session *s)
{
	activate(e, entry_of(e, s));
}

bool
gw_udp_endpoint_output(
    struct gw_udp_endpoint *e, struct gw_burst *b, gw_usec now)
{
	struct entry *x;

	if (gw_udp_answers_output(&e->answers, b))
		return true;
	while ((x = e->active) != NULL) {
		/* Each in turn: to the end of the line before it goes on. */
		deactivate(e, x);
		mark(e, x);
		if (gw_udp_session_output(x->session, b, now)) {
			activate(e, x);
			return true;
		}
	}
	return false;
}

/* ---- time ---- */

struct gw_session *
gw_udp_endpoint_tick(struct gw_udp_endpoint *e, gw_usec now)
{
	struct gw_heap_item *first;

	while (
	    (first = gw_heap_first(&e->timers)) != NULL && first->at <= now) {
		struct entry *x = (struct entry *)(void *)first;

		/* Not again before its deadline was asked for. */
		gw_heap_move(&e->timers, &x->timer, GW_NEVER);
		gw_session_tick(x->session, now);
		activate(e, x);
		if (!x->released || !gw_udp_session_gone(x->session, now))
			return x->session;
		drop(e, x, now);
	}
	return NULL;
}

static gw_usec
deadline_of(const struct entry *x)
{
	const gw_usec at = gw_session_deadline(x->session);

	return x->released
		   ? gw_usec_min(at, gw_udp_session_of(x->session)->until)
		   : at;
}

gw_usec
gw_udp_endpoint_deadline(struct gw_udp_endpoint *e)
{
	const struct gw_heap_item *first;
	struct entry *x;

	while ((x = e->stale) != NULL) {
		e->stale = x->next_stale;
		x->stale = false;
		gw_heap_move(&e->timers, &x->timer, deadline_of(x));
	}
	if (e->answers.n > 0)
		return 0;
	first = gw_heap_first(&e->timers);
	return first != NULL ? first->at : GW_NEVER;
}

/* ---- owners ---- */

enum gw_err
gw_udp_endpoint_connect(struct gw_udp_endpoint *e,
    const struct gw_session_options *o, const struct gw_path *to, gw_usec now,
    struct gw_session **out)
{
	struct gw_udp_start start = {
		.udp = e->o.udp,
		.path = *to,
		.cid = fresh_cid(e),
		.serial = ++e->serial,
		.changes = &e->stats.changes,
	};
	struct gw_session *s;
	enum gw_err err;

	GW_ASSERT(o->initiator);
	if ((err = gw_udp_session_new(o, &start, now, &s)) != GW_OK)
		return err;
	if ((err = add(e, s)) != GW_OK) {
		gw_session_free(s);
		return err;
	}
	*out = s;
	return GW_OK;
}

void
gw_udp_endpoint_release(
    struct gw_udp_endpoint *e, struct gw_session *s, gw_usec now)
{
	struct entry *x = entry_of(e, s);

	x->released = true;
	gw_udp_session_forsake(s, now);
	activate(e, x);
	if (gw_udp_session_gone(s, now))
		drop(e, x, now);
}

size_t
gw_udp_endpoint_count(const struct gw_udp_endpoint *e)
{
	return e->count;
}

bool
gw_udp_endpoint_busy(const struct gw_udp_endpoint *e)
{
	for (const struct entry *x = e->all; x != NULL; x = x->next)
		if (gw_udp_session_of(x->session)->state != GW_UDP_TIME_WAIT)
			return true;
	return false;
}

struct gw_session *
gw_udp_endpoint_next(
    const struct gw_udp_endpoint *e, const struct gw_session *s)
{
	const struct entry *x;

	if (s == NULL)
		return e->all != NULL ? e->all->session : NULL;
	x = entry_of(e, (struct gw_session *)(uintptr_t)s)->next;
	return x != NULL ? x->session : NULL;
}

const struct gw_udp_info *
gw_udp_endpoint_past(const struct gw_udp_endpoint *e, unsigned i)
{
	return gw_udp_past_at(&e->past, i);
}

struct gw_udp_endpoint_stats
gw_udp_endpoint_stats(const struct gw_udp_endpoint *e)
{
	struct gw_udp_endpoint_stats stats = e->stats;

	stats.cookies = e->answers.cookies_total;
	stats.resets = e->answers.resets_total;
	return stats;
}
