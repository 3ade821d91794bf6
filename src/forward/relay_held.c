#include "forward/relay_held.h"

#include <string.h>

#include "base/assert.h"

static bool
is_same(const struct gw_relay_asker *a, const struct gw_relay_asker *b)
{
	return a->rule == b->rule && a->link == b->link &&
	       a->question == b->question && a->who.port == b->who.port &&
	       a->who.zone == b->who.zone &&
	       memcmp(a->who.ip, b->who.ip, sizeof a->who.ip) == 0;
}

static unsigned
find(const struct gw_relay_held *h, const struct gw_relay_asker *a, gw_usec now)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < GW_RELAY_HELD; i++) {
		if (h->v[i].serial != 0 && h->v[i].until > now &&
		    is_same(&h->v[i].asker, a))
			return i;
		if (h->v[i].until < h->v[oldest].until)
			oldest = i;
	}
	return oldest;
}

unsigned
gw_relay_held_take(struct gw_relay_held *h, const struct gw_relay_asker *a,
    gw_usec now, gw_usec until)
{
	unsigned place = find(h, a, now);
	struct gw_relay_hold *hold = &h->v[place];

	GW_ASSERT(until > now);
	if (hold->serial == 0 || hold->until <= now ||
	    !is_same(&hold->asker, a))
		*hold = (struct gw_relay_hold){ .asker = *a,
			.serial = ++h->serial };
	hold->until = gw_usec_max(hold->until, until);
	hold->answers = 0;
	if (h->next == 0 || hold->until < h->next)
		h->next = hold->until;
	return place;
}

struct gw_relay_hold *
gw_relay_held_at(struct gw_relay_held *h, unsigned place, gw_usec now)
{
	GW_ASSERT(place < GW_RELAY_HELD);
	if (h->v[place].serial == 0 || h->v[place].until <= now)
		return NULL;
	return &h->v[place];
}

bool
gw_relay_held_ended(struct gw_relay_held *h, gw_usec now, unsigned *place)
{
	gw_usec next = GW_NEVER;

	if (h->next == 0 || h->next > now)
		return false;
	for (unsigned i = 0; i < GW_RELAY_HELD; i++) {
		if (h->v[i].serial == 0)
			continue;
		if (h->v[i].until <= now) {
			h->v[i] = (struct gw_relay_hold){ .serial = 0 };
			*place = i;
			return true;
		}
		next = gw_usec_min(next, h->v[i].until);
	}
	h->next = next != GW_NEVER ? next : 0;
	return false;
}

gw_usec
gw_relay_held_deadline(const struct gw_relay_held *h)
{
	return h->next != 0 ? h->next : GW_NEVER;
}
