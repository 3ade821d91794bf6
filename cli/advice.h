/*
 * advice - what a person can do about an error.
 */
#ifndef GW_CLI_ADVICE_H
#define GW_CLI_ADVICE_H

#include "cli/report.h"

/* NULL: its reason says all. */
const char *cli_advice(const struct cli_report *, enum gw_err);
/* Can the same commands go on with what has arrived? */
bool cli_advice_goes_on(const struct cli_report *);

#endif /* GW_CLI_ADVICE_H */
