/* The reader of traces: what it takes, what it passes over, what it refuses,
 * and with which words. */
#include "cli/trace_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trace_study.h"
#include "test.h"

#define BEGAN                                                                  \
	"{\"t\":0,\"event\":\"trace_started\",\"trace_version\":1,"            \
	"\"program\":\"godwit 1\",\"time\":\"2026-11-26T15:00:00Z\"}\n"
#define OF "\"session\":\"00000000000000aa\""

static struct cli_trace_reader reader;

static void
feed(const char *text)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(f);
	cli_trace_reader_init(&reader, f);
}

static void
done(void)
{
	fclose(reader.file);
	cli_trace_reader_fini(&reader);
}

/* Reading this ends with that mistake, or with none. */
static void
assert_wrong(const char *text, const char *want)
{
	struct cli_trace_event e;

	feed(text);
	while (cli_trace_next(&reader, &e))
		;
	if (want[0] == '\0')
		assert_string_equal(reader.wrong, "");
	else if (strstr(reader.wrong, want) == NULL)
		fail_msg("'%s' does not say '%s'", reader.wrong, want);
	/* It stays so. */
	assert_false(cli_trace_next(&reader, &e));
	done();
}

static void
next(struct cli_trace_event *e)
{
	if (!cli_trace_next(&reader, e))
		fail_msg("no event: %s", reader.wrong);
}

static void
events_have_their_fields(void **state)
{
	struct cli_trace_event e;

	(void)state;
	feed(BEGAN "{\"t\":1.5,\"event\":\"packet_sent\"," OF
		   ",\"packet_type\":\"sealed\",\"packet_number\":7,"
		   "\"length\":1200,\"frames\":[{\"frame_type\":\"ack\","
		   "\"acked_ranges\":[[5,9],[1,3]]},{\"frame_type\":"
		   "\"stream\",\"stream_id\":1,\"offset\":10,\"length\":20,"
		   "\"again\":true}]}\n"
		   "{\"t\":2,\"event\":\"metrics_updated\"," OF
		   ",\"smoothed_rtt\":50.48,\"congestion_window\":9}\n");
	next(&e);
	assert_int_equal(e.kind, CLI_TRACE_BEGAN);
	assert_string_equal(e.a, "godwit 1");
	next(&e);
	assert_int_equal(e.kind, CLI_TRACE_SENT);
	assert_int_equal(e.t, 1500000);
	assert_true(e.has_session && e.session == 0xaa);
	assert_true(e.has_number && e.number == 7);
	assert_int_equal(e.frame_count, 2);
	assert_int_equal(e.frames[0].range_count, 2);
	assert_int_equal(e.frames[0].ranges[1].last, 3);
	assert_true(e.frames[1].again);
	assert_int_equal(e.frames[1].offset, 10);
	next(&e);
	assert_int_equal(e.srtt, 50480);
	assert_int_equal(e.window, 9);
	assert_false(cli_trace_next(&reader, &e));
	assert_string_equal(reader.wrong, "");
	cli_trace_reader_rewind(&reader);
	next(&e);
	assert_int_equal(e.kind, CLI_TRACE_BEGAN);
	done();
}

static void
mistakes_are_told_with_their_line(void **state)
{
	(void)state;
	assert_wrong("", "line 1: it is empty");
	assert_wrong("hello\n", "line 1: this is no trace");
	assert_wrong("hello", "line 1: this is no trace");
	assert_wrong("{\"t\":0,\"event\":\"x\"}\n", "line 1: this is no trace");
	assert_wrong("{\"t\":0,\"event\":\"trace_started\",\"trace_version\":"
		     "2}\n",
	    "line 1: a trace of version 2: this godwit reads version 1");
	assert_wrong(BEGAN "{\"t\":1,\"event\":\"x\"}\n{oops\n",
	    "line 3: this is no JSON");
	assert_wrong(BEGAN "[]\n", "line 2: no \"event\" is in it");
	assert_wrong(BEGAN "{\"t\":1}\n", "line 2: no \"event\"");
	assert_wrong(
	    BEGAN "{\"event\":\"x\"}\n", "line 2: no time \"t\" is in it");
	assert_wrong(BEGAN "{\"t\":-1,\"event\":\"x\"}\n", "line 2: no time");
	assert_wrong(
	    BEGAN "{\"t\":1e300,\"event\":\"x\"}\n", "line 2: no time");
}

static void
a_line_has_a_limit(void **state)
{
	char *text = calloc(1, 2 * CLI_TRACE_LINE);

	(void)state;
	assert_non_null(text);
	strcpy(text, BEGAN);
	memset(text + strlen(text), ' ', CLI_TRACE_LINE + 1);
	strcat(text, "\n");
	assert_wrong(text, "line 2: longer than 65536 bytes");
	free(text);
}

static void
what_is_not_known_is_passed_over(void **state)
{
	struct cli_trace_event e;

	(void)state;
	feed(
	    BEGAN "{\"t\":1,\"event\":\"of_a_later_version\",\"x\":[1]}\n"
		  "{\"t\":2,\"event\":\"packet_sent\",\"session\":7,"
		  "\"packet_number\":\"x\",\"length\":-5,\"frames\":"
		  "[3,{\"frame_type\":\"ack\",\"acked_ranges\":[[3,1],[],\"x\","
		  "[2,4]]}]}\n");
	next(&e);
	next(&e);
	assert_int_equal(e.kind, CLI_TRACE_OTHER);
	next(&e);
	assert_false(e.has_session);
	assert_false(e.has_number);
	assert_int_equal(e.length, 0);
	assert_int_equal(e.frame_count, 2);
	assert_int_equal(e.frames[1].range_count, 1);
	assert_int_equal(e.frames[1].ranges[0].last, 4);
	done();
}

/* Whoever writes it was killed amid a line. */
static void
a_last_line_that_was_cut_off_is_the_end(void **state)
{
	(void)state;
	assert_wrong(BEGAN "{\"t\":1,\"eve", "");
}

static void
time_never_goes_back(void **state)
{
	struct cli_trace_event e;

	(void)state;
	feed(BEGAN "{\"t\":5,\"event\":\"x\"}\n{\"t\":4,\"event\":\"x\"}\n");
	next(&e);
	next(&e);
	next(&e);
	assert_int_equal(e.t, 5000000);
	done();
}

static void
strings_are_cut_and_harmless(void **state)
{
	struct cli_trace_event e;
	char text[2000];

	(void)state;
	snprintf(text, sizeof text,
	    BEGAN "{\"t\":1,\"event\":\"connection_opened\",\"peer\":"
		  "\"\\u001b[2J%0300d\",\"cipher\":\"\\u202e\"}\n",
	    7);
	feed(text);
	next(&e);
	next(&e);
	assert_int_equal(strncmp(e.a, "\\x1b[2J0000", 10), 0);
	assert_int_equal(strlen(e.a), CLI_TRACE_TEXT - 1);
	assert_string_equal(e.b, "\\u{202e}");
	done();
}

/* ---- what is known of a whole one ---- */

static void
the_session_with_most_to_tell_is_drawn(void **state)
{
	struct cli_trace_study s;
	unsigned direction, stream;

	(void)state;
	feed(BEGAN
	    "{\"t\":1,\"event\":\"connection_started\",\"session\":"
	    "\"00000000000000bb\",\"carrier\":\"tcp\",\"role\":\"initiator\"}\n"
	    "{\"t\":2,\"event\":\"connection_started\"," OF
	    ",\"carrier\":\"udp\",\"role\":\"responder\"}\n"
	    "{\"t\":3,\"event\":\"packet_received\"," OF
	    ",\"packet_number\":1,\"length\":30,\"frames\":[{\"frame_type\":"
	    "\"stream\",\"stream_id\":1,\"offset\":10,\"length\":20}]}\n"
	    "{\"t\":4,\"event\":\"packet_lost\"," OF
	    ",\"packet_number\":3,\"length\":9}\n"
	    "{\"t\":4,\"event\":\"packet_lost\"," OF
	    ",\"packet_number\":2,\"length\":9}\n"
	    "{\"t\":5,\"event\":\"packet_lost_spuriously\"," OF
	    ",\"packet_number\":3}\n");
	assert_true(cli_trace_study(&s, &reader));
	assert_int_equal(s.count, 2);
	assert_false(s.ended);
	assert_false(cli_trace_study_choose(&s, 3));
	assert_true(cli_trace_study_choose(&s, 0));
	assert_int_equal(cli_trace_chosen(&s)->id, 0xaa);
	assert_string_equal(cli_trace_chosen(&s)->role, "responder");
	assert_int_equal(cli_trace_chosen(&s)->lost, 2);
	assert_int_equal(cli_trace_chosen(&s)->found, 1);
	assert_true(cli_trace_was_lost(&s, 2));
	assert_false(cli_trace_was_lost(&s, 3));
	assert_true(
	    cli_trace_main_stream(cli_trace_chosen(&s), &direction, &stream));
	assert_int_equal(direction, CLI_TRACE_IN);
	assert_int_equal(stream, 1);
	cli_trace_study_fini(&s);
	done();
}

static void
sessions_beyond_the_limit_are_not_told_apart(void **state)
{
	static char text[CLI_TRACE_SESSIONS * 200];
	struct cli_trace_study s;
	size_t n = (size_t)snprintf(text, sizeof text, "%s", BEGAN);

	(void)state;
	for (unsigned i = 0; i < CLI_TRACE_SESSIONS + 5; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
		    "{\"t\":1,\"event\":\"connection_closed\",\"session\":"
		    "\"%016x\"}\n",
		    i);
	feed(text);
	assert_true(cli_trace_study(&s, &reader));
	assert_int_equal(s.count, CLI_TRACE_SESSIONS);
	assert_true(s.more);
	cli_trace_study_fini(&s);
	done();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_have_their_fields),
		cmocka_unit_test(mistakes_are_told_with_their_line),
		cmocka_unit_test(a_line_has_a_limit),
		cmocka_unit_test(what_is_not_known_is_passed_over),
		cmocka_unit_test(a_last_line_that_was_cut_off_is_the_end),
		cmocka_unit_test(time_never_goes_back),
		cmocka_unit_test(strings_are_cut_and_harmless),
		cmocka_unit_test(the_session_with_most_to_tell_is_drawn),
		cmocka_unit_test(sessions_beyond_the_limit_are_not_told_apart),
	};

	return cmocka_run_group_tests_name("trace_read", tests, NULL, NULL);
}
