/*
 * doctor_show - findings of the doctor for people and for scripts.
 */
#ifndef GW_CLI_DOCTOR_SHOW_H
#define GW_CLI_DOCTOR_SHOW_H

#include "cli/style.h"
#include "diag/finding.h"

struct cli_doctor_show_options {
	bool all;       /* what is well, too */
	unsigned width; /* columns to break sentences at; 0: do not */
};

/* What is worst first, on standard output; what is well in one line. */
void cli_doctor_show(const struct gw_findings *,
    const struct cli_doctor_show_options *, const struct cli_style *);

/* Its line without a newline, in new storage. */
char *cli_doctor_json(const struct gw_finding *);

#endif /* GW_CLI_DOCTOR_SHOW_H */
