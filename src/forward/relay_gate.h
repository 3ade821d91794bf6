/*
 * relay_gate - how much a rule of a relay may carry from one interface, and
 * when it must stop.
 *
 * A bucket for the rate; and a trip: where echoes and repetitions come in
 * such numbers that something goes in circles, nothing is carried for five
 * seconds, then it is tried again; each time that this fails soon the pause is
 * twice as long, up to a minute.
 */
#ifndef GW_FORWARD_RELAY_GATE_H
#define GW_FORWARD_RELAY_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum gw_relay_gate_state { GW_RELAY_OPEN, GW_RELAY_TRIPPED };

struct gw_relay_gate {
	uint32_t rate; /* a second */
	uint64_t left; /* in the bucket, millionths */
	gw_usec filled;
	/* The second that is being counted. */
	gw_usec since;
	uint32_t echoes, repeats, sent;
	enum gw_relay_gate_state state;
	gw_usec until; /* tripped */
	gw_usec lasts; /* from when it did */
	gw_usec pause; /* how long the next one is */
};

void gw_relay_gate_init(struct gw_relay_gate *, uint32_t rate, gw_usec now);
/* May one more pass?  Takes it out of the bucket if so. */
bool gw_relay_gate_pass(struct gw_relay_gate *, gw_usec now);
/* One has left by this interface for the same rule: as many echoes of it as
 * there may be relays side by side are no storm. */
void gw_relay_gate_sent(struct gw_relay_gate *, gw_usec now);
/* True: that was one too many; it is tripped from now on. */
bool gw_relay_gate_echo(struct gw_relay_gate *, gw_usec now);
bool gw_relay_gate_repeat(struct gw_relay_gate *, gw_usec now);
/* True: it was tripped, and is open from now on. */
bool gw_relay_gate_tick(struct gw_relay_gate *, gw_usec now);
/* When to tick; GW_NEVER: it is open. */
gw_usec gw_relay_gate_deadline(const struct gw_relay_gate *);

#endif /* GW_FORWARD_RELAY_GATE_H */
