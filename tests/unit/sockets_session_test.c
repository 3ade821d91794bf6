/* What godwit sockets shows of sessions over UDP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sockets_explain.h"
#include "cli/sockets_json.h"
#include "cli/sockets_row.h"
#include "json_read.h"
#include "test.h"

static struct gw_socket
session(void)
{
	return (struct gw_socket){ .protocol = GW_SOCKET_SESSION,
		.state = GW_SOCKET_TIME_WAIT,
		.local = { { [10] = 0xff, 0xff, 10, 0, 0, 1 }, 4639 },
		.remote = { { [10] = 0xff, 0xff, 10, 0, 0, 2 }, 50000 },
		.recv_queue = 7,
		.send_queue = 8,
		.uid = 1000,
		.session_known = true,
		.session = { .cwnd = 12001,
		    .in_flight = 2400,
		    .rate = 1250000,
		    .rtt = 20000,
		    .rtt_min = 19000,
		    .sent = 100,
		    .received = 50,
		    .lost = 5,
		    .spurious = 2,
		    .acked = 120000,
		    .got = 64,
		    .datagram = 1200,
		    .initiator = true,
		    .in_state = 1500 * GW_MSEC,
		    .cipher = "AES-256-GCM",
		    .congestion = "bbr" } };
}

static void
shows(const struct gw_socket *s, enum cli_sockets_column c, const char *want)
{
	char text[CLI_SOCKETS_TEXT];
	size_t n = cli_sockets_cell(text, c, s, NULL);

	assert_string_equal(text, want);
	assert_int_equal(n, strlen(want));
}

static void
a_session_has_the_cells_of_a_connection(void **state)
{
	struct gw_socket s = session();
	char text[CLI_SOCKETS_TEXT], all[4096];
	size_t n = 0;

	(void)state;
	shows(&s, CLI_COLUMN_PROTO, "godwit/udp");
	shows(&s, CLI_COLUMN_STATE, "TIME_WAIT");
	shows(&s, CLI_COLUMN_RECV_Q, "7");
	shows(&s, CLI_COLUMN_SEND_Q, "8");
	shows(&s, CLI_COLUMN_REMOTE, "10.0.0.2:50000");
	shows(&s, CLI_COLUMN_RTT, "20ms");
	shows(&s, CLI_COLUMN_CWND, "11"); /* 10 packets and a byte */
	shows(&s, CLI_COLUMN_RETRANS, "5");
	shows(&s, CLI_COLUMN_RATE, "10Mbit/s");
	shows(&s, CLI_COLUMN_DROPS, "");
	for (unsigned i = 0; cli_sockets_detail(text, &s, i); i++)
		n += (size_t)snprintf(all + n, sizeof all - n, "%s|", text);
	assert_string_equal(all,
	    "begun here  for 1.5 s  carrier udp  cipher AES-256-GCM|"
	    "rtt 20 ms (least 19 ms)|bbr cwnd 12 kB  in flight 2.4 kB||"
	    "lost 5 (2 of them not)|rate 10 Mbit/s|"
	    "datagrams 100 out 50 in of 1200 B|"
	    "acknowledged 120 kB  received 64 B|||uid 1000|");
	/* Before the handshake there is nothing to say. */
	s.ipv6 = true;
	s.session = (struct gw_socket_session){ .initiator = false };
	shows(&s, CLI_COLUMN_PROTO, "godwit/udp6");
	shows(&s, CLI_COLUMN_RTT, "");
	shows(&s, CLI_COLUMN_CWND, "");
	shows(&s, CLI_COLUMN_RATE, "");
}

static void
a_path_ends_with_closed(void **state)
{
	struct gw_history_entry e = { .socket = session(),
		.steps = { { .since = GW_SEC,
			       .state = GW_SOCKET_TIME_WAIT,
			       .exact = true },
		    { .since = 2 * GW_SEC,
			.state = GW_SOCKET_CLOSED,
			.exact = true } },
		.step_count = 1 };
	char text[CLI_SOCKETS_TEXT];

	(void)state;
	cli_sockets_path(text, &e, 0, 3 * GW_SEC);
	assert_string_equal(text, "TIME_WAIT 2.0 s");
	e.step_count = 2;
	cli_sockets_path(text, &e, 1, 3 * GW_SEC);
	assert_string_equal(text, "TIME_WAIT 1.0 s -> CLOSED");
	/* A socket without a connection may go on for hours. */
	e.socket.protocol = GW_SOCKET_TCP;
	cli_sockets_path(text, &e, 1, 3 * GW_SEC);
	assert_string_equal(text, "TIME_WAIT 1.0 s -> CLOSED 1.0 s");
}

static void
what_is_different_for_a_session_is_said_of_one(void **state)
{
	char *text = cli_sockets_sentences(GW_SOCKET_TIME_WAIT, true, 4, 200);

	(void)state;
	assert_non_null(strstr(text, "Of a session of godwit: 2 MSL are"));
	free(text);
	text = cli_sockets_sentences(GW_SOCKET_LISTEN, true, 4, 200);
	assert_null(strstr(text, "Of a session"));
	free(text);
}

static void
a_session_as_json(void **state)
{
	struct cli_sockets_json_options j = { .processes = false };
	struct gw_socket s = session();
	cJSON *o = json_parsed(cli_sockets_json(&s, &j));

	(void)state;
	assert_string_equal(json_string(o, "protocol"), "godwit");
	assert_string_equal(json_string(o, "carrier"), "udp");
	assert_string_equal(json_string(o, "state"), "TIME_WAIT");
	assert_string_equal(json_string(o, "cipher"), "AES-256-GCM");
	assert_string_equal(json_string(o, "congestion"), "bbr");
	assert_true(
	    cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "initiator")));
	assert_true(json_number(o, "in_state") == 1.5);
	assert_true(json_number(o, "rtt") == 0.02);
	assert_true(json_number(o, "rtt_min") == 0.019);
	assert_int_equal(json_number(o, "cwnd_bytes"), 12001);
	assert_int_equal(json_number(o, "in_flight"), 2400);
	assert_int_equal(json_number(o, "datagram"), 1200);
	assert_int_equal(json_number(o, "datagrams_sent"), 100);
	assert_int_equal(json_number(o, "datagrams_received"), 50);
	assert_int_equal(json_number(o, "lost"), 5);
	assert_int_equal(json_number(o, "spurious"), 2);
	assert_int_equal(json_number(o, "rate"), 1250000);
	assert_int_equal(json_number(o, "acknowledged"), 120000);
	assert_int_equal(json_number(o, "received"), 64);
	assert_null(cJSON_GetObjectItemCaseSensitive(o, "mss"));
	cJSON_Delete(o);
	s.session.cipher[0] = '\0';
	o = json_parsed(cli_sockets_json(&s, &j));
	assert_true(
	    cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(o, "cipher")));
	cJSON_Delete(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_has_the_cells_of_a_connection),
		cmocka_unit_test(a_path_ends_with_closed),
		cmocka_unit_test(
		    what_is_different_for_a_session_is_said_of_one),
		cmocka_unit_test(a_session_as_json),
	};

	return cmocka_run_group_tests_name(
	    "sockets_session", tests, NULL, NULL);
}
