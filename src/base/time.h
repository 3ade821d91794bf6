/*
 * time - the unit of time of all engines.
 *
 * Microseconds of a clock that never goes back and stands still while the
 * machine sleeps.  Engines are given it; only os/clock reads one.
 */
#ifndef GW_BASE_TIME_H
#define GW_BASE_TIME_H

#include <stdint.h>

typedef uint64_t gw_usec;

#define GW_NEVER UINT64_MAX
#define GW_MSEC ((gw_usec)1000)
#define GW_SEC ((gw_usec)1000000)

static inline gw_usec
gw_usec_max(gw_usec a, gw_usec b)
{
	return a > b ? a : b;
}

static inline gw_usec
gw_usec_min(gw_usec a, gw_usec b)
{
	return a < b ? a : b;
}

#endif /* GW_BASE_TIME_H */
