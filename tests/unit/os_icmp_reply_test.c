/* Who has sent a datagram is told that it went no further (F17). */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/icmp_reply.h"
#include "udp_sockets.h"

static unsigned
ones(const uint8_t *p, size_t n)
{
	unsigned s = 0;

	for (size_t i = 0; i < n; i++) {
		s += i % 2 == 0 ? (unsigned)p[i] << 8 : p[i];
		s = (s & 0xffff) + (s >> 16);
	}
	return s;
}

static void
f17_a_message_quotes_the_datagram_v4(void **state)
{
	static const uint8_t quoted[] = { 192, 0, 2, 1, 10, 0, 0, 2, 0x0f, 0xa0,
		0x23, 0x28, 0, 8, 0, 0 };
	const struct gw_addr client = udp_addr("192.0.2.1", 4000);
	const struct gw_addr local = udp_addr("10.0.0.2", 9000);
	uint8_t m[GW_ICMP_REPLY];

	(void)state;
	assert_int_equal(
	    gw_icmp_reply_message(&client, &local, GW_UNREACHABLE_PORT, m), 36);
	assert_int_equal(m[0], 3);
	assert_int_equal(m[1], 3);
	assert_int_equal(ones(m, 36), 0xffff);
	assert_int_equal(ones(m + 8, 20), 0xffff);
	assert_int_equal(m[8], 0x45);
	assert_int_equal(m[17], IPPROTO_UDP);
	assert_memory_equal(m + 20, quoted, sizeof quoted);
}

static void
f17_a_message_quotes_the_datagram_v6(void **state)
{
	const struct gw_addr client = udp_addr("2001:db8::1", 4000);
	const struct gw_addr local = udp_addr("2001:db8::2", 9000);
	uint8_t m[GW_ICMP_REPLY], ip[16];

	(void)state;
	assert_int_equal(
	    gw_icmp_reply_message(&client, &local, GW_UNREACHABLE_PORT, m), 56);
	assert_int_equal(m[0], 1);
	assert_int_equal(m[1], 4);
	assert_int_equal(m[8], 0x60);
	assert_int_equal(m[14], IPPROTO_UDP);
	gw_addr_mapped(&client, ip);
	assert_memory_equal(m + 16, ip, 16);
	gw_addr_mapped(&local, ip);
	assert_memory_equal(m + 32, ip, 16);
	assert_memory_equal(m + 48, "\x0f\xa0\x23\x28\0\x08\0\0", 8);
}

static void
f17_each_reason_has_its_code(void **state)
{
	static const struct {
		enum gw_unreachable what;
		uint8_t v4, v6;
	} codes[] = { { GW_UNREACHABLE_PORT, 3, 4 },
		{ GW_UNREACHABLE_HOST, 1, 3 }, { GW_UNREACHABLE_NET, 0, 0 },
		{ GW_UNREACHABLE_FORBIDDEN, 13, 1 },
		{ GW_UNREACHABLE_OTHER, 1, 3 } };
	const struct gw_addr a4 = udp_addr("192.0.2.1", 1);
	const struct gw_addr a6 = udp_addr("2001:db8::1", 1);
	uint8_t m[GW_ICMP_REPLY];

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		(void)gw_icmp_reply_message(&a4, &a4, codes[i].what, m);
		assert_int_equal(m[1], codes[i].v4);
		(void)gw_icmp_reply_message(&a6, &a6, codes[i].what, m);
		assert_int_equal(m[1], codes[i].v6);
	}
}

/* A connected socket hears of it as it does of a closed port. */
static void
hears(const struct gw_raw *r, const char *host)
{
	struct gw_udp there = udp_open(host), here = udp_open(host);
	struct gw_addr client, local;
	char c;

	gw_udp_address(&there, &local);
	gw_udp_address(&here, &client);
	assert_int_equal(
	    connect(here.fd, (const struct sockaddr *)&local.ss, local.len), 0);
	assert_true(
	    gw_icmp_reply_send(r, &client, &local, GW_UNREACHABLE_PORT));
	udp_wait(&here, 0);
	assert_int_equal(recv(here.fd, &c, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, ECONNREFUSED);
	gw_udp_close(&there);
	gw_udp_close(&here);
}

static void
f17_the_sender_hears_of_it(void **state)
{
	struct gw_why why = { "" };
	struct gw_raw r;

	(void)state;
	if (gw_icmp_reply_open(&r, &why) != GW_OK) {
		assert_non_null(strstr(why.text, "CAP_NET_RAW"));
		skip();
	}
	hears(&r, "127.0.0.1");
	if (udp_has_ipv6())
		hears(&r, "::1");
	gw_raw_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(f17_a_message_quotes_the_datagram_v4),
		cmocka_unit_test(f17_a_message_quotes_the_datagram_v6),
		cmocka_unit_test(f17_each_reason_has_its_code),
		cmocka_unit_test(f17_the_sender_hears_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
