/*
 * origin - where the datagrams of a socket come from, in the kernel's eyes.
 */
#ifndef GW_OS_ORIGIN_H
#define GW_OS_ORIGIN_H

#include "os/addr.h"

/* The number by which the kernel tells a socket from all that ever were;
 * 0: it has none. */
uint64_t gw_origin_cookie(int fd);
/* The address that UDP to `to` leaves from: what the socket is bound to, else
 * what routing says.  false: it cannot be known.  Nothing is sent. */
bool gw_origin_address(int fd, const struct gw_addr *to, struct gw_addr *from);

#endif /* GW_OS_ORIGIN_H */
