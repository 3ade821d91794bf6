#include <stdlib.h>

#include "net_private.h"

static void
at(struct net *net, gw_usec when, struct net_change change)
{
	struct net_change *c = malloc(sizeof(*c));
	const net_nsec nsec = when * 1000;

	GW_ASSERT(c != NULL);
	*c = change;
	net_events_push(
	    &net->events, (struct net_event){
			      .at = nsec > net->now ? nsec : net->now,
			      .change = c,
			  });
}

void
net_change_link(struct net *net, unsigned link,
    const struct net_link_options *o, gw_usec when)
{
	GW_ASSERT(link < net->link_count);
	at(net, when,
	    (struct net_change){
		.kind = NET_CHANGE_LINK,
		.index = link,
		.u.options = *o,
	    });
}

/* On and then off again, of what may be on several times at once. */
static void
between(struct net *net, enum net_change_kind kind, unsigned index,
    gw_usec from, gw_usec until)
{
	GW_ASSERT(from <= until);
	at(net, from,
	    (struct net_change){ .kind = kind, .index = index, .u.on = true });
	at(net, until,
	    (struct net_change){ .kind = kind, .index = index, .u.on = false });
}

void
net_cut(struct net *net, unsigned link, gw_usec from, gw_usec until)
{
	GW_ASSERT(link < net->link_count);
	between(net, NET_CHANGE_CUT, link, from, until);
}

void
net_sleep(struct net *net, unsigned node, gw_usec from, gw_usec until)
{
	GW_ASSERT(node < net->node_count);
	between(net, NET_CHANGE_SLEEP, node, from, until);
}

void
net_change_address(struct net *net, unsigned node, const struct net_addr *to,
    bool keep, gw_usec when)
{
	GW_ASSERT(node < net->node_count && net->nodes[node].host);
	at(net, when,
	    (struct net_change){
		.kind = NET_CHANGE_ADDRESS,
		.index = node,
		.u.address = { .addr = *to, .keep = keep },
	    });
}

void
net_set_presence(
    struct net *net, unsigned node, enum net_presence presence, gw_usec when)
{
	GW_ASSERT(node < net->node_count);
	at(net, when,
	    (struct net_change){
		.kind = NET_CHANGE_PRESENCE,
		.index = node,
		.u.presence = presence,
	    });
}

void
net_jump_clock(struct net *net, unsigned node, int64_t by, gw_usec when)
{
	GW_ASSERT(node < net->node_count);
	at(net, when,
	    (struct net_change){
		.kind = NET_CHANGE_CLOCK,
		.index = node,
		.u.clock_by = by,
	    });
}

/* ---- when it comes true ---- */

static void
apply_address(struct net *net, unsigned node, const struct net_change *c)
{
	struct net_node *n = &net->nodes[node];
	size_t place;

	if (!c->u.address.keep) {
		net_find(net, &n->addr, &place);
		net->places[place].node = NET_NONE;
	}
	n->addr = c->u.address.addr;
	/* It may come back to one that it had. */
	if (net_find(net, &n->addr, NULL) != node)
		net_take_address(net, &n->addr, node);
}

static void
apply_sleep(struct net *net, struct net_node *n, bool on)
{
	if (on && n->sleeps++ == 0)
		n->asleep_since = net->now;
	if (!on && --n->sleeps == 0) {
		n->clock_by -= (int64_t)((net->now - n->asleep_since) / 1000);
		n->stirred = true;
	}
}

void
net_apply(struct net *net, struct net_change *c)
{
	switch (c->kind) {
	case NET_CHANGE_LINK:
		net->links[c->index].o = c->u.options;
		break;
	case NET_CHANGE_CUT:
		net->links[c->index].cuts += c->u.on ? 1U : -1U;
		break;
	case NET_CHANGE_ADDRESS:
		apply_address(net, c->index, c);
		break;
	case NET_CHANGE_PRESENCE:
		net->nodes[c->index].presence = c->u.presence;
		break;
	case NET_CHANGE_CLOCK:
		net->nodes[c->index].clock_by += c->u.clock_by;
		net->nodes[c->index].stirred = true;
		break;
	case NET_CHANGE_SLEEP:
		apply_sleep(net, &net->nodes[c->index], c->u.on);
		break;
	}
	free(c);
}

gw_usec
net_clock(const struct net *net, unsigned node, gw_usec now)
{
	const struct net_node *n = &net->nodes[node];
	const int64_t shown =
	    n->clock_by +
	    (int64_t)(n->sleeps > 0 ? n->asleep_since / 1000 : now);

	return shown > 0 ? (gw_usec)shown : 0;
}
