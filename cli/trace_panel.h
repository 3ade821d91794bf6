/*
 * trace_panel - one diagram over time, in SVG: its frame, its axes, and the
 * names of what is drawn in it.
 */
#ifndef GW_CLI_TRACE_PANEL_H
#define GW_CLI_TRACE_PANEL_H

#include "cli/trace_axis.h"
#include "cli/trace_chart.h"

/* Where diagrams stand on the page. */
enum {
	CLI_TRACE_LEFT = 84,
	CLI_TRACE_PLOT = 2 * CLI_TRACE_BINS /* columns of 2 */
};

struct cli_trace_page {
	FILE *out;
	const struct cli_trace_chart *c;
};

struct cli_trace_panel {
	int y, height;
	const char *title;
	enum cli_trace_unit unit;
	double most; /* of its values; a little more is at its top */
};

/* Text as XML and HTML take it. */
void cli_trace_escape(FILE *, const char *);

double cli_trace_x(const struct cli_trace_page *, uint64_t t);
double cli_trace_bin_x(unsigned bin);
double cli_trace_y(const struct cli_trace_panel *, uint64_t value);

/* Frame, axes, title; `last`: times stand below it. */
void cli_trace_panel_begin(
    const struct cli_trace_page *, struct cli_trace_panel *, bool last);
/* Class and name of all that is drawn, up to the right; ends with NULL. */
void cli_trace_legend(const struct cli_trace_page *,
    const struct cli_trace_panel *, const char *const (*entries)[2]);
/* A line through the bins that have such a value. */
void cli_trace_line(const struct cli_trace_page *,
    const struct cli_trace_panel *, const char *class,
    bool (*value)(const struct cli_trace_bin *, uint64_t *));

#endif /* GW_CLI_TRACE_PANEL_H */
