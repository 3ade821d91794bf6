#include "os/udp_batch.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/udp_batch_private.h"

/* In headers that do not go together with netinet/udp.h. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
	BUFFERS = 8,
	BUFFER_BYTES = 65536,
	/* Errors of the network that one fill steps over. */
	ERRORS_MAX = 8
};

static bool
set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static int
get(int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof value;

	return getsockopt(fd, level, option, &value, &len) == 0 ? value : -1;
}

/* ---- what the kernel offers ---- */

void
gw_udp_batch_probe(struct gw_udp_offer *offer)
{
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*offer = (struct gw_udp_offer){ 0 };
	if (fd < 0)
		return;
	offer->gso = set(fd, IPPROTO_UDP, UDP_SEGMENT, 1200);
	offer->gro = set(fd, IPPROTO_UDP, UDP_GRO, 1);
	offer->ecn = set(fd, IPPROTO_IP, IP_RECVTOS, 1);
	close(fd);
}

/* ---- life ---- */

static size_t
buffer_granted(int fd, int option, size_t wanted)
{
	const int value = wanted < INT32_MAX ? (int)wanted : INT32_MAX;
	int got;

	/* The system's limit cuts it; what was there may be more. */
	if (get(fd, SOL_SOCKET, option) / 2 < value)
		set(fd, SOL_SOCKET, option, value);
	got = get(fd, SOL_SOCKET, option);
	return got > 0 ? (size_t)got / 2 : 0;
}

/* A socket of IPv6 that takes IPv4 has the options of both. */
static bool
set_both(int fd, int family, int v4, int v6, int value)
{
	const bool four = set(fd, IPPROTO_IP, v4, value);

	if (family == AF_INET)
		return four;
	return set(fd, IPPROTO_IPV6, v6, value);
}

static enum gw_err
prepare(struct gw_udp_batch *b, const struct gw_udp_batch_options *o,
    struct gw_why *why)
{
	const size_t wanted =
	    o->kernel_bytes > 0 ? o->kernel_bytes : GW_UDP_BATCH_KERNEL_BYTES;

	if (get(b->fd, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_UDP ||
	    (b->family != AF_INET && b->family != AF_INET6))
		return gw_why(why, GW_E_FAILED, "not a UDP socket");
	if (!set_both(b->fd, b->family, IP_MTU_DISCOVER, IPV6_MTU_DISCOVER,
		IP_PMTUDISC_PROBE))
		return gw_why(why, GW_E_FAILED,
		    "the kernel will not keep datagrams whole: %s",
		    strerror(errno));
	/* On a socket of IPv6 this one tells of IPv4 as well. */
	if (b->family == AF_INET)
		set(b->fd, IPPROTO_IP, IP_PKTINFO, 1);
	else
		set(b->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	set_both(b->fd, b->family, IP_RECVERR, IPV6_RECVERR, 1);
	set(b->fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	b->facts.has.ecn =
	    set_both(b->fd, b->family, IP_RECVTOS, IPV6_RECVTCLASS, 1);
	b->facts.has.gso =
	    !o->no_gso && get(b->fd, IPPROTO_UDP, UDP_SEGMENT) >= 0;
	b->facts.has.gro =
	    set(b->fd, IPPROTO_UDP, UDP_GRO, !o->no_gro) && !o->no_gro;
	b->facts.send_buffer = buffer_granted(b->fd, SO_SNDBUF, wanted);
	b->facts.receive_buffer = buffer_granted(b->fd, SO_RCVBUF, wanted);
	return GW_OK;
}

static bool
allocate(struct gw_udp_batch *b, const struct gw_udp_batch_options *o)
{
	const size_t size =
	    o->buffer_bytes > 0 ? o->buffer_bytes : BUFFER_BYTES;

	b->count = o->buffers > 0 ? o->buffers : BUFFERS;
	b->messages = calloc(b->count, sizeof *b->messages);
	b->slots = calloc(b->count, sizeof *b->slots);
	b->bytes = malloc(b->count * size);
	if (b->messages == NULL || b->slots == NULL || b->bytes == NULL)
		return false;
	for (unsigned i = 0; i < b->count; i++)
		b->slots[i].iov = (struct iovec){
			.iov_base = b->bytes + i * size,
			.iov_len = size,
		};
	return true;
}

enum gw_err
gw_udp_batch_new(const struct gw_udp_batch_options *o, struct gw_why *why,
    struct gw_udp_batch **out)
{
	struct gw_udp_batch *b = calloc(1, sizeof *b);
	enum gw_err err = GW_E_MEMORY;

	if (b == NULL)
		return gw_why(why, GW_E_MEMORY, "out of memory");
	b->fd = o->fd;
	b->family = get(o->fd, SOL_SOCKET, SO_DOMAIN);
	if (!allocate(b, o))
		err = gw_why(why, GW_E_MEMORY, "out of memory");
	else
		err = prepare(b, o, why);
	if (err != GW_OK) {
		gw_udp_batch_free(b);
		return err;
	}
	*out = b;
	return GW_OK;
}

void
gw_udp_batch_free(struct gw_udp_batch *b)
{
	if (b == NULL)
		return;
	free(b->messages);
	free(b->slots);
	free(b->bytes);
	free(b);
}

void
gw_udp_batch_facts(
    const struct gw_udp_batch *b, struct gw_udp_batch_facts *facts)
{
	*facts = b->facts;
}

/* ---- receiving ---- */

enum gw_err
gw_udp_batch_fill(struct gw_udp_batch *b)
{
	int n;

	b->filled = b->current = 0;
	b->given = 0;
	b->opened = false;
	for (unsigned i = 0; i < b->count; i++) {
		struct gw_udp_slot *s = &b->slots[i];

		b->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &s->name,
			.msg_namelen = sizeof s->name,
			.msg_iov = &s->iov,
			.msg_iovlen = 1,
			.msg_control = s->control,
			.msg_controllen = sizeof s->control,
		};
	}
	/* An error is that of a datagram sent earlier: the error queue has it
	 * as well, and this call has taken it away. */
	for (unsigned tries = 0; tries <= ERRORS_MAX; tries++) {
		n = recvmmsg(b->fd, b->messages, b->count, MSG_DONTWAIT, NULL);
		if (n > 0) {
			b->filled = (unsigned)n;
			return GW_OK;
		}
		GW_ASSERT(n < 0);
		GW_ASSERT(errno != EBADF && errno != ENOTSOCK);
		if (errno == EAGAIN)
			break;
	}
	return GW_E_AGAIN;
}

bool
gw_udp_batch_full(const struct gw_udp_batch *b)
{
	return b->filled == b->count;
}

static void
count_drops(struct gw_udp_batch *b, uint32_t now)
{
	b->facts.kernel_dropped += now - b->drops;
	b->drops = now;
}

static void
set_to(struct gw_udp_slot *s, const struct cmsghdr *c)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct in_pktinfo info;
	struct in6_pktinfo info6;

	if (c->cmsg_level == IPPROTO_IP) {
		memcpy(&info, CMSG_DATA(c), sizeof info);
		in.sin_addr = info.ipi_addr;
		gw_addr_from(&s->to, (struct sockaddr *)&in, sizeof in);
		return;
	}
	memcpy(&info6, CMSG_DATA(c), sizeof info6);
	in6.sin6_addr = info6.ipi6_addr;
	if (IN6_IS_ADDR_LINKLOCAL(&info6.ipi6_addr) ||
	    IN6_IS_ADDR_MC_LINKLOCAL(&info6.ipi6_addr))
		in6.sin6_scope_id = info6.ipi6_ifindex;
	gw_addr_from(&s->to, (struct sockaddr *)&in6, sizeof in6);
}

static void
look_at(struct gw_udp_batch *b, struct gw_udp_slot *s, const struct cmsghdr *c)
{
	uint32_t number = 0;
	const size_t len = c->cmsg_len - CMSG_LEN(0);

	/* Marks come as a byte in IPv4, the others as 32 bits. */
	memcpy(
	    &number, CMSG_DATA(c), len < sizeof number ? len : sizeof number);
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
		s->ecn = *CMSG_DATA(c) & 3;
	else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)
		s->ecn = number & 3;
	else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
		s->train = number;
	else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
		count_drops(b, number);
	else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) ||
		 (c->cmsg_level == IPPROTO_IPV6 &&
		     c->cmsg_type == IPV6_PKTINFO))
		set_to(s, c);
}

/* The current slot: what stands beside its bytes. */
static void
open_slot(struct gw_udp_batch *b)
{
	struct gw_udp_slot *s = &b->slots[b->current];
	struct msghdr *h = &b->messages[b->current].msg_hdr;
	struct cmsghdr *c;

	s->ecn = 0;
	s->train = 0;
	s->to.len = 0;
	gw_addr_from(&s->from, (struct sockaddr *)&s->name, h->msg_namelen);
	for (c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c))
		look_at(b, s, c);
	b->opened = true;
}

bool
gw_udp_batch_next(struct gw_udp_batch *b, struct gw_udp_arrival *a)
{
	struct gw_udp_slot *s;
	size_t left, len;
	const struct mmsghdr *m;

	if (b->current == b->filled)
		return false;
	if (!b->opened)
		open_slot(b);
	s = &b->slots[b->current];
	m = &b->messages[b->current];
	left = m->msg_len - b->given;
	len = s->train > 0 && s->train < left ? s->train : left;
	*a = (struct gw_udp_arrival){
		.bytes = (uint8_t *)s->iov.iov_base + b->given,
		.len = len,
		.from = &s->from,
		.to = &s->to,
		.ecn = s->ecn,
		.first = b->given == 0,
		.cut = len == left && (m->msg_hdr.msg_flags & MSG_TRUNC) != 0,
		.train = s->train,
	};
	b->facts.received++;
	b->given += len;
	if (len == left) {
		b->current++;
		b->given = 0;
		b->opened = false;
	}
	return true;
}

/* ---- what the network says of what was sent ---- */

static enum gw_udp_trouble_kind
kind_of(uint32_t error)
{
	switch (error) {
	case ECONNREFUSED:
		return GW_TROUBLE_REFUSED;
	case EMSGSIZE:
		return GW_TROUBLE_TOO_BIG;
	default:
		return GW_TROUBLE_NO_WAY;
	}
}

/* False: the message is no error of the network. */
static bool
read_trouble(struct msghdr *h, struct gw_udp_trouble *t)
{
	struct sock_extended_err e;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		const size_t len = c->cmsg_len - CMSG_LEN(0);

		if (!(c->cmsg_level == IPPROTO_IP &&
			c->cmsg_type == IP_RECVERR) &&
		    !(c->cmsg_level == IPPROTO_IPV6 &&
			c->cmsg_type == IPV6_RECVERR))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof e);
		t->kind = kind_of(e.ee_errno);
		t->mtu = e.ee_errno == EMSGSIZE ? e.ee_info : 0;
		/* Who says so stands behind it (SO_EE_OFFENDER), of no family
		 * if that is this machine. */
		if (len < sizeof e + sizeof(struct sockaddr_in) ||
		    !gw_addr_from(&t->from,
			(struct sockaddr *)(void *)(CMSG_DATA(c) + sizeof e),
			(socklen_t)(len - sizeof e)))
			t->from.len = 0;
		return true;
	}
	return false;
}

bool
gw_udp_batch_trouble(struct gw_udp_batch *b, struct gw_udp_trouble *t)
{
	struct sockaddr_storage name;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
	struct iovec iov = { t->head, sizeof t->head };
	ssize_t n;

	for (;;) {
		struct msghdr h = {
			.msg_name = &name,
			.msg_namelen = sizeof name,
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof control,
		};

		n = recvmsg(b->fd, &h, MSG_ERRQUEUE | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (!gw_addr_from(
			&t->to, (struct sockaddr *)&name, h.msg_namelen))
			t->to.len = 0;
		t->head_len = (size_t)n;
		if (read_trouble(&h, t))
			return true;
	}
}
