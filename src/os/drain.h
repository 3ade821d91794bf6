/*
 * drain - a thread that empties a pipe into a file while its owner fills the
 * next one.  Private to src/os.
 *
 * Taking bytes out of a connection and writing them into a file are each
 * enough for a CPU; by turns they would need the sum of both.
 */
#ifndef GW_OS_DRAIN_H
#define GW_OS_DRAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct gw_drain;

struct gw_drain_job {
	int pipe, file;
	uint64_t offset;
	size_t n; /* all that is in the pipe */
};

/* Starts the thread.  GW_E_LIMIT: there can be none. */
GW_MUST_USE enum gw_err gw_drain_new(struct gw_drain **);
/* Waits for what is under way. */
void gw_drain_free(struct gw_drain *);
/* Wait until the job before is done, then start this one.  Returns 0, or the
 * errno of one that failed: then it does not start. */
int gw_drain_give(struct gw_drain *, const struct gw_drain_job *);
/* Wait until all is done.  *moved: bytes written since the last wait, up to
 * the first that could not be.  Returns 0, or the errno of that one. */
int gw_drain_wait(struct gw_drain *, uint64_t *moved);

/* The same in the calling thread: 0, or errno. */
int gw_drain_now(const struct gw_drain_job *, uint64_t *moved);

#endif /* GW_OS_DRAIN_H */
