/*
 * tcp_conn - a TCP socket with a session on it, on the loop.
 */
#ifndef GW_RUN_TCP_CONN_H
#define GW_RUN_TCP_CONN_H

#include "run/conn.h"
#include "run/loop.h"

/*
 * Take a connected, non-blocking socket and a session on tcp.  On failure
 * both are still the caller's.
 */
GW_MUST_USE enum gw_err gw_tcp_conn_open(struct gw_loop *, int fd,
    struct gw_session *, const char *address, struct gw_conn **);

/* The socket, which stays the conn's. */
int gw_tcp_conn_fd(const struct gw_conn *);

#endif /* GW_RUN_TCP_CONN_H */
