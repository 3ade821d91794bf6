/*
 * rtt - round-trip times of one path: latest, smoothed, lowest, and the
 * probe timeout that follows from them (RFC 9002, 5 and 6.2).
 *
 * Knows durations only.  Tests: tests/unit/rtt_test.c.
 */
#ifndef GW_SESSION_UDP_RTT_H
#define GW_SESSION_UDP_RTT_H

#include <stdbool.h>

#include "base/time.h"

enum {
	GW_RTT_INITIAL = 333000,      /* us, before the first sample */
	GW_RTT_WINDOW = 300 * 1000000 /* us; the lowest is of one to two */
};

struct gw_rtt {
	gw_usec latest, smoothed, variance;
	gw_usec min; /* lowest of the last 5 to 10 minutes; 0: none yet */
	gw_usec max_ack_delay; /* that the peer may add */
	/* of this window and the one before */
	gw_usec window_min, window_min_before;
	gw_usec window_start;
};

/* No sample yet. */
void gw_rtt_init(struct gw_rtt *, gw_usec max_ack_delay);
/* From sending a packet to its ACK, of which the peer held it back for
 * ack_delay.  0 counts as 1. */
void gw_rtt_sample(
    struct gw_rtt *, gw_usec rtt, gw_usec ack_delay, gw_usec now);
/* There was a sample. */
bool gw_rtt_known(const struct gw_rtt *);
/* Without back-off. */
gw_usec gw_rtt_pto(const struct gw_rtt *);

#endif /* GW_SESSION_UDP_RTT_H */
