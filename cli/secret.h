/*
 * secret - the code on its way into the library: kept in one place, gone from
 * everywhere else at once, wiped after use.
 */
#ifndef GW_CLI_SECRET_H
#define GW_CLI_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "godwit.h"

enum { CLI_SECRET_MAX = 255 };

struct cli_secret {
	char text[CLI_SECRET_MAX + 1]; /* "" if there is none */
	bool given; /* an option named one; text "-": to be found elsewhere */
	bool shown; /* it stood on the command line: no harm in showing it */
};

/*
 * Take the code from a string (of argv, or of the environment) and overwrite
 * it there.  NULL, or what is wrong with it.
 */
const char *cli_secret_take(struct cli_secret *, char *from);

/* Take GODWIT_CODE out of the environment.  First thing in main, before any
 * child: *out is empty if there was none. */
void cli_secret_from_environment(struct cli_secret *out);

/* The first line of a file, or of standard input ("-").  GW_E_USAGE,
 * GW_E_DISK: the person has been told. */
GW_MUST_USE enum gw_err cli_secret_from_file(
    struct cli_secret *, const char *path);

/* Why this code may not be used, or NULL: only what is not NUMBER-WORDS can
 * be too short. */
const char *cli_secret_check(const struct cli_secret *);

void cli_secret_wipe(struct cli_secret *);

#endif /* GW_CLI_SECRET_H */
