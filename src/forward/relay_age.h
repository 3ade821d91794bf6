/*
 * relay_age - how long messages of another site have been under way, though
 * its clock is another one.
 *
 * The fastest of the last minute is taken for one that did not wait anywhere;
 * what took so much longer than that is late.  Clocks that drift apart, or one
 * that stood still while its machine was halted, do no lasting harm: what is
 * remembered is half a minute to a minute old at most.
 */
#ifndef GW_FORWARD_RELAY_AGE_H
#define GW_FORWARD_RELAY_AGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/* Begins as zeros, with each session. */
struct gw_relay_age {
	bool begun;
	uint32_t least, next; /* ms between the clocks; since `since` */
	gw_usec since;
};

/* This one was sent at so many ms of the other clock. */
bool gw_relay_age_is_late(struct gw_relay_age *, uint32_t sent, gw_usec now);

#endif /* GW_FORWARD_RELAY_AGE_H */
