#include "os/raw_udp.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "base/assert.h"
#include "base/cursor.h"

enum {
	V4_HEAD = 20,
	V6_HEAD = 40,
	FRAGMENT_HEAD = 8,
	UDP_HEAD = 8,
	V4_MTU_MIN = 576,
	V6_MTU_MIN = 1280,
	HOPS = 64
};

/* ---- sockets ---- */

static void
set(int fd, int level, int name, int value)
{
	setsockopt(fd, level, name, &value, sizeof value);
}

enum gw_err
gw_raw_udp_open(struct gw_raw *out, struct gw_why *why)
{
	const enum gw_err err = gw_raw_open(out, IPPROTO_RAW, IPPROTO_RAW,
	    "to keep the source of datagrams", why);

	if (err != GW_OK)
		return err;
	set(out->v4, SOL_SOCKET, SO_BROADCAST, 1);
	set(out->v4, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	if (out->v6 >= 0)
		set(out->v6, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
	return GW_OK;
}

unsigned
gw_raw_udp_mtu(const struct gw_raw *r, unsigned interface)
{
	struct ifreq q = { .ifr_mtu = 0 };

	if (if_indextoname(interface, q.ifr_name) == NULL ||
	    ioctl(r->v4, SIOCGIFMTU, &q) != 0 || q.ifr_mtu < 0)
		return 0;
	return (unsigned)q.ifr_mtu;
}

/* ---- packets ---- */

static bool
is_v4(const struct gw_raw_datagram *d)
{
	return d->to.ss.ss_family == AF_INET;
}

/* RFC 768, RFC 8200 8.1: the pseudo header of IPv4 sums up as that of IPv6
 * does, since its addresses are no longer in it. */
static uint16_t
checksum(const struct gw_raw_datagram *d)
{
	uint8_t from[16], to[16];
	size_t skip = is_v4(d) ? 12 : 0;
	uint32_t s = (uint32_t)(d->len + UDP_HEAD) + IPPROTO_UDP;
	uint16_t c;

	/* The kernel will put another source there. */
	if (is_v4(d) && gw_addr_is_any(&d->from))
		return 0;
	gw_addr_mapped(&d->from, from);
	gw_addr_mapped(&d->to, to);
	s = gw_raw_sum(s, from + skip, 16 - skip);
	s = gw_raw_sum(s, to + skip, 16 - skip);
	s += gw_addr_port(&d->from);
	s += gw_addr_port(&d->to);
	s += (uint32_t)(d->len + UDP_HEAD);
	c = gw_raw_checksum(gw_raw_sum(s, d->data, d->len));
	return c != 0 ? c : 0xffff;
}

static void
put_v4(struct gw_writer *w, const struct gw_raw_datagram *d, size_t at,
    size_t bytes)
{
	enum { MORE = 0x2000 };
	bool last = at + bytes == d->len + UDP_HEAD;
	uint8_t from[16], to[16];
	uint16_t id = (uint16_t)(d->id ^ d->id >> 16);
	uint8_t *head = w->p;
	uint16_t check;

	gw_addr_mapped(&d->from, from);
	gw_addr_mapped(&d->to, to);
	gw_write_u8(w, 0x45);
	gw_write_u8(w, 0);
	gw_write_u16(w, (uint16_t)(V4_HEAD + bytes));
	gw_write_u16(w, id != 0 ? id : 1); /* of 0 the kernel makes its own */
	gw_write_u16(w, (uint16_t)(at / 8 | (last ? 0 : MORE)));
	gw_write_u8(w, d->hops != 0 ? d->hops : HOPS);
	gw_write_u8(w, IPPROTO_UDP);
	gw_write_u16(w, 0);
	gw_write_bytes(w, from + 12, 4);
	gw_write_bytes(w, to + 12, 4);
	check = gw_raw_checksum(gw_raw_sum(0, head, V4_HEAD));
	head[10] = (uint8_t)(check >> 8);
	head[11] = (uint8_t)check;
}

static void
put_v6(struct gw_writer *w, const struct gw_raw_datagram *d, size_t at,
    size_t bytes)
{
	bool whole = bytes == d->len + UDP_HEAD;
	bool last = at + bytes == d->len + UDP_HEAD;
	uint8_t from[16], to[16];

	gw_addr_mapped(&d->from, from);
	gw_addr_mapped(&d->to, to);
	gw_write_u32(w, (uint32_t)6 << 28);
	gw_write_u16(w, (uint16_t)(bytes + (whole ? 0 : FRAGMENT_HEAD)));
	gw_write_u8(w, whole ? IPPROTO_UDP : IPPROTO_FRAGMENT);
	gw_write_u8(w, d->hops != 0 ? d->hops : HOPS);
	gw_write_bytes(w, from, 16);
	gw_write_bytes(w, to, 16);
	if (whole)
		return;
	gw_write_u8(w, IPPROTO_UDP);
	gw_write_u8(w, 0);
	gw_write_u16(w, (uint16_t)(at | (last ? 0 : 1)));
	gw_write_u32(w, d->id);
}

/* Bytes of UDP, its header included, that one packet takes; 0: none does. */
static size_t
room_of(const struct gw_raw_datagram *d)
{
	size_t all = d->len + UDP_HEAD, head = is_v4(d) ? V4_HEAD : V6_HEAD;

	/* The length of IPv4 counts its head, that of IPv6 does not. */
	if (all + (is_v4(d) ? head : 0) > UINT16_MAX ||
	    d->mtu < (is_v4(d) ? (unsigned)V4_MTU_MIN : V6_MTU_MIN))
		return 0;
	if (all + head <= d->mtu)
		return all;
	if (!is_v4(d))
		head += FRAGMENT_HEAD;
	return (d->mtu - head) & ~(size_t)7;
}

bool
gw_raw_udp_packet(
    const struct gw_raw_datagram *d, unsigned n, struct gw_raw_packet *out)
{
	size_t all = d->len + UDP_HEAD, room = room_of(d), at, bytes;
	struct gw_writer w = gw_writer(out->head, sizeof out->head);

	GW_ASSERT(d->from.ss.ss_family == d->to.ss.ss_family);
	if (room == 0 || n * room >= all)
		return false;
	at = n * room;
	bytes = room < all - at ? room : all - at;
	if (is_v4(d))
		put_v4(&w, d, at, bytes);
	else
		put_v6(&w, d, at, bytes);
	out->data = d->data;
	out->len = bytes;
	if (at == 0) {
		gw_write_u16(&w, gw_addr_port(&d->from));
		gw_write_u16(&w, gw_addr_port(&d->to));
		gw_write_u16(&w, (uint16_t)all);
		gw_write_u16(&w, checksum(d));
		out->len -= UDP_HEAD;
	} else
		out->data += at - UDP_HEAD;
	GW_ASSERT(gw_writer_ok(&w));
	out->head_len = gw_writer_len(&w);
	return true;
}

/* ---- sending ---- */

/* Room for either. */
struct control {
	_Alignas(struct cmsghdr)
	    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void
put_interface(struct msghdr *h, struct control *control, bool v4, unsigned at)
{
	struct in_pktinfo four = { .ipi_ifindex = (int)at };
	struct in6_pktinfo six = { .ipi6_ifindex = at };
	size_t n = v4 ? sizeof four : sizeof six;
	struct cmsghdr c = { .cmsg_len = CMSG_LEN(n),
		.cmsg_level = v4 ? IPPROTO_IP : IPPROTO_IPV6,
		.cmsg_type = v4 ? IP_PKTINFO : IPV6_PKTINFO };

	memset(control, 0, sizeof *control);
	memcpy(control->bytes, &c, sizeof c);
	if (v4)
		memcpy(control->bytes + CMSG_LEN(0), &four, sizeof four);
	else
		memcpy(control->bytes + CMSG_LEN(0), &six, sizeof six);
	h->msg_control = control;
	h->msg_controllen = CMSG_SPACE(n);
}

static enum gw_err
cannot_send(struct gw_why *why, const struct gw_addr *to, int error)
{
	char text[GW_ADDR_TEXT], buf[128];

	gw_addr_text(to, text);
	if (error == EAGAIN)
		return gw_why(why, GW_E_AGAIN, "%s: no room just now", text);
	return gw_why(why, error == EMSGSIZE ? GW_E_LIMIT : GW_E_CONNECT,
	    "%s: %s", text, strerror_r(error, buf, sizeof buf));
}

enum gw_err
gw_raw_udp_send(
    const struct gw_raw *r, const struct gw_raw_datagram *d, struct gw_why *why)
{
	struct gw_addr to = d->to;
	struct control control;
	struct gw_raw_packet p;
	struct iovec iov[2];
	struct msghdr h = { .msg_name = &to.ss,
		.msg_namelen = to.len,
		.msg_iov = iov,
		.msg_iovlen = 2 };
	int fd = is_v4(d) ? r->v4 : r->v6;
	unsigned n;

	if (fd < 0)
		return gw_why(why, GW_E_CONNECT, "this machine has no IPv6");
	put_interface(&h, &control, is_v4(d), d->interface);
	gw_addr_set_port(&to, 0); /* it would be a protocol */
	for (n = 0; gw_raw_udp_packet(d, n, &p); n++) {
		iov[0] = (struct iovec){ p.head, p.head_len };
		iov[1] = (struct iovec){ (uint8_t *)(uintptr_t)p.data, p.len };
		if (sendmsg(fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			return cannot_send(why, &d->to, errno);
	}
	if (n == 0)
		return gw_why(why, GW_E_LIMIT, "too big for one datagram");
	return GW_OK;
}
