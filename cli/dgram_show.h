/*
 * dgram_show - a datagram on its way to a person, a pipe or a program.
 */
#ifndef GW_CLI_DGRAM_SHOW_H
#define GW_CLI_DGRAM_SHOW_H

#include <stddef.h>
#include <stdint.h>

#include "cli/dgram.h"

/* Which request a datagram answers, counted from 1, and how long after it. */
struct cli_dgram_answer {
	uint64_t request, usec;
};

/* Onto standard output, in the way that was chosen; answer may be NULL. */
void cli_dgram_show(struct cli_dgram *, const struct gw_arrival *,
    const struct cli_dgram_answer *);

/*
 * Any bytes as text that a terminal shows: \n, \r, \t, \xHH and \u{HHHH}, a
 * backslash as \x5c; more than three NULs at the end as \x00{number}.  New
 * storage.
 */
char *cli_dgram_payload(const void *, size_t);
/* Lines as xxd prints them; new storage, "" for none. */
char *cli_dgram_hexdump(const void *, size_t);
/* "0.31 ms", "12 ms", "3.2 s". */
enum { CLI_DGRAM_MS_TEXT = 32 };
const char *cli_dgram_ms(char out[CLI_DGRAM_MS_TEXT], uint64_t usec);

#endif /* GW_CLI_DGRAM_SHOW_H */
