/*
 * discovery_self - a discovery port for a context: by its keys and its
 * remembered devices it is recognised and recognises.
 */
#ifndef GW_RUN_DISCOVERY_SELF_H
#define GW_RUN_DISCOVERY_SELF_H

#include "run/context.h"
#include "run/discovery_port.h"

/* As gw_discovery_port_open; GW_E_DISK: the devices cannot be read.  A plain
 * context knows nobody. */
GW_MUST_USE enum gw_err gw_discovery_self_open(struct gw *,
    void (*ready)(void *arg), void *arg, struct gw_why *,
    struct gw_discovery_port **);

#endif /* GW_RUN_DISCOVERY_SELF_H */
