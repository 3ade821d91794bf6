/*
 * ecn - does a path carry ECN marks (RFC 9000, 13.4.2 and A.4)?
 *
 * The first packets leave marked ECT(0); marking goes on once the peer's
 * counts agree with what was sent, and ends for good on this path when they
 * do not (bleached, remarked, not told) or all marked packets are lost.
 * Tests: tests/unit/ecn_test.c.
 */
#ifndef GW_SESSION_UDP_ECN_H
#define GW_SESSION_UDP_ECN_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/ack.h"

enum gw_ecn_state { GW_ECN_TESTING, GW_ECN_CAPABLE, GW_ECN_FAILED };

struct gw_ecn {
	enum gw_ecn_state state;
	uint64_t sent, lost;     /* packets that left marked */
	uint64_t ect0, ect1, ce; /* the peer's counts, last seen */
};

/* A new path; the peer's counts go on from where they are. */
void gw_ecn_init(struct gw_ecn *, bool off);
void gw_ecn_new_path(struct gw_ecn *);
/* The next packet leaves marked ECT(0). */
bool gw_ecn_mark(const struct gw_ecn *);
void gw_ecn_sent(struct gw_ecn *);
void gw_ecn_lost(struct gw_ecn *, uint64_t packets);
/* An ACK that is newer than all before it, with so many marked packets newly
 * acknowledged; returns how many more came with CE. */
uint64_t gw_ecn_acked(struct gw_ecn *, const struct gw_ack *, uint64_t marked);

#endif /* GW_SESSION_UDP_ECN_H */
