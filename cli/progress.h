/*
 * progress - the live line: what has moved, how fast, how long still, what
 * limits it, which name.  Pure text; who shows it is screen.
 */
#ifndef GW_CLI_PROGRESS_H
#define GW_CLI_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "cli/style.h"
#include "godwit.h"

enum { CLI_STALL_MS = 10000 }; /* from here on it is said who stalls */

struct cli_progress {
	uint64_t bytes, bytes_total; /* total 0: not known */
	uint64_t files, files_total;
	uint64_t rate;
	int64_t eta_ms;   /* -1: not known */
	const char *name; /* raw bytes, or NULL */
	enum gw_limiter limiter;
	uint32_t stalled_ms;
	const char *peer; /* escaped, or NULL */
};

/*
 * One line of at most style->columns - 1 columns, so that no terminal wraps
 * it; what does not fit is left out, the least needed first.  New storage.
 */
char *cli_progress_line(const struct cli_progress *, const struct cli_style *);

/* "waiting for the disk of kitchen-pc": who keeps it from moving.  New
 * storage. */
char *cli_progress_stall(enum gw_limiter, const char *peer);

#endif /* GW_CLI_PROGRESS_H */
