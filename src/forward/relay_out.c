/*
 * Copies: where to, from whom, by which socket (B2, B5, B9).
 */
#include <string.h>

#include "base/assert.h"
#include "forward/relay_private.h"
#include "forward/ssdp.h"

/* ---- addresses ---- */

static const struct gw_endpoint everybody = {
	.ip = { [10] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }
};

static bool
is_link_local(const struct gw_endpoint *e)
{
	return (e->ip[0] == 0xfe && (e->ip[1] & 0xc0) == 0x80) ||
	       (e->ip[0] == 0xff && (e->ip[1] & 0x0f) <= 2);
}

static bool
is_in_subnet(const struct gw_relay_address *a, const struct gw_endpoint *e)
{
	unsigned bits = a->prefix + (gw_relay_is_v4(e) ? 96 : 0);
	unsigned whole = bits / 8, rest = bits % 8;

	GW_ASSERT(bits <= 128);
	if (memcmp(a->ip.ip, e->ip, whole) != 0)
		return false;
	return rest == 0 ||
	       ((a->ip.ip[whole] ^ e->ip[whole]) >> (8 - rest)) == 0;
}

bool
gw_relay_is_neighbour(
    const struct gw_relay_link *l, const struct gw_endpoint *who)
{
	bool is = is_link_local(who);

	for (size_t i = 0; i < l->addr_count && !is; i++)
		is = gw_relay_is_v4(&l->addrs[i].ip) == gw_relay_is_v4(who) &&
		     is_in_subnet(&l->addrs[i], who);
	for (size_t i = 0; i < l->peer_count && !is; i++)
		is = gw_relay_same_ip(&l->peers[i], who);
	return is;
}

bool
gw_relay_own_address(const struct gw_relay_link *l,
    const struct gw_endpoint *to, struct gw_endpoint *out)
{
	const struct gw_relay_address *best = NULL;
	bool near = is_link_local(to) && !gw_relay_is_v4(to);

	for (size_t i = 0; i < l->addr_count; i++) {
		const struct gw_relay_address *a = &l->addrs[i];

		if (gw_relay_is_v4(&a->ip) != gw_relay_is_v4(to))
			continue;
		if (is_in_subnet(a, to)) {
			*out = a->ip;
			return true;
		}
		/* To a group of the link from an address of the link. */
		if (best == NULL || (is_link_local(&a->ip) == near &&
					is_link_local(&best->ip) != near))
			best = a;
	}
	if (best == NULL)
		return false;
	*out = best->ip;
	return true;
}

static bool
is_limited(const struct gw_endpoint *to)
{
	return gw_relay_same_ip(to, &everybody);
}

/* What a directed broadcast becomes there: never made up. */
static struct gw_endpoint
directed(const struct gw_relay_link *l)
{
	for (size_t i = 0; i < l->addr_count; i++)
		if (gw_relay_is_v4(&l->addrs[i].broadcast))
			return l->addrs[i].broadcast;
	return everybody;
}

/* ---- a copy ---- */

struct copy {
	struct gw_relay_engine *e;
	const struct gw_relay_rule *rule;
	const struct gw_relay_arrival *a;
	struct gw_relay_emission out; /* rule and link are set */
	gw_usec window;               /* for answers */
};

/* The rule that listens at this port where the copy leaves; the number of
 * rules: none. */
static unsigned
rule_at(const struct gw_relay_engine *e, unsigned link, uint16_t port)
{
	unsigned i;

	for (i = 0; i < e->rule_count; i++)
		if (e->rules[i].port == port &&
		    (e->rules[i].between & 1u << link) != 0)
			break;
	return i;
}

static void
hold(struct copy *c, uint16_t port)
{
	struct gw_relay_asker asker = { c->out.rule, c->a->link, c->a->from,
		c->a->question };
	struct gw_relay_engine *e = c->e;

	c->out.held_port = port;
	c->out.held =
	    gw_relay_held_take(&e->held, &asker, e->now, e->now + c->window);
	e->held.v[c->out.held].asked |= 1u << c->out.link;
	c->out.serial = e->held.v[c->out.held].serial;
}

/* Below are services: strangers shall not have this machine hold their
 * ports. */
enum { PRIVILEGED = 1024 };

/* False: it cannot seem to come from there. */
static bool
set_source(struct copy *c)
{
	const struct gw_relay_link *l = &c->e->links[c->out.link];
	uint16_t port = c->a->from.port;

	switch (c->rule->source) {
	case GW_RELAY_KEEP:
		c->out.via = GW_RELAY_VIA_RAW;
		c->out.from = c->a->from;
		return true;
	case GW_RELAY_ADDRESS:
		c->out.via = GW_RELAY_VIA_RAW;
		c->out.from = c->rule->address;
		c->out.from.port = port;
		return gw_relay_is_v4(&c->out.from) ==
		       gw_relay_is_v4(&c->out.to);
	default:
		break;
	}
	/* Of IPv4 the system finds one, be it another interface's. */
	if (!gw_relay_own_address(l, &c->out.to, &c->out.from) &&
	    !gw_relay_is_v4(&c->out.to))
		return false;
	c->out.via = GW_RELAY_VIA_HELD;
	if (c->rule->source == GW_RELAY_INTERFACE) {
		hold(c, 0);
		return true;
	}
	c->out.by = rule_at(c->e, c->out.link, port);
	c->out.from.port = port;
	if (c->out.by < c->e->rule_count)
		c->out.via = GW_RELAY_VIA_RULE;
	else if (port >= PRIVILEGED)
		hold(c, port);
	else
		return false;
	return true;
}

static bool
put(struct copy *c, struct gw_endpoint to)
{
	struct gw_relay_engine *e = c->e;

	GW_ASSERT(e->out_count < GW_RELAY_EMISSIONS);
	to.port = c->rule->port;
	c->out.to = to;
	c->out.from = (struct gw_endpoint){ .port = 0 };
	if (!set_source(c))
		return false;
	e->out[e->out_count++] = c->out;
	return true;
}

static bool
put_to_peers(struct copy *c, const struct gw_relay_link *l)
{
	bool any = false;

	c->out.hops = 0; /* what was counted for a link is none for a way */
	for (size_t i = 0; i < l->peer_count; i++)
		if (gw_relay_is_v4(&l->peers[i]) == gw_relay_is_v4(&c->a->to) &&
		    put(c, l->peers[i]))
			any = true;
	return any;
}

/* To another site, which says it in its own way.  What is answered there
 * finds who asked here by what is remembered of it. */
static void
put_to_site(struct copy *c)
{
	struct gw_relay_engine *e = c->e;
	const struct gw_relay_arrival *a = c->a;

	GW_ASSERT(e->out_count < GW_RELAY_EMISSIONS);
	c->out.via = GW_RELAY_VIA_SITE;
	c->out.hops = a->hops;
	c->out.group = a->cast == GW_CAST_GROUP;
	c->out.from = a->from;
	c->out.to = a->to;
	c->out.from.zone = c->out.to.zone = 0;
	c->out.sites = (uint8_t)(a->sites + 1);
	if (a->sites != 0) {
		memcpy(c->out.origin, a->origin, sizeof a->origin);
		c->out.number = a->number;
	} else {
		memcpy(c->out.origin, e->origin, sizeof e->origin);
		c->out.number = e->number;
	}
	hold(c, 0);
	c->out.question = c->out.serial;
	e->out[e->out_count++] = c->out;
}

/* One copy for this interface, or one for each of its peers; false: none. */
static bool
put_to_link(struct copy *c)
{
	const struct gw_relay_link *l = &c->e->links[c->out.link];
	struct gw_endpoint to = c->a->to;

	c->out.hops = c->a->hops;
	if (l->peer_count != 0)
		return put_to_peers(c, l);
	if (c->a->cast == GW_CAST_GROUP) {
		to.zone =
		    is_link_local(&to) && !gw_relay_is_v4(&to) ? l->index : 0;
		return l->multicast && put(c, to);
	}
	if (!l->broadcast)
		return false;
	return put(c, is_limited(&to) ? everybody : directed(l));
}

/* How long its answers may take. */
static gw_usec
window(const struct gw_relay_rule *r, const struct gw_relay_arrival *a)
{
	unsigned mx;

	if (!r->by_mx || !gw_ssdp_mx(a->data, &mx))
		return r->replies;
	return gw_usec_min((mx + 1) * GW_SEC, GW_RELAY_REPLIES_MAX);
}

/* Of a datagram whose copies have several: that there is one, else the first
 * reason, but for none at all. */
static enum gw_relay_fate
sum(enum gw_relay_fate before, enum gw_relay_fate now)
{
	return before == GW_RELAY_FATE_NO_WAY || now == GW_RELAY_FATE_CARRIED
		   ? now
		   : before;
}

/* Another site knows what it has had by its number, not by its look. */
static enum gw_relay_fate
copy_to_site(struct copy *c, uint64_t echo)
{
	if (c->a->sites == GW_RELAY_SITES)
		return GW_RELAY_FATE_FAR;
	if (!gw_relay_guard_wanted(c->e->guard, echo, c->a->link, c->out.link))
		return GW_RELAY_FATE_BESIDE;
	put_to_site(c);
	return GW_RELAY_FATE_CARRIED;
}

static enum gw_relay_fate
copy_to_link(struct copy *c, uint64_t echo)
{
	struct gw_relay_engine *e = c->e;
	unsigned to = c->out.link;

	if (e->links[to].remote)
		return copy_to_site(c, echo);
	if (!gw_relay_guard_wanted(e->guard, echo, c->a->link, to))
		return GW_RELAY_FATE_BESIDE;
	if (!put_to_link(c))
		return GW_RELAY_FATE_NO_ADDRESS;
	gw_relay_guard_sent(e->guard, echo, to, e->now);
	gw_relay_gate_sent(&e->gates[c->out.rule][to], e->now);
	return GW_RELAY_FATE_CARRIED;
}

enum gw_relay_fate
gw_relay_copies(struct gw_relay_engine *e, unsigned rule,
    const struct gw_relay_arrival *a, uint64_t echo)
{
	const struct gw_relay_rule *r = &e->rules[rule];
	struct copy c = { .e = e,
		.rule = r,
		.a = a,
		.out = { .rule = rule, .data = a->data },
		.window = window(r, a) };
	enum gw_relay_fate fate = GW_RELAY_FATE_NO_WAY;

	if (a->sites == 0)
		e->number++;
	for (unsigned i = 0; i < GW_RELAY_LINKS; i++) {
		if (i == a->link || (r->between & 1u << i) == 0 ||
		    !e->links[i].up)
			continue;
		c.out.link = i;
		fate = sum(fate, copy_to_link(&c, echo));
	}
	return fate;
}
