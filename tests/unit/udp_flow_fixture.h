/*
 * udp_flow_fixture - a table of flows with one target, and clients of it.
 */
#ifndef GW_TESTS_UNIT_UDP_FLOW_FIXTURE_H
#define GW_TESTS_UNIT_UDP_FLOW_FIXTURE_H

#include "forward/udp_flow.h"

struct flow_bed {
	struct gw_udp_flow_budget budget;
	struct gw_udp_flows *t;
	struct gw_targets targets;
	struct gw_rule rule;
	uint64_t random;
	gw_usec now;
};

/* One target, which is known. */
void flow_bed_init(
    struct flow_bed *, const struct gw_udp_flow_options *, uint32_t budget);
/* The same with several. */
void flow_bed_targets(struct flow_bed *, const struct gw_udp_flow_options *,
    unsigned count, enum gw_targets_choice);
/* Ends all flows, and checks that nothing is left. */
void flow_bed_fini(struct flow_bed *);

/* A client of its own for each number: 192.0.2.n, port 1000 + n / 256. */
struct gw_udp_flow_key flow_key(uint32_t n);
/* A datagram of n bytes comes from it; the flow is opened if it is new. */
enum gw_drop flow_ask(
    struct flow_bed *, uint32_t client, uint32_t n, struct gw_udp_flow **);
/* The same, and it must pass. */
struct gw_udp_flow *flow_asked(struct flow_bed *, uint32_t client);
/* `count` answers of n bytes each; returns how many pass. */
uint32_t flow_answer(
    struct flow_bed *, struct gw_udp_flow *, uint32_t count, uint32_t n);
/* Release what is over; returns how many, and the reason of the last. */
unsigned flow_reap(struct flow_bed *, enum gw_forward_end *);
/* Time passes. */
void flow_wait(struct flow_bed *, gw_usec);

#endif /* GW_TESTS_UNIT_UDP_FLOW_FIXTURE_H */
