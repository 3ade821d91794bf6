/*
 * job - one gw_send or gw_recv of the program, from start to exit status.
 */
#ifndef GW_CLI_JOB_H
#define GW_CLI_JOB_H

#include <stdbool.h>

#include "cli/ask.h"
#include "cli/hook.h"
#include "cli/report.h"
#include "godwit.h"

struct cli_job {
	struct gw *gw;
	struct gw_job *job;
	struct cli_report *report;
	struct cli_ask ask;
	struct cli_hook *hook; /* --exec; or NULL */
	int signal_fd;
	bool standing; /* a recv that goes on after a transfer */
	bool connected;
	bool terminated; /* by SIGTERM or SIGHUP */
	unsigned interrupts;
};

/* Run the job to its END; the exit status of the program. */
int cli_job_run(struct cli_job *);

#endif /* GW_CLI_JOB_H */
