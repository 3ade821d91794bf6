#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#include "base/assert.h"
#include "os/udp_batch_private.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* Errors of datagrams sent earlier that one call steps over. */
enum { ERRORS_MAX = 4 };

/* One call: a datagram, or a train of segments. */
struct call {
	struct sockaddr_storage name;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
	struct iovec iov;
	struct msghdr h;
};

static void
add(struct call *c, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *m =
	    (struct cmsghdr *)(void *)(c->control + c->h.msg_controllen);

	GW_ASSERT(c->h.msg_controllen + CMSG_SPACE(len) <= sizeof c->control);
	m->cmsg_level = level;
	m->cmsg_type = type;
	m->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(m), data, len);
	c->h.msg_controllen += CMSG_SPACE(len);
}

/* IPv4 on a socket of IPv6 is an address of IPv6 in its name only: the
 * kernel's IPv4 sends it, with the control messages of IPv4. */
static void
set_name(struct call *c, int family, const struct gw_addr *to)
{
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6 };

	c->name = to->ss;
	c->h.msg_name = &c->name;
	c->h.msg_namelen = to->len;
	if (family == AF_INET6 && to->ss.ss_family == AF_INET) {
		gw_addr_mapped(to, mapped.sin6_addr.s6_addr);
		mapped.sin6_port = htons(gw_addr_port(to));
		memcpy(&c->name, &mapped, sizeof mapped);
		c->h.msg_namelen = sizeof mapped;
	}
}

static void
set_from(struct call *c, const struct gw_addr *from)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct in_pktinfo info = { 0 };
	struct in6_pktinfo info6 = { 0 };

	if (from->ss.ss_family == AF_INET) {
		memcpy(&in, &from->ss, sizeof in);
		info.ipi_spec_dst = in.sin_addr;
		add(c, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
	} else {
		memcpy(&in6, &from->ss, sizeof in6);
		info6.ipi6_addr = in6.sin6_addr;
		info6.ipi6_ifindex = in6.sin6_scope_id;
		add(c, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof info6);
	}
}

/* len bytes in datagrams of `segment` bytes. */
static void
prepare(
    const struct gw_udp_batch *b, const struct gw_udp_train *t, struct call *c)
{
	const bool four = t->to->ss.ss_family == AF_INET;
	const int ecn = t->ecn;

	memset(&c->h, 0, sizeof c->h);
	memset(c->control, 0, sizeof c->control);
	/* sendmsg does not write to it. */
	c->iov = (struct iovec){ (void *)(uintptr_t)t->bytes, t->len };
	c->h.msg_iov = &c->iov;
	c->h.msg_iovlen = 1;
	c->h.msg_control = c->control;
	set_name(c, b->family, t->to);
	if (t->from != NULL && t->from->len > 0)
		set_from(c, t->from);
	if (ecn != 0 && b->facts.has.ecn && four)
		add(c, IPPROTO_IP, IP_TOS, &ecn, sizeof ecn);
	if (ecn != 0 && b->facts.has.ecn && !four)
		add(c, IPPROTO_IPV6, IPV6_TCLASS, &ecn, sizeof ecn);
	if (t->len > t->segment) {
		const uint16_t segment = (uint16_t)t->segment;

		add(c, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
	}
	if (c->h.msg_controllen == 0)
		c->h.msg_control = NULL;
}

/*
 * 0: sent, or dropped on this machine, which is one way of being lost.  Else
 * what errno says of these bytes: an error of earlier ones, which any call
 * may meet, has been stepped over (the error queue has it).
 */
static int
call(struct gw_udp_batch *b, const struct gw_udp_train *t)
{
	struct call c;
	int error = 0, last;

	prepare(b, t, &c);
	for (unsigned tries = 0; tries <= ERRORS_MAX; tries++) {
		if (sendmsg(b->fd, &c.h, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		last = error;
		error = errno;
		GW_ASSERT(error != EBADF && error != EFAULT);
		switch (error) {
		case ENOBUFS:
		case ENOMEM:
			b->facts.dropped_on_send++;
			return 0;
		case EAGAIN:
		case EINVAL:
		case EIO:
			return error;
		case EMSGSIZE:
			/* There is one such error to step over at most, and
			 * each try adds one to the error queue. */
			if (last == EMSGSIZE)
				return error;
			break;
		default:
			break;
		}
	}
	return error;
}

/* One datagram.  Some kernels and sandboxes refuse marks: then without. */
static int
call_single(struct gw_udp_batch *b, const struct gw_udp_train *t)
{
	struct gw_udp_train plain = *t;
	int error = call(b, t);

	if (error != EINVAL || t->ecn == 0 || !b->facts.has.ecn)
		return error;
	plain.ecn = 0;
	if (call(b, &plain) != 0)
		return error;
	b->facts.has.ecn = false;
	return 0;
}

static enum gw_train_result
result_of(const struct gw_udp_train *t, int error, struct gw_why *why)
{
	char text[GW_ADDR_TEXT];

	if (error == 0)
		return GW_TRAIN_SENT;
	if (error == EAGAIN)
		return GW_TRAIN_WAIT;
	if (error == EMSGSIZE)
		return GW_TRAIN_TOO_BIG;
	gw_addr_text(t->to, text);
	(void)gw_why(why, GW_E_CONNECT, "%s: %s", text, strerror(error));
	return GW_TRAIN_LOST;
}

/*
 * False: the kernel does not take this train, though perhaps its segments.
 * EIO: the device cannot; EINVAL: neither can this kernel, or segments are
 * too big for the path, or something else is wrong with it.
 */
static bool
try_whole(struct gw_udp_batch *b, const struct gw_udp_train *t, int *error)
{
	*error = call(b, t);
	return *error != EIO && *error != EINVAL;
}

enum gw_train_result
gw_udp_batch_send(struct gw_udp_batch *b, const struct gw_udp_train *t,
    size_t *sent, struct gw_why *why)
{
	struct gw_udp_train one = *t;
	int error = 0;

	GW_ASSERT(t->len > 0 && t->len <= GW_TRAIN_BYTES && t->segment > 0);
	GW_ASSERT((t->len - 1) / t->segment < GW_TRAIN_SEGMENTS);
	GW_ASSERT(b->family == AF_INET6 || t->to->ss.ss_family == AF_INET);
	*sent = 0;
	if (t->len > t->segment && b->facts.has.gso &&
	    try_whole(b, t, &error)) {
		*sent = error == 0 ? t->len : 0;
		return result_of(t, error, why);
	}
	for (size_t at = 0; at < t->len; at += one.len) {
		one.bytes = t->bytes + at;
		one.len = t->len - at < t->segment ? t->len - at : t->segment;
		/* Its first segment has gone: so it was the train. */
		if (error != 0 && at > 0)
			b->facts.has.gso = false;
		const int failed = call_single(b, &one);

		if (failed != 0)
			return result_of(t, failed, why);
		*sent = at + one.len;
	}
	return GW_TRAIN_SENT;
}
