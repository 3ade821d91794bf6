/*
 * stream - what `stream listen` and `stream connect` share: their options, and
 * one connection with standard input and output on it.
 */
#ifndef GW_CLI_STREAM_H
#define GW_CLI_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/common.h"
#include "cli/output.h"

enum { CLI_STREAM_PIECE = 1 << 16 };

extern const struct cli_option cli_stream_options[];

extern const struct cli_command cli_stream_listen_command,
    cli_stream_connect_command;

/* A run of either. */
struct cli_stream {
	struct cli_session s;
	struct cli_common *o; /* the first member of the command's settings */
	struct gw_connection *c;
	bool stopped; /* by a signal: its exit status is `status` */
	int status;

	/* standard input on its way out */
	char in[CLI_STREAM_PIECE];
	size_t in_start, in_end;
	bool in_over; /* its end, or nobody wants more of it */
	int in_error; /* errno: it could not be read */
	bool shut;    /* and told the other side */
	bool no_room; /* until WRITABLE */
	/* when to tell that the other side's window is full, if it stays so;
	 * 0: not; in ms */
	uint64_t blocked_until;
	bool open;      /* the handshake is complete */
	bool left;      /* this side has ended it */
	bool out_over;  /* the other side's end was read */
	bool out_ended; /* and standard output with it */
	bool closed;    /* CLOSED was told, with this: */
	enum gw_err err;
	struct cli_output out;
	uint64_t sent, received;
};

/* As cli_session_begin. */
bool cli_stream_begin(struct cli_stream *, const struct cli_command *,
    struct cli_start *, void *settings, int *status);
/* Whom it connects to (not given: this side waits, unless it is by the number
 * of the code), code, confinement, context.  On failure the person has been
 * told. */
GW_MUST_USE enum gw_err cli_stream_open(
    struct cli_stream *, struct cli_address *to);
/* What the options say of a connection. */
void cli_stream_link(const struct cli_stream *, struct gw_connection_options *);
/* Tell why, and return the exit status. */
int cli_stream_fail(struct cli_stream *, enum gw_err, const char *reason);
void cli_stream_end(struct cli_stream *);

/* Wait for signals, the library, and more that the pump asks for.  false: a
 * signal says to stop, and `status` is the exit status. */
bool cli_stream_wait(struct cli_stream *, bool standing);

/* Move bytes until the connection is over; returns the exit status.  The
 * connection stays, see cli_stream_linger. */
int cli_stream_pump(struct cli_stream *, bool standing);
/* Keep it until its state is CLOSED, or a signal comes; then close it. */
void cli_stream_linger(struct cli_stream *, bool standing);

#endif /* GW_CLI_STREAM_H */
