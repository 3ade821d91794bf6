/*
 * The program without a terminal: what it asks of the library, what it says,
 * and how it ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"
#include "test.h"

/* ---- who waits, who connects ---- */

static void
usage_errors_end_with_2(void **state)
{
	static const char *const lines[] = { "godwit", "godwit fly",
		"godwit send", "godwit send --bad x", "godwit send a -",
		"godwit send x --to h --listen :1", "godwit send x --name y",
		"godwit send x --null", "godwit send a b --files-from f",
		"godwit send x --to host", "godwit send x --to host --code",
		"godwit send x --code short", "godwit send x --timeout 0",
		"godwit send x --carrier sctp",
		"godwit send x --congestion reno",
		"godwit send x --carrier tcp --background",
		"godwit recv --yes --carrier tcp --congestion cubic",
		"godwit send x --background --congestion cubic",
		"godwit send x --code 7-a-b --code-file f",
		"godwit send x --to host:99999 --code 7-a-b",
		"godwit recv one-secret-code", "godwit recv",
		"godwit recv 7-crane-otter --no-discovery",
		"godwit recv --from host", "godwit recv a b --from host",
		"godwit recv 7-a-b --code 7-a-b --from host",
		"godwit recv --yes --on-conflict ask",
		"godwit recv --yes --on-conflict perhaps",
		"godwit recv --yes --stdout -o x", "godwit help fly",
		"godwit partials x", "godwit partials --clear a --clear-all",
		"godwit dgram", "godwit dgram fly", "godwit help dgram fly",
		"godwit dgram listen", "godwit dgram send host" };

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		PLAY(transfer);
		if (run(lines[i]) != 2)
			fail_msg("%s: %d", lines[i], result.status);
		assert_int_equal(result.seen.sends + result.seen.recvs, 0);
		assert_true(strlen(result.err) > 0);
		assert_string_equal(result.out, "");
	}
}

static void
recv_without_a_terminal_says_to_add_yes(void **state)
{
	(void)state;
	PLAY(transfer);
	run("godwit recv");
	says(result.err, "--yes");
}

static void
a_waiting_send_prints_the_other_command(void **state)
{
	(void)state;
	PLAY(transfer);
	assert_int_equal(run("godwit send photos"), 0);
	says(result.err, "Code: 7-crane-otter\n");
	says(result.err,
	    "    godwit recv 7-crane-otter --from 192.168.1.5:40123\n");
	says(result.err, "3 files, 1.2 GB in 4.1 s (293 MB/s), checked and "
			 "durable on kitchen\\x1bpc.");
	says_not(result.err, "\033");
	assert_string_equal(result.out, "");
	assert_int_equal(result.seen.sends, 1);
	assert_string_equal(result.seen.host, "");
	assert_string_equal(result.seen.code, "");
	assert_int_equal(result.seen.confined, 1);
}

static void
a_waiting_recv_prints_the_other_command(void **state)
{
	(void)state;
	PLAY(transfer);
	assert_int_equal(run("godwit recv --yes -o in"), 0);
	says(result.err, "    godwit send PATH --to 192.168.1.5:40123 --code "
			 "7-crane-otter\n");
	says(result.err, "durable in in.");
	assert_true(result.seen.recv.accept);
	assert_string_equal(result.seen.dir, "in");
	assert_int_equal(result.seen.recv.on_conflict, GW_CONFLICT_RENAME);
}

static void
a_secret_code_is_not_shown(void **state)
{
	(void)state;
	PLAY(transfer);
	setenv("GODWIT_CODE", "7-crane-otter", 1);
	assert_int_equal(run("godwit send photos"), 0);
	assert_string_equal(result.seen.code, "7-crane-otter");
	says(result.err, "godwit recv - --from 192.168.1.5:40123");
	says_not(result.err, "otter");
	unsetenv("GODWIT_CODE");
	/* On the command line it was no secret. */
	PLAY(transfer);
	assert_int_equal(run("godwit send photos --code 7-crane-otter"), 0);
	says(result.err, "Code: 7-crane-otter\n");
}

static void
the_connecting_side_names_host_and_code(void **state)
{
	(void)state;
	PLAY(transfer);
	assert_int_equal(
	    run("godwit send x --to host:4640 --code 7-crane-otter"), 0);
	assert_string_equal(result.seen.host, "host");
	assert_int_equal(result.seen.send.link.port, 4640);
	assert_string_equal(result.seen.code, "7-crane-otter");
	PLAY(transfer);
	assert_int_equal(run("godwit recv 7-crane-otter --from [::1]:1"), 0);
	assert_string_equal(result.seen.host, "::1");
	assert_string_equal(result.seen.code, "7-crane-otter");
	assert_true(result.seen.recv.accept);
	PLAY(transfer);
	setenv("GODWIT_CODE", "9-ox-ant", 1);
	assert_int_equal(run("godwit recv - --from host"), 0);
	assert_string_equal(result.seen.code, "9-ox-ant");
	/* A named code goes over the environment. */
	PLAY(transfer);
	assert_int_equal(run("godwit recv 7-a-b --from host"), 0);
	assert_string_equal(result.seen.code, "7-a-b");
	unsetenv("GODWIT_CODE");
}

static void
options_reach_the_library(void **state)
{
	const struct gw_send_options *s = &result.seen.send;
	const struct gw_recv_options *r = &result.seen.recv;

	(void)state;
	PLAY(transfer);
	assert_int_equal(
	    run("godwit send -z --checksum --limit-rate 8mbit --timeout 5s "
		"--retry 0 --code-words 4 --listen :4640 x photos"),
	    0);
	assert_int_equal(s->path_count, 2);
	assert_true(s->compress);
	assert_true(s->checksum);
	assert_int_equal(s->link.rate, 1000000);
	assert_int_equal(s->link.timeout_ms, 5000);
	assert_true(s->link.retry_set);
	assert_int_equal(s->link.retry_ms, 0);
	assert_int_equal(s->link.code_words, 4);
	assert_int_equal(s->link.port, 4640);
	assert_true(s->link.port_required);
	PLAY(transfer);
	assert_int_equal(run("godwit recv --yes --once -a --on-conflict newer "
			     "--listen ::1 --retry 15m"),
	    0);
	assert_true(r->once);
	assert_true(r->archive);
	assert_int_equal(r->on_conflict, GW_CONFLICT_NEWER);
	assert_int_equal(r->link.retry_ms, 900000);
	assert_false(r->link.port_required);
}

static void
carrier_and_congestion_reach_the_library(void **state)
{
	static const struct {
		const char *words;
		enum gw_carriers carriers;
		enum gw_congestion congestion;
	} v[] = {
		{ "", GW_CARRIERS_AUTO, GW_CONGESTION_BBR },
		{ " --carrier udp", GW_CARRIERS_UDP, GW_CONGESTION_BBR },
		{ " --carrier tcp", GW_CARRIERS_TCP, GW_CONGESTION_BBR },
		{ " --congestion cubic", GW_CARRIERS_AUTO,
		    GW_CONGESTION_CUBIC },
		{ " --background --carrier udp", GW_CARRIERS_UDP,
		    GW_CONGESTION_LEDBAT },
		{ " --background --congestion ledbat", GW_CARRIERS_AUTO,
		    GW_CONGESTION_LEDBAT },
	};
	const struct gw_link_options *send = &result.seen.send.link;
	const struct gw_link_options *recv = &result.seen.recv.link;
	char line[200];

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		PLAY(transfer);
		snprintf(line, sizeof line, "godwit send%s photos", v[i].words);
		assert_int_equal(run(line), 0);
		assert_int_equal(send->carriers, v[i].carriers);
		assert_int_equal(send->congestion, v[i].congestion);
		says(result.err, "Over tcp: it was asked for.");
		PLAY(transfer);
		snprintf(line, sizeof line, "godwit recv --yes --once%s",
		    v[i].words);
		assert_int_equal(run(line), 0);
		assert_int_equal(recv->carriers, v[i].carriers);
		assert_int_equal(recv->congestion, v[i].congestion);
	}
}

/* ---- output ---- */

static void
events_go_to_standard_output_one_a_line(void **state)
{
	(void)state;
	PLAY(transfer);
	assert_int_equal(run("godwit send --json x"), 0);
	assert_memory_equal(result.out, "{\"event\":\"listening\"", 20);
	says(result.out, "\n{\"event\":\"connected\"");
	says(result.out, "\n{\"event\":\"offer\"");
	says(result.out, "\n{\"event\":\"complete\"");
	says(result.out, "\"status\":0}\n");
	says_not(result.err, "{");
}

static void
with_content_on_standard_output_events_go_to_the_other(void **state)
{
	(void)state;
	PLAY(transfer);
	assert_int_equal(run("godwit recv 7-a-b --from h --stdout --json"), 0);
	assert_string_equal(result.out, "");
	assert_memory_equal(result.err, "{\"event\":\"listening\"", 20);
	says_not(result.err, "Code:");
	assert_int_equal(result.seen.recv.output_fd, STDOUT_FILENO);
}

static void
quiet_still_says_how_to_come(void **state)
{
	(void)state;
	PLAY(transfer);
	assert_int_equal(run("godwit send -q x"), 0);
	assert_string_equal(
	    result.err, "godwit recv 7-crane-otter --from 192.168.1.5:40123\n");
}

static void
without_a_terminal_there_is_no_live_line(void **state)
{
	static const struct fake_step steps[] = { { .event = &connected },
		{ .event = &moving }, { .event = &stalled },
		{ .event = &stalled }, { .event = &the_end } };

	(void)state;
	PLAY(steps);
	assert_int_equal(run("godwit send x --to h --code 7-a-b"), 0);
	says_not(result.err, "\r");
	says_not(result.err, "50%");
	says(result.err, "Nothing moves for 12 s: waiting for the disk of "
			 "kitchen\\x1bpc.");
	/* Once. */
	assert_null(strstr(strstr(result.err, "Nothing") + 1, "Nothing"));
}

static void
a_dry_run_lists_on_standard_output(void **state)
{
	static const struct gw_event file = { .kind = GW_EVENT_ENTRY,
		.entry = { .name = "a\033b", .bytes = 5 } };
	static const struct gw_event dir = { .kind = GW_EVENT_ENTRY,
		.entry = { .name = "d", .kind = GW_KIND_DIR } };
	static const struct fake_step steps[] = { { .event = &file },
		{ .event = &dir }, { .event = &complete },
		{ .event = &the_end } };

	(void)state;
	PLAY(steps);
	/* It needs neither a peer nor a code. */
	assert_int_equal(run("godwit send -n x --to host"), 0);
	assert_true(result.seen.send.dry_run);
	assert_string_equal(result.out, "     5 B  a\\x1bb\n       -  d/\n");
	says(result.err, "3 files, 1.2 GB would be sent.");
}

/* ---- the end ---- */

static void
the_end_gives_the_exit_status(void **state)
{
	(void)state;
	for (int err = GW_OK; err < GW_E_COUNT; err++) {
		const struct gw_event end = { .kind = GW_EVENT_END,
			.end = { .err = (enum gw_err)err } };
		const struct fake_step steps[] = { { .event = &connected },
			{ .event = &end } };

		PLAY(steps);
		assert_int_equal(run("godwit send x --to h --code 7-a-b"),
		    gw_err_exit((enum gw_err)err));
		/* No failure without a word. */
		if (err != GW_OK && err != GW_E_SOME_FAILED &&
		    err != GW_E_INTERRUPTED)
			says(result.err, "godwit: ");
	}
}

static void
what_cannot_start_says_why(void **state)
{
	(void)state;
	PLAY(transfer);
	fake.start = GW_E_NO_PATH;
	fake.last_error = "photos\033: no such file";
	assert_int_equal(run("godwit send photos --json"), 7);
	says(result.err, "godwit: photos\\x1b: no such file\n");
	says(result.out, "\"error\":\"no-path\"");
	says(result.out, "\"status\":7");
	PLAY(transfer);
	assert_int_equal(run("godwit send x --files-from /nonexistent"), 7);
	says(result.err, "/nonexistent: No such file");
}

static void
without_landlock_it_warns_and_goes_on(void **state)
{
	(void)state;
	PLAY(transfer);
	fake.confine = GW_E_FAILED;
	assert_int_equal(run("godwit send x"), 0);
	says(result.err, "Landlock");
	PLAY(transfer);
	fake.confine = GW_E_DISK;
	assert_int_equal(run("godwit send x"), 7);
	assert_int_equal(result.seen.sends, 0);
}

/* ---- the rest ---- */

static void
help_fits_80_columns(void **state)
{
	static const char *const lines[] = { "godwit --help",
		"godwit help send", "godwit recv --help", "godwit partials -h",
		"godwit dgram -h", "godwit help dgram",
		"godwit help dgram listen", "godwit dgram send --help" };

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_int_equal(run(lines[i]), 0);
		says(result.out, "Usage: godwit");
		says(result.out, "Examples:");
		assert_string_equal(result.err, "");
		for (char *s = result.out; *s != '\0';) {
			size_t n = strcspn(s, "\n");

			if (n >= 80)
				fail_msg("%s: %.*s", lines[i], (int)n, s);
			s += n + (s[n] == '\n');
		}
	}
	assert_int_equal(run("godwit --version"), 0);
	assert_string_equal(result.out, "godwit 0.0.0\n");
}

static void
leftovers_are_listed_and_cleared(void **state)
{
	static const struct gw_partial all[] = {
		{ .id = "aa11", .peer = "pc", .dir = "/d", .first = "f\033" },
		{ .id = "ab22", .peer = "pc", .dir = "/d", .first = "g" },
		{ .id = "cc33", .peer = "pc", .dir = "/d", .active = true },
	};

	(void)state;
	PLAY(transfer);
	assert_int_equal(run("godwit partials"), 0);
	says(result.out, "Nothing was left behind.");
	fake.partials = all;
	fake.partial_count = 3;
	assert_int_equal(run("godwit partials"), 0);
	says(result.out, "f\\x1b");
	says(result.out, "in use");
	assert_int_equal(run("godwit partials --json"), 0);
	says(result.out, "{\"id\":\"aa11\"");
	assert_int_equal(run("godwit partials --clear ab"), 0);
	assert_string_equal(result.seen.cleared, "ab22");
	assert_int_equal(run("godwit partials --clear a"), 2);
	assert_string_equal(result.seen.cleared, "");
	assert_int_equal(run("godwit partials --clear zz"), 7);
	assert_int_not_equal(run("godwit partials --clear cc"), 0);
	says(result.err, "running transfer");
	assert_int_equal(run("godwit partials --clear-all"), 0);
	says(result.out, "aa11 removed\nab22 removed\n");
}

static void
what_the_configuration_says_gives_way_to_the_command(void **state)
{
	(void)state;
	setenv("GODWIT_LISTEN", ":4640", 1);
	setenv("GODWIT_OUTPUT", "in", 1);
	setenv("GODWIT_ARCHIVE", "yes", 1);
	setenv("GODWIT_ON_CONFLICT", "ask", 1);
	PLAY(transfer);
	assert_int_equal(run("godwit send x --to h --code 7-a-b"), 0);
	assert_null(result.seen.send.link.listen);
	assert_int_equal(result.seen.send.link.port, 0);
	PLAY(transfer);
	assert_int_equal(run("godwit recv 7-a-b --from h --stdout"), 0);
	assert_int_equal(result.seen.recv.on_conflict, GW_CONFLICT_RENAME);
	unsetenv("GODWIT_LISTEN");
	unsetenv("GODWIT_OUTPUT");
	unsetenv("GODWIT_ARCHIVE");
	unsetenv("GODWIT_ON_CONFLICT");
}

static void
a_key_that_no_command_knows_is_named(void **state)
{
	char dir[] = "/tmp/godwit-config-XXXXXX", path[64], file[80];
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/godwit", dir);
	snprintf(file, sizeof file, "%s/config", path);
	assert_int_equal(mkdir(path, 0700), 0);
	f = fopen(file, "w");
	fputs("limit-rate = 8mbit\ncolour = red\n", f);
	fclose(f);
	setenv("XDG_CONFIG_HOME", dir, 1);
	PLAY(transfer);
	assert_int_equal(run("godwit send x"), 2);
	says(result.err, "config:2: no option is called colour");
	f = fopen(file, "w");
	fputs("limit-rate = 8mbit\nrecv.yes = yes\n", f);
	fclose(f);
	assert_int_equal(run("godwit recv"), 0);
	assert_true(result.seen.recv.accept);
	assert_int_equal(result.seen.recv.link.rate, 1000000);
	unlink(file);
	rmdir(path);
	rmdir(dir);
	program_setup();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usage_errors_end_with_2),
		cmocka_unit_test(recv_without_a_terminal_says_to_add_yes),
		cmocka_unit_test(carrier_and_congestion_reach_the_library),
		cmocka_unit_test(a_waiting_send_prints_the_other_command),
		cmocka_unit_test(a_waiting_recv_prints_the_other_command),
		cmocka_unit_test(a_secret_code_is_not_shown),
		cmocka_unit_test(the_connecting_side_names_host_and_code),
		cmocka_unit_test(options_reach_the_library),
		cmocka_unit_test(events_go_to_standard_output_one_a_line),
		cmocka_unit_test(
		    with_content_on_standard_output_events_go_to_the_other),
		cmocka_unit_test(quiet_still_says_how_to_come),
		cmocka_unit_test(without_a_terminal_there_is_no_live_line),
		cmocka_unit_test(a_dry_run_lists_on_standard_output),
		cmocka_unit_test(the_end_gives_the_exit_status),
		cmocka_unit_test(what_cannot_start_says_why),
		cmocka_unit_test(without_landlock_it_warns_and_goes_on),
		cmocka_unit_test(help_fits_80_columns),
		cmocka_unit_test(leftovers_are_listed_and_cleared),
		cmocka_unit_test(
		    what_the_configuration_says_gives_way_to_the_command),
		cmocka_unit_test(a_key_that_no_command_knows_is_named),
	};

	return cmocka_run_group_tests(tests, program_begin, program_end);
}
