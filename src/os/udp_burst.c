#include "os/udp_burst.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/udp_private.h"

/* In headers that do not go together with netinet/udp.h. */
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

enum {
	/* Not a power of two apart, or the caches hold few of them. */
	STRIDE = GW_UDP_ROOM + 320
};

struct gw_udp_bursts {
	uint8_t *bytes;
	struct gw_udp_burst v[GW_BURSTS];
	struct mmsghdr messages[GW_BURSTS];
	struct iovec iov[GW_BURSTS];
	struct sockaddr_in6 names[GW_BURSTS];
	struct gw_udp_control control[GW_BURSTS];
};

static bool
set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* ---- sockets ---- */

static void
set_marks(const struct gw_udp *u, bool gro)
{
	set(u->fd, IPPROTO_IP, IP_RECVTOS, 1);
	if (u->family == AF_INET6)
		set(u->fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	set(u->fd, IPPROTO_UDP, UDP_GRO, gro);
}

static void
set_buffers(const struct gw_udp *u, size_t bytes)
{
	const int n = bytes < INT32_MAX / 2 ? (int)bytes : INT32_MAX / 2;

	set(u->fd, SOL_SOCKET, SO_RCVBUF, n);
	set(u->fd, SOL_SOCKET, SO_SNDBUF, n);
	/* Past the system's limit, for who may. */
	set(u->fd, SOL_SOCKET, SO_RCVBUFFORCE, n);
	set(u->fd, SOL_SOCKET, SO_SNDBUFFORCE, n);
}

size_t
gw_udp_burst_prepare(const struct gw_udp *u, size_t buffer, bool gro)
{
	struct gw_addr a;

	set_marks(u, gro);
	set(u->fd, SOL_SOCKET, SO_TIMESTAMPNS, 0);
	gw_udp_address(u, &a);
	if (!gw_addr_is_any(&a) && !gw_addr_is_group(&a)) {
		set(u->fd, IPPROTO_IP, IP_PKTINFO, 0);
		set(u->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 0);
	}
	set_buffers(u, buffer);
	return gw_udp_receive_buffer(u);
}

static enum gw_err
cannot_open(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
		return GW_E_LIMIT;
	case ENOMEM:
	case ENOBUFS:
		return GW_E_MEMORY;
	case EADDRNOTAVAIL:
	case EADDRINUSE:
	case EAGAIN: /* no port is left to connect from */
		return GW_E_ADDRESS;
	case EPERM:
	case EACCES:
		return GW_E_USAGE;
	default:
		return GW_E_CONNECT;
	}
}

static void
set_upstream(const struct gw_udp *u, const struct gw_udp_upstream_options *o)
{
	const int df = o->dont_fragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;

	set(u->fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	set_marks(u, o->gro);
	if (u->family == AF_INET) {
		set(u->fd, IPPROTO_IP, IP_RECVERR, 1);
		set(u->fd, IPPROTO_IP, IP_MTU_DISCOVER, df);
	} else {
		set(u->fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
		set(u->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, df);
	}
	if (o->buffer != 0)
		set_buffers(u, o->buffer);
}

static bool
bind_source(const struct gw_udp *u, const struct gw_udp_upstream_options *o)
{
	if (o->transparent &&
	    !(u->family == AF_INET
		    ? set(u->fd, IPPROTO_IP, IP_TRANSPARENT, 1)
		    : set(u->fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1)))
		return false;
	if (o->source.len == 0)
		return true;
	if (gw_addr_port(&o->source) == 0)
		set(u->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	return bind(u->fd, (const struct sockaddr *)&o->source.ss,
		   o->source.len) == 0;
}

enum gw_err
gw_udp_upstream_open(
    const struct gw_udp_upstream_options *o, struct gw_udp *out)
{
	struct gw_udp u = { .family = o->to.ss.ss_family };
	struct gw_addr a;
	enum gw_err err;

	u.fd = socket(u.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (u.fd < 0)
		return cannot_open(errno);
	set_upstream(&u, o);
	if (!bind_source(&u, o) ||
	    connect(u.fd, (const struct sockaddr *)&o->to.ss, o->to.len) != 0) {
		err = cannot_open(errno);
		close(u.fd);
		return err;
	}
	gw_udp_address(&u, &a);
	u.port = gw_addr_port(&a);
	*out = u;
	return GW_OK;
}

/* ---- buffers ---- */

enum gw_err
gw_udp_bursts_new(struct gw_udp_bursts **out)
{
	struct gw_udp_bursts *b = calloc(1, sizeof *b);

	if (b == NULL)
		return GW_E_MEMORY;
	/* Of each only the pages are used that datagrams fill. */
	if ((b->bytes = malloc((size_t)GW_BURSTS * STRIDE)) == NULL) {
		free(b);
		return GW_E_MEMORY;
	}
	for (unsigned i = 0; i < GW_BURSTS; i++) {
		b->v[i].bytes = b->bytes + (size_t)i * STRIDE;
		b->iov[i] = (struct iovec){ b->v[i].bytes, GW_UDP_ROOM };
		b->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &b->names[i],
			.msg_iov = &b->iov[i],
			.msg_iovlen = 1,
			.msg_control = &b->control[i],
		};
	}
	*out = b;
	return GW_OK;
}

void
gw_udp_bursts_free(struct gw_udp_bursts *b)
{
	if (b == NULL)
		return;
	free(b->bytes);
	free(b);
}

struct gw_udp_burst *
gw_udp_bursts_at(struct gw_udp_bursts *b, unsigned i)
{
	GW_ASSERT(i < GW_BURSTS);
	return &b->v[i];
}

/* ---- in ---- */

static void
map_v4(uint8_t ip[16], const struct in_addr *a)
{
	memset(ip, 0, 10);
	memset(ip + 10, 0xff, 2);
	memcpy(ip + 12, a, 4);
}

static void
take_name(struct gw_udp_burst *b, const struct sockaddr_in6 *name)
{
	struct sockaddr_in in;

	if (name->sin6_family == AF_INET6) {
		memcpy(b->peer, &name->sin6_addr, 16);
		b->peer_port = ntohs(name->sin6_port);
		b->peer_zone = name->sin6_scope_id;
		return;
	}
	memcpy(&in, name, sizeof in);
	map_v4(b->peer, &in.sin_addr);
	b->peer_port = ntohs(in.sin_port);
	b->peer_zone = 0;
}

static void
take_ipv4(struct gw_udp_burst *b, const void *data)
{
	struct in_pktinfo i;

	memcpy(&i, data, sizeof i);
	map_v4(b->local, &i.ipi_addr);
	map_v4(b->own, &i.ipi_spec_dst);
	b->interface = (unsigned)i.ipi_ifindex;
	if (IN_MULTICAST(ntohl(i.ipi_addr.s_addr)))
		b->cast = GW_CAST_GROUP;
	else if (i.ipi_addr.s_addr != i.ipi_spec_dst.s_addr)
		b->cast = GW_CAST_BROADCAST;
}

static void
take_ipv6(struct gw_udp_burst *b, const void *data)
{
	struct in6_pktinfo i;

	memcpy(&i, data, sizeof i);
	/* Told in the way of IPv4, too. */
	if (IN6_IS_ADDR_V4MAPPED(&i.ipi6_addr))
		return;
	memcpy(b->local, &i.ipi6_addr, 16);
	b->interface = i.ipi6_ifindex;
	if (IN6_IS_ADDR_MULTICAST(&i.ipi6_addr))
		b->cast = GW_CAST_GROUP;
	else
		memcpy(b->own, &i.ipi6_addr, 16);
}

static void
take_segment(struct gw_udp_burst *b, const void *data)
{
	int segment;

	memcpy(&segment, data, sizeof segment);
	if (segment <= 0 || (uint32_t)segment >= b->len)
		return;
	b->segment = (uint32_t)segment;
	b->count = (b->len + b->segment - 1) / b->segment;
}

static void
take_control(struct gw_udp *u, struct gw_udp_burst *b, const struct cmsghdr *c)
{
	const void *data = CMSG_DATA(c);
	uint32_t drops;

	switch (c->cmsg_level) {
	case SOL_SOCKET:
		if (c->cmsg_type != SO_RXQ_OVFL)
			return;
		/* A sum, and ours is what was added to it. */
		memcpy(&drops, data, sizeof drops);
		b->lost_before = drops - u->drops;
		u->drops = drops;
		return;
	case IPPROTO_UDP:
		if (c->cmsg_type == UDP_GRO)
			take_segment(b, data);
		return;
	case IPPROTO_IP:
		if (c->cmsg_type == IP_TOS)
			b->tos = *(const uint8_t *)data;
		else if (c->cmsg_type == IP_PKTINFO)
			take_ipv4(b, data);
		return;
	case IPPROTO_IPV6:
		/* 32 bits, in the machine's order. */
		if (c->cmsg_type == IPV6_TCLASS)
			b->tos = (uint8_t)(*(const int *)data & 0xff);
		else if (c->cmsg_type == IPV6_PKTINFO)
			take_ipv6(b, data);
		return;
	default:
		return;
	}
}

/* What came beside it.  An arrival that tells no drops had none before it. */
static void
take(struct gw_udp *u, struct gw_udp_burst *b, struct mmsghdr *m)
{
	struct msghdr *h = &m->msg_hdr;

	*b = (struct gw_udp_burst){
		.bytes = b->bytes,
		.len = m->msg_len,
		.segment = m->msg_len,
		.count = 1,
		.cut = (h->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0,
	};
	if (h->msg_namelen > 0)
		take_name(b, h->msg_name);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	     c = CMSG_NXTHDR(h, c))
		take_control(u, b, c);
}

unsigned
gw_udp_bursts_recv(
    struct gw_udp_bursts *b, struct gw_udp *u, unsigned first, unsigned most)
{
	int got = -1;

	GW_ASSERT(first < GW_BURSTS && most <= GW_BURSTS - first);
	for (unsigned i = first; i < first + most; i++) {
		struct msghdr *h = &b->messages[i].msg_hdr;

		h->msg_namelen = sizeof b->names[i];
		h->msg_controllen = sizeof b->control[i];
	}
	/* An error is that of a datagram that was sent: the error queue has
	 * it, and this call has taken it away here. */
	for (int i = 0; i < GW_UDP_STALE_ERRORS && got < 0; i++) {
		got = recvmmsg(
		    u->fd, b->messages + first, most, MSG_DONTWAIT, NULL);
		if (got >= 0 || errno == EAGAIN)
			break;
		GW_ASSERT(errno != EBADF);
		GW_ASSERT(errno != ENOTSOCK);
		GW_ASSERT(errno != EFAULT);
	}
	if (got <= 0)
		return 0;
	for (unsigned i = first; i < first + (unsigned)got; i++)
		take(u, &b->v[i], &b->messages[i]);
	return (unsigned)got;
}
