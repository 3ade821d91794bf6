/*
 * What godwit sockets shows: cells, tables of any width, paths, sentences,
 * JSON; and the command on real sockets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/sockets_explain.h"
#include "cli/sockets_json.h"
#include "cli/sockets_table.h"
#include "cli/text.h"
#include "json_read.h"
#include "loopback.h"
#include "program.h"
#include "test.h"

static struct gw_socket
established(void)
{
	return (struct gw_socket){ .protocol = GW_SOCKET_TCP,
		.state = GW_SOCKET_ESTABLISHED,
		.local = { { [10] = 0xff, 0xff, 127, 0, 0, 1 }, 8008 },
		.remote = { { [10] = 0xff, 0xff, 192, 168, 100, 200 }, 50000 },
		.recv_queue = 7,
		.send_queue = 123456,
		.uid = 1000,
		.inode = 4711,
		.tcp_known = true,
		.tcp = { .rtt = 30,
		    .rtt_min = 20,
		    .rtt_var = 5,
		    .cwnd = 10,
		    .mss = 1448,
		    .retransmitted = 2,
		    .delivery_rate = 537500000,
		    .acked = 1200000,
		    .received = 5 },
		.timer = GW_TIMER_RETRANSMIT,
		.timer_ms = 204,
		.retransmits = 3,
		.owner = { .pid = 77, .others = 2, .name = "ssh\033d" } };
}

static struct gw_socket
listener(void)
{
	return (struct gw_socket){ .protocol = GW_SOCKET_TCP,
		.state = GW_SOCKET_LISTEN,
		.ipv6 = true,
		.local.port = 22,
		.send_queue = 128,
		.drops = 4,
		.drops_known = true };
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
each_cell_is_one_word(void **state)
{
	struct gw_socket s = established(), l = listener();

	(void)state;
	shows(&s, CLI_COLUMN_PROTO, "tcp");
	shows(&s, CLI_COLUMN_STATE, "ESTABLISHED");
	shows(&s, CLI_COLUMN_RECV_Q, "7");
	shows(&s, CLI_COLUMN_SEND_Q, "123456");
	shows(&s, CLI_COLUMN_LOCAL, "127.0.0.1:8008");
	shows(&s, CLI_COLUMN_REMOTE, "192.168.100.200:50000");
	shows(&s, CLI_COLUMN_RTT, "0.03ms");
	shows(&s, CLI_COLUMN_CWND, "10");
	shows(&s, CLI_COLUMN_RETRANS, "2");
	shows(&s, CLI_COLUMN_RATE, "4.3Gbit/s");
	shows(&s, CLI_COLUMN_DROPS, "");
	/* What a process calls itself cannot act on a terminal. */
	shows(&s, CLI_COLUMN_PROCESS, "ssh\\x1bd/77+2");
	shows(&l, CLI_COLUMN_PROTO, "tcp6");
	shows(&l, CLI_COLUMN_REMOTE, "*");
	shows(&l, CLI_COLUMN_RTT, "");
	shows(&l, CLI_COLUMN_DROPS, "4");
	shows(&l, CLI_COLUMN_PROCESS, "");
}

static void
addresses_are_written_as_people_write_them(void **state)
{
	struct gw_socket s = listener();

	(void)state;
	/* Both families, one, the other. */
	shows(&s, CLI_COLUMN_LOCAL, "*:22");
	s.ipv6_only = true;
	shows(&s, CLI_COLUMN_LOCAL, "[::]:22");
	s = listener();
	s.ipv6 = false;
	s.local.address[10] = s.local.address[11] = 0xff;
	shows(&s, CLI_COLUMN_LOCAL, "0.0.0.0:22");
	/* Bound to an interface. */
	s.device = 1;
	shows(&s, CLI_COLUMN_LOCAL, "0.0.0.0%lo:22");
	s = established();
	s.ipv6 = true;
	memset(s.local.address, 0, 16);
	s.local.address[0] = 0xfe;
	s.local.address[1] = 0x80;
	s.local.address[15] = 1;
	s.remote.address[10] = 0;
	s.device = 1;
	shows(&s, CLI_COLUMN_LOCAL, "[fe80::1%lo]:8008");
}

static void
details_say_the_rest(void **state)
{
	struct gw_socket s = established();
	char text[CLI_SOCKETS_TEXT], all[4096];
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; cli_sockets_detail(text, &s, i); i++)
		n += (size_t)snprintf(all + n, sizeof all - n, "%s|", text);
	assert_string_equal(all,
	    "|rtt 0.03 ms (least 0.02 ms)|cwnd 10 of 1448 B|retrans 2||"
	    "rate 4.3 Gbit/s||acknowledged 1.2 MB  received 5 B|"
	    "timer retransmission in 204 ms (3 so far)||uid 1000|");
}

/* ---- tables ---- */

static char *
table(const struct gw_socket *v, size_t n, unsigned width, bool details)
{
	struct cli_sockets_table_options o = {
		.processes = true, .details = details, .width = width
	};
	struct cli_style style = { .columns = width + 1, .utf8 = true };
	FILE *file = tmpfile();
	int before = dup(STDOUT_FILENO);
	char *text = cli_alloc(PROGRAM_OUTPUT, 1);

	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	cli_sockets_table(v, n, &o, &style);
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	close(before);
	if (pread(fileno(file), text, PROGRAM_OUTPUT - 1, 0) < 0)
		fail();
	fclose(file);
	return text;
}

static void
a_table_fits_whatever_the_width(void **state)
{
	struct gw_socket v[] = { listener(), established() };

	(void)state;
	for (unsigned width = 1; width < 200; width++)
		for (int details = 0; details < 2; details++) {
			char *text = table(v, 2, width, details), *rest = text;
			char *line;
			unsigned lines = 0;

			/* The state is the last to go. */
			if (width >= 6)
				says(text, "LISTEN");
			while ((line = strsep(&rest, "\n")) != NULL) {
				lines += *line != '\0';
				if (cli_text_columns(line) > width)
					fail_msg("%u: %s", width, line);
			}
			assert_true(lines >= 3);
			if (!details)
				assert_int_equal(lines, 3);
			free(text);
		}
}

static void
the_least_needed_column_goes_first(void **state)
{
	struct gw_socket v[] = { listener(), established() };
	char *wide = table(v, 2, 150, false), *less = table(v, 2, 100, false),
	     *narrow = table(v, 2, 60, false), *cut = table(v, 2, 45, false);

	(void)state;
	says(wide, "CWND");
	says(wide, "4.3Gbit/s");
	says(wide, "DROPS");
	says_not(less, "CWND");
	says(less, "PROCESS");
	says(less, "192.168.100.200:50000");
	says_not(narrow, "PROCESS");
	says_not(narrow, "SEND-Q");
	says(narrow, "192.168.100.200:50000");
	/* Addresses are cut before they go. */
	says(cut, "PROTO");
	says(cut, "REMOTE");
	says_not(cut, "192.168.100.200:50000");
	free(cut);
	free(wide);
	free(less);
	free(narrow);
}

static void
for_a_program_every_row_has_the_same_words(void **state)
{
	struct gw_socket v[] = { listener(), established() };
	char *text = table(v, 2, 0, false), *rest = text, *line;

	(void)state;
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		unsigned words = 0;

		for (char *at = strtok(line, " "); at != NULL;
		     at = strtok(NULL, " "))
			words++;
		assert_int_equal(words, CLI_COLUMNS);
	}
	free(text);
}

/* ---- paths and sentences ---- */

static struct gw_history_entry
history(void)
{
	return (struct gw_history_entry){ .socket = established(),
		.steps = { { GW_SEC, GW_SOCKET_SYN_RCVD, true, true },
		    { GW_SEC + 12 * GW_MSEC, GW_SOCKET_ESTABLISHED, true,
			false },
		    { 5 * GW_SEC, GW_SOCKET_FIN_WAIT_2, false, false },
		    { 70 * GW_SEC, GW_SOCKET_GONE, true, false } },
		.step_count = 4 };
}

static void
a_path_has_the_time_in_each_state(void **state)
{
	struct gw_history_entry e = history();
	char text[CLI_SOCKETS_TEXT];

	(void)state;
	cli_sockets_path(text, &e, 3, 0);
	assert_string_equal(text,
	    "SYN_RCVD >12 ms -> ESTABLISHED ~4.0 s -> FIN_WAIT_2 ~1 min 5 s "
	    "-> gone");
	cli_sockets_path(text, &e, 1, GW_SEC + 15500);
	assert_string_equal(text, "SYN_RCVD >12 ms -> ESTABLISHED 3.5 ms");
	cli_sockets_path(text, &e, 0, 0);
	assert_string_equal(text, "SYN_RCVD");
	e.steps[0].exact = false;
	cli_sockets_path(text, &e, 0, 3 * GW_SEC);
	assert_string_equal(text, "SYN_RCVD >2.0 s");
}

static void
every_state_has_its_sentences(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= GW_SOCKET_STATES; i++) {
		const struct cli_sockets_meaning *m = cli_sockets_meaning(i);
		char *text = cli_sockets_sentences(i, false, 4, 60),
		     *rest = text;
		char *line;

		assert_non_null(m->meaning);
		assert_int_equal(m->meaning[strlen(m->meaning) - 1], '.');
		assert_int_equal(m->next == NULL, i == GW_SOCKET_GONE);
		assert_int_equal(m->stays == NULL, i == GW_SOCKET_GONE);
		assert_int_equal(
		    strstr(text, "Next: ") != NULL, i != GW_SOCKET_GONE);
		assert_null(strstr(text, "session of godwit"));
		while ((line = strsep(&rest, "\n")) != NULL) {
			assert_true(strlen(line) <= 60);
			assert_memory_equal(line, "    ", 4);
			assert_int_not_equal(line[4], ' ');
		}
		free(text);
	}
}

/* ---- JSON ---- */

static void
a_socket_as_json(void **state)
{
	struct gw_socket_owner owners[] = { { .pid = 1, .name = "a" },
		{ .pid = 2, .name = "b\xff" } };
	struct cli_sockets_json_options j = {
		.processes = true, .owners = owners, .owner_count = 2
	};
	struct gw_socket s = established(), l = listener();
	cJSON *o = json_parsed(cli_sockets_json(&s, &j)), *list;

	(void)state;
	assert_string_equal(json_string(o, "event"), "socket");
	assert_string_equal(json_string(o, "protocol"), "tcp");
	assert_string_equal(json_string(o, "family"), "ipv4");
	assert_string_equal(json_string(o, "state"), "ESTABLISHED");
	assert_string_equal(json_string(o, "local"), "127.0.0.1");
	assert_int_equal(json_number(o, "local_port"), 8008);
	assert_string_equal(json_string(o, "remote"), "192.168.100.200");
	assert_int_equal(json_number(o, "recv_queue"), 7);
	assert_int_equal(json_number(o, "send_queue"), 123456);
	assert_true(json_number(o, "rtt") == 0.00003);
	assert_int_equal(json_number(o, "rate"), 537500000);
	assert_int_equal(json_number(o, "retransmitted"), 2);
	assert_string_equal(json_string(o, "timer"), "retransmission");
	assert_true(json_number(o, "timer_left") == 0.204);
	list = cJSON_GetObjectItemCaseSensitive(o, "processes");
	assert_int_equal(cJSON_GetArraySize(list), 2);
	assert_string_equal(
	    json_string(cJSON_GetArrayItem(list, 1), "name_hex"), "62ff");
	assert_null(cJSON_GetObjectItemCaseSensitive(o, "drops"));
	cJSON_Delete(o);

	j = (struct cli_sockets_json_options){ .processes = false };
	o = json_parsed(cli_sockets_json(&l, &j));
	assert_true(
	    cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(o, "remote")));
	assert_string_equal(json_string(o, "local"), "::");
	assert_int_equal(json_number(o, "accept_queue_max"), 128);
	assert_int_equal(json_number(o, "drops"), 4);
	assert_null(cJSON_GetObjectItemCaseSensitive(o, "rtt"));
	assert_null(cJSON_GetObjectItemCaseSensitive(o, "processes"));
	cJSON_Delete(o);
}

static void
a_change_as_json(void **state)
{
	struct cli_sockets_json_options j = { .processes = true };
	struct gw_history_entry e = history();
	cJSON *o =
		  json_parsed(cli_sockets_json_change(&e, 1, 100 * GW_SEC, &j)),
	      *path;

	(void)state;
	assert_string_equal(json_string(o, "event"), "change");
	assert_string_equal(json_string(o, "from"), "SYN_RCVD");
	assert_string_equal(json_string(o, "to"), "ESTABLISHED");
	assert_true(json_number(o, "time") == 101.012);
	assert_true(json_number(o, "spent") == 0.012);
	assert_true(cJSON_IsTrue(
	    cJSON_GetObjectItemCaseSensitive(o, "spent_is_least")));
	assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "exact")));
	path = cJSON_GetObjectItemCaseSensitive(o, "path");
	assert_int_equal(cJSON_GetArraySize(path), 2);
	assert_true(
	    json_number(cJSON_GetArrayItem(path, 0), "seconds") == 0.012);
	assert_string_equal(json_string(o, "local"), "127.0.0.1");
	cJSON_Delete(o);

	o = json_parsed(cli_sockets_json_change(&e, 0, 0, &j));
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(o, "from")));
	cJSON_Delete(o);
	o = json_parsed(cli_sockets_json_meaning(GW_SOCKET_GONE));
	assert_string_equal(json_string(o, "state"), "gone");
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(o, "next")));
	cJSON_Delete(o);
}

/* ---- the command ---- */

static void
the_command_lists_explains_and_finds_nothing(void **state)
{
	char line[128], port_text[16];
	uint16_t port;
	int fd;

	(void)state;
	if (!loopback_is_told())
		skip();
	fd = loopback_listen(&port);
	snprintf(port_text, sizeof port_text, ":%u", port);
	snprintf(line, sizeof line, "godwit sockets %u -p", port);
	assert_int_equal(run(line), 0);
	says(result.out, "PROTO");
	says(result.out, port_text);
	says(result.out, "LISTEN");
	snprintf(line, sizeof line, "godwit sockets --json %u", port);
	assert_int_equal(run(line), 0);
	says(result.out, "\"event\":\"socket\"");
	snprintf(line, sizeof line, "godwit sockets %u established", port);
	assert_int_equal(run(line), 1);
	assert_string_equal(result.out, "");
	snprintf(line, sizeof line, "godwit sockets --explain %u", port);
	assert_int_equal(run(line), 0);
	says(result.out, "A program waits here");
	says_not(result.out, "TIME_WAIT");
	close(fd);
	/* Nothing is there: all states, or those that were asked about. */
	assert_int_equal(run(line), 1);
	says(result.out, "TIME_WAIT");
	says(result.out, "LAST_ACK");
	snprintf(line, sizeof line,
	    "godwit sockets --explain --json %u closing", port);
	assert_int_equal(run(line), 1);
	says(result.out, "\"state\":\"CLOSING\"");
	says_not(result.out, "LAST_ACK");
}

static void
what_does_not_fit_is_a_usage_error(void **state)
{
	(void)state;
	assert_int_equal(run("godwit sockets sshd"), 2);
	says(result.err, "\"sshd\" is no port");
	says(result.err, "proc=NAME");
	assert_int_equal(run("godwit sockets --watch --details"), 2);
	says(result.err, "one of them");
	assert_int_equal(run("godwit sockets host=no.such.host.invalid"), 3);
	says(result.err, "no.such.host.invalid");
	assert_int_equal(run("godwit sockets --help"), 0);
	says(result.out, "--explain");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_cell_is_one_word),
		cmocka_unit_test(addresses_are_written_as_people_write_them),
		cmocka_unit_test(details_say_the_rest),
		cmocka_unit_test(a_table_fits_whatever_the_width),
		cmocka_unit_test(the_least_needed_column_goes_first),
		cmocka_unit_test(for_a_program_every_row_has_the_same_words),
		cmocka_unit_test(a_path_has_the_time_in_each_state),
		cmocka_unit_test(every_state_has_its_sentences),
		cmocka_unit_test(a_socket_as_json),
		cmocka_unit_test(a_change_as_json),
		cmocka_unit_test(the_command_lists_explains_and_finds_nothing),
		cmocka_unit_test(what_does_not_fit_is_a_usage_error),
	};

	cli_text_init();
	return cmocka_run_group_tests(tests, program_begin, program_end);
}
