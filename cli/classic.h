/*
 * classic - `send --classic` and `recv --classic`: what is asked of the
 * library, and what is told of it.
 */
#ifndef GW_CLI_CLASSIC_H
#define GW_CLI_CLASSIC_H

#include "cli/common.h"

/* Settings of both; a member of each command's own. */
struct cli_classic {
	bool on;
	const char *reply;
	bool no_reply;     /* send */
	bool keep_partial; /* recv */
	uint64_t max_size; /* recv */
};

/* Without --classic: does an option stand on the command line that needs it?
 * Then the person has been told. */
GW_MUST_USE enum gw_err cli_classic_only(const struct cli_session *);

struct cli_classic_send {
	struct cli_common *common;
	const struct cli_classic *classic;
	const struct cli_address *to;
	const char *name;
};
/* After cli_session_begin, in place of all that send does; the caller ends
 * the session.  Returns the exit status. */
int cli_classic_send(struct cli_session *, const struct cli_classic_send *);

struct cli_classic_recv {
	struct cli_common *common;
	const struct cli_classic *classic;
	const char *dir; /* NULL: the working directory */
	const struct cli_conflict *on_conflict;
	bool once;
};
int cli_classic_recv(struct cli_session *, const struct cli_classic_recv *);

/* ---- classic_check.c: for the other two ---- */

/* What is typed and has no meaning here, or does not fit; on GW_E_USAGE the
 * person has been told.  `senseless` ends with NULL. */
GW_MUST_USE enum gw_err cli_classic_check(const struct cli_session *,
    const struct cli_common *, const struct cli_classic *,
    const char *const *senseless);

/* ---- classic_report.c ---- */

/* Tell an event in the words of this protocol; false: the usual ones do. */
bool cli_classic_tell(struct cli_report *, const struct gw_event *);

#endif /* GW_CLI_CLASSIC_H */
