/*
 * trace_svg - a session over time as a picture that needs nothing else: no
 * script, no font, no other file.  It follows the reader's light or dark.
 */
#ifndef GW_CLI_TRACE_SVG_H
#define GW_CLI_TRACE_SVG_H

#include "cli/trace_chart.h"

/* The picture; to stand alone, or amid HTML. */
void cli_trace_svg(
    const struct cli_trace_study *, const struct cli_trace_chart *, FILE *);
/* A whole file.  false: reader->wrong says what is. */
bool cli_trace_svg_page(
    const struct cli_trace_study *, struct cli_trace_reader *, FILE *);

#endif /* GW_CLI_TRACE_SVG_H */
