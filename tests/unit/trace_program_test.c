/* godwit trace, and --trace of send and recv, as a whole program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/file.h"
#include "os_fixture.h"
#include "program.h"

#define STORY TEST_DATA "/traces/story.jsonl"

static void
a_trace_is_drawn_as_text(void **state)
{
	(void)state;
	assert_int_equal(run("godwit trace " STORY), 0);
	says(result.out, "udp to attic (10.0.0.2:4639)");
	says(result.out, "SYN+ACK");
	says(result.out, "#7 again #3");
	says(result.out, "TIME_WAIT");
	says(result.out, "closed in good order");
	assert_string_equal(result.err, "");
}

static void
pictures_go_to_a_file(void **state)
{
	size_t n;

	(void)state;
	assert_int_equal(run("godwit trace --svg -o t.svg " STORY), 0);
	assert_string_equal(result.out, "");
	says(os_fixture_read("t.svg", &n), "</svg>");
	assert_int_equal(run("godwit trace --html --output t.html " STORY), 0);
	says(os_fixture_read("t.html", &n), "</html>");
	/* It is written anew, not appended to. */
	os_fixture_text("t.svg", "old");
	assert_int_equal(run("godwit trace --svg -o t.svg " STORY), 0);
	assert_int_equal(strncmp(os_fixture_read("t.svg", &n), "<svg", 4), 0);
}

static void
what_contradicts_itself_is_a_mistake(void **state)
{
	(void)state;
	assert_int_equal(run("godwit trace"), 2);
	says(result.err, "which FILE?");
	assert_int_equal(run("godwit trace a b"), 2);
	assert_int_equal(run("godwit trace --svg --html x"), 2);
	assert_int_equal(run("godwit trace --all --svg x"), 2);
	assert_int_equal(run("godwit trace -o y x"), 2);
	says(result.err, "--output belongs to --svg and --html");
	assert_int_equal(run("godwit trace --session 7 " STORY), 2);
	says(result.err, "it has 1 session, and no 7");
}

static void
what_is_no_trace_is_told(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(run("godwit trace fifo"), 2);
	says(result.err, "fifo: this is no file");
	assert_int_equal(run("godwit trace not-there"), 7);
	says(result.err, "not-there: No such file");
	assert_int_equal(run("godwit trace ."), 2);
	says(result.err, "this is no file");
	os_fixture_text("text", "hello\n");
	assert_int_equal(run("godwit trace text"), 1);
	says(result.err, "text: line 1: this is no trace");
	os_fixture_text("alone",
	    "{\"t\":0,\"event\":\"trace_started\",\"trace_version\":1}\n");
	assert_int_equal(run("godwit trace alone"), 1);
	says(result.err, "no session is in it");
}

static void
a_trace_is_not_drawn_onto_itself(void **state)
{
	size_t n, m;
	char *text;

	(void)state;
	assert_int_equal(cli_file_read(STORY, 1 << 20, &text, &n), 0);
	os_fixture_write("own.jsonl", text, n);
	free(text);
	assert_int_equal(run("godwit trace --svg -o own.jsonl own.jsonl"), 2);
	says(result.err, "that is the trace itself");
	(void)os_fixture_read("own.jsonl", &m);
	assert_int_equal(n, m);
}

/* ---- --trace ---- */

static void
a_trace_is_the_users_alone(void **state)
{
	(void)state;
	PLAY(transfer);
	assert_int_equal(run("godwit send x --trace new.jsonl"), 0);
	assert_int_equal(result.seen.traces, 1);
	assert_int_equal(os_fixture_lstat("new.jsonl").st_mode & 07777, 0600);
	PLAY(transfer);
	assert_int_equal(
	    run("godwit recv --yes --once -o in --trace r.jsonl"), 0);
	assert_int_equal(result.seen.traces, 1);
	PLAY(transfer);
	assert_int_equal(run("godwit send x"), 0);
	assert_int_equal(result.seen.traces, 0);
}

static void
an_old_trace_is_written_over_and_nothing_else(void **state)
{
	size_t n;

	(void)state;
	os_fixture_text("old.jsonl",
	    "{\"t\":0.000000,\"event\":\"trace_started\",\"x\":1}\nmore\n");
	PLAY(transfer);
	assert_int_equal(run("godwit send x --trace old.jsonl"), 0);
	(void)os_fixture_read("old.jsonl", &n);
	assert_int_equal(n, 0); /* this library wrote nothing */
	assert_int_equal(os_fixture_lstat("old.jsonl").st_mode & 07777, 0600);
	os_fixture_text(
	    "report", "precious, and longer than what every trace begins with");
	assert_int_equal(run("godwit send x --trace report"), 7);
	says(result.err, "--trace: report: this is there already");
	assert_int_equal(
	    strncmp(os_fixture_read("report", &n), "precious", 8), 0);
	assert_int_equal(result.seen.traces, 0);
}

static void
where_none_can_be_is_told_before_anything_starts(void **state)
{
	(void)state;
	assert_int_equal(run("godwit send x --trace in"), 7);
	says(result.err, "--trace: in: Is a directory");
	assert_int_equal(run("godwit send x --trace not/there"), 7);
	says(result.err, "--trace: not/there: No such file");
	assert_int_equal(run("godwit send x --trace -"), 2);
	says(result.err, "`-` is no file");
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(run("godwit send x --trace pipe"), 7);
	says(result.err, "--trace: pipe: this is no file");
	assert_int_equal(run("godwit send --classic x --to h:1 --trace t"), 2);
	says(result.err, "--trace has no meaning with --classic");
}

static void
what_is_missing_in_it_is_told_and_the_transfer_is_fine(void **state)
{
	(void)state;
	PLAY(transfer);
	fake.trace_dropped = 12;
	assert_int_equal(run("godwit send x --trace t.jsonl"), 0);
	says(result.err, "12 events are not in it");
	PLAY(transfer);
	fake.trace_end = GW_E_DISK;
	assert_int_equal(run("godwit send x --trace t.jsonl"), 0);
	says(result.err, "the trace is not whole: t.jsonl cannot be written");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trace_is_drawn_as_text),
		cmocka_unit_test(pictures_go_to_a_file),
		cmocka_unit_test(what_contradicts_itself_is_a_mistake),
		cmocka_unit_test(what_is_no_trace_is_told),
		cmocka_unit_test(a_trace_is_not_drawn_onto_itself),
		cmocka_unit_test(a_trace_is_the_users_alone),
		cmocka_unit_test(an_old_trace_is_written_over_and_nothing_else),
		cmocka_unit_test(
		    where_none_can_be_is_told_before_anything_starts),
		cmocka_unit_test(
		    what_is_missing_in_it_is_told_and_the_transfer_is_fine),
	};

	return cmocka_run_group_tests_name(
	    "trace_program", tests, program_begin, program_end);
}
