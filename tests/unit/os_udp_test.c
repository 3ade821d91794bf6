/* Opening UDP sockets. */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "udp_sockets.h"

static struct gw_why why;

static void
sockets_are_closed_on_exec_and_never_block(void **state)
{
	struct gw_udp u = udp_open(NULL);

	(void)state;
	assert_true(fcntl(u.fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(u.fd, F_GETFL) & O_NONBLOCK);
	assert_true(udp_nothing(&u));
	gw_udp_close(&u);
	assert_int_equal(u.fd, -1);
}

static void
the_default_takes_both_families(void **state)
{
	struct gw_udp u = udp_open(NULL), from = udp_open(NULL), other;
	struct gw_udp_options o = { .port = u.port };
	struct gw_udp_datagram *d;

	(void)state;
	assert_int_not_equal(u.port, 0);
	assert_int_equal(udp_send(&from, "127.0.0.1", u.port, "4", 1), GW_OK);
	d = udp_recv(&u);
	udp_is(&d->peer, "127.0.0.1", from.port);
	if (udp_has_ipv6()) {
		assert_int_equal(udp_send(&from, "::1", u.port, "6", 1), GW_OK);
		d = udp_recv(&u);
		udp_is(&d->peer, "::1", from.port);
		o.address = "::1";
		assert_int_equal(gw_udp_open(&o, &why, &other), GW_E_ADDRESS);
	}
	o.address = "127.0.0.1";
	assert_int_equal(gw_udp_open(&o, &why, &other), GW_E_ADDRESS);
	gw_udp_close(&from);
	gw_udp_close(&u);
}

static void
one_address_is_one_family(void **state)
{
	struct gw_udp u = udp_open("127.0.0.1");
	struct gw_udp_datagram d = { .peer = udp_addr("::1", 9) };
	struct gw_addr a;

	(void)state;
	gw_udp_address(&u, &a);
	udp_is(&a, "127.0.0.1", u.port);
	assert_int_equal(gw_udp_send(&u, &d, &why), GW_E_ADDRESS);
	assert_non_null(strstr(why.text, "[::1]:9"));
	gw_udp_close(&u);
	if (!udp_has_ipv6())
		skip();
	u = udp_open("::1");
	gw_udp_address(&u, &a);
	udp_is(&a, "::1", u.port);
	gw_udp_close(&u);
}

static void
fails(const char *address, uint16_t port, const char *says)
{
	struct gw_udp_options o = { .address = address, .port = port };
	struct gw_udp u;

	assert_int_equal(gw_udp_open(&o, &why, &u), GW_E_ADDRESS);
	if (strstr(why.text, says) == NULL)
		fail_msg("'%s' lacks '%s'", why.text, says);
}

static void
what_is_in_the_way_is_said(void **state)
{
	struct gw_udp u = udp_open("127.0.0.1");

	(void)state;
	fails("127.0.0.1", u.port, "in use by another program");
	fails(NULL, u.port, "udp port ");
	fails("203.0.113.7", 0, "not an address of this machine");
	fails("localhost", 0, "numeric");
	fails("fe80::1", 0, "link-local");
	gw_udp_close(&u);
}

static void
a_port_is_shared_only_by_those_who_say_so(void **state)
{
	struct gw_udp_options o = { .shared = true }, alone = { .port = 0 };
	struct gw_udp a, b, c, from = udp_open(NULL);

	(void)state;
	assert_int_equal(gw_udp_open(&o, &why, &a), GW_OK);
	o.port = alone.port = a.port;
	assert_int_equal(gw_udp_open(&o, &why, &b), GW_OK);
	assert_int_equal(gw_udp_open(&alone, &why, &c), GW_E_ADDRESS);
	/* Each hears what is for all. */
	assert_int_equal(
	    udp_send(&from, "127.255.255.255", a.port, "all", 3), GW_OK);
	assert_int_equal(udp_recv(&a)->len, 3);
	assert_int_equal(udp_recv(&b)->len, 3);
	gw_udp_close(&a);
	gw_udp_close(&b);
	gw_udp_close(&from);
}

static void
the_receive_buffer_is_what_the_kernel_grants(void **state)
{
	struct gw_udp_options small = { .receive_buffer = 8192 },
			      huge = { .receive_buffer = SIZE_MAX };
	struct gw_udp u;

	(void)state;
	assert_int_equal(gw_udp_open(&small, &why, &u), GW_OK);
	assert_int_equal(gw_udp_receive_buffer(&u), 8192);
	gw_udp_close(&u);
	assert_int_equal(gw_udp_open(&huge, &why, &u), GW_OK);
	assert_true(gw_udp_receive_buffer(&u) > 8192);
	gw_udp_close(&u);
}

static int
option(const struct gw_udp *u, int level, int name)
{
	int v = -1;
	socklen_t len = sizeof v;

	assert_int_equal(getsockopt(u->fd, level, name, &v, &len), 0);
	return v;
}

static void
options_are_set_for_both_families(void **state)
{
	struct gw_udp_options o = { .hops = 9, .fragment = true };
	struct gw_udp u = udp_open(NULL);

	(void)state;
	assert_int_equal(option(&u, SOL_SOCKET, SO_BROADCAST), 1);
	assert_int_equal(option(&u, IPPROTO_IP, IP_MULTICAST_TTL), 1);
	gw_udp_close(&u);
	assert_int_equal(gw_udp_open(&o, &why, &u), GW_OK);
	assert_int_equal(option(&u, SOL_SOCKET, SO_BROADCAST), 0);
	assert_int_equal(option(&u, IPPROTO_IP, IP_TTL), 9);
	assert_int_equal(option(&u, IPPROTO_IP, IP_MULTICAST_TTL), 9);
	assert_int_equal(
	    option(&u, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DONT);
	if (u.family == AF_INET6) {
		assert_int_equal(
		    option(&u, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 9);
		assert_int_equal(
		    option(&u, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 9);
	}
	gw_udp_close(&u);
}

/* How groups are heard shows in tests/net/test_dgram_subnets.py: loopback
 * has no route to them. */
static void
groups_are_joined_by_interface(void **state)
{
	struct gw_udp u = udp_open(NULL);
	struct gw_addr v4 = udp_addr("239.1.2.3", 0),
		       v6 = udp_addr("ff02::1234", 0);
	enum gw_err err = GW_OK;

	(void)state;
	assert_int_equal(gw_udp_join(&u, &v4, 1, &why), GW_OK);
	assert_int_equal(gw_udp_join(&u, &v4, 1, &why), GW_OK);
	assert_int_equal(gw_udp_join(&u, &v4, 99999, &why), GW_E_ADDRESS);
	assert_non_null(strstr(why.text, "239.1.2.3: "));
	if (u.family == AF_INET6) {
		assert_int_equal(gw_udp_join(&u, &v6, 1, &why), GW_OK);
		assert_int_equal(gw_udp_join(&u, &v6, 1, &why), GW_OK);
		assert_int_equal(
		    gw_udp_join(&u, &v6, 99999, &why), GW_E_ADDRESS);
	}
	/* What is left makes room, and need not have been joined. */
	gw_udp_leave(&u, &v4, 1);
	gw_udp_leave(&u, &v4, 1);
	gw_udp_leave(&u, &v6, 99999);
	for (int i = 0; i < 100000 && err == GW_OK; i++) {
		char host[32];

		snprintf(
		    host, sizeof host, "239.2.%d.%d", i / 256 % 256, i % 256);
		v4 = udp_addr(host, 0);
		err = gw_udp_join(&u, &v4, 1, &why);
	}
	assert_int_equal(err, GW_E_LIMIT);
	assert_non_null(strstr(why.text, "igmp_max_memberships"));
	gw_udp_close(&u);
}

static void
f13_all_of_ipv6_may_be_asked_for_without_ipv4(void **state)
{
	struct gw_udp_options o = { .address = "::", .v6_only = true };
	struct gw_udp u, four;

	(void)state;
	if (!udp_has_ipv6())
		skip();
	assert_int_equal(gw_udp_open(&o, NULL, &u), GW_OK);
	assert_int_equal(option(&u, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	o = (struct gw_udp_options){ .address = "0.0.0.0", .port = u.port };
	assert_int_equal(gw_udp_open(&o, NULL, &four), GW_OK);
	gw_udp_close(&four);
	gw_udp_close(&u);
}

static void
f22_a_socket_that_is_bound_there_already_is_taken_over(void **state)
{
	struct gw_udp first = udp_open("127.0.0.1"), u = udp_open("127.0.0.1"),
		      other;
	int fds[3], pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	fds[0] = pipes[0];
	fds[1] = first.fd;
	fds[2] = u.fd;
	assert_false(gw_udp_inherit(fds, 3, NULL, u.port, &other));
	assert_false(gw_udp_inherit(fds, 3, "127.0.0.2", u.port, &other));
	assert_false(gw_udp_inherit(fds, 3, "127.0.0.1", 0, &other));
	assert_true(gw_udp_inherit(fds, 3, "127.0.0.1", u.port, &other));
	assert_int_not_equal(other.fd, u.fd);
	assert_int_equal(other.port, u.port);
	assert_int_equal(other.family, AF_INET);
	gw_udp_close(&u);
	assert_int_equal(
	    udp_send(&first, "127.0.0.1", other.port, "x", 1), GW_OK);
	assert_memory_equal(udp_recv(&other)->data, "x", 1);
	gw_udp_close(&other);
	gw_udp_close(&first);
	u = udp_open(NULL);
	assert_true(gw_udp_inherit(&u.fd, 1, NULL, u.port, &other));
	gw_udp_close(&other);
	gw_udp_close(&u);
	close(pipes[0]);
	close(pipes[1]);
}

static void
a_socket_can_be_bound_to_a_group(void **state)
{
	struct gw_udp u = udp_open("239.1.2.3"), from = udp_open("127.0.0.1");
	struct gw_addr a;

	(void)state;
	gw_udp_address(&u, &a);
	udp_is(&a, "239.1.2.3", u.port);
	/* What is not for the group is not for it. */
	assert_int_equal(udp_send(&from, "127.0.0.1", u.port, "x", 1), GW_OK);
	assert_true(udp_nothing(&u));
	gw_udp_close(&u);
	gw_udp_close(&from);
	if (!udp_has_ipv6())
		skip();
	u = udp_open("ff02::1234");
	gw_udp_address(&u, &a);
	udp_is(&a, "::", u.port);
	assert_int_equal(option(&u, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	gw_udp_close(&u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_are_closed_on_exec_and_never_block),
		cmocka_unit_test(the_default_takes_both_families),
		cmocka_unit_test(one_address_is_one_family),
		cmocka_unit_test(what_is_in_the_way_is_said),
		cmocka_unit_test(a_port_is_shared_only_by_those_who_say_so),
		cmocka_unit_test(the_receive_buffer_is_what_the_kernel_grants),
		cmocka_unit_test(options_are_set_for_both_families),
		cmocka_unit_test(groups_are_joined_by_interface),
		cmocka_unit_test(f13_all_of_ipv6_may_be_asked_for_without_ipv4),
		cmocka_unit_test(
		    f22_a_socket_that_is_bound_there_already_is_taken_over),
		cmocka_unit_test(a_socket_can_be_bound_to_a_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
