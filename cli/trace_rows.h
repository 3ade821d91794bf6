/*
 * trace_rows - the lines of a ladder: time, state, and what goes across
 * between two bars.
 */
#ifndef GW_CLI_TRACE_ROWS_H
#define GW_CLI_TRACE_ROWS_H

#include <stdint.h>
#include <stdio.h>

#include "cli/style.h"
#include "cli/trace_read.h"

enum { CLI_TRACE_STATE_COLUMNS = 13 };

struct cli_trace_rows {
	FILE *out;
	const struct cli_style *style;
	unsigned lane;   /* columns between the bars */
	uint64_t start;  /* us that are 0 here */
	bool in_seconds; /* else in milliseconds */
};

enum cli_trace_look {
	CLI_TRACE_PLAIN,
	CLI_TRACE_BOLD,
	CLI_TRACE_DIM,
	CLI_TRACE_BAD,   /* lost */
	CLI_TRACE_MENDED /* sent again */
};

enum cli_trace_how {
	CLI_TRACE_NO_LINE,
	CLI_TRACE_ARROW_LINE, /* to the right (out), or to the left */
	CLI_TRACE_NOTE_LINE,  /* words between the bars */
	CLI_TRACE_FOLD_LINE   /* the same, of what was folded */
};

/* One line, before it is written. */
struct cli_trace_line {
	enum cli_trace_how how;
	uint64_t t;
	char state[CLI_TRACE_TEXT]; /* that begins here; or "" */
	char text[3 * CLI_TRACE_TEXT];
	enum cli_trace_look look;
	bool out, ends; /* an arrow: its way; it gets there */
};

void cli_trace_rows_init(struct cli_trace_rows *, FILE *,
    const struct cli_style *, uint64_t start, uint64_t end);
/* Who is who, above the bars. */
void cli_trace_rows_heads(
    const struct cli_trace_rows *, const char *here, const char *there);
/* Columns that the label of an arrow has. */
size_t cli_trace_rows_room(const struct cli_trace_rows *, bool ends);
/* And the words of what was folded. */
size_t cli_trace_rows_fold_room(const struct cli_trace_rows *);
/* Write it; it is none any more. */
void cli_trace_line_put(const struct cli_trace_rows *, struct cli_trace_line *);

#endif /* GW_CLI_TRACE_ROWS_H */
