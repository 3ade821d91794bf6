/*
 * Rules that go through another device, as they are on either side.
 */
#include <stdio.h>

#include "run/via.h"

enum {
	IDLE = 180000,    /* ms, of a flow of datagrams */
	UNREPLIED = 60000 /* ms */
};

gw_usec
gw_via_idle(const struct gw_rule *r)
{
	return (r->ttl_ms != 0 ? r->ttl_ms : IDLE) * GW_MSEC;
}

gw_usec
gw_via_unreplied(const struct gw_rule *r)
{
	const gw_usec idle = gw_via_idle(r);

	if (r->unreplied_ms != 0)
		return r->unreplied_ms * GW_MSEC;
	return r->ttl_ms != 0 ? idle : UNREPLIED * GW_MSEC;
}

enum gw_forward_end
gw_via_end(enum gw_tunnel_reason reason, bool client)
{
	switch (reason) {
	case GW_TUNNEL_UNREACHABLE:
	case GW_TUNNEL_REFUSED:
		return GW_FORWARD_UNREACHABLE;
	case GW_TUNNEL_LIMIT:
		return GW_FORWARD_FAILED;
	case GW_TUNNEL_TIME:
		return GW_FORWARD_IDLE;
	case GW_TUNNEL_STOPPED:
		return GW_FORWARD_RULE_GONE;
	default:
		return client ? GW_FORWARD_CLIENT_RESET
			      : GW_FORWARD_TARGET_RESET;
	}
}

enum gw_err
gw_via_rule_init(struct gw_via_rule *r, struct gw_forward *set,
    const struct gw_rule *rule, const struct gw_via_role *role,
    const struct gw_forwarder_ops *ops)
{
	enum gw_err err = gw_forwarder_init(&r->base, set, rule, ops);

	if (err != GW_OK)
		return err;
	r->tunnel = role->tunnel;
	r->via = role->via;
	r->number = role->number;
	r->listens = role->listens;
	r->rights = role->rights;
	r->all = role->all;
	r->base.via = role->device;
	r->idle = gw_via_idle(rule);
	r->unreplied = gw_via_unreplied(rule);
	r->next = r->tunnel->rules;
	r->tunnel->rules = r;
	return GW_OK;
}

void
gw_via_rule_leave(struct gw_via_rule *r)
{
	struct gw_via_rule **at = &r->tunnel->rules;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
}

bool
gw_via_rule_may(
    const struct gw_via_rule *r, unsigned target, const struct gw_addr *at)
{
	const struct gw_rule *rule = &r->base.rule;
	const struct gw_ip ip = gw_forward_ip(at);
	const char *host = rule->targets[target].host;

	if (r->all)
		return true;
	if (!gw_forward_is_elsewhere(r->base.set, at))
		host = NULL;
	return gw_rights_reach(r->rights.v, r->rights.count, rule->protocol,
	    host, &ip, gw_addr_port(at));
}

enum gw_err
gw_via_rule_open(struct gw_forward *set, const struct gw_rule *rule,
    const struct gw_via_role *role, struct gw_why *why,
    struct gw_via_rule **out)
{
	return rule->protocol == GW_RULE_TCP
		   ? gw_via_tcp_open(set, rule, role, why, out)
		   : gw_via_udp_open(set, rule, role, why, out);
}

bool
gw_via_takes(const struct gw_rule *r, char why[GW_RULE_WHY])
{
	const char *what = NULL;

	if (r->transparent != 0)
		what = "transparent";
	else if (r->proxy != GW_RULE_PROXY_NONE)
		what = "proxy";
	else if (r->source[0] != '\0')
		what = "source";
	else if (r->protocol == GW_RULE_TCP && r->per_source != 0)
		what = "perSource";
	else if (r->icmp != GW_RULE_ICMP_IGNORE)
		what = "icmp";
	if (what != NULL)
		snprintf(why, GW_RULE_WHY,
		    "%s is not to be had through another device", what);
	return what == NULL;
}
