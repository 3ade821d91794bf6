/*
 * relay_fixture - an engine of a relay with a few interfaces: eth0, eth1 ...
 * are 10.0.N.1/24 and fe80::N:1, N from 1 on, with broadcast and multicast.
 */
#ifndef GW_TESTS_UNIT_RELAY_FIXTURE_H
#define GW_TESTS_UNIT_RELAY_FIXTURE_H

#include "test.h"

#include "forward/relay.h"
#include "forward/relay_text.h"

struct relay_fixture {
	struct gw_relay_engine *e;
	struct gw_relay_ruleset set;
	gw_usec now;
	/* of the last relay_hear or relay_answer */
	struct gw_relay_emission out[64];
	size_t count;
};

extern const struct gw_random relay_random;

/* Of rules that are divided by spaces; interfaces eth0 to eth2 are up. */
void relay_open(struct relay_fixture *, const char *rules);
void relay_close(struct relay_fixture *);

struct gw_endpoint relay_at(const char *ip, uint16_t port);
/* An interface as it stands at the head, with index N. */
struct gw_relay_link relay_link(unsigned link);

/* This came from there to there; an address of IPv4 that ends in .255, or a
 * group, is not one host's.  The emissions are pulled and told as sent. */
enum gw_relay_fate relay_hear(struct relay_fixture *, unsigned link,
    struct gw_endpoint from, struct gw_endpoint to, const char *data);
enum gw_relay_fate relay_answer(struct relay_fixture *, unsigned held,
    unsigned link, struct gw_endpoint from, const char *data);
uint64_t relay_fate_count(
    const struct relay_fixture *, unsigned link, enum gw_relay_fate);

void relay_is(const struct gw_endpoint *, const char *ip, uint16_t port);

#endif /* GW_TESTS_UNIT_RELAY_FIXTURE_H */
