/*
 * sockets - godwit sockets: what its files share.
 *
 * sockets.c has the command and the list, sockets_watch the watch: on a
 * terminal drawn by sockets_live, else a line a change.
 */
#ifndef GW_CLI_SOCKETS_H
#define GW_CLI_SOCKETS_H

#include "cli/common.h"
#include "diag/names.h"
#include "diag/socket_filter.h"

struct cli_sockets_settings {
	bool watch, explain, json, names, processes, details, verbose;
};

struct cli_sockets {
	struct cli_sockets_settings o;
	struct gw_socket_filter filter;
	struct cli_style style; /* of standard output */
	struct gw_names *names; /* NULL: numbers */
	bool listed;            /* something was there */
};

/* How wide text on standard output may be: at least 1. */
unsigned cli_sockets_width(const struct cli_sockets *);

/* Follow them until a signal; GW_E_INTERRUPTED: it was Ctrl-C.  On failure
 * the person has been told. */
GW_MUST_USE enum gw_err cli_sockets_watch(struct cli_sockets *);

#endif /* GW_CLI_SOCKETS_H */
