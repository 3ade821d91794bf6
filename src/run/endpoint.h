/*
 * endpoint - addresses of godwit.h as src/os has them, and back.
 */
#ifndef GW_RUN_ENDPOINT_H
#define GW_RUN_ENDPOINT_H

#include "os/addr.h"

/* len 0 becomes zeros, and zeros len 0. */
struct gw_endpoint gw_endpoint_of(const struct gw_addr *);
/* From 16 bytes, IPv4 as ::ffff:a.b.c.d. */
struct gw_endpoint gw_endpoint_at(
    const uint8_t ip[16], uint32_t zone, uint16_t port);
void gw_endpoint_addr(const struct gw_endpoint *, struct gw_addr *);

#endif /* GW_RUN_ENDPOINT_H */
