/*
 * hook - a command for every transfer that was received: --exec CMD.
 *
 * A process that is forked before this one is confined runs them, so that they
 * may do what their user may.  CMD is given to /bin/sh -c as it is: names that
 * came from the other side are never part of it.  They are its standard input,
 * each ended by NUL and begun with ./, and it runs where they are.  Who sent
 * them, and how much, stands in its environment.
 *
 * Only so many run at a time, and each only for so long.  What goes wrong with
 * one is told, and changes nothing of the transfer.
 */
#ifndef GW_CLI_HOOK_H
#define GW_CLI_HOOK_H

#include "cli/report.h"

enum {
	CLI_HOOK_AT_ONCE = 4,
	CLI_HOOK_WAITING = 64,       /* that wait for one to end */
	CLI_HOOK_NAMES = 64 << 20,   /* bytes of names of one transfer */
	CLI_HOOK_MS = 10 * 60 * 1000 /* unless told otherwise */
};

struct cli_hook;

/* Fork that process; before any thread, and when no secret is in argv any
 * more.  `dir` is where the files go.  GW_E_*: told. */
GW_MUST_USE enum gw_err cli_hook_start(struct cli_report *, const char *command,
    const char *dir, uint32_t deadline_ms, struct cli_hook **);
/* Every event of the job; at COMPLETE its command begins, or waits. */
void cli_hook_event(
    struct cli_hook *, struct cli_report *, const struct gw_event *);
/* Readable when one has ended: take it, and tell what went wrong.  -1: the
 * process that runs them is gone. */
int cli_hook_fd(const struct cli_hook *);
void cli_hook_take(struct cli_hook *, struct cli_report *);
/* Has not every one ended? */
bool cli_hook_busy(const struct cli_hook *);
/* Those that are under way, and wait, go on without us. */
void cli_hook_free(struct cli_hook *);

#endif /* GW_CLI_HOOK_H */
