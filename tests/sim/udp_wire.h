/*
 * udp_wire - who sits on the wire of a udp_bed: sees every datagram that is
 * sent, takes some away, and puts others there.
 */
#ifndef GW_TESTS_SIM_UDP_WIRE_H
#define GW_TESTS_SIM_UDP_WIRE_H

#include "udp_bed.h"
#include "wire/packet.h"

enum {
	UDP_WIRE_SEEN = 256,   /* datagrams that are kept, the first ones */
	UDP_WIRE_SEALED = 0x80 /* as a type, beside enum gw_hello_type */
};

struct udp_wire_seen {
	unsigned side; /* that sent it */
	struct net_addr from, to;
	gw_usec at;
	uint8_t type;
	size_t n;
	uint8_t b[1500]; /* its beginning */
};

struct udp_wire {
	struct udp_bed *bed;
	struct udp_wire_seen v[UDP_WIRE_SEEN];
	unsigned n;
	uint8_t drop_type;
	unsigned drop_most, dropped;
};

/* From here on, and nobody else may watch or change the links. */
void udp_wire_watch(struct udp_wire *, struct udp_bed *);
/* The next so many of a type never arrive. */
void udp_wire_drop(struct udp_wire *, uint8_t type, unsigned count);
/* The nth (from 0) of its type that was kept; NULL: none. */
const struct udp_wire_seen *udp_wire_nth(
    const struct udp_wire *, uint8_t type, unsigned n);
/* GW_HELLO_SYN and so on, UDP_WIRE_SEALED, or 0. */
uint8_t udp_wire_type(const struct net_datagram *);

/* Put bytes on the wire to side `to`, as if from that address (port 0: the
 * other side's own). */
void udp_wire_inject(struct udp_bed *, unsigned to, const struct net_addr *from,
    const uint8_t *bytes, size_t n);

#endif /* GW_TESTS_SIM_UDP_WIRE_H */
