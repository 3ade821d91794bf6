#include "run/via_udp.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "os/clock.h"

#define FLOW_OF_DUE(i)                                                         \
	((struct gw_via_udp_flow *)(void *)((char *)(i)-offsetof(              \
	    struct gw_via_udp_flow, due)))

enum gw_drop
gw_via_udp_reason(enum gw_udp_fate fate)
{
	static const enum gw_drop reasons[GW_FATES] = {
		[GW_FATE_TOO_BIG] = GW_DROP_TOO_BIG,
		[GW_FATE_QUEUE] = GW_DROP_QUEUE,
		[GW_FATE_NO_ROUTE] = GW_DROP_NO_ROUTE,
		[GW_FATE_FORBIDDEN] = GW_DROP_FORBIDDEN,
	};

	return reasons[fate];
}

/* ---- out ---- */

/* Equal ones, but for the last, which may be shorter. */
static bool
fits(const struct gw_via_udp_train *t, const struct gw_via_udp_flow *w,
    struct gw_slice s)
{
	const struct gw_udp_sending *v = &t->sending;

	return t->of == w && !w->split && s.n > 0 && s.n <= v->segment &&
	       v->len == v->segment * v->count &&
	       v->count < GW_BURST_SEGMENTS && v->len + s.n <= GW_BURST_BYTES;
}

void
gw_via_udp_flush(struct gw_via_udp *r)
{
	struct gw_via_udp_flow *w = r->train.of;
	struct gw_udp_sending *v = &r->train.sending;

	if (w == NULL)
		return;
	r->train.of = NULL;
	v->to = r->base.listens ? &w->client : &w->target;
	gw_udp_sendings(r->base.listens ? &w->port->udp : &w->udp, v, 1);
	w->split = w->split || v->split;
	if (r->base.listens)
		gw_via_udp_replied(w, v);
	else
		gw_via_udp_delivered(w, v);
}

void
gw_via_udp_send(struct gw_via_udp_flow *w, struct gw_slice s)
{
	struct gw_via_udp_train *t = &w->r->train;
	struct gw_udp_sending *v = &t->sending;

	if (!fits(t, w, s)) {
		gw_via_udp_flush(w->r);
		*v = (struct gw_udp_sending){ .pieces = t->pieces,
			.segment = (uint32_t)s.n };
		t->of = w;
		gw_tunnel_settle_later(&w->in);
	}
	t->pieces[v->piece_count++] =
	    (struct iovec){ (void *)(uintptr_t)s.p, s.n };
	v->count++;
	v->len += (uint32_t)s.n;
}

/* ---- time ---- */

static void
on_timer(uv_timer_t *h)
{
	struct gw_via_udp *r = h->data;
	const gw_usec now = gw_clock_now();
	struct gw_heap_item *i;

	while ((i = gw_heap_first(&r->due)) != NULL && i->at <= now)
		gw_via_udp_due(FLOW_OF_DUE(i), now);
	if (r->flows != NULL) {
		gw_udp_flows_tick(r->flows, now);
		gw_via_udp_reap(r);
		gw_via_udp_settle(r);
	}
	gw_via_udp_arm(r);
}

void
gw_via_udp_arm(struct gw_via_udp *r)
{
	const struct gw_heap_item *i = gw_heap_first(&r->due);
	gw_usec at = i != NULL ? i->at : GW_NEVER;

	if (r->flows != NULL)
		at = gw_usec_min(at, gw_udp_flows_deadline(r->flows));
	gw_loop_arm(&r->timer, at, on_timer);
}

/* ---- what the set asks ---- */

/* Where the other side listens is not for this one to know. */
static enum gw_err
check(struct gw_forwarder *f, struct gw_why *why)
{
	(void)f;
	(void)why;
	return GW_OK;
}

static void
drain(struct gw_forwarder *f)
{
	struct gw_via_udp *r = (struct gw_via_udp *)f;

	if (!r->base.listens)
		return;
	gw_udp_flows_drain(r->flows);
	gw_via_udp_settle(r);
}

static void
on_closed(void *arg)
{
	struct gw_via_udp *r = arg;

	if (--r->handles > 0)
		return;
	gw_heap_fini(&r->due);
	if (r->flows != NULL)
		gw_udp_flows_free(r->flows);
	gw_forwarder_fini(&r->base.base);
	free(r->ports);
	free(r);
}

static void
on_timer_closed(uv_handle_t *h)
{
	on_closed(h->data);
}

static void
close_rule(struct gw_forwarder *f, enum gw_forward_end end)
{
	struct gw_via_udp *r = (struct gw_via_udp *)f;

	while (r->first != NULL)
		gw_via_udp_end(r->first, end, true);
	if (r->flows != NULL) {
		gw_udp_flows_shut(r->flows, end, gw_clock_now());
		gw_via_udp_reap(r);
		gw_via_udp_settle(r);
		gw_via_udp_close_ports(r);
	}
	gw_via_gone(&r->base);
	gw_via_rule_leave(&r->base);
	uv_close((uv_handle_t *)&r->timer, on_timer_closed);
	if (r->handles > 1)
		gw_forward_names_close(&r->names, on_closed);
}

static bool
next_flow(
    const struct gw_forwarder *f, const void **at, struct gw_forward_flow *out)
{
	const struct gw_via_udp *r = (const struct gw_via_udp *)f;
	const struct gw_udp_flow *client = *at;
	const struct gw_via_udp_flow *w = *at;

	if (r->base.listens) {
		client = client != NULL ? client->next : r->flows->first;
		if (client != NULL)
			gw_via_udp_client_info(r, client, out);
		*at = client;
		return client != NULL;
	}
	w = w != NULL ? w->next : r->first;
	if (w != NULL)
		gw_via_udp_target_info(w, out);
	*at = w;
	return w != NULL;
}

static bool
listens(const struct gw_forwarder *f, const struct gw_addr *a)
{
	const struct gw_via_udp *r = (const struct gw_via_udp *)f;

	for (size_t i = 0; i < r->port_count; i++) {
		const struct gw_via_udp_port *p = &r->ports[i];

		if (p->udp.port == gw_addr_port(a) &&
		    gw_forward_reaches(&p->at, p->both, a))
			return true;
	}
	return false;
}

/* ---- opening ---- */

static void
on_names(void *arg)
{
	(void)arg; /* what comes until then is dropped and counted */
}

enum gw_err
gw_via_udp_open(struct gw_forward *set, const struct gw_rule *rule,
    const struct gw_via_role *role, struct gw_why *why,
    struct gw_via_rule **out)
{
	static const struct gw_forwarder_ops ops = { check, drain, close_rule,
		next_flow, listens };
	struct gw_via_udp *r = calloc(1, sizeof *r);
	enum gw_err err;

	if (r == NULL)
		return GW_E_MEMORY;
	if ((err = gw_via_rule_init(&r->base, set, rule, role, &ops)) !=
	    GW_OK) {
		free(r);
		return err;
	}
	uv_timer_init(&set->g->loop.uv, &r->timer);
	r->timer.data = r;
	r->handles = 1;
	if (set->bursts == NULL)
		err = gw_udp_bursts_new(&set->bursts);
	r->bursts = set->bursts;
	if (err == GW_OK && role->listens) {
		r->base.agreed = gw_via_udp_agreed;
		err = gw_via_udp_listen(r, why);
	} else if (err == GW_OK) {
		r->base.datagram = gw_via_udp_asked;
		gw_forward_names_init(&r->names, &r->base.base, on_names, r);
		r->handles = 2;
	}
	if (err != GW_OK) {
		close_rule(&r->base.base, GW_FORWARD_STOPPED);
		return err;
	}
	*out = &r->base;
	return GW_OK;
}
