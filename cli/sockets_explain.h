/*
 * sockets_explain - what the states mean, in plain sentences.
 */
#ifndef GW_CLI_SOCKETS_EXPLAIN_H
#define GW_CLI_SOCKETS_EXPLAIN_H

#include "diag/socket.h"

struct cli_sockets_meaning {
	const char *meaning; /* what it is */
	const char *next;    /* what has to happen next; NULL: nothing may */
	const char *stays;   /* what it means if it stays so; or NULL */
	const char *session; /* what is different for a session of godwit over
				UDP; or NULL */
};

/* Of a state, or of GW_SOCKET_GONE. */
const struct cli_sockets_meaning *cli_sockets_meaning(enum gw_socket_state);

/* Print the sentences of a set of states to standard output, `width` columns
 * wide; sessions: those that a session is in. */
void cli_sockets_explain(uint32_t states, uint32_t sessions, unsigned width);

/* One after the other, broken into lines of at most `width` columns, with
 * `indent` before each; new storage.  Ends without a newline. */
char *cli_sockets_sentences(
    enum gw_socket_state, bool session, unsigned indent, unsigned width);

#endif /* GW_CLI_SOCKETS_EXPLAIN_H */
