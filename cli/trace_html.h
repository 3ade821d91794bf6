/*
 * trace_html - the picture and the ladder of a session, as one page.
 */
#ifndef GW_CLI_TRACE_HTML_H
#define GW_CLI_TRACE_HTML_H

#include "cli/trace_study.h"

/* false: reader->wrong says what is. */
bool cli_trace_html(
    const struct cli_trace_study *, struct cli_trace_reader *, FILE *);

#endif /* GW_CLI_TRACE_HTML_H */
