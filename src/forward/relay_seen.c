#include "forward/relay_seen.h"

#include <string.h>

/* Its place; a new one, if need be that of the one heard longest ago. */
static struct gw_relay_origin *
place(struct gw_relay_seen *s, const uint8_t id[GW_RELAY_ORIGIN_LEN])
{
	struct gw_relay_origin *oldest = s->v;

	for (unsigned i = 0; i < GW_RELAY_ORIGINS; i++) {
		struct gw_relay_origin *o = &s->v[i];

		if (o->used != 0 && memcmp(o->id, id, sizeof o->id) == 0)
			return o;
		if (o->used < oldest->used)
			oldest = o;
	}
	*oldest = (struct gw_relay_origin){ .used = 0 };
	memcpy(oldest->id, id, sizeof oldest->id);
	return oldest;
}

/* The window goes on so far that it ends with this number. */
static void
advance(struct gw_relay_origin *o, uint64_t number)
{
	if (number - o->top >= GW_RELAY_NUMBERS)
		memset(o->bits, 0, sizeof o->bits);
	else
		for (uint64_t n = o->top + 1; n <= number; n++)
			o->bits[n % GW_RELAY_NUMBERS / 64] &=
			    ~(UINT64_C(1) << n % 64);
	o->top = number;
}

bool
gw_relay_seen_is_new(struct gw_relay_seen *s,
    const uint8_t origin[GW_RELAY_ORIGIN_LEN], uint64_t number)
{
	struct gw_relay_origin *o = place(s, origin);
	uint64_t bit = UINT64_C(1) << number % 64, *bits;

	if (o->used == 0)
		o->top = number;
	o->used = ++s->uses;
	if (number > o->top)
		advance(o, number);
	else if (o->top - number >= GW_RELAY_NUMBERS)
		return false;
	bits = &o->bits[number % GW_RELAY_NUMBERS / 64];
	if ((*bits & bit) != 0)
		return false;
	*bits |= bit;
	return true;
}
