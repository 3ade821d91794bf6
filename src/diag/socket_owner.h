/*
 * socket_owner - which processes have a socket open, from /proc/PID/fd.
 *
 * Others' processes only root may look into.
 */
#ifndef GW_DIAG_SOCKET_OWNER_H
#define GW_DIAG_SOCKET_OWNER_H

#include "diag/socket.h"
#include "os/why.h"

struct gw_socket_owners;

/* Look at all processes.  GW_E_DISK: there is no /proc; GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_socket_owners_scan(
    struct gw_socket_owners **, struct gw_why *);
void gw_socket_owners_free(struct gw_socket_owners *);

/* Of a socket, by its inode: each process once, the lowest number first.
 * Valid as long as the owners; *count may be 0. */
const struct gw_socket_owner *gw_socket_owners_of(
    const struct gw_socket_owners *, uint32_t inode, size_t *count);
/* Processes that could not be looked into. */
size_t gw_socket_owners_denied(const struct gw_socket_owners *);

/* Is this process in the network namespace of ours?  False also when it
 * cannot be known. */
bool gw_socket_owner_is_near(uint32_t pid);

#endif /* GW_DIAG_SOCKET_OWNER_H */
