#include "os/udp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"

static void
set(int fd, int level, int name, int value)
{
	/* What an old kernel does not know is done without. */
	setsockopt(fd, level, name, &value, sizeof value);
}

static void
set_ipv4(int fd, const struct gw_udp_options *o)
{
	set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	set(fd, IPPROTO_IP, IP_RECVERR, 1);
	/* Groups that other sockets have joined are no business of ours. */
	set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	if (o->tell_hops)
		set(fd, IPPROTO_IP, IP_RECVTTL, 1);
	if (o->no_loop)
		set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	if (o->fragment)
		set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	if (o->hops != 0) {
		set(fd, IPPROTO_IP, IP_TTL, (int)o->hops);
		set(fd, IPPROTO_IP, IP_MULTICAST_TTL, (int)o->hops);
	}
}

static void
set_ipv6(int fd, const struct gw_udp_options *o, bool v6_only)
{
	set(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6_only);
	set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
	set(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
	if (o->tell_hops)
		set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	if (o->no_loop)
		set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
	if (o->hops != 0) {
		set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, (int)o->hops);
		set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, (int)o->hops);
	}
}

static void
set_both(int fd, const struct gw_udp_options *o)
{
	set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	if (o->broadcast)
		set(fd, SOL_SOCKET, SO_BROADCAST, 1);
	if (o->shared)
		set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (o->device != NULL)
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o->device,
		    (socklen_t)strlen(o->device));
	if (o->receive_buffer != 0) {
		int n = o->receive_buffer < INT32_MAX / 2
			    ? (int)o->receive_buffer
			    : INT32_MAX / 2;

		set(fd, SOL_SOCKET, SO_RCVBUF, n);
		/* Past the system's limit, for who may. */
		set(fd, SOL_SOCKET, SO_RCVBUFFORCE, n);
	}
}

/* Returns the socket, or -1 with errno. */
static int
open_at(const struct gw_addr *a, const struct gw_udp_options *o, bool v6_only)
{
	int fd, saved;

	fd = socket(
	    a->ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	set_both(fd, o);
	if (a->ss.ss_family == AF_INET6)
		set_ipv6(fd, o, v6_only);
	/* Also for the IPv4 that comes to a socket of both. */
	set_ipv4(fd, o);
	if (bind(fd, (const struct sockaddr *)&a->ss, a->len) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static enum gw_err
cannot_open(struct gw_why *why, const struct gw_udp_options *o, int error)
{
	char buf[128];
	const char *reason = strerror_r(error, buf, sizeof buf);

	if (error == EADDRINUSE)
		reason = "in use by another program";
	else if (error == EADDRNOTAVAIL)
		reason = "not an address of this machine";
	else if (error == EACCES)
		reason = "not allowed (ports below 1024 need privileges)";
	if (o->address == NULL)
		return gw_why(why, GW_E_ADDRESS, "udp port %u: %s",
		    (unsigned)o->port, reason);
	return gw_why(why, GW_E_ADDRESS, "%s udp port %u: %s", o->address,
	    (unsigned)o->port, reason);
}

static bool
no_ipv6(int error)
{
	return error == EAFNOSUPPORT || error == EADDRNOTAVAIL ||
	       error == EPROTONOSUPPORT;
}

enum gw_err
gw_udp_open(
    const struct gw_udp_options *o, struct gw_why *why, struct gw_udp *out)
{
	static const uint8_t none[16];
	struct gw_addr a;
	enum gw_err err;
	bool group;
	int fd;

	err = gw_addr_parse(
	    &a, o->address != NULL ? o->address : "::", o->port, why);
	if (err == GW_E_RESOLVE)
		return gw_why(why, GW_E_ADDRESS,
		    "%s: a numeric address is needed", o->address);
	if (err != GW_OK)
		return err;
	group = gw_addr_is_group(&a);
	/* Bound to it, the socket would be bound to one interface. */
	if (group && a.ss.ss_family == AF_INET6 && gw_addr_is_link_local(&a) &&
	    gw_addr_zone(&a) == 0)
		gw_addr_from_mapped(&a, none, 0, o->port);
	fd = open_at(&a, o, group || (o->v6_only && o->address != NULL));
	if (fd < 0 && o->address == NULL && no_ipv6(errno)) {
		err = gw_addr_parse(&a, "0.0.0.0", o->port, why);
		if (err != GW_OK)
			return err;
		fd = open_at(&a, o, false);
	}
	if (fd < 0)
		return cannot_open(why, o, errno);
	*out = (struct gw_udp){ .fd = fd, .family = a.ss.ss_family };
	gw_udp_address(out, &a);
	out->port = gw_addr_port(&a);
	return GW_OK;
}

/* ---- sockets of others ---- */

static int
get(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof value;

	return getsockopt(fd, level, name, &value, &len) == 0 ? value : -1;
}

static bool
is_bound_there(const struct gw_udp *u, const char *address, uint16_t port)
{
	const bool v6_only =
	    u->family == AF_INET6 && get(u->fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1;
	struct gw_addr own, wanted;

	gw_udp_address(u, &own);
	if (port == 0 || gw_addr_port(&own) != port)
		return false;
	if (address == NULL)
		return gw_addr_is_any(&own) && !v6_only;
	return gw_addr_parse(&wanted, address, port, NULL) == GW_OK &&
	       gw_addr_same_host(&own, &wanted);
}

static bool
adopt(int fd, struct gw_udp *u)
{
	const struct gw_udp_options o = { .fragment = true };

	if ((u->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0)
		return false;
	(void)fcntl(u->fd, F_SETFL, O_NONBLOCK);
	set_both(u->fd, &o);
	if (u->family == AF_INET6) {
		set(u->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		set(u->fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
	}
	set_ipv4(u->fd, &o);
	return true;
}

bool
gw_udp_inherit(const int *fds, size_t count, const char *address, uint16_t port,
    struct gw_udp *out)
{
	for (size_t i = 0; i < count; i++) {
		struct gw_udp u = { .fd = fds[i],
			.family = get(fds[i], SOL_SOCKET, SO_DOMAIN),
			.port = port };

		if ((u.family != AF_INET && u.family != AF_INET6) ||
		    get(u.fd, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_UDP ||
		    !is_bound_there(&u, address, port))
			continue;
		if (!adopt(fds[i], &u))
			return false;
		*out = u;
		return true;
	}
	return false;
}

void
gw_udp_close(struct gw_udp *u)
{
	close(u->fd);
	u->fd = -1;
}

void
gw_udp_address(const struct gw_udp *u, struct gw_addr *out)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	int r = getsockname(u->fd, (struct sockaddr *)&ss, &len);

	GW_ASSERT(r == 0);
	GW_ASSERT(gw_addr_from(out, (const struct sockaddr *)&ss, len));
}

size_t
gw_udp_receive_buffer(const struct gw_udp *u)
{
	int n = 0;
	socklen_t len = sizeof n;

	if (getsockopt(u->fd, SOL_SOCKET, SO_RCVBUF, &n, &len) != 0 || n < 0)
		return 0;
	return (size_t)n / 2; /* the other half is for its own use */
}

/* Join or leave; returns what the kernel does. */
static int
change_membership(const struct gw_udp *u, const struct gw_addr *group,
    unsigned interface, bool join)
{
	struct ip_mreqn v4 = { .imr_ifindex = (int)interface };
	struct ipv6_mreq v6 = { .ipv6mr_interface = interface };
	uint8_t ip[16];

	GW_ASSERT(gw_addr_is_group(group));
	gw_addr_mapped(group, ip);
	if (group->ss.ss_family == AF_INET) {
		memcpy(&v4.imr_multiaddr, ip + 12, 4);
		return setsockopt(u->fd, IPPROTO_IP,
		    join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &v4,
		    sizeof v4);
	}
	memcpy(&v6.ipv6mr_multiaddr, ip, 16);
	return setsockopt(u->fd, IPPROTO_IPV6,
	    join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &v6, sizeof v6);
}

void
gw_udp_leave(struct gw_udp *u, const struct gw_addr *group, unsigned interface)
{
	/* Where it was no member nothing happens. */
	change_membership(u, group, interface, false);
}

enum gw_err
gw_udp_join(struct gw_udp *u, const struct gw_addr *group, unsigned interface,
    struct gw_why *why)
{
	char text[GW_ADDR_TEXT], buf[128];

	if (change_membership(u, group, interface, true) == 0 ||
	    errno == EADDRINUSE)
		return GW_OK;
	gw_addr_host(group, text);
	if (errno == ENOBUFS)
		return gw_why(why, GW_E_LIMIT,
		    "%s: the system allows no more memberships "
		    "(net.ipv4.igmp_max_memberships)",
		    text);
	return gw_why(why, GW_E_ADDRESS, "%s: %s", text,
	    strerror_r(errno, buf, sizeof buf));
}
