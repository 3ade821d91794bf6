/*
 * dgram_probe - requests that are under way, and what came of those that were.
 *
 * Datagrams have no numbers, so a request that goes out while an earlier one
 * is unanswered goes from a socket of its own: each answer then belongs to
 * one request for certain.
 */
#ifndef GW_CLI_DGRAM_PROBE_H
#define GW_CLI_DGRAM_PROBE_H

#include "cli/dgram_json.h"

enum { CLI_PROBE_SOCKETS = 64 };

struct cli_probe_slot {
	struct gw_dgram *socket;
	uint64_t request; /* counted from 1 */
	uint64_t at;      /* sent, us */
	uint64_t until;   /* waited for, us */
	bool waiting, answered;
};

struct cli_probe {
	struct cli_probe_slot slots[CLI_PROBE_SOCKETS];
	size_t count;          /* of sockets that are open */
	uint32_t *round_trips; /* us */
	size_t round_trip_count;
	struct cli_dgram_sum sum;
};

/* All zeros is an empty one. */
void cli_probe_fini(struct cli_probe *);

/* A slot for the next request: one that waits for nothing, or a new one of
 * these options, or at the most the one that has waited longest.  NULL: no
 * socket can be had. */
struct cli_probe_slot *cli_probe_slot(
    struct cli_probe *, struct gw *, const struct gw_dgram_options *);
/* The request has left, and is waited for until then (now: not at all). */
void cli_probe_sent(
    struct cli_probe *, struct cli_probe_slot *, uint64_t now, uint64_t until);
/* An answer came to it.  Returns its round trip. */
uint64_t cli_probe_answered(
    struct cli_probe *, struct cli_probe_slot *, uint64_t at);
/* Stop waiting for what has been waited for long enough. */
void cli_probe_expire(struct cli_probe *, uint64_t now);
bool cli_probe_waits(const struct cli_probe *);
/* The earliest `until` of those that wait; UINT64_MAX: none does. */
uint64_t cli_probe_until(const struct cli_probe *);
/* With least, median and most. */
const struct cli_dgram_sum *cli_probe_sum(struct cli_probe *);

#endif /* GW_CLI_DGRAM_PROBE_H */
