#include "diag/socket_history.h"

#include <string.h>

#include "alloc.h"
#include "history_fixture.h"
#include "test.h"

/* ---- lists alone ---- */

static void
how_things_stand_at_first_is_no_news(void **state)
{
	(void)state;
	list_one(tcp(80, 0, GW_SOCKET_LISTEN, 1), 100);
	assert_string_equal(all(), "LISTEN= 100;");
	assert_string_equal(news(), "");
	list_one(tcp(80, 0, GW_SOCKET_LISTEN, 1), 200);
	assert_string_equal(all(), "LISTEN= 100;");
	assert_string_equal(news(), "");
}

static void
a_connection_is_followed_from_list_to_list(void **state)
{
	(void)state;
	list(NULL, 0, 100);
	list_one(tcp(5000, 80, GW_SOCKET_SYN_SENT, 1), 200);
	list_one(tcp(5000, 80, GW_SOCKET_ESTABLISHED, 1), 300);
	list_one(tcp(5000, 80, GW_SOCKET_FIN_WAIT_2, 1), 400);
	/* The kernel keeps less of it, under another cookie. */
	list_one(remains(5000, 80, GW_SOCKET_TIME_WAIT, 2), 500);
	assert_string_equal(news(),
	    "5000 SYN_SENT;5000 ESTABLISHED;5000 FIN_WAIT_2;5000 TIME_WAIT;");
	list(NULL, 0, 600);
	assert_string_equal(news(), "");
	list(NULL, 0, 700);
	assert_string_equal(all(),
	    "SYN_SENT 200 ESTABLISHED 300 FIN_WAIT_2 400 TIME_WAIT 500 "
	    "gone 600;");
	assert_string_equal(news(), "5000 gone;");
}

static void
what_one_list_misses_is_still_there(void **state)
{
	(void)state;
	list_one(tcp(5000, 80, GW_SOCKET_ESTABLISHED, 1), 100);
	list(NULL, 0, 200);
	list_one(tcp(5000, 80, GW_SOCKET_ESTABLISHED, 1), 300);
	list(NULL, 0, 400);
	assert_string_equal(all(), "ESTABLISHED= 100;");
	list(NULL, 0, 500);
	assert_string_equal(all(), "ESTABLISHED= 100 gone 400;");
}

static void
the_same_ends_again_are_another_connection(void **state)
{
	(void)state;
	list_one(remains(5000, 80, GW_SOCKET_TIME_WAIT, 2), 100);
	list_one(tcp(5000, 80, GW_SOCKET_ESTABLISHED, 3), 200);
	assert_string_equal(all(), "TIME_WAIT= 100 gone 190;ESTABLISHED 200;");
	list_one(tcp(5000, 80, GW_SOCKET_ESTABLISHED, 4), 300);
	assert_string_equal(all(),
	    "TIME_WAIT= 100 gone 190;ESTABLISHED 200 gone 290;"
	    "ESTABLISHED 300;");
	/* A request becomes a socket, with the same cookie or another. */
	list_one(tcp(80, 5001, GW_SOCKET_SYN_RCVD, 5), 400);
	list_one(tcp(80, 5001, GW_SOCKET_ESTABLISHED, 6), 500);
	list_one(tcp(80, 5001, GW_SOCKET_ESTABLISHED, 6), 600);
	assert_non_null(strstr(all(), "SYN_RCVD 400 ESTABLISHED 500;"));
}

static void
listeners_of_one_port_are_told_apart(void **state)
{
	struct gw_socket v[] = { tcp(80, 0, GW_SOCKET_LISTEN, 1),
		tcp(80, 0, GW_SOCKET_LISTEN, 2) };

	(void)state;
	list(v, 2, 100);
	list(v, 1, 200);
	list(v, 1, 300);
	assert_string_equal(all(), "LISTEN= 100;LISTEN= 100 gone 200;");
}

static void
a_datagram_socket_may_change_its_ends(void **state)
{
	struct gw_socket s = tcp(53, 0, GW_SOCKET_UNCONNECTED, 1);

	(void)state;
	s.protocol = GW_SOCKET_UDP;
	list_one(s, 100);
	s.state = GW_SOCKET_CONNECTED;
	s.remote.port = 9;
	list_one(s, 200);
	assert_string_equal(all(), "UNCONNECTED= 100 CONNECTED 200;");
	assert_int_equal(gw_history_next(h, NULL)->socket.remote.port, 9);
	/* As often as it likes: the oldest are forgotten. */
	for (unsigned i = 3; i < 40; i++) {
		s.state = i % 2 ? GW_SOCKET_UNCONNECTED : GW_SOCKET_CONNECTED;
		list_one(s, i * 100);
		news();
	}
	assert_int_equal(
	    gw_history_next(h, NULL)->step_count, GW_HISTORY_STEPS);
	assert_string_equal(news(), "");
	end(s, 4000);
	assert_string_equal(news(), "53 gone;");
}

static void
what_a_short_list_leaves_out_is_kept(void **state)
{
	struct gw_socket s = tcp(5000, 80, GW_SOCKET_ESTABLISHED, 1);
	const struct gw_socket *kept;

	(void)state;
	s.tcp_known = s.drops_known = true;
	s.tcp.rtt = 30;
	s.drops = 4;
	list_one(s, 100);
	gw_history_next(h, NULL)->socket.owner.pid = 77;
	list_one(tcp(5000, 80, GW_SOCKET_ESTABLISHED, 1), 200);
	kept = &gw_history_next(h, NULL)->socket;
	assert_int_equal(kept->tcp.rtt, 30);
	assert_int_equal(kept->drops, 4);
	assert_int_equal(kept->owner.pid, 77);
}

/* ---- endings ---- */

static void
an_ending_says_when_it_was_gone(void **state)
{
	(void)state;
	list_one(tcp(80, 5000, GW_SOCKET_LAST_ACK, 1), 100);
	end(tcp(80, 5000, GW_SOCKET_CLOSED, 1), 150);
	assert_string_equal(news(), "");
	list(NULL, 0, 200);
	assert_string_equal(all(), "LAST_ACK= 100 gone! 150;");
	/* Of a listener or UDP nothing remains: no list is needed. */
	list_one(tcp(80, 0, GW_SOCKET_LISTEN, 2), 300);
	end(tcp(80, 0, GW_SOCKET_CLOSED, 2), 350);
	assert_non_null(strstr(all(), "LISTEN 300 gone! 350;"));
}

static void
what_ends_may_live_on(void **state)
{
	(void)state;
	list_one(tcp(5000, 80, GW_SOCKET_FIN_WAIT_2, 1), 100);
	end(tcp(5000, 80, GW_SOCKET_CLOSED, 1), 150);
	list_one(remains(5000, 80, GW_SOCKET_FIN_WAIT_2, 2), 200);
	assert_string_equal(all(), "FIN_WAIT_2= 100;");
	list_one(remains(5000, 80, GW_SOCKET_TIME_WAIT, 2), 300);
	assert_string_equal(all(), "FIN_WAIT_2= 100 TIME_WAIT 300;");
}

static void
an_ending_that_a_list_could_not_know_waits_for_the_next(void **state)
{
	struct gw_socket s = tcp(5000, 80, GW_SOCKET_ESTABLISHED, 1);

	(void)state;
	list_one(s, 100);
	/* While the list was made, from 190 on. */
	end(s, 195);
	list(NULL, 0, 200);
	assert_string_equal(all(), "ESTABLISHED= 100;");
	list(NULL, 0, 300);
	assert_string_equal(all(), "ESTABLISHED= 100 gone! 195;");
	end(tcp(1, 2, GW_SOCKET_CLOSED, 99), 400);
	assert_string_equal(news(), "5000 gone;");
}

static void
what_is_gone_is_forgotten_once_it_is_told(void **state)
{
	(void)state;
	list_one(tcp(80, 0, GW_SOCKET_LISTEN, 1), 100);
	end(tcp(80, 0, GW_SOCKET_CLOSED, 1), 150);
	gw_history_forget(h, AT(500));
	assert_string_equal(all(), "LISTEN= 100 gone! 150;");
	assert_string_equal(news(), "80 gone;");
	gw_history_forget(h, AT(150));
	assert_string_equal(all(), "LISTEN= 100 gone! 150;");
	gw_history_forget(h, AT(151));
	assert_string_equal(all(), "");
}

/* One round of everything, in which an allocation may fail. */
static enum gw_err
a_round(void)
{
	struct gw_socket v[] = { tcp(80, 0, GW_SOCKET_LISTEN, 1),
		tcp(5000, 80, GW_SOCKET_SYN_SENT, 2),
		tcp(80, 5001, GW_SOCKET_ESTABLISHED, 3) };
	struct gw_transition t[] = {
		change(7, 0, 80, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT),
		change(8, 80, 5001, GW_SOCKET_LISTEN, GW_SOCKET_SYN_RCVD),
		change(9, 0, 81, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT),
		change(9, 5009, 81, GW_SOCKET_SYN_SENT, GW_SOCKET_ESTABLISHED)
	};
	enum gw_err err = gw_history_new(1, &h);

	if (err != GW_OK) {
		h = NULL;
		return err;
	}
	for (size_t i = 0; i < 4 && err == GW_OK; i++)
		err = gw_history_transition(h, &t[i]);
	if (err == GW_OK)
		err = gw_history_snapshot(h, v, 3, AT(1), AT(2));
	if (err == GW_OK)
		err = gw_history_ended(h, &v[2], AT(3));
	return err;
}

static void
without_memory_it_says_so(void **state)
{
	enum gw_err err;

	(void)state;
	for (long n = 0;; n++) {
		gw_history_free(h);
		test_fail_alloc(n);
		err = a_round();
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		assert_int_equal(err, GW_E_MEMORY);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(how_things_stand_at_first_is_no_news),
		CASE(a_connection_is_followed_from_list_to_list),
		CASE(what_one_list_misses_is_still_there),
		CASE(the_same_ends_again_are_another_connection),
		CASE(listeners_of_one_port_are_told_apart),
		CASE(a_datagram_socket_may_change_its_ends),
		CASE(what_a_short_list_leaves_out_is_kept),
		CASE(an_ending_says_when_it_was_gone),
		CASE(what_ends_may_live_on),
		CASE(an_ending_that_a_list_could_not_know_waits_for_the_next),
		CASE(what_is_gone_is_forgotten_once_it_is_told),
		CASE(without_memory_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
