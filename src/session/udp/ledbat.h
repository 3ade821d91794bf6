/*
 * ledbat - LEDBAT++ (draft-irtf-iccrg-ledbat-plus-plus): takes what others
 * leave.  Keeps the delay that it adds below a target, gives way at once,
 * and slows down now and then to see how fast the path is without it.
 *
 * What differs from the draft, and why: the target is 60 ms, but no more
 * than half of the delay at which packets were lost; or else a queue of less
 * than 60 ms would never make it give way.
 *
 * Tests: tests/unit/ledbat_test.c; tests/sim/congestion_test.c,
 * cc_paths_test.c.
 */
#ifndef GW_SESSION_UDP_LEDBAT_H
#define GW_SESSION_UDP_LEDBAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum { GW_LEDBAT_BASE = 10, GW_LEDBAT_RECENT = 4 };

enum gw_ledbat_state {
	GW_LEDBAT_STARTUP, /* the first slow start */
	GW_LEDBAT_WAIT,    /* between it and the first slow-down */
	GW_LEDBAT_STEADY,
	GW_LEDBAT_SLOW, /* as good as silent */
	GW_LEDBAT_BACK  /* slow start to where it was */
};

struct gw_ledbat {
	enum gw_ledbat_state state;
	gw_usec base[GW_LEDBAT_BASE]; /* lowest RTT of each minute */
	unsigned minute;              /* which is being filled */
	gw_usec minute_start;
	gw_usec recent[GW_LEDBAT_RECENT]; /* RTTs */
	unsigned next;
	gw_usec target;
	double growth; /* bytes owed to the window */
	uint64_t threshold;
	gw_usec until, slowed; /* of the state; when the last SLOW began */
	uint64_t undo_window, undo_threshold;
	gw_usec undo_target;
};

#endif /* GW_SESSION_UDP_LEDBAT_H */
