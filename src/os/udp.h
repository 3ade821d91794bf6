/*
 * udp - non-blocking UDP sockets that know more of a datagram than its bytes:
 * who sent it, to which address, through which interface, when; and what
 * became of those that were sent.
 *
 * One socket serves many peers.  Where no address is given it takes both
 * families, and IPv4 looks as it does on a socket of its own.  Sockets are
 * close-on-exec.
 */
#ifndef GW_OS_UDP_H
#define GW_OS_UDP_H

#include "base/time.h"
#include "os/addr.h"

enum {
	GW_UDP_MAX = 65507,  /* payload that IPv4 carries, bytes */
	GW_UDP_ROOM = 65536, /* a buffer in which nothing is cut */
	GW_UDP_BATCH = 32    /* datagrams that one call receives at most */
};

struct gw_udp {
	int fd;
	int family; /* AF_INET6 may take both */
	uint16_t port;
	uint32_t drops; /* the kernel's count, last seen */
};

struct gw_udp_options {
	const char *address; /* numeric; NULL: all, of both families */
	uint16_t port;       /* 0: any free one */
	bool v6_only;        /* "::" as address takes no IPv4 */
	bool broadcast;      /* may send to broadcast addresses */
	bool shared;   /* others may have the same port, if they say so, too:
			  each gets what was sent to all or to a group */
	bool fragment; /* IPv4: let routers cut what is too big for a link */
	unsigned hops; /* at most; 0: the system's, and 1 to groups */
	size_t receive_buffer; /* asked for, bytes; 0: the system's */
	/* Only this interface (a name), both ways, where the kernel lets one
	 * say so; NULL: all. */
	const char *device;
	bool tell_hops; /* of what is received */
	bool no_loop;   /* to groups: not to listeners of this machine */
};

/*
 * GW_E_ADDRESS: why names address, port and reason.  A group as address: only
 * what is sent to it is taken, once gw_udp_join has joined; but one of
 * link-local scope without zone takes all of IPv6, and the caller selects.
 */
GW_MUST_USE enum gw_err gw_udp_open(
    const struct gw_udp_options *, struct gw_why *, struct gw_udp *);
/* The one of these descriptors that is a UDP socket bound there, from systemd
 * or a predecessor: it is duplicated.  address as above.  false: none is. */
bool gw_udp_inherit(const int *fds, size_t count, const char *address,
    uint16_t port, struct gw_udp *);
void gw_udp_close(struct gw_udp *);
/* What it is bound to. */
void gw_udp_address(const struct gw_udp *, struct gw_addr *);
/* Bytes of the receive buffer that the kernel has granted; 0: not known. */
size_t gw_udp_receive_buffer(const struct gw_udp *);

/*
 * Get what is sent to the group on this interface (an index).  GW_E_ADDRESS:
 * not possible there; GW_E_LIMIT: the system allows no more memberships; why
 * says so.  Joining twice is fine.
 */
GW_MUST_USE enum gw_err gw_udp_join(struct gw_udp *, const struct gw_addr *,
    unsigned interface, struct gw_why *);

/* No more of it: also for an interface that has gone, whose membership counts
 * otherwise. */
void gw_udp_leave(struct gw_udp *, const struct gw_addr *, unsigned interface);

struct gw_udp_datagram {
	uint8_t *data; /* receiving: a buffer of the caller */
	size_t room;   /* receiving: of that buffer; GW_UDP_ROOM is enough */
	size_t len;    /* may be more than room: then it has been cut */
	struct gw_addr peer; /* who sent it, or shall get it */
	/* Received: where it was sent to.  To be sent: where from, len 0 is
	 * left to the kernel. */
	struct gw_addr local;
	struct gw_addr own; /* received: the unicast address that answers
			       leave from; len 0: left to the kernel.  Of a
			       broadcast it may be another interface's: see
			       gw_netifs_source */
	unsigned interface; /* index; 0: not known, or left to the kernel */
	enum gw_cast cast;
	/* Received: routers it may still pass, and 1; 0: not told.  To be
	 * sent: likewise; 0: as the socket has it. */
	uint8_t hops;
	/* Of arrival, as gw_clock_now counts.  A kernel that nobody had asked
	 * for stamps begins with them a moment later; until then, of the call
	 * that received it. */
	gw_usec at;
	int64_t wall_usec;    /* the same since 1970 */
	uint32_t lost_before; /* that the kernel had no room for */
};

/*
 * Receive up to n (at most GW_UDP_BATCH) that wait: fills v[0..*count), data
 * and room are the caller's.  GW_E_AGAIN: none.  What ICMP had to say never
 * comes from here.
 */
GW_MUST_USE enum gw_err gw_udp_recv(
    struct gw_udp *, struct gw_udp_datagram *v, size_t n, size_t *count);

/*
 * Send data, len, to peer, from local, through interface, with hops; the other
 * fields mean nothing.  GW_E_AGAIN: wait until the socket is writable; else it
 * is lost, and why says what happened: GW_E_LIMIT: too long, or a queue is
 * full; GW_E_USAGE: a broadcast address, and broadcast was not asked for;
 * GW_E_ADDRESS: this socket cannot speak from or to such an address;
 * GW_E_CONNECT: no way there, or it is forbidden.
 */
GW_MUST_USE enum gw_err gw_udp_send(
    struct gw_udp *, const struct gw_udp_datagram *, struct gw_why *);

/* What the network said of one that was sent. */
struct gw_udp_error {
	struct gw_addr to;   /* of that one; len 0: not known */
	struct gw_addr from; /* who says so; len 0: nobody has told */
	enum gw_unreachable what;
	unsigned mtu; /* GW_UNREACHABLE_SIZE: what would pass, IP header
			 included; 0: not told */
};

/* The next of them.  GW_E_AGAIN: none.  Take them all whenever the socket
 * polls as erroneous. */
GW_MUST_USE enum gw_err gw_udp_next_error(
    struct gw_udp *, struct gw_udp_error *);

#endif /* GW_OS_UDP_H */
