#include "diag/socket.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static void
states_are_known_by_all_their_names(void **state)
{
	static const struct {
		const char *word;
		enum gw_socket_state state;
	} known[] = {
		{ "LISTEN", GW_SOCKET_LISTEN },
		{ "syn-sent", GW_SOCKET_SYN_SENT },
		{ "SYN_RECV", GW_SOCKET_SYN_RCVD },
		{ "syn-recv", GW_SOCKET_SYN_RCVD },
		{ "SYN_RECEIVED", GW_SOCKET_SYN_RCVD },
		{ "SYN-RCVD", GW_SOCKET_SYN_RCVD },
		{ "fin_wait1", GW_SOCKET_FIN_WAIT_1 },
		{ "FIN-WAIT-2", GW_SOCKET_FIN_WAIT_2 },
		{ "closing", GW_SOCKET_CLOSING },
		{ "timewait", GW_SOCKET_TIME_WAIT },
		{ "TIME-WAIT", GW_SOCKET_TIME_WAIT },
		{ "close_wait", GW_SOCKET_CLOSE_WAIT },
		{ "lastack", GW_SOCKET_LAST_ACK },
		{ "CLOSE", GW_SOCKET_CLOSED },
		{ "closed", GW_SOCKET_CLOSED },
		{ "UNCONN", GW_SOCKET_UNCONNECTED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		assert_int_equal(gw_socket_state_parse(known[i].word),
		    GW_SOCKET_BIT(known[i].state));
	/* Its own name, whichever it is. */
	for (unsigned i = 0; i < GW_SOCKET_STATES; i++)
		assert_true(gw_socket_state_parse(gw_socket_state_name(i)) &
			    GW_SOCKET_BIT(i));
	assert_string_equal(gw_socket_state_name(GW_SOCKET_GONE), "gone");
}

static void
some_words_are_sets_of_states(void **state)
{
	(void)state;
	assert_int_equal(gw_socket_state_parse("listening"),
	    GW_SOCKET_BIT(GW_SOCKET_LISTEN) |
		GW_SOCKET_BIT(GW_SOCKET_UNCONNECTED));
	assert_int_equal(gw_socket_state_parse("ESTAB"),
	    GW_SOCKET_BIT(GW_SOCKET_ESTABLISHED) |
		GW_SOCKET_BIT(GW_SOCKET_CONNECTED));
	assert_true(gw_socket_state_parse("connected") &
		    GW_SOCKET_BIT(GW_SOCKET_TIME_WAIT));
	assert_false(gw_socket_state_parse("connected") & GW_SOCKET_LISTENING);
	assert_int_equal(gw_socket_state_parse(""), 0);
	assert_int_equal(gw_socket_state_parse("-_-"), 0);
	assert_int_equal(gw_socket_state_parse("gone"), 0);
	assert_int_equal(gw_socket_state_parse("establishedestablished"), 0);
}

static struct gw_socket
tcp(uint16_t port, uint16_t peer, enum gw_socket_state s)
{
	struct gw_socket socket = {
		.state = (uint8_t)s, .local.port = port, .remote.port = peer
	};

	return socket;
}

static void
what_listens_comes_first_then_the_port_counts(void **state)
{
	struct gw_socket v[] = { tcp(9, 1, GW_SOCKET_ESTABLISHED),
		tcp(80, 0, GW_SOCKET_LISTEN), tcp(7, 2, GW_SOCKET_TIME_WAIT),
		tcp(7, 1, GW_SOCKET_TIME_WAIT), tcp(22, 0, GW_SOCKET_LISTEN),
		tcp(53, 0, GW_SOCKET_UNCONNECTED) };
	static const uint16_t want[][2] = { { 22, 0 }, { 53, 0 }, { 80, 0 },
		{ 7, 1 }, { 7, 2 }, { 9, 1 } };

	(void)state;
	qsort(v, 6, sizeof *v, gw_socket_compare);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(v[i].local.port, want[i][0]);
		assert_int_equal(v[i].remote.port, want[i][1]);
	}
	assert_int_equal(gw_socket_compare(&v[0], &v[0]), 0);
}

static void
addresses_of_both_families(void **state)
{
	struct gw_socket_end any4 = { .address = { [10] = 0xff, [11] = 0xff } };
	struct gw_socket_end any6 = { .port = 5 }, one = any4;

	(void)state;
	one.address[15] = 1;
	assert_true(gw_socket_end_is_any(&any4));
	assert_true(gw_socket_end_is_ipv4(&any4));
	assert_true(gw_socket_end_is_any(&any6));
	assert_false(gw_socket_end_is_ipv4(&any6));
	assert_false(gw_socket_end_is_any(&one));
}

static void
the_same_ends_are_port_address_and_device(void **state)
{
	struct gw_socket a = tcp(1, 2, GW_SOCKET_LISTEN), b = a;

	(void)state;
	b.state = GW_SOCKET_CLOSED;
	b.cookie = 7;
	assert_true(gw_socket_same_ends(&a, &b));
	b.device = 1;
	assert_false(gw_socket_same_ends(&a, &b));
	b = a;
	b.remote.port = 3;
	assert_false(gw_socket_same_ends(&a, &b));
	b = a;
	b.local.address[3] = 3;
	assert_false(gw_socket_same_ends(&a, &b));
}

static void
protocols_and_timers_have_names(void **state)
{
	struct gw_socket s = tcp(1, 2, GW_SOCKET_TIME_WAIT);

	(void)state;
	assert_string_equal(gw_socket_protocol_name(&s), "tcp");
	s.ipv6 = true;
	s.protocol = GW_SOCKET_UDP;
	assert_string_equal(gw_socket_protocol_name(&s), "udp6");
	assert_null(gw_socket_timer_name(&s));
	s.timer = GW_TIMER_TIME_WAIT;
	assert_string_equal(gw_socket_timer_name(&s), "time-wait");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_are_known_by_all_their_names),
		cmocka_unit_test(some_words_are_sets_of_states),
		cmocka_unit_test(what_listens_comes_first_then_the_port_counts),
		cmocka_unit_test(addresses_of_both_families),
		cmocka_unit_test(the_same_ends_are_port_address_and_device),
		cmocka_unit_test(protocols_and_timers_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
