/*
 * reach - at which addresses others may find what listens here.
 */
#ifndef GW_RUN_REACH_H
#define GW_RUN_REACH_H

#include "os/addr.h"

/*
 * The one that it is bound to; or, where that is NULL, "0.0.0.0" or "::", all
 * of this machine, best first, at most max of them.  Text without the port.
 * Returns how many.
 */
size_t gw_reach_addresses(
    const char *bound, char (*out)[GW_ADDR_TEXT], size_t max);

#endif /* GW_RUN_REACH_H */
