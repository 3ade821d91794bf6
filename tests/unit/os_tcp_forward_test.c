#include "os/tcp_forward.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "os/tcp.h"
#include "test.h"

static struct gw_why why;

static int
listen_at(const char *address, uint16_t port)
{
	struct gw_tcp_listen l = {
		.address = address, .port = port, .keepalive = true
	};
	int fd;

	if (gw_tcp_forward_listen(&l, &why, &fd) != GW_OK)
		fail_msg("%s", why.text);
	return fd;
}

/* Does a connection to this address reach it? */
static bool
reaches(int fd, const char *host)
{
	struct gw_tcp_from from = { .addr = { .len = 0 } };
	struct gw_addr a, peer;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int c, s;

	assert_int_equal(gw_addr_parse(&a, host, gw_tcp_port(fd), &why), GW_OK);
	if (gw_tcp_forward_connect(&a, &from, &why, &c) != GW_OK)
		return false;
	if (poll(&p, 1, 200) != 1) {
		close(c);
		return false;
	}
	assert_int_equal(gw_tcp_accept(fd, &s, &peer), GW_OK);
	close(c);
	close(s);
	return true;
}

static void
f13_the_families_that_are_listened_at_are_those_that_were_named(void **state)
{
	int fd;

	(void)state;
	fd = listen_at("", 0);
	assert_true(reaches(fd, "127.0.0.1"));
	assert_true(reaches(fd, "::1"));
	close(fd);
	fd = listen_at("::", 0);
	assert_false(reaches(fd, "127.0.0.1"));
	assert_true(reaches(fd, "::1"));
	close(fd);
	fd = listen_at("0.0.0.0", 0);
	assert_true(reaches(fd, "127.0.0.1"));
	assert_false(reaches(fd, "::1"));
	close(fd);
}

static void
where_it_cannot_listen_it_says_why(void **state)
{
	int fd = listen_at("127.0.0.1", 0), other;
	struct gw_tcp_listen l = { .address = "127.0.0.1",
		.port = gw_tcp_port(fd) };

	(void)state;
	assert_int_equal(gw_tcp_forward_listen(&l, &why, &other), GW_E_ADDRESS);
	assert_non_null(strstr(why.text, "in use"));
	l.address = "192.0.2.1";
	assert_int_equal(gw_tcp_forward_listen(&l, &why, &other), GW_E_ADDRESS);
	assert_non_null(strstr(why.text, "not an address of this machine"));
	l.address = "fe80::1%nothere0";
	assert_int_equal(gw_tcp_forward_listen(&l, &why, &other), GW_E_ADDRESS);
	assert_non_null(strstr(why.text, "no interface nothere0"));
	close(fd);
}

static void
f11_it_speaks_from_the_address_that_it_is_told_to(void **state)
{
	int fd = listen_at("127.0.0.1", 0), c;
	struct gw_tcp_from from = { .keepalive = true };
	struct gw_addr to, own, peer;
	char text[GW_ADDR_TEXT];

	(void)state;
	assert_int_equal(
	    gw_addr_parse(&to, "127.0.0.1", gw_tcp_port(fd), &why), GW_OK);
	assert_int_equal(
	    gw_addr_parse(&from.addr, "127.0.0.7", 99, &why), GW_OK);
	assert_int_equal(gw_tcp_forward_connect(&to, &from, &why, &c), GW_OK);
	gw_tcp_ends(c, &own, &peer);
	gw_addr_host(&own, text);
	assert_string_equal(text, "127.0.0.7");
	assert_int_not_equal(gw_addr_port(&own), 99);
	close(c);
	assert_int_equal(
	    gw_addr_parse(&from.addr, "192.0.2.1", 0, &why), GW_OK);
	assert_int_equal(
	    gw_tcp_forward_connect(&to, &from, &why, &c), GW_E_ADDRESS);
	assert_int_equal(gw_addr_parse(&from.addr, "::1", 0, &why), GW_OK);
	assert_int_equal(
	    gw_tcp_forward_connect(&to, &from, &why, &c), GW_E_CONNECT);
	close(fd);
}

static void
f22_a_socket_is_taken_over_only_where_it_fits(void **state)
{
	int fds[3] = { listen_at("127.0.0.1", 0), listen_at("", 0), 0 };
	uint16_t one = gw_tcp_port(fds[0]), all = gw_tcp_port(fds[1]);
	int fd;

	(void)state;
	fds[2] = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(gw_tcp_inherit(fds, 3, "127.0.0.2", one), -1);
	assert_int_equal(gw_tcp_inherit(fds, 3, "", one), -1);
	assert_int_equal(gw_tcp_inherit(fds, 3, "127.0.0.1", all), -1);
	assert_int_equal(gw_tcp_inherit(fds, 3, "::", all), -1);
	fd = gw_tcp_inherit(fds, 3, "127.0.0.1", one);
	assert_true(fd >= 0);
	assert_int_equal(gw_tcp_port(fd), one);
	close(fd);
	fd = gw_tcp_inherit(fds, 3, "", all);
	assert_true(fd >= 0);
	close(fd);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static void
f15_what_the_kernel_does_not_allow_is_not_silently_left_out(void **state)
{
	enum gw_err err;

	(void)state;
	why.text[0] = '\0';
	err = gw_transparent_test(AF_INET, &why);
	/* Root may, others may not; either way it is known. */
	if (err != GW_OK)
		assert_non_null(strstr(why.text, "transparent: "));
	if (geteuid() != 0)
		assert_int_equal(err, GW_E_ADDRESS);
}

static void
a_limit_of_descriptors_is_known(void **state)
{
	(void)state;
	assert_true(gw_files_limit() >= 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    f13_the_families_that_are_listened_at_are_those_that_were_named),
		cmocka_unit_test(where_it_cannot_listen_it_says_why),
		cmocka_unit_test(
		    f11_it_speaks_from_the_address_that_it_is_told_to),
		cmocka_unit_test(f22_a_socket_is_taken_over_only_where_it_fits),
		cmocka_unit_test(
		    f15_what_the_kernel_does_not_allow_is_not_silently_left_out),
		cmocka_unit_test(a_limit_of_descriptors_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
