/* Datagrams that seem to come from somebody else (B5). */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/raw_udp.h"
#include "udp_sockets.h"

static uint8_t data[65507];

static struct gw_raw_datagram
datagram(const char *from, const char *to, size_t len)
{
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	return (struct gw_raw_datagram){ .from = udp_addr(from, 4000),
		.to = udp_addr(to, 9000),
		.hops = 7,
		.interface = 1,
		.mtu = 1500,
		.id = 0x12345678,
		.data = data,
		.len = len };
}

/* The one's complement sum over all 16-bit words, as a receiver makes it. */
static unsigned
ones(unsigned s, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		s += i % 2 == 0 ? (unsigned)p[i] << 8 : p[i];
		s = (s & 0xffff) + (s >> 16);
	}
	return s;
}

/* All packets joined into a UDP datagram, as a receiver does it; its length.
 * Heads are checked. */
static size_t
assembled(const struct gw_raw_datagram *d, uint8_t *out, unsigned *packets)
{
	struct gw_raw_packet p;
	bool v4 = d->to.ss.ss_family == AF_INET, more = true;
	size_t n = 0;

	for (*packets = 0; gw_raw_udp_packet(d, *packets, &p); ++*packets) {
		size_t head = v4 ? 20 : 40, at;

		assert_true(more);
		assert_true(p.head_len + p.len <= d->mtu);
		if (v4) {
			assert_int_equal(p.head[0], 0x45);
			assert_int_equal(
			    p.head[2] << 8 | p.head[3], p.head_len + p.len);
			assert_int_equal(p.head[8], 7);
			assert_int_equal(p.head[9], IPPROTO_UDP);
			assert_int_equal(ones(0, p.head, 20), 0xffff);
			at =
			    (size_t)((p.head[6] << 8 | p.head[7]) & 0x1fff) * 8;
			more = p.head[6] & 0x20;
		} else {
			assert_int_equal(p.head[0], 0x60);
			assert_int_equal(p.head[4] << 8 | p.head[5],
			    p.head_len + p.len - 40);
			assert_int_equal(p.head[7], 7);
			more = false;
			at = 0;
			if (p.head[6] == IPPROTO_FRAGMENT) {
				head = 48;
				assert_int_equal(p.head[40], IPPROTO_UDP);
				at = (size_t)(p.head[42] << 8 | p.head[43]);
				more = at & 1;
				at &= ~(size_t)7;
				assert_memory_equal(
				    p.head + 44, "\x12\x34\x56\x78", 4);
			} else
				assert_int_equal(p.head[6], IPPROTO_UDP);
		}
		assert_int_equal(at, n);
		memcpy(out + n, p.head + head, p.head_len - head);
		n += p.head_len - head;
		memcpy(out + n, p.data, p.len);
		n += p.len;
	}
	assert_false(more);
	return n;
}

static void
is_whole(const struct gw_raw_datagram *d, unsigned packets)
{
	static uint8_t udp[65536];
	unsigned count, s;
	size_t n = assembled(d, udp, &count);
	uint8_t ip[16];
	size_t skip = d->to.ss.ss_family == AF_INET ? 12 : 0;

	assert_int_equal(count, packets);
	assert_int_equal(n, d->len + 8);
	assert_int_equal(udp[0] << 8 | udp[1], 4000);
	assert_int_equal(udp[2] << 8 | udp[3], 9000);
	assert_int_equal(udp[4] << 8 | udp[5], n);
	assert_memory_equal(udp + 8, data, d->len);
	assert_int_not_equal(udp[6] << 8 | udp[7], 0);
	gw_addr_mapped(&d->from, ip);
	s = ones((unsigned)n + IPPROTO_UDP, ip + skip, 16 - skip);
	gw_addr_mapped(&d->to, ip);
	s = ones(s, ip + skip, 16 - skip);
	assert_int_equal(ones(s, udp, n), 0xffff);
}

static void
B5_check_sums_are_computed_in_both_families(void **state)
{
	(void)state;
	for (size_t len = 0; len < 1400; len++) {
		struct gw_raw_datagram d =
		    datagram("10.0.1.9", "10.0.2.255", len);

		is_whole(&d, 1);
		d = datagram("fd00::9", "ff05::7", len);
		is_whole(&d, 1);
	}
}

static void
B5_a_check_sum_of_zero_is_written_as_all_ones(void **state)
{
	struct gw_raw_datagram d = datagram("fd00::9", "ff05::7", 2);
	struct gw_raw_packet p;
	uint8_t bytes[2] = { 0, 0 };
	unsigned c;

	(void)state;
	d.data = bytes;
	assert_true(gw_raw_udp_packet(&d, 0, &p));
	c = (unsigned)(p.head[46] << 8 | p.head[47]);
	/* Content that brings the sum to 0xffff, and so its complement to 0. */
	bytes[0] = (uint8_t)(c >> 8);
	bytes[1] = (uint8_t)c;
	assert_true(gw_raw_udp_packet(&d, 0, &p));
	assert_int_equal(p.head[46] << 8 | p.head[47], 0xffff);
}

static void
B5_what_is_larger_than_the_link_goes_in_fragments(void **state)
{
	static const struct {
		size_t len;
		unsigned mtu, v4, v6;
	} v[] = { { 1472, 1500, 1, 2 }, { 1473, 1500, 2, 2 },
		{ 1452, 1500, 1, 1 }, { 1453, 1500, 1, 2 },
		{ 65507, 1500, 45, 46 }, { 9000, 1280, 8, 8 },
		{ 65507, 65536, 1, 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct gw_raw_datagram d =
		    datagram("10.0.1.9", "10.0.2.255", v[i].len);

		d.mtu = v[i].mtu;
		is_whole(&d, v[i].v4);
		d = datagram("fd00::9", "ff05::7", v[i].len);
		d.mtu = v[i].mtu;
		is_whole(&d, v[i].v6);
	}
}

static void
B5_what_cannot_be_sent_is_refused(void **state)
{
	struct gw_raw_datagram d = datagram("10.0.1.9", "10.0.2.255", 100);
	struct gw_raw_packet p;

	(void)state;
	d.mtu = 575;
	assert_false(gw_raw_udp_packet(&d, 0, &p));
	d = datagram("fd00::9", "ff05::7", 100);
	d.mtu = 1279;
	assert_false(gw_raw_udp_packet(&d, 0, &p));
	d = datagram("10.0.1.9", "10.0.2.255", 65508);
	assert_false(gw_raw_udp_packet(&d, 0, &p));
}

static void
B5_identifiers_vary(void **state)
{
	struct gw_raw_datagram d = datagram("10.0.1.9", "10.0.2.255", 100);
	struct gw_raw_packet p, q;

	(void)state;
	gw_raw_udp_packet(&d, 0, &p);
	d.id++;
	gw_raw_udp_packet(&d, 0, &q);
	assert_memory_not_equal(p.head + 4, q.head + 4, 2);
	/* 0 would be the kernel's to fill. */
	d.id = 0;
	gw_raw_udp_packet(&d, 0, &p);
	assert_int_not_equal(p.head[4] << 8 | p.head[5], 0);
}

/* ---- on loopback, where raw sockets are allowed ---- */

static void
B5_the_receiver_sees_the_source_that_was_kept(void **state)
{
	struct gw_udp to = udp_open(NULL);
	struct gw_raw_datagram d = datagram("127.9.9.9", "127.0.0.1", 3000);
	struct gw_udp_datagram *got;
	struct gw_why why = { "" };
	struct gw_raw raw;

	(void)state;
	if (geteuid() != 0) {
		gw_udp_close(&to);
		skip();
	}
	assert_int_equal(gw_raw_udp_open(&raw, &why), GW_OK);
	assert_true(gw_raw_udp_mtu(&raw, 1) >= 1280);
	assert_int_equal(gw_raw_udp_mtu(&raw, 77777), 0);
	gw_addr_set_port(&d.to, to.port);
	assert_int_equal(gw_raw_udp_send(&raw, &d, &why), GW_OK);
	got = udp_recv(&to);
	udp_is(&got->peer, "127.9.9.9", 4000);
	assert_int_equal(got->len, 3000);
	assert_memory_equal(got->data, data, 3000);
	if (udp_has_ipv6()) {
		d = datagram("::1", "::1", 3000);
		gw_addr_set_port(&d.to, to.port);
		assert_int_equal(gw_raw_udp_send(&raw, &d, &why), GW_OK);
		got = udp_recv(&to);
		udp_is(&got->peer, "::1", 4000);
		assert_memory_equal(got->data, data, 3000);
	}
	d.mtu = 100;
	assert_int_equal(gw_raw_udp_send(&raw, &d, &why), GW_E_LIMIT);
	gw_raw_close(&raw);
	gw_udp_close(&to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(B5_check_sums_are_computed_in_both_families),
		cmocka_unit_test(B5_a_check_sum_of_zero_is_written_as_all_ones),
		cmocka_unit_test(
		    B5_what_is_larger_than_the_link_goes_in_fragments),
		cmocka_unit_test(B5_what_cannot_be_sent_is_refused),
		cmocka_unit_test(B5_identifiers_vary),
		cmocka_unit_test(B5_the_receiver_sees_the_source_that_was_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
