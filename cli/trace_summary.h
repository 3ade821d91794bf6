/*
 * trace_summary - a session in a few lines, before and after its ladder.
 */
#ifndef GW_CLI_TRACE_SUMMARY_H
#define GW_CLI_TRACE_SUMMARY_H

#include "cli/style.h"
#include "cli/trace_study.h"

enum { CLI_TRACE_TITLE = 3 * CLI_TRACE_TEXT };

/* "udp session with attic (10.0.0.2:4639), 2026-11-26 15:12:13 UTC, 0.46 s" */
void cli_trace_title(const struct cli_trace_study *, char out[CLI_TRACE_TITLE]);
/* "sent 224 packets, 3.1 MB" and so on, until false. */
bool cli_trace_fact(
    const struct cli_trace_study *, unsigned n, char out[CLI_TRACE_TITLE]);

void cli_trace_summary(
    const struct cli_trace_study *, const struct cli_style *, FILE *);
void cli_trace_summary_end(
    const struct cli_trace_study *, const struct cli_style *, FILE *);

#endif /* GW_CLI_TRACE_SUMMARY_H */
