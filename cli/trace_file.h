/*
 * trace_file - the FILE of --trace, from its name to its end.
 *
 * It is opened before the program confines itself, and written by a thread
 * that starts after that.
 */
#ifndef GW_CLI_TRACE_FILE_H
#define GW_CLI_TRACE_FILE_H

#include "cli/report.h"
#include "godwit.h"

struct cli_trace_file {
	const char *path; /* NULL: none is wanted */
	int fd;           /* between open and start */
	struct gw_trace_log *log;
};

/* Make it, for the user alone, or empty a trace that was there; anything else
 * that is there stays.  On failure the person has been told. */
GW_MUST_USE enum gw_err cli_trace_file_open(
    struct cli_trace_file *, struct cli_report *);
/* From here on it is written. */
GW_MUST_USE enum gw_err cli_trace_file_start(
    struct cli_trace_file *, struct cli_report *);
/* After gw_close.  Says it when something is missing in it. */
void cli_trace_file_end(struct cli_trace_file *, struct cli_report *);

#endif /* GW_CLI_TRACE_FILE_H */
