/*
 * trace_study - what must be known of a trace before it can be drawn: its
 * sessions, which of them is drawn, and what became of its packets.
 */
#ifndef GW_CLI_TRACE_STUDY_H
#define GW_CLI_TRACE_STUDY_H

#include "cli/trace_read.h"

enum {
	CLI_TRACE_SESSIONS = 64, /* that are told apart; others are counted */
	CLI_TRACE_LOSSES =
	    1 << 18 /* that are remembered; further ones are only counted */
};

/* Direction of data: what this side sends, and what comes. */
enum { CLI_TRACE_OUT, CLI_TRACE_IN };

struct cli_trace_session {
	uint64_t id;
	char carrier[16], role[16], name[CLI_TRACE_TEXT];
	char remote[CLI_TRACE_TEXT], peer[CLI_TRACE_TEXT];
	char cipher[CLI_TRACE_TEXT];
	char error[CLI_TRACE_TEXT], reason[CLI_TRACE_TEXT]; /* of its end */
	uint64_t first, last; /* us of its events */
	uint64_t events;
	uint64_t packets[2], bytes[2];
	uint64_t lost, found;
	uint64_t carried;       /* bytes, by tcp; 0: on udp */
	uint64_t min_rtt, srtt; /* the last that were told */
	/* New bytes of each stream, in each direction. */
	uint64_t ends[2][CLI_TRACE_STREAMS];
};

struct cli_trace_loss {
	uint64_t number;
	uint16_t session; /* index */
	bool found;       /* it had arrived */
};

struct cli_trace_study {
	struct cli_trace_event began; /* of the trace */
	struct cli_trace_session *sessions;
	unsigned count;
	bool more; /* sessions than these */
	uint64_t dropped;
	bool ended; /* its last line is there */
	unsigned chosen;

	struct cli_trace_loss *losses;
	size_t loss_count;
};

/* Read it all; false: reader->wrong says what is.  Either way it is to be
 * freed. */
bool cli_trace_study(struct cli_trace_study *, struct cli_trace_reader *);
void cli_trace_study_fini(struct cli_trace_study *);
/* By its number, from 1; 0: the one with the most events.  false: no such. */
bool cli_trace_study_choose(struct cli_trace_study *, unsigned number);
const struct cli_trace_session *cli_trace_chosen(
    const struct cli_trace_study *);
/* After choosing: was this packet of it lost, for all that is known? */
bool cli_trace_was_lost(const struct cli_trace_study *, uint64_t number);
/* The direction and stream that carried the most; false: none carried any. */
bool cli_trace_main_stream(
    const struct cli_trace_session *, unsigned *direction, unsigned *stream);

#endif /* GW_CLI_TRACE_STUDY_H */
