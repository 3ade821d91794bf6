/*
 * sandbox - give up what this run does not need, before any thread starts.
 */
#ifndef GW_CLI_SANDBOX_H
#define GW_CLI_SANDBOX_H

#include "cli/memory.h"
#include "cli/report.h"
#include "godwit.h"

/*
 * Start the helper for look-ups (into options->helper_fd) and confine this
 * process to its directories, the paths in `read`, and below `dir` (may be
 * NULL).  Without Landlock it warns and goes on.  On failure the person has
 * been told.
 */
GW_MUST_USE enum gw_err cli_sandbox_enter(struct cli_report *,
    struct gw_options *, const struct cli_list *read, const char *dir);

/* The same for a context that is plain: it gets no file at all, and the helper
 * only if it looks names up. */
GW_MUST_USE enum gw_err cli_sandbox_enter_plain(
    struct cli_report *, struct gw_options *, bool looks_up);

/* The same for one that reads a file (or NULL) again and again, also when an
 * editor has put another one in its place: it may read its directory.  With
 * `identity` it is not plain, and has the program's own directories. */
GW_MUST_USE enum gw_err cli_sandbox_enter_rules(
    struct cli_report *, struct gw_options *, const char *file, bool identity);

#endif /* GW_CLI_SANDBOX_H */
