/*
 * udp_burst - UDP for a forwarder: bursts come in and go out as they are.
 *
 * A burst is what the kernel merged on arrival (GRO): datagrams of one size
 * from one peer, the last one perhaps shorter; a single datagram is a burst
 * of one.  Several bursts of one size to one peer leave in one call and
 * unsplit (GSO), where the kernel does that; where it does not, all is the
 * same but slower.  Nothing here is copied or allocated.
 */
#ifndef GW_OS_UDP_BURST_H
#define GW_OS_UDP_BURST_H

#include <netinet/in.h>
#include <sys/uio.h>

#include "os/udp.h"

enum {
	GW_BURSTS = 128,        /* buffers, and what one call moves */
	GW_BURST_SEGMENTS = 64, /* datagrams that leave unsplit, at most */
	GW_BURST_BYTES = 65507, /* and bytes */
	GW_BURST_CONTROL = 128  /* bytes of control messages */
};

/* ---- sockets ---- */

/* An open socket becomes one for bursts: GRO, TOS and ECN marks of arrivals,
 * no stamps of time, large buffers.  Bound to one unicast address, it does not
 * ask which one a datagram was sent to, and `local` and `own` say nothing.
 * Returns the bytes of its receive buffer that the kernel has granted. */
size_t gw_udp_burst_prepare(const struct gw_udp *, size_t buffer, bool gro);

struct gw_udp_upstream_options {
	struct gw_addr to;
	struct gw_addr source; /* an address to speak from, its port 0 or one;
				  len 0: left to the kernel */
	bool transparent;      /* though it is none of this machine's */
	bool dont_fragment;
	bool gro;
	size_t buffer; /* bytes; 0: the system's */
};

/*
 * A socket that talks to one place only: what others send to its port never
 * comes.  Its own port stays the same until it is closed with gw_udp_close.
 * GW_E_LIMIT: out of descriptors; GW_E_ADDRESS: no port is free, or the source
 * is not to be had; GW_E_CONNECT: no way leads there; GW_E_USAGE: not allowed
 * (transparent); GW_E_MEMORY.
 */
GW_MUST_USE enum gw_err gw_udp_upstream_open(
    const struct gw_udp_upstream_options *, struct gw_udp *);

/* ---- in ---- */

struct gw_udp_burst {
	uint8_t *bytes;
	uint32_t len;     /* of all */
	uint32_t segment; /* of each but the last; count 1: len */
	uint32_t count;
	uint32_t lost_before; /* that the kernel had no room for */
	bool
	    cut; /* longer than the buffer, or its facts were: not to be used */
	uint8_t tos; /* with the ECN bits */
	/* The rest is known of sockets that are not connected.  Addresses are
	 * 16 bytes, IPv4 as ::ffff:a.b.c.d. */
	enum gw_cast cast;
	unsigned interface; /* 0: not told */
	uint8_t peer[16];
	uint32_t peer_zone;
	uint16_t peer_port;
	uint8_t local[16]; /* that it was sent to */
	uint8_t own[16];   /* unicast, of this machine, that it may be answered
			      from; all 0: not known */
};

struct gw_udp_bursts;

/* Buffers for all sockets of one thread; GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_udp_bursts_new(struct gw_udp_bursts **);
void gw_udp_bursts_free(struct gw_udp_bursts *);
/*
 * Take what waits in a socket into the buffers from `first` on, `most` at
 * most; what was in those is gone.  Returns how many came.  What ICMP has to
 * say never shows here.
 */
unsigned gw_udp_bursts_recv(
    struct gw_udp_bursts *, struct gw_udp *, unsigned first, unsigned most);
struct gw_udp_burst *gw_udp_bursts_at(struct gw_udp_bursts *, unsigned i);

/* ---- out ---- */

/* How somebody is reached from a socket that is not connected; made once for
 * all that goes there. */
struct gw_udp_back {
	struct sockaddr_in6 name;
	socklen_t name_len; /* 0: the socket is connected */
	_Alignas(struct cmsghdr) uint8_t control[64];
	size_t control_len;
	bool v4;
};

/* To peer, from an address (NULL: left to the kernel), through an interface
 * (0: the same). */
void gw_udp_back_set(struct gw_udp_back *, const struct gw_udp *,
    const struct gw_addr *peer, const struct gw_addr *from, unsigned interface);
/* For a socket that is connected to peer. */
void gw_udp_back_connected(struct gw_udp_back *, const struct gw_addr *peer);

enum gw_udp_fate {
	GW_FATE_SENT,
	GW_FATE_TOO_BIG,   /* larger than an interface or the path takes */
	GW_FATE_QUEUE,     /* a queue of this machine is full */
	GW_FATE_NO_ROUTE,  /* none leads there, or the source has gone */
	GW_FATE_FORBIDDEN, /* by a firewall of this machine */
	GW_FATES
};

/* Datagrams of one size to one place, the last one perhaps shorter: each
 * piece holds whole ones. */
struct gw_udp_sending {
	const struct gw_udp_back *to;
	const struct iovec *pieces;
	unsigned piece_count;
	uint32_t segment, count, len;
	uint8_t tos;
	bool split; /* send one by one.  Set here, too, if the kernel takes
		       them in no other way: do not merge for that place */
	/* Result: what became of how many. */
	struct {
		uint32_t count, bytes;
	} fates[GW_FATES];
};

/* Never waits; at most GW_BURSTS. */
void gw_udp_sendings(const struct gw_udp *, struct gw_udp_sending *v, size_t n);

#endif /* GW_OS_UDP_BURST_H */
