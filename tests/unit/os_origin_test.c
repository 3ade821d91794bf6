#include "os/origin.h"

#include <unistd.h>

#include "os/udp.h"
#include "test.h"

static void
bound(struct gw_udp *u, const char *address)
{
	const struct gw_udp_options o = { .address = address };
	struct gw_why why;

	if (gw_udp_open(&o, &why, u) != GW_OK)
		fail_msg("%s", why.text);
}

static void
each_socket_has_a_number_of_its_own(void **state)
{
	struct gw_udp a, b;
	uint64_t first;

	(void)state;
	bound(&a, "127.0.0.1");
	bound(&b, "127.0.0.1");
	first = gw_origin_cookie(a.fd);
	if (first == 0)
		skip();
	assert_int_equal(gw_origin_cookie(a.fd), first);
	assert_int_not_equal(gw_origin_cookie(b.fd), first);
	gw_udp_close(&a);
	gw_udp_close(&b);
	assert_int_equal(gw_origin_cookie(-1), 0);
}

static void
leaves_from(int fd, const char *to, const char *want, uint16_t port)
{
	struct gw_addr a, from;
	char text[GW_ADDR_TEXT];

	assert_int_equal(gw_addr_parse(&a, to, 9, NULL), GW_OK);
	assert_true(gw_origin_address(fd, &a, &from));
	gw_addr_host(&from, text);
	assert_string_equal(text, want);
	assert_int_equal(gw_addr_port(&from), port);
}

static void
datagrams_leave_from_what_it_is_bound_to_or_as_routes_say(void **state)
{
	struct gw_addr a, from;
	struct gw_udp u;

	(void)state;
	bound(&u, "127.0.0.2");
	leaves_from(u.fd, "127.0.0.1", "127.0.0.2", u.port);
	gw_udp_close(&u);
	bound(&u, NULL);
	leaves_from(u.fd, "127.0.0.1", "127.0.0.1", u.port);
	if (u.family == AF_INET6)
		leaves_from(u.fd, "::1", "::1", u.port);
	gw_udp_close(&u);
	assert_int_equal(gw_addr_parse(&a, "127.0.0.1", 9, NULL), GW_OK);
	assert_false(gw_origin_address(-1, &a, &from));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_socket_has_a_number_of_its_own),
		cmocka_unit_test(
		    datagrams_leave_from_what_it_is_bound_to_or_as_routes_say),
	};

	return cmocka_run_group_tests_name("os_origin", tests, NULL, NULL);
}
