#include <stdlib.h>
#include <string.h>

#include "net_private.h"

/* ---- whose an address is ---- */

static size_t
hash(const struct net_addr *a)
{
	uint64_t words[2], z = a->port;

	memcpy(words, a->ip, sizeof(words));
	z ^= words[0] * UINT64_C(0x9e3779b97f4a7c15);
	z ^= words[1] * UINT64_C(0xd1342543de82ef95);
	return (size_t)net_random(&z);
}

unsigned
net_find(const struct net *net, const struct net_addr *a, size_t *place)
{
	size_t at;

	if (net->place_room == 0)
		return NET_NONE;
	for (at = hash(a) % net->place_room; net->places[at].addr.port != 0;
	     at = (at + 1) % net->place_room)
		if (net_addr_eq(&net->places[at].addr, a))
			break;
	if (place != NULL)
		*place = at;
	return net->places[at].addr.port != 0 ? net->places[at].node : NET_NONE;
}

static void
grow(struct net *net)
{
	struct net_place *old = net->places;
	const size_t room = net->place_room;
	size_t at;

	net->place_room = room > 0 ? 2 * room : 16;
	net->places = calloc(net->place_room, sizeof(*net->places));
	GW_ASSERT(net->places != NULL);
	for (size_t i = 0; i < room; i++) {
		if (old[i].addr.port == 0)
			continue;
		net_find(net, &old[i].addr, &at);
		net->places[at] = old[i];
	}
	free(old);
}

void
net_take_address(struct net *net, const struct net_addr *a, unsigned node)
{
	size_t at;

	GW_ASSERT(a->port != 0);
	if (2 * (net->place_count + 1) > net->place_room)
		grow(net);
	GW_ASSERT(net_find(net, a, &at) == NET_NONE);
	if (net->places[at].addr.port == 0)
		net->place_count++;
	net->places[at] = (struct net_place){ .addr = *a, .node = node };
}

/* ---- the way to a node ---- */

/* The links that lead to each node, as lists: first[node], then next[link]. */
struct incoming {
	uint16_t *first, *next;
};

/* Breadth first, from the destination against the links. */
static void
find_ways_to(
    struct net *net, unsigned to, const struct incoming *in, uint16_t *queue)
{
	const unsigned n = net->node_count;
	unsigned done = 0, found = 0;

	for (unsigned i = 0; i < n; i++)
		net->next_link[i * n + to] = NET_NONE;
	queue[found++] = (uint16_t)to;
	while (done < found) {
		const unsigned node = queue[done++];

		/* Only routers pass on what is not for them. */
		if (node != to && net->nodes[node].host)
			continue;
		for (unsigned i = in->first[node]; i != NET_NONE;
		     i = in->next[i]) {
			const unsigned from = net->links[i].from;
			uint16_t *way = &net->next_link[from * n + to];

			if (from == to || *way != NET_NONE)
				continue;
			*way = (uint16_t)i;
			queue[found++] = (uint16_t)from;
		}
	}
}

static void
find_ways(struct net *net)
{
	const size_t n = net->node_count;
	struct incoming in = {
		.first = malloc(n * sizeof(*in.first)),
		.next = malloc((net->link_count + 1) * sizeof(*in.next)),
	};
	uint16_t *queue = malloc(n * sizeof(*queue));

	net->next_link = malloc(n * n * sizeof(*net->next_link));
	GW_ASSERT(in.first != NULL && in.next != NULL);
	GW_ASSERT(queue != NULL && net->next_link != NULL);
	for (unsigned i = 0; i < n; i++)
		in.first[i] = NET_NONE;
	/* The first made of two that are parallel comes first. */
	for (unsigned i = net->link_count; i-- > 0;) {
		in.next[i] = in.first[net->links[i].to];
		in.first[net->links[i].to] = (uint16_t)i;
	}
	for (unsigned to = 0; to < n; to++)
		find_ways_to(net, to, &in, queue);
	free(in.first);
	free(in.next);
	free(queue);
}

/* ---- on its way ---- */

static void
reach(struct net *net, unsigned node, struct net_packet *p)
{
	const struct net_node *n = &net->nodes[node];

	if (n->presence == NET_THERE && n->sleeps == 0 &&
	    net_find(net, &p->d.to, NULL) == node) {
		net_packets_put(&net->ready, p);
		return;
	}
	if (n->presence == NET_CLOSED && n->sleeps == 0)
		net_notice(net, node, &p->d, NET_REFUSED, 0);
	net_drop(net, &net->totals.missed, p, NET_NONE);
}

void
net_forward(struct net *net, unsigned node, struct net_packet *p)
{
	unsigned link;

	if (p->destination == node) {
		reach(net, node, p);
		return;
	}
	if (net->next_link == NULL)
		find_ways(net);
	link = net->next_link[node * net->node_count + p->destination];
	if (link == NET_NONE)
		net_drop(net, &net->totals.unroutable, p, NET_NONE);
	else
		net_link_enter(net, link, p);
}

void
net_notice(struct net *net, unsigned node, const struct net_datagram *about,
    enum net_kind kind, uint32_t mtu)
{
	const struct net_datagram d = {
		.kind = kind,
		.from = about->to,
		.to = about->from,
		.mtu = mtu,
		.bytes = about->bytes,
		.len = about->len < NET_NOTICE_BYTES ? about->len
						     : NET_NOTICE_BYTES,
	};
	struct net_packet *p;

	if (about->kind != NET_DATA)
		return;
	p = net_packet_new(net, &d);
	p->destination = net_find(net, &d.to, NULL);
	net_count(&net->totals.notices, p);
	if (p->destination == NET_NONE)
		net_drop(net, &net->totals.unroutable, p, NET_NONE);
	else
		net_forward(net, node, p);
}
