/*
 * dgram_groups - the multicast groups that `godwit dgram listen` hears.
 */
#ifndef GW_CLI_DGRAM_GROUPS_H
#define GW_CLI_DGRAM_GROUPS_H

#include "cli/dgram.h"

/* Join one on each interface that it is for (cli_dgram_for_group).  On failure
 * the person has been told: it is no group, or can be joined nowhere. */
GW_MUST_USE enum gw_err cli_dgram_join(
    struct cli_dgram *, struct gw_dgram *, const char *group);
/*
 * What IPv6 has instead of broadcast, and the same of IPv4.  Each host is in
 * these groups; a socket that hears only its own groups has to be, too.
 */
void cli_dgram_join_everybody(struct cli_dgram *, struct gw_dgram *);

#endif /* GW_CLI_DGRAM_GROUPS_H */
