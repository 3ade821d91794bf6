#include "os/sigpipe.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>

void
gw_sigpipe_hold(struct gw_sigpipe *s)
{
	sigset_t pending;

	sigemptyset(&s->pipe);
	sigaddset(&s->pipe, SIGPIPE);
	sigpending(&pending);
	s->pending = sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &s->pipe, &s->before);
}

void
gw_sigpipe_release(const struct gw_sigpipe *s, bool broken)
{
	const struct timespec now = { 0 };

	if (broken && !s->pending)
		while (
		    sigtimedwait(&s->pipe, NULL, &now) < 0 && errno == EINTR) {
		}
	pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}
