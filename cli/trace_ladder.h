/*
 * trace_ladder - a session as the ladder of the books: time goes down, this
 * side is on the left.
 *
 * Handshake, losses, repairs, full windows and the close have lines of their
 * own; what is alike is folded into one, so that the page stays short however
 * long the trace is.
 */
#ifndef GW_CLI_TRACE_LADDER_H
#define GW_CLI_TRACE_LADDER_H

#include "cli/style.h"
#include "cli/trace_study.h"

struct cli_trace_ladder_options {
	const struct cli_style *style; /* colours, characters, columns */
	bool all;                      /* fold nothing */
};

/* Read the trace once more, and draw the chosen session.  false: reader->wrong
 * says what is. */
bool cli_trace_ladder(const struct cli_trace_study *, struct cli_trace_reader *,
    const struct cli_trace_ladder_options *, FILE *out);

#endif /* GW_CLI_TRACE_LADDER_H */
