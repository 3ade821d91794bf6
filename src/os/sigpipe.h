/*
 * sigpipe - writing to what nobody reads any more is an error and no signal,
 * whatever the process has done about SIGPIPE.  Private to src/os.
 */
#ifndef GW_OS_SIGPIPE_H
#define GW_OS_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct gw_sigpipe {
	sigset_t pipe, before;
	bool pending;
};

/* Keep it from this thread. */
void gw_sigpipe_hold(struct gw_sigpipe *);
/* As it was.  `broken`: a write gave EPIPE; its signal is taken back, unless
 * there was one before. */
void gw_sigpipe_release(const struct gw_sigpipe *, bool broken);

#endif /* GW_OS_SIGPIPE_H */
