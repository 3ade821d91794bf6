#include "os/icmp_reply.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/assert.h"
#include "base/cursor.h"

enum {
	ICMP_HEAD = 8,
	V4_HEAD = 20,
	V6_HEAD = 40,
	UDP_HEAD = 8,
	HOPS = 64,
	/* linux/icmp.h has it, and does not go with netinet/in.h. */
	FILTER_V4 = 1
};

/* ---- sockets ---- */

/* They only speak: what comes for all such sockets is not theirs. */
static void
hear_nothing(const struct gw_raw *r)
{
	const uint32_t none = UINT32_MAX;
	struct icmp6_filter none6;

	setsockopt(r->v4, SOL_RAW, FILTER_V4, &none, sizeof none);
	if (r->v6 < 0)
		return;
	ICMP6_FILTER_SETBLOCKALL(&none6);
	setsockopt(r->v6, IPPROTO_ICMPV6, ICMP6_FILTER, &none6, sizeof none6);
}

enum gw_err
gw_icmp_reply_open(struct gw_raw *out, struct gw_why *why)
{
	const enum gw_err err = gw_raw_open(out, IPPROTO_ICMP, IPPROTO_ICMPV6,
	    "icmp=reflect: to send ICMP", why);

	if (err == GW_OK)
		hear_nothing(out);
	return err;
}

/* ---- the message ---- */

static void
put_checksum(uint8_t *at, const uint8_t *p, size_t n)
{
	const uint16_t c = gw_raw_checksum(gw_raw_sum(0, p, n));

	at[0] = (uint8_t)(c >> 8);
	at[1] = (uint8_t)c;
}

static uint8_t
code_v4(enum gw_unreachable what)
{
	switch (what) {
	case GW_UNREACHABLE_PORT:
		return ICMP_PORT_UNREACH;
	case GW_UNREACHABLE_NET:
		return ICMP_NET_UNREACH;
	case GW_UNREACHABLE_FORBIDDEN:
		return ICMP_PKT_FILTERED;
	default:
		return ICMP_HOST_UNREACH;
	}
}

static uint8_t
code_v6(enum gw_unreachable what)
{
	switch (what) {
	case GW_UNREACHABLE_PORT:
		return ICMP6_DST_UNREACH_NOPORT;
	case GW_UNREACHABLE_NET:
		return ICMP6_DST_UNREACH_NOROUTE;
	case GW_UNREACHABLE_FORBIDDEN:
		return ICMP6_DST_UNREACH_ADMIN;
	default:
		return ICMP6_DST_UNREACH_ADDR;
	}
}

/* The header of the datagram, as if it had no content. */
static void
put_ip(struct gw_writer *w, const struct gw_addr *client,
    const struct gw_addr *local, bool v4)
{
	uint8_t *const head = w->p, from[16], to[16];
	const size_t skip = v4 ? 12 : 0;

	gw_addr_mapped(client, from);
	gw_addr_mapped(local, to);
	if (v4) {
		gw_write_u16(w, 0x4500);
		gw_write_u16(w, V4_HEAD + UDP_HEAD);
		gw_write_u32(w, 0); /* identifier, fragment */
		gw_write_u8(w, HOPS);
		gw_write_u8(w, IPPROTO_UDP);
		gw_write_u16(w, 0);
	} else {
		gw_write_u32(w, 0x60000000);
		gw_write_u16(w, UDP_HEAD);
		gw_write_u8(w, IPPROTO_UDP);
		gw_write_u8(w, HOPS);
	}
	gw_write_bytes(w, from + skip, 16 - skip);
	gw_write_bytes(w, to + skip, 16 - skip);
	if (v4)
		put_checksum(head + 10, head, V4_HEAD);
}

size_t
gw_icmp_reply_message(const struct gw_addr *client, const struct gw_addr *local,
    enum gw_unreachable what, uint8_t out[GW_ICMP_REPLY])
{
	const bool v4 = client->ss.ss_family == AF_INET;
	struct gw_writer w;
	size_t n;

	GW_ASSERT(client->ss.ss_family == local->ss.ss_family);
	w = gw_writer(out, GW_ICMP_REPLY);
	gw_write_u8(&w, v4 ? ICMP_DEST_UNREACH : ICMP6_DST_UNREACH);
	gw_write_u8(&w, v4 ? code_v4(what) : code_v6(what));
	gw_write_u16(&w, 0);
	gw_write_u32(&w, 0);
	put_ip(&w, client, local, v4);
	gw_write_u16(&w, gw_addr_port(client));
	gw_write_u16(&w, gw_addr_port(local));
	gw_write_u16(&w, UDP_HEAD);
	gw_write_u16(&w, 0);
	n = ICMP_HEAD + (v4 ? V4_HEAD : V6_HEAD) + UDP_HEAD;
	if (v4)
		put_checksum(out + 2, out, n);
	return n;
}

/* ---- sending ---- */

static size_t
put_source(struct msghdr *m, const struct gw_addr *local)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (local->ss.ss_family == AF_INET) {
		struct in_pktinfo info = { .ipi_ifindex = 0 };

		info.ipi_spec_dst =
		    ((const struct sockaddr_in *)(const void *)&local->ss)
			->sin_addr;
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof info);
		memcpy(CMSG_DATA(c), &info, sizeof info);
		return CMSG_SPACE(sizeof info);
	}
	struct in6_pktinfo info = { .ipi6_ifindex = gw_addr_zone(local) };

	info.ipi6_addr =
	    ((const struct sockaddr_in6 *)(const void *)&local->ss)->sin6_addr;
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(c), &info, sizeof info);
	return CMSG_SPACE(sizeof info);
}

bool
gw_icmp_reply_send(const struct gw_raw *r, const struct gw_addr *client,
    const struct gw_addr *local, enum gw_unreachable what)
{
	const bool v4 = client->ss.ss_family == AF_INET;
	_Alignas(struct cmsghdr) uint8_t control[64] = { 0 };
	uint8_t message[GW_ICMP_REPLY];
	struct gw_addr to = *client;
	struct iovec v = { message,
		gw_icmp_reply_message(client, local, what, message) };
	struct msghdr m = { .msg_name = &to.ss,
		.msg_namelen = to.len,
		.msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control };

	gw_addr_set_port(&to, 0); /* of IPv6 it would be a protocol */
	m.msg_controllen = put_source(&m, local);
	return sendmsg(v4 ? r->v4 : r->v6, &m, MSG_DONTWAIT) ==
	       (ssize_t)v.iov_len;
}
