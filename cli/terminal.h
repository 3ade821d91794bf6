/*
 * terminal - where questions go and answers come from.
 */
#ifndef GW_CLI_TERMINAL_H
#define GW_CLI_TERMINAL_H

#include <stdbool.h>

#include "cli/secret.h"
#include "godwit.h"

struct cli_terminal {
	int in, out; /* -1: there is no terminal */
	int own;     /* /dev/tty, opened here; or -1 */
};

/*
 * Standard input and error if they are a terminal; /dev/tty for what is not,
 * but only if standard input is one or `input_is_data`: a program run from
 * another one without a terminal shall not find one by chance.
 */
void cli_terminal_open(struct cli_terminal *, bool input_is_data);
void cli_terminal_close(struct cli_terminal *);
bool cli_terminal_can_ask(const struct cli_terminal *);

/*
 * Ask for the code without showing it.  signal_fd ends the wait:
 * GW_E_INTERRUPTED.  GW_E_USAGE: nothing was typed, or it cannot be a code.
 */
GW_MUST_USE enum gw_err cli_terminal_ask_code(
    const struct cli_terminal *, int signal_fd, struct cli_secret *);

#endif /* GW_CLI_TERMINAL_H */
