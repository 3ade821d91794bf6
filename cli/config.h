/*
 * config - $XDG_CONFIG_HOME/godwit/config: lines of `key = value`.
 *
 * A key is the long name of an option, alone or after "send." or "recv." for
 * that command only; `#` begins a comment line.  A value runs to the end of
 * the line and needs no quotes; `~/` at its start is the home directory.
 */
#ifndef GW_CLI_CONFIG_H
#define GW_CLI_CONFIG_H

#include <stddef.h>

#include "godwit.h"

struct cli_config_line {
	char *command; /* NULL: every command */
	char *key, *value;
	unsigned number;
};

struct cli_config {
	char *path;
	struct cli_config_line *lines;
	size_t count;
	const char *wrong; /* of cli_config_parse: what, static storage */
	unsigned wrong_line;
};

/* Read the user's file; one that is not there is an empty one.  GW_E_USAGE,
 * GW_E_DISK: the person has been told. */
GW_MUST_USE enum gw_err cli_config_load(struct cli_config *);
/* Parse text, which is changed.  GW_E_USAGE: see `wrong`. */
GW_MUST_USE enum gw_err cli_config_parse(struct cli_config *, char *text);
void cli_config_fini(struct cli_config *);

#endif /* GW_CLI_CONFIG_H */
