/*
 * pipe - standard input and output on worker threads: reads and writes that
 * block, and that another thread can call off.
 *
 * The descriptor's flags are never changed: it is shared with others.  A
 * closed reader is an error, not a signal.
 */
#ifndef GW_OS_PIPE_H
#define GW_OS_PIPE_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/time.h"
#include "os/why.h"

struct gw_pipe {
	int fd;                /* the caller's */
	int cancel_fd;         /* eventfd */
	bool nowait;           /* a write can be told not to block */
	size_t chunk;          /* else so much of one does not */
	_Atomic gw_usec since; /* of the call under way; GW_NEVER */
};

/* GW_E_LIMIT: out of descriptors. */
GW_MUST_USE enum gw_err gw_pipe_init(struct gw_pipe *, int fd);
/* No call may be under way. */
void gw_pipe_fini(struct gw_pipe *);
/* Any thread: the call under way, and every later one, gives
 * GW_E_INTERRUPTED. */
void gw_pipe_cancel(struct gw_pipe *);
/* Any thread: for how long the call under way has been waiting for whoever is
 * at the other end; 0: there is none. */
gw_usec gw_pipe_waits(const struct gw_pipe *, gw_usec now);
/* Wait until there is something to read, or the input has ended; -1: for
 * ever.  GW_E_AGAIN: the time passed. */
GW_MUST_USE enum gw_err gw_pipe_wait(
    struct gw_pipe *, int timeout_ms, struct gw_why *);
/* Wait until n bytes have come or the input ends; *got < n only there. */
GW_MUST_USE enum gw_err gw_pipe_read(
    struct gw_pipe *, void *, size_t n, size_t *got, struct gw_why *);
/* Write all of it.  GW_E_DISK, GW_E_SPACE: as it says. */
GW_MUST_USE enum gw_err gw_pipe_write(
    struct gw_pipe *, const void *, size_t n, struct gw_why *);

#endif /* GW_OS_PIPE_H */
