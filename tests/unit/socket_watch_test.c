#include "diag/socket_watch.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "loopback.h"
#include "test.h"

static struct gw_why why;
static struct gw_socket_filter filter;
static struct gw_socket_watch *watch;
static char word[16];
static uint16_t port;
static int listener = -1;

static int
setup(void **state)
{
	struct gw_socket_watch_options o = { .filter = &filter,
		.owners = true };

	(void)state;
	if (!loopback_is_told())
		return 0;
	listener = loopback_listen(&port);
	snprintf(word, sizeof word, "%u", port);
	assert_null(gw_socket_filter_add(&filter, word));
	return gw_socket_watch_new(&o, &watch, &why) == GW_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	if (listener != -1)
		close(listener);
	gw_socket_watch_free(watch);
	gw_socket_filter_fini(&filter);
	return 0;
}

static void
once(void)
{
	struct pollfd p = { .fd = gw_socket_watch_fd(watch), .events = POLLIN };

	poll(&p, 1, gw_socket_watch_timeout_ms(watch));
	assert_int_equal(gw_socket_watch_run(watch, &why), GW_OK);
}

/* The entry of this end, once it was in the state; its changes are taken. */
static const struct gw_history_entry *
wait_for(uint16_t local, uint16_t remote, enum gw_socket_state state)
{
	const struct gw_history_entry *e;
	struct gw_history_change c;

	for (int i = 0; i < 600; i++) {
		for (e = NULL; (e = gw_socket_watch_next(watch, e)) != NULL;)
			for (unsigned k = 0; k < e->step_count; k++)
				if (e->socket.local.port == local &&
				    e->socket.remote.port == remote &&
				    e->steps[k].state == state)
					return e;
		once();
		while (gw_socket_watch_change(watch, &c)) {
		}
	}
	fail_msg("%u to %u was never %s", local, remote,
	    gw_socket_state_name(state));
	return NULL;
}

/* Where the kernel tells nothing there is nothing to test. */
#define NEEDS_WATCH()                                                          \
	do {                                                                   \
		(void)state;                                                   \
		if (watch == NULL)                                             \
			skip();                                                \
	} while (0)

static void
a_connection_is_followed_to_its_end(void **state)
{
	const struct gw_history_entry *e;
	uint16_t mine;
	int client, server;

	NEEDS_WATCH();
	e = wait_for(port, 0, GW_SOCKET_LISTEN);
	assert_true(e->steps[0].before);
	assert_int_equal(e->socket.owner.pid, getpid());
	client = loopback_connect(port);
	mine = loopback_port(client);
	server = loopback_accept(listener);
	e = wait_for(port, mine, GW_SOCKET_ESTABLISHED);
	assert_false(
	    e->steps[0].exact && e->steps[0].state == GW_SOCKET_LISTEN);
	close(client);
	wait_for(mine, port, GW_SOCKET_FIN_WAIT_2);
	wait_for(port, mine, GW_SOCKET_CLOSE_WAIT);
	close(server);
	e = wait_for(mine, port, GW_SOCKET_TIME_WAIT);
	assert_int_equal(
	    e->steps[e->step_count - 2].state, GW_SOCKET_FIN_WAIT_2);
	e = wait_for(port, mine, GW_SOCKET_GONE);
	assert_int_equal(e->socket.owner.pid, getpid());
	gw_socket_watch_forget(watch, gw_socket_watch_now() + GW_SEC);
	for (e = NULL; (e = gw_socket_watch_next(watch, e)) != NULL;)
		assert_false(gw_history_is_gone(e));
}

static void
where_it_is_allowed_every_change_is_heard(void **state)
{
	static const uint8_t want[] = { GW_SOCKET_SYN_SENT,
		GW_SOCKET_ESTABLISHED, GW_SOCKET_CLOSE_WAIT, GW_SOCKET_LAST_ACK,
		GW_SOCKET_GONE };
	const struct gw_history_entry *e;
	const char *why_not;
	uint16_t mine;
	int client, server;

	NEEDS_WATCH();
	if (!gw_socket_watch_hears_all(watch, &why_not)) {
		assert_true(*why_not != '\0');
		skip();
	}
	wait_for(port, 0, GW_SOCKET_LISTEN);
	client = loopback_connect(port);
	mine = loopback_port(client);
	server = loopback_accept(listener);
	close(server);
	usleep(20000);
	close(client);
	e = wait_for(mine, port, GW_SOCKET_GONE);
	assert_int_equal(e->step_count, sizeof want);
	for (unsigned i = 0; i < sizeof want; i++) {
		assert_int_equal(e->steps[i].state, want[i]);
		assert_true(e->steps[i].exact);
	}
}

static void
the_state_that_is_asked_for_may_be_past(void **state)
{
	struct gw_socket_filter only = { .count = 0 };
	struct gw_socket_watch_options o = { .filter = &only };
	const struct gw_history_entry *e;
	uint16_t mine;
	int client, server;

	NEEDS_WATCH();
	assert_null(gw_socket_filter_add(&only, word));
	assert_null(gw_socket_filter_add(&only, "CLOSE_WAIT"));
	gw_socket_watch_free(watch);
	assert_int_equal(gw_socket_watch_new(&o, &watch, &why), GW_OK);
	once();
	client = loopback_connect(port);
	mine = loopback_port(client);
	server = loopback_accept(listener);
	once();
	for (e = NULL; (e = gw_socket_watch_next(watch, e)) != NULL;)
		assert_int_not_equal(e->socket.remote.port, mine);
	close(client);
	wait_for(port, mine, GW_SOCKET_CLOSE_WAIT);
	close(server);
	wait_for(port, mine, GW_SOCKET_GONE);
	assert_true(
	    gw_socket_watch_interval(watch) >= GW_SOCKET_WATCH_INTERVAL);
	assert_int_equal(gw_socket_watch_lost(watch), 0);
	gw_socket_watch_free(watch);
	watch = NULL;
	gw_socket_filter_fini(&only);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_connection_is_followed_to_its_end),
		CASE(where_it_is_allowed_every_change_is_heard),
		CASE(the_state_that_is_asked_for_may_be_past),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
