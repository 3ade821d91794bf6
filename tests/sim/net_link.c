#include <string.h>

#include "net_private.h"

uint64_t
net_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* In [0, 1). */
static double
draw(struct net_packet *p)
{
	return (double)(net_random(&p->fate) >> 11) * 0x1p-53;
}

/* ---- loss ---- */

/*
 * What is lost in bursts of n is that share of all, if of those outside a
 * burst this share begins one: (1 - p) / p pass for n that are lost.
 */
static double
burst_begins(const struct net_link_options *o)
{
	return o->loss / (o->burst - o->loss * (o->burst - 1));
}

static bool
loses(struct net_link *l, struct net_packet *p, net_nsec now)
{
	const struct net_link_options *o = &l->o;
	const double turn = draw(p), fate = draw(p);
	const net_nsec silence = now - l->last_in;

	l->last_in = now;
	if (turn < (l->bad ? o->bad_leave : o->bad_enter))
		l->bad = !l->bad;
	if (l->bad && fate < o->bad_loss)
		return true;
	if (l->bad || o->burst <= 1)
		return !l->bad && fate < o->loss;
	if (o->burst_silence > 0 && silence >= o->burst_silence * 1000)
		l->in_burst = 0;
	if (l->in_burst == 0 && fate < burst_begins(o))
		l->in_burst = o->burst;
	if (l->in_burst == 0)
		return false;
	l->in_burst--;
	return true;
}

/* ---- the queue ---- */

static void
serve(struct net *net, unsigned link)
{
	const struct net_link *l = &net->links[link];
	net_nsec at = net->now;

	if (l->o.rate > 0)
		at += l->queue.first->weight * UINT64_C(8000000000) / l->o.rate;
	net_events_push(
	    &net->events, (struct net_event){ .at = at, .link = link });
}

/* Over the wire: nothing holds it up any more but distance. */
static void
leave(struct net *net, unsigned link, struct net_packet *p)
{
	struct net_link *l = &net->links[link];
	const struct net_link_options *o = &l->o;
	net_nsec at = net->now + o->delay * 1000;

	if (l->cuts > 0) {
		net_drop(net, &l->counters.cut, p, link);
		return;
	}
	at += (net_nsec)(draw(p) * (double)o->jitter * 1000);
	if (draw(p) < o->reorder) {
		net_count(&l->counters.late, p);
		at += o->reorder_by * 1000;
	}
	if (o->release_every > 0) {
		const net_nsec every = o->release_every * 1000;

		at = (at + every - 1) / every * every;
	}
	if (o->in_order && at < l->last_out)
		at = l->last_out;
	if (at > l->last_out)
		l->last_out = at;
	net_events_push(&net->events,
	    (struct net_event){ .at = at, .packet = p, .link = link });
}

void
net_link_depart(struct net *net, unsigned link)
{
	struct net_link *l = &net->links[link];
	struct net_packet *p = net_packets_take(&l->queue);

	GW_ASSERT(p != NULL);
	l->waiting -= p->weight;
	leave(net, link, p);
	if (l->queue.first != NULL)
		serve(net, link);
}

static void
wait_in_queue(struct net *net, unsigned link, struct net_packet *p)
{
	struct net_link *l = &net->links[link];
	const struct net_link_options *o = &l->o;

	if (o->rate == 0 && l->queue.first == NULL) {
		leave(net, link, p);
		return;
	}
	if (o->queue > 0 && l->waiting + p->weight > o->queue) {
		net_drop(net, &l->counters.queue_full, p, link);
		return;
	}
	if (o->mark_above > 0 && l->waiting > o->mark_above &&
	    (p->d.ecn == NET_ECT0 || p->d.ecn == NET_ECT1)) {
		p->d.ecn = NET_CE;
		net_count(&l->counters.marked, p);
	}
	l->waiting += p->weight;
	if (l->waiting > l->counters.queue_most)
		l->counters.queue_most = l->waiting;
	net_packets_put(&l->queue, p);
	if (l->queue.first == p)
		serve(net, link);
}

/* ---- before the queue ---- */

static bool
police_passes(struct net_link *l, const struct net_packet *p, net_nsec now)
{
	const struct net_link_options *o = &l->o;

	l->tokens +=
	    (double)(now - l->police_at) * (double)o->police_rate / 8e9;
	if (l->tokens > (double)o->police_burst)
		l->tokens = (double)o->police_burst;
	l->police_at = now;
	if (l->tokens < (double)p->weight)
		return false;
	l->tokens -= (double)p->weight;
	return true;
}

/* One of the copies that there may be. */
static void
pass(struct net *net, unsigned link, struct net_packet *p)
{
	struct net_link *l = &net->links[link];

	if (draw(p) < l->o.corrupt && p->d.len > 0) {
		const uint64_t r = net_random(&p->fate);

		p->d.bytes[(r >> 8) % p->d.len] ^= (uint8_t)(1 + r % 255);
		net_count(&l->counters.corrupted, p);
	}
	if (l->o.police_rate > 0 && !police_passes(l, p, net->now)) {
		net_drop(net, &l->counters.policed, p, link);
		return;
	}
	wait_in_queue(net, link, p);
}

/* Which counter says why it ends here; NULL: it goes on. */
static struct net_count *
ends_here(struct net *net, struct net_link *l, struct net_packet *p)
{
	const struct net_link_options *o = &l->o;
	struct net_link_counters *c = &l->counters;
	const bool lost = loses(l, p, net->now);

	if (o->drop != NULL && o->drop(o->drop_arg, &p->d, net->now / 1000))
		return &c->picked;
	if (o->mtu > 0 && p->d.len > o->mtu) {
		if (o->mtu_told)
			net_notice(net, l->from, &p->d, NET_TOO_BIG, o->mtu);
		return &c->too_big;
	}
	if (lost)
		return &c->lost;
	if (o->ecn_lost && p->d.ecn != NET_NOT_ECT)
		return &c->ecn_lost;
	return NULL;
}

void
net_link_enter(struct net *net, unsigned link, struct net_packet *p)
{
	struct net_link *l = &net->links[link];
	uint64_t fate;
	struct net_count *why;

	p->order = l->orders++;
	p->weight = p->d.len + l->o.overhead;
	fate = l->seed + p->order;
	p->fate = net_random(&fate);
	net_count(&l->counters.in, p);
	why = ends_here(net, l, p);
	if (why != NULL) {
		net_drop(net, why, p, link);
		return;
	}
	if (l->o.ecn_bleached)
		p->d.ecn = NET_NOT_ECT;
	if (draw(p) < l->o.duplicate) {
		struct net_packet *copy = net_packet_new(net, &p->d);

		copy->destination = p->destination;
		copy->order = p->order;
		copy->weight = p->weight;
		copy->fate = net_random(&p->fate);
		net_count(&l->counters.duplicated, copy);
		pass(net, link, p);
		pass(net, link, copy);
		return;
	}
	pass(net, link, p);
}

void
net_link_arrive(struct net *net, unsigned link, struct net_packet *p)
{
	struct net_link *l = &net->links[link];

	net_count(&l->counters.out, p);
	if (p->order + 1 < l->latest_seen)
		net_count(&l->counters.overtaken, p);
	else
		l->latest_seen = p->order + 1;
	net_forward(net, l->to, p);
}
