/*
 * session_rows - godwit's sessions over UDP, as rows beside the kernel's.
 *
 * Their processes show them (os/session_files); what those say counts only
 * as long as the kernel knows the very socket that it is about, in this
 * network namespace and of the same user.
 */
#ifndef GW_DIAG_SESSION_ROWS_H
#define GW_DIAG_SESSION_ROWS_H

#include "diag/sock_diag.h"
#include "diag/socket_history.h"

struct gw_session_row {
	struct gw_socket socket;
	/* The states that it was in, with their times; a listener has none. */
	struct gw_history_step steps[GW_HISTORY_STEPS];
	unsigned step_count;
};

struct gw_session_rows;

/* GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_session_rows_new(struct gw_session_rows **);
void gw_session_rows_free(struct gw_session_rows *);
/* Readable when a process begins to show something; -1: that is not told. */
int gw_session_rows_fd(const struct gw_session_rows *);
/* Did one, since the last time that was asked? */
bool gw_session_rows_told(struct gw_session_rows *);

/*
 * Find all that there are, in place of what was found before.  What has ended
 * since the last time is among them once more, and so is what ended a moment
 * ago: state CLOSED.  Fails as gw_sock_diag_list does.
 */
GW_MUST_USE enum gw_err gw_session_rows_look(
    struct gw_session_rows *, struct gw_sock_diag *, struct gw_why *);
/* The i-th; NULL: there are no more.  Valid until the next look. */
const struct gw_session_row *gw_session_rows_at(
    const struct gw_session_rows *, size_t i);

#endif /* GW_DIAG_SESSION_ROWS_H */
