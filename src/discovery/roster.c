#include "discovery/roster.h"

#include <string.h>

static const gw_usec life = GW_BEACON_LIFE * GW_SEC;

static bool
says(const struct gw_roster_entry *e, const struct gw_beacon *b)
{
	return e->id != 0 && memcmp(e->run, b->run, sizeof e->run) == 0 &&
	       e->port == b->port && strcmp(e->name, b->name) == 0;
}

struct gw_roster_entry *
gw_roster_find(
    struct gw_roster *r, const struct gw_beacon *b, const struct gw_spot *spot)
{
	struct gw_roster_entry *roomy = NULL;

	for (size_t i = 0; i < GW_ROSTER_MAX; i++) {
		struct gw_roster_entry *e = &r->v[i];

		if (!says(e, b))
			continue;
		if (gw_roster_has_spot(e, spot))
			return e;
		if (roomy == NULL && e->spot_count < GW_ROSTER_SPOTS)
			roomy = e;
	}
	return roomy;
}

static bool
same_spot(const struct gw_spot *a, const struct gw_spot *b)
{
	return a->interface == b->interface && memcmp(a->ip, b->ip, 16) == 0;
}

static bool
may_be_replaced(const struct gw_roster_entry *e)
{
	return e->id != 0 && !e->answered && e->known == GW_NOT_KNOWN;
}

/*
 * The place of a new one.  A forger has as many run ids as he likes, and on
 * some networks as many addresses; what he sends unasked costs him only what
 * is his, and real devices, which answer, take that from him.
 */
static struct gw_roster_entry *
find_room(struct gw_roster *r, const struct gw_spot *spot, bool answered)
{
	struct gw_roster_entry *free = NULL, *own = NULL, *other = NULL;
	unsigned same = 0;

	for (size_t i = 0; i < GW_ROSTER_MAX; i++) {
		struct gw_roster_entry *e = &r->v[i];
		bool mine =
		    e->id != 0 && memcmp(e->spots[0].ip, spot->ip, 16) == 0;

		if (e->id == 0)
			free = e;
		if (mine)
			same++;
		if (mine && may_be_replaced(e) &&
		    (own == NULL || e->seen < own->seen))
			own = e;
		if (may_be_replaced(e) &&
		    (other == NULL || e->seen < other->seen))
			other = e;
	}
	if (same >= GW_ROSTER_PER_SOURCE)
		return own;
	if (free != NULL || !answered)
		return free;
	return other;
}

struct gw_roster_entry *
gw_roster_add(struct gw_roster *r, const struct gw_beacon *b,
    const struct gw_spot *spot, bool answered, gw_usec now)
{
	struct gw_roster_entry *e = find_room(r, spot, answered);

	if (e == NULL)
		return NULL;
	gw_roster_drop(e);
	*e = (struct gw_roster_entry){ .id = ++r->last_id,
		.gone = e->gone,
		.port = b->port,
		.number = b->number,
		.receives = b->receives,
		.sends = b->sends,
		.known = GW_NOT_KNOWN,
		.answered = answered,
		.changed = true };
	memcpy(e->run, b->run, sizeof e->run);
	memcpy(e->name, b->name, sizeof e->name);
	gw_roster_seen(e, spot, now);
	return e;
}

bool
gw_roster_has_spot(const struct gw_roster_entry *e, const struct gw_spot *spot)
{
	for (size_t i = 0; i < e->spot_count; i++)
		if (same_spot(&e->spots[i], spot))
			return true;
	return false;
}

bool
gw_roster_seen(
    struct gw_roster_entry *e, const struct gw_spot *spot, gw_usec now)
{
	size_t i = 0;

	while (i < e->spot_count && !same_spot(&e->spots[i], spot))
		i++;
	if (i == GW_ROSTER_SPOTS)
		return false;
	if (i == e->spot_count) {
		e->spot_count++;
		e->changed = true;
	}
	e->spots[i] = *spot;
	e->spots_seen[i] = now;
	e->seen = now;
	return true;
}

void
gw_roster_drop(struct gw_roster_entry *e)
{
	const uint64_t gone = e->told ? e->id : e->gone;

	*e = (struct gw_roster_entry){ .gone = gone };
}

static void
drop_spot(struct gw_roster_entry *e, size_t at)
{
	const size_t after = --e->spot_count - at;

	memmove(&e->spots[at], &e->spots[at + 1], after * sizeof *e->spots);
	memmove(&e->spots_seen[at], &e->spots_seen[at + 1],
	    after * sizeof *e->spots_seen);
	e->changed = true;
}

void
gw_roster_expire(struct gw_roster *r, gw_usec now)
{
	for (size_t i = 0; i < GW_ROSTER_MAX; i++) {
		struct gw_roster_entry *e = &r->v[i];

		for (size_t k = e->spot_count; k > 0; k--)
			if (e->spots_seen[k - 1] + life <= now)
				drop_spot(e, k - 1);
		if (e->id != 0 && e->spot_count == 0)
			gw_roster_drop(e);
	}
}

gw_usec
gw_roster_deadline(const struct gw_roster *r)
{
	gw_usec at = GW_NEVER;

	for (size_t i = 0; i < GW_ROSTER_MAX; i++)
		for (size_t k = 0; k < r->v[i].spot_count; k++)
			at = gw_usec_min(at, r->v[i].spots_seen[k] + life);
	return at;
}
