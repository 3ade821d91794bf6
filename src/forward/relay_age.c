#include "forward/relay_age.h"

#include "wire/limits.h"

#define PERIOD (30 * GW_SEC)

/* Both count on beyond 2^32. */
static bool
is_less(uint32_t a, uint32_t b)
{
	return a != b && b - a < UINT32_C(1) << 31;
}

bool
gw_relay_age_is_late(struct gw_relay_age *a, uint32_t sent, gw_usec now)
{
	uint32_t took = (uint32_t)(now / GW_MSEC) - sent;

	if (!a->begun)
		*a = (struct gw_relay_age){ true, took, took, now };
	if (now - a->since >= PERIOD) {
		a->least = a->next;
		a->next = took;
		a->since = now;
	}
	if (is_less(took, a->next))
		a->next = took;
	if (is_less(took, a->least))
		a->least = took;
	return took - a->least > GW_RELAY_AGE;
}
