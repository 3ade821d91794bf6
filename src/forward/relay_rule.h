/*
 * relay_rule - what a broadcast relay carries, from where to where, and how.
 *
 * Interfaces are numbers below GW_RELAY_LINKS here, and sets of them bits;
 * their names are the embedder's.
 */
#ifndef GW_FORWARD_RELAY_RULE_H
#define GW_FORWARD_RELAY_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/time.h"
#include "forward/ip.h"
#include "wire/limits.h"

/* The source that receivers see. */
enum gw_relay_source {
	GW_RELAY_INTERFACE, /* an address of the interface that it leaves by,
			       and a port that takes answers for who asked */
	GW_RELAY_KEEP_PORT, /* the same, and the port number of who asked */
	GW_RELAY_KEEP,      /* that of who asked, address and port */
	GW_RELAY_ADDRESS    /* a given address, and the port of who asked */
};

struct gw_relay_nets {
	struct gw_ip_net v[GW_RELAY_NETS];
	size_t count;
};

struct gw_relay_rule {
	uint16_t port;
	bool broadcast; /* of IPv4: limited and directed */
	struct gw_endpoint groups[GW_RELAY_GROUPS]; /* port and zone 0 */
	size_t group_count;
	uint32_t between; /* joined with one another */
	uint32_t from;    /* of these: what is heard; the rest only gets */
	enum gw_relay_source source;
	struct gw_endpoint address; /* of GW_RELAY_ADDRESS; port 0 */
	struct gw_relay_nets allow, /* sources; none: all */
	    deny;                   /* goes first */
	uint32_t rate;              /* datagrams a second, an interface */
	gw_usec replies;            /* how long answers are waited for */
	bool by_mx; /* a question may say so itself, as SSDP's do */
	/* Beacons of godwit, of which the port of sessions is another one on
	 * each side: it makes no other datagram of them. */
	bool beacons;
};

bool gw_relay_nets_have(
    const struct gw_relay_nets *, const struct gw_endpoint *);
/* Is a datagram that was sent to this address the rule's to carry? */
bool gw_relay_rule_takes(
    const struct gw_relay_rule *, enum gw_cast, const struct gw_endpoint *to);
/* NULL, or what is wrong with the rule alone; static storage. */
const char *gw_relay_rule_wrong(const struct gw_relay_rule *);
/* Would both carry the same datagram between the same two interfaces? */
bool gw_relay_rules_overlap(
    const struct gw_relay_rule *, const struct gw_relay_rule *);

/* IPv4, as ::ffff:a.b.c.d? */
bool gw_relay_is_v4(const struct gw_endpoint *);
bool gw_relay_same_ip(const struct gw_endpoint *, const struct gw_endpoint *);

#endif /* GW_FORWARD_RELAY_RULE_H */
