/*
 * relay_guard - what a relay has heard and sent lately, so that it does not
 * carry its own work, or another relay's, in circles.
 *
 * Nothing is written into the packets.  Three things are noticed:
 *  - A datagram that comes in by an interface which the same one has left by
 *    within two seconds is an echo.
 *  - Where others have brought it already, as often as it came in, within a
 *    quarter of a second, it need not go again.  (Who hears another relay's
 *    copy before the original would begin a circle otherwise.)
 *  - The same one coming again and again where it was not sent is a program
 *    that repeats itself, up to a point: a few at once, and ten a second.
 *    Past that it is taken for a circle whose other half somebody else
 *    carries.
 *
 * One table of a fixed size; under pressure the oldest goes.
 */
#ifndef GW_FORWARD_RELAY_GUARD_H
#define GW_FORWARD_RELAY_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/time.h"

struct gw_relay_guard;

GW_MUST_USE enum gw_err gw_relay_guard_new(struct gw_relay_guard **);
void gw_relay_guard_free(struct gw_relay_guard *);

/* The datagram of this hash has come in by this interface; is it an echo? */
bool gw_relay_guard_heard(
    struct gw_relay_guard *, uint64_t hash, unsigned link, gw_usec now);
/* Which has been heard from one interface: is it to go to the other? */
bool gw_relay_guard_wanted(
    struct gw_relay_guard *, uint64_t hash, unsigned from, unsigned to);
/* It leaves by this one now. */
void gw_relay_guard_sent(
    struct gw_relay_guard *, uint64_t hash, unsigned link, gw_usec now);
/* May it be carried once more?  Counts it if so.  Its hash is of another kind
 * than the one above: of who says it, too. */
bool gw_relay_guard_may_repeat(
    struct gw_relay_guard *, uint64_t hash, gw_usec now);

#endif /* GW_FORWARD_RELAY_GUARD_H */
