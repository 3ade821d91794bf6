/*
 * ask - questions about an offer or a taken name, and what was answered.
 *
 * A question stays open while the job goes on; the loop calls cli_ask_input
 * when the terminal has a line.
 */
#ifndef GW_CLI_ASK_H
#define GW_CLI_ASK_H

#include <stdbool.h>

#include "cli/report.h"
#include "cli/terminal.h"
#include "godwit.h"

enum cli_question { CLI_ASK_NOTHING, CLI_ASK_OFFER, CLI_ASK_CONFLICT };

struct cli_ask {
	struct cli_terminal terminal;
	enum cli_question open;
};

/* An OFFER that needs an answer, or a CONFLICT: ask; where there is nobody to
 * ask, refuse the offer and rename. */
void cli_ask_open(struct cli_ask *, struct cli_report *,
    const struct gw_event *, struct gw_job *);
/* The terminal can be read. */
void cli_ask_input(struct cli_ask *, struct cli_report *, struct gw_job *);
/* What was asked for is over. */
void cli_ask_withdraw(struct cli_ask *, struct cli_report *);

/* What a line (NULL: end of input) answers; false: ask again. */
bool cli_ask_parse(enum cli_question, const char *line, unsigned *answer);

#endif /* GW_CLI_ASK_H */
