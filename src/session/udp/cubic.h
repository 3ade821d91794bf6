/*
 * cubic - CUBIC (RFC 9438) with HyStart++ and proportional rate reduction;
 * paced.  The yardstick: what the kernels of most machines do.
 * Tests: tests/unit/cubic_test.c; tests/sim/congestion_test.c,
 * cc_paths_test.c.
 */
#ifndef GW_SESSION_UDP_CUBIC_H
#define GW_SESSION_UDP_CUBIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "session/udp/hystart.h"
#include "session/udp/prr.h"

/* Windows are in datagrams, as in the RFC. */
struct gw_cubic_curve {
	uint64_t threshold; /* bytes; slow start below it */
	double w_max;       /* where the last decrease was */
	double w_est;       /* what Reno would have */
	double prior;       /* before the last decrease */
	double k;           /* seconds from the epoch to w_max */
	gw_usec epoch;      /* when it began; GW_NEVER: it has not */
};

struct gw_cubic {
	struct gw_cubic_curve curve;
	struct gw_hystart hystart;
	struct gw_prr prr;
	bool recovering;
	bool lost;          /* since the last ACK */
	bool started;       /* HyStart++ is for the first slow start only */
	gw_usec idle_since; /* the window is not used; GW_NEVER: it is */
	uint64_t round_end; /* bytes delivered */
	/* to go back, if a loss was none */
	struct gw_cubic_curve undo_curve;
	uint64_t undo_window; /* 0: nothing to undo */
};

#endif /* GW_SESSION_UDP_CUBIC_H */
