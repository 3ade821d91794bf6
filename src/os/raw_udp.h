/*
 * raw_udp - UDP datagrams that seem to come from somebody else: from the
 * source that a relay has to keep.  Needs the right to open raw sockets.
 *
 * Check sums are computed (IPv6 has no datagram without one), identifiers
 * vary, and what is larger than the interface takes goes in fragments.
 */
#ifndef GW_OS_RAW_UDP_H
#define GW_OS_RAW_UDP_H

#include "os/addr.h"
#include "os/raw.h"

enum { GW_RAW_UDP_HEAD = 40 + 8 + 8 }; /* IPv6, fragment, UDP */

/* As gw_raw_open; closed with gw_raw_close. */
GW_MUST_USE enum gw_err gw_raw_udp_open(struct gw_raw *, struct gw_why *);

struct gw_raw_datagram {
	/* Of one family, with ports.  0.0.0.0 as `from` cannot be kept: the
	 * kernel puts an address of the interface there. */
	struct gw_addr from, to;
	uint8_t hops;       /* 0: 64 */
	unsigned interface; /* index, by which it leaves */
	unsigned mtu;       /* of that */
	uint32_t id;        /* of the fragments */
	const uint8_t *data;
	size_t len;
};

/* One packet of it: a head of ours, then bytes of the datagram. */
struct gw_raw_packet {
	uint8_t head[GW_RAW_UDP_HEAD];
	size_t head_len;
	const uint8_t *data;
	size_t len;
};

/*
 * The n-th of its packets, from 0 on.  False: there are no more; with n 0:
 * the datagram is too long for UDP, or the interface takes less than 576 bytes
 * (IPv6: 1,280).
 */
bool gw_raw_udp_packet(
    const struct gw_raw_datagram *, unsigned n, struct gw_raw_packet *);

/* GW_E_LIMIT: too big; GW_E_AGAIN: no room just now; GW_E_CONNECT: the kernel
 * refuses; why says so. */
GW_MUST_USE enum gw_err gw_raw_udp_send(
    const struct gw_raw *, const struct gw_raw_datagram *, struct gw_why *);

/* What an interface takes at once, bytes; 0: it is not there. */
unsigned gw_raw_udp_mtu(const struct gw_raw *, unsigned interface);

#endif /* GW_OS_RAW_UDP_H */
