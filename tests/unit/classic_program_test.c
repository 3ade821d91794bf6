/*
 * `send --classic` and `recv --classic`: what is asked of the library, and
 * what is said.
 */
#include <string.h>

#include "program.h"
#include "test.h"

#define AT "192.168.1.9:5000"

static const char *const addresses[] = { "127.0.0.1", "192.168.1.5" };
static const char *const names[] = { "a\033[2Jb" };

static const struct gw_event waits = { .kind = GW_EVENT_LISTENING,
	.listening = { "laptop", addresses, 2, 8008, NULL, false } };
static const struct gw_event there = { .kind = GW_EVENT_CONNECTED,
	.connected = { AT, NULL, AT, "classic", "it was asked for", "none",
	    false, NULL } };
static const struct gw_event file = { .kind = GW_EVENT_OFFER,
	.offer = { .peer = AT,
	    .files = 1,
	    .bytes = 1200000000,
	    .bytes_known = true,
	    .names = names,
	    .name_count = 1 } };
static const struct gw_event done = { .kind = GW_EVENT_ENTRY,
	.entry = { .name = "photos",
	    .final_name = "photos",
	    .bytes = 1200000000,
	    .address = AT } };
static const struct gw_event renamed = { .kind = GW_EVENT_ENTRY,
	.entry = {
	    .name = "photos", .final_name = "photos (1)", .address = AT } };
static const struct gw_event skipped = { .kind = GW_EVENT_ENTRY,
	.entry = {
	    .name = "photos", .status = GW_ENTRY_SKIPPED, .address = AT } };
static const struct gw_event not_whole = { .kind = GW_EVENT_ENTRY,
	.entry = { .name = "photos",
	    .status = GW_ENTRY_FAILED,
	    .reason = "the sender reset the connection",
	    .address = AT } };
static const struct gw_event cut_off = { .kind = GW_EVENT_ERROR,
	.error = { GW_E_LOST, "photos from " AT ": reset, after 5 bytes" } };
static const struct gw_event stopped = { .kind = GW_EVENT_ERROR,
	.error = { GW_E_INTERRUPTED, "interrupted by its user" } };
static const struct gw_event stopped_file = { .kind = GW_EVENT_ERROR,
	.error = { GW_E_INTERRUPTED, "photos from " AT ": was interrupted" } };
static const struct gw_event whole = { .kind = GW_EVENT_COMPLETE,
	.complete = { .bytes = 1200000000,
	    .moved = 1200000000,
	    .files = 1,
	    .seconds = 4.1 } };
static const struct gw_event left_out = { .kind = GW_EVENT_COMPLETE,
	.complete = { .skipped = 1 } };
static const struct gw_event lost_end = { .kind = GW_EVENT_END,
	.end = { GW_E_LOST } };
static const struct gw_event stopped_end = { .kind = GW_EVENT_END,
	.end = { GW_E_INTERRUPTED } };

static const struct fake_step sending[] = { { .event = &there },
	{ .event = &file }, { .event = &moving }, { .event = &done },
	{ .event = &whole }, { .event = &the_end } };
static const struct fake_step receiving[] = { { .event = &waits },
	{ .event = &there }, { .event = &file }, { .event = &done },
	{ .event = &whole }, { .event = &the_end } };

#define SEND "godwit send --classic photos --to 192.168.1.9:5000"
#define RECV "godwit recv --classic --listen :8008 -o in"

static void
usage_errors_end_with_2(void **state)
{
	static const char *const lines[] = {
		"godwit send --classic photos",
		"godwit send --classic photos --to host",
		"godwit send --classic --to host:1",
		"godwit send --classic photos x --to host:1",
		"godwit send --classic photos --to host:1 --name y",
		"godwit send --classic - --to host:1 --reply a --no-reply",
		"godwit send --classic photos --to host:1 --compress",
		"godwit send --classic photos --to host:1 --code 7-a-b",
		"godwit send --classic photos --to host:1 --retry 5s",
		"godwit send --classic photos --to host:1 --listen :5",
		"godwit send --classic photos --to host:1 --dry-run",
		"godwit send --classic photos --to host:1 --exclude x",
		"godwit send --classic photos --to host:1 --timeout 0",
		"godwit send --reply ok photos",
		"godwit send --no-reply photos",
		"godwit recv --classic",
		"godwit recv --classic --listen 127.0.0.1",
		"godwit recv --classic --listen :8008 7-a-b",
		"godwit recv --classic --listen :8008 --from host",
		"godwit recv --classic --listen :8008 --stdout",
		"godwit recv --classic --listen :8008 --archive",
		"godwit recv --classic --listen :8008 --checksum",
		"godwit recv --classic --listen :8008 --on-conflict ask",
		"godwit recv --classic --listen :8008 --on-conflict newer",
		"godwit recv --classic --listen :8008 --no-reply",
		"godwit recv --yes --keep-partial",
		"godwit recv --classic --listen :8008 --exec true",
		"godwit recv --classic --listen :8008 --max-files 3",
		"godwit recv --yes --keep-partial",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		PLAY(receiving);
		if (run(lines[i]) != 2)
			fail_msg("%s: %d", lines[i], result.status);
		assert_int_equal(result.seen.sends + result.seen.recvs, 0);
		assert_int_equal(result.seen.classic_sends, 0);
		assert_int_equal(result.seen.classic_recvs, 0);
		assert_true(strlen(result.err) > 0);
		assert_string_equal(result.out, "");
	}
	run("godwit send --classic photos --to host:1 --compress");
	says(result.err, "--compress has no meaning with --classic");
	run("godwit recv --yes --keep-partial");
	says(result.err, "--keep-partial belongs to --classic");
}

static void
send_asks_for_what_was_said(void **state)
{
	(void)state;
	PLAY(sending);
	assert_int_equal(run(SEND), 0);
	assert_int_equal(result.seen.classic_sends, 1);
	assert_int_equal(result.seen.sends, 0);
	assert_string_equal(result.seen.host, "192.168.1.9");
	assert_int_equal(result.seen.classic_send.port, 5000);
	assert_string_equal(result.seen.path, "photos");
	assert_string_equal(result.seen.reply, "");
	assert_false(result.seen.classic_send.no_reply);
	PLAY(sending);
	assert_int_equal(run("godwit send --classic - --to h:5 --name db.sql "
			     "--reply OK --timeout 5s --limit-rate 100MB"),
	    0);
	assert_string_equal(result.seen.path, "-");
	assert_string_equal(result.seen.reply, "OK");
	assert_int_equal(result.seen.classic_send.input_fd, 0);
	assert_int_equal(result.seen.classic_send.timeout_ms, 5000);
	assert_int_equal(result.seen.classic_send.rate, 100000000);
	PLAY(sending);
	assert_int_equal(run(SEND " --no-reply"), 0);
	assert_true(result.seen.classic_send.no_reply);
}

static void
recv_asks_for_what_was_said(void **state)
{
	(void)state;
	PLAY(receiving);
	assert_int_equal(run(RECV), 0);
	assert_int_equal(result.seen.classic_recvs, 1);
	assert_int_equal(result.seen.recvs, 0);
	assert_string_equal(result.seen.host, "");
	assert_string_equal(result.seen.dir, "in");
	assert_int_equal(result.seen.classic_recv.port, 8008);
	assert_int_equal(
	    result.seen.classic_recv.on_conflict, GW_CONFLICT_RENAME);
	assert_false(result.seen.classic_recv.once);
	assert_false(result.seen.classic_recv.keep_partial);
	assert_int_equal(result.seen.classic_recv.max_size, 0);
	assert_int_equal(result.seen.confined, 1);
	PLAY(receiving);
	assert_int_equal(
	    run("godwit recv --classic --listen 127.0.0.1:9 --once --yes "
		"--on-conflict skip --reply OK --keep-partial --max-size 2GB"),
	    0);
	assert_string_equal(result.seen.host, "127.0.0.1");
	assert_string_equal(result.seen.dir, ".");
	assert_string_equal(result.seen.reply, "OK");
	assert_int_equal(
	    result.seen.classic_recv.on_conflict, GW_CONFLICT_SKIP);
	assert_true(result.seen.classic_recv.once);
	assert_true(result.seen.classic_recv.keep_partial);
	assert_int_equal(result.seen.classic_recv.max_size, 2000000000);
}

static void
send_says_plainly_what_it_is_worth(void **state)
{
	(void)state;
	PLAY(sending);
	assert_int_equal(run(SEND), 0);
	says(result.err, "nothing is encrypted, checked or confirmed.");
	says(result.err, "Sending a\\x1b[2Jb, 1.2 GB.");
	says(result.err, "photos, 1.2 GB in 4.1 s (293 MB/s), sent to " AT ".");
	says(result.err, "acknowledged every byte");
	says(result.err, "confirms nothing more, and hides nothing");
	says_not(result.err, "durable");
	assert_string_equal(result.out, "");
}

static void
recv_says_where_it_waits_and_what_came(void **state)
{
	(void)state;
	PLAY(receiving);
	assert_int_equal(run(RECV), 0);
	says(result.err, "Waiting for plain senders at 192.168.1.5:8008.");
	says(result.err, "Whoever reaches it can send files here");
	says(result.err, "Receiving a\\x1b[2Jb from " AT ".");
	says(result.err,
	    "photos, 1.2 GB in 4.1 s (293 MB/s), from " AT ", durable in in.");
	says_not(result.err, "godwit send");
	PLAY(receiving);
	assert_int_equal(run(RECV " -q"), 0);
	assert_string_equal(result.err, "");
}

static void
another_name_and_one_left_out_are_told(void **state)
{
	static const struct fake_step steps[] = { { .event = &waits },
		{ .event = &renamed }, { .event = &whole },
		{ .event = &skipped }, { .event = &left_out },
		{ .event = &the_end } };

	(void)state;
	PLAY(steps);
	assert_int_equal(run(RECV), 0);
	says(result.err, "photos, kept as photos (1), 1.2 GB");
	says(result.err, "photos from " AT " was left out: the name is taken.");
	says_not(result.err, "0 B");
}

static void
what_failed_is_told_once(void **state)
{
	static const struct fake_step steps[] = { { .event = &waits },
		{ .event = &not_whole }, { .event = &cut_off },
		{ .event = &lost_end } };
	const char *at;

	(void)state;
	PLAY(steps);
	assert_int_equal(run(RECV " --once"), 8);
	at = strstr(result.err, "photos from " AT ": reset, after 5 bytes\n");
	assert_non_null(at);
	says_not(at + 1, "photos");
	says_not(result.err, "go on from here");
	says_not(result.err, "The connection was lost");
}

static void
an_interruption_is_no_error_of_its_own(void **state)
{
	static const struct fake_step recv_steps[] = { { .event = &waits },
		{ .event = &stopped }, { .event = &not_whole },
		{ .event = &stopped_file }, { .event = &stopped_end } };
	static const struct fake_step send_steps[] = { { .event = &there },
		{ .event = &stopped }, { .event = &stopped_end } };

	(void)state;
	PLAY(recv_steps);
	assert_int_equal(run(RECV), 130);
	says(result.err, "photos from " AT ": was interrupted.");
	says_not(result.err, "by its user");
	PLAY(send_steps);
	assert_int_equal(run(SEND), 130);
	says(result.err, "Interrupted: the connection was reset");
	says_not(result.err, "go on from here");
}

static void
a_start_that_fails_is_told(void **state)
{
	(void)state;
	PLAY(receiving);
	fake.start = GW_E_ADDRESS;
	fake.last_error = "port 8008: in use by another program";
	assert_int_equal(run(RECV), 1);
	says(result.err, "port 8008: in use by another program");
	says(result.err, "--listen chooses another");
	PLAY(receiving);
	assert_int_equal(
	    run("godwit recv --classic --listen :8008 -o missing"), 7);
	assert_int_equal(result.seen.classic_recvs, 0);
	PLAY(sending);
	assert_int_equal(run("godwit send --classic missing --to host:1"), 7);
	assert_int_equal(result.seen.classic_sends, 0);
}

static void
events_are_json_with_the_address(void **state)
{
	(void)state;
	PLAY(receiving);
	assert_int_equal(run(RECV " --json"), 0);
	says(result.out, "\"event\":\"listening\"");
	says(result.out, "\"code\":null");
	says(result.out, "\"carrier\":\"classic\"");
	says(result.out, "\"cipher\":\"none\"");
	says(result.out, "\"key\":null");
	says(result.out, "\"address\":\"" AT "\"");
	says(result.out, "\"event\":\"complete\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usage_errors_end_with_2),
		cmocka_unit_test(send_asks_for_what_was_said),
		cmocka_unit_test(recv_asks_for_what_was_said),
		cmocka_unit_test(send_says_plainly_what_it_is_worth),
		cmocka_unit_test(recv_says_where_it_waits_and_what_came),
		cmocka_unit_test(another_name_and_one_left_out_are_told),
		cmocka_unit_test(what_failed_is_told_once),
		cmocka_unit_test(an_interruption_is_no_error_of_its_own),
		cmocka_unit_test(a_start_that_fails_is_told),
		cmocka_unit_test(events_are_json_with_the_address),
	};

	return cmocka_run_group_tests_name(
	    "classic_program", tests, program_begin, program_end);
}
