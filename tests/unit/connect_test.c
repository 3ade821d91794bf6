/* From a name to a socket, without a session; dial_test.c has the rest. */
#include "run/connect.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "os/clock.h"
#include "os/tcp.h"
#include "test.h"

struct outcome {
	unsigned connected, failed;
	int fd;
	enum gw_err err;
	char text[300], address[GW_ADDR_TEXT];
};

static void
on_connected(void *arg, int fd, const struct gw_addr *a)
{
	struct outcome *o = arg;

	o->connected++;
	o->fd = fd;
	gw_addr_text(a, o->address);
}

static void
on_failed(void *arg, enum gw_err err, const char *text)
{
	struct outcome *o = arg;

	o->failed++;
	o->err = err;
	snprintf(o->text, sizeof o->text, "%s", text);
}

static enum gw_err
start(struct gw_loop *loop, const char *host, uint16_t port, struct outcome *o,
    struct gw_connect **c)
{
	struct gw_connect_options co = {
		.loop = loop,
		.host = host,
		.port = port,
		.helper_fd = -1,
		.owner = { on_connected, on_failed, o },
	};
	enum gw_err err;

	*o = (struct outcome){ .fd = -1 };
	err = gw_connect_start(&co, c);
	assert_int_equal(o->connected + o->failed, 0);
	gw_loop_poke(loop);
	return err;
}

static void
until_over(struct gw_loop *loop, const struct outcome *o)
{
	gw_usec end = gw_clock_now() + 60 * GW_SEC;

	while (o->connected + o->failed == 0) {
		assert_true(gw_clock_now() < end);
		(void)gw_loop_wait(loop, 100);
	}
}

static void
by_address_and_by_name_there_is_a_socket_of_the_owners(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost" };
	struct gw_connect *c;
	struct gw_loop loop;
	struct outcome o;
	char want[GW_ADDR_TEXT], byte;
	int listening, there;

	(void)state;
	assert_int_equal(gw_loop_init(&loop), GW_OK);
	assert_int_equal(
	    gw_tcp_listen("127.0.0.1", 0, 8, NULL, &listening), GW_OK);
	snprintf(want, sizeof want, "127.0.0.1:%u",
	    (unsigned)gw_tcp_port(listening));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
		    start(&loop, hosts[i], gw_tcp_port(listening), &o, &c),
		    GW_OK);
		until_over(&loop, &o);
		assert_int_equal(o.connected, 1);
		assert_string_equal(o.address, want);
		/* It lives on when everything else of it has closed. */
		while (gw_loop_wait(&loop, 20) == GW_OK)
			;
		there = accept(listening, NULL, NULL);
		assert_int_equal(send(o.fd, "x", 1, 0), 1);
		assert_int_equal(recv(there, &byte, 1, 0), 1);
		/* And nothing else keeps it open. */
		close(o.fd);
		assert_int_equal(recv(there, &byte, 1, 0), 0);
		close(there);
	}
	close(listening);
	gw_loop_fini(&loop);
}

static void
nobody_there_is_told_with_the_address(void **state)
{
	struct gw_connect *c;
	struct gw_loop loop;
	struct outcome o;
	int listening;
	uint16_t port;

	(void)state;
	assert_int_equal(gw_loop_init(&loop), GW_OK);
	assert_int_equal(
	    gw_tcp_listen("127.0.0.1", 0, 8, NULL, &listening), GW_OK);
	port = gw_tcp_port(listening);
	close(listening);
	assert_int_equal(start(&loop, "127.0.0.1", port, &o, &c), GW_OK);
	until_over(&loop, &o);
	assert_int_equal(o.err, GW_E_CONNECT);
	assert_non_null(strstr(o.text, "127.0.0.1:"));
	assert_non_null(strstr(o.text, "refused"));
	gw_loop_fini(&loop);
}

static void
one_that_is_cancelled_says_nothing(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "no such host" };
	struct gw_connect *c;
	struct gw_loop loop;
	struct outcome o;

	(void)state;
	assert_int_equal(gw_loop_init(&loop), GW_OK);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(start(&loop, hosts[i], 1, &o, &c), GW_OK);
		gw_connect_cancel(c);
		while (gw_loop_wait(&loop, 50) == GW_OK)
			;
		assert_int_equal(o.connected + o.failed, 0);
	}
	gw_connect_cancel(NULL);
	gw_loop_fini(&loop);
}

static void
without_memory_it_does_not_begin(void **state)
{
	struct gw_connect *c;
	struct gw_loop loop;
	struct outcome o;

	(void)state;
	assert_int_equal(gw_loop_init(&loop), GW_OK);
	test_fail_alloc(0);
	assert_int_equal(start(&loop, "127.0.0.1", 1, &o, &c), GW_E_MEMORY);
	test_fail_alloc(-1);
	gw_loop_fini(&loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    by_address_and_by_name_there_is_a_socket_of_the_owners),
		cmocka_unit_test(nobody_there_is_told_with_the_address),
		cmocka_unit_test(one_that_is_cancelled_says_nothing),
		cmocka_unit_test(without_memory_it_does_not_begin),
	};

	return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
