#include <stdio.h>
#include <stdlib.h>

#include "net_private.h"

/* More than any engine has to do at one moment. */
enum { ROUNDS_MAX = 1 << 20, OUTPUT_MAX = 1 << 20 };

struct run {
	struct net *net;
	const struct net_run *o;
	gw_usec *deadline; /* of each node, in time, not on its clock */
	bool *touched;     /* something arrived there at this moment */
	gw_usec now;
	unsigned rounds; /* at this moment */
};

static _Noreturn void
stuck(const struct run *r, unsigned node, const char *what)
{
	fprintf(stderr, "net_run: node %u %s at %llu us (seed %llu)\n", node,
	    what, (unsigned long long)r->now, (unsigned long long)r->net->seed);
	abort();
}

/* Time does not go on. */
static _Noreturn void
stuck_somewhere(const struct run *r)
{
	for (unsigned i = 0; i < r->o->count; i++)
		if (r->deadline[i] <= r->now)
			stuck(r, i, "has a deadline that does not pass");
	stuck(r, 0, "or another one sends without end");
}

static bool
runs(const struct run *r, unsigned node)
{
	const struct net_node *n = &r->net->nodes[node];

	return n->host && n->sleeps == 0;
}

/* Its deadline is on its own clock. */
static void
ask_deadline(struct run *r, unsigned node)
{
	const struct net_node_ops *ops = &r->o->nodes[node];
	const gw_usec at =
	    ops->deadline != NULL ? ops->deadline(ops->arg) : GW_NEVER;
	int64_t in_time;

	r->deadline[node] = GW_NEVER;
	if (at == GW_NEVER)
		return;
	in_time = (int64_t)at - r->net->nodes[node].clock_by;
	r->deadline[node] =
	    in_time > (int64_t)r->now ? (gw_usec)in_time : r->now;
}

static void
send_all(struct run *r, unsigned node)
{
	const struct net_node_ops *ops = &r->o->nodes[node];
	const gw_usec clock = net_clock(r->net, node, r->now);

	for (unsigned n = 0; ops->output != NULL; n++) {
		struct net_datagram d = { 0 };

		if (!ops->output(ops->arg, &d, clock))
			return;
		if (n == OUTPUT_MAX)
			stuck(r, node, "has no end of output");
		net_send(r->net, node, &d, r->now);
	}
}

/* All that a node has to do now, once what arrived has been put in. */
static void
visit(struct run *r, unsigned node)
{
	const struct net_node_ops *ops = &r->o->nodes[node];
	const gw_usec clock = net_clock(r->net, node, r->now);

	/* What arrived may have changed it. */
	ask_deadline(r, node);
	if (r->deadline[node] <= r->now && ops->tick != NULL)
		ops->tick(ops->arg, clock);
	if (ops->work != NULL)
		ops->work(ops->arg, clock);
	send_all(r, node);
	ask_deadline(r, node);
}

static void
take_arrivals(struct run *r)
{
	struct net_datagram d;
	unsigned node;

	while (net_deliver(r->net, &node, &d, r->now)) {
		const struct net_node_ops *ops;
		const gw_usec clock = net_clock(r->net, node, r->now);

		if (node >= r->o->count)
			continue;
		ops = &r->o->nodes[node];
		r->touched[node] = true;
		if (d.kind == NET_DATA && ops->input != NULL)
			ops->input(ops->arg, &d, clock);
		if (d.kind != NET_DATA && ops->notice != NULL)
			ops->notice(ops->arg, &d, clock);
	}
}

/* One moment, all nodes. */
static void
moment(struct run *r)
{
	take_arrivals(r);
	for (unsigned i = 0; i < r->o->count; i++) {
		struct net_node *n = &r->net->nodes[i];

		if (!r->touched[i] && !n->stirred && r->deadline[i] > r->now)
			continue;
		r->touched[i] = n->stirred = false;
		if (!runs(r, i)) {
			r->deadline[i] = GW_NEVER;
			continue;
		}
		visit(r, i);
	}
}

static gw_usec
next_moment(const struct run *r)
{
	gw_usec at = net_next(r->net);

	for (unsigned i = 0; i < r->o->count; i++)
		at = gw_usec_min(at, r->deadline[i]);
	return at;
}

gw_usec
net_run(struct net *net, const struct net_run *o, gw_usec now, gw_usec until)
{
	struct run r = { .net = net, .o = o, .now = now };

	GW_ASSERT(o->count <= net->node_count);
	r.deadline = calloc(o->count + 1, sizeof(*r.deadline));
	r.touched = calloc(o->count + 1, sizeof(*r.touched));
	GW_ASSERT(r.deadline != NULL && r.touched != NULL);
	for (unsigned i = 0; i < o->count; i++) {
		ask_deadline(&r, i);
		r.touched[i] = true;
	}
	for (;;) {
		gw_usec at;

		moment(&r);
		if (o->done != NULL && o->done(o->arg, r.now))
			break;
		at = next_moment(&r);
		if (at == GW_NEVER || at > until) {
			if (at != GW_NEVER)
				r.now = until;
			break;
		}
		r.rounds = at > r.now ? 0 : r.rounds + 1;
		if (r.rounds > ROUNDS_MAX)
			stuck_somewhere(&r);
		r.now = at > r.now ? at : r.now;
	}
	free(r.deadline);
	free(r.touched);
	return r.now;
}
