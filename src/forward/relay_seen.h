/*
 * relay_seen - which datagrams of which relays have come already: each relay
 * numbers what it hears, and of the latest numbers each counts once, by
 * whichever way it comes.
 *
 * What is older than these is taken for seen.  When too many relays are
 * remembered, the one that was heard longest ago gives way.
 */
#ifndef GW_FORWARD_RELAY_SEEN_H
#define GW_FORWARD_RELAY_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/limits.h"

struct gw_relay_origin {
	uint8_t id[GW_RELAY_ORIGIN_LEN];
	uint64_t used; /* 0: free; the larger, the later */
	uint64_t top;  /* the largest number so far */
	uint64_t bits[GW_RELAY_NUMBERS / 64]; /* number % GW_RELAY_NUMBERS */
};

/* Begins as zeros. */
struct gw_relay_seen {
	struct gw_relay_origin v[GW_RELAY_ORIGINS];
	uint64_t uses;
};

/* Is it new?  It is no more from then on. */
bool gw_relay_seen_is_new(struct gw_relay_seen *,
    const uint8_t origin[GW_RELAY_ORIGIN_LEN], uint64_t number);

#endif /* GW_FORWARD_RELAY_SEEN_H */
