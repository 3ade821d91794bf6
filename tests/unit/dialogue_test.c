/*
 * The program on a terminal: questions, the live line, signals.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "test.h"

static const struct fake_step question[] = { { .event = &connected },
	{ .event = &asking, .until_answer = true }, { .event = &complete },
	{ .event = &the_end } };

/* Waits for ever. */
static const struct fake_step waiting[] = { { .event = &listening },
	{ .after_ms = 100000, .event = &the_end } };
static const struct fake_step busy[] = { { .event = &connected },
	{ .event = &offer }, { .event = &moving },
	{ .after_ms = 100000, .event = &the_end } };

static void
an_offer_is_shown_and_asked_for(void **state)
{
	static const struct dialogue yes[] = { { "[y/N] ", "y\n", 0 } };

	(void)state;
	PLAY(question);
	assert_int_equal(run_on_terminal("godwit recv -o in", yes, 1), 0);
	says(result.out, "kitchen-pc");
	says(result.out, "offers 3 files, 1.2 GB:");
	says(result.out, ".bashrc");
	says(result.out, "(hidden)");
	says(result.out, "a\\x1b[2Jb");
	says(result.out, "Accept into in?");
	assert_int_equal(result.seen.answer_count, 1);
	assert_int_equal(result.seen.answers[0], GW_ANSWER_YES);
	assert_int_equal(result.seen.recv.on_conflict, GW_CONFLICT_ASK);
	assert_false(result.seen.recv.accept);
}

static void
enter_and_the_end_of_input_refuse(void **state)
{
	static const struct dialogue enter[] = { { "[y/N] ", "\n", 0 } };
	static const struct dialogue end[] = { { "[y/N] ", "\004", 0 } };
	static const struct dialogue twice[] = { { "[y/N] ", "maybe\n", 0 },
		{ "[y/N] ", "N\n", 0 } };

	(void)state;
	for (int i = 0; i < 3; i++) {
		PLAY(question);
		run_on_terminal("godwit recv",
		    i == 0   ? enter
		    : i == 1 ? end
			     : twice,
		    i == 2 ? 2 : 1);
		assert_int_equal(result.seen.answer_count, 1);
		assert_int_equal(result.seen.answers[0], GW_ANSWER_NO);
	}
}

static void
what_was_typed_before_the_question_is_no_answer(void **state)
{
	static const struct fake_step steps[] = { { .event = &connected },
		{ .after_ms = 300, .event = &asking, .until_answer = true },
		{ .event = &the_end } };
	static const struct dialogue d[] = { { "Connected", "y\n", 0 },
		{ "[y/N] ", "n\n", 0 } };

	(void)state;
	PLAY(steps);
	run_on_terminal("godwit recv", d, 2);
	assert_int_equal(result.seen.answer_count, 1);
	assert_int_equal(result.seen.answers[0], GW_ANSWER_NO);
}

static void
a_taken_name_is_asked_for(void **state)
{
	static const struct fake_step steps[] = { { .event = &connected },
		{ .event = &conflict, .until_answer = true },
		{ .event = &conflict, .until_answer = true },
		{ .event = &conflict, .until_answer = true },
		{ .event = &the_end } };
	static const struct dialogue d[] = { { "follow: ", "s\n", 0 },
		{ "follow: ", "\n", 0 }, { "follow: ", "O\n", 0 } };

	(void)state;
	PLAY(steps);
	assert_int_equal(run_on_terminal("godwit recv", d, 3), 0);
	says(result.out, "notes.txt");
	assert_int_equal(result.seen.answer_count, 3);
	assert_int_equal(result.seen.answers[0], GW_ANSWER_NO);
	assert_int_equal(result.seen.answers[1], GW_ANSWER_RENAME);
	assert_int_equal(result.seen.answers[2], GW_ANSWER_YES | GW_ANSWER_ALL);
}

static void
the_code_is_asked_for_without_an_echo(void **state)
{
	static const struct dialogue d[] = { { "Code: ", "7-crane-otter\n",
	    0 } };

	(void)state;
	PLAY(transfer);
	assert_int_equal(run_on_terminal("godwit recv - --from h -q", d, 1), 0);
	assert_string_equal(result.seen.code, "7-crane-otter");
	/* Once from the LISTENING of the script: as "-", never echoed. */
	says_not(result.out, "otter");
}

static void
a_live_line_is_drawn_and_taken_away(void **state)
{
	(void)state;
	PLAY(transfer);
	assert_int_equal(run_on_terminal("godwit send x", NULL, 0), 0);
	says(result.out, " 50%");
	says(result.out, "\r\033[J");
	PLAY(transfer);
	run_on_terminal("godwit send --no-progress x", NULL, 0);
	says_not(result.out, " 50%");
	setenv("TERM", "dumb", 1);
	PLAY(transfer);
	run_on_terminal("godwit send x", NULL, 0);
	says_not(result.out, "\033");
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "1", 1);
	PLAY(transfer);
	run_on_terminal("godwit send x", NULL, 0);
	says_not(result.out, "\033[1m");
	says(result.out, " 50%");
	unsetenv("NO_COLOR");
}

static void
ctrl_c_tells_the_library_first(void **state)
{
	static const struct dialogue d[] = { { " 50%", "\003", 0 } };

	(void)state;
	PLAY(busy);
	assert_int_equal(
	    run_on_terminal("godwit send x --to h --code 7-a-b", d, 1), 130);
	says(result.out, "what has arrived is kept");
	assert_int_equal(result.seen.cancels, 1);
}

static void
the_second_ctrl_c_leaves_at_once(void **state)
{
	static const struct dialogue d[] = { { " 50%", "\003", 0 },
		{ "kept", "\003", 0 } };

	(void)state;
	PLAY(busy);
	fake.deaf = true;
	assert_int_equal(
	    run_on_terminal("godwit send x --to h --code 7-a-b", d, 2), 130);
	/* It did not come back from its loop. */
	assert_int_equal(result.seen.sends, 0);
}

static void
a_question_ends_with_what_it_is_about(void **state)
{
	static const struct gw_event lost = { .kind = GW_EVENT_ERROR,
		.error = { GW_E_PEER_GONE, "the sender has gone" } };
	static const struct gw_event end = { .kind = GW_EVENT_END,
		.end = { GW_E_PEER_GONE } };
	static const struct fake_step steps[] = { { .event = &connected },
		{ .event = &asking }, { .after_ms = 200, .event = &lost },
		{ .after_ms = 200, .event = &end } };
	static const struct dialogue d[] = { { "has gone", "y\n", 0 } };

	(void)state;
	PLAY(steps);
	assert_int_equal(run_on_terminal("godwit recv --once", d, 1),
	    gw_err_exit(GW_E_PEER_GONE));
	assert_int_equal(result.seen.answer_count, 0);
	/* Told once, on a line of its own. */
	says(result.out, "[y/N] \r\n");
	says_not(result.out, "too late");
	assert_null(strstr(strstr(result.out, "has gone") + 1, "has gone"));
}

static void
sigterm_ends_a_standing_recv_with_0(void **state)
{
	static const struct dialogue d[] = { { "Waiting", NULL, SIGTERM } };

	(void)state;
	PLAY(waiting);
	assert_int_equal(run_on_terminal("godwit recv --yes", d, 1), 0);
	assert_int_equal(result.seen.cancels, 1);
	PLAY(waiting);
	assert_int_equal(
	    run_on_terminal("godwit recv --yes --once", d, 1), 130);
	PLAY(waiting);
	assert_int_equal(run_on_terminal("godwit send x", d, 1), 130);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_offer_is_shown_and_asked_for),
		cmocka_unit_test(enter_and_the_end_of_input_refuse),
		cmocka_unit_test(
		    what_was_typed_before_the_question_is_no_answer),
		cmocka_unit_test(a_taken_name_is_asked_for),
		cmocka_unit_test(the_code_is_asked_for_without_an_echo),
		cmocka_unit_test(a_live_line_is_drawn_and_taken_away),
		cmocka_unit_test(ctrl_c_tells_the_library_first),
		cmocka_unit_test(the_second_ctrl_c_leaves_at_once),
		cmocka_unit_test(a_question_ends_with_what_it_is_about),
		cmocka_unit_test(sigterm_ends_a_standing_recv_with_0),
	};

	return cmocka_run_group_tests(tests, program_begin, program_end);
}
