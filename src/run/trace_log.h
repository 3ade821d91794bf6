/*
 * trace_log - a file that sessions tell what they do.
 *
 * Lines wait in a bounded buffer that a thread of its own writes out: the
 * loop never waits for the disk.  What finds no room is dropped, counted,
 * and told in the file.
 */
#ifndef GW_RUN_TRACE_LOG_H
#define GW_RUN_TRACE_LOG_H

#include "base/err.h"
#include "session/trace.h"

struct gw_trace_log;

/* The descriptor is taken, on success; from now on there is a thread. */
GW_MUST_USE enum gw_err gw_trace_log_open(
    int fd, const char *program, struct gw_trace_log **);
/* What sessions are given; NULL for NULL.  Any thread may tell. */
const struct gw_trace *gw_trace_log_trace(const struct gw_trace_log *);
/* After the last session: writes what waits.  GW_E_DISK: not all could be
 * written.  *dropped: events that found no room.  NULL is fine. */
enum gw_err gw_trace_log_close(struct gw_trace_log *, uint64_t *dropped);

#endif /* GW_RUN_TRACE_LOG_H */
