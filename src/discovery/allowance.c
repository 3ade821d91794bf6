#include "discovery/allowance.h"

#include <string.h>

#include "base/assert.h"

bool
gw_allowance_has(const struct gw_allowance *a, unsigned per_second,
    unsigned reserve, gw_usec now)
{
	const gw_usec each = GW_SEC / per_second;

	GW_ASSERT(reserve < per_second);
	return a->next <= now + (per_second - 1 - reserve) * each;
}

bool
gw_allowance_take(
    struct gw_allowance *a, unsigned per_second, unsigned reserve, gw_usec now)
{
	if (!gw_allowance_has(a, per_second, reserve, now))
		return false;
	a->next = gw_usec_max(a->next, now) + GW_SEC / per_second;
	return true;
}

bool
gw_allowances_take(struct gw_allowances *all, const uint8_t ip[16],
    unsigned interface, unsigned per_second, gw_usec now)
{
	size_t at = 0;

	/* Where it is not known it takes the place of the quietest. */
	for (size_t i = 0; i < GW_ALLOWANCE_SOURCES; i++) {
		if (all->v[i].interface == interface &&
		    memcmp(all->v[i].ip, ip, 16) == 0)
			return gw_allowance_take(
			    &all->v[i].left, per_second, 0, now);
		if (all->v[i].left.next < all->v[at].left.next)
			at = i;
	}
	memcpy(all->v[at].ip, ip, 16);
	all->v[at].interface = interface;
	all->v[at].left = (struct gw_allowance){ .next = 0 };
	return gw_allowance_take(&all->v[at].left, per_second, 0, now);
}
