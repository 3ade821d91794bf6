#include "forward/relay_rule.h"

#include <string.h>

bool
gw_relay_is_v4(const struct gw_endpoint *e)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(e->ip, mapped, sizeof mapped) == 0;
}

bool
gw_relay_same_ip(const struct gw_endpoint *a, const struct gw_endpoint *b)
{
	return memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool
gw_relay_nets_have(const struct gw_relay_nets *n, const struct gw_endpoint *e)
{
	struct gw_ip ip;

	memcpy(ip.b, e->ip, sizeof ip.b);
	for (size_t i = 0; i < n->count; i++)
		if (gw_ip_net_has(&n->v[i], &ip))
			return true;
	return false;
}

static bool
has_group(const struct gw_relay_rule *r, const struct gw_endpoint *group)
{
	for (size_t i = 0; i < r->group_count; i++)
		if (gw_relay_same_ip(&r->groups[i], group))
			return true;
	return false;
}

bool
gw_relay_rule_takes(const struct gw_relay_rule *r, enum gw_cast cast,
    const struct gw_endpoint *to)
{
	switch (cast) {
	case GW_CAST_BROADCAST:
		return r->broadcast;
	case GW_CAST_GROUP:
		return has_group(r, to);
	default:
		return false;
	}
}

static unsigned
count_bits(uint32_t set)
{
	unsigned n = 0;

	for (; set != 0; set &= set - 1)
		n++;
	return n;
}

const char *
gw_relay_rule_wrong(const struct gw_relay_rule *r)
{
	if (r->port == 0)
		return "0 is no port";
	if (!r->broadcast && r->group_count == 0)
		return "it carries neither broadcasts nor a group";
	if (count_bits(r->between) < 2)
		return "a relay joins two interfaces or more, or one and "
		       "another site";
	if ((r->from & r->between) == 0)
		return "it hears none of the interfaces that it joins";
	if (r->beacons && r->source != GW_RELAY_INTERFACE)
		return "godwit answers only who is on its link: this needs "
		       "source=interface";
	if (r->rate == 0)
		return "a rate of 0 carries nothing";
	return NULL;
}

static bool
share_destination(const struct gw_relay_rule *a, const struct gw_relay_rule *b)
{
	if (a->broadcast && b->broadcast)
		return true;
	for (size_t i = 0; i < a->group_count; i++)
		if (has_group(b, &a->groups[i]))
			return true;
	return false;
}

bool
gw_relay_rules_overlap(
    const struct gw_relay_rule *a, const struct gw_relay_rule *b)
{
	uint32_t both = a->between & b->between;

	return a->port == b->port && share_destination(a, b) &&
	       count_bits(both) >= 2 && (a->from & b->from & both) != 0;
}
