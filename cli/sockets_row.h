/*
 * sockets_row - what is shown of one socket, as text; sockets_detail.c has
 * what stands below its row.
 */
#ifndef GW_CLI_SOCKETS_ROW_H
#define GW_CLI_SOCKETS_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "diag/names.h"
#include "diag/socket.h"
#include "diag/socket_history.h"

enum {
	CLI_SOCKETS_TEXT = 512, /* buffer for any text below */
	CLI_SOCKETS_TIME = 32
};

enum cli_sockets_column {
	CLI_COLUMN_PROTO,
	CLI_COLUMN_STATE,
	CLI_COLUMN_RECV_Q,
	CLI_COLUMN_SEND_Q,
	CLI_COLUMN_LOCAL,
	CLI_COLUMN_REMOTE,
	CLI_COLUMN_RTT,
	CLI_COLUMN_CWND,
	CLI_COLUMN_RETRANS,
	CLI_COLUMN_RATE,
	CLI_COLUMN_DROPS,
	CLI_COLUMN_PROCESS,
	CLI_COLUMNS /* how many */
};

/* The text of one cell, escaped; "" if there is nothing to say.  names: of
 * addresses, or NULL for numbers.  Returns its length in bytes. */
size_t cli_sockets_cell(char out[CLI_SOCKETS_TEXT], enum cli_sockets_column,
    const struct gw_socket *, const struct gw_names *);

/*
 * The n-th thing that is known beyond that: "rtt 0.03 ms", "cwnd 10", "timer
 * time-wait 42 s"; false: there are no more.  "" where this socket has none.
 */
bool cli_sockets_detail(
    char out[CLI_SOCKETS_TEXT], const struct gw_socket *, unsigned n);

/* "0.03 ms", "12 ms", "3.4 s", "2 min 7 s". */
const char *cli_sockets_time(char out[CLI_SOCKETS_TIME], gw_usec);

/* "4.3 Mbit/s", as those who look after networks count; gap: before the
 * unit. */
void cli_sockets_rate(
    char out[CLI_SOCKETS_TIME], uint64_t bytes, const char *gap);

/* An address alone, as people write it: "127.0.0.1", "::1". */
size_t cli_sockets_address(
    char out[CLI_SOCKETS_TEXT], const struct gw_socket_end *);

/*
 * The states that a connection went through up to a step, with the time spent
 * in each: "SYN_SENT 12 ms -> ESTABLISHED 3.4 s -> FIN_WAIT_2".  `now` is the
 * end of the last one, if its time is to be told too; else 0.  A time that
 * nobody saw begin has ">" before it, one that only lists tell of "~".
 */
void cli_sockets_path(char out[CLI_SOCKETS_TEXT],
    const struct gw_history_entry *, unsigned step, gw_usec now);

#endif /* GW_CLI_SOCKETS_ROW_H */
