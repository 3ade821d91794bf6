#include "diag/inet_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* Messages one after the other, as the kernel sends them. */
struct bytes {
	_Alignas(uint32_t) uint8_t b[4096];
	size_t n;
};

static struct nlmsghdr *
begin(struct bytes *m, uint16_t type)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(m->b + m->n);

	memset(h, 0, sizeof *h);
	h->nlmsg_len = sizeof *h;
	h->nlmsg_type = type;
	h->nlmsg_seq = 7;
	m->n += sizeof *h;
	return h;
}

static void
put(struct bytes *m, struct nlmsghdr *h, const void *data, size_t n)
{
	memcpy(m->b + m->n, data, n);
	m->n += n;
	h->nlmsg_len += (uint32_t)n;
}

static void
put_attribute(struct bytes *m, struct nlmsghdr *h, uint16_t type,
    const void *data, size_t n)
{
	struct nlattr a = { .nla_len = (uint16_t)(sizeof a + n),
		.nla_type = type };
	static const uint8_t zeros[4];

	put(m, h, &a, sizeof a);
	put(m, h, data, n);
	put(m, h, zeros, (4 - n % 4) % 4);
}

static struct inet_diag_msg
body(uint8_t family, uint8_t state)
{
	struct inet_diag_msg d = { .idiag_family = family,
		.idiag_state = state,
		.idiag_timer = 1,
		.idiag_retrans = 3,
		.id = { .idiag_sport = htons(8008),
		    .idiag_dport = htons(50000),
		    .idiag_src = { htonl(0x7f000001) },
		    .idiag_dst = { htonl(0x0a000002) },
		    .idiag_if = 4,
		    .idiag_cookie = { 5, 6 } },
		.idiag_expires = 200,
		.idiag_rqueue = 11,
		.idiag_wqueue = 12,
		.idiag_uid = 1000,
		.idiag_inode = 4711 };

	return d;
}

static void
asking_says_what_is_wanted(void **state)
{
	_Alignas(uint32_t) uint8_t out[GW_INET_DIAG_REQUEST];
	struct gw_inet_diag_request r = { .protocol = GW_SOCKET_UDP,
		.ipv6 = true,
		.details = true,
		.sequence = 9 };
	const struct nlmsghdr *h = (const void *)out;
	const struct inet_diag_req_v2 *q = NLMSG_DATA(h);

	(void)state;
	assert_int_equal(gw_inet_diag_ask(out, &r), NLMSG_LENGTH(sizeof *q));
	assert_int_equal(h->nlmsg_len, NLMSG_LENGTH(sizeof *q));
	assert_int_equal(h->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(h->nlmsg_seq, 9);
	assert_int_equal(q->sdiag_family, AF_INET6);
	assert_int_equal(q->sdiag_protocol, IPPROTO_UDP);
	assert_int_equal(q->idiag_states & 0xfff, 0xfff);
	assert_true(q->idiag_ext & 1 << (INET_DIAG_INFO - 1));
	assert_true(q->idiag_ext & 1 << (INET_DIAG_SKMEMINFO - 1));
	r = (struct gw_inet_diag_request){ .protocol = GW_SOCKET_TCP };
	gw_inet_diag_ask(out, &r);
	assert_int_equal(q->sdiag_family, AF_INET);
	assert_int_equal(q->sdiag_protocol, IPPROTO_TCP);
	assert_int_equal(q->idiag_ext, 0);
}

static struct gw_inet_diag_message
only(struct bytes *m, enum gw_socket_protocol protocol)
{
	struct gw_slice s = gw_slice(m->b, m->n);
	struct gw_inet_diag_message out;

	assert_true(gw_inet_diag_next(&s, protocol, &out));
	assert_int_equal(s.n, 0);
	assert_false(gw_inet_diag_next(&s, protocol, &out));
	m->n = 0;
	return out;
}

static void
a_tcp_socket_with_all_that_is_known(void **state)
{
	struct inet_diag_msg d = body(AF_INET, 1);
	struct tcp_info info = { .tcpi_rtt = 30,
		.tcpi_rttvar = 5,
		.tcpi_min_rtt = 20,
		.tcpi_snd_cwnd = 10,
		.tcpi_snd_mss = 1448,
		.tcpi_total_retrans = 2,
		.tcpi_lost = 1,
		.tcpi_delivery_rate = 540000000,
		.tcpi_bytes_acked = 77,
		.tcpi_bytes_received = 78 };
	uint32_t memory[SK_MEMINFO_VARS] = { [SK_MEMINFO_DROPS] = 9 };
	struct gw_inet_diag_message out;
	struct bytes m = { .n = 0 };
	struct nlmsghdr *h = begin(&m, SOCK_DIAG_BY_FAMILY);
	static const uint8_t local[16] = { [10] = 0xff, 0xff, 127, 0, 0, 1 };

	(void)state;
	put(&m, h, &d, sizeof d);
	put_attribute(&m, h, INET_DIAG_INFO, &info, sizeof info);
	put_attribute(&m, h, INET_DIAG_SKMEMINFO, memory, sizeof memory);
	out = only(&m, GW_SOCKET_TCP);
	assert_int_equal(out.kind, GW_INET_DIAG_SOCKET);
	assert_int_equal(out.sequence, 7);
	assert_int_equal(out.socket.protocol, GW_SOCKET_TCP);
	assert_int_equal(out.socket.state, GW_SOCKET_ESTABLISHED);
	assert_false(out.socket.ipv6);
	assert_memory_equal(out.socket.local.address, local, 16);
	assert_int_equal(out.socket.local.port, 8008);
	assert_int_equal(out.socket.remote.port, 50000);
	assert_int_equal(out.socket.remote.address[12], 10);
	assert_true(out.socket.cookie == (UINT64_C(6) << 32 | 5));
	assert_int_equal(out.socket.device, 4);
	assert_int_equal(out.socket.inode, 4711);
	assert_int_equal(out.socket.uid, 1000);
	assert_int_equal(out.socket.recv_queue, 11);
	assert_int_equal(out.socket.send_queue, 12);
	assert_int_equal(out.socket.timer, GW_TIMER_RETRANSMIT);
	assert_int_equal(out.socket.timer_ms, 200);
	assert_int_equal(out.socket.retransmits, 3);
	assert_true(out.socket.tcp_known);
	assert_int_equal(out.socket.tcp.rtt, 30);
	assert_int_equal(out.socket.tcp.rtt_min, 20);
	assert_int_equal(out.socket.tcp.rtt_var, 5);
	assert_int_equal(out.socket.tcp.cwnd, 10);
	assert_int_equal(out.socket.tcp.mss, 1448);
	assert_int_equal(out.socket.tcp.retransmitted, 2);
	assert_int_equal(out.socket.tcp.lost, 1);
	assert_int_equal(out.socket.tcp.delivery_rate, 540000000);
	assert_int_equal(out.socket.tcp.acked, 77);
	assert_int_equal(out.socket.tcp.received, 78);
	assert_true(out.socket.drops_known);
	assert_int_equal(out.socket.drops, 9);
}

static void
an_older_kernel_tells_less_of_it(void **state)
{
	struct inet_diag_msg d = body(AF_INET, 1);
	struct tcp_info info = { .tcpi_rtt = 30, .tcpi_delivery_rate = 5 };
	uint32_t memory[SK_MEMINFO_DROPS] = { 1 };
	struct gw_inet_diag_message out;
	struct bytes m = { .n = 0 };
	struct nlmsghdr *h;

	(void)state;
	/* What follows is not part of it. */
	memset(m.b, 0xff, sizeof m.b);
	h = begin(&m, SOCK_DIAG_BY_FAMILY);
	put(&m, h, &d, sizeof d);
	put_attribute(&m, h, INET_DIAG_INFO, &info,
	    offsetof(struct tcp_info, tcpi_pacing_rate));
	put_attribute(&m, h, INET_DIAG_SKMEMINFO, memory, sizeof memory);
	out = only(&m, GW_SOCKET_TCP);
	assert_true(out.socket.tcp_known);
	assert_int_equal(out.socket.tcp.rtt, 30);
	assert_int_equal(out.socket.tcp.delivery_rate, 0);
	assert_false(out.socket.drops_known);
}

static void
every_state_of_tcp(void **state)
{
	static const enum gw_socket_state want[] = { 0, GW_SOCKET_ESTABLISHED,
		GW_SOCKET_SYN_SENT, GW_SOCKET_SYN_RCVD, GW_SOCKET_FIN_WAIT_1,
		GW_SOCKET_FIN_WAIT_2, GW_SOCKET_TIME_WAIT, GW_SOCKET_CLOSED,
		GW_SOCKET_CLOSE_WAIT, GW_SOCKET_LAST_ACK, GW_SOCKET_LISTEN,
		GW_SOCKET_CLOSING, GW_SOCKET_SYN_RCVD };
	struct bytes m = { .n = 0 };
	enum gw_socket_state one;

	(void)state;
	for (uint8_t i = 1; i < sizeof want / sizeof *want; i++) {
		struct inet_diag_msg d = body(AF_INET, i);
		struct nlmsghdr *h = begin(&m, SOCK_DIAG_BY_FAMILY);

		put(&m, h, &d, sizeof d);
		assert_int_equal(only(&m, GW_SOCKET_TCP).socket.state, want[i]);
		assert_true(gw_inet_diag_state(i, &one));
		assert_int_equal(one, want[i]);
	}
	assert_false(gw_inet_diag_state(0, &one));
	assert_false(gw_inet_diag_state(13, &one));
}

static void
a_notice_names_its_protocol_itself(void **state)
{
	struct inet_diag_msg d = body(AF_INET6, 7);
	uint8_t udp = IPPROTO_UDP, only_v6 = 1;
	struct gw_inet_diag_message out;
	struct bytes m = { .n = 0 };
	struct nlmsghdr *h = begin(&m, SOCK_DESTROY);

	(void)state;
	d.id.idiag_src[3] = htonl(1);
	put(&m, h, &d, sizeof d);
	put_attribute(&m, h, INET_DIAG_PROTOCOL, &udp, 1);
	put_attribute(&m, h, INET_DIAG_SKV6ONLY, &only_v6, 1);
	out = only(&m, GW_SOCKET_TCP);
	assert_int_equal(out.socket.protocol, GW_SOCKET_UDP);
	assert_int_equal(out.socket.state, GW_SOCKET_UNCONNECTED);
	assert_true(out.socket.ipv6);
	assert_true(out.socket.ipv6_only);
	assert_int_equal(out.socket.local.address[0], 127);
	assert_int_equal(out.socket.local.address[15], 1);
	assert_false(out.socket.tcp_known);
}

static void
the_end_and_what_went_wrong(void **state)
{
	struct bytes m = { .n = 0 };
	struct gw_slice s;
	struct gw_inet_diag_message out;
	int32_t codes[] = { 0, -EPERM, INT32_MIN, 0, -ENOENT };
	uint16_t types[] = { NLMSG_DONE, NLMSG_ERROR, NLMSG_ERROR, NLMSG_ERROR,
		NLMSG_DONE };
	enum gw_inet_diag_kind kinds[] = { GW_INET_DIAG_DONE,
		GW_INET_DIAG_ERROR, GW_INET_DIAG_OTHER, GW_INET_DIAG_OTHER,
		GW_INET_DIAG_ERROR };
	int errors[] = { 0, EPERM, 0, 0, ENOENT };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		put(&m, begin(&m, types[i]), &codes[i], sizeof codes[i]);
	begin(&m, NLMSG_NOOP);
	s = gw_slice(m.b, m.n);
	for (size_t i = 0; i < 5; i++) {
		assert_true(gw_inet_diag_next(&s, GW_SOCKET_TCP, &out));
		assert_int_equal(out.kind, kinds[i]);
		assert_int_equal(out.error, errors[i]);
	}
	assert_true(gw_inet_diag_next(&s, GW_SOCKET_TCP, &out));
	assert_int_equal(out.kind, GW_INET_DIAG_OTHER);
	assert_false(gw_inet_diag_next(&s, GW_SOCKET_TCP, &out));
}

static void
what_is_too_short_is_no_socket(void **state)
{
	struct inet_diag_msg d = body(AF_INET, 1);
	struct gw_inet_diag_message out;
	struct bytes m = { .n = 0 };
	struct nlmsghdr *h;

	(void)state;
	h = begin(&m, SOCK_DIAG_BY_FAMILY);
	put(&m, h, &d, sizeof d - 4);
	out = only(&m, GW_SOCKET_TCP);
	assert_int_equal(out.kind, GW_INET_DIAG_OTHER);
	d.idiag_family = AF_UNIX;
	h = begin(&m, SOCK_DIAG_BY_FAMILY);
	put(&m, h, &d, sizeof d);
	out = only(&m, GW_SOCKET_TCP);
	assert_int_equal(out.kind, GW_INET_DIAG_OTHER);
}

/* Whatever is cut off, nothing behind it is read (sanitizers watch). */
static void
cut_anywhere_it_is_never_read_past_the_end(void **state)
{
	struct inet_diag_msg d = body(AF_INET, 1);
	uint32_t memory[SK_MEMINFO_VARS] = { [SK_MEMINFO_DROPS] = 9 };
	struct bytes m = { .n = 0 };
	struct nlmsghdr *h = begin(&m, SOCK_DIAG_BY_FAMILY);

	(void)state;
	put(&m, h, &d, sizeof d);
	put_attribute(&m, h, INET_DIAG_SKMEMINFO, memory, sizeof memory);
	for (size_t n = 0; n < m.n; n++)
		for (int honest = 0; honest < 2; honest++) {
			uint8_t *exact = malloc(n > 0 ? n : 1);
			struct gw_slice s = gw_slice(exact, n);
			struct gw_inet_diag_message out = {
				.kind = GW_INET_DIAG_OTHER
			};

			assert_non_null(exact);
			memcpy(exact, m.b, n);
			if (honest && n >= sizeof *h)
				((struct nlmsghdr *)exact)->nlmsg_len =
				    (uint32_t)n;
			while (gw_inet_diag_next(&s, GW_SOCKET_TCP, &out)) {
			}
			assert_true(out.kind != GW_INET_DIAG_SOCKET ||
				    !out.socket.drops_known);
			free(exact);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asking_says_what_is_wanted),
		cmocka_unit_test(a_tcp_socket_with_all_that_is_known),
		cmocka_unit_test(an_older_kernel_tells_less_of_it),
		cmocka_unit_test(every_state_of_tcp),
		cmocka_unit_test(a_notice_names_its_protocol_itself),
		cmocka_unit_test(the_end_and_what_went_wrong),
		cmocka_unit_test(what_is_too_short_is_no_socket),
		cmocka_unit_test(cut_anywhere_it_is_never_read_past_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
