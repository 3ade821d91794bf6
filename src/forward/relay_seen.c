#include "forward/relay_seen.h"

/* Zero is a free place. */
static uint64_t
stored(uint64_t hash)
{
	return hash != 0 ? hash : 1;
}

bool
gw_relay_seen_has(const struct gw_relay_seen *s, uint64_t hash)
{
	const uint64_t *set = s->v[hash % GW_RELAY_SEEN_SETS];

	for (unsigned i = 0; i < GW_RELAY_SEEN_WAYS; i++)
		if (set[i] == stored(hash))
			return true;
	return false;
}

void
gw_relay_seen_add(struct gw_relay_seen *s, uint64_t hash)
{
	uint8_t *oldest = &s->oldest[hash % GW_RELAY_SEEN_SETS];

	s->v[hash % GW_RELAY_SEEN_SETS][*oldest] = stored(hash);
	*oldest = (uint8_t)((*oldest + 1) % GW_RELAY_SEEN_WAYS);
}
