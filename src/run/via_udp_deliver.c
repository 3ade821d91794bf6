/*
 * Where datagrams go to that came through a peer.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "os/clock.h"
#include "run/endpoint.h"
#include "run/via_udp.h"

enum { BUFFER = 1 << 20, BATCHES = 16 };

#define FLOW_OF(f) ((struct gw_via_udp_flow *)(void *)(f)) /* it is first */
#define FLOW_OF_ITEM(i)                                                        \
	((struct gw_via_udp_flow *)(void *)((char *)(i)-offsetof(              \
	    struct gw_via_udp_flow, item)))

static void
dropped(struct gw_via_udp_flow *w, enum gw_drop d, uint64_t n)
{
	w->drops += n;
	w->last_drop = d;
	gw_forwarder_drop(&w->r->base.base, d, n, NULL);
}

static gw_usec
end_of_time(const struct gw_via_udp_flow *w)
{
	return w->seen + (w->replies.packets > 0 && w->requests.packets > 1
				 ? w->r->base.idle
				 : w->r->base.unreplied);
}

/* ---- the end ---- */

void
gw_via_udp_end(struct gw_via_udp_flow *w, enum gw_forward_end end, bool tell)
{
	struct gw_via_udp *r = w->r;
	struct gw_forward_flow told;

	if (tell)
		gw_tunnel_say(w->in.tunnel, 0,
		    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_OVER,
			.flow = w->in.id,
			.reason = end == GW_FORWARD_IDLE ? GW_TUNNEL_TIME
							 : GW_TUNNEL_STOPPED });
	if (r->train.of == w)
		gw_via_udp_flush(r);
	gw_tunnel_flow_end(&w->in);
	gw_via_udp_target_info(w, &told);
	gw_forwarder_closed(&r->base.base, &told, end);
	gw_poller_remove(&r->base.base.set->poller, &w->item);
	gw_udp_close(&w->udp);
	*(w->prev != NULL ? &w->prev->next : &r->first) = w->next;
	*(w->next != NULL ? &w->next->prev : &r->last) = w->prev;
	gw_heap_remove(&r->due, &w->due);
	r->base.base.counts.flows--;
	gw_forward_give_files(r->base.base.set, 1);
	gw_via_udp_arm(r);
	free(w);
}

void
gw_via_udp_due(struct gw_via_udp_flow *w, gw_usec now)
{
	if (end_of_time(w) <= now)
		gw_via_udp_end(w, GW_FORWARD_IDLE, true);
	else
		gw_heap_move(&w->r->due, &w->due, end_of_time(w));
}

/* ---- to the target ---- */

void
gw_via_udp_delivered(struct gw_via_udp_flow *w, const struct gw_udp_sending *v)
{
	struct gw_forward_counts *c = &w->r->base.base.counts;

	w->requests.packets += v->fates[GW_FATE_SENT].count;
	w->requests.bytes += v->fates[GW_FATE_SENT].bytes;
	c->packets_in += v->fates[GW_FATE_SENT].count;
	c->bytes_in += v->fates[GW_FATE_SENT].bytes;
	for (enum gw_udp_fate i = GW_FATE_SENT + 1; i < GW_FATES; i++)
		if (v->fates[i].count > 0)
			dropped(w, gw_via_udp_reason(i), v->fates[i].count);
}

static void
on_datagram(struct gw_tunnel_flow *f, struct gw_slice s)
{
	struct gw_via_udp_flow *w = FLOW_OF(f);

	w->seen = gw_clock_now();
	gw_via_udp_send(w, s);
}

static void
on_settle(struct gw_tunnel_flow *f)
{
	gw_via_udp_flush(FLOW_OF(f)->r);
}

static void
on_message(struct gw_tunnel_flow *f, const struct gw_tunnel_message *m)
{
	if (m->kind == GW_TUNNEL_OVER)
		gw_via_udp_end(FLOW_OF(f), gw_via_end(m->reason, true), false);
}

/* It had been counted as passed on. */
static void
on_dropped(struct gw_tunnel_flow *f, enum gw_drop why, size_t n)
{
	struct gw_via_udp_flow *w = FLOW_OF(f);
	struct gw_forward_counts *c = &w->r->base.base.counts;

	GW_ASSERT(w->replies.packets > 0 && w->replies.bytes >= n);
	w->replies.packets--;
	w->replies.bytes -= n;
	c->packets_out--;
	c->bytes_out -= n;
	dropped(w, why, 1);
}

static void
on_incomplete(struct gw_tunnel_flow *f)
{
	dropped(FLOW_OF(f), GW_DROP_INCOMPLETE, 1);
}

static const struct gw_tunnel_flow_ops flow_ops = { .message = on_message,
	.datagram = on_datagram,
	.settle = on_settle,
	.dropped = on_dropped,
	.incomplete = on_incomplete };

/* ---- from the target ---- */

static void
reply(struct gw_via_udp_flow *w, struct gw_slice s)
{
	struct gw_forward_counts *c = &w->r->base.base.counts;
	const struct gw_tunnel_datagram d = { .flow = w->in.id };
	enum gw_drop why;

	w->seen = gw_clock_now();
	w->replies.packets++;
	w->replies.bytes += s.n;
	c->packets_out++;
	c->bytes_out += s.n;
	why = gw_tunnel_datagram(&w->in, &d, s);
	if (why != GW_DROP_NONE)
		on_dropped(&w->in, why, s.n);
}

static void
take(struct gw_via_udp_flow *w, const struct gw_udp_burst *b)
{
	uint32_t at = 0;

	if (b->lost_before > 0)
		dropped(w, GW_DROP_KERNEL, b->lost_before);
	if (b->cut) {
		dropped(w, GW_DROP_TRUNCATED, b->count);
		return;
	}
	for (uint32_t i = 0; i < b->count; i++) {
		const uint32_t left = b->len - at;
		const uint32_t n = left < b->segment ? left : b->segment;

		reply(w, gw_slice(b->bytes + at, n));
		at += n;
	}
}

static void
take_errors(struct gw_via_udp_flow *w)
{
	struct gw_udp_error e;

	while (gw_udp_next_error(&w->udp, &e) == GW_OK)
		dropped(w,
		    e.what == GW_UNREACHABLE_SIZE ? GW_DROP_TOO_BIG
						  : GW_DROP_ICMP,
		    1);
}

static void
on_item(struct gw_poll_item *i, uint32_t events)
{
	struct gw_via_udp_flow *w = FLOW_OF_ITEM(i);
	struct gw_udp_bursts *bursts = w->r->bursts;
	unsigned n = GW_BURSTS;

	if ((events & EPOLLERR) != 0)
		take_errors(w);
	for (unsigned k = 0; k < BATCHES && n == GW_BURSTS; k++) {
		n = gw_udp_bursts_recv(bursts, &w->udp, 0, GW_BURSTS);
		for (unsigned j = 0; j < n; j++)
			take(w, gw_udp_bursts_at(bursts, j));
	}
	if (n == GW_BURSTS)
		gw_poller_again(&w->r->base.base.set->poller, i);
}

/* ---- beginning ---- */

static enum gw_drop
open_socket(struct gw_via_udp *r, struct gw_via_udp_flow *w,
    const struct gw_tunnel_datagram *d)
{
	struct gw_udp_upstream_options o = { .gro = true,
		.buffer = BUFFER,
		.dont_fragment = r->base.base.rule.dont_fragment != 0 };
	struct gw_ip client;
	struct gw_addr own;
	enum gw_drop why;
	unsigned target;

	memcpy(client.b, d->ip, sizeof client.b);
	why = gw_forward_names_choose(&r->names, &client,
	    (uint16_t)(r->base.base.rule.port + d->port), &target, &o.to);
	if (why != GW_DROP_NONE)
		return why;
	/* The name may have led elsewhere than the rights allow. */
	if (!gw_via_rule_may(&r->base, target, &o.to))
		return GW_DROP_DENIED;
	if (gw_udp_upstream_open(&o, &w->udp) != GW_OK)
		return GW_DROP_NO_ROUTE;
	w->item.fd = w->udp.fd;
	w->item.on = on_item;
	if (gw_poller_add(&r->base.base.set->poller, &w->item) != GW_OK) {
		gw_udp_close(&w->udp);
		return GW_DROP_DESCRIPTORS;
	}
	gw_udp_back_connected(&w->target, &o.to);
	w->to = gw_endpoint_of(&o.to);
	gw_udp_address(&w->udp, &own);
	w->source = gw_endpoint_of(&own);
	return GW_DROP_NONE;
}

static enum gw_drop
flow_new(struct gw_via_udp *r, const struct gw_tunnel_datagram *d,
    struct gw_via_udp_flow **out)
{
	struct gw_via_udp_flow *w = calloc(1, sizeof *w);
	struct gw_addr from;
	enum gw_drop why = GW_DROP_MEMORY;

	if (w == NULL)
		return why;
	w->in.ops = &flow_ops;
	w->in.rule = &r->base;
	w->in.id = d->flow;
	w->r = r;
	w->opened = w->seen = gw_clock_now();
	if (gw_heap_add(&r->due, &w->due, w->opened + r->base.unreplied) !=
	    GW_OK)
		goto err0;
	why = GW_DROP_CAP;
	if (gw_tunnel_flow_take(r->base.tunnel, &w->in) != GW_OK)
		goto err1;
	if ((why = open_socket(r, w, d)) != GW_DROP_NONE)
		goto err2;
	gw_addr_from_mapped(&from, d->ip, 0, d->ip_port);
	w->from = gw_endpoint_of(&from);
	w->id = gw_forward_number(r->base.base.set);
	w->prev = r->last;
	*(r->last != NULL ? &r->last->next : &r->first) = w;
	r->last = w;
	*out = w;
	return GW_DROP_NONE;

err2:
	gw_tunnel_flow_end(&w->in);
err1:
	gw_heap_remove(&r->due, &w->due);
err0:
	free(w);
	return why;
}

void
gw_via_udp_asked(struct gw_via_rule *rule, const struct gw_tunnel_datagram *d,
    struct gw_slice s)
{
	struct gw_via_udp *r = (struct gw_via_udp *)(void *)rule;
	struct gw_forwarder *f = &rule->base;
	struct gw_via_udp_flow *w = NULL;
	struct gw_forward_flow told;
	enum gw_drop why = GW_DROP_DESCRIPTORS;

	if (gw_forward_take_files(f->set, 1)) {
		why = flow_new(r, d, &w);
		if (why != GW_DROP_NONE)
			gw_forward_give_files(f->set, 1);
	}
	if (w == NULL) {
		gw_forwarder_drop(f, why, 1, gw_drop_text(why));
		return;
	}
	f->counts.flows++;
	f->counts.flows_total++;
	gw_via_udp_target_info(w, &told);
	gw_forwarder_opened(f, &told);
	gw_tunnel_say(rule->tunnel, 0,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_KNOWN, .flow = d->flow });
	on_datagram(&w->in, s);
	gw_via_udp_arm(r);
}

/* ---- looking ---- */

void
gw_via_udp_target_info(
    const struct gw_via_udp_flow *w, struct gw_forward_flow *out)
{
	const gw_usec now = gw_clock_now(), end = end_of_time(w);

	*out = (struct gw_forward_flow){ .id = w->id,
		.rule = w->r->base.base.id,
		.client = w->from,
		.source = w->source,
		.target = w->to,
		.state = w->replies.packets == 0   ? "unreplied"
			 : w->requests.packets > 1 ? "assured"
						   : "replied",
		.age_ms = (now - w->opened) / GW_MSEC,
		.idle_left_ms = end > now ? (end - now) / GW_MSEC : 0,
		.bytes_in = w->requests.bytes,
		.bytes_out = w->replies.bytes,
		.packets_in = w->requests.packets,
		.packets_out = w->replies.packets,
		.drops = w->drops,
		.one_way =
		    (w->requests.packets == 0) != (w->replies.packets == 0),
		.error = w->last_drop != GW_DROP_NONE
			     ? gw_drop_text(w->last_drop)
			     : "" };
}
