#include "os/timer.h"

#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum gw_err
gw_timer_open(int *out)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd == -1)
		return GW_E_LIMIT;
	*out = fd;
	return GW_OK;
}

void
gw_timer_close(int fd)
{
	close(fd);
}

void
gw_timer_set(int fd, gw_usec at)
{
	struct itimerspec when = { 0 };

	if (at != GW_NEVER) {
		when.it_value.tv_sec = (time_t)(at / GW_SEC);
		when.it_value.tv_nsec = (long)(at % GW_SEC) * 1000;
		if (at == 0)
			when.it_value.tv_nsec = 1; /* 0 would disarm */
	}
	timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void
gw_timer_clear(int fd)
{
	uint64_t n;

	(void)!read(fd, &n, sizeof n);
}
