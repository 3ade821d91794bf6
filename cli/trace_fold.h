/*
 * trace_fold - many packets of a ladder in one line.
 */
#ifndef GW_CLI_TRACE_FOLD_H
#define GW_CLI_TRACE_FOLD_H

#include <stddef.h>

#include "cli/trace_read.h"

/* All zeros is an empty one. */
struct cli_trace_fold {
	bool any;
	uint64_t from, to;             /* us */
	uint64_t packets[2], bytes[2]; /* out and in */
	uint64_t lost, again, late;    /* the owner counts these */
	uint64_t carried;              /* bytes, by tcp, ever */
};

void cli_trace_fold_packet(
    struct cli_trace_fold *, const struct cli_trace_event *);
void cli_trace_fold_carried(
    struct cli_trace_fold *, const struct cli_trace_event *);
/* "1,204 packets out (1.7 MB), 602 in, 2 lost; 380.1 ms"; for what there is no
 * room, in columns, the time is left out, and then bytes. */
enum { CLI_TRACE_FOLD = 200 };
void cli_trace_fold_text(
    const struct cli_trace_fold *, char out[CLI_TRACE_FOLD], size_t room);

#endif /* GW_CLI_TRACE_FOLD_H */
