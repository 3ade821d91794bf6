/*
 * trace_repairs - which packet repairs which, and which windows are full, as
 * a trace is read in its order.
 */
#ifndef GW_CLI_TRACE_REPAIRS_H
#define GW_CLI_TRACE_REPAIRS_H

#include "cli/trace_read.h"

enum { CLI_TRACE_REPAIRS = 256 }; /* lost packets that are remembered */

/* All zeros at first. */
struct cli_trace_repairs {
	struct {
		uint64_t number, stream, offset, length;
	} lost[CLI_TRACE_REPAIRS];
	unsigned at;
	uint64_t next_in; /* the packet that should come next */
	uint64_t in_end[CLI_TRACE_STREAMS];
	bool full[CLI_TRACE_STREAMS + 1]; /* the last is the session */
};

/* A LOST. */
void cli_trace_repairs_lost(
    struct cli_trace_repairs *, const struct cli_trace_event *);
/* The packet whose data this one carries again; UINT64_MAX: none. */
uint64_t cli_trace_repairs_of(
    const struct cli_trace_repairs *, const struct cli_trace_event *);
/* A packet that came: is it, or is its data, behind what came already?  The
 * owner moves next_in. */
bool cli_trace_repairs_late(
    struct cli_trace_repairs *, const struct cli_trace_event *);
/* Does a packet say that a window is full, or open one that was? */
bool cli_trace_repairs_window(
    struct cli_trace_repairs *, const struct cli_trace_event *);

#endif /* GW_CLI_TRACE_REPAIRS_H */
