#include "session/udp/udp_endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "session/udp/udp_answers.h"
#include "session/udp/udp_past.h"
#include "session/udp/udp_registry.h"
#include "session/udp/udp_session_private.h"

enum {
	COOKIES_FROM = 16 /* handshakes, pending or refused */
};

struct gw_udp_endpoint {
	struct gw_udp_endpoint_options o;
	struct gw_udp_registry r;
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
	if (gw_udp_registry_init(&e->r, gw_random_u64(&o->session.random)) !=
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

static void
drop(struct gw_udp_endpoint *e, struct gw_udp_entry *x, gw_usec now)
{
	e->stats.changes++;
	gw_udp_past_add(&e->past, x->session, now);
	gw_udp_registry_drop(&e->r, x);
}

void
gw_udp_endpoint_free(struct gw_udp_endpoint *e)
{
	if (e == NULL)
		return;
	while (e->r.all != NULL)
		drop(e, e->r.all, 0);
	gw_udp_registry_fini(&e->r);
	gw_udp_answers_fini(&e->answers);
	gw_wipe(e->o.secret, sizeof(e->o.secret));
	free(e);
}

/* A fresh connection id: never 0, and nobody else's here. */
static uint64_t
fresh_cid(struct gw_udp_endpoint *e)
{
	uint64_t cid;

	do {
		cid = gw_random_u64(&e->o.session.random);
	} while (cid == 0 || gw_udp_registry_find(&e->r, cid) != NULL);
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
static struct gw_udp_entry *
find_syn(const struct gw_udp_endpoint *e, const struct gw_path *from,
    const struct gw_hello_packet *syn)
{
	struct gw_udp_entry *x = gw_udp_registry_find_peer(&e->r, syn->scid);

	for (; x != NULL; x = x->by[GW_UDP_BY_PEER].next) {
		const struct gw_udp_session *s = gw_udp_session_of(x->session);

		if (!s->initiator && gw_path_eq(&s->path, from))
			return x;
	}
	return NULL;
}

/* So many handshakes are under way, or were a moment ago, that who wants one
 * more has to show that it is reached. */
static bool
is_crowded(const struct gw_udp_endpoint *e)
{
	return gw_door_pending(e->o.session.door) + e->r.refused_count >=
	       COOKIES_FROM;
}

/* May a handshake begin for it? */
static bool
may_begin(struct gw_udp_endpoint *e, const struct gw_path *from,
    const struct gw_hello_packet *syn, gw_usec now)
{
	if (e->o.session.door == NULL || syn->scid == 0)
		return false;
	if (!is_crowded(e))
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

static struct gw_udp_entry *
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
	struct gw_udp_entry *x;
	struct gw_session *s;

	gw_udp_answers_token(&e->answers, start.cid, start.token);
	if (gw_udp_session_new(&e->o.session, &start, now, &s) != GW_OK)
		return NULL;
	if (gw_udp_registry_add(&e->r, s, &x) != GW_OK) {
		gw_session_free(s);
		return NULL;
	}
	return x;
}

static struct gw_udp_entry *
on_syn(struct gw_udp_endpoint *e, const struct gw_incoming *d,
    const struct gw_hello_packet *p, gw_usec now, uint32_t tickets[2])
{
	struct gw_source source;
	struct gw_udp_entry *x;

	if (d->n < GW_PACKET_MIN)
		return NULL; /* in every version: no answer is longer */
	if ((x = find_syn(e, &d->from, p)) != NULL)
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
static struct gw_udp_entry *
find_by_peer(const struct gw_udp_endpoint *e, const struct gw_hello_packet *p)
{
	return p->type == GW_HELLO_RST
		   ? gw_udp_registry_find_peer(&e->r, p->scid)
		   : NULL;
}

static struct gw_udp_entry *
on_hello(struct gw_udp_endpoint *e, const struct gw_incoming *d, gw_usec now,
    uint32_t tickets[2])
{
	struct gw_hello_packet p;
	struct gw_udp_entry *x;

	if (!gw_hello_packet_decode(gw_slice(d->p, d->n), &p))
		return NULL;
	if (p.dcid != 0)
		x = gw_udp_registry_find(&e->r, p.dcid);
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
	struct gw_udp_entry *x = NULL;
	uint64_t dcid;

	switch (gw_packet_look(gw_slice(d->p, d->n), &dcid)) {
	case GW_PACKET_NONE:
		break;
	case GW_PACKET_HELLO:
		x = on_hello(e, d, now, tickets);
		break;
	case GW_PACKET_SEALED:
		x = gw_udp_registry_find_again(&e->r, dcid);
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
	gw_udp_registry_activate(&e->r, x);
	return x->session;
}

/* ---- what the network says ---- */

/* The sessions whose peer is there, one after the other: NULL, the first. */
static struct gw_udp_entry *
next_there(const struct gw_udp_endpoint *e, const struct gw_path *path,
    struct gw_udp_entry *x)
{
	x = x == NULL ? gw_udp_registry_find_path(&e->r, path)
		      : x->by[GW_UDP_BY_PATH].next;
	while (x != NULL && !gw_path_eq(&x->path, path))
		x = x->by[GW_UDP_BY_PATH].next;
	return x;
}

void
gw_udp_endpoint_refused(
    struct gw_udp_endpoint *e, const struct gw_path *path, gw_usec now)
{
	struct gw_udp_entry *x = NULL;

	while ((x = next_there(e, path, x)) != NULL) {
		gw_udp_session_refused(x->session, now);
		gw_udp_registry_activate(&e->r, x);
	}
}

void
gw_udp_endpoint_no_way(
    struct gw_udp_endpoint *e, const struct gw_path *path, gw_usec now)
{
	struct gw_udp_entry *x = NULL;

	while ((x = next_there(e, path, x)) != NULL) {
		gw_udp_session_no_way(x->session, now);
		gw_udp_registry_activate(&e->r, x);
	}
}

void
gw_udp_endpoint_too_large(struct gw_udp_endpoint *e, const struct gw_path *path,
    uint32_t bytes, gw_usec now)
{
	struct gw_udp_entry *x = NULL;

	while ((x = next_there(e, path, x)) != NULL) {
		gw_udp_session_too_large(x->session, bytes + 1, now);
		gw_udp_registry_activate(&e->r, x);
	}
}

/* ---- out ---- */

void
gw_udp_endpoint_touch(struct gw_udp_endpoint *e, struct gw_session *s)
{
	gw_udp_registry_activate(&e->r, gw_udp_registry_of(&e->r, s));
}

bool
gw_udp_endpoint_output(
    struct gw_udp_endpoint *e, struct gw_burst *b, gw_usec now)
{
	struct gw_udp_entry *x;

	if (gw_udp_answers_output(&e->answers, b))
		return true;
	/* Each in turn: to the end of the line before it goes on. */
	while ((x = gw_udp_registry_active(&e->r)) != NULL) {
		if (gw_udp_session_output(x->session, b, now)) {
			gw_udp_registry_activate(&e->r, x);
			return true;
		}
	}
	return false;
}

/* ---- time ---- */

struct gw_session *
gw_udp_endpoint_tick(struct gw_udp_endpoint *e, gw_usec now)
{
	struct gw_udp_entry *x;

	while ((x = gw_udp_registry_due(&e->r, now)) != NULL) {
		gw_session_tick(x->session, now);
		gw_udp_registry_activate(&e->r, x);
		if (!x->released || !gw_udp_session_gone(x->session, now))
			return x->session;
		drop(e, x, now);
	}
	return NULL;
}

gw_usec
gw_udp_endpoint_deadline(struct gw_udp_endpoint *e)
{
	const gw_usec at = gw_udp_registry_deadline(&e->r);

	return e->answers.n > 0 ? 0 : at;
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
	struct gw_udp_entry *x;
	struct gw_session *s;
	enum gw_err err;

	GW_ASSERT(o->initiator);
	if ((err = gw_udp_session_new(o, &start, now, &s)) != GW_OK)
		return err;
	if ((err = gw_udp_registry_add(&e->r, s, &x)) != GW_OK) {
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
	struct gw_udp_entry *x = gw_udp_registry_of(&e->r, s);
	const struct gw_udp_session *u = gw_udp_session_of(s);

	x->released = true;
	gw_udp_session_forsake(s, now);
	gw_udp_registry_activate(&e->r, x);
	if (!u->initiator && u->link == NULL)
		gw_udp_registry_refuse(&e->r, x);
	/* Or the oldest of those that were refused, if they are too many. */
	if (gw_udp_session_gone(s, now))
		drop(e, x, now);
	else if (e->r.refused_count > GW_PENDING_MAX)
		drop(e, e->r.refused, now);
}

size_t
gw_udp_endpoint_count(const struct gw_udp_endpoint *e)
{
	return e->r.count;
}

bool
gw_udp_endpoint_busy(const struct gw_udp_endpoint *e)
{
	for (const struct gw_udp_entry *x = e->r.all; x != NULL; x = x->next)
		if (gw_udp_session_of(x->session)->state != GW_UDP_TIME_WAIT)
			return true;
	return false;
}

struct gw_session *
gw_udp_endpoint_next(
    const struct gw_udp_endpoint *e, const struct gw_session *s)
{
	const struct gw_udp_entry *x;

	if (s == NULL)
		return e->r.all != NULL ? e->r.all->session : NULL;
	x = gw_udp_registry_of(&e->r, (struct gw_session *)(uintptr_t)s)->next;
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
