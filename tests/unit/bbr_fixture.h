/*
 * bbr_fixture - BBR on a path that does as told.
 */
#ifndef GW_TESTS_UNIT_BBR_FIXTURE_H
#define GW_TESTS_UNIT_BBR_FIXTURE_H

#include "cc_path.h"

enum {
	RTT = 40 * CC_MS,
	RATE = 10000000, /* bytes a second */
	BDP = RATE / 25
};

extern struct cc_path p;
extern struct gw_bbr *const b;

/* A hundredth of RATE comes through. */
void start(void);
/* The rate doubles until the path is full. */
void fill(void);
/* To the first PROBE_CRUISE; the queue that STARTUP built was seen. */
void cruise(void);
void until(enum gw_bbr_state);

#endif /* GW_TESTS_UNIT_BBR_FIXTURE_H */
