#include "os/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test.h"

static struct gw_why why;

static void
wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	assert_int_equal(poll(&p, 1, 5000), 1);
}

static int
listen_at(const char *address)
{
	int fd;

	assert_int_equal(gw_tcp_listen(address, 0, 8, &why, &fd), GW_OK);
	assert_int_not_equal(gw_tcp_port(fd), 0);
	return fd;
}

/* Both ends of a connection to this listening socket, by this address. */
static void
connect_to(int listening, const char *host, int ends[2])
{
	struct gw_addr a, from;
	char text[GW_ADDR_TEXT];

	assert_int_equal(
	    gw_addr_parse(&a, host, gw_tcp_port(listening), &why), GW_OK);
	assert_int_equal(gw_tcp_connect(&a, &why, &ends[0]), GW_OK);
	wait_for(listening, POLLIN);
	assert_int_equal(gw_tcp_accept(listening, &ends[1], &from), GW_OK);
	wait_for(ends[0], POLLOUT);
	assert_int_equal(gw_tcp_connected(ends[0], &a, &why), GW_OK);
	gw_addr_host(&from, text);
	assert_string_equal(text, host);
	assert_int_equal(gw_tcp_accept(listening, &ends[1], &from), GW_E_AGAIN);
}

static bool
has_ipv6(void)
{
	struct gw_addr a;
	int fd, ok;

	assert_int_equal(gw_addr_parse(&a, "::1", 0, &why), GW_OK);
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	ok = fd >= 0 && bind(fd, (struct sockaddr *)&a.ss, a.len) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

static void
close_all(int listening, const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
	close(listening);
}

static void
bytes_go_both_ways(void **state)
{
	int l = listen_at("127.0.0.1"), ends[2];
	char buf[16];
	size_t n = 0;

	(void)state;
	connect_to(l, "127.0.0.1", ends);
	assert_int_equal(
	    gw_tcp_recv(ends[1], buf, sizeof buf, &n), GW_TCP_AGAIN);
	assert_int_equal(gw_tcp_send(ends[0], "hello", 5, &n), GW_TCP_OK);
	assert_int_equal(n, 5);
	wait_for(ends[1], POLLIN);
	assert_int_equal(gw_tcp_recv(ends[1], buf, sizeof buf, &n), GW_TCP_OK);
	assert_int_equal(n, 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(gw_tcp_unacked(ends[0]), 0);
	gw_tcp_shutdown(ends[0]);
	wait_for(ends[1], POLLIN);
	assert_int_equal(gw_tcp_recv(ends[1], buf, sizeof buf, &n), GW_TCP_END);
	close_all(l, ends);
}

static void
sockets_are_closed_on_exec_and_never_block(void **state)
{
	int l = listen_at(NULL), ends[2];
	int fds[3];

	(void)state;
	connect_to(l, "127.0.0.1", ends);
	fds[0] = l;
	fds[1] = ends[0];
	fds[2] = ends[1];
	for (int i = 0; i < 3; i++) {
		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
	}
	close_all(l, ends);
}

static void
the_default_takes_both_families(void **state)
{
	int l = listen_at(NULL), ends[2], other;

	(void)state;
	connect_to(l, "127.0.0.1", ends);
	close(ends[0]);
	close(ends[1]);
	if (!has_ipv6())
		skip();
	connect_to(l, "::1", ends);
	/* And so the port is busy for each of them. */
	assert_int_equal(
	    gw_tcp_listen("0.0.0.0", gw_tcp_port(l), 8, &why, &other),
	    GW_E_ADDRESS);
	assert_int_equal(gw_tcp_listen("::1", gw_tcp_port(l), 8, &why, &other),
	    GW_E_ADDRESS);
	close_all(l, ends);
}

static void
what_is_in_the_way_of_listening(void **state)
{
	int l = listen_at("127.0.0.1"), fd;

	(void)state;
	assert_int_equal(
	    gw_tcp_listen("127.0.0.1", gw_tcp_port(l), 8, &why, &fd),
	    GW_E_ADDRESS);
	assert_non_null(strstr(why.text, "in use"));
	assert_int_equal(
	    gw_tcp_listen(NULL, gw_tcp_port(l), 8, &why, &fd), GW_E_ADDRESS);
	assert_memory_equal(why.text, "port ", 5);
	assert_int_equal(
	    gw_tcp_listen("192.0.2.77", 0, 8, &why, &fd), GW_E_ADDRESS);
	assert_non_null(strstr(why.text, "not an address of this machine"));
	assert_int_equal(
	    gw_tcp_listen("fe80::1", 0, 8, &why, &fd), GW_E_ADDRESS);
	assert_non_null(strstr(why.text, "link-local"));
	assert_int_equal(
	    gw_tcp_listen("localhost", 0, 8, &why, &fd), GW_E_ADDRESS);
	assert_non_null(strstr(why.text, "numeric"));
	close(l);
}

/* A port is free again at once, connections in TIME_WAIT or not. */
static void
a_port_can_be_taken_again(void **state)
{
	int l = listen_at("127.0.0.1"), ends[2];
	uint16_t port = gw_tcp_port(l);

	(void)state;
	connect_to(l, "127.0.0.1", ends);
	close(ends[1]);
	close(l);
	assert_int_equal(gw_tcp_listen("127.0.0.1", port, 8, &why, &l), GW_OK);
	close(l);
	close(ends[0]);
}

static void
nobody_there(void **state)
{
	int l = listen_at("127.0.0.1"), fd;
	uint16_t port = gw_tcp_port(l);
	struct gw_addr a;
	enum gw_err err;

	(void)state;
	close(l);
	assert_int_equal(gw_addr_parse(&a, "127.0.0.1", port, &why), GW_OK);
	err = gw_tcp_connect(&a, &why, &fd);
	if (err == GW_OK) {
		wait_for(fd, POLLOUT);
		err = gw_tcp_connected(fd, &a, &why);
		close(fd);
	}
	assert_int_equal(err, GW_E_CONNECT);
	assert_memory_equal(why.text, "127.0.0.1:", 10);
	assert_non_null(strstr(why.text, ": Connection refused"));
}

static void
a_connection_that_is_cut(void **state)
{
	int l = listen_at("127.0.0.1"), ends[2];
	struct linger hard = { .l_onoff = 1 };
	enum gw_tcp_result r;
	char buf[16];
	size_t n;

	(void)state;
	connect_to(l, "127.0.0.1", ends);
	setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	close(ends[1]);
	wait_for(ends[0], POLLIN);
	assert_int_equal(
	    gw_tcp_recv(ends[0], buf, sizeof buf, &n), GW_TCP_RESET);
	/* Not a signal either. */
	r = gw_tcp_send(ends[0], "x", 1, &n);
	assert_int_equal(r, GW_TCP_RESET);
	close(ends[0]);
	close(l);
}

static void
a_full_socket_says_again(void **state)
{
	int l = listen_at("127.0.0.1"), ends[2];
	static char buf[1 << 16];
	enum gw_tcp_result r;
	size_t n, total = 0;

	(void)state;
	connect_to(l, "127.0.0.1", ends);
	gw_tcp_buffers(ends[0], 32768, 0);
	while ((r = gw_tcp_send(ends[0], buf, sizeof buf, &n)) == GW_TCP_OK)
		total += n;
	assert_int_equal(r, GW_TCP_AGAIN);
	assert_true(total > 0);
	assert_true(gw_tcp_unacked(ends[0]) > 0);
	close_all(l, ends);
}

static void
loopback_is_not_paced(void **state)
{
	int l = listen_at("127.0.0.1"), ends[2];
	char name[16] = "";
	socklen_t len;
	int delay;

	(void)state;
	connect_to(l, "127.0.0.1", ends);
	for (int i = 0; i < 2; i++) {
		len = sizeof name;
		assert_int_equal(getsockopt(ends[i], IPPROTO_TCP,
				     TCP_CONGESTION, name, &len),
		    0);
		assert_string_not_equal(name, "bbr");
		len = sizeof delay;
		assert_int_equal(
		    getsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &delay, &len),
		    0);
		assert_int_not_equal(delay, 0);
	}
	close_all(l, ends);
}

/* Whoever begins with BBR goes on pacing when another one is chosen. */
static void
what_has_yet_to_connect_to_loopback_is_not_paced_either(void **state)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	char before[16] = "", name[16] = "";
	socklen_t len = sizeof before;
	struct gw_addr a;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(
	    getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, before, &len), 0);
	assert_int_equal(gw_addr_parse(&a, "192.0.2.1", 1, &why), GW_OK);
	gw_tcp_prepare(fd, &a);
	len = sizeof name;
	assert_int_equal(
	    getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	assert_string_equal(name, before);
	assert_int_equal(gw_addr_parse(&a, "127.0.0.1", 1, &why), GW_OK);
	gw_tcp_prepare(fd, &a);
	len = sizeof name;
	assert_int_equal(
	    getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	assert_string_not_equal(name, "bbr");
	close(fd);
}

static void
bytes_go_into_several_places(void **state)
{
	int l = listen_at("127.0.0.1"), ends[2];
	char first[4] = "", second[8] = "";
	struct iovec places[] = { { first, 3 }, { second, 7 } };
	size_t n;

	(void)state;
	connect_to(l, "127.0.0.1", ends);
	assert_int_equal(
	    gw_tcp_recv_into(ends[1], places, 2, &n), GW_TCP_AGAIN);
	assert_int_equal(gw_tcp_send(ends[0], "abcdefg", 7, &n), GW_TCP_OK);
	wait_for(ends[1], POLLIN);
	assert_int_equal(gw_tcp_recv_into(ends[1], places, 2, &n), GW_TCP_OK);
	assert_int_equal(n, 7);
	assert_string_equal(first, "abc");
	assert_string_equal(second, "defg");
	close_all(l, ends);
}

static void
out_of_descriptors(void **state)
{
	int l = listen_at("127.0.0.1"), fd, got;
	struct rlimit before, none;
	struct gw_addr a, from;
	enum gw_err err;

	(void)state;
	assert_int_equal(
	    gw_addr_parse(&a, "127.0.0.1", gw_tcp_port(l), &why), GW_OK);
	assert_int_equal(gw_tcp_connect(&a, &why, &fd), GW_OK);
	wait_for(l, POLLIN);
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	err = gw_tcp_accept(l, &got, &from);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(err, GW_E_LIMIT);
	assert_int_equal(gw_tcp_accept(l, &got, &from), GW_OK);
	close(got);
	close(fd);
	close(l);
}

static void
a_look_takes_nothing(void **state)
{
	int listening = listen_at("127.0.0.1"), ends[2];
	char byte = 0;
	size_t n;

	(void)state;
	connect_to(listening, "127.0.0.1", ends);
	assert_int_equal(gw_tcp_peek(ends[1]), GW_TCP_AGAIN);
	assert_int_equal(gw_tcp_send(ends[0], "x", 1, &n), GW_TCP_OK);
	wait_for(ends[1], POLLIN);
	assert_int_equal(gw_tcp_peek(ends[1]), GW_TCP_OK);
	assert_int_equal(gw_tcp_peek(ends[1]), GW_TCP_OK);
	assert_int_equal(gw_tcp_recv(ends[1], &byte, 1, &n), GW_TCP_OK);
	assert_int_equal(byte, 'x');
	gw_tcp_shutdown(ends[0]);
	wait_for(ends[1], POLLIN);
	assert_int_equal(gw_tcp_peek(ends[1]), GW_TCP_END);
	gw_tcp_reset_on_close(ends[1], true);
	close(ends[1]);
	wait_for(ends[0], POLLIN);
	assert_int_equal(gw_tcp_peek(ends[0]), GW_TCP_RESET);
	close(ends[0]);
	close(listening);
}

/* FIN by a close in good order, RST by one that was to reset. */
static void
a_close_resets_only_if_it_is_to(void **state)
{
	int listening = listen_at("127.0.0.1"), ends[2];
	char byte;
	size_t n;

	(void)state;
	for (int reset = 0; reset < 2; reset++) {
		connect_to(listening, "127.0.0.1", ends);
		gw_tcp_reset_on_close(ends[0], true);
		if (!reset)
			gw_tcp_reset_on_close(ends[0], false);
		close(ends[0]);
		wait_for(ends[1], POLLIN);
		assert_int_equal(gw_tcp_recv(ends[1], &byte, 1, &n),
		    reset ? GW_TCP_RESET : GW_TCP_END);
		close(ends[1]);
	}
	close(listening);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_both_ways),
		cmocka_unit_test(sockets_are_closed_on_exec_and_never_block),
		cmocka_unit_test(the_default_takes_both_families),
		cmocka_unit_test(what_is_in_the_way_of_listening),
		cmocka_unit_test(a_port_can_be_taken_again),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(a_connection_that_is_cut),
		cmocka_unit_test(a_full_socket_says_again),
		cmocka_unit_test(loopback_is_not_paced),
		cmocka_unit_test(
		    what_has_yet_to_connect_to_loopback_is_not_paced_either),
		cmocka_unit_test(bytes_go_into_several_places),
		cmocka_unit_test(out_of_descriptors),
		cmocka_unit_test(a_look_takes_nothing),
		cmocka_unit_test(a_close_resets_only_if_it_is_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
