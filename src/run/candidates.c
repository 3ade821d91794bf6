#include "run/candidates.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

enum {
	UNREACHED_AGAIN = 2000000, /* us */
	ROUND = 10000000,          /* us for the first turn of all */
	TURN_MIN = 50000,
	TURN_MAX = 2000000,
	DOUBLINGS = 5
};

static bool
is_same(const struct gw_candidate *c, const uint8_t run[GW_BEACON_RUN_LEN],
    const struct gw_addr *a)
{
	return memcmp(c->run, run, GW_BEACON_RUN_LEN) == 0 &&
	       gw_addr_same_host(&c->addr, a) &&
	       gw_addr_zone(&c->addr) == gw_addr_zone(a) &&
	       gw_addr_port(&c->addr) == gw_addr_port(a);
}

/* The place for one more of that host; NULL: there is none.  Whom somebody just
 * tries to reach does not rest. */
static struct gw_candidate *
find_room(struct gw_candidates *l, const struct gw_addr *a, gw_usec now)
{
	struct gw_candidate *worst = NULL;
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++) {
		struct gw_candidate *c = &l->v[i];

		n += gw_addr_same_host(&c->addr, a);
		if (c->not_before > now &&
		    (worst == NULL || c->unreached > worst->unreached))
			worst = c;
	}
	if (n >= (l->proved ? GW_FIND_TRIES_PROVED : GW_CANDIDATES_HOST))
		return NULL;
	return l->count < GW_CANDIDATES_MAX ? &l->v[l->count++] : worst;
}

static void
add_one(struct gw_candidates *l, const struct gw_finding *f,
    const struct gw_finding_address *a, gw_usec now)
{
	struct gw_candidate *c;

	for (size_t i = 0; i < l->count; i++)
		if (is_same(&l->v[i], f->run, &a->addr))
			return;
	if ((c = find_room(l, &a->addr, now)) == NULL)
		return;
	*c = (struct gw_candidate){ .addr = a->addr };
	memcpy(c->run, f->run, sizeof c->run);
	snprintf(c->name, sizeof c->name, "%s", f->name);
	snprintf(c->interface, sizeof c->interface, "%s", a->interface);
}

void
gw_candidates_add(
    struct gw_candidates *l, const struct gw_finding *f, gw_usec now)
{
	for (size_t i = 0; i < f->count; i++)
		add_one(l, f, &f->addresses[i], now);
}

static bool
same_run(const struct gw_candidate *a, const struct gw_candidate *b)
{
	return memcmp(a->run, b->run, GW_BEACON_RUN_LEN) == 0;
}

/* The first of its device in the list. */
static bool
is_first(const struct gw_candidates *l, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_run(&l->v[i], &l->v[at]))
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

/* Is this host one of the first device's? */
static bool
is_at_first(const struct gw_candidates *l, const struct gw_candidate *c)
{
	for (size_t i = 0; i < l->count; i++)
		if (same_run(&l->v[i], &l->v[0]) &&
		    gw_addr_same_host(&l->v[i].addr, &c->addr))
			return true;
	return false;
}

bool
gw_candidates_one_machine(const struct gw_candidates *l)
{
	for (size_t i = 0; i < l->count; i++) {
		bool here = !is_first(l, i);

		for (size_t k = i; k < l->count && !here; k++)
			here = same_run(&l->v[i], &l->v[k]) &&
			       is_at_first(l, &l->v[k]);
		if (!here)
			return false;
	}
	return true;
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

/* Whose turn it is: of whom nobody tried at that address, and then, who has had
 * the fewest turns.  Below 0: a goes before b. */
static int
compare(const struct gw_candidates *l, const struct gw_candidate *a,
    const struct gw_candidate *b)
{
	const int tries = (int)tries_at(l, a) - (int)tries_at(l, b);

	return tries != 0 ? tries : (int)a->unreached - (int)b->unreached;
}

struct gw_candidate *
gw_candidates_pick(
    struct gw_candidates *l, const struct gw_random *random, gw_usec now)
{
	struct gw_candidate *best = NULL;
	unsigned equal = 0;

	if (gw_candidates_spent(l))
		return NULL;
	for (size_t i = 0; i < l->count; i++) {
		struct gw_candidate *c = &l->v[i];
		int order;

		if (!may_try(l, c) || c->not_before > now)
			continue;
		order = best != NULL ? compare(l, c, best) : -1;
		equal = order < 0 ? 1 : equal + (order == 0);
		if (order < 0 ||
		    (order == 0 && gw_random_below(random, equal) == 0))
			best = c;
	}
	return best;
}

gw_usec
gw_candidates_turn(const struct gw_candidates *l, const struct gw_candidate *c)
{
	const unsigned doublings =
	    c->unreached < DOUBLINGS ? c->unreached : DOUBLINGS;
	gw_usec n = 0, turn;

	for (size_t i = 0; i < l->count; i++)
		n += may_try(l, &l->v[i]);
	if (n < 2)
		return GW_NEVER;
	turn = gw_usec_min(ROUND / n, TURN_MAX);
	return (turn > TURN_MIN ? turn : TURN_MIN) << doublings;
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
	c->unreached++;
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
			       ", ..." >
		    size) {
			snprintf(
			    out + at, size - at, "%s...", at > 0 ? ", " : "");
			return;
		}
		at += (size_t)snprintf(out + at, size - at, "%s%s at %s",
		    at > 0 ? ", " : "", c->name, where);
	}
}
