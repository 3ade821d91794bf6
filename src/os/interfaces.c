#include "os/interfaces.h"

#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static void
set_flags(struct gw_netif *i, unsigned flags)
{
	i->up = flags & IFF_UP;
	i->running = flags & IFF_RUNNING;
	i->loopback = flags & IFF_LOOPBACK;
	i->point_to_point = flags & IFF_POINTOPOINT;
	i->broadcast = flags & IFF_BROADCAST;
	i->multicast = flags & IFF_MULTICAST;
}

/* An address may have a label of its own, such as eth0:1. */
static bool
is_of(const struct ifaddrs *a, const struct gw_netif *i)
{
	size_t n = strcspn(a->ifa_name, ":");

	return strlen(i->name) == n && memcmp(a->ifa_name, i->name, n) == 0;
}

static int
by_index(const void *a, const void *b)
{
	const struct gw_netif *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

/* Every interface has one entry of the family AF_PACKET, but for those that
 * have no hardware address (tun, WireGuard): their entry has no address at
 * all.  0: it is none of these. */
static unsigned
index_of(const struct ifaddrs *a)
{
	struct sockaddr_ll ll;

	if (a->ifa_addr == NULL)
		return if_nametoindex(a->ifa_name);
	if (a->ifa_addr->sa_family != AF_PACKET)
		return 0;
	memcpy(&ll, a->ifa_addr, sizeof ll);
	return (unsigned)ll.sll_ifindex;
}

static void
take_interfaces(const struct ifaddrs *all, struct gw_netifs *l)
{
	for (; all != NULL; all = all->ifa_next) {
		struct gw_netif *i = &l->v[l->count];
		size_t n = strnlen(all->ifa_name, sizeof i->name - 1);
		unsigned index = index_of(all);

		if (index == 0)
			continue;
		*i = (struct gw_netif){ .index = index };
		memcpy(i->name, all->ifa_name, n);
		set_flags(i, all->ifa_flags);
		l->count++;
	}
	qsort(l->v, l->count, sizeof *l->v, by_index);
}

static unsigned
prefix_of(const struct sockaddr *mask)
{
	struct gw_addr a;
	uint8_t ip[16];
	unsigned bits = 0, from;

	if (mask == NULL || !gw_addr_from(&a, mask, sizeof a.ss))
		return 0;
	gw_addr_mapped(&a, ip);
	from = a.ss.ss_family == AF_INET ? 96 : 0;
	while (from + bits < 128 &&
	       (ip[(from + bits) / 8] & (0x80 >> (from + bits) % 8)) != 0)
		bits++;
	return bits;
}

/* The last of its subnet: the kernel takes that for a broadcast address in any
 * case, where the subnet has room for one; else len 0. */
static struct gw_addr
last_of_subnet(const struct gw_interface_addr *a)
{
	struct gw_addr last = { .len = 0 };
	uint8_t ip[16];

	if (a->addr.ss.ss_family != AF_INET || a->prefix >= 31)
		return last;
	gw_addr_mapped(&a->addr, ip);
	for (unsigned bit = 96 + a->prefix; bit < 128; bit++)
		ip[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	gw_addr_from_mapped(&last, ip, 0, 0);
	return last;
}

/* What the address was configured with, or else that. */
static void
set_broadcast(const struct ifaddrs *a, struct gw_interface_addr *out)
{
	if (!(a->ifa_flags & IFF_BROADCAST) ||
	    out->addr.ss.ss_family != AF_INET)
		return;
	/* Where none is configured, the C library gives the address again. */
	if (a->ifa_broadaddr != NULL &&
	    gw_addr_from(
		&out->broadcast, a->ifa_broadaddr, sizeof out->broadcast.ss) &&
	    !gw_addr_is_any(&out->broadcast) &&
	    !gw_addr_same_host(&out->broadcast, &out->addr))
		return;
	out->broadcast = last_of_subnet(out);
}

static void
take_addresses(const struct ifaddrs *all, struct gw_netif *i, int family)
{
	for (; all != NULL; all = all->ifa_next) {
		struct gw_interface_addr *out = &i->addrs[i->addr_count];

		if (all->ifa_addr == NULL ||
		    all->ifa_addr->sa_family != family || !is_of(all, i))
			continue;
		*out = (struct gw_interface_addr){ .prefix = prefix_of(
						       all->ifa_netmask) };
		if (!gw_addr_from(
			&out->addr, all->ifa_addr, sizeof out->addr.ss))
			continue;
		set_broadcast(all, out);
		i->addr_count++;
	}
}

enum gw_err
gw_netifs_list(struct gw_netifs *out)
{
	struct gw_netifs l = { .count = 0 };
	struct ifaddrs *all;
	struct gw_interface_addr *at;
	size_t n = 1; /* never an allocation of nothing */

	if (getifaddrs(&all) != 0)
		return GW_E_FAILED;
	for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
		n++;
	l.v = calloc(n, sizeof *l.v);
	l.addrs = at = calloc(n, sizeof *l.addrs);
	if (l.v == NULL || l.addrs == NULL) {
		freeifaddrs(all);
		gw_netifs_fini(&l);
		return GW_E_MEMORY;
	}
	take_interfaces(all, &l);
	for (size_t i = 0; i < l.count; i++) {
		l.v[i].addrs = at;
		take_addresses(all, &l.v[i], AF_INET);
		take_addresses(all, &l.v[i], AF_INET6);
		at += l.v[i].addr_count;
	}
	freeifaddrs(all);
	*out = l;
	return GW_OK;
}

void
gw_netifs_fini(struct gw_netifs *l)
{
	free(l->v);
	free(l->addrs);
	*l = (struct gw_netifs){ .count = 0 };
}

static bool
same_addr(const struct gw_addr *a, const struct gw_addr *b)
{
	return a->len == b->len && (a->len == 0 || gw_addr_same_host(a, b));
}

static bool
same_netif(const struct gw_netif *a, const struct gw_netif *b)
{
	if (a->index != b->index || strcmp(a->name, b->name) != 0 ||
	    a->up != b->up || a->running != b->running ||
	    a->loopback != b->loopback ||
	    a->point_to_point != b->point_to_point ||
	    a->broadcast != b->broadcast || a->multicast != b->multicast ||
	    a->addr_count != b->addr_count)
		return false;
	for (size_t i = 0; i < a->addr_count; i++)
		if (a->addrs[i].prefix != b->addrs[i].prefix ||
		    !same_addr(&a->addrs[i].addr, &b->addrs[i].addr) ||
		    !same_addr(&a->addrs[i].broadcast, &b->addrs[i].broadcast))
			return false;
	return true;
}

bool
gw_netifs_same(const struct gw_netifs *a, const struct gw_netifs *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!same_netif(&a->v[i], &b->v[i]))
			return false;
	return true;
}

const struct gw_netif *
gw_netifs_with(const struct gw_netifs *l, const struct gw_addr *a)
{
	for (size_t i = 0; i < l->count; i++) {
		if (l->v[i].loopback && a->ss.ss_family == AF_INET &&
		    gw_addr_is_loopback(a))
			return &l->v[i];
		for (size_t k = 0; k < l->v[i].addr_count; k++)
			if (gw_addr_same_host(&l->v[i].addrs[k].addr, a))
				return &l->v[i];
	}
	return NULL;
}

bool
gw_netifs_is_own(const struct gw_netifs *l, const struct gw_addr *a)
{
	return gw_addr_is_loopback(a) || gw_addr_is_any(a) ||
	       gw_netifs_with(l, a) != NULL;
}

const struct gw_netif *
gw_netifs_broadcast(const struct gw_netifs *l, const struct gw_addr *a)
{
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; k < l->v[i].addr_count; k++) {
			const struct gw_interface_addr *own = &l->v[i].addrs[k];
			struct gw_addr last = last_of_subnet(own);

			if ((last.len != 0 && gw_addr_same_host(&last, a)) ||
			    (own->broadcast.len != 0 &&
				gw_addr_same_host(&own->broadcast, a)))
				return &l->v[i];
		}
	return NULL;
}

static bool
is_in_subnet(const struct gw_interface_addr *own, const struct gw_addr *a)
{
	unsigned bits = own->prefix + (a->ss.ss_family == AF_INET ? 96 : 0);
	uint8_t x[16], y[16];

	gw_addr_mapped(&own->addr, x);
	gw_addr_mapped(a, y);
	if (memcmp(x, y, bits / 8) != 0)
		return false;
	return bits % 8 == 0 ||
	       ((x[bits / 8] ^ y[bits / 8]) >> (8 - bits % 8)) == 0;
}

bool
gw_netifs_source(const struct gw_netifs *l, unsigned interface,
    const struct gw_addr *peer, struct gw_addr *out)
{
	const struct gw_interface_addr *best = NULL;

	for (size_t i = 0; i < l->count; i++) {
		const struct gw_netif *n = &l->v[i];

		for (size_t k = 0; k < n->addr_count; k++) {
			if (n->index != interface ||
			    n->addrs[k].addr.ss.ss_family != peer->ss.ss_family)
				continue;
			if (is_in_subnet(&n->addrs[k], peer)) {
				*out = n->addrs[k].addr;
				return true;
			}
			if (best == NULL)
				best = &n->addrs[k];
		}
	}
	if (best != NULL)
		*out = best->addr;
	return best != NULL;
}

bool
gw_netifs_on_link(
    const struct gw_netifs *l, unsigned interface, const struct gw_addr *peer)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct gw_netif *n = &l->v[i];

		if (n->index != interface)
			continue;
		if (peer->ss.ss_family == AF_INET6 &&
		    gw_addr_is_link_local(peer))
			return true;
		/* What this machine sends to itself comes by loopback,
		 * whichever of its addresses it bears. */
		if (n->loopback)
			return gw_netifs_with(l, peer) != NULL;
		for (size_t k = 0; k < n->addr_count; k++)
			if (n->addrs[k].addr.ss.ss_family ==
				peer->ss.ss_family &&
			    is_in_subnet(&n->addrs[k], peer))
				return true;
	}
	return false;
}
