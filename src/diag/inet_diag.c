#include "diag/inet_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include "base/assert.h"

/* The kernel's numbers of states, which no header tells to programs. */
enum { KERNEL_ESTABLISHED = 1, KERNEL_CLOSE = 7, KERNEL_STATES = 13 };

static const uint8_t states[KERNEL_STATES] = {
	[0] = GW_SOCKET_CLOSED,
	[1] = GW_SOCKET_ESTABLISHED,
	[2] = GW_SOCKET_SYN_SENT,
	[3] = GW_SOCKET_SYN_RCVD,
	[4] = GW_SOCKET_FIN_WAIT_1,
	[5] = GW_SOCKET_FIN_WAIT_2,
	[6] = GW_SOCKET_TIME_WAIT,
	[7] = GW_SOCKET_CLOSED,
	[8] = GW_SOCKET_CLOSE_WAIT,
	[9] = GW_SOCKET_LAST_ACK,
	[10] = GW_SOCKET_LISTEN,
	[11] = GW_SOCKET_CLOSING,
	[12] = GW_SOCKET_SYN_RCVD, /* before it is a socket of its own */
};

bool
gw_inet_diag_state(uint32_t kernel, enum gw_socket_state *out)
{
	if (kernel == 0 || kernel >= KERNEL_STATES)
		return false;
	*out = states[kernel];
	return true;
}

size_t
gw_inet_diag_ask(void *out, const struct gw_inet_diag_request *r)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(out);
	struct inet_diag_req_v2 *body =
	    mnl_nlmsg_put_extra_header(h, sizeof *body);

	_Static_assert(
	    GW_INET_DIAG_REQUEST >= NLMSG_HDRLEN + NLMSG_ALIGN(sizeof *body),
	    "room for a request");
	h->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = r->sequence;
	body->sdiag_family = r->ipv6 ? AF_INET6 : AF_INET;
	body->sdiag_protocol =
	    r->protocol == GW_SOCKET_TCP ? IPPROTO_TCP : IPPROTO_UDP;
	/* As ss does: no sockets that are only bound. */
	body->idiag_states = (1U << KERNEL_STATES) - 1;
	if (r->details)
		body->idiag_ext = 1U << (INET_DIAG_INFO - 1) |
				  1U << (INET_DIAG_SKMEMINFO - 1);
	return h->nlmsg_len;
}

/* ---- answers ---- */

static void
set_end(struct gw_socket_end *e, bool ipv6, const uint32_t address[4],
    uint16_t port)
{
	e->port = ntohs(port);
	if (ipv6) {
		memcpy(e->address, address, 16);
		return;
	}
	memset(e->address, 0, 10);
	e->address[10] = e->address[11] = 0xff;
	memcpy(e->address + 12, address, 4);
}

static uint8_t
state_of(const struct gw_socket *s, uint8_t kernel)
{
	enum gw_socket_state state = GW_SOCKET_CLOSED;

	if (s->protocol == GW_SOCKET_UDP)
		return kernel == KERNEL_ESTABLISHED ? GW_SOCKET_CONNECTED
						    : GW_SOCKET_UNCONNECTED;
	/* What a later kernel may add is not connected to anything. */
	(void)gw_inet_diag_state(kernel, &state);
	return (uint8_t)state;
}

/* As the kernel numbers them: retransmission, keepalive (or the accept
 * queue's), TIME_WAIT, window probe. */
static uint8_t
timer_of(uint8_t kernel)
{
	static const uint8_t timers[] = { GW_TIMER_NONE, GW_TIMER_RETRANSMIT,
		GW_TIMER_KEEPALIVE, GW_TIMER_TIME_WAIT, GW_TIMER_WINDOW_PROBE };

	return kernel < sizeof timers ? timers[kernel] : (uint8_t)GW_TIMER_NONE;
}

/* Older kernels tell less of it, newer ones more. */
static void
take_info(struct gw_socket *s, const void *p, size_t n)
{
	struct tcp_info info = { .tcpi_state = 0 };

	memcpy(&info, p, n < sizeof info ? n : sizeof info);
	s->tcp_known = true;
	s->tcp = (struct gw_socket_tcp){ .rtt = info.tcpi_rtt,
		.rtt_var = info.tcpi_rttvar,
		.rtt_min =
		    info.tcpi_min_rtt != UINT32_MAX ? info.tcpi_min_rtt : 0,
		.cwnd = info.tcpi_snd_cwnd,
		.mss = info.tcpi_snd_mss,
		.retransmitted = info.tcpi_total_retrans,
		.lost = info.tcpi_lost,
		.delivery_rate = info.tcpi_delivery_rate,
		.acked = info.tcpi_bytes_acked,
		.received = info.tcpi_bytes_received };
}

static void
take_attribute(struct gw_socket *s, const struct nlattr *a)
{
	const uint8_t *p = mnl_attr_get_payload(a);
	size_t n = mnl_attr_get_payload_len(a);

	switch (mnl_attr_get_type(a)) {
	case INET_DIAG_PROTOCOL:
		if (n >= 1 && *p == IPPROTO_UDP)
			s->protocol = GW_SOCKET_UDP;
		else if (n >= 1 && *p == IPPROTO_TCP)
			s->protocol = GW_SOCKET_TCP;
		break;
	case INET_DIAG_SKV6ONLY:
		s->ipv6_only = n >= 1 && *p != 0;
		break;
	case INET_DIAG_INFO:
		take_info(s, p, n);
		break;
	case INET_DIAG_SKMEMINFO:
		s->drops_known = n >= (SK_MEMINFO_DROPS + 1) * sizeof s->drops;
		if (s->drops_known)
			memcpy(&s->drops,
			    p + SK_MEMINFO_DROPS * sizeof s->drops,
			    sizeof s->drops);
		break;
	default:
		break;
	}
}

/* By their length, not by what it would be with its padding. */
static void
take_attributes(struct gw_socket *s, struct gw_slice bytes)
{
	while (bytes.n <= INT_MAX) {
		const struct nlattr *a = (const void *)bytes.p;
		size_t step;

		if (!mnl_attr_ok(a, (int)bytes.n))
			return;
		take_attribute(s, a);
		step = NLMSG_ALIGN(a->nla_len);
		if (step >= bytes.n)
			return;
		bytes = gw_slice(bytes.p + step, bytes.n - step);
	}
}

/* False: too short, or of another family. */
static bool
take_socket(const struct nlmsghdr *h, enum gw_socket_protocol protocol,
    struct gw_socket *s)
{
	struct inet_diag_msg m;

	_Static_assert(
	    NLMSG_ALIGN(sizeof m) == sizeof m, "attributes follow at once");
	if (mnl_nlmsg_get_payload_len(h) < sizeof m)
		return false;
	memcpy(&m, mnl_nlmsg_get_payload(h), sizeof m);
	if (m.idiag_family != AF_INET && m.idiag_family != AF_INET6)
		return false;
	*s = (struct gw_socket){ .protocol = (uint8_t)protocol,
		.ipv6 = m.idiag_family == AF_INET6,
		.cookie =
		    (uint64_t)m.id.idiag_cookie[1] << 32 | m.id.idiag_cookie[0],
		.device = m.id.idiag_if,
		.inode = m.idiag_inode,
		.uid = m.idiag_uid,
		.recv_queue = m.idiag_rqueue,
		.send_queue = m.idiag_wqueue,
		.timer = timer_of(m.idiag_timer),
		.timer_ms = m.idiag_expires,
		.retransmits = m.idiag_retrans };
	set_end(&s->local, s->ipv6, m.id.idiag_src, m.id.idiag_sport);
	set_end(&s->remote, s->ipv6, m.id.idiag_dst, m.id.idiag_dport);
	take_attributes(s, gw_slice(mnl_nlmsg_get_payload_offset(h, sizeof m),
			       mnl_nlmsg_get_payload_len(h) - sizeof m));
	/* What the fields of a TCP socket mean depends on it. */
	s->state = state_of(s, m.idiag_state);
	if (s->protocol != GW_SOCKET_TCP || s->state == GW_SOCKET_LISTEN)
		s->tcp_known = false;
	return true;
}

/* The number that DONE and ERROR carry: 0 or minus an errno. */
static int
error_of(const struct nlmsghdr *h)
{
	int32_t code = 0;

	if (mnl_nlmsg_get_payload_len(h) >= sizeof code)
		memcpy(&code, mnl_nlmsg_get_payload(h), sizeof code);
	return code < 0 && code >= -INT_MAX ? -code : 0;
}

static void
take(const struct nlmsghdr *h, enum gw_socket_protocol protocol,
    struct gw_inet_diag_message *m)
{
	m->kind = GW_INET_DIAG_OTHER;
	m->sequence = h->nlmsg_seq;
	m->error = 0;
	switch (h->nlmsg_type) {
	case NLMSG_DONE:
	case NLMSG_ERROR:
		m->error = error_of(h);
		if (h->nlmsg_type == NLMSG_DONE && m->error == 0)
			m->kind = GW_INET_DIAG_DONE;
		else if (m->error != 0)
			m->kind = GW_INET_DIAG_ERROR;
		break;
	case SOCK_DIAG_BY_FAMILY:
	case SOCK_DESTROY:
		if (take_socket(h, protocol, &m->socket))
			m->kind = GW_INET_DIAG_SOCKET;
		break;
	default:
		break;
	}
}

bool
gw_inet_diag_next(struct gw_slice *bytes, enum gw_socket_protocol protocol,
    struct gw_inet_diag_message *m)
{
	const struct nlmsghdr *h = (const void *)bytes->p;
	int left = bytes->n < INT_MAX ? (int)bytes->n : INT_MAX;

	GW_ASSERT((uintptr_t)bytes->p % _Alignof(uint32_t) == 0);
	/* libmnl takes lengths for int, so that the largest pass for small. */
	if (bytes->n < sizeof *h || h->nlmsg_len > bytes->n ||
	    !mnl_nlmsg_ok(h, left))
		return false;
	take(h, protocol, m);
	h = mnl_nlmsg_next(h, &left);
	/* The last one may lack its padding. */
	*bytes = left > 0 ? gw_slice(h, (size_t)left) : gw_slice(bytes->p, 0);
	return true;
}
