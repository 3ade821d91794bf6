/* Bursts come in; sockets toward one place.  What leaves: _send. */
#include "os/udp_burst.h"

#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "udp_sockets.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static struct gw_udp_bursts *bursts;
static const uint8_t none[16];

static int
setup(void **state)
{
	(void)state;
	return gw_udp_bursts_new(&bursts) == GW_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	gw_udp_bursts_free(bursts);
	return 0;
}

static struct gw_udp
open_listener(const char *address)
{
	struct gw_udp u = udp_open(address);

	assert_true(gw_udp_burst_prepare(&u, 1 << 20, true) > 0);
	return u;
}

/* So many at least. */
static unsigned
receive(struct gw_udp *u, unsigned n)
{
	unsigned got = 0;

	while (got < n) {
		udp_wait(u, POLLIN);
		got += gw_udp_bursts_recv(bursts, u, got, GW_BURSTS - got);
	}
	return got;
}

static void
is_ip(const uint8_t ip[16], const char *host)
{
	const struct gw_addr a = udp_addr(host, 0);
	uint8_t wanted[16];

	gw_addr_mapped(&a, wanted);
	assert_memory_equal(ip, wanted, 16);
}

static void
who_sent_it_and_where_to_is_told(void **state)
{
	struct gw_udp u = open_listener(NULL), from = udp_open("127.0.0.1");
	const struct gw_udp_burst *b = gw_udp_bursts_at(bursts, 0);

	(void)state;
	assert_int_equal(udp_send(&from, "127.9.8.7", u.port, "abc", 3), GW_OK);
	assert_int_equal(receive(&u, 1), 1);
	assert_int_equal(b->len, 3);
	assert_int_equal(b->count, 1);
	assert_int_equal(b->segment, 3);
	assert_memory_equal(b->bytes, "abc", 3);
	is_ip(b->peer, "127.0.0.1");
	assert_int_equal(b->peer_port, from.port);
	assert_int_equal(b->peer_zone, 0);
	is_ip(b->local, "127.9.8.7");
	is_ip(b->own, "127.9.8.7");
	assert_int_equal(b->cast, GW_CAST_HOST);
	assert_true(b->interface != 0);
	assert_int_equal(b->tos, 0);
	assert_false(b->cut);
	gw_udp_close(&u);
	gw_udp_close(&from);
}

static void
of_ipv6_as_well(void **state)
{
	struct gw_udp u, from;
	const struct gw_udp_burst *b = gw_udp_bursts_at(bursts, 0);

	(void)state;
	if (!udp_has_ipv6())
		skip();
	u = open_listener(NULL);
	from = udp_open("::1");
	assert_int_equal(udp_send(&from, "::1", u.port, "", 0), GW_OK);
	assert_int_equal(receive(&u, 1), 1);
	assert_int_equal(b->len, 0);
	assert_int_equal(b->count, 1);
	is_ip(b->peer, "::1");
	is_ip(b->local, "::1");
	is_ip(b->own, "::1");
	gw_udp_close(&u);
	gw_udp_close(&from);
}

static void
bound_to_one_address_nobody_asks_which_it_was(void **state)
{
	struct gw_udp u = open_listener("127.0.0.1"),
		      from = udp_open("127.0.0.1");

	(void)state;
	assert_int_equal(udp_send(&from, "127.0.0.1", u.port, "abc", 3), GW_OK);
	assert_int_equal(receive(&u, 1), 1);
	assert_memory_equal(gw_udp_bursts_at(bursts, 0)->local, none, 16);
	is_ip(gw_udp_bursts_at(bursts, 0)->peer, "127.0.0.1");
	gw_udp_close(&u);
	gw_udp_close(&from);
}

static void
f12_a_broadcast_is_told_from_what_is_for_one(void **state)
{
	struct gw_udp u = open_listener(NULL), from = udp_open("127.0.0.1");
	const struct gw_udp_burst *b = gw_udp_bursts_at(bursts, 0);

	(void)state;
	assert_int_equal(
	    udp_send(&from, "127.255.255.255", u.port, "all", 3), GW_OK);
	assert_int_equal(receive(&u, 1), 1);
	assert_int_equal(b->cast, GW_CAST_BROADCAST);
	is_ip(b->local, "127.255.255.255");
	assert_memory_not_equal(b->own, b->local, 16);
	assert_memory_not_equal(b->own, none, 16);
	gw_udp_close(&u);
	gw_udp_close(&from);
}

static void
f3_marks_are_told(void **state)
{
	struct gw_udp u = open_listener(NULL), from = udp_open("127.0.0.1");
	const int tos = 0xb9;

	(void)state;
	assert_int_equal(
	    setsockopt(from.fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos), 0);
	assert_int_equal(udp_send(&from, "127.0.0.1", u.port, "abc", 3), GW_OK);
	assert_int_equal(receive(&u, 1), 1);
	/* A program sets one of the ECN bits, the kernel keeps the rest. */
	assert_int_equal(gw_udp_bursts_at(bursts, 0)->tos & 0xfc, tos & 0xfc);
	gw_udp_close(&u);
	gw_udp_close(&from);
}

static void
a_train_is_one_burst(void **state)
{
	struct gw_udp u = open_listener(NULL), from = udp_open("127.0.0.1");
	struct sockaddr_storage to = udp_addr("127.0.0.1", u.port).ss;
	const struct gw_udp_burst *b = gw_udp_bursts_at(bursts, 0);
	const int segment = 100;
	uint8_t bytes[1034];

	(void)state;
	memset(bytes, 7, sizeof bytes);
	if (setsockopt(from.fd, IPPROTO_UDP, UDP_SEGMENT, &segment,
		sizeof segment) != 0)
		skip(); /* an old kernel */
	assert_int_equal(sendto(from.fd, bytes, sizeof bytes, 0,
			     (struct sockaddr *)&to, sizeof to),
	    sizeof bytes);
	assert_int_equal(receive(&u, 1), 1);
	assert_int_equal(b->len, sizeof bytes);
	assert_int_equal(b->segment, 100);
	assert_int_equal(b->count, 11);
	/* Who does not want them merged gets each. */
	(void)gw_udp_burst_prepare(&u, 1 << 20, false);
	assert_int_equal(sendto(from.fd, bytes, sizeof bytes, 0,
			     (struct sockaddr *)&to, sizeof to),
	    sizeof bytes);
	assert_int_equal(receive(&u, 11), 11);
	assert_int_equal(b->len, 100);
	assert_int_equal(gw_udp_bursts_at(bursts, 10)->len, 34);
	gw_udp_close(&u);
	gw_udp_close(&from);
}

static void
f1_the_longest_is_whole_and_lies_beside_the_others(void **state)
{
	static uint8_t bytes[65507];
	struct gw_udp u = open_listener(NULL), from = udp_open("127.0.0.1");
	unsigned got = 0;

	(void)state;
	memset(bytes, 9, sizeof bytes);
	for (int i = 0; i < 3; i++)
		assert_int_equal(
		    udp_send(&from, "127.0.0.1", u.port, bytes, sizeof bytes),
		    GW_OK);
	/* Buffers before the first that is given stay as they were. */
	while (got < 3) {
		udp_wait(&u, POLLIN);
		got += gw_udp_bursts_recv(bursts, &u, 5 + got, 3 - got);
	}
	for (unsigned i = 5; i < 8; i++) {
		const struct gw_udp_burst *b = gw_udp_bursts_at(bursts, i);

		assert_int_equal(b->len, sizeof bytes);
		assert_false(b->cut);
		assert_memory_equal(b->bytes, bytes, sizeof bytes);
	}
	gw_udp_close(&u);
	gw_udp_close(&from);
}

static void
f19_drops_are_told_as_what_was_added(void **state)
{
	enum { MANY = 2000 };
	struct gw_udp u = open_listener(NULL), from = udp_open("127.0.0.1");
	const int small = 1;
	uint64_t lost = 0, came = 0;
	unsigned n;

	(void)state;
	setsockopt(u.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < MANY; i++)
			assert_int_equal(
			    udp_send(&from, "127.0.0.1", u.port, "x", 1),
			    GW_OK);
		while ((n = gw_udp_bursts_recv(bursts, &u, 0, GW_BURSTS)) > 0)
			for (unsigned i = 0; i < n; i++) {
				lost +=
				    gw_udp_bursts_at(bursts, i)->lost_before;
				came++;
			}
	}
	assert_int_equal(udp_send(&from, "127.0.0.1", u.port, "x", 1), GW_OK);
	assert_int_equal(receive(&u, 1), 1);
	lost += gw_udp_bursts_at(bursts, 0)->lost_before;
	assert_true(lost > 0);
	assert_int_equal(lost + came, 4 * MANY);
	gw_udp_close(&u);
	gw_udp_close(&from);
}

static void
f16_what_icmp_says_does_not_show_as_an_end(void **state)
{
	struct gw_udp_upstream_options o = { .gro = true };
	struct gw_udp gone = udp_open("127.0.0.1"), u;
	struct gw_udp_error e;

	(void)state;
	o.to = udp_addr("127.0.0.1", gone.port);
	assert_int_equal(gw_udp_upstream_open(&o, &u), GW_OK);
	gw_udp_close(&gone);
	assert_int_equal(send(u.fd, "x", 1, 0), 1);
	udp_wait(&u, POLLERR);
	assert_int_equal(gw_udp_bursts_recv(bursts, &u, 0, GW_BURSTS), 0);
	assert_int_equal(gw_udp_next_error(&u, &e), GW_OK);
	assert_int_equal(e.what, GW_UNREACHABLE_PORT);
	assert_int_equal(gw_udp_next_error(&u, &e), GW_E_AGAIN);
	gw_udp_close(&u);
}

/* ---- toward one place ---- */

static void
f5_a_connected_socket_hears_its_own_side_only(void **state)
{
	struct gw_udp target = udp_open("127.0.0.1"),
		      other = udp_open("127.0.0.1"), u;
	struct gw_udp_upstream_options o = { .gro = true };

	(void)state;
	o.to = udp_addr("127.0.0.1", target.port);
	assert_int_equal(gw_udp_upstream_open(&o, &u), GW_OK);
	assert_int_equal(udp_send(&other, "127.0.0.1", u.port, "no", 2), GW_OK);
	assert_int_equal(
	    udp_send(&target, "127.0.0.1", u.port, "yes", 3), GW_OK);
	assert_int_equal(receive(&u, 1), 1);
	assert_memory_equal(gw_udp_bursts_at(bursts, 0)->bytes, "yes", 3);
	assert_int_equal(gw_udp_bursts_recv(bursts, &u, 0, GW_BURSTS), 0);
	gw_udp_close(&u);
	gw_udp_close(&other);
	gw_udp_close(&target);
}

static void
f11_a_source_is_bound_without_a_port_and_is_not_shared(void **state)
{
	struct gw_udp target = udp_open("127.0.0.1"), u;
	struct gw_udp_upstream_options o = { .gro = true };
	struct gw_addr a;
	int value = -1;
	socklen_t len = sizeof value;

	(void)state;
	o.to = udp_addr("127.0.0.1", target.port);
	o.source = udp_addr("127.0.0.5", 0);
	assert_int_equal(gw_udp_upstream_open(&o, &u), GW_OK);
	gw_udp_address(&u, &a);
	udp_is(&a, "127.0.0.5", u.port);
	assert_true(u.port != 0);
	assert_int_equal(
	    getsockopt(u.fd, SOL_SOCKET, SO_REUSEADDR, &value, &len), 0);
	assert_int_equal(value, 0);
	gw_udp_close(&u);
	o.source = udp_addr("192.0.2.1", 0);
	assert_int_equal(gw_udp_upstream_open(&o, &u), GW_E_ADDRESS);
	gw_udp_close(&target);
}

static void
without_memory_there_are_no_buffers(void **state)
{
	struct gw_udp_bursts *b = NULL;

	(void)state;
	for (long n = 0; b == NULL; n++) {
		enum gw_err err;

		test_fail_alloc(n);
		err = gw_udp_bursts_new(&b);
		test_fail_alloc(-1);
		assert_int_equal(err, b == NULL ? GW_E_MEMORY : GW_OK);
	}
	gw_udp_bursts_free(b);
	gw_udp_bursts_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_sent_it_and_where_to_is_told),
		cmocka_unit_test(of_ipv6_as_well),
		cmocka_unit_test(bound_to_one_address_nobody_asks_which_it_was),
		cmocka_unit_test(f12_a_broadcast_is_told_from_what_is_for_one),
		cmocka_unit_test(f3_marks_are_told),
		cmocka_unit_test(a_train_is_one_burst),
		cmocka_unit_test(
		    f1_the_longest_is_whole_and_lies_beside_the_others),
		cmocka_unit_test(f19_drops_are_told_as_what_was_added),
		cmocka_unit_test(f16_what_icmp_says_does_not_show_as_an_end),
		cmocka_unit_test(f5_a_connected_socket_hears_its_own_side_only),
		cmocka_unit_test(
		    f11_a_source_is_bound_without_a_port_and_is_not_shared),
		cmocka_unit_test(without_memory_there_are_no_buffers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
