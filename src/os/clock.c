#include "os/clock.h"

#include <time.h>

gw_usec
gw_clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (gw_usec)ts.tv_sec * GW_SEC + (gw_usec)ts.tv_nsec / 1000;
}

int64_t
gw_clock_wall(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}
