/*
 * relay_sites - whom `godwit relay --via` and `--for` name, and what is told of
 * them.
 */
#ifndef GW_CLI_RELAY_SITES_H
#define GW_CLI_RELAY_SITES_H

#include "cli/address.h"
#include "cli/memory.h"
#include "godwit.h"

struct cli_relay_sites {
	struct gw_relay_site_options *v;
	struct cli_address *addresses; /* what v points into */
	size_t count;
};

/* "DEVICE" or "DEVICE=HOST[:PORT]" of via, names of waits.  NULL, or what is
 * wrong, which the caller frees. */
char *cli_relay_sites_read(struct cli_relay_sites *, const struct cli_list *via,
    const struct cli_list *waits);
void cli_relay_sites_fini(struct cli_relay_sites *);

/* One line of JSON, and lines of text; the caller frees them. */
char *cli_relay_sites_json(const struct gw_relay_site *);
char *cli_relay_sites_table(const struct gw_relay *);

#endif /* GW_CLI_RELAY_SITES_H */
