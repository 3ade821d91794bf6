/*
 * interfaces - the machine's network interfaces and their addresses, as they
 * are at this moment.
 */
#ifndef GW_OS_INTERFACES_H
#define GW_OS_INTERFACES_H

#include <net/if.h>

#include "os/addr.h"

struct gw_interface_addr {
	struct gw_addr addr;
	unsigned prefix; /* bits */
	/* IPv4: where a datagram to every host of the subnet goes; len 0:
	 * the subnet has no such address. */
	struct gw_addr broadcast;
};

struct gw_netif {
	char name[IF_NAMESIZE];
	unsigned index;
	bool up, loopback, point_to_point;
	bool running;   /* has a carrier */
	bool broadcast; /* one frame can reach all hosts of the link */
	bool multicast;
	struct gw_interface_addr *addrs; /* IPv4 first */
	size_t addr_count;
};

struct gw_netifs {
	struct gw_netif *v; /* by index */
	size_t count;
	struct gw_interface_addr *addrs; /* of all */
};

/* GW_E_MEMORY; GW_E_FAILED: the kernel does not tell. */
GW_MUST_USE enum gw_err gw_netifs_list(struct gw_netifs *);
void gw_netifs_fini(struct gw_netifs *);
/* The same interfaces, by index and name, in the same state with the same
 * addresses. */
bool gw_netifs_same(const struct gw_netifs *, const struct gw_netifs *);

/* The interface that has this address, or NULL.  Addresses of 127/8 are lo's
 * even if only one is listed. */
const struct gw_netif *gw_netifs_with(
    const struct gw_netifs *, const struct gw_addr *);

/* Is it this machine that gets what is sent there from here? */
bool gw_netifs_is_own(const struct gw_netifs *, const struct gw_addr *);

/*
 * The address of this interface (an index) to speak to `peer` from, of the
 * same family: one of the peer's subnet, else the first.  False: it has none;
 * *out is untouched.
 */
bool gw_netifs_source(const struct gw_netifs *, unsigned interface,
    const struct gw_addr *peer, struct gw_addr *out);
/* Is this a host on the link of this interface (an index): in one of its
 * subnets, IPv6 link-local there, or this machine itself on loopback? */
bool gw_netifs_on_link(
    const struct gw_netifs *, unsigned interface, const struct gw_addr *peer);
/* The interface to all of whose subnet this is, or NULL: the kernel wants
 * broadcast to be asked for there.  Loopback has such an address, too. */
const struct gw_netif *gw_netifs_broadcast(
    const struct gw_netifs *, const struct gw_addr *);

#endif /* GW_OS_INTERFACES_H */
