/*
 * commands - the table of commands; one file each.
 */
#ifndef GW_CLI_COMMANDS_H
#define GW_CLI_COMMANDS_H

#include "cli/common.h"

extern const struct cli_command cli_send_command, cli_recv_command,
    cli_dgram_command, cli_forward_command, cli_stream_command,
    cli_devices_command, cli_pair_command, cli_partials_command,
    cli_sockets_command, cli_trace_command, cli_doctor_command,
    cli_peers_command, cli_relay_command, cli_serve_command;

/* The n-th of those that can be run, parts each for itself; or NULL. */
const struct cli_command *cli_commands_at(size_t n);

/* Is every key of the file an option of some command?  GW_E_USAGE: the
 * person has been told. */
GW_MUST_USE enum gw_err cli_commands_check_config(const struct cli_config *);

/* The program: everything after main's first line. */
int cli_commands_run(int argc, char **argv);

#endif /* GW_CLI_COMMANDS_H */
