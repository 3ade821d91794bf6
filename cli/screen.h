/*
 * screen - standard error while a job runs: messages above, one live line
 * below, questions in between.
 */
#ifndef GW_CLI_SCREEN_H
#define GW_CLI_SCREEN_H

#include <stdbool.h>

#include "cli/progress.h"
#include "cli/style.h"

struct cli_screen {
	struct cli_style style;
	bool silent; /* nothing at all: events go to standard error */
	bool quiet;  /* only what must be known */
	bool verbose;
	bool live; /* may show a live line */
	bool line_shown;
	long long shown_ms;
	char *question; /* while one is open, or NULL */
};

/* Messages; each is one or more whole lines.  `error` and `warning` get
 * "godwit: " before them; `info` is left out when quiet, `detail` unless
 * verbose.  Raw names in it must be escaped already. */
void cli_screen_error(struct cli_screen *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cli_screen_warning(struct cli_screen *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cli_screen_info(struct cli_screen *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cli_screen_detail(struct cli_screen *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Show progress, at most ten times a second. */
void cli_screen_progress(struct cli_screen *, const struct cli_progress *);
/* Take the live line away. */
void cli_screen_clear(struct cli_screen *);
/* The terminal has another size. */
void cli_screen_resize(struct cli_screen *);

/* A question at the bottom until it is closed; messages go above it. */
void cli_screen_ask(struct cli_screen *, int fd, const char *question);
void cli_screen_ask_end(struct cli_screen *);

void cli_screen_fini(struct cli_screen *);

#endif /* GW_CLI_SCREEN_H */
