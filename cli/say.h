/*
 * say - messages before a job runs, on standard error: "godwit: ...".
 *
 * What is said is made safe for a terminal.  While a job runs, its report
 * speaks instead, because it has a live line to care for.
 */
#ifndef GW_CLI_SAY_H
#define GW_CLI_SAY_H

void cli_say_error(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif /* GW_CLI_SAY_H */
