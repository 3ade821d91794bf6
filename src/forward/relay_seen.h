/*
 * relay_seen - which datagrams of other sites have come already, so that each
 * counts once, by whichever way it comes.
 *
 * A datagram is known by a hash of all that stays on its way: which relay has
 * heard it first and as which number, but what it is, too.  A site that makes
 * numbers up in another one's name can so not have that one's own taken for
 * seen.
 *
 * One table of a fixed size; the oldest gives way.
 */
#ifndef GW_FORWARD_RELAY_SEEN_H
#define GW_FORWARD_RELAY_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/limits.h"

enum {
	GW_RELAY_SEEN_WAYS = 8, /* places where one hash may stand */
	GW_RELAY_SEEN_SETS = GW_RELAY_SEEN / GW_RELAY_SEEN_WAYS
};

/* Begins as zeros. */
struct gw_relay_seen {
	uint64_t v[GW_RELAY_SEEN_SETS][GW_RELAY_SEEN_WAYS]; /* 0: free */
	uint8_t oldest[GW_RELAY_SEEN_SETS];
};

bool gw_relay_seen_has(const struct gw_relay_seen *, uint64_t hash);
/* One that it has not. */
void gw_relay_seen_add(struct gw_relay_seen *, uint64_t hash);

#endif /* GW_FORWARD_RELAY_SEEN_H */
