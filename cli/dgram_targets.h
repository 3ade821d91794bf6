/*
 * dgram_targets - where `godwit dgram send` sends to: one host, the broadcast
 * address of each interface, or a group on each interface.
 */
#ifndef GW_CLI_DGRAM_TARGETS_H
#define GW_CLI_DGRAM_TARGETS_H

#include "cli/dgram.h"

enum cli_dgram_kind {
	CLI_DGRAM_HOST, /* the addresses of one host: the first that works */
	CLI_DGRAM_BROADCAST,
	CLI_DGRAM_GROUP
};

struct cli_dgram_target {
	struct gw_endpoint to;
	unsigned interface; /* 0: routing chooses */
	const char *name;   /* of the interface, or NULL */
};

struct cli_dgram_targets {
	enum cli_dgram_kind kind;
	struct cli_dgram_target *v;
	size_t count; /* 0: a host whose name must be looked up */
};

/* On failure the person has been told. */
GW_MUST_USE enum gw_err cli_dgram_targets_find(struct cli_dgram *,
    const struct cli_address *, bool broadcast, struct cli_dgram_targets *);
/* Of a host that has none yet; needs a socket.  False: the person has been
 * told, and *status is what to leave with. */
bool cli_dgram_targets_look_up(struct cli_dgram *, struct gw_dgram *,
    const struct cli_address *, struct cli_dgram_targets *, int *status);
void cli_dgram_targets_fini(struct cli_dgram_targets *);

#endif /* GW_CLI_DGRAM_TARGETS_H */
