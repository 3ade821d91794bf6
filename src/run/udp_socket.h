/*
 * udp_socket - a UDP socket as an endpoint (session/udp) sees it: datagrams
 * come in one by one, bursts go out, and both carry paths, not addresses.
 *
 * Answers leave from the address that was asked: a path that came from here
 * holds both ends.
 */
#ifndef GW_RUN_UDP_SOCKET_H
#define GW_RUN_UDP_SOCKET_H

#include "os/udp.h"
#include "os/udp_batch.h"
#include "session/udp/datagram.h"

struct gw_udp_socket {
	struct gw_udp udp;
	struct gw_udp_batch *batch;
	bool has_ecn;
	uint64_t holds;      /* bytes of datagrams that wait to be read */
	struct gw_path from; /* of the last datagram, and those with it */
};

/* address NULL: all, both families; port 0: any.  GW_E_ADDRESS: why says what
 * is in the way. */
GW_MUST_USE enum gw_err gw_udp_socket_open(struct gw_udp_socket *,
    const char *address, uint16_t port, struct gw_why *);
void gw_udp_socket_close(struct gw_udp_socket *);

void gw_path_from_addr(const struct gw_addr *, struct gw_path *);

/* Take what waits; what came before is gone.  false: nothing. */
bool gw_udp_socket_fill(struct gw_udp_socket *);
/* It took as much as it can at a time: more may wait. */
bool gw_udp_socket_full(const struct gw_udp_socket *);
/* The next datagram of it; false: that was all. */
bool gw_udp_socket_next(struct gw_udp_socket *, struct gw_incoming *);

/* Send a burst from byte *at on, which moves.  false: wait until the socket
 * is writable.  *too_large: bytes of a datagram that this machine does not let
 * out, which is skipped; else 0: call again, if *at is not at the end. */
bool gw_udp_socket_send(struct gw_udp_socket *, const struct gw_burst *,
    size_t *at, size_t *too_large);

/* What the network says of what was sent to a path. */
struct gw_udp_news {
	struct gw_path path;
	bool refused;       /* nobody has that port */
	bool no_way;        /* none leads there, now */
	uint32_t too_large; /* larger datagrams do not pass; bytes */
};
/* false: nothing more. */
bool gw_udp_socket_news(struct gw_udp_socket *, struct gw_udp_news *);

#endif /* GW_RUN_UDP_SOCKET_H */
