/*
 * trace_json - an event of a session as a line of JSON: godwit-trace(1) has
 * the names, which are qlog's where that has any.
 */
#ifndef GW_RUN_TRACE_JSON_H
#define GW_RUN_TRACE_JSON_H

#include "session/trace.h"

/* Room for any line, with its newline; what is longer by far (ranges of ACK)
 * is cut short inside. */
enum { GW_TRACE_LINE = 8192 };

/* Returns its length; no NUL follows.  t: us since the trace began. */
size_t gw_trace_json(char out[GW_TRACE_LINE], gw_usec t, uint64_t session,
    const struct gw_trace_event *);

/* Lines about the trace itself. */
struct gw_trace_began {
	const char *program; /* "godwit 1.0.0" */
	int64_t wall_usec;   /* since 1970 */
};
size_t gw_trace_json_began(
    char out[GW_TRACE_LINE], const struct gw_trace_began *);
size_t gw_trace_json_dropped(
    char out[GW_TRACE_LINE], gw_usec t, uint64_t dropped);
size_t gw_trace_json_ended(
    char out[GW_TRACE_LINE], gw_usec t, uint64_t events, uint64_t dropped);

#endif /* GW_RUN_TRACE_JSON_H */
