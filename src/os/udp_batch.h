/*
 * udp_batch - many datagrams in one call, both ways, for the transport.
 *
 * Stands on a UDP socket that somebody else has opened, bound and will close:
 * non-blocking, IPv4, IPv6, or IPv6 that takes both.  It makes the socket
 * refuse to fragment (DF is set in both families), so that what is too big
 * for the path is told and not hidden; it asks for large buffers in the
 * kernel, for ECN marks, and for the address that each datagram was sent to.
 *
 * Trains: datagrams of equal size to one address, the last one perhaps
 * shorter, leave in one call (GSO) and may come in one (GRO), where the
 * kernel offers that; where it does not, all is the same but slower.
 */
#ifndef GW_OS_UDP_BATCH_H
#define GW_OS_UDP_BATCH_H

#include "os/addr.h"

enum {
	GW_TRAIN_SEGMENTS = 64, /* at most; older kernels take no more */
	GW_TRAIN_BYTES = 65507, /* at most, in all */
	GW_UDP_TROUBLE_HEAD = 64,
	GW_UDP_BATCH_KERNEL_BYTES = 7000000
};

struct gw_udp_batch;

/* ---- what the kernel offers ---- */

struct gw_udp_offer {
	bool gso; /* one call sends a train */
	bool gro; /* one call receives one */
	bool ecn; /* marks are told */
};

/* Asks with a socket of its own, and sends nothing. */
void gw_udp_batch_probe(struct gw_udp_offer *);

/* ---- life ---- */

struct gw_udp_batch_options {
	int fd;              /* stays the caller's; must live longer */
	unsigned buffers;    /* to receive into; 0: 8 */
	size_t buffer_bytes; /* of each; 0: 65,536, in which nothing is cut */
	size_t kernel_bytes; /* asked for in each direction; 0:
				GW_UDP_BATCH_KERNEL_BYTES */
	bool no_gso, no_gro; /* do without */
};

/* GW_E_MEMORY; GW_E_FAILED: no UDP socket, or one that will not set DF; why
 * says so. */
GW_MUST_USE enum gw_err gw_udp_batch_new(const struct gw_udp_batch_options *,
    struct gw_why *, struct gw_udp_batch **);
void gw_udp_batch_free(struct gw_udp_batch *);

struct gw_udp_batch_facts {
	struct gw_udp_offer has;  /* in force; may go in mid-life */
	size_t send_buffer;       /* granted by the kernel, bytes; it counts */
	size_t receive_buffer;    /* its own overhead as well */
	uint64_t received;        /* datagrams */
	uint64_t kernel_dropped;  /* came, and found the buffer full */
	uint64_t dropped_on_send; /* calls; a queue of this machine was full */
};

void gw_udp_batch_facts(
    const struct gw_udp_batch *, struct gw_udp_batch_facts *);

/* ---- receiving ---- */

struct gw_udp_arrival {
	uint8_t *bytes; /* the caller may change them */
	size_t len;
	/* Both until the next fill.  Where it was sent to: the port is 0, and
	 * len 0 says that the kernel did not tell. */
	const struct gw_addr *from, *to;
	uint8_t ecn;  /* the two bits: 0 not ECT, 1 ECT(1), 2 ECT(0), 3 CE */
	bool first;   /* of those that came from there together */
	bool cut;     /* more came than the buffer holds: do not use it */
	size_t train; /* size of the segments with which it came; 0: alone */
};

/*
 * Take what waits, as much as the buffers hold; what the last fill gave is
 * gone then.  GW_E_AGAIN: nothing waits.  Errors of the network never show
 * here.
 */
GW_MUST_USE enum gw_err gw_udp_batch_fill(struct gw_udp_batch *);
/* It filled all buffers: more may wait. */
bool gw_udp_batch_full(const struct gw_udp_batch *);
/* The next datagram of it, empty ones too; false: that was all. */
bool gw_udp_batch_next(struct gw_udp_batch *, struct gw_udp_arrival *);

/* ---- sending ---- */

struct gw_udp_train {
	const struct gw_addr *to;
	const struct gw_addr *from; /* its port means nothing; NULL: left to
				       the kernel */
	const uint8_t *bytes;       /* one segment after the other */
	size_t len;                 /* 1 to GW_TRAIN_BYTES */
	size_t segment;             /* bytes of each but the last */
	uint8_t ecn;
};

enum gw_train_result {
	GW_TRAIN_SENT,
	GW_TRAIN_WAIT,    /* until the socket is writable, then the rest */
	GW_TRAIN_TOO_BIG, /* a segment is larger than an interface takes */
	GW_TRAIN_LOST     /* no way there, or forbidden: why; go on as if the
			     network had lost the rest */
};

/*
 * At most GW_TRAIN_SEGMENTS segments.  *sent, bytes of whole segments, is
 * what has left, whatever the result.  Where the kernel will not take a train
 * its segments go one by one, at once; if these are taken, so do all trains
 * from then on.
 */
enum gw_train_result gw_udp_batch_send(struct gw_udp_batch *,
    const struct gw_udp_train *, size_t *sent, struct gw_why *);

/* ---- what the network says of what was sent ---- */

enum gw_udp_trouble_kind {
	GW_TROUBLE_REFUSED, /* nobody has that port */
	GW_TROUBLE_NO_WAY,  /* host or network cannot be reached */
	GW_TROUBLE_TOO_BIG  /* mtu bytes would pass */
};

struct gw_udp_trouble {
	enum gw_udp_trouble_kind kind;
	struct gw_addr to;   /* of the datagram */
	struct gw_addr from; /* who says so; len 0: this machine */
	unsigned mtu;        /* TOO_BIG: IP header included; 0: not told */
	/* How the datagram began.  Anybody can make up an ICMP message; hardly
	 * anybody knows these bytes. */
	uint8_t head[GW_UDP_TROUBLE_HEAD];
	size_t head_len;
};

/* False: none.  Ask until false whenever the socket polls as erroneous. */
bool gw_udp_batch_trouble(struct gw_udp_batch *, struct gw_udp_trouble *);

#endif /* GW_OS_UDP_BATCH_H */
