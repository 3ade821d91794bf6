/* The sockets of flows: how they are opened and closed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forward/proxy.h"
#include "os/interfaces.h"
#include "run/endpoint.h"
#include "run/forward.h"
#include "run/forward_udp.h"
#include "run/udp_flow_info.h"

enum { BUFFER = 1 << 20 }; /* bytes, of each */

static enum gw_drop
reason_of(enum gw_err err)
{
	switch (err) {
	case GW_E_LIMIT:
		return GW_DROP_DESCRIPTORS;
	case GW_E_ADDRESS:
		return GW_DROP_NO_PORT;
	case GW_E_MEMORY:
		return GW_DROP_MEMORY;
	case GW_E_USAGE:
		return GW_DROP_FORBIDDEN;
	default:
		return GW_DROP_NO_ROUTE;
	}
}

static bool
is_link_local(const uint8_t ip[16])
{
	return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

/* A unicast address of the interface that a broadcast came by. */
static bool
own_of_interface(
    const struct gw_udp_burst *b, const struct gw_addr *peer, struct gw_addr *a)
{
	static const uint8_t none[16];
	struct gw_netifs all;
	bool found = false;

	if (gw_netifs_list(&all) == GW_OK) {
		found = gw_netifs_source(&all, b->interface, peer, a);
		gw_netifs_fini(&all);
	}
	if (found || memcmp(b->own, none, sizeof none) == 0)
		return found;
	gw_addr_from_mapped(a, b->own, 0, 0);
	return true;
}

/* Answers leave from the address that was asked, and where that or the client
 * mean something on one link only, on that link. */
static void
set_client(struct gw_udp_upstream *u, const struct gw_udp_burst *b)
{
	struct gw_addr peer, own;
	bool known = false, on_link;

	gw_addr_from_mapped(&peer, b->peer, b->peer_zone, b->peer_port);
	on_link = b->cast != GW_CAST_HOST || gw_addr_is_link_local(&peer);
	if (b->cast != GW_CAST_HOST)
		known = own_of_interface(b, &peer, &own);
	else if (u->port->wildcard && b->interface != 0) {
		gw_addr_from_mapped(&own, b->local,
		    is_link_local(b->local) ? b->interface : 0, 0);
		known = true;
	}
	gw_udp_back_set(&u->client, &u->port->udp, &peer, known ? &own : NULL,
	    on_link ? b->interface : 0);
}

/* What tells the target for whom a datagram is. */
static bool
set_header(const struct gw_forward_udp *f, struct gw_udp_upstream *u,
    const struct gw_udp_burst *b)
{
	struct gw_proxy_ends ends = { .protocol = GW_RULE_UDP,
		.source_port = b->peer_port,
		.destination_port = u->port->udp.port };

	u->announced = f->base.rule.proxy == GW_RULE_PROXY_NONE;
	if (u->announced)
		return true;
	if ((u->header = malloc(GW_FORWARD_HEADER)) == NULL)
		return false;
	memcpy(ends.source.b, b->peer, sizeof b->peer);
	memcpy(
	    ends.destination.b, u->flow->key.local, sizeof u->flow->key.local);
	if (f->base.rule.proxy == GW_RULE_PROXY_SPP) {
		gw_proxy_spp(&ends, u->header);
		u->header_len = GW_PROXY_SPP;
	} else {
		u->header_len = gw_proxy_v2(&ends, u->header);
	}
	return true;
}

static enum gw_err
open_socket(struct gw_forward_udp *f, struct gw_udp_upstream *u,
    const struct gw_udp_burst *b)
{
	const struct gw_place *to = &u->flow->to;
	struct gw_udp_upstream_options o = {
		.source = f->source,
		.transparent = f->base.rule.transparent != 0,
		.dont_fragment = f->base.rule.dont_fragment != 0,
		/* What is counted, or bears a header, comes one by one. */
		.gro = f->base.rule.responses == 0 &&
		       f->base.rule.proxy != GW_RULE_PROXY_SPP,
		.buffer = BUFFER,
	};
	enum gw_err err;

	gw_addr_from_mapped(&o.to, to->ip, to->zone, to->port);
	gw_udp_back_connected(&u->target, &o.to);
	if (o.transparent)
		gw_addr_from_mapped(
		    &o.source, b->peer, b->peer_zone, b->peer_port);
	if (o.source.len > 0 && o.source.ss.ss_family != o.to.ss.ss_family)
		return GW_E_ADDRESS;
	err = gw_udp_upstream_open(&o, &u->udp);
	if (err != GW_OK)
		return err;
	err = gw_watch_add(&f->watch, u->udp.fd, &u->w);
	if (err != GW_OK)
		gw_udp_close(&u->udp);
	return err;
}

static enum gw_err
make(struct gw_forward_udp *f, struct gw_udp_port_open *p,
    struct gw_udp_flow *flow, const struct gw_udp_burst *b)
{
	struct gw_udp_upstream *u = calloc(1, sizeof *u);
	enum gw_err err = GW_E_MEMORY;

	if (u == NULL)
		return err;
	u->flow = flow;
	u->port = p;
	if (!set_header(f, u, b) || (err = open_socket(f, u, b)) != GW_OK) {
		free(u->header);
		free(u);
		return err;
	}
	set_client(u, b);
	/* Nobody is told of what was sent to many. */
	u->told = f->reflects && b->cast == GW_CAST_HOST;
	u->id = gw_forward_number(f->base.set);
	flow->user = u;
	return GW_OK;
}

bool
gw_forward_udp_connect(struct gw_forward_udp *f, struct gw_udp_port_open *p,
    struct gw_udp_flow *flow, const struct gw_udp_burst *b)
{
	const struct gw_udp_load l = {
		.count = b->count, .bytes = b->len, .segment = b->segment
	};
	struct gw_forward_flow told;
	enum gw_drop why = GW_DROP_CAP;
	enum gw_err err = GW_E_LIMIT;

	if (gw_forward_take_files(f->base.set, 1)) {
		err = make(f, p, flow, b);
		why = reason_of(err);
	}
	if (err == GW_OK) {
		gw_forward_udp_info(f, flow, flow->opened, &told);
		gw_forwarder_opened(&f->base, &told);
		return true;
	}
	if (why != GW_DROP_CAP)
		gw_forward_give_files(f->base.set, 1);
	snprintf(f->base.last_error, sizeof f->base.last_error, "%s",
	    gw_drop_text(why));
	gw_udp_flows_fail(f->flows, flow, &l, why, flow->opened);
	return false;
}

void
gw_forward_udp_reap(struct gw_forward_udp *f)
{
	struct gw_udp_flow *flow;

	while ((flow = gw_udp_flows_closed(f->flows)) != NULL) {
		struct gw_udp_upstream *u = flow->user;
		struct gw_forward_flow told;

		/* What could not be opened is counted, and no more: a flood of
		 * those would be one of news. */
		if (u != NULL) {
			gw_forward_udp_info(f, flow, flow->seen, &told);
			gw_forwarder_closed(&f->base, &told, flow->end);
			gw_udp_close(&u->udp);
			gw_forward_give_files(f->base.set, 1);
			free(u->header);
			free(u);
		}
		gw_udp_flow_release(flow);
	}
}

/* ---- looking ---- */

void
gw_forward_udp_info(const struct gw_forward_udp *f,
    const struct gw_udp_flow *flow, gw_usec now, struct gw_forward_flow *out)
{
	const struct gw_udp_upstream *u = flow->user;
	struct gw_addr own;

	gw_udp_flow_info(f->flows, flow, now, out);
	out->rule = f->base.id;
	out->target = gw_endpoint_at(flow->to.ip, flow->to.zone, flow->to.port);
	if (u == NULL)
		return;
	out->id = u->id;
	gw_udp_address(&u->udp, &own);
	out->source = gw_endpoint_of(&own);
}
