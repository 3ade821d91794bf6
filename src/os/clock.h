/*
 * clock - the only place that reads one.
 */
#ifndef GW_OS_CLOCK_H
#define GW_OS_CLOCK_H

#include <stdint.h>

#include "base/time.h"

/* CLOCK_MONOTONIC: never goes back, stands still while the machine sleeps. */
gw_usec gw_clock_now(void);
/* Seconds since 1970. */
int64_t gw_clock_wall(void);

#endif /* GW_OS_CLOCK_H */
