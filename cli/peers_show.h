/*
 * peers_show - devices that are there, for people and for programs.
 */
#ifndef GW_CLI_PEERS_SHOW_H
#define GW_CLI_PEERS_SHOW_H

#include "cli/style.h"
#include "godwit.h"

/*
 * All that are there as a table, a line for each address, with a line of
 * titles; at most `lines` lines, of which the last then says how many are left
 * out.  Each ends with `end`.  Returns how many lines there were.
 */
unsigned cli_peers_table(struct gw_peers *, const struct cli_style *,
    unsigned lines, const char *end);

/* What has changed, as one line: "+ kitchen-pc (receives) 192.0.2.5:4639".
 * New storage. */
char *cli_peers_change(const struct gw_peer_event *);

/* As JSON, without a newline; event may be NULL.  New storage. */
char *cli_peers_json(const char *event, const struct gw_peer *);
char *cli_peers_json_trouble(const char *text);

/* Who has been asked, and what to try next, on standard error. */
void cli_peers_nobody(struct gw_peers *, uint32_t waited_ms);

#endif /* GW_CLI_PEERS_SHOW_H */
