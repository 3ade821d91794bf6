/*
 * relay_private - what relay.c, which judges what comes, and relay_out.c,
 * which makes copies of it, share.
 */
#ifndef GW_FORWARD_RELAY_PRIVATE_H
#define GW_FORWARD_RELAY_PRIVATE_H

#include "forward/relay.h"
#include "forward/relay_gate.h"
#include "forward/relay_guard.h"
#include "forward/relay_held.h"

enum { GW_RELAY_EMISSIONS = GW_RELAY_LINKS * GW_RELAY_PEERS };

struct gw_relay_engine {
	struct gw_relay_rule rules[GW_RELAY_RULES];
	size_t rule_count;
	struct gw_relay_link links[GW_RELAY_LINKS];
	struct gw_relay_gate gates[GW_RELAY_RULES][GW_RELAY_LINKS];
	struct gw_relay_counts counts[GW_RELAY_RULES][GW_RELAY_LINKS];
	struct gw_relay_guard *guard;
	struct gw_relay_held held;
	uint64_t seed; /* of hashes */
	gw_usec now;

	struct gw_relay_emission out[GW_RELAY_EMISSIONS];
	size_t out_next, out_count;
	/* Bits of links, by rule, to be told. */
	uint32_t storms[GW_RELAY_RULES], calms[GW_RELAY_RULES];
};

/*
 * Put a copy for each interface that it goes to into out.
 * GW_RELAY_FATE_CARRIED: there is one at least; else why there is none.  echo:
 * its hash for the guard.
 */
enum gw_relay_fate gw_relay_copies(struct gw_relay_engine *, unsigned rule,
    const struct gw_relay_arrival *, uint64_t echo);

/* On one link with it: in a subnet of the interface, or a peer of it. */
bool gw_relay_is_neighbour(
    const struct gw_relay_link *, const struct gw_endpoint *);
/* An address of the interface to speak to `to` from; false: it has none of
 * that family. */
bool gw_relay_own_address(const struct gw_relay_link *,
    const struct gw_endpoint *to, struct gw_endpoint *out);

#endif /* GW_FORWARD_RELAY_PRIVATE_H */
