/*
 * sockets_live - the watch on a terminal: a table that is drawn in place.
 */
#ifndef GW_CLI_SOCKETS_LIVE_H
#define GW_CLI_SOCKETS_LIVE_H

#include "cli/sockets.h"
#include "diag/socket_watch.h"

struct cli_sockets_live {
	struct cli_sockets *c;
	const char *how; /* changes are found out: for the first line */
	unsigned lines;  /* drawn, above the cursor */
	bool explains;   /* `latest` is a state to be explained, ... */
	bool of_session; /* ... of a session of godwit */
	enum gw_socket_state latest;
	const struct gw_history_entry **rows; /* room that is used again */
	size_t room;
};

/* Draw it over what was drawn last. */
void cli_sockets_live_draw(
    struct cli_sockets_live *, const struct gw_socket_watch *);
/* The terminal has another size: what was drawn may be broken. */
void cli_sockets_live_resize(struct cli_sockets_live *);
void cli_sockets_live_fini(struct cli_sockets_live *);

#endif /* GW_CLI_SOCKETS_LIVE_H */
