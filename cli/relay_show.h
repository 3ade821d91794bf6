/*
 * relay_show - what a relay tells, in words and as JSON.
 */
#ifndef GW_CLI_RELAY_SHOW_H
#define GW_CLI_RELAY_SHOW_H

#include "godwit.h"

/* One line for a person, new storage; NULL: this is for programs. */
char *cli_relay_sentence(
    const struct gw_relay *, const struct gw_relay_event *);
/* Without a newline, new storage. */
char *cli_relay_json(const struct gw_relay_event *);
char *cli_relay_json_rule(const struct gw_relay *, size_t rule);
char *cli_relay_json_row(const struct gw_relay_row *);
char *cli_relay_json_explained(
    const char *question, bool carried, const char *lines);
/* What came, went and was dropped so far, by rule and interface: lines. */
char *cli_relay_table(const struct gw_relay *);

#endif /* GW_CLI_RELAY_SHOW_H */
