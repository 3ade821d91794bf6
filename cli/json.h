/*
 * json - events for programs: one object a line, godwit(1) "JSON EVENTS".
 */
#ifndef GW_CLI_JSON_H
#define GW_CLI_JSON_H

#include "godwit.h"

/* The line without its newline, in new storage; NULL for events that are
 * not told (CONFLICT, END). */
char *cli_json_event(const struct gw_event *);
/* A leftover as `godwit partials --json` shows it; new storage. */
char *cli_json_partial(const struct gw_partial *);
/* A device as `godwit devices --json` shows it; new storage. */
char *cli_json_device(const struct gw_device *);
/* An "error" of the program itself; reason may be NULL. */
char *cli_json_error(enum gw_err, const char *reason);
/* A "notice" of the program itself. */
char *cli_json_notice(const char *text);

#endif /* GW_CLI_JSON_H */
