/* Waiting for peers on real sockets. */
#include "run/listener.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "entrances.h"
#include "os/clock.h"
#include "os/tcp.h"

/* The other end closes it within ms. */
static bool
is_closed(struct entrances *e, int fd, int ms)
{
	gw_usec end = gw_clock_now() + (gw_usec)ms * GW_MSEC;
	char buf[256];

	while (gw_clock_now() < end) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		entrances_run(e, 20);
		if (poll(&p, 1, 0) == 1 && recv(fd, buf, sizeof buf, 0) <= 0)
			return true;
	}
	return false;
}

static void
a_peer_with_the_code_is_let_in(void **state)
{
	struct entrances e;
	struct gw_dial_options o;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	o = entrances_dial(&e, "127.0.0.1");
	entrances_start(&e, &o);
	entrances_until(&e, &e.at_listener.opened, 1);
	assert_string_equal(e.at_listener.peer, "dialling");
	assert_int_equal(strncmp(e.at_listener.address, "127.0.0.1:", 10), 0);
	assert_true(e.at_listener.conn->authenticated);
	assert_int_equal(gw_door_pending(e.door), 0);
	entrances_until(&e, &e.at_dial.opened, 1);
	entrances_close(&e);
}

static void
a_wrong_code_is_a_guess_and_the_listener_goes_on(void **state)
{
	struct entrances e;
	struct gw_dial_options o;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	o = entrances_dial(&e, "127.0.0.1");
	o.code = "7-wrong-code";
	entrances_start(&e, &o);
	entrances_until(&e, &e.at_listener.failed, 1);
	assert_true(e.at_listener.guess);
	assert_int_equal(gw_door_guesses_left(e.door), GW_GUESSES - 1);
	entrances_until(&e, &e.at_dial.failed, 1);
	o.code = ENTRANCE_CODE;
	entrances_start(&e, &o);
	entrances_until(&e, &e.at_listener.opened, 1);
	entrances_close(&e);
}

static void
a_browser_is_a_stranger_and_no_guess(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct entrances e;
	int fd;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	fd = entrances_stranger(&e);
	assert_int_equal(send(fd, text, sizeof text - 1, 0), sizeof text - 1);
	entrances_until(&e, &e.at_listener.failed, 1);
	assert_int_equal(e.at_listener.err, GW_E_STRANGER);
	assert_false(e.at_listener.guess);
	assert_int_equal(gw_door_guesses_left(e.door), GW_GUESSES);
	assert_int_equal(gw_door_pending(e.door), 0);
	assert_true(is_closed(&e, fd, 2000));
	close(fd);
	entrances_close(&e);
}

static void
a_silent_connection_is_closed_in_time(void **state)
{
	struct entrances e;
	int fd;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	fd = entrances_stranger(&e);
	entrances_run(&e, 300);
	assert_int_equal(gw_door_pending(e.door), 1);
	assert_false(is_closed(&e, fd, 100));
	assert_true(is_closed(&e, fd, GW_PENDING_SECONDS * 1000 + 3000));
	assert_int_equal(gw_door_pending(e.door), 0);
	close(fd);
	entrances_close(&e);
}

static void
many_silent_ones_do_not_keep_the_right_peer_out(void **state)
{
	enum { MANY = 40 };
	struct gw_dial_options o;
	struct entrances e;
	unsigned closed = 0;
	int fd[MANY];

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	for (unsigned i = 0; i < MANY; i++)
		fd[i] = entrances_stranger(&e);
	o = entrances_dial(&e, "127.0.0.1");
	entrances_start(&e, &o);
	entrances_until(&e, &e.at_listener.opened, 1);
	assert_true(gw_door_pending(e.door) <= GW_PENDING_PER_SOURCE);
	for (unsigned i = 0; i < MANY; i++) {
		char c;

		closed += recv(fd[i], &c, 1, MSG_DONTWAIT) == 0;
		close(fd[i]);
	}
	assert_true(closed >= MANY - GW_PENDING_PER_SOURCE);
	entrances_close(&e);
}

static void
one_that_goes_away_leaves_the_door(void **state)
{
	struct entrances e;
	struct linger now = { .l_onoff = 1 };
	int fd;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	for (unsigned reset = 0; reset < 2; reset++) {
		fd = entrances_stranger(&e);
		entrances_run(&e, 50);
		assert_int_equal(gw_door_pending(e.door), 1);
		if (reset)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
		close(fd);
		entrances_until(&e, &e.at_listener.failed, reset + 1);
		assert_int_equal(gw_door_pending(e.door), 0);
		assert_false(e.at_listener.guess);
	}
	entrances_close(&e);
}

static void
closing_takes_pending_handshakes_along(void **state)
{
	struct entrances e;
	int fd;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	fd = entrances_stranger(&e);
	entrances_run(&e, 50);
	assert_int_equal(gw_door_pending(e.door), 1);
	gw_listener_close(e.listener);
	e.listener = NULL;
	gw_loop_poke(&e.loop); /* its owner was not called from the loop */
	assert_int_equal(gw_door_pending(e.door), 0);
	assert_true(is_closed(&e, fd, 2000));
	close(fd);
	gw_listener_close(NULL);
	entrances_close(&e);
}

/* ---- addresses and ports ---- */

static void
a_busy_port_is_told_or_another_is_taken(void **state)
{
	struct gw_why why = { "" };
	struct gw_listener_options o;
	struct gw_listener *second = NULL;
	struct entrances e;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	o = entrances_listener(&e, "127.0.0.1");
	o.port = e.port;
	assert_int_equal(gw_listener_new(&o, &why, &second), GW_E_ADDRESS);
	assert_null(second);
	assert_non_null(strstr(why.text, "in use"));
	o.any_port_then = true;
	assert_int_equal(gw_listener_new(&o, &why, &second), GW_OK);
	assert_int_not_equal(gw_listener_port(second), e.port);
	gw_listener_close(second);
	o = entrances_listener(&e, "192.0.2.1"); /* not of this machine */
	o.any_port_then = true;
	second = NULL;
	assert_int_equal(gw_listener_new(&o, &why, &second), GW_E_ADDRESS);
	assert_null(second);
	assert_non_null(strstr(why.text, "192.0.2.1"));
	entrances_close(&e);
}

static void
it_tells_addresses_to_be_reached_at(void **state)
{
	static const char *const all[] = { NULL, "0.0.0.0" };
	char text[8][GW_ADDRESS_TEXT];
	struct entrances e;
	size_t n;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	assert_int_equal(gw_listener_addresses(e.listener, text, 8), 1);
	assert_string_equal(text[0], "127.0.0.1");
	assert_int_equal(gw_listener_addresses(e.listener, text, 0), 0);
	for (unsigned i = 0; i < 2; i++) {
		gw_listener_close(e.listener);
		entrances_listen(&e, all[i]);
		n = gw_listener_addresses(e.listener, text, 8);
		assert_true(n >= 1);
		assert_string_not_equal(text[0], "0.0.0.0");
		assert_int_equal(gw_listener_addresses(e.listener, text, 1), 1);
	}
	entrances_close(&e);
}

static void
on_ipv4_alone_it_tells_no_ipv6_addresses(void **state)
{
	char text[64][GW_ADDRESS_TEXT];
	struct entrances e;
	size_t n;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "0.0.0.0");
	n = gw_listener_addresses(e.listener, text, 64);
	assert_true(n >= 1);
	for (size_t i = 0; i < n; i++)
		assert_null(strchr(text[i], ':'));
	entrances_close(&e);
}

static void
without_an_address_both_families_come_in(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "::1" };
	struct entrances e;
	struct gw_dial_options o;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, NULL);
	for (unsigned i = 0; i < 2; i++) {
		o = entrances_dial(&e, hosts[i]);
		entrances_start(&e, &o);
		entrances_until(&e, &e.at_listener.opened, i + 1);
		entrances_until(&e, &e.at_dial.opened, 1);
	}
	assert_int_equal(strncmp(e.at_listener.address, "[::1]:", 6), 0);
	entrances_close(&e);
}

static void
without_memory_it_is_not_made(void **state)
{
	struct gw_why why = { "" };
	struct gw_listener_options o;
	struct entrances e;
	enum gw_err err = GW_E_MEMORY;
	long n;

	(void)state;
	entrances_open(&e);
	o = entrances_listener(&e, "127.0.0.1");
	for (n = 0; err != GW_OK; n++) {
		test_fail_alloc(n);
		err = gw_listener_new(&o, &why, &e.listener);
		test_fail_alloc(-1);
		assert_true(err == GW_OK || err == GW_E_MEMORY);
	}
	assert_true(n >= 2);
	entrances_close(&e);
}

/* A connection for which there is no memory is closed, the next comes in. */
static void
without_memory_a_connection_is_closed(void **state)
{
	struct entrances e;
	struct gw_dial_options o;
	int fd;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	for (long n = 0; n < 3; n++) {
		fd = entrances_stranger(&e);
		test_fail_alloc(n);
		entrances_run(&e, 50);
		test_fail_alloc(-1);
		assert_true(is_closed(&e, fd, 200));
		assert_int_equal(gw_door_pending(e.door), 0);
		close(fd);
	}
	o = entrances_dial(&e, "127.0.0.1");
	entrances_start(&e, &o);
	entrances_until(&e, &e.at_listener.opened, 1);
	entrances_close(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_with_the_code_is_let_in),
		cmocka_unit_test(
		    a_wrong_code_is_a_guess_and_the_listener_goes_on),
		cmocka_unit_test(a_browser_is_a_stranger_and_no_guess),
		cmocka_unit_test(a_silent_connection_is_closed_in_time),
		cmocka_unit_test(
		    many_silent_ones_do_not_keep_the_right_peer_out),
		cmocka_unit_test(one_that_goes_away_leaves_the_door),
		cmocka_unit_test(closing_takes_pending_handshakes_along),
		cmocka_unit_test(a_busy_port_is_told_or_another_is_taken),
		cmocka_unit_test(it_tells_addresses_to_be_reached_at),
		cmocka_unit_test(on_ipv4_alone_it_tells_no_ipv6_addresses),
		cmocka_unit_test(without_an_address_both_families_come_in),
		cmocka_unit_test(without_memory_it_is_not_made),
		cmocka_unit_test(without_memory_a_connection_is_closed),
	};

	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
