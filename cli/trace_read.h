/*
 * trace_read - a trace, line by line.
 *
 * Whoever wrote it is not trusted: lines, strings and frames are bounded, and
 * what is not as it should be is told with the number of its line.  Events
 * and fields that are not known are passed over, as later versions add some.
 */
#ifndef GW_CLI_TRACE_READ_H
#define GW_CLI_TRACE_READ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum cli_trace_kind {
	CLI_TRACE_OTHER, /* nothing that is known here */
	CLI_TRACE_BEGAN, /* the trace */
	CLI_TRACE_STARTED,
	CLI_TRACE_ADDRESS,
	CLI_TRACE_OPENED,
	CLI_TRACE_SENT,
	CLI_TRACE_RECEIVED,
	CLI_TRACE_LOST,
	CLI_TRACE_FOUND,
	CLI_TRACE_UNDONE,
	CLI_TRACE_TIMER,
	CLI_TRACE_METRICS,
	CLI_TRACE_CONGESTION,
	CLI_TRACE_PERSISTENT,
	CLI_TRACE_STATE,
	CLI_TRACE_PATH,
	CLI_TRACE_ECN,
	CLI_TRACE_MTU,
	CLI_TRACE_KEY,
	CLI_TRACE_ILLEGAL,
	CLI_TRACE_CLOSED,
	CLI_TRACE_DROPPED,
	CLI_TRACE_ENDED, /* the trace */
	CLI_TRACE_KINDS
};

enum {
	CLI_TRACE_LINE = 1 << 16, /* bytes of a line */
	CLI_TRACE_TEXT = 160,     /* of a string, cut */
	CLI_TRACE_FRAMES = 16,
	CLI_TRACE_RANGES = 4, /* of an ACK: the newest */
	CLI_TRACE_STREAMS = 64
};

enum cli_trace_frame_type {
	CLI_TRACE_FRAME_OTHER,
	CLI_TRACE_FRAME_ACK,
	CLI_TRACE_FRAME_STREAM,
	CLI_TRACE_FRAME_WINDOW,
	CLI_TRACE_FRAME_SESSION_WINDOW,
	CLI_TRACE_FRAME_BLOCKED,
	CLI_TRACE_FRAME_SESSION_BLOCKED,
	CLI_TRACE_FRAME_PING,
	CLI_TRACE_FRAME_PADDING,
	CLI_TRACE_FRAME_FREQUENCY,
	CLI_TRACE_FRAME_FIN,
	CLI_TRACE_FRAME_TYPES
};

struct cli_trace_frame {
	enum cli_trace_frame_type type;
	char name[24]; /* "path_challenge" */
	uint64_t stream, offset, length, limit;
	bool fin, again;
	struct {
		uint64_t first, last;
	} ranges[CLI_TRACE_RANGES];
	unsigned range_count;
	bool more_ranges;
};

/* What an event does not have is 0 or "". */
struct cli_trace_event {
	enum cli_trace_kind kind;
	uint64_t t; /* us since the trace began */
	uint64_t session;
	bool has_session;
	/* what the kind says:
	 * BEGAN: program, time; STARTED: carrier, role, name; ADDRESS:
	 * remote; OPENED: peer, cipher; SENT, RECEIVED: type; STATE: was, is;
	 * CONGESTION: algorithm in a; TIMER: type in a; CLOSED: error,
	 * reason; ILLEGAL: what */
	char a[CLI_TRACE_TEXT], b[CLI_TRACE_TEXT], c[CLI_TRACE_TEXT];
	uint64_t number; /* of a packet; a count; MTU: the new one */
	uint64_t length;
	bool has_number, again;
	bool mtu_probe; /* LOST: it was too large for the path */
	struct cli_trace_frame frames[CLI_TRACE_FRAMES];
	unsigned frame_count;
	/* METRICS: us, bytes, bits a second */
	uint64_t srtt, rtt, min_rtt, window, in_flight, pacing, delivery;
	uint64_t carried; /* bytes, by the carrier: of tcp alone */
};

struct cli_trace_reader {
	FILE *file;
	uint64_t line; /* number of the last one read */
	uint64_t last_t;
	char *text;
	char wrong[200]; /* what is, with cli_trace_next false */
};

/* The file stays the caller's; it is read from where it stands. */
void cli_trace_reader_init(struct cli_trace_reader *, FILE *);
void cli_trace_reader_fini(struct cli_trace_reader *);
/* From the start again. */
void cli_trace_reader_rewind(struct cli_trace_reader *);
/* false: the end, or with `wrong` not "", a mistake.  A last line that was
 * cut off counts as the end. */
bool cli_trace_next(struct cli_trace_reader *, struct cli_trace_event *);

#endif /* GW_CLI_TRACE_READ_H */
