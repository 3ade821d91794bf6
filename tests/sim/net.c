#include "net.h"

#include <stdlib.h>
#include <string.h>

#include "net_private.h"

enum {
	SMALL_BYTES = 2048,
	KEEP_SMALL = 1 << 15, /* idle buffers */
	KEEP_LARGE = 64,
	NODES_MAX = 2048 /* ways take memory by the square */
};

struct net_addr
net_addr(uint32_t host, uint16_t port)
{
	struct net_addr a = { .port = port };

	GW_ASSERT(host < 1 << 24);
	a.ip[10] = a.ip[11] = 0xff;
	a.ip[12] = 10;
	a.ip[13] = (uint8_t)(host >> 16);
	a.ip[14] = (uint8_t)(host >> 8);
	a.ip[15] = (uint8_t)host;
	return a;
}

bool
net_addr_eq(const struct net_addr *a, const struct net_addr *b)
{
	return a->port == b->port && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

/* ---- datagrams under way ---- */

struct net_packet *
net_packet_new(struct net *net, const struct net_datagram *d)
{
	const bool large = d->len > SMALL_BYTES;
	struct net_packet *p = (struct net_packet *)(void *)gw_pool_get(
	    large ? &net->large : &net->small);

	GW_ASSERT(p != NULL);
	GW_ASSERT(d->len <= NET_DATAGRAM_MAX);
	p->d = *d;
	p->d.bytes = (uint8_t *)(p + 1);
	if (d->len > 0)
		memcpy(p->d.bytes, d->bytes, d->len);
	p->large = large;
	return p;
}

void
net_packet_free(struct net *net, struct net_packet *p)
{
	if (p != NULL)
		gw_pool_put(p->large ? &net->large : &net->small, (uint8_t *)p);
}

void
net_count(struct net_count *c, const struct net_packet *p)
{
	c->datagrams++;
	c->bytes += p->d.len;
}

static void
tell(const struct net *net, enum net_fate fate, unsigned where,
    const struct net_datagram *d)
{
	if (net->watch.saw != NULL)
		net->watch.saw(net->watch.arg, fate, where, d, net->now / 1000);
}

void
net_drop(struct net *net, struct net_count *why, struct net_packet *p,
    unsigned where)
{
	net_count(why, p);
	tell(net, NET_DROPPED, where, &p->d);
	net_packet_free(net, p);
}

/* ---- life ---- */

struct net *
net_new(uint64_t seed)
{
	struct net *net = calloc(1, sizeof(*net));

	GW_ASSERT(net != NULL);
	net->seed = seed;
	gw_pool_init(
	    &net->small, sizeof(struct net_packet) + SMALL_BYTES, KEEP_SMALL);
	gw_pool_init(&net->large, sizeof(struct net_packet) + NET_DATAGRAM_MAX,
	    KEEP_LARGE);
	return net;
}

static void
free_packets(struct net *net, struct net_packets *q)
{
	struct net_packet *p;

	while ((p = net_packets_take(q)) != NULL)
		net_packet_free(net, p);
}

void
net_free(struct net *net)
{
	if (net == NULL)
		return;
	while (net->events.count > 0) {
		const struct net_event e = net_events_pop(&net->events);

		net_packet_free(net, e.packet);
		free(e.change);
	}
	for (unsigned i = 0; i < net->link_count; i++)
		free_packets(net, &net->links[i].queue);
	free_packets(net, &net->ready);
	net_packet_free(net, net->lent);
	gw_pool_fini(&net->small);
	gw_pool_fini(&net->large);
	free(net->events.heap);
	free(net->nodes);
	free(net->links);
	free(net->next_link);
	free(net->places);
	free(net);
}

/* ---- nodes and links ---- */

static unsigned
add_node(struct net *net, const struct net_node *node)
{
	GW_ASSERT(net->node_count < NODES_MAX);
	if (net->node_count == net->node_room) {
		net->node_room = net->node_room > 0 ? 2 * net->node_room : 8;
		net->nodes =
		    realloc(net->nodes, net->node_room * sizeof(*net->nodes));
		GW_ASSERT(net->nodes != NULL);
	}
	net->nodes[net->node_count] = *node;
	free(net->next_link);
	net->next_link = NULL;
	return net->node_count++;
}

unsigned
net_host(struct net *net, const struct net_addr *a)
{
	const unsigned node =
	    add_node(net, &(struct net_node){ .host = true, .addr = *a });

	net_take_address(net, a, node);
	return node;
}

unsigned
net_router(struct net *net)
{
	return add_node(net, &(struct net_node){ 0 });
}

struct net_addr
net_address(const struct net *net, unsigned node)
{
	GW_ASSERT(node < net->node_count && net->nodes[node].host);
	return net->nodes[node].addr;
}

unsigned
net_link(struct net *net, unsigned from, unsigned to,
    const struct net_link_options *o)
{
	struct net_link *l;
	uint64_t seed = net->seed + net->link_count;

	GW_ASSERT(from < net->node_count && to < net->node_count);
	GW_ASSERT(from != to && net->link_count < NET_NONE);
	if (net->link_count == net->link_room) {
		net->link_room = net->link_room > 0 ? 2 * net->link_room : 8;
		net->links =
		    realloc(net->links, net->link_room * sizeof(*net->links));
		GW_ASSERT(net->links != NULL);
	}
	l = &net->links[net->link_count];
	memset(l, 0, sizeof(*l));
	l->o = *o;
	l->from = from;
	l->to = to;
	/* Twice: seeds and links that are neighbours have nothing in common. */
	seed = net_random(&seed);
	l->seed = net_random(&seed);
	l->tokens = (double)o->police_burst;
	l->police_at = net->now;
	free(net->next_link);
	net->next_link = NULL;
	return net->link_count++;
}

unsigned
net_join(
    struct net *net, unsigned a, unsigned b, const struct net_link_options *o)
{
	const unsigned there = net_link(net, a, b, o);

	net_link(net, b, a, o);
	return there;
}

/* ---- time ---- */

static void
happen(struct net *net, const struct net_event *e)
{
	net->now = e->at;
	if (e->change != NULL)
		net_apply(net, e->change);
	else if (e->packet != NULL)
		net_link_arrive(net, e->link, e->packet);
	else
		net_link_depart(net, e->link);
}

/* Until then, or, with stop, until something has arrived somewhere. */
static void
advance(struct net *net, gw_usec now, bool stop)
{
	const net_nsec until = now * 1000;

	GW_ASSERT(until >= net->now);
	while (net->events.count > 0 && net->events.heap[0].at <= until) {
		const struct net_event e = net_events_pop(&net->events);

		happen(net, &e);
		if (stop && net->ready.first != NULL)
			return;
	}
	net->now = until;
}

gw_usec
net_next(const struct net *net)
{
	if (net->ready.first != NULL)
		return (net->now + 999) / 1000;
	if (net->events.count == 0)
		return GW_NEVER;
	return (net->events.heap[0].at + 999) / 1000;
}

void
net_send(
    struct net *net, unsigned node, const struct net_datagram *d, gw_usec now)
{
	struct net_packet *p;

	advance(net, now, false);
	GW_ASSERT(node < net->node_count && net->nodes[node].host);
	GW_ASSERT(net->nodes[node].sleeps == 0);
	p = net_packet_new(net, d);
	if (d->from.port == 0)
		p->d.from = net->nodes[node].addr;
	net_count(&net->totals.sent, p);
	tell(net, NET_SENT, node, &p->d);
	p->destination = net_find(net, &p->d.to, NULL);
	if (p->destination == NET_NONE)
		net_drop(net, &net->totals.unroutable, p, NET_NONE);
	else
		net_forward(net, node, p);
}

bool
net_deliver(
    struct net *net, unsigned *node, struct net_datagram *d, gw_usec now)
{
	struct net_packet *p;

	net_packet_free(net, net->lent);
	net->lent = NULL;
	if (net->ready.first == NULL)
		advance(net, now, true);
	p = net_packets_take(&net->ready);
	if (p == NULL)
		return false;
	net->lent = p;
	net_count(&net->totals.delivered, p);
	tell(net, NET_DELIVERED, p->destination, &p->d);
	*node = p->destination;
	*d = p->d;
	return true;
}

/* ---- what happened ---- */

const struct net_link_counters *
net_counters(const struct net *net, unsigned link)
{
	GW_ASSERT(link < net->link_count);
	return &net->links[link].counters;
}

struct net_count
net_dropped(const struct net *net, unsigned link)
{
	const struct net_link_counters *c = net_counters(net, link);
	const struct net_count *const why[] = { &c->picked, &c->too_big,
		&c->lost, &c->ecn_lost, &c->policed, &c->queue_full, &c->cut };
	struct net_count all = { 0 };

	for (size_t i = 0; i < sizeof(why) / sizeof(why[0]); i++) {
		all.datagrams += why[i]->datagrams;
		all.bytes += why[i]->bytes;
	}
	return all;
}

const struct net_totals *
net_totals(const struct net *net)
{
	return &net->totals;
}

void
net_watch(struct net *net, const struct net_watch *w)
{
	net->watch = w != NULL ? *w : (struct net_watch){ 0 };
}
