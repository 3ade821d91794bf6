/*
 * doctor_links - the interfaces, their addresses, and what they can do.
 */
#include <stdio.h>
#include <string.h>

#include "diag/doctor_private.h"

/* "10.0.0.5/24, fe80::1/64"; false: it has none. */
static bool
list_addresses(const struct gw_netif *i, char *out, size_t room)
{
	char host[GW_ADDR_TEXT];
	size_t n = 0;

	out[0] = '\0';
	for (size_t k = 0; k < i->addr_count && n < room; k++) {
		gw_addr_host(&i->addrs[k].addr, host);
		/* The zone is the interface, which is named anyway. */
		host[strcspn(host, "%")] = '\0';
		n += (size_t)snprintf(out + n, room - n, "%s%s/%u",
		    k > 0 ? ", " : "", host, i->addrs[k].prefix);
	}
	return i->addr_count > 0;
}

static bool
has_subnet_broadcast(const struct gw_netif *i)
{
	for (size_t k = 0; k < i->addr_count; k++)
		if (i->addrs[k].broadcast.len != 0)
			return true;
	return false;
}

/* Up, and nothing comes through. */
static void
look_at_dead(const struct gw_machine *m, const struct gw_netif *i,
    const char *list, struct gw_findings *out)
{
	/* A bridge of containers that do not run is no fault. */
	if (!gw_machine_is_card(m, i)) {
		gw_found(out, GW_GRADE_OK, i->name,
		    "up (%s), but the link carries nothing: not used", list);
		return;
	}
	gw_found(out, GW_GRADE_NOTE, i->name,
	    "up (%s), but the link carries nothing", list);
	gw_advise(out,
	    "plug the cable in or join the wireless network; what it says: ip "
	    "-s link show dev %s",
	    i->name);
}

static void
look_at_used(const struct gw_machine *m, const struct gw_netif *i,
    struct gw_findings *out)
{
	char list[GW_FINDING_TEXT / 2];

	if (!list_addresses(i, list, sizeof list)) {
		/* The ports of a bridge are so. */
		gw_found(out, GW_GRADE_OK, i->name, "up, no address: not used");
	} else if (!i->running) {
		look_at_dead(m, i, list, out);
	} else if (i->point_to_point) {
		gw_found(out, GW_GRADE_NOTE, i->name,
		    "a point-to-point link, as VPNs are (%s): it carries no "
		    "broadcast, so devices beyond it are not found by "
		    "themselves",
		    list);
		gw_advise(out,
		    "give their address: godwit send FILE --to HOST, godwit "
		    "recv CODE --from HOST");
	} else if (gw_machine_has_family(i, AF_INET) &&
		   !has_subnet_broadcast(i)) {
		gw_found(out, GW_GRADE_NOTE, i->name,
		    "%s (%s): IPv4 devices there are not found by themselves",
		    i->broadcast ? "its subnet has no broadcast address"
				 : "an interface without broadcast",
		    list);
		gw_advise(out,
		    "give it the prefix length of its network: ip address add "
		    "ADDRESS/24 dev %s; or give the other's address with --to "
		    "or --from",
		    i->name);
	} else {
		gw_found(out, GW_GRADE_OK, i->name, "up (%s), %s%s", list,
		    i->broadcast ? "broadcast" : "no broadcast",
		    i->multicast ? ", multicast" : "");
	}
}

void
gw_doctor_interfaces(const struct gw_machine *m, struct gw_findings *out)
{
	const struct gw_netif *down = NULL;
	size_t used = 0;

	for (size_t k = 0; k < m->interfaces.count; k++) {
		const struct gw_netif *i = &m->interfaces.v[k];

		if (gw_machine_uses(i)) {
			look_at_used(m, i, out);
			used += i->running && i->addr_count > 0;
		} else if (!i->up && i->loopback) {
			gw_found(out, GW_GRADE_PROBLEM, i->name,
			    "down: processes of this machine do not reach "
			    "each other");
			gw_advise(out, "ip link set %s up", i->name);
		} else if (!i->up) {
			gw_found(out, GW_GRADE_OK, i->name, "down: not used");
			down = i;
		}
	}
	if (used > 0)
		return;
	gw_found(out, GW_GRADE_PROBLEM, "",
	    "no interface but loopback is up, carries, and has an address: no "
	    "other device can be reached");
	if (down != NULL)
		gw_advise(out, "ip link set %s up", down->name);
	else
		gw_advise(
		    out, "connect to a network; what there is: ip address");
}

/* ---- families ---- */

static bool
any_has(const struct gw_machine *m, int family)
{
	for (size_t k = 0; k < m->interfaces.count; k++)
		if (gw_machine_uses(&m->interfaces.v[k]) &&
		    gw_machine_has_family(&m->interfaces.v[k], family))
			return true;
	return false;
}

void
gw_doctor_ipv4(const struct gw_machine *m, struct gw_findings *out)
{
	if (any_has(m, AF_INET)) {
		gw_found(out, GW_GRADE_OK, "", "there");
		return;
	}
	gw_found(out, GW_GRADE_NOTE, "",
	    "no interface has an IPv4 address: devices are found, if at all, "
	    "by IPv6");
	gw_advise(out,
	    "if the network has IPv4, ask for an address: dhclient INTERFACE, "
	    "or nmcli device connect INTERFACE");
}

static void
look_at_ipv6(const struct gw_machine *m, const struct gw_netif *i,
    struct gw_findings *out)
{
	char name[IF_NAMESIZE];
	long off = 0;

	if (gw_machine_has_family(i, AF_INET6))
		return;
	gw_machine_number(
	    m, &off, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", i->name);
	gw_found(out, GW_GRADE_NOTE, i->name,
	    off != 0 ? "IPv6 is turned off here: devices are found by IPv4 "
		       "broadcast alone"
		     : "no IPv6 address, not even a link-local one: devices "
		       "are found by IPv4 broadcast alone");
	if (off != 0)
		gw_advise(out, "sysctl -w net.ipv6.conf.%s.disable_ipv6=0",
		    gw_machine_sysctl(name, i->name));
	else
		gw_advise(out,
		    "ip link set dev %s addrgenmode eui64, then "
		    "take it down and up again",
		    i->name);
}

void
gw_doctor_ipv6(const struct gw_machine *m, struct gw_findings *out)
{
	size_t before = out->count;

	if (!gw_machine_has(m, "/proc/sys/net/ipv6")) {
		gw_found(out, GW_GRADE_NOTE, "",
		    "this kernel runs without IPv6: devices are found by IPv4 "
		    "broadcast alone");
		gw_advise(out, "take ipv6.disable=1 off the kernel's command "
			       "line, unless it is meant so");
		return;
	}
	for (size_t k = 0; k < m->interfaces.count; k++) {
		const struct gw_netif *i = &m->interfaces.v[k];

		if (gw_machine_uses(i) && i->running && i->addr_count > 0 &&
		    !i->point_to_point)
			look_at_ipv6(m, i, out);
	}
	if (out->count == before)
		gw_found(out, GW_GRADE_OK, "",
		    any_has(m, AF_INET6) ? "there" : "nothing to have it on");
}

/* ---- multicast ---- */

void
gw_doctor_multicast(const struct gw_machine *m, struct gw_findings *out)
{
	size_t before = out->count;
	long most, used = 0;

	for (size_t k = 0; k < m->interfaces.count; k++) {
		const struct gw_netif *i = &m->interfaces.v[k];

		if (!gw_machine_uses(i) || i->addr_count == 0)
			continue;
		used++;
		if (i->multicast || i->point_to_point)
			continue;
		gw_found(out, GW_GRADE_NOTE, i->name,
		    "multicast is turned off: devices that have IPv6 alone are "
		    "not found there");
		gw_advise(out, "ip link set dev %s multicast on", i->name);
	}
	if (gw_machine_number(
		m, &most, "/proc/sys/net/ipv4/igmp_max_memberships") &&
	    used > most) {
		gw_found(out, GW_GRADE_NOTE, "",
		    "a socket may hear a group on %ld interfaces, and %ld are "
		    "in use: godwit dgram --group does not hear all of them",
		    most, used);
		gw_advise(out, "sysctl -w net.ipv4.igmp_max_memberships=%ld",
		    2 * used);
	}
	if (out->count == before)
		gw_found(out, GW_GRADE_OK, "", "on wherever it is of use");
}
