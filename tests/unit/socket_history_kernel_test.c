#include "diag/socket_history.h"

#include <string.h>

#include "history_fixture.h"
#include "test.h"

static void
every_transition_of_a_connection_between_two_lists(void **state)
{
	(void)state;
	list(NULL, 0, 100);
	/* Its port is chosen after its state. */
	hear(change(7, 0, 80, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT), 101);
	hear(change(7, 5000, 80, GW_SOCKET_SYN_SENT, GW_SOCKET_ESTABLISHED),
	    102);
	hear(change(7, 5000, 80, GW_SOCKET_ESTABLISHED, GW_SOCKET_FIN_WAIT_1),
	    103);
	hear(change(7, 5000, 80, GW_SOCKET_FIN_WAIT_1, GW_SOCKET_FIN_WAIT_2),
	    104);
	hear(change(7, 5000, 80, GW_SOCKET_FIN_WAIT_2, GW_SOCKET_CLOSED), 105);
	/* It may be another namespace's. */
	assert_string_equal(all(), "");
	list_one(remains(5000, 80, GW_SOCKET_TIME_WAIT, 2), 200);
	assert_string_equal(all(),
	    "SYN_SENT! 101 ESTABLISHED! 102 FIN_WAIT_1! 103 FIN_WAIT_2! 104 "
	    "TIME_WAIT! 105;");
	assert_string_equal(news(),
	    "5000 SYN_SENT;5000 ESTABLISHED;5000 FIN_WAIT_1;5000 FIN_WAIT_2;"
	    "5000 TIME_WAIT;");
}

static void
the_passive_side_is_confirmed_by_its_end(void **state)
{
	(void)state;
	list_one(tcp(80, 0, GW_SOCKET_LISTEN, 1), 100);
	hear(change(8, 80, 5000, GW_SOCKET_LISTEN, GW_SOCKET_SYN_RCVD), 101);
	hear(change(8, 80, 5000, GW_SOCKET_SYN_RCVD, GW_SOCKET_ESTABLISHED),
	    102);
	hear(change(8, 80, 5000, GW_SOCKET_ESTABLISHED, GW_SOCKET_CLOSE_WAIT),
	    103);
	hear(
	    change(8, 80, 5000, GW_SOCKET_CLOSE_WAIT, GW_SOCKET_LAST_ACK), 104);
	hear(change(8, 80, 5000, GW_SOCKET_LAST_ACK, GW_SOCKET_CLOSED), 105);
	assert_string_equal(all(), "LISTEN= 100;");
	end(tcp(80, 5000, GW_SOCKET_CLOSED, 9), 106);
	list_one(tcp(80, 0, GW_SOCKET_LISTEN, 1), 200);
	/* When its SYN came nobody knows. */
	assert_string_equal(all(),
	    "LISTEN= 100;SYN_RCVD=! 101 ESTABLISHED! 102 CLOSE_WAIT! 103 "
	    "LAST_ACK! 104 gone! 105;");
}

static void
one_that_is_surely_ours_needs_no_confirmation(void **state)
{
	struct gw_transition t =
	    change(7, 0, 81, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT);

	(void)state;
	list(NULL, 0, 100);
	t.ours = true;
	hear(t, 101);
	assert_string_equal(all(), "");
	hear(change(7, 5000, 81, GW_SOCKET_SYN_SENT, GW_SOCKET_CLOSED), 102);
	assert_string_equal(news(), "5000 SYN_SENT;");
	list(NULL, 0, 200);
	assert_string_equal(all(), "SYN_SENT! 101 gone! 102;");
}

static void
one_that_could_not_connect_has_lost_its_ends(void **state)
{
	struct gw_socket failed = tcp(5000, 81, GW_SOCKET_CLOSED, 9);

	(void)state;
	list(NULL, 0, 100);
	hear(change(7, 0, 81, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT), 101);
	hear(change(7, 5000, 81, GW_SOCKET_SYN_SENT, GW_SOCKET_CLOSED), 102);
	failed.remote.port = 0;
	failed.local.address[12] = failed.local.address[15] = 0;
	/* To somewhere else. */
	failed.remote.address[13] = 1;
	end(failed, 103);
	assert_string_equal(all(), "");
	failed.remote.address[13] = 0;
	end(failed, 104);
	list(NULL, 0, 200);
	assert_string_equal(all(), "SYN_SENT! 101 gone! 102;");
}

static void
a_listener_of_ours_meets_its_cookie_later(void **state)
{
	struct gw_transition t =
	    change(7, 80, 0, GW_SOCKET_CLOSED, GW_SOCKET_LISTEN);

	(void)state;
	list(NULL, 0, 100);
	t.ours = true;
	hear(t, 150);
	assert_string_equal(all(), "LISTEN! 150;");
	list_one(tcp(80, 0, GW_SOCKET_LISTEN, 3), 200);
	assert_string_equal(all(), "LISTEN! 150;");
	hear(change(7, 80, 0, GW_SOCKET_LISTEN, GW_SOCKET_CLOSED), 250);
	end(tcp(80, 0, GW_SOCKET_CLOSED, 3), 260);
	assert_string_equal(all(), "LISTEN! 150 gone! 250;");
	/* One that nobody knows ends: nothing happens. */
	hear(change(9, 82, 0, GW_SOCKET_LISTEN, GW_SOCKET_CLOSED), 270);
	assert_string_equal(all(), "LISTEN! 150 gone! 250;");
}

static void
a_connection_that_a_list_showed_is_heard_of_from_then_on(void **state)
{
	struct gw_socket s = tcp(5000, 80, GW_SOCKET_ESTABLISHED, 1);

	(void)state;
	list_one(s, 100);
	hear(change(7, 5000, 80, GW_SOCKET_ESTABLISHED, GW_SOCKET_FIN_WAIT_1),
	    150);
	assert_string_equal(all(), "ESTABLISHED= 100 FIN_WAIT_1! 150;");
	/* A list that is older than the news changes nothing. */
	assert_int_equal(
	    gw_history_snapshot(h, &s, 1, AT(149), AT(160)), GW_OK);
	assert_string_equal(all(), "ESTABLISHED= 100 FIN_WAIT_1! 150;");
	/* One that is younger does, whatever was lost. */
	s.state = GW_SOCKET_FIN_WAIT_2;
	list_one(s, 300);
	assert_string_equal(
	    all(), "ESTABLISHED= 100 FIN_WAIT_1! 150 FIN_WAIT_2 300;");
}

static void
a_request_that_waits_is_the_connection_that_comes_of_it(void **state)
{
	(void)state;
	list(NULL, 0, 100);
	list_one(tcp(80, 5000, GW_SOCKET_SYN_RCVD, 4), 200);
	hear(change(8, 80, 5000, GW_SOCKET_LISTEN, GW_SOCKET_SYN_RCVD), 250);
	hear(change(8, 80, 5000, GW_SOCKET_SYN_RCVD, GW_SOCKET_ESTABLISHED),
	    251);
	assert_string_equal(all(), "SYN_RCVD 200 ESTABLISHED! 251;");
}

static void
a_port_that_is_not_chosen_yet_is_found_by_the_rest(void **state)
{
	(void)state;
	list(NULL, 0, 100);
	hear(change(7, 0, 80, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT), 150);
	list_one(tcp(5000, 80, GW_SOCKET_SYN_SENT, 1), 200);
	assert_string_equal(all(), "SYN_SENT! 150;");
	hear(change(7, 5000, 80, GW_SOCKET_SYN_SENT, GW_SOCKET_ESTABLISHED),
	    250);
	assert_string_equal(all(), "SYN_SENT! 150 ESTABLISHED! 250;");
	/* Which of two it is only the next change tells. */
	hear(change(8, 0, 80, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT), 260);
	hear(change(9, 0, 80, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT), 270);
	list_one(tcp(5002, 80, GW_SOCKET_SYN_SENT, 2), 300);
	hear(change(8, 5001, 80, GW_SOCKET_SYN_SENT, GW_SOCKET_ESTABLISHED),
	    310);
	hear(change(9, 5002, 80, GW_SOCKET_SYN_SENT, GW_SOCKET_ESTABLISHED),
	    320);
	assert_string_equal(all(), "SYN_SENT! 150 ESTABLISHED! 250;"
				   "SYN_SENT! 270 ESTABLISHED! 320;");
	/* One that was taken for another: the ends decide. */
	hear(change(10, 0, 81, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT), 330);
	list_one(tcp(5003, 81, GW_SOCKET_SYN_SENT, 3), 400);
	hear(change(10, 5004, 81, GW_SOCKET_SYN_SENT, GW_SOCKET_ESTABLISHED),
	    410);
	assert_non_null(strstr(all(), "SYN_SENT! 330;"));
}

static void
an_address_of_the_kernel_is_used_again(void **state)
{
	(void)state;
	list(NULL, 0, 100);
	hear(change(7, 0, 80, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT), 110);
	hear(change(7, 5000, 80, GW_SOCKET_SYN_SENT, GW_SOCKET_ESTABLISHED),
	    111);
	list_one(tcp(5000, 80, GW_SOCKET_ESTABLISHED, 1), 200);
	hear(change(7, 0, 81, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT), 210);
	hear(change(7, 5001, 81, GW_SOCKET_SYN_SENT, GW_SOCKET_ESTABLISHED),
	    211);
	list_one(tcp(5001, 81, GW_SOCKET_ESTABLISHED, 2), 300);
	list_one(tcp(5001, 81, GW_SOCKET_ESTABLISHED, 2), 400);
	assert_string_equal(all(), "SYN_SENT! 110 ESTABLISHED! 111 gone 300;"
				   "SYN_SENT! 210 ESTABLISHED! 211;");
}

static void
an_id_used_again_is_another_socket_even_if_its_end_was_lost(void **state)
{
	(void)state;
	list(NULL, 0, 100);
	hear(change(7, 0, 80, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT), 110);
	hear(change(7, 0, 81, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT), 120);
	hear(change(7, 5001, 81, GW_SOCKET_SYN_SENT, GW_SOCKET_ESTABLISHED),
	    121);
	list_one(tcp(5001, 81, GW_SOCKET_ESTABLISHED, 2), 200);
	assert_string_equal(all(), "SYN_SENT! 120 ESTABLISHED! 121;");
}

static void
ends_used_again_within_one_round(void **state)
{
	(void)state;
	list_one(tcp(5000, 80, GW_SOCKET_ESTABLISHED, 1), 100);
	hear(change(7, 5000, 80, GW_SOCKET_ESTABLISHED, GW_SOCKET_CLOSED), 110);
	hear(change(8, 5000, 80, GW_SOCKET_CLOSED, GW_SOCKET_SYN_SENT), 120);
	hear(change(8, 5000, 80, GW_SOCKET_SYN_SENT, GW_SOCKET_ESTABLISHED),
	    121);
	hear(change(8, 5000, 80, GW_SOCKET_ESTABLISHED, GW_SOCKET_CLOSED), 130);
	list_one(remains(5000, 80, GW_SOCKET_TIME_WAIT, 3), 200);
	assert_string_equal(all(),
	    "ESTABLISHED= 100 gone! 110;"
	    "SYN_SENT! 120 ESTABLISHED! 121 TIME_WAIT! 130;");
}

static void
connections_of_others_are_not_shown_and_bounded(void **state)
{
	(void)state;
	list(NULL, 0, 100);
	for (unsigned i = 0; i < GW_HISTORY_ASIDE_MAX + 100; i++)
		hear(change(i + 1, (uint16_t)(i + 1), 80, GW_SOCKET_CLOSED,
			 GW_SOCKET_SYN_SENT),
		    101);
	assert_string_equal(all(), "");
	/* The oldest had to go. */
	list_one(tcp(1, 80, GW_SOCKET_SYN_SENT, 1), 200);
	assert_string_equal(all(), "SYN_SENT 200;");
	gw_history_forget(h, AT(101) + 61 * GW_SEC);
	list_one(tcp(4000, 80, GW_SOCKET_SYN_SENT, 2), 300);
	assert_non_null(strstr(all(), "SYN_SENT 300;"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_transition_of_a_connection_between_two_lists),
		CASE(the_passive_side_is_confirmed_by_its_end),
		CASE(one_that_is_surely_ours_needs_no_confirmation),
		CASE(one_that_could_not_connect_has_lost_its_ends),
		CASE(a_listener_of_ours_meets_its_cookie_later),
		CASE(a_connection_that_a_list_showed_is_heard_of_from_then_on),
		CASE(a_request_that_waits_is_the_connection_that_comes_of_it),
		CASE(a_port_that_is_not_chosen_yet_is_found_by_the_rest),
		CASE(an_address_of_the_kernel_is_used_again),
		CASE(
		    an_id_used_again_is_another_socket_even_if_its_end_was_lost),
		CASE(ends_used_again_within_one_round),
		CASE(connections_of_others_are_not_shown_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
