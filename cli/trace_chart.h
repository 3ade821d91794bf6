/*
 * trace_chart - a session over time, in as many steps as a picture has room
 * for: whatever the trace is long, this is not.
 */
#ifndef GW_CLI_TRACE_CHART_H
#define GW_CLI_TRACE_CHART_H

#include "cli/trace_study.h"

enum {
	CLI_TRACE_BINS = 432,
	CLI_TRACE_BIN_MARKS =
	    3, /* losses, and repairs, of a bin, that are marked */
	CLI_TRACE_MARKS = 2 * CLI_TRACE_BIN_MARKS * CLI_TRACE_BINS,
	CLI_TRACE_SPANS = 32 /* states that are shown */
};

/* What was within one step of time.  Without `any` of it a field is 0. */
struct cli_trace_bin {
	bool data, rtts, metrics, acks;
	uint64_t low, high;               /* bytes of the main stream */
	uint64_t acked;                   /* of it, the furthest */
	uint64_t rtt_low, rtt_high, srtt; /* us */
	uint64_t window, in_flight;       /* bytes: last, most */
	uint64_t delivery;                /* bits a second, last */
	uint64_t bytes;                   /* of packets, in its direction */
	uint8_t marks[2];                 /* lost, again */
};

struct cli_trace_mark {
	uint64_t t, at; /* us, byte of the main stream */
	bool again;     /* or late; else lost */
};

struct cli_trace_span {
	uint64_t from;
	char state[CLI_TRACE_TEXT];
};

struct cli_trace_chart {
	uint64_t from, to; /* us */
	bool has_stream;
	unsigned direction, stream;
	struct cli_trace_bin bins[CLI_TRACE_BINS];
	struct cli_trace_mark marks[CLI_TRACE_MARKS];
	unsigned mark_count;
	struct cli_trace_span spans[CLI_TRACE_SPANS];
	unsigned span_count;
	/* while it is made */
	struct cli_trace_sent *sent;
	uint64_t acked, high; /* as far as data went, and came */
};

/* Read the trace once more, for the chosen session; free() it.  NULL:
 * reader->wrong says what is. */
struct cli_trace_chart *cli_trace_chart(
    const struct cli_trace_study *, struct cli_trace_reader *);

#endif /* GW_CLI_TRACE_CHART_H */
