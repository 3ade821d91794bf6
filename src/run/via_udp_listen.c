/*
 * Where datagrams come in that go through a peer.
 */
#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "os/interfaces.h"
#include "run/udp_flow_info.h"
#include "run/via_udp.h"

enum {
	BUFFER = 8 << 20,       /* bytes that a listener asks for */
	GUARD_RATE = 256 << 10, /* bytes a second to one unproven source */
	GUARD_BURST = 1 << 20,  /* bytes */
	BATCHES = 16,           /* of a listener, before others have a turn */
	GRACE = 1000000,        /* us longer than the other side has it */
	LATE = 15000000         /* us that something is under way at most: a
				   session that is silent for so long is lost */
};

#define PORT_OF(i) ((struct gw_via_udp_port *)(void *)(i)) /* it is first */
#define FLOW_OF(f) ((struct gw_via_udp_flow *)(void *)(f)) /* likewise */

void
gw_via_udp_settle(struct gw_via_udp *r)
{
	const struct gw_udp_flows *t = r->flows;
	struct gw_forwarder *f = &r->base.base;

	f->counts = (struct gw_forward_counts){
		.flows = t->count,
		.flows_total = t->opened,
		.bytes_in = t->requests.bytes,
		.bytes_out = t->replies.bytes,
		.packets_in = t->requests.packets,
		.packets_out = t->replies.packets,
	};
	memcpy(f->counts.drops, t->drops, sizeof f->counts.drops);
	if (f->draining && t->count == 0)
		gw_via_udp_close_ports(r);
}

void
gw_via_udp_agreed(struct gw_via_rule *rule)
{
	struct gw_via_udp *r = (struct gw_via_udp *)(void *)rule;

	r->flows->o.idle = rule->unreplied + GRACE;
	r->flows->o.idle_assured = rule->idle + GRACE;
}

/* ---- from the tunnel to clients ---- */

void
gw_via_udp_replied(struct gw_via_udp_flow *w, const struct gw_udp_sending *v)
{
	for (enum gw_udp_fate i = GW_FATE_SENT + 1; i < GW_FATES; i++) {
		const struct gw_udp_load l = { .count = v->fates[i].count,
			.bytes = v->fates[i].bytes };

		if (l.count > 0)
			gw_udp_flows_lost_reply(
			    w->r->flows, w->flow, &l, gw_via_udp_reason(i));
	}
}

static void
on_datagram(struct gw_tunnel_flow *f, struct gw_slice s)
{
	struct gw_via_udp_flow *w = FLOW_OF(f);
	const struct gw_udp_load l = {
		.count = 1, .bytes = (uint32_t)s.n, .segment = (uint32_t)s.n
	};

	f->known = true; /* it has answered */
	w->heard = gw_clock_now();
	gw_tunnel_settle_later(f);
	if (!w->flow->over &&
	    gw_udp_flows_reply(w->r->flows, w->flow, &l, w->heard) > 0)
		gw_via_udp_send(w, s);
}

/* The last one of a flow may have ended it, which frees it. */
static void
on_settle(struct gw_tunnel_flow *f)
{
	struct gw_via_udp *r = FLOW_OF(f)->r;

	gw_via_udp_flush(r);
	gw_via_udp_reap(r);
	gw_via_udp_settle(r);
	gw_via_udp_arm(r);
}

static void
on_message(struct gw_tunnel_flow *f, const struct gw_tunnel_message *m)
{
	/* An end there is not one here: what comes next opens it again. */
	f->known = m->kind == GW_TUNNEL_KNOWN;
	FLOW_OF(f)->heard = gw_clock_now();
}

static void
on_dropped(struct gw_tunnel_flow *f, enum gw_drop why, size_t n)
{
	struct gw_via_udp_flow *w = FLOW_OF(f);
	const struct gw_udp_load l = { .count = 1, .bytes = (uint32_t)n };

	gw_udp_flows_lost_request(w->r->flows, w->flow, &l, why);
	gw_via_udp_settle(w->r);
}

static void
on_incomplete(struct gw_tunnel_flow *f)
{
	struct gw_via_udp_flow *w = FLOW_OF(f);

	gw_udp_flows_drop(w->r->flows, w->flow, GW_DROP_INCOMPLETE, 1);
	gw_via_udp_settle(w->r);
}

static const struct gw_tunnel_flow_ops flow_ops = { .message = on_message,
	.datagram = on_datagram,
	.settle = on_settle,
	.dropped = on_dropped,
	.incomplete = on_incomplete };

/* ---- from clients to the tunnel ---- */

static bool
is_link_local(const uint8_t ip[16])
{
	return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

/* Answers leave from the address that was asked; of a broadcast, from the one
 * that the kernel names as ours. */
static void
set_client(struct gw_via_udp_flow *w, const struct gw_udp_burst *b)
{
	static const uint8_t none[16];
	const uint8_t *own = b->cast == GW_CAST_HOST ? b->local : b->own;
	const bool known = w->port->wildcard && b->interface != 0 &&
			   memcmp(own, none, sizeof none) != 0;
	const bool on_link = b->cast != GW_CAST_HOST || is_link_local(b->peer);
	struct gw_addr peer, from;

	gw_addr_from_mapped(&peer, b->peer, b->peer_zone, b->peer_port);
	if (known)
		gw_addr_from_mapped(
		    &from, own, is_link_local(own) ? b->interface : 0, 0);
	gw_udp_back_set(&w->client, &w->port->udp, &peer, known ? &from : NULL,
	    on_link ? b->interface : 0);
}

static struct gw_via_udp_flow *
flow_new(struct gw_via_udp *r, struct gw_via_udp_port *p,
    struct gw_udp_flow *flow, const struct gw_udp_burst *b)
{
	struct gw_via_udp_flow *w = calloc(1, sizeof *w);
	struct gw_forward_flow told;

	if (w == NULL)
		return NULL;
	w->in.ops = &flow_ops;
	w->in.rule = &r->base;
	w->r = r;
	w->flow = flow;
	w->port = p;
	if (gw_tunnel_flow_begin(r->base.tunnel, &w->in, false) != GW_OK) {
		free(w);
		return NULL;
	}
	set_client(w, b);
	w->id = gw_forward_number(r->base.base.set);
	flow->user = w;
	gw_via_udp_client_info(r, flow, &told);
	gw_forwarder_opened(&r->base.base, &told);
	return w;
}

/* The other side has the flow, and is not just ending it. */
static bool
is_known(
    const struct gw_via_udp *r, const struct gw_via_udp_flow *w, gw_usec now)
{
	const gw_usec idle = gw_usec_min(r->base.idle, r->base.unreplied);

	/* What was heard may have been as late as what is sent now will be. */
	return w->in.known && now - w->heard + 2 * (gw_usec)LATE < idle;
}

static void
pass_on(struct gw_via_udp *r, struct gw_via_udp_flow *w, struct gw_slice s,
    gw_usec now)
{
	const struct gw_udp_flow_key *k = &w->flow->key;
	const struct gw_udp_load l = { .count = 1, .bytes = (uint32_t)s.n };
	struct gw_tunnel_datagram d = { .flow = w->in.id,
		.opens = !is_known(r, w, now),
		.rule = r->base.number,
		.port = (uint16_t)(w->port - r->ports),
		.ip_port = k->port };
	enum gw_drop why = GW_DROP_PEER;

	memcpy(d.ip, k->client, sizeof d.ip);
	if (r->base.accepted)
		why = gw_tunnel_datagram(&w->in, &d, s);
	if (why != GW_DROP_NONE)
		gw_udp_flows_lost_request(r->flows, w->flow, &l, why);
}

static void
take(struct gw_via_udp *r, struct gw_via_udp_port *p,
    const struct gw_udp_burst *b, gw_usec now)
{
	const struct gw_udp_load l = {
		.count = b->count, .bytes = b->len, .segment = b->segment
	};
	struct gw_udp_flow_key k = { .port = b->peer_port,
		.local_port = p->udp.port,
		.client_zone = b->peer_zone,
		.local_zone = b->peer_zone != 0 ? b->interface : 0 };
	struct gw_udp_flow *flow;
	uint32_t at = 0;

	if (b->lost_before > 0)
		gw_udp_flows_drop(
		    r->flows, NULL, GW_DROP_KERNEL, b->lost_before);
	if (b->cut) {
		gw_udp_flows_drop(r->flows, NULL, GW_DROP_TRUNCATED, b->count);
		return;
	}
	memcpy(k.client, b->peer, sizeof k.client);
	if (p->wildcard)
		memcpy(k.local, b->local, sizeof k.local);
	else
		gw_addr_mapped(&p->at, k.local);
	if (gw_udp_flows_request(r->flows, &k, &l, now, &flow) != GW_DROP_NONE)
		return;
	if (flow->user == NULL && flow_new(r, p, flow, b) == NULL) {
		gw_udp_flows_fail(r->flows, flow, &l, GW_DROP_CAP, now);
		return;
	}
	for (uint32_t i = 0; i < b->count; i++) {
		const uint32_t left = b->len - at;
		const uint32_t n = left < b->segment ? left : b->segment;

		pass_on(r, flow->user, gw_slice(b->bytes + at, n), now);
		at += n;
	}
}

static void
on_port(struct gw_poll_item *i, uint32_t events)
{
	struct gw_via_udp_port *p = PORT_OF(i);
	struct gw_via_udp *r = p->r;
	const gw_usec now = gw_clock_now();
	struct gw_udp_error e;
	unsigned n = GW_BURSTS;

	if ((events & EPOLLERR) != 0)
		while (gw_udp_next_error(&p->udp, &e) == GW_OK)
			gw_udp_flows_drop(r->flows, NULL, GW_DROP_ICMP, 1);
	for (unsigned k = 0; k < BATCHES && n == GW_BURSTS; k++) {
		n = gw_udp_bursts_recv(r->bursts, &p->udp, 0, GW_BURSTS);
		for (unsigned j = 0; j < n; j++)
			take(r, p, gw_udp_bursts_at(r->bursts, j), now);
	}
	if (n == GW_BURSTS)
		gw_poller_again(&r->base.base.set->poller, i);
	gw_via_udp_reap(r);
	gw_via_udp_settle(r);
	gw_via_udp_arm(r);
}

/* ---- life ---- */

void
gw_via_udp_reap(struct gw_via_udp *r)
{
	struct gw_udp_flow *flow;

	while ((flow = gw_udp_flows_closed(r->flows)) != NULL) {
		struct gw_via_udp_flow *w = flow->user;
		struct gw_forward_flow told;

		if (w != NULL && r->train.of == w)
			gw_via_udp_flush(r);
		if (w != NULL) {
			gw_tunnel_say(w->in.tunnel, 0,
			    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_OVER,
				.flow = w->in.id,
				.reason = GW_TUNNEL_TIME });
			gw_tunnel_flow_end(&w->in);
		}
		gw_via_udp_client_info(r, flow, &told);
		gw_forwarder_closed(&r->base.base, &told, flow->end);
		free(w);
		gw_udp_flow_release(flow);
	}
}

void
gw_via_udp_close_ports(struct gw_via_udp *r)
{
	for (size_t i = 0; i < r->port_count; i++) {
		gw_poller_remove(&r->base.base.set->poller, &r->ports[i].item);
		gw_udp_close(&r->ports[i].udp);
	}
	gw_forward_give_files(r->base.base.set, (unsigned)r->port_count);
	r->port_count = 0;
}

static enum gw_err
open_port(struct gw_via_udp *r, unsigned i, struct gw_why *why)
{
	struct gw_forwarder *f = &r->base.base;
	const struct gw_rule *rule = &f->rule;
	struct gw_via_udp_port *p = &r->ports[r->port_count];
	const struct gw_udp_options o = {
		.address = rule->listen[0] != '\0' ? rule->listen : NULL,
		.port = (uint16_t)(rule->port + i),
		.v6_only = true,
		.fragment = true,
	};
	enum gw_err err;

	if (!gw_forward_take_files(f->set, 1))
		return gw_why(why, GW_E_LIMIT,
		    "more ports than this process may have descriptors "
		    "(ulimit -n)");
	if ((err = gw_udp_open(&o, why, &p->udp)) != GW_OK) {
		gw_forward_give_files(f->set, 1);
		return err;
	}
	p->r = r;
	gw_udp_address(&p->udp, &p->at);
	p->wildcard = gw_addr_is_any(&p->at);
	p->both = rule->listen[0] == '\0' && p->udp.family == AF_INET6;
	p->item.fd = p->udp.fd;
	p->item.on = on_port;
	(void)gw_udp_burst_prepare(&p->udp, BUFFER, rule->requests == 0);
	if ((err = gw_poller_add(&f->set->poller, &p->item)) != GW_OK) {
		gw_udp_close(&p->udp);
		gw_forward_give_files(f->set, 1);
		return err;
	}
	r->port_count++;
	return GW_OK;
}

enum gw_err
gw_via_udp_listen(struct gw_via_udp *r, struct gw_why *why)
{
	const struct gw_rule *rule = &r->base.base.rule;
	const struct gw_udp_flow_options o = {
		.idle = r->base.unreplied + GRACE,
		.idle_assured = r->base.idle + GRACE,
		.life = rule->life_ms * GW_MSEC,
		.responses = rule->responses,
		.requests = rule->requests,
		.limit = rule->max,
		.per_source = rule->per_source,
		.at_cap = rule->shed == GW_RULE_SHED_EVICT ? GW_UDP_CAP_EVICT
							   : GW_UDP_CAP_REJECT,
		.guard_rate = GUARD_RATE,
		.guard_burst = GUARD_BURST,
		.ratio = rule->ratio,
		.targets = &r->peer,
		.rule = rule,
	};
	struct gw_place nowhere = { .port = 0 };
	enum gw_err err;

	gw_targets_init(&r->peer, 1);
	gw_targets_set(&r->peer, 0, &nowhere, false);
	r->budget.limit = GW_TUNNEL_FLOWS;
	err = gw_udp_flows_new(
	    &o, &r->budget, &r->base.base.set->g->self.random, &r->flows);
	if (err == GW_OK &&
	    (r->ports = calloc(rule->ports, sizeof *r->ports)) == NULL)
		err = GW_E_MEMORY;
	for (unsigned i = 0; i < rule->ports && err == GW_OK; i++)
		err = open_port(r, i, why);
	if (err == GW_OK)
		r->base.base.port = r->ports[0].udp.port;
	return err;
}

/* ---- looking ---- */

void
gw_via_udp_client_info(const struct gw_via_udp *r,
    const struct gw_udp_flow *flow, struct gw_forward_flow *out)
{
	const struct gw_via_udp_flow *w = flow->user;

	gw_udp_flow_info(
	    r->flows, flow, flow->over ? flow->seen : gw_clock_now(), out);
	out->id = w != NULL ? w->id : 0;
	out->rule = r->base.base.id;
}
