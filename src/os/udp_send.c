#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

/* It needs what time.h declares. */
#include <linux/errqueue.h>

#include "base/assert.h"
#include "os/interfaces.h"
#include "os/udp_private.h"

/* The address as this socket's family has it; false: it has it not. */
static bool
to_family(const struct gw_udp *u, const struct gw_addr *a,
    struct sockaddr_in6 *out, socklen_t *len)
{
	if (a->ss.ss_family == u->family) {
		memcpy(out, &a->ss, a->len);
		*len = a->len;
		return true;
	}
	if (u->family != AF_INET6)
		return false;
	*out = (struct sockaddr_in6){ .sin6_family = AF_INET6,
		.sin6_port = htons(gw_addr_port(a)) };
	gw_addr_mapped(a, out->sin6_addr.s6_addr);
	*len = sizeof *out;
	return true;
}

/* Add a control message; there is room for two. */
static void
put_control(struct msghdr *h, struct gw_udp_control *control, int level,
    int type, struct iovec data)
{
	size_t at = h->msg_controllen;
	struct cmsghdr c = { .cmsg_len = CMSG_LEN(data.iov_len),
		.cmsg_level = level,
		.cmsg_type = type };

	GW_ASSERT(at + CMSG_SPACE(data.iov_len) <= sizeof control->bytes);
	memset(control->bytes + at, 0, CMSG_SPACE(data.iov_len));
	memcpy(control->bytes + at, &c, sizeof c);
	memcpy(control->bytes + at + CMSG_LEN(0), data.iov_base, data.iov_len);
	h->msg_control = control;
	h->msg_controllen = at + CMSG_SPACE(data.iov_len);
}

static void
put_hops(struct msghdr *h, struct gw_udp_control *control,
    const struct gw_udp_datagram *d)
{
	int hops = d->hops;
	struct iovec data = { &hops, sizeof hops };

	if (hops == 0)
		return;
	if (d->peer.ss.ss_family == AF_INET)
		put_control(h, control, IPPROTO_IP, IP_TTL, data);
	else
		put_control(h, control, IPPROTO_IPV6, IPV6_HOPLIMIT, data);
}

/* Where from, and through which interface. */
static void
put_source(struct msghdr *h, struct gw_udp_control *control,
    const struct gw_udp_datagram *d)
{
	struct in_pktinfo v4 = { .ipi_ifindex = (int)d->interface };
	struct in6_pktinfo v6 = { .ipi6_ifindex = d->interface };
	uint8_t ip[16];

	if (d->local.len == 0 && d->interface == 0)
		return;
	if (d->local.len != 0) {
		gw_addr_mapped(&d->local, ip);
		memcpy(&v4.ipi_spec_dst, ip + 12, 4);
		memcpy(&v6.ipi6_addr, ip, 16);
	}
	if (d->peer.ss.ss_family == AF_INET)
		put_control(h, control, IPPROTO_IP, IP_PKTINFO,
		    (struct iovec){ &v4, sizeof v4 });
	else
		put_control(h, control, IPPROTO_IPV6, IPV6_PKTINFO,
		    (struct iovec){ &v6, sizeof v6 });
}

/* May this error be that of an earlier datagram? */
static bool
may_be_stale(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENOPROTOOPT:
	case EPROTO:
	case EMSGSIZE:
	case EACCES:
	case EOPNOTSUPP:
	case EINTR:
		return true;
	default:
		return false;
	}
}

static enum gw_err
cannot_send(struct gw_why *why, const struct gw_udp_datagram *d, int error)
{
	char to[GW_ADDR_TEXT], buf[128];

	gw_addr_text(&d->peer, to);
	switch (error) {
	case EAGAIN:
		return gw_why(why, GW_E_AGAIN,
		    "%s: the send buffer of the socket is full", to);
	case EMSGSIZE:
		return gw_why(why, GW_E_LIMIT,
		    "%s: %zu bytes are too many for one datagram%s", to, d->len,
		    d->len > GW_UDP_MAX ? " (at most 65,507)" : "");
	case ENOBUFS:
	case ENOMEM:
		return gw_why(why, GW_E_LIMIT,
		    "%s: the queue of the interface is full", to);
	case EINVAL:
	case EADDRNOTAVAIL:
	case ENODEV:
	case EAFNOSUPPORT:
		return gw_why(why, GW_E_ADDRESS,
		    "%s: cannot be reached from that address or interface: %s",
		    to, strerror_r(error, buf, sizeof buf));
	case EPERM:
		return gw_why(why, GW_E_CONNECT,
		    "%s: a firewall on this machine forbids it", to);
	default:
		return gw_why(why, GW_E_CONNECT, "%s: %s", to,
		    strerror_r(error, buf, sizeof buf));
	}
}

/* The kernel says EACCES to a broadcast address where that was not asked for,
 * and to what a route prohibits. */
static enum gw_err
no_access(struct gw_why *why, const struct gw_addr *to)
{
	struct gw_netifs all = { .count = 0 };
	const struct gw_netif *n = NULL;
	char text[GW_ADDR_TEXT], host[GW_ADDR_TEXT], name[IF_NAMESIZE] = "";

	gw_addr_text(to, text);
	gw_addr_host(to, host);
	if (gw_netifs_list(&all) == GW_OK)
		n = gw_netifs_broadcast(&all, to);
	if (n != NULL)
		memcpy(name, n->name, sizeof name);
	gw_netifs_fini(&all);
	if (n == NULL && strcmp(host, "255.255.255.255") != 0)
		return gw_why(why, GW_E_CONNECT,
		    "%s: a route of this machine prohibits it (EACCES, "
		    "Permission denied)",
		    text);
	return gw_why(why, GW_E_USAGE,
	    "%s: a broadcast address%s%s, which the kernel refuses to a socket "
	    "that has not asked for broadcast (EACCES, Permission denied)",
	    text, name[0] != '\0' ? ", that of " : "", name);
}

enum gw_err
gw_udp_send(
    struct gw_udp *u, const struct gw_udp_datagram *d, struct gw_why *why)
{
	struct gw_udp_control control;
	struct sockaddr_in6 to = { .sin6_family = AF_UNSPEC };
	struct iovec iov = { d->data, d->len };
	struct msghdr h = { .msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1 };
	char text[GW_ADDR_TEXT];
	ssize_t n = -1;

	gw_addr_text(&d->peer, text);
	if (!to_family(u, &d->peer, &to, &h.msg_namelen))
		return gw_why(why, GW_E_ADDRESS,
		    "%s: this socket has an IPv4 address", text);
	if (d->local.len != 0 && d->local.ss.ss_family != d->peer.ss.ss_family)
		return gw_why(why, GW_E_ADDRESS,
		    "%s: not from an address of another family", text);
	put_source(&h, &control, d);
	put_hops(&h, &control, d);
	for (int i = 0; i < GW_UDP_STALE_ERRORS; i++) {
		n = sendmsg(u->fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0 || !may_be_stale(errno))
			break;
	}
	if (n >= 0)
		return GW_OK;
	GW_ASSERT(errno != EBADF);
	GW_ASSERT(errno != ENOTSOCK);
	GW_ASSERT(errno != EFAULT);
	if (errno == EACCES)
		return no_access(why, &d->peer);
	return cannot_send(why, d, errno);
}

/* ---- what became of them ---- */

static enum gw_unreachable
of_icmp(unsigned type, unsigned code)
{
	if (type == ICMP_TIME_EXCEEDED)
		return GW_UNREACHABLE_HOPS;
	if (type != ICMP_DEST_UNREACH)
		return GW_UNREACHABLE_OTHER;
	switch (code) {
	case ICMP_PORT_UNREACH:
		return GW_UNREACHABLE_PORT;
	case ICMP_HOST_UNREACH:
	case ICMP_HOST_UNKNOWN:
	case ICMP_HOST_ISOLATED:
	case ICMP_HOST_UNR_TOS:
		return GW_UNREACHABLE_HOST;
	case ICMP_NET_UNREACH:
	case ICMP_NET_UNKNOWN:
	case ICMP_NET_UNR_TOS:
		return GW_UNREACHABLE_NET;
	case ICMP_FRAG_NEEDED:
		return GW_UNREACHABLE_SIZE;
	case ICMP_NET_ANO:
	case ICMP_HOST_ANO:
	case ICMP_PKT_FILTERED:
		return GW_UNREACHABLE_FORBIDDEN;
	default:
		return GW_UNREACHABLE_OTHER;
	}
}

static enum gw_unreachable
of_icmp6(unsigned type, unsigned code)
{
	if (type == ICMP6_PACKET_TOO_BIG)
		return GW_UNREACHABLE_SIZE;
	if (type == ICMP6_TIME_EXCEEDED)
		return GW_UNREACHABLE_HOPS;
	if (type != ICMP6_DST_UNREACH)
		return GW_UNREACHABLE_OTHER;
	switch (code) {
	case ICMP6_DST_UNREACH_NOPORT:
		return GW_UNREACHABLE_PORT;
	case ICMP6_DST_UNREACH_ADDR:
		return GW_UNREACHABLE_HOST;
	case ICMP6_DST_UNREACH_NOROUTE:
		return GW_UNREACHABLE_NET;
	default: /* prohibited, by policy, by a reject route */
		return GW_UNREACHABLE_FORBIDDEN;
	}
}

/* False: nothing that the network said. */
static bool
take_error(const struct sock_extended_err *e, struct gw_udp_error *out)
{
	if (e->ee_origin == SO_EE_ORIGIN_ICMP)
		out->what = of_icmp(e->ee_type, e->ee_code);
	else if (e->ee_origin == SO_EE_ORIGIN_ICMP6)
		out->what = of_icmp6(e->ee_type, e->ee_code);
	else
		return false; /* gw_udp_send has told it */
	if (out->what == GW_UNREACHABLE_SIZE)
		out->mtu = e->ee_info;
	return true;
}

static bool
find_error(struct msghdr *h, struct gw_udp_error *out)
{
	/* The kernel puts who said it behind the error. */
	struct {
		struct sock_extended_err e;
		struct sockaddr_in6 offender;
	} both;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	     c = CMSG_NXTHDR(h, c)) {
		size_t n = c->cmsg_len - CMSG_LEN(0);

		if ((c->cmsg_level != IPPROTO_IP ||
			c->cmsg_type != IP_RECVERR) &&
		    (c->cmsg_level != IPPROTO_IPV6 ||
			c->cmsg_type != IPV6_RECVERR))
			continue;
		memset(&both, 0, sizeof both);
		memcpy(&both, CMSG_DATA(c), n < sizeof both ? n : sizeof both);
		gw_addr_from(&out->from,
		    (const struct sockaddr *)&both.offender,
		    sizeof both.offender);
		return take_error(&both.e, out);
	}
	return false;
}

enum gw_err
gw_udp_next_error(struct gw_udp *u, struct gw_udp_error *out)
{
	struct gw_udp_control control;
	struct sockaddr_in6 to;
	struct gw_udp_error found;
	struct msghdr h;
	int error;
	socklen_t len = sizeof error;

	for (;;) {
		h = (struct msghdr){ .msg_name = &to,
			.msg_namelen = sizeof to,
			.msg_control = &control,
			.msg_controllen = sizeof control };
		if (recvmsg(u->fd, &h, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
			if (errno == EINTR)
				continue;
			/* And what the next call would have told again. */
			getsockopt(u->fd, SOL_SOCKET, SO_ERROR, &error, &len);
			return GW_E_AGAIN;
		}
		found = (struct gw_udp_error){ .mtu = 0 };
		if (!find_error(&h, &found))
			continue;
		gw_addr_from(
		    &found.to, (const struct sockaddr *)&to, h.msg_namelen);
		*out = found;
		return GW_OK;
	}
}
