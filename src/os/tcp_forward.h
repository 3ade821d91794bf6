/*
 * tcp_forward - TCP sockets of a forwarder: they say exactly at which
 * addresses they listen, and from which they speak.
 */
#ifndef GW_OS_TCP_FORWARD_H
#define GW_OS_TCP_FORWARD_H

#include "os/addr.h"

struct gw_tcp_listen {
	const char *address; /* numeric; "": all, of both families; "::": all
				of IPv6, and no IPv4 */
	uint16_t port;
	int backlog;    /* 0: the system's most */
	bool keepalive; /* what is accepted is probed when it is silent */
};

/* GW_E_ADDRESS: why names address, port and reason; GW_E_LIMIT: no descriptor
 * is left. */
GW_MUST_USE enum gw_err gw_tcp_forward_listen(
    const struct gw_tcp_listen *, struct gw_why *, int *fd);

struct gw_tcp_from {
	struct gw_addr addr; /* its port does not count; len 0: any */
	bool transparent;    /* it is somebody else's */
	bool keepalive;
};

/*
 * Start to connect; then wait as with gw_tcp_connect.  GW_E_CONNECT: why says
 * it; GW_E_LIMIT: no descriptor or memory is left; GW_E_ADDRESS: no port is,
 * or it may not speak from there.
 */
GW_MUST_USE enum gw_err gw_tcp_forward_connect(const struct gw_addr *to,
    const struct gw_tcp_from *, struct gw_why *, int *fd);

/* This end, and the other one; len 0: not connected. */
void gw_tcp_ends(int fd, struct gw_addr *own, struct gw_addr *peer);

/*
 * Does the kernel let this process speak from addresses of others, of a
 * family (AF_INET, AF_INET6)?  Tried, with nothing sent.  GW_E_ADDRESS: why
 * says what is missing (F15: it never silently does nothing).
 */
GW_MUST_USE enum gw_err gw_transparent_test(int family, struct gw_why *);

/* A duplicate of the one of these sockets that listens just there; -1: none
 * does. */
int gw_tcp_inherit(
    const int *fds, size_t count, const char *address, uint16_t port);

/* How many descriptors this process may have. */
size_t gw_files_limit(void);

#endif /* GW_OS_TCP_FORWARD_H */
