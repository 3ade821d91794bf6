#include "run/candidates.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

enum { UNREACHED_AGAIN = 2000000 /* us */ };

static bool
is_same(const struct gw_candidate *c, const uint8_t run[GW_BEACON_RUN_LEN],
    const struct gw_addr *a)
{
	return memcmp(c->run, run, GW_BEACON_RUN_LEN) == 0 &&
	       gw_addr_same_host(&c->addr, a) &&
	       gw_addr_zone(&c->addr) == gw_addr_zone(a) &&
	       gw_addr_port(&c->addr) == gw_addr_port(a);
}

/* Is there room for one more of that host? */
static bool
has_room(const struct gw_candidates *l, const struct gw_addr *a)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += gw_addr_same_host(&l->v[i].addr, a);
	return l->count < GW_CANDIDATES_MAX &&
	       n < (l->proved ? GW_FIND_TRIES_PROVED : GW_CANDIDATES_HOST);
}

static void
add_one(struct gw_candidates *l, const struct gw_finding *f,
    const struct gw_finding_address *a)
{
	struct gw_candidate *c;

	for (size_t i = 0; i < l->count; i++)
		if (is_same(&l->v[i], f->run, &a->addr))
			return;
	if (!has_room(l, &a->addr))
		return;
	c = &l->v[l->count];
	*c = (struct gw_candidate){ .addr = a->addr };
	memcpy(c->run, f->run, sizeof c->run);
	snprintf(c->name, sizeof c->name, "%s", f->name);
	snprintf(c->interface, sizeof c->interface, "%s", a->interface);
	l->count++;
}

void
gw_candidates_add(struct gw_candidates *l, const struct gw_finding *f)
{
	for (size_t i = 0; i < f->count; i++)
		add_one(l, f, &f->addresses[i]);
}

/* The first of its device in the list. */
static bool
is_first(const struct gw_candidates *l, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (memcmp(l->v[i].run, l->v[at].run, GW_BEACON_RUN_LEN) == 0)
			return false;
	return true;
}

unsigned
gw_candidates_devices(const struct gw_candidates *l)
{
	unsigned n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += is_first(l, i);
	return n;
}

/* ---- how many tries there are ---- */

static unsigned
most(const struct gw_candidates *l)
{
	return l->proved ? GW_FIND_TRIES_PROVED : GW_FIND_GUESSES;
}

static unsigned
tries_at(const struct gw_candidates *l, const struct gw_candidate *c)
{
	uint8_t ip[16];

	gw_addr_mapped(&c->addr, ip);
	for (unsigned i = 0; i < l->tries; i++)
		if (memcmp(l->hosts[i].ip, ip, sizeof ip) == 0)
			return l->hosts[i].n;
	return 0;
}

bool
gw_candidates_spent(const struct gw_candidates *l)
{
	return l->tries >= most(l);
}

static bool
may_try(const struct gw_candidates *l, const struct gw_candidate *c)
{
	return !c->refused &&
	       (l->proved || tries_at(l, c) < GW_FIND_GUESSES_HOST);
}

struct gw_candidate *
gw_candidates_pick(
    struct gw_candidates *l, const struct gw_random *random, gw_usec now)
{
	struct gw_candidate *best = NULL;
	unsigned fewest = 0, equal = 0;

	if (gw_candidates_spent(l))
		return NULL;
	for (size_t i = 0; i < l->count; i++) {
		struct gw_candidate *c = &l->v[i];
		const unsigned n = tries_at(l, c);

		if (!may_try(l, c) || c->not_before > now)
			continue;
		if (best == NULL || n < fewest) {
			fewest = n;
			equal = 0;
			best = NULL;
		}
		if (n == fewest &&
		    (best == NULL || gw_random_below(random, equal + 1) == 0))
			best = c;
		equal += n == fewest;
	}
	return best;
}

gw_usec
gw_candidates_deadline(const struct gw_candidates *l, gw_usec now)
{
	gw_usec at = GW_NEVER;

	if (gw_candidates_spent(l))
		return at;
	for (size_t i = 0; i < l->count; i++)
		if (may_try(l, &l->v[i]) && l->v[i].not_before > now &&
		    l->v[i].not_before < at)
			at = l->v[i].not_before;
	return at;
}

/* ---- what became of them ---- */

void
gw_candidates_unreached(struct gw_candidate *c, gw_usec now)
{
	c->not_before = now + UNREACHED_AGAIN;
}

void
gw_candidates_tried(struct gw_candidates *l, const struct gw_candidate *c)
{
	uint8_t ip[16] = { 0 };
	unsigned i;

	GW_ASSERT(!gw_candidates_spent(l));
	if (c != NULL)
		gw_addr_mapped(&c->addr, ip);
	for (i = 0; i < l->tries; i++)
		if (memcmp(l->hosts[i].ip, ip, sizeof ip) == 0)
			break;
	memcpy(l->hosts[i].ip, ip, sizeof ip);
	l->hosts[i].n++;
	l->tries++;
}

void
gw_candidates_refused(struct gw_candidate *c)
{
	c->refused = true;
}

void
gw_candidates_text(const struct gw_candidates *l, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < l->count; i++) {
		const struct gw_candidate *c = &l->v[i];
		char where[GW_ADDR_TEXT];

		if (!is_first(l, i))
			continue;
		gw_addr_text(&c->addr, where);
		if (at + strlen(where) + strlen(c->name) +
			sizeof ", "
			       " at "
			       "..." >
		    size) {
			snprintf(
			    out + at, size - at, "%s...", at > 0 ? ", " : "");
			return;
		}
		at += (size_t)snprintf(out + at, size - at, "%s%s at %s",
		    at > 0 ? ", " : "", c->name, where);
	}
}
