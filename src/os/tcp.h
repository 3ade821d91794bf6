/*
 * tcp - non-blocking TCP sockets.
 *
 * Every socket made here is close-on-exec and non-blocking; the caller
 * closes it.
 */
#ifndef GW_OS_TCP_H
#define GW_OS_TCP_H

#include <sys/uio.h>

#include "os/addr.h"

/*
 * Listen; address NULL = every address of both families, port 0 = any free
 * one.  GW_E_ADDRESS: why names address, port and reason ("port 4639: in use
 * by another program").
 */
GW_MUST_USE enum gw_err gw_tcp_listen(
    const char *address, uint16_t port, int backlog, struct gw_why *, int *fd);
/* The same without words: at every address, of both families where there is
 * IPv6, on one socket, so that a port is either ours or not; or at this one,
 * for its family alone.  -1: errno. */
int gw_tcp_listen_all(uint16_t port, int backlog);
int gw_tcp_listen_at(const struct gw_addr *, int backlog);
/* errno of bind or listen, in words. */
const char *gw_tcp_listen_reason(int error);
/* The port that a socket is bound to; 0: none. */
uint16_t gw_tcp_port(int fd);

/*
 * Take a waiting connection, tuned.  GW_E_AGAIN: none.  GW_E_LIMIT: out of
 * descriptors or memory just now: try again in a while, not at once.
 */
GW_MUST_USE enum gw_err gw_tcp_accept(
    int fd, int *connection, struct gw_addr *from);

/*
 * Start to connect, then wait until the socket is writable and ask
 * gw_tcp_connected.  GW_E_CONNECT: why names address and reason.
 */
GW_MUST_USE enum gw_err gw_tcp_connect(
    const struct gw_addr *, struct gw_why *, int *fd);
/* GW_E_AGAIN: not yet.  GW_E_CONNECT: failed.  On GW_OK the socket has been
 * tuned. */
GW_MUST_USE enum gw_err gw_tcp_connected(
    int fd, const struct gw_addr *, struct gw_why *);

/*
 * What accept and connect do to a connected socket: no delay, and CUBIC
 * where both ends are this machine, because BBR paces loopback to a third of
 * its speed.  What the kernel refuses is left as it is.
 */
void gw_tcp_tune(int fd);
/* What has to be done to one before it connects, toward loopback: BBR goes on
 * pacing a connection that began with it, whatever is chosen then. */
void gw_tcp_prepare(int fd, const struct gw_addr *to);
/* Fixed sizes for the kernel's buffers; 0 leaves one to the kernel, which is
 * nearly always better. */
void gw_tcp_buffers(int fd, int send, int receive);

enum gw_tcp_result {
	GW_TCP_OK,    /* *n > 0 bytes moved */
	GW_TCP_AGAIN, /* would block */
	GW_TCP_END,   /* recv only: the peer closed its direction */
	GW_TCP_RESET  /* the connection is no more */
};
/* *n is written with GW_TCP_OK only. */
enum gw_tcp_result gw_tcp_send(int fd, const void *, size_t len, size_t *n);
enum gw_tcp_result gw_tcp_recv(int fd, void *, size_t len, size_t *n);
/* The same into several places, one after the other. */
enum gw_tcp_result gw_tcp_recv_into(
    int fd, struct iovec *places, unsigned count, size_t *n);
/* What is next, without taking it: GW_TCP_OK is at least one byte. */
enum gw_tcp_result gw_tcp_peek(int fd);
/* No more will be sent: FIN follows the data. */
void gw_tcp_shutdown(int fd);
/* With true, closing it resets the connection instead of sending FIN, also
 * when it is the end of the process that closes it. */
void gw_tcp_reset_on_close(int fd, bool);

/* Sent bytes that the peer's kernel has not acknowledged; 0 when all are, or
 * when nobody can tell. */
size_t gw_tcp_unacked(int fd);

#endif /* GW_OS_TCP_H */
