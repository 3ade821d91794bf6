/*
 * pacer - spreads what is sent over time: one token bucket for a path.
 *
 * In any interval of t seconds at most
 *	burst + rate * (t + 0.001)
 * bytes are let out: a train of `burst` at once, and a millisecond's worth
 * more, so that a loop that wakes a millisecond late loses nothing.
 * Tests: tests/unit/pacer_test.c.
 */
#ifndef GW_SESSION_UDP_PACER_H
#define GW_SESSION_UDP_PACER_H

#include <stdint.h>

#include "base/time.h"

enum { GW_PACER_BURST_MAX = 65536 };

struct gw_pacer {
	uint64_t rate;  /* bytes a second */
	uint64_t burst; /* bytes */
	int64_t tokens; /* bytes times a million; below 0: owed */
	gw_usec at;     /* as of then */
};

/* A full bucket. */
void gw_pacer_init(
    struct gw_pacer *, uint64_t rate, uint64_t burst, gw_usec now);
/* Another rate from now on, above 0. */
void gw_pacer_set(
    struct gw_pacer *, uint64_t rate, uint64_t burst, gw_usec now);
uint64_t gw_pacer_budget(const struct gw_pacer *, gw_usec now);
/* Also of what did not wait for a budget. */
void gw_pacer_sent(struct gw_pacer *, uint64_t bytes, gw_usec now);
/* Of what gw_pacer_sent was told so much never left. */
void gw_pacer_unsent(struct gw_pacer *, uint64_t bytes);
/* When the budget is `bytes` (at most `burst`); `now` if it is that now. */
gw_usec gw_pacer_at(const struct gw_pacer *, uint64_t bytes, gw_usec now);
/* What leaves in a train at a rate: a millisecond's worth, at least two
 * datagrams, at most GW_PACER_BURST_MAX. */
uint64_t gw_pacer_quantum(uint64_t rate, uint32_t datagram);

#endif /* GW_SESSION_UDP_PACER_H */
