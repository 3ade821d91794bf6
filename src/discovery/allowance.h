/*
 * allowance - how often something may happen: in all, and for each source.
 *
 * Both are n a second with a burst of as many.  Only the busiest sources of
 * late are remembered; what all of them may do together is bounded in any
 * case.
 */
#ifndef GW_DISCOVERY_ALLOWANCE_H
#define GW_DISCOVERY_ALLOWANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

/* All zeros: full. */
struct gw_allowance {
	gw_usec next; /* when the last that was taken is paid for */
};

/*
 * Take one of `per_second`; false: there is none, and nothing has changed.
 * `reserve` of the burst stay for others, who ask with a smaller one.
 */
bool gw_allowance_take(
    struct gw_allowance *, unsigned per_second, unsigned reserve, gw_usec now);
/* Would it be given? */
bool gw_allowance_has(const struct gw_allowance *, unsigned per_second,
    unsigned reserve, gw_usec now);

enum { GW_ALLOWANCE_SOURCES = 64 };

/* All zeros: nobody has taken anything. */
struct gw_allowances {
	struct {
		uint8_t ip[16];
		unsigned interface;
		struct gw_allowance left;
	} v[GW_ALLOWANCE_SOURCES];
};

/* The same for one source: an address on an interface. */
bool gw_allowances_take(struct gw_allowances *, const uint8_t ip[16],
    unsigned interface, unsigned per_second, gw_usec now);

#endif /* GW_DISCOVERY_ALLOWANCE_H */
