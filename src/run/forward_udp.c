#include "run/forward_udp.h"

#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "os/tcp_forward.h"
#include "run/forward.h"

enum {
	BUFFER = 8 << 20,     /* bytes that a listener asks for */
	UNPROVEN = 256 << 10, /* bytes a second to one source */
	UNPROVEN_BURST = 4,   /* seconds of it at once */
	ICMP_FILES = 2        /* to reflect what ICMP says */
};

/* ---- time and figures ---- */

static void
count(struct gw_forward_udp *f)
{
	const struct gw_udp_flows *t = f->flows;

	f->base.counts = (struct gw_forward_counts){
		.flows = t->count,
		.flows_total = t->opened,
		.bytes_in = t->requests.bytes,
		.bytes_out = t->replies.bytes,
		.packets_in = t->requests.packets,
		.packets_out = t->replies.packets,
	};
	memcpy(f->base.counts.drops, t->drops, sizeof f->base.counts.drops);
}

static void
on_timer(uv_timer_t *timer)
{
	struct gw_forward_udp *f = timer->data;

	gw_udp_flows_tick(f->flows, gw_clock_now());
	gw_forward_udp_reap(f);
	gw_forward_udp_settle(f);
	gw_forward_udp_arm(f);
}

void
gw_forward_udp_arm(struct gw_forward_udp *f)
{
	gw_loop_arm(&f->timer, gw_udp_flows_deadline(f->flows), on_timer);
}

/* ---- the engine ---- */

static enum gw_err
make_flows(struct gw_forward_udp *f)
{
	const struct gw_rule *r = &f->base.rule;
	const uint64_t unproven = r->unproven != 0 ? r->unproven : UNPROVEN;
	const struct gw_udp_flow_options o = {
		.idle = (r->unreplied_ms != 0 ? r->unreplied_ms : r->ttl_ms) *
			GW_MSEC,
		.idle_assured = r->ttl_ms * GW_MSEC,
		.life = r->life_ms * GW_MSEC,
		.responses = r->responses,
		.requests = r->requests,
		.limit = r->max,
		.per_source = r->per_source,
		.at_cap = r->shed == GW_RULE_SHED_EVICT ? GW_UDP_CAP_EVICT
							: GW_UDP_CAP_REJECT,
		.icmp = r->icmp == GW_RULE_ICMP_CLOSE ? GW_UDP_ICMP_CLOSE
						      : GW_UDP_ICMP_IGNORE,
		.guard_rate = unproven,
		.guard_burst = unproven * UNPROVEN_BURST,
		.ratio = r->ratio,
		.targets = &f->names.targets,
		.rule = r,
	};
	const size_t files = f->base.set->files_max;

	f->budget.limit = files < UINT32_MAX ? (uint32_t)files : UINT32_MAX;
	return gw_udp_flows_new(
	    &o, &f->budget, &f->base.set->g->self.random, &f->flows);
}

/* ---- listeners ---- */

static void
watch_ports(struct gw_forward_udp *f)
{
	if (f->listening || gw_forward_names_wait(&f->names))
		return;
	f->listening = true;
	for (size_t i = 0; i < f->port_count; i++)
		if (gw_watch_add(&f->watch, f->ports[i].udp.fd, &f->ports[i]) !=
		    GW_OK)
			gw_forwarder_warn(&f->base,
			    "port %u is not served: the system watches no "
			    "more sockets",
			    (unsigned)f->ports[i].udp.port);
}

/* Until the targets have addresses the kernel keeps what comes. */
static void
on_names(void *arg)
{
	watch_ports(arg);
}

static enum gw_err
open_socket(struct gw_forward_udp *f, uint16_t port, struct gw_udp *out,
    struct gw_why *why)
{
	const struct gw_rule *r = &f->base.rule;
	const struct gw_forward *set = f->base.set;
	const struct gw_udp_options o = {
		.address = r->listen[0] != '\0' ? r->listen : NULL,
		.port = port,
		.v6_only = true,
		.fragment = true,
	};

	if (gw_udp_inherit(
		set->inherited, set->inherited_count, o.address, port, out))
		return GW_OK;
	return gw_udp_open(&o, why, out);
}

static enum gw_err
open_port(struct gw_forward_udp *f, unsigned i, struct gw_why *why)
{
	const struct gw_rule *r = &f->base.rule;
	struct gw_udp_port_open *p = &f->ports[f->port_count];
	enum gw_err err;

	if (!gw_forward_take_files(f->base.set, 1))
		return gw_why(why, GW_E_LIMIT,
		    "more ports than this process may have descriptors "
		    "(ulimit -n)");
	err = open_socket(f, (uint16_t)(r->port + i), &p->udp, why);
	if (err != GW_OK) {
		gw_forward_give_files(f->base.set, 1);
		return err;
	}
	f->port_count++;
	p->w.is_port = true;
	gw_udp_address(&p->udp, &p->at);
	p->wildcard = gw_addr_is_any(&p->at);
	p->both = r->listen[0] == '\0' && p->udp.family == AF_INET6;
	/* A flow that ends after so many requests counts them one by one. */
	(void)gw_udp_burst_prepare(&p->udp, BUFFER, r->requests == 0);
	return GW_OK;
}

static void
close_ports(struct gw_forward_udp *f)
{
	for (size_t i = 0; i < f->port_count; i++) {
		gw_watch_remove(&f->watch, f->ports[i].udp.fd);
		gw_udp_close(&f->ports[i].udp);
	}
	gw_forward_give_files(f->base.set, (unsigned)f->port_count);
	f->port_count = 0;
}

void
gw_forward_udp_settle(struct gw_forward_udp *f)
{
	count(f);
	if (f->base.draining && f->flows->count == 0)
		close_ports(f);
}

/* ---- refuse at once what would silently do nothing later ---- */

static enum gw_err
check_transparent(const struct gw_rule *r, struct gw_why *why)
{
	const bool v6 = r->listen[0] == '\0' || strchr(r->listen, ':') != NULL;
	const bool v4 = strchr(r->listen, ':') == NULL;
	enum gw_err err = v4 ? gw_transparent_test(AF_INET, why) : GW_OK;

	if (err == GW_OK && v6)
		err = gw_transparent_test(AF_INET6, why);
	return err;
}

static enum gw_err
check_source(struct gw_forward_udp *f, struct gw_why *why)
{
	const char *source = f->base.rule.source;
	struct gw_udp_upstream_options o = { .gro = false };
	struct gw_udp u;
	enum gw_err err;

	if (f->base.rule.transparent != 0)
		return check_transparent(&f->base.rule, why);
	if (source[0] == '\0')
		return GW_OK;
	if ((err = gw_addr_parse(&f->source, source, 0, why)) != GW_OK)
		return err;
	o.source = o.to = f->source;
	gw_addr_set_port(&o.to, 9);
	if (gw_udp_upstream_open(&o, &u) != GW_OK)
		return gw_why(why, GW_E_ADDRESS,
		    "source=%s: not an address of this machine", source);
	gw_udp_close(&u);
	return GW_OK;
}

static enum gw_err
open_icmp(struct gw_forward_udp *f, struct gw_why *why)
{
	enum gw_err err;

	if (f->base.rule.icmp != GW_RULE_ICMP_REFLECT)
		return GW_OK;
	if (!gw_forward_take_files(f->base.set, ICMP_FILES))
		return gw_why(why, GW_E_LIMIT,
		    "icmp=reflect needs more descriptors than this process "
		    "may have (ulimit -n)");
	if ((err = gw_icmp_reply_open(&f->icmp, why)) != GW_OK)
		gw_forward_give_files(f->base.set, ICMP_FILES);
	f->reflects = err == GW_OK;
	return err;
}

static void
warn_of_amplifiers(struct gw_forward_udp *f)
{
	const struct gw_rule *r = &f->base.rule;

	if (r->allow.count > 0 || !f->ports[0].wildcard)
		return;
	for (size_t i = 0; i < r->target_count; i++)
		if (gw_udp_port_amplifies(r->targets[i].port)) {
			gw_forwarder_warn(&f->base,
			    "anybody may ask port %u, which answers little "
			    "with "
			    "much: say ?allow=NETWORK",
			    (unsigned)r->targets[i].port);
			return;
		}
}

/* F19: said where it is less than a busy forwarder needs. */
static void
warn_of_buffers(struct gw_forward_udp *f)
{
	const size_t granted = gw_udp_receive_buffer(&f->ports[0].udp);

	if (granted < BUFFER / 8)
		gw_forwarder_warn(&f->base,
		    "the kernel grants %zu KiB for datagrams that wait, and "
		    "drops what comes in larger bursts: sysctl "
		    "net.core.rmem_max=%d",
		    granted >> 10, BUFFER);
}

/* ---- what the set asks ---- */

static enum gw_err
check(struct gw_forwarder *base, struct gw_why *why)
{
	struct gw_forward_udp *f = (struct gw_forward_udp *)base;
	const enum gw_err err = gw_forward_names_check(&f->names, why);

	if (err == GW_OK)
		watch_ports(f);
	return err;
}

static void
drain(struct gw_forwarder *base)
{
	struct gw_forward_udp *f = (struct gw_forward_udp *)base;

	/* Clients that are there send to the same port still. */
	gw_udp_flows_drain(f->flows);
	if (f->flows->count == 0)
		close_ports(f);
}

static void
on_closed(void *arg)
{
	struct gw_forward_udp *f = arg;

	if (--f->handles > 0)
		return;
	gw_watch_close(&f->watch);
	gw_udp_flows_free(f->flows);
	gw_forwarder_fini(&f->base);
	free(f->ports);
	free(f);
}

static void
on_handle_closed(uv_handle_t *h)
{
	on_closed(h->data);
}

static void
close_rule(struct gw_forwarder *base, enum gw_forward_end end)
{
	struct gw_forward_udp *f = (struct gw_forward_udp *)base;

	gw_udp_flows_shut(f->flows, end, gw_clock_now());
	gw_forward_udp_reap(f);
	count(f);
	close_ports(f);
	if (f->reflects) {
		gw_raw_close(&f->icmp);
		gw_forward_give_files(base->set, ICMP_FILES);
		f->reflects = false;
	}
	uv_close((uv_handle_t *)&f->poll, on_handle_closed);
	uv_close((uv_handle_t *)&f->timer, on_handle_closed);
	gw_forward_names_close(&f->names, on_closed);
}

static bool
next_flow(const struct gw_forwarder *base, const void **at,
    struct gw_forward_flow *out)
{
	const struct gw_forward_udp *f = (const struct gw_forward_udp *)base;
	const struct gw_udp_flow *flow = *at;

	flow = flow != NULL ? flow->next : f->flows->first;
	if (flow == NULL)
		return false;
	gw_forward_udp_info(f, flow, gw_clock_now(), out);
	*at = flow;
	return true;
}

static bool
listens(const struct gw_forwarder *base, const struct gw_addr *a)
{
	const struct gw_forward_udp *f = (const struct gw_forward_udp *)base;

	for (size_t i = 0; i < f->port_count; i++) {
		const struct gw_udp_port_open *p = &f->ports[i];

		if (p->udp.port == gw_addr_port(a) &&
		    gw_forward_reaches(&p->at, p->both, a))
			return true;
	}
	return false;
}

/* ---- life ---- */

static enum gw_err
open_all(struct gw_forward_udp *f, struct gw_why *why)
{
	const struct gw_rule *r = &f->base.rule;
	struct gw_forward *set = f->base.set;
	enum gw_err err = check_source(f, why);

	if (err == GW_OK)
		err = open_icmp(f, why);
	if (err == GW_OK && set->bursts == NULL)
		err = gw_udp_bursts_new(&set->bursts);
	if (err == GW_OK &&
	    (f->ports = calloc(r->ports, sizeof *f->ports)) == NULL)
		err = GW_E_MEMORY;
	for (unsigned i = 0; i < r->ports && err == GW_OK; i++)
		err = open_port(f, i, why);
	if (err != GW_OK)
		return err;
	f->bursts = set->bursts;
	f->base.port = f->ports[0].udp.port;
	warn_of_amplifiers(f);
	warn_of_buffers(f);
	return GW_OK;
}

/* The handles; what follows is undone by close_rule. */
static enum gw_err
begin(struct gw_forward_udp *f, struct gw_why *why)
{
	uv_loop_t *uv = &f->base.set->g->loop.uv;
	enum gw_err err = gw_watch_open(&f->watch, why);

	if (err != GW_OK)
		return err;
	if (uv_poll_init(uv, &f->poll, f->watch.fd) != 0) {
		gw_watch_close(&f->watch);
		return GW_E_MEMORY;
	}
	uv_timer_init(uv, &f->timer);
	f->poll.data = f->timer.data = f;
	gw_forward_names_init(&f->names, &f->base, on_names, f);
	f->handles = 3;
	uv_poll_start(&f->poll, UV_READABLE, gw_forward_udp_on_poll);
	return GW_OK;
}

enum gw_err
gw_forwarder_udp_open(struct gw_forward *set, const struct gw_rule *rule,
    struct gw_why *why, struct gw_forwarder **out)
{
	static const struct gw_forwarder_ops ops = { check, drain, close_rule,
		next_flow, listens };
	struct gw_forward_udp *f = calloc(1, sizeof *f);
	enum gw_err err = GW_E_MEMORY;

	if (f == NULL)
		return err;
	if ((err = gw_forwarder_init(&f->base, set, rule, &ops)) != GW_OK)
		goto err0;
	if ((err = make_flows(f)) != GW_OK || (err = begin(f, why)) != GW_OK)
		goto err1;
	if ((err = open_all(f, why)) != GW_OK) {
		close_rule(&f->base, GW_FORWARD_STOPPED);
		return err;
	}
	*out = &f->base;
	return GW_OK;

err1:
	gw_udp_flows_free(f->flows);
	gw_forwarder_fini(&f->base);
err0:
	free(f);
	return err;
}
