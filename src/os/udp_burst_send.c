#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#include "base/assert.h"
#include "os/udp_burst.h"
#include "os/udp_private.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* ---- ways ---- */

/* One more control message behind those that are there. */
static size_t
put(uint8_t *at, int level, int type, struct iovec data)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)at;

	memset(at, 0, CMSG_SPACE(data.iov_len));
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(data.iov_len);
	memcpy(CMSG_DATA(c), data.iov_base, data.iov_len);
	return CMSG_SPACE(data.iov_len);
}

static void
put_source(struct gw_udp_back *back, const uint8_t ip[16], unsigned interface)
{
	struct in_pktinfo v4 = { .ipi_ifindex = (int)interface };
	struct in6_pktinfo v6 = { .ipi6_ifindex = interface };

	if (back->v4) {
		memcpy(&v4.ipi_spec_dst, ip + 12, 4);
		back->control_len = put(back->control, IPPROTO_IP, IP_PKTINFO,
		    (struct iovec){ &v4, sizeof v4 });
	} else {
		memcpy(&v6.ipi6_addr, ip, 16);
		back->control_len = put(back->control, IPPROTO_IPV6,
		    IPV6_PKTINFO, (struct iovec){ &v6, sizeof v6 });
	}
}

void
gw_udp_back_set(struct gw_udp_back *back, const struct gw_udp *u,
    const struct gw_addr *peer, const struct gw_addr *from, unsigned interface)
{
	uint8_t ip[16] = { 0 };

	gw_udp_back_connected(back, peer);
	GW_ASSERT(u->family == AF_INET6 || back->v4);
	if (back->v4 && u->family == AF_INET6) {
		/* IPv4 on a socket of both. */
		back->name = (struct sockaddr_in6){ .sin6_family = AF_INET6,
			.sin6_port = htons(gw_addr_port(peer)) };
		gw_addr_mapped(peer, back->name.sin6_addr.s6_addr);
		back->name_len = sizeof back->name;
	} else {
		memcpy(&back->name, &peer->ss, peer->len);
		back->name_len = peer->len;
	}
	if (from == NULL && interface == 0)
		return;
	if (from != NULL)
		gw_addr_mapped(from, ip);
	put_source(back, ip, interface);
}

void
gw_udp_back_connected(struct gw_udp_back *back, const struct gw_addr *peer)
{
	memset(back, 0, sizeof *back);
	back->v4 = peer->ss.ss_family == AF_INET;
}

/* ---- one message ---- */

struct message {
	_Alignas(struct cmsghdr) uint8_t control[GW_BURST_CONTROL];
	struct iovec one;
};

static void
fill(struct msghdr *h, struct message *m, const struct gw_udp_sending *s,
    bool whole)
{
	const struct gw_udp_back *to = s->to;
	int tos = s->tos;
	uint16_t segment = (uint16_t)s->segment;

	*h = (struct msghdr){ .msg_control = m->control };
	if (to->name_len > 0) {
		h->msg_name = (void *)(uintptr_t)&to->name;
		h->msg_namelen = to->name_len;
	}
	memcpy(m->control, to->control, to->control_len);
	h->msg_controllen = to->control_len;
	if (tos != 0)
		h->msg_controllen += put(m->control + h->msg_controllen,
		    to->v4 ? IPPROTO_IP : IPPROTO_IPV6,
		    to->v4 ? IP_TOS : IPV6_TCLASS,
		    (struct iovec){ &tos, sizeof tos });
	if (whole && s->count > 1)
		h->msg_controllen += put(m->control + h->msg_controllen,
		    IPPROTO_UDP, UDP_SEGMENT,
		    (struct iovec){ &segment, sizeof segment });
	GW_ASSERT(h->msg_controllen <= sizeof m->control);
	if (h->msg_controllen == 0)
		h->msg_control = NULL;
	h->msg_iov = (struct iovec *)(uintptr_t)s->pieces;
	h->msg_iovlen = s->piece_count;
}

static enum gw_udp_fate
fate_of(int error)
{
	switch (error) {
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		return GW_FATE_QUEUE;
	case EMSGSIZE:
		return GW_FATE_TOO_BIG;
	case EPERM:
		return GW_FATE_FORBIDDEN;
	default:
		return GW_FATE_NO_ROUTE;
	}
}

static void
count(
    struct gw_udp_sending *s, enum gw_udp_fate fate, uint32_t n, uint32_t bytes)
{
	s->fates[fate].count += n;
	s->fates[fate].bytes += bytes;
}

/*
 * Send it, whatever an earlier datagram has met with: that error is told once,
 * by the next call, and stands in the error queue.  Returns 0 or errno, which
 * was said twice, or is none that could be of an earlier one.
 */
static int
send_one(const struct gw_udp *u, const struct msghdr *h)
{
	int last = 0, error = 0;

	for (int i = 0; i < GW_UDP_STALE_ERRORS; i++) {
		if (sendmsg(u->fd, h, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		last = error;
		error = errno;
		GW_ASSERT(error != EBADF && error != EFAULT);
		if (error == last || error == EAGAIN || error == ENOBUFS ||
		    error == EINVAL || error == EIO)
			return error;
	}
	return error;
}

/* ---- what the kernel does not take whole ---- */

static void
send_singly(const struct gw_udp *u, struct gw_udp_sending *s)
{
	struct message m;
	struct msghdr h;

	fill(&h, &m, s, false);
	h.msg_iov = &m.one;
	h.msg_iovlen = 1;
	for (unsigned i = 0; i < s->piece_count; i++) {
		const struct iovec *piece = &s->pieces[i];
		size_t at = 0;

		do {
			const size_t left = piece->iov_len - at;
			int error;

			m.one.iov_base = (uint8_t *)piece->iov_base + at;
			m.one.iov_len = left < s->segment ? left : s->segment;
			error = send_one(u, &h);
			count(s, error == 0 ? GW_FATE_SENT : fate_of(error), 1,
			    (uint32_t)m.one.iov_len);
			at += m.one.iov_len;
		} while (at < piece->iov_len);
	}
}

/* The call stopped at this one. */
static void
send_again(const struct gw_udp *u, struct gw_udp_sending *s)
{
	struct message m;
	struct msghdr h;
	int error;

	fill(&h, &m, s, true);
	error = send_one(u, &h);
	if (error == 0) {
		count(s, GW_FATE_SENT, s->count, s->len);
		return;
	}
	/* EIO: the device cannot; EINVAL: this kernel cannot, or the size does
	 * not fit the path. */
	if (s->count > 1 &&
	    (error == EIO || error == EINVAL || error == EMSGSIZE)) {
		s->split = true;
		send_singly(u, s);
		return;
	}
	count(s, fate_of(error), s->count, s->len);
}

/* ---- many ---- */

/* The commonest case, and the kernel's shortest way: a datagram that needs
 * nothing beside it.  false: it is another one. */
static bool
send_plain(const struct gw_udp *u, struct gw_udp_sending *s)
{
	if (s->count > 1 || s->piece_count > 1 || s->tos != 0 ||
	    s->to->name_len > 0)
		return false;
	memset(s->fates, 0, sizeof s->fates);
	if (send(u->fd, s->pieces[0].iov_base, s->pieces[0].iov_len,
		MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		count(s, GW_FATE_SENT, 1, s->len);
	else
		send_again(u, s);
	return true;
}

void
gw_udp_sendings(const struct gw_udp *u, struct gw_udp_sending *v, size_t n)
{
	struct mmsghdr h[GW_BURSTS];
	struct message m[GW_BURSTS];
	size_t done = 0, run;

	GW_ASSERT(n <= GW_BURSTS);
	if (n == 1 && send_plain(u, v))
		return;
	for (size_t i = 0; i < n; i++) {
		memset(v[i].fates, 0, sizeof v[i].fates);
		fill(&h[i].msg_hdr, &m[i], &v[i], true);
	}
	while (done < n) {
		int sent = 0;

		/* Up to one that has to go in pieces. */
		for (run = done; run < n; run++)
			if (v[run].split && v[run].count > 1)
				break;
		if (run > done)
			sent = sendmmsg(u->fd, h + done, (unsigned)(run - done),
			    MSG_DONTWAIT | MSG_NOSIGNAL);
		for (int i = 0; i < sent; i++, done++)
			count(
			    &v[done], GW_FATE_SENT, v[done].count, v[done].len);
		if (done == run && run < n)
			send_singly(u, &v[done++]);
		else if (done < run && sent <= 0)
			send_again(u, &v[done++]);
	}
}
