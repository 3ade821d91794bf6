/*
 * serve_show - the devices that forward through this one, as JSON and as lines.
 */
#ifndef GW_CLI_SERVE_SHOW_H
#define GW_CLI_SERVE_SHOW_H

#include "godwit.h"

/* A "devices" line of those that are connected; new storage. */
char *cli_serve_json(const struct gw_serve *);
/* "laptop, 192.0.2.7:40000 over udp, 2 rules", or that it has gone; new
 * storage. */
char *cli_serve_device(const struct gw_serve_peer *);

#endif /* GW_CLI_SERVE_SHOW_H */
