/*
 * doctor_routes - where broadcasts leave, and whether what comes in is
 * believed.
 */
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "diag/ask_kernel.h"
#include "diag/doctor_private.h"

enum { STRICT = 1, LOOSE = 2 };

/* ---- where a datagram would leave ---- */

struct route {
	unsigned interface; /* 0: none */
	unsigned char type; /* RTN_BROADCAST, ... */
};

static int
take_attribute(const struct nlattr *a, void *arg)
{
	struct route *r = arg;

	if (mnl_attr_get_type(a) == RTA_OIF &&
	    mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
		r->interface = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static int
take_route(const struct nlmsghdr *h, void *arg)
{
	struct route *r = arg;
	const struct rtmsg *m;

	if (h->nlmsg_type != RTM_NEWROUTE ||
	    h->nlmsg_len < NLMSG_LENGTH(sizeof *m))
		return MNL_CB_OK;
	m = mnl_nlmsg_get_payload(h);
	r->type = m->rtm_type;
	return mnl_attr_parse(h, sizeof *m, take_attribute, r);
}

/* Of an IPv4 address.  0, or an error number. */
static int
find_route(const struct gw_addr *to, struct route *out)
{
	_Alignas(struct nlmsghdr) char buffer[256];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct sockaddr_in in;
	struct rtmsg *m;

	memcpy(&in, &to->ss, sizeof in);
	h->nlmsg_type = RTM_GETROUTE;
	h->nlmsg_flags = NLM_F_REQUEST;
	m = mnl_nlmsg_put_extra_header(h, sizeof *m);
	m->rtm_family = AF_INET;
	m->rtm_dst_len = 32;
	mnl_attr_put_u32(h, RTA_DST, in.sin_addr.s_addr);
	*out = (struct route){ .interface = 0 };
	return gw_ask_kernel(NETLINK_ROUTE, h, take_route, out);
}

static const char *
name_of(const struct gw_machine *m, unsigned index)
{
	for (size_t k = 0; k < m->interfaces.count; k++)
		if (m->interfaces.v[k].index == index)
			return m->interfaces.v[k].name;
	return "no interface";
}

static void
look_at_subnet(const struct gw_machine *m, const struct gw_netif *i,
    const struct gw_interface_addr *a, struct gw_findings *out)
{
	char host[GW_ADDR_TEXT];
	struct route r;
	int error = find_route(&a->broadcast, &r);

	gw_addr_host(&a->broadcast, host);
	if (error != 0) {
		gw_found(out, GW_GRADE_PROBLEM, i->name,
		    "no way to its subnet's broadcast address %s (%s): the "
		    "devices there do not hear this one",
		    host, strerror(error));
		gw_advise(out, "ip route add broadcast %s dev %s table local",
		    host, i->name);
	} else if (r.type != RTN_BROADCAST) {
		gw_found(out, GW_GRADE_PROBLEM, i->name,
		    "%s is its subnet's broadcast address, but the routes take "
		    "it for a single host's",
		    host);
		gw_advise(out,
		    "ip route get %s shows the route; remove that one, or ip "
		    "route add broadcast %s dev %s table local",
		    host, host, i->name);
	} else if (r.interface != i->index) {
		gw_found(out, GW_GRADE_NOTE, i->name,
		    "a broadcast to %s leaves by %s: godwit names the "
		    "interface itself, but other programs do not get here",
		    host, name_of(m, r.interface));
		gw_advise(out,
		    "ip route get %s shows the route; two interfaces in one "
		    "subnet need one address taken away: ip address del "
		    "ADDRESS dev %s",
		    host, i->name);
	} else {
		gw_found(out, GW_GRADE_OK, i->name,
		    "a broadcast to %s leaves here", host);
	}
}

static void
look_at_all_ones(const struct gw_machine *m, struct gw_findings *out)
{
	const uint8_t ip[16] = { [10] = 255, 255, 255, 255, 255, 255 };
	struct gw_addr to;
	struct route r;

	gw_addr_from_mapped(&to, ip, 0, 0);
	/* Neither keeps godwit from anything. */
	if (find_route(&to, &r) != 0)
		gw_found(out, GW_GRADE_OK, "255.255.255.255",
		    "has no route, as without a default route: only programs "
		    "that know nothing else fail");
	else
		gw_found(out, GW_GRADE_OK, "255.255.255.255",
		    "leaves by %s alone: godwit sends to each subnet instead",
		    name_of(m, r.interface));
}

void
gw_doctor_routes(const struct gw_machine *m, struct gw_findings *out)
{
	for (size_t k = 0; k < m->interfaces.count; k++) {
		const struct gw_netif *i = &m->interfaces.v[k];

		for (size_t a = 0; a < i->addr_count && gw_machine_uses(i); a++)
			if (i->running && i->addrs[a].broadcast.len != 0)
				look_at_subnet(m, i, &i->addrs[a], out);
	}
	look_at_all_ones(m, out);
}

/* ---- sources that are not believed ---- */

static bool
same_subnet(
    const struct gw_interface_addr *a, const struct gw_interface_addr *b)
{
	unsigned prefix = a->prefix < b->prefix ? a->prefix : b->prefix;
	struct sockaddr_in x, y;
	uint32_t mask = prefix == 0 ? 0 : ~(uint32_t)0 << (32 - prefix);

	if (a->addr.ss.ss_family != AF_INET || b->addr.ss.ss_family != AF_INET)
		return false;
	memcpy(&x, &a->addr.ss, sizeof x);
	memcpy(&y, &b->addr.ss, sizeof y);
	return ((ntohl(x.sin_addr.s_addr) ^ ntohl(y.sin_addr.s_addr)) & mask) ==
	       0;
}

/* Another interface with an address in a subnet of this one. */
static const struct gw_netif *
neighbour(const struct gw_machine *m, const struct gw_netif *i)
{
	for (size_t k = 0; k < m->interfaces.count; k++) {
		const struct gw_netif *other = &m->interfaces.v[k];

		if (other == i || !gw_machine_uses(other))
			continue;
		for (size_t a = 0; a < i->addr_count; a++)
			for (size_t b = 0; b < other->addr_count; b++)
				if (same_subnet(&i->addrs[a], &other->addrs[b]))
					return other;
	}
	return NULL;
}

void
gw_doctor_rp_filter(const struct gw_machine *m, struct gw_findings *out)
{
	size_t before = out->count;

	for (size_t k = 0; k < m->interfaces.count; k++) {
		const struct gw_netif *i = &m->interfaces.v[k], *other;
		char name[IF_NAMESIZE];

		if (!gw_machine_uses(i) ||
		    gw_machine_setting(m, i->name, "rp_filter") != STRICT ||
		    (other = neighbour(m, i)) == NULL)
			continue;
		gw_found(out, GW_GRADE_PROBLEM, i->name,
		    "%s is in the same subnet, and the source check is strict: "
		    "what comes in by the one that the route does not name is "
		    "dropped, beacons too",
		    other->name);
		gw_advise(out, "sysctl -w net.ipv4.conf.%s.rp_filter=%d",
		    gw_machine_sysctl(name, i->name), LOOSE);
	}
	if (out->count == before)
		gw_found(out, GW_GRADE_OK, "",
		    "no interface drops what comes from its own subnet");
}
