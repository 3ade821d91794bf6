/* Sessions, of which their own process tells all states. */

#include "history_fixture.h"
#include "test.h"

static const struct gw_history_step life[] = {
	{ .since = AT(90), .state = GW_SOCKET_SYN_SENT, .exact = true },
	{ .since = AT(91), .state = GW_SOCKET_ESTABLISHED, .exact = true },
	{ .since = AT(150), .state = GW_SOCKET_FIN_WAIT_1, .exact = true },
	{ .since = AT(150), .state = GW_SOCKET_FIN_WAIT_2, .exact = true },
	{ .since = AT(151), .state = GW_SOCKET_TIME_WAIT, .exact = true },
	{ .since = AT(1151), .state = GW_SOCKET_CLOSED, .exact = true },
};

/* One with that many of these states, told in a list; 0: none. */
static void
told(uint64_t cookie, unsigned count, unsigned ms)
{
	struct gw_socket s = tcp(5000, 80, GW_SOCKET_CLOSED, cookie);

	s.protocol = GW_SOCKET_SESSION;
	if (count > 0) {
		s.state = life[count - 1].state;
		assert_int_equal(
		    gw_history_session(h, &s, life, count, AT(100)), GW_OK);
	}
	list(NULL, 0, ms);
}

static void
every_state_is_told_however_short(void **state)
{
	(void)state;
	list(NULL, 0, 50);
	told(1, 2, 100);
	assert_string_equal(news(), "5000 SYN_SENT;5000 ESTABLISHED;");
	told(1, 2, 200);
	assert_string_equal(news(), "");
	told(1, 5, 300);
	assert_string_equal(
	    news(), "5000 FIN_WAIT_1;5000 FIN_WAIT_2;5000 TIME_WAIT;");
	told(1, 6, 1200);
	assert_string_equal(news(), "5000 CLOSED;");
	assert_string_equal(all(),
	    "SYN_SENT! 90 ESTABLISHED! 91 FIN_WAIT_1! 150 FIN_WAIT_2! 150 "
	    "TIME_WAIT! 151 CLOSED! 1151;");
	assert_true(gw_history_is_gone(gw_history_next(h, NULL)));
	/* It is shown as closed for a while; then nothing follows. */
	told(1, 6, 1300);
	told(1, 0, 1400);
	told(1, 0, 1500);
	assert_string_equal(news(), "");
	gw_history_forget(h, AT(1152));
	assert_string_equal(all(), "");
}

static void
how_it_stood_at_first_is_no_news(void **state)
{
	const struct gw_history_entry *e;

	(void)state;
	told(1, 2, 100);
	assert_string_equal(news(), "");
	e = gw_history_next(h, NULL);
	assert_int_equal(e->old, 2);
	assert_string_equal(all(), "SYN_SENT! 90 ESTABLISHED! 91;");
	told(1, 3, 200);
	assert_string_equal(news(), "5000 FIN_WAIT_1;");
	assert_int_equal(e->old, 2);
}

static void
an_end_before_anybody_looked_is_none(void **state)
{
	struct gw_socket s = tcp(5000, 80, GW_SOCKET_CLOSED, 1);

	(void)state;
	s.protocol = GW_SOCKET_SESSION;
	list(NULL, 0, 50);
	assert_int_equal(gw_history_session(h, &s, life, 6, AT(1152)), GW_OK);
	list(NULL, 0, 1200);
	assert_string_equal(all(), "");
	/* A moment later it would have been seen. */
	assert_int_equal(gw_history_session(h, &s, life, 6, AT(1151)), GW_OK);
	list(NULL, 0, 1300);
	assert_string_equal(news(),
	    "5000 SYN_SENT;5000 ESTABLISHED;5000 FIN_WAIT_1;"
	    "5000 FIN_WAIT_2;5000 TIME_WAIT;5000 CLOSED;");
}

static void
whoever_is_killed_is_gone_unseen(void **state)
{
	(void)state;
	list(NULL, 0, 50);
	told(1, 2, 100);
	told(1, 0, 200);
	told(1, 0, 300);
	assert_string_equal(all(), "SYN_SENT! 90 ESTABLISHED! 91 gone 200;");
}

static void
sessions_with_the_same_ends_are_two(void **state)
{
	struct gw_socket s = tcp(5000, 80, GW_SOCKET_ESTABLISHED, 1);

	(void)state;
	s.protocol = GW_SOCKET_SESSION;
	list(NULL, 0, 50);
	assert_int_equal(gw_history_session(h, &s, life, 2, AT(1)), GW_OK);
	told(2, 1, 100);
	assert_string_equal(
	    all(), "SYN_SENT! 90 ESTABLISHED! 91;SYN_SENT! 90;");
}

/* A process that changes its mind. */
static void
what_does_not_follow_is_left_out(void **state)
{
	const struct gw_history_step other[] = {
		{ .since = AT(10), .state = GW_SOCKET_SYN_RCVD },
		{ .since = AT(10), .state = GW_SOCKET_ESTABLISHED },
		{ .since = AT(10), .state = GW_SOCKET_CLOSED },
	};
	struct gw_socket s = tcp(5000, 80, GW_SOCKET_CLOSED, 1);

	(void)state;
	s.protocol = GW_SOCKET_SESSION;
	list(NULL, 0, 50);
	told(1, 2, 100);
	assert_int_equal(gw_history_session(h, &s, other, 3, AT(1)), GW_OK);
	assert_string_equal(all(), "SYN_SENT! 90 ESTABLISHED! 91 CLOSED 91;");
}

#define T(f) cmocka_unit_test_setup_teardown(f, history_setup, history_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_state_is_told_however_short),
		T(how_it_stood_at_first_is_no_news),
		T(an_end_before_anybody_looked_is_none),
		T(whoever_is_killed_is_gone_unseen),
		T(sessions_with_the_same_ends_are_two),
		T(what_does_not_follow_is_left_out),
	};

	return cmocka_run_group_tests_name(
	    "socket_history_session", tests, NULL, NULL);
}
