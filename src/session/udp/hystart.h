/*
 * hystart - when to leave slow start: HyStart++ (RFC 9406).
 *
 * Watches the lowest RTT of each round; where it rises, growth slows down
 * (conservative slow start, CSS), and if it stays high for five rounds, slow
 * start is over.  Tests: tests/unit/hystart_test.c.
 */
#ifndef GW_SESSION_UDP_HYSTART_H
#define GW_SESSION_UDP_HYSTART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

struct gw_hystart {
	gw_usec last_rtt, this_rtt; /* lowest of a round; GW_NEVER */
	gw_usec baseline;           /* in CSS; else 0 */
	unsigned samples;
	unsigned css_rounds;
};

void gw_hystart_init(struct gw_hystart *);
/* An ACK.  rtt 0: no sample.  Returns by how much the window grows for
 * `acked` bytes; *done: slow start is over. */
uint64_t gw_hystart_acked(struct gw_hystart *, uint64_t acked, gw_usec rtt,
    bool round_over, bool *done);

#endif /* GW_SESSION_UDP_HYSTART_H */
