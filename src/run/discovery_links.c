#include "run/discovery_links.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "wire/limits.h"

enum {
	/* An address that is still checked for duplicates cannot be sent
	 * from; that lasts a second or two. */
	FOR_GOOD = 8
};

void
gw_discovery_links_init(struct gw_discovery_links *l, uint16_t port)
{
	const struct sockaddr_in6 none = { .sin6_family = AF_INET6 };
	struct sockaddr_in6 group = none;

	GW_ASSERT(inet_pton(AF_INET6, GW_BEACON_GROUP, &group.sin6_addr) == 1);
	group.sin6_port = htons(port);
	*l = (struct gw_discovery_links){ .port = port };
	GW_ASSERT(gw_addr_from(
	    &l->group, (const struct sockaddr *)&group, sizeof group));
}

void
gw_discovery_links_fini(struct gw_discovery_links *l)
{
	free(l->v);
	l->v = NULL;
	l->count = 0;
}

/* ---- which ways there are ---- */

static void
add_way(const struct gw_discovery_links *l, struct gw_discovery_link *link,
    struct gw_addr to, const struct gw_addr *from)
{
	struct gw_way *w = &link->ways[link->count];

	if (link->count == GW_WAYS_MAX)
		return;
	*w = (struct gw_way){ .to = to };
	if (from != NULL)
		w->from = *from;
	gw_addr_set_port(&w->to, l->port);
	link->count++;
}

static struct gw_addr
ipv4(uint32_t ip)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(ip) };
	struct gw_addr a;

	GW_ASSERT(gw_addr_from(&a, (const struct sockaddr *)&in, sizeof in));
	return a;
}

static void
add_ipv4(const struct gw_discovery_links *l, struct gw_discovery_link *link,
    const struct gw_netif *n, const struct gw_interface_addr *a)
{
	/* Loopback has a broadcast address, though it is not told. */
	if (n->loopback && gw_addr_is_loopback(&a->addr))
		add_way(l, link, ipv4(INADDR_LOOPBACK | 0xffffff), &a->addr);
	else if (a->broadcast.len != 0)
		add_way(l, link, a->broadcast, &a->addr);
	else if (n->broadcast)
		add_way(l, link, ipv4(INADDR_BROADCAST), &a->addr);
}

static void
add_ipv6(const struct gw_discovery_links *l, struct gw_discovery_link *link,
    const struct gw_netif *n)
{
	struct gw_addr to;
	uint8_t ip[16];

	for (size_t i = 0; i < n->addr_count; i++) {
		const struct gw_addr *a = &n->addrs[i].addr;

		if (!n->multicast || a->ss.ss_family != AF_INET6 ||
		    !gw_addr_is_link_local(a))
			continue;
		gw_addr_mapped(&l->group, ip);
		gw_addr_from_mapped(&to, ip, n->index, l->port);
		add_way(l, link, to, a);
		return;
	}
}

/* What is known of a way stays known. */
static void
keep_memory(struct gw_discovery_link *link, const struct gw_discovery_link *old)
{
	link->joined = old->joined;
	for (size_t i = 0; i < link->count; i++)
		for (size_t k = 0; k < old->count; k++) {
			struct gw_way *w = &link->ways[i];
			const struct gw_way *o = &old->ways[k];

			if (gw_addr_same_host(&w->to, &o->to) &&
			    gw_addr_same_host(&w->from, &o->from))
				*w = *o;
		}
}

static struct gw_discovery_link *
find(const struct gw_discovery_links *l, unsigned index)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->v[i].index == index)
			return &l->v[i];
	return NULL;
}

static void
fill(const struct gw_discovery_links *l, struct gw_discovery_link *link,
    const struct gw_netif *n)
{
	const struct gw_discovery_link *old = find(l, n->index);

	*link = (struct gw_discovery_link){ .index = n->index };
	memcpy(link->name, n->name, sizeof link->name);
	for (size_t i = 0; i < n->addr_count; i++)
		if (n->addrs[i].addr.ss.ss_family == AF_INET)
			add_ipv4(l, link, n, &n->addrs[i]);
	add_ipv6(l, link, n);
	if (old != NULL)
		keep_memory(link, old);
}

/* ---- groups ---- */

static void
join(const struct gw_discovery_links *l, struct gw_discovery_link *link,
    struct gw_udp *shared)
{
	for (size_t i = 0; i < link->count && !link->joined; i++)
		if (link->ways[i].to.ss.ss_family == AF_INET6)
			link->joined = gw_udp_join(shared, &l->group,
					   link->index, NULL) == GW_OK;
}

enum gw_err
gw_discovery_links_update(struct gw_discovery_links *l,
    const struct gw_netifs *now, struct gw_udp *shared)
{
	struct gw_discovery_links next = { .group = l->group, .port = l->port };

	next.v = calloc(now->count + 1, sizeof *next.v);
	if (next.v == NULL)
		return GW_E_MEMORY;
	for (size_t i = 0; i < now->count; i++)
		if (now->v[i].up)
			fill(l, &next.v[next.count++], &now->v[i]);
	/* The kernel does not forget by itself those that have gone. */
	for (size_t i = 0; i < l->count && shared != NULL; i++)
		if (l->v[i].joined && find(&next, l->v[i].index) == NULL)
			gw_udp_leave(shared, &l->group, l->v[i].index);
	for (size_t i = 0; i < next.count && shared != NULL; i++)
		join(&next, &next.v[i], shared);
	free(l->v);
	*l = next;
	return GW_OK;
}

/* ---- sending ---- */

static void
send_by(struct gw_udp *u, const struct gw_discovery_link *link,
    struct gw_way *w, struct gw_slice data)
{
	struct gw_udp_datagram d = { .data = (uint8_t *)(uintptr_t)data.p,
		.len = data.n,
		.peer = w->to,
		.local = w->from,
		.interface = link->index };

	switch (gw_udp_send(u, &d, &w->why)) {
	case GW_OK:
		w->failures = 0;
		w->told = false;
		break;
	case GW_E_AGAIN: /* lost, as others are on their way */
		break;
	default:
		if (w->failures < FOR_GOOD)
			w->failures++;
		break;
	}
}

void
gw_discovery_links_send(
    struct gw_discovery_links *l, struct gw_udp *u, struct gw_slice data)
{
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; k < l->v[i].count; k++)
			send_by(u, &l->v[i], &l->v[i].ways[k], data);
}

bool
gw_discovery_links_trouble(struct gw_discovery_links *l,
    const struct gw_discovery_link **link, const struct gw_way **way)
{
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; k < l->v[i].count; k++) {
			struct gw_way *w = &l->v[i].ways[k];

			if (w->failures < FOR_GOOD || w->told)
				continue;
			w->told = true;
			*link = &l->v[i];
			*way = w;
			return true;
		}
	return false;
}
