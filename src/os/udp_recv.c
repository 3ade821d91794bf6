#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/udp_private.h"

/* The clocks when a batch came, to turn the kernel's stamps into both. */
struct moment {
	gw_usec now;
	int64_t wall_usec;
};

/* Both at one moment: another process may run between two readings, and a
 * round trip would be wrong by that. */
static struct moment
moment_now(void)
{
	enum { TRIES = 8, CLOSE = 5 /* us */ };
	struct moment best = { .now = 0 };
	gw_usec apart = GW_NEVER;

	for (int i = 0; i < TRIES && apart > CLOSE; i++) {
		gw_usec before = gw_clock_now(), after;
		struct timespec ts;

		clock_gettime(CLOCK_REALTIME, &ts);
		after = gw_clock_now();
		if (after - before >= apart)
			continue;
		apart = after - before;
		best = (struct moment){ before + apart / 2,
			(int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 };
	}
	return best;
}

static void
take_stamp(struct gw_udp_datagram *d, const struct moment *m,
    const struct timespec *stamp)
{
	int64_t wall = (int64_t)stamp->tv_sec * 1000000 + stamp->tv_nsec / 1000;
	int64_t age = m->wall_usec - wall;

	/* The wall clock may have been set meanwhile. */
	if (age < 0 || (gw_usec)age > m->now || age > 60 * 1000000)
		return;
	d->wall_usec = wall;
	d->at = m->now - (gw_usec)age;
}

static void
take_ipv4(struct gw_udp_datagram *d, const struct in_pktinfo *i, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = i->ipi_addr };

	gw_addr_from(&d->local, (const struct sockaddr *)&in, sizeof in);
	in.sin_addr = i->ipi_spec_dst;
	gw_addr_from(&d->own, (const struct sockaddr *)&in, sizeof in);
	d->interface = (unsigned)i->ipi_ifindex;
	if (gw_addr_is_group(&d->local))
		d->cast = GW_CAST_GROUP;
	else if (i->ipi_addr.s_addr != i->ipi_spec_dst.s_addr)
		d->cast = GW_CAST_BROADCAST;
	else
		d->cast = GW_CAST_HOST;
}

static void
take_ipv6(struct gw_udp_datagram *d, const struct in6_pktinfo *i, uint16_t port)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = i->ipi6_addr };

	/* Told in the way of IPv4, too. */
	if (IN6_IS_ADDR_V4MAPPED(&i->ipi6_addr))
		return;
	gw_addr_from(&d->local, (const struct sockaddr *)&in6, sizeof in6);
	if (gw_addr_is_link_local(&d->local)) {
		in6.sin6_scope_id = i->ipi6_ifindex;
		gw_addr_from(
		    &d->local, (const struct sockaddr *)&in6, sizeof in6);
	}
	d->interface = i->ipi6_ifindex;
	d->cast = gw_addr_is_group(&d->local) ? GW_CAST_GROUP : GW_CAST_HOST;
	if (d->cast == GW_CAST_HOST)
		d->own = d->local;
}

/* Both families tell it as an int. */
static void
take_hops(struct gw_udp_datagram *d, const void *data)
{
	int hops;

	memcpy(&hops, data, sizeof hops);
	if (hops > 0 && hops <= UINT8_MAX)
		d->hops = (uint8_t)hops;
}

static void
take_control(struct gw_udp *u, struct msghdr *h, const struct moment *m,
    struct gw_udp_datagram *d)
{
	struct timespec stamp;
	struct in_pktinfo v4;
	struct in6_pktinfo v6;
	uint32_t drops;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	     c = CMSG_NXTHDR(h, c)) {
		const void *data = CMSG_DATA(c);

		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&stamp, data, sizeof stamp);
			take_stamp(d, m, &stamp);
		} else if (c->cmsg_level == SOL_SOCKET &&
			   c->cmsg_type == SO_RXQ_OVFL) {
			/* A sum, and ours is what was added to it. */
			memcpy(&drops, data, sizeof drops);
			d->lost_before = drops - u->drops;
			u->drops = drops;
		} else if (c->cmsg_level == IPPROTO_IP &&
			   c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, data, sizeof v4);
			take_ipv4(d, &v4, u->port);
		} else if (c->cmsg_level == IPPROTO_IPV6 &&
			   c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, data, sizeof v6);
			take_ipv6(d, &v6, u->port);
		} else if ((c->cmsg_level == IPPROTO_IP &&
			       c->cmsg_type == IP_TTL) ||
			   (c->cmsg_level == IPPROTO_IPV6 &&
			       c->cmsg_type == IPV6_HOPLIMIT))
			take_hops(d, data);
	}
}

/* As recvmmsg, but errors of datagrams that were sent are passed over: the
 * error queue has them. */
static int
receive(int fd, struct mmsghdr *v, size_t n)
{
	int got;

	for (int i = 0; i < GW_UDP_STALE_ERRORS; i++) {
		got = recvmmsg(
		    fd, v, (unsigned)n, MSG_TRUNC | MSG_DONTWAIT, NULL);
		if (got >= 0 || errno == EAGAIN)
			break;
		GW_ASSERT(errno != EBADF);
		GW_ASSERT(errno != ENOTSOCK);
		GW_ASSERT(errno != EFAULT);
	}
	return got;
}

enum gw_err
gw_udp_recv(
    struct gw_udp *u, struct gw_udp_datagram *v, size_t n, size_t *count)
{
	struct mmsghdr h[GW_UDP_BATCH];
	struct iovec iov[GW_UDP_BATCH];
	struct sockaddr_in6 names[GW_UDP_BATCH]; /* the larger of the two */
	struct gw_udp_control control[GW_UDP_BATCH];
	struct moment m;
	int got;

	if (n > GW_UDP_BATCH)
		n = GW_UDP_BATCH;
	for (size_t i = 0; i < n; i++) {
		iov[i] = (struct iovec){ v[i].data, v[i].room };
		h[i].msg_hdr = (struct msghdr){ .msg_name = &names[i],
			.msg_namelen = sizeof names[i],
			.msg_iov = &iov[i],
			.msg_iovlen = 1,
			.msg_control = &control[i],
			.msg_controllen = sizeof control[i] };
	}
	if ((got = receive(u->fd, h, n)) <= 0)
		return GW_E_AGAIN;
	m = moment_now();
	for (size_t i = 0; i < (size_t)got; i++) {
		struct gw_udp_datagram *d = &v[i];

		*d = (struct gw_udp_datagram){ .data = d->data,
			.room = d->room,
			.len = h[i].msg_len,
			.at = m.now,
			.wall_usec = m.wall_usec };
		gw_addr_from(&d->peer, (const struct sockaddr *)&names[i],
		    h[i].msg_hdr.msg_namelen);
		take_control(u, &h[i].msg_hdr, &m, d);
	}
	*count = (size_t)got;
	return GW_OK;
}
