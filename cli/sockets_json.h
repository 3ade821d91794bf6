/*
 * sockets_json - sockets and their changes as JSON, one object a line;
 * godwit-sockets(1) "JSON".  All in new storage, without the newline.
 */
#ifndef GW_CLI_SOCKETS_JSON_H
#define GW_CLI_SOCKETS_JSON_H

#include "diag/names.h"
#include "diag/socket_history.h"

struct cli_sockets_json_options {
	const struct gw_names *names; /* NULL: numbers only */
	bool processes;
	/* All that have the socket open; NULL: only socket.owner is known. */
	const struct gw_socket_owner *owners;
	size_t owner_count;
};

/* Event "socket". */
char *cli_sockets_json(
    const struct gw_socket *, const struct cli_sockets_json_options *);
/* Event "change": step number `step` of the entry.  wall: what to add to its
 * times to have microseconds since 1970. */
char *cli_sockets_json_change(const struct gw_history_entry *, unsigned step,
    uint64_t wall, const struct cli_sockets_json_options *);
/* Event "explain". */
char *cli_sockets_json_meaning(enum gw_socket_state);

#endif /* GW_CLI_SOCKETS_JSON_H */
