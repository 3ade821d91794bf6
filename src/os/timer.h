/*
 * timer - a descriptor that becomes readable at a time, to the microsecond:
 * finer than the loop's own timers.
 */
#ifndef GW_OS_TIMER_H
#define GW_OS_TIMER_H

#include "base/err.h"
#include "base/time.h"

/* GW_E_LIMIT: out of descriptors. */
GW_MUST_USE enum gw_err gw_timer_open(int *fd);
void gw_timer_close(int fd);
/* Readable from `at` on, as gw_clock_now counts; in the past: at once;
 * GW_NEVER: no more. */
void gw_timer_set(int fd, gw_usec at);
/* Not readable any more. */
void gw_timer_clear(int fd);

#endif /* GW_OS_TIMER_H */
