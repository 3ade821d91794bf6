#include "diag/socket_history.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "test.h"

/* Times are in milliseconds here. */
#define AT(ms) ((ms)*GW_MSEC)

static struct gw_history *h;

static int
setup(void **state)
{
	(void)state;
	return gw_history_new(42, &h) == GW_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	gw_history_free(h);
	return 0;
}

/* 127.0.0.1:port to 127.0.0.1:peer; without peer it listens. */
static struct gw_socket
tcp(uint16_t port, uint16_t peer, enum gw_socket_state s, uint64_t cookie)
{
	struct gw_socket socket = { .protocol = GW_SOCKET_TCP,
		.state = (uint8_t)s,
		.cookie = cookie,
		.inode = s == GW_SOCKET_TIME_WAIT ? 0 : 1,
		.local = { { [10] = 0xff, 0xff, 127, 0, 0, 1 }, port },
		.remote = { { [10] = 0xff, 0xff }, peer } };

	if (peer != 0)
		socket.remote.address[12] = 127;
	return socket;
}

static struct gw_socket
remains(uint16_t port, uint16_t peer, enum gw_socket_state s, uint64_t cookie)
{
	struct gw_socket socket = tcp(port, peer, s, cookie);

	socket.inode = 0;
	return socket;
}

/* A list that took from 10 ms before `ms` to then. */
static void
list(const struct gw_socket *v, size_t n, unsigned ms)
{
	assert_int_equal(
	    gw_history_snapshot(h, v, n, AT(ms) - AT(10), AT(ms)), GW_OK);
}

static void
list_one(struct gw_socket s, unsigned ms)
{
	list(&s, 1, ms);
}

static struct gw_transition
change(uint64_t id, uint16_t port, uint16_t peer, enum gw_socket_state from,
    enum gw_socket_state to)
{
	struct gw_socket s = tcp(port, peer, to, 0);

	return (struct gw_transition){ .id = id,
		.local = s.local,
		.remote = s.remote,
		.from = (uint8_t)from,
		.to = (uint8_t)to };
}

static void
hear(struct gw_transition t, unsigned ms)
{
	t.at = AT(ms);
	assert_int_equal(gw_history_transition(h, &t), GW_OK);
}

static void
end(struct gw_socket s, unsigned ms)
{
	s.state = GW_SOCKET_CLOSED;
	assert_int_equal(gw_history_ended(h, &s, AT(ms)), GW_OK);
}

/* "LISTEN 100 gone 250;...": every entry with its steps and their times; "="
 * after a step that was there before, "!" after an exact one. */
static const char *
all(void)
{
	static char text[4096];
	const struct gw_history_entry *e = NULL;
	size_t n = 0;

	text[0] = '\0';
	while ((e = gw_history_next(h, e)) != NULL) {
		for (unsigned i = 0; i < e->step_count; i++)
			n += (size_t)sprintf(text + n, "%s%s%s%s %u",
			    i > 0 ? " " : "",
			    gw_socket_state_name(e->steps[i].state),
			    e->steps[i].before ? "=" : "",
			    e->steps[i].exact ? "!" : "",
			    (unsigned)(e->steps[i].since / GW_MSEC));
		n += (size_t)sprintf(text + n, ";");
	}
	return text;
}

/* All news, "PORT STATE;" each. */
static const char *
news(void)
{
	static char text[4096];
	struct gw_history_change c;
	size_t n = 0;

	text[0] = '\0';
	while (gw_history_change(h, &c))
		n += (size_t)sprintf(text + n, "%u %s;",
		    c.entry->socket.local.port,
		    gw_socket_state_name(c.entry->steps[c.step].state));
	return text;
}

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

/* ---- transitions ---- */

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

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
		CASE(every_transition_of_a_connection_between_two_lists),
		CASE(the_passive_side_is_confirmed_by_its_end),
		CASE(one_that_is_surely_ours_needs_no_confirmation),
		CASE(a_listener_of_ours_meets_its_cookie_later),
		CASE(a_connection_that_a_list_showed_is_heard_of_from_then_on),
		CASE(a_request_that_waits_is_the_connection_that_comes_of_it),
		CASE(a_port_that_is_not_chosen_yet_is_found_by_the_rest),
		CASE(an_address_of_the_kernel_is_used_again),
		CASE(ends_used_again_within_one_round),
		CASE(connections_of_others_are_not_shown_and_bounded),
		CASE(what_is_gone_is_forgotten_once_it_is_told),
		CASE(without_memory_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
