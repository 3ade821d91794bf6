/*
 * sockets_table - a list of sockets in columns that fit.
 */
#ifndef GW_CLI_SOCKETS_TABLE_H
#define GW_CLI_SOCKETS_TABLE_H

#include "cli/sockets_row.h"
#include "cli/style.h"

struct cli_sockets_table_options {
	const struct gw_names *names; /* NULL: numbers */
	bool processes;               /* a column for them */
	bool details;                 /* further lines under each row */
	/* At most so wide, the least needed columns left out; 0: all columns,
	 * as wide as they are. */
	unsigned width;
};

/*
 * Print it to standard output.  Without a width an empty cell is "-", so that
 * every row has the same number of words.
 */
void cli_sockets_table(const struct gw_socket *, size_t count,
    const struct cli_sockets_table_options *, const struct cli_style *);

/* The start of the look of a state: "" where colour is off. */
const char *cli_sockets_look(const struct cli_style *, enum gw_socket_state);

#endif /* GW_CLI_SOCKETS_TABLE_H */
