/*
 * options - one table a command says what it understands; the command line,
 * the environment, the configuration file and --help all read that table.
 *
 * Flags go over the environment (GODWIT_LIMIT_RATE for --limit-rate), that
 * over the configuration file.
 */
#ifndef GW_CLI_OPTIONS_H
#define GW_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/config.h"
#include "godwit.h"

/* Also from environment and configuration. */
enum { CLI_OPTION_CONFIG = 1 };

struct cli_option {
	const char *name;  /* without dashes; NULL: a heading in the help */
	const char *value; /* stands for the argument; NULL: a switch */
	const char *help;  /* NULL: the table ends here */
	/* Set the field from text (a switch: "yes" or "no"); NULL, or what is
	 * wrong with it. */
	const char *(*parse)(char *text, void *field);
	size_t field; /* offset in the command's settings */
	unsigned flags;
	char letter; /* 0: none */
};

struct cli_start;

struct cli_command {
	const char *name, *alias;
	/* Of a part such as "dgram listen": the command that it is a part
	 * of, which is also its man page and its name in the configuration;
	 * NULL: itself. */
	const char *group;
	const char *summary;
	const char *usage; /* what follows "godwit "; lines end with \n */
	const char *about;
	const char *examples;
	/* Both tables have at most 32 rows. */
	const struct cli_option *options, *shared;
	int (*main)(const struct cli_command *, struct cli_start *);
	/* Or it has parts, up to NULL, and nothing of its own but words. */
	const struct cli_command *const *parts;
};

struct cli_args {
	int argc; /* without the name of the command */
	char **argv;
	char **operands; /* room for argc; set in order */
	size_t operand_count;
	bool help;      /* --help was there: nothing else counts */
	uint64_t typed; /* rows of the command line alone */
	uint64_t seen;  /* and of the environment */
};

/*
 * Parse the command line, then the environment, then `config` (may be NULL)
 * into the settings.  On GW_E_USAGE the person has been told.
 */
GW_MUST_USE enum gw_err cli_options_parse(const struct cli_command *,
    struct cli_args *, const struct cli_config *, void *settings);

/* Did this option stand on the command line?  A contradiction is a mistake
 * only there: what the configuration says in general gives way. */
bool cli_options_typed(
    const struct cli_command *, const struct cli_args *, const char *name);

/* The page of --help, for standard output. */
void cli_options_help(const struct cli_command *);

/* The name of its man page, and of its lines in the configuration. */
const char *cli_options_group(const struct cli_command *);

/* "godwit: ..." and where to read more, on standard error; GW_E_USAGE. */
enum gw_err cli_usage_error(const struct cli_command *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* GW_CLI_OPTIONS_H */
