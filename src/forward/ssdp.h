/*
 * ssdp - how long a question of UPnP wants to be answered (UPnP Device
 * Architecture 2.0, 1.3.2): nothing else of it is looked at.
 */
#ifndef GW_FORWARD_SSDP_H
#define GW_FORWARD_SSDP_H

#include <stdbool.h>

#include "base/slice.h"

/* The seconds of its MX line, at most 3 digits.  False: it is no M-SEARCH, or
 * has none. */
bool gw_ssdp_mx(struct gw_slice datagram, unsigned *seconds);

#endif /* GW_FORWARD_SSDP_H */
