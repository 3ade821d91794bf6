/*
 * udp_private - what udp_recv and udp_send share.
 */
#ifndef GW_OS_UDP_PRIVATE_H
#define GW_OS_UDP_PRIVATE_H

#include <sys/socket.h>

#include "os/udp.h"

/* Room for every control message that is asked for. */
struct gw_udp_control {
	_Alignas(struct cmsghdr) uint8_t bytes[256];
};

/* How often a call is repeated that only told of an earlier datagram: these
 * errors come in between, and the error queue has them at length. */
enum { GW_UDP_STALE_ERRORS = 8 };

#endif /* GW_OS_UDP_PRIVATE_H */
