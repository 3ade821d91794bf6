#include "diag/tracepoint.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "loopback.h"
#include "os/clock.h"
#include "test.h"

static struct gw_tracepoint *trace;
static struct gw_why why;

/* Where it may be had. */
static int
setup(void **state)
{
	(void)state;
	if (gw_tracepoint_open(&trace, &why) != GW_OK) {
		fprintf(stderr, "not here: %s\n", why.text);
		trace = NULL;
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	gw_tracepoint_free(trace);
	return 0;
}

/* The transitions of the connection to this port, from the side that made it,
 * until the last one; how many there were. */
static unsigned
hear(uint16_t port, uint8_t *seen, unsigned most)
{
	struct pollfd p = { .fd = gw_tracepoint_fd(trace), .events = POLLIN };
	struct gw_transition t;
	gw_usec before = 0;
	uint64_t id = 0;
	unsigned n = 0;

	for (int i = 0; i < 600 && n < most; i++) {
		if (!gw_tracepoint_pending(trace))
			poll(&p, 1, 100);
		usleep(GW_TRACEPOINT_DELAY);
		assert_int_equal(
		    gw_tracepoint_collect(trace, gw_clock_now()), GW_OK);
		while (gw_tracepoint_take(trace, &t)) {
			assert_true(t.at >= before);
			before = t.at;
			if (t.remote.port != port)
				continue;
			if (id == 0)
				id = t.id;
			assert_true(t.id == id);
			if (n < most)
				seen[n++] = t.to;
		}
	}
	return n;
}

static void
every_change_of_a_connection_is_heard_in_order(void **state)
{
	static const uint8_t want[] = { GW_SOCKET_SYN_SENT,
		GW_SOCKET_ESTABLISHED, GW_SOCKET_CLOSE_WAIT, GW_SOCKET_LAST_ACK,
		GW_SOCKET_CLOSED };
	uint8_t seen[sizeof want];
	uint16_t port;
	int listener, client, server;

	(void)state;
	if (trace == NULL)
		skip();
	listener = loopback_listen(&port);
	client = loopback_connect(port);
	server = loopback_accept(listener);
	close(server);
	usleep(20000);
	close(client);
	assert_int_equal(hear(port, seen, sizeof want), sizeof want);
	assert_memory_equal(seen, want, sizeof want);
	close(listener);
}

/* More than the ring holds wraps around, or is counted as lost. */
static void
many_of_them_are_all_heard_or_counted(void **state)
{
	enum { MANY = 1500 };
	struct gw_transition t;
	uint16_t port;
	unsigned begun = 0;
	int listener;

	(void)state;
	if (trace == NULL)
		skip();
	listener = loopback_listen(&port);
	for (int i = 0; i < MANY; i++) {
		int client = loopback_connect(port);
		int server = loopback_accept(listener);

		close(client);
		close(server);
		if (i % 100 != 0 && i != MANY - 1)
			continue;
		usleep(GW_TRACEPOINT_DELAY);
		assert_int_equal(
		    gw_tracepoint_collect(trace, gw_clock_now()), GW_OK);
		while (gw_tracepoint_take(trace, &t))
			begun +=
			    t.remote.port == port && t.to == GW_SOCKET_SYN_SENT;
	}
	assert_true(begun == MANY || gw_tracepoint_lost(trace) > 0);
	close(listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    every_change_of_a_connection_is_heard_in_order, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    many_of_them_are_all_heard_or_counted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
