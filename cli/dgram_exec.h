/*
 * dgram_exec - answers that commands make: exec:CMD of `godwit dgram listen`.
 *
 * Each datagram is the standard input of one /bin/sh -c CMD; what that prints
 * is the answer, if it exits with 0.  Who asked stands in its environment,
 * never in the text of the command.  Only so many run at a time; more wait,
 * and what does not fit among those that wait is refused.
 */
#ifndef GW_CLI_DGRAM_EXEC_H
#define GW_CLI_DGRAM_EXEC_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "godwit.h"

enum {
	CLI_EXEC_AT_ONCE = 16, /* commands that run */
	CLI_EXEC_WAITING = 64, /* requests that wait for one to end */
	CLI_EXEC_FDS = 2 * CLI_EXEC_AT_ONCE
};

struct cli_exec;

struct cli_exec *cli_exec_new(const char *command, uint32_t deadline_ms);
/* Ends what runs. */
void cli_exec_free(struct cli_exec *);

/* Take a request; false: too many wait. */
bool cli_exec_add(struct cli_exec *, const struct gw_arrival *);
/* Does anything run? */
bool cli_exec_busy(const struct cli_exec *);
/* What to wait for; returns how many of fds[CLI_EXEC_FDS] are set.  *until is
 * lowered to the next deadline. */
size_t cli_exec_poll(
    const struct cli_exec *, struct pollfd *fds, uint64_t *until);
/* After that wait: read, reap, end what is late, start what waits. */
void cli_exec_step(struct cli_exec *);

struct cli_exec_outcome {
	struct gw_arrival arrival; /* its data is gone */
	const void *data;          /* lent until the next call */
	size_t size;
	char failed[64]; /* why there is no answer; "": there is one */
};
bool cli_exec_next(struct cli_exec *, struct cli_exec_outcome *);

#endif /* GW_CLI_DGRAM_EXEC_H */
