#include "forward/targets.h"

#include <string.h>

#include "base/assert.h"

enum { REST = 10 /* s */ };

bool
gw_place_eq(const struct gw_place *a, const struct gw_place *b)
{
	return memcmp(a->ip, b->ip, sizeof a->ip) == 0 && a->zone == b->zone &&
	       a->port == b->port;
}

void
gw_targets_init(struct gw_targets *t, unsigned count)
{
	GW_ASSERT(count > 0 && count <= GW_TARGETS_MAX);
	*t = (struct gw_targets){
		.count = count, .max_fails = 1, .rest = REST * GW_SEC
	};
}

void
gw_targets_set(
    struct gw_targets *t, unsigned i, const struct gw_place *at, bool loop)
{
	struct gw_targets_one *x = &t->v[i];

	GW_ASSERT(i < t->count);
	x->known = at != NULL;
	x->loop = loop;
	if (at == NULL)
		return;
	/* What was said of another address is not said of this one. */
	if (!gw_place_eq(&x->at, at)) {
		x->suspect_until = 0;
		x->fails = 0;
	}
	x->at = *at;
}

static bool
is_usable(const struct gw_targets_one *x)
{
	return x->known && !x->loop;
}

static unsigned
first_choice(const struct gw_targets *t, uint64_t number)
{
	switch (t->choice) {
	case GW_TARGETS_ROUND:
		return t->next;
	case GW_TARGETS_FIRST:
		return 0;
	case GW_TARGETS_RANDOM:
	case GW_TARGETS_HASH:
	default:
		return (unsigned)(number % t->count);
	}
}

bool
gw_targets_choose(
    struct gw_targets *t, uint64_t number, gw_usec now, unsigned *i, bool *loop)
{
	const unsigned first = first_choice(t, number);
	bool found = false;

	*loop = false;
	for (unsigned n = 0; n < t->count; n++) {
		const unsigned at = (first + n) % t->count;
		const struct gw_targets_one *x = &t->v[at];

		*loop = *loop || (x->known && x->loop);
		if (!is_usable(x) || (found && x->suspect_until > now))
			continue;
		/* A suspect one is better than none. */
		*i = at;
		found = true;
		if (x->suspect_until <= now)
			break;
	}
	if (!found)
		return false;
	t->v[*i].flows++;
	t->next = (*i + 1) % t->count;
	return true;
}

bool
gw_targets_refused(struct gw_targets *t, unsigned i, gw_usec now)
{
	GW_ASSERT(i < t->count);
	t->v[i].refusals++;
	if (++t->v[i].fails >= t->max_fails) {
		t->v[i].suspect_until = now + t->rest;
		t->v[i].fails = 0;
	}
	for (unsigned n = 0; n < t->count; n++)
		if (n != i && is_usable(&t->v[n]) &&
		    t->v[n].suspect_until <= now)
			return t->v[i].suspect_until > now;
	return false;
}

void
gw_targets_answered(struct gw_targets *t, unsigned i)
{
	t->v[i].suspect_until = 0;
	t->v[i].fails = 0;
}
