/*
 * datagram - what goes between an endpoint and the network: datagrams in,
 * bursts of them out, and the paths that they take.
 */
#ifndef GW_SESSION_UDP_DATAGRAM_H
#define GW_SESSION_UDP_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Where a peer is reached. */
struct gw_path {
	uint8_t ip[16]; /* IPv6, or IPv4 mapped into it */
	uint32_t zone;  /* of a link-local address, else 0 */
	uint16_t port;
	uint8_t local[16]; /* where it reaches us; zeros: not known.  Two paths
			      that differ in this are one. */
};

static inline bool
gw_path_same_host(const struct gw_path *a, const struct gw_path *b)
{
	return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0 && a->zone == b->zone;
}

static inline bool
gw_path_eq(const struct gw_path *a, const struct gw_path *b)
{
	return a->port == b->port && gw_path_same_host(a, b);
}

/* The two bits of the IP header (RFC 3168). */
enum gw_mark { GW_MARK_NONE, GW_MARK_ECT1, GW_MARK_ECT0, GW_MARK_CE };

struct gw_incoming {
	uint8_t *p; /* may be changed */
	size_t n;
	struct gw_path from;
	enum gw_mark mark;
};

/* Datagrams to one address, all but the last of one size, so that one system
 * call sends them. */
struct gw_burst {
	uint8_t *buf; /* the caller's */
	size_t cap;
	/* set */
	size_t len;     /* bytes of all */
	size_t segment; /* of each but the last */
	struct gw_path to;
	bool ect; /* to be marked ECT(0) */
};

#endif /* GW_SESSION_UDP_DATAGRAM_H */
