/*
 * relay_private - what relay.c, which judges what comes, relay_out.c, which
 * makes copies of it, and relay_answer.c share.
 */
#ifndef GW_FORWARD_RELAY_PRIVATE_H
#define GW_FORWARD_RELAY_PRIVATE_H

#include "forward/relay.h"
#include "forward/relay_gate.h"
#include "forward/relay_guard.h"
#include "forward/relay_held.h"
#include "forward/relay_seen.h"

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
	/* What it calls itself to other sites, how many it has heard, and
	 * what has come of others. */
	uint8_t origin[GW_RELAY_ORIGIN_LEN];
	uint64_t number;
	struct gw_relay_seen seen;
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

/* Something goes in; the emissions of the last one were pulled. */
void gw_relay_engine_begin(struct gw_relay_engine *, gw_usec now);
/* Is it an address of this machine? */
bool gw_relay_is_own(const struct gw_relay_engine *,
    const struct gw_relay_rule *, const struct gw_endpoint *from);
/* Has a neighbour said it, and is it a beacon? */
enum gw_relay_fate gw_relay_judge_beacon(
    const struct gw_relay_engine *, const struct gw_relay_arrival *);
/* On one link with it: in a subnet of the interface, or a peer of it. */
bool gw_relay_is_neighbour(
    const struct gw_relay_link *, const struct gw_endpoint *);
/* An address of the interface to speak to `to` from; false: it has none of
 * that family. */
bool gw_relay_own_address(const struct gw_relay_link *,
    const struct gw_endpoint *to, struct gw_endpoint *out);

#endif /* GW_FORWARD_RELAY_PRIVATE_H */
