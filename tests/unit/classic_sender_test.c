#include "classic/sender.h"

#include <string.h>

#include "test.h"

enum { TIMEOUT = 60 * 1000000 };

static void
begin(struct gw_classic_sender *s, const char *reply)
{
	struct gw_classic_sender_options o = {
		.name = gw_slice_str("report.pdf"),
		.reply = reply,
		.timeout = TIMEOUT,
	};

	gw_classic_sender_init(s, &o, 0);
}

/* The name is out, at 1 ms. */
static void
named(struct gw_classic_sender *s, const char *reply)
{
	begin(s, reply);
	gw_classic_sender_sent(s, gw_classic_sender_output(s).n, GW_MSEC);
}

static void
replies(struct gw_classic_sender *s, const char *text, gw_usec now)
{
	gw_classic_sender_input(s, gw_slice_str(text), now);
}

static void
nothing(struct gw_classic_sender *s)
{
	struct gw_classic_sender_event e;

	assert_false(gw_classic_sender_event(s, &e));
}

static void
ends(struct gw_classic_sender *s, enum gw_err err, const char *word)
{
	struct gw_classic_sender_event e;

	assert_true(gw_classic_sender_event(s, &e));
	assert_true(e.over);
	assert_int_equal(e.err, err);
	if (strstr(e.why, word) == NULL)
		fail_msg("'%s' does not say '%s'", e.why, word);
	nothing(s);
	assert_false(gw_classic_sender_gives(s));
	assert_false(gw_classic_sender_probes(s));
	assert_int_equal(gw_classic_sender_output(s).n, 0);
	assert_int_equal(gw_classic_sender_deadline(s), GW_NEVER);
	/* Nothing changes any more. */
	gw_classic_sender_fail(s, GW_E_DISK, "later");
	gw_classic_sender_lost(s);
	replies(s, "ok", TIMEOUT);
	gw_classic_sender_input_end(s, TIMEOUT);
	gw_classic_sender_tick(s, GW_NEVER - 1);
	gw_classic_sender_source_end(s, TIMEOUT);
	nothing(s);
	assert_int_equal(s->err, err);
}

static void
asks_for_fin(struct gw_classic_sender *s)
{
	struct gw_classic_sender_event e;

	assert_false(gw_classic_sender_probes(s));
	assert_true(gw_classic_sender_event(s, &e));
	assert_false(e.over);
	nothing(s);
	assert_true(gw_classic_sender_probes(s));
}

/* All content is out, and FIN; at 2 s. */
static void
closing(struct gw_classic_sender *s)
{
	named(s, "ok");
	replies(s, "ok", GW_SEC);
	gw_classic_sender_given(s, 1000);
	gw_classic_sender_source_end(s, 2 * GW_SEC);
	asks_for_fin(s);
}

static void
a_file_goes_from_its_name_to_its_end(void **state)
{
	struct gw_classic_sender_event e;
	struct gw_classic_sender s;

	(void)state;
	begin(&s, "ok");
	assert_true(gw_slice_eq(
	    gw_classic_sender_output(&s), gw_slice_str("report.pdf")));
	gw_classic_sender_sent(&s, 10, GW_MSEC);
	assert_int_equal(gw_classic_sender_output(&s).n, 0);
	assert_int_equal(gw_classic_sender_deadline(&s), GW_MSEC + TIMEOUT);
	assert_false(gw_classic_sender_gives(&s));
	replies(&s, "ok", 2 * GW_MSEC);
	assert_true(gw_classic_sender_gives(&s));
	assert_int_equal(gw_classic_sender_deadline(&s), GW_NEVER);
	gw_classic_sender_given(&s, 1000);
	gw_classic_sender_source_end(&s, 3 * GW_MSEC);
	asks_for_fin(&s);
	assert_int_equal(gw_classic_sender_deadline(&s), 3 * GW_MSEC);
	gw_classic_sender_unacked(&s, 1001, 3 * GW_MSEC);
	assert_true(gw_classic_sender_probes(&s));
	gw_classic_sender_unacked(&s, 0, 4 * GW_MSEC);
	assert_false(gw_classic_sender_probes(&s));
	nothing(&s);
	gw_classic_sender_input_end(&s, 5 * GW_MSEC);
	assert_true(gw_classic_sender_event(&s, &e));
	assert_true(e.over);
	assert_int_equal(e.err, GW_OK);
	assert_true(s.peer_closed);
}

static void
a_receiver_that_never_closes_is_not_waited_for(void **state)
{
	struct gw_classic_sender_event e;
	struct gw_classic_sender s;
	gw_usec at;

	(void)state;
	closing(&s);
	gw_classic_sender_unacked(&s, 0, 3 * GW_SEC);
	at = gw_classic_sender_deadline(&s);
	assert_true(at > 3 * GW_SEC);
	assert_true(at < 4 * GW_SEC);
	gw_classic_sender_tick(&s, at - 1);
	nothing(&s);
	gw_classic_sender_tick(&s, at);
	assert_true(gw_classic_sender_event(&s, &e));
	assert_int_equal(e.err, GW_OK);
	assert_false(s.peer_closed);
}

static void
a_receiver_that_closed_early_is_done_when_all_is_acknowledged(void **state)
{
	struct gw_classic_sender s;

	(void)state;
	named(&s, "ok");
	replies(&s, "ok", GW_SEC);
	gw_classic_sender_input_end(&s, GW_SEC);
	assert_true(gw_classic_sender_gives(&s));
	gw_classic_sender_source_end(&s, GW_SEC);
	asks_for_fin(&s);
	gw_classic_sender_unacked(&s, 0, 2 * GW_SEC);
	ends(&s, GW_OK, "");
}

static void
the_word_may_come_in_any_pieces(void **state)
{
	struct gw_classic_sender s;

	(void)state;
	named(&s, "ok");
	replies(&s, "o", GW_SEC);
	assert_false(gw_classic_sender_gives(&s));
	assert_int_equal(gw_classic_sender_deadline(&s), GW_SEC + TIMEOUT);
	replies(&s, "k", 2 * GW_SEC);
	assert_true(gw_classic_sender_gives(&s));
	/* What comes after it has no meaning. */
	replies(&s, "\n", 3 * GW_SEC);
	replies(&s, "received", 3 * GW_SEC);
	assert_true(gw_classic_sender_gives(&s));
	nothing(&s);
}

static void
a_newline_and_padding_after_the_word_do_no_harm(void **state)
{
	static const char *const fine[] = { "ok", "ok\n", "ok\r\n", "ok \t" };
	static const uint8_t padded[16] = "ok";
	struct gw_classic_sender s;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		named(&s, "ok");
		replies(&s, fine[i], GW_SEC);
		assert_true(gw_classic_sender_gives(&s));
	}
	named(&s, "ok");
	gw_classic_sender_input(&s, gw_slice(padded, sizeof padded), GW_SEC);
	assert_true(gw_classic_sender_gives(&s));
}

static void
another_word_is_shown_whole(void **state)
{
	static const char *const wrong[] = { "OK", "okXX", "yes", "k", "o k" };
	struct gw_classic_sender s;
	gw_usec at;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		named(&s, "ok");
		replies(&s, wrong[i], GW_SEC);
		nothing(&s);
		at = gw_classic_sender_deadline(&s);
		assert_true(at > GW_SEC);
		assert_true(at < 2 * GW_SEC);
		gw_classic_sender_tick(&s, at);
		assert_non_null(strstr(s.why, "--reply"));
		ends(&s, GW_E_PROTOCOL, wrong[i]);
	}
	named(&s, "ok");
	replies(&s, "file", GW_SEC);
	replies(&s, "name received\n", GW_SEC + GW_MSEC);
	gw_classic_sender_input_end(&s, GW_SEC + 2 * GW_MSEC);
	ends(&s, GW_E_PROTOCOL, "\"filename received\"");
}

static void
another_word_is_escaped_and_bounded(void **state)
{
	struct gw_classic_sender s;
	uint8_t noise[1000];

	(void)state;
	named(&s, "ok");
	replies(&s, "\033[2J", GW_SEC);
	gw_classic_sender_input_end(&s, GW_SEC);
	assert_null(strchr(s.why, '\033'));
	ends(&s, GW_E_PROTOCOL, "\\x1b[2J");
	memset(noise, 0xff, sizeof noise);
	named(&s, "ok");
	gw_classic_sender_input(&s, gw_slice(noise, sizeof noise), GW_SEC);
	ends(&s, GW_E_PROTOCOL, "\\xff");
}

static void
other_words_can_be_the_right_one(void **state)
{
	struct gw_classic_sender s;

	(void)state;
	named(&s, "filename received");
	replies(&s, "filename", GW_SEC);
	assert_false(gw_classic_sender_gives(&s));
	replies(&s, " received\n", GW_SEC);
	assert_true(gw_classic_sender_gives(&s));
	named(&s, "OK");
	replies(&s, "ok", GW_SEC);
	gw_classic_sender_input_end(&s, GW_SEC);
	ends(&s, GW_E_PROTOCOL, "\"ok\"");
}

/* Not before the name is out: but a plain sender would take it as well. */
static void
a_word_that_comes_before_the_name_counts_after_it(void **state)
{
	struct gw_classic_sender s;

	(void)state;
	begin(&s, "ok");
	replies(&s, "ok", 1);
	assert_false(gw_classic_sender_gives(&s));
	gw_classic_sender_sent(&s, 4, 2);
	assert_false(gw_classic_sender_gives(&s));
	gw_classic_sender_sent(&s, 6, 3);
	assert_true(gw_classic_sender_gives(&s));
	begin(&s, "ok");
	replies(&s, "220 welcome\r\n", 1);
	gw_classic_sender_sent(&s, 10, 2);
	gw_classic_sender_tick(&s, gw_classic_sender_deadline(&s));
	ends(&s, GW_E_PROTOCOL, "220 welcome");
}

static void
no_word_is_told_apart_from_no_reply_and_reset(void **state)
{
	struct gw_classic_sender s;

	(void)state;
	named(&s, "ok");
	gw_classic_sender_input_end(&s, GW_SEC);
	ends(&s, GW_E_REFUSED, "instead of replying");
	named(&s, "ok");
	replies(&s, "o", GW_SEC);
	gw_classic_sender_input_end(&s, GW_SEC);
	ends(&s, GW_E_PROTOCOL, "\"o\"");
	named(&s, "ok");
	gw_classic_sender_lost(&s);
	ends(&s, GW_E_LOST, "instead of replying");
	named(&s, "ok");
	gw_classic_sender_tick(&s, GW_MSEC + TIMEOUT);
	ends(&s, GW_E_STALLED, "--no-reply");
	begin(&s, "ok");
	gw_classic_sender_tick(&s, TIMEOUT);
	ends(&s, GW_E_STALLED, "no name");
}

static void
without_a_reply_there_is_a_pause(void **state)
{
	struct gw_classic_sender s;
	gw_usec at;

	(void)state;
	named(&s, NULL);
	assert_false(gw_classic_sender_gives(&s));
	at = gw_classic_sender_deadline(&s);
	assert_int_equal(at, GW_MSEC + GW_CLASSIC_PAUSE_MS * GW_MSEC);
	/* Whatever it says is nothing to us. */
	replies(&s, "what", GW_SEC / 10);
	gw_classic_sender_tick(&s, at - 1);
	assert_false(gw_classic_sender_gives(&s));
	gw_classic_sender_tick(&s, at);
	assert_true(gw_classic_sender_gives(&s));
	nothing(&s);
}

static void
a_stall_counts_only_while_the_connection_takes_nothing(void **state)
{
	struct gw_classic_sender s;

	(void)state;
	named(&s, "ok");
	replies(&s, "ok", GW_SEC);
	/* The source may be slow. */
	gw_classic_sender_tick(&s, GW_SEC + 10 * (gw_usec)TIMEOUT);
	nothing(&s);
	gw_classic_sender_blocked(&s, 10 * GW_SEC);
	assert_false(gw_classic_sender_gives(&s));
	gw_classic_sender_blocked(&s, 20 * GW_SEC);
	assert_int_equal(gw_classic_sender_deadline(&s), 10 * GW_SEC + TIMEOUT);
	gw_classic_sender_writable(&s);
	assert_true(gw_classic_sender_gives(&s));
	assert_int_equal(gw_classic_sender_deadline(&s), GW_NEVER);
	gw_classic_sender_given(&s, 5);
	gw_classic_sender_blocked(&s, 30 * GW_SEC);
	gw_classic_sender_tick(&s, 30 * GW_SEC + TIMEOUT - 1);
	nothing(&s);
	gw_classic_sender_tick(&s, 30 * GW_SEC + TIMEOUT);
	ends(&s, GW_E_STALLED, "took nothing");
}

static void
a_source_that_fails_ends_it_without_fin(void **state)
{
	struct gw_classic_sender s;

	(void)state;
	named(&s, "ok");
	replies(&s, "ok", GW_SEC);
	gw_classic_sender_given(&s, 5);
	gw_classic_sender_fail(&s, GW_E_DISK, "read: no");
	assert_int_equal(s.shut, false);
	ends(&s, GW_E_DISK, "read: no");
}

static void
resets_are_told_by_where_they_come(void **state)
{
	struct gw_classic_sender s;

	(void)state;
	named(&s, "ok");
	replies(&s, "ok", GW_SEC);
	gw_classic_sender_lost(&s);
	ends(&s, GW_E_LOST, "in the middle");
	closing(&s);
	gw_classic_sender_lost(&s);
	ends(&s, GW_E_LOST, "not read all");
	closing(&s);
	gw_classic_sender_unacked(&s, 0, 3 * GW_SEC);
	gw_classic_sender_lost(&s);
	ends(&s, GW_E_LOST, "not read all");
}

static void
what_is_never_acknowledged_is_told(void **state)
{
	struct gw_classic_sender s;
	gw_usec now = 2 * GW_SEC, last = 0;
	unsigned probes = 0;

	(void)state;
	closing(&s);
	gw_classic_sender_unacked(&s, 501, now);
	while (s.state == GW_CLASSIC_CLOSING) {
		now = gw_classic_sender_deadline(&s);
		assert_true(now > last);
		last = now;
		gw_classic_sender_tick(&s, now);
		if (gw_classic_sender_probes(&s))
			gw_classic_sender_unacked(&s, 501, now);
		probes++;
	}
	assert_true(probes < 3000);
	assert_int_equal(now, 2 * GW_SEC + TIMEOUT);
	ends(&s, GW_E_STALLED, "last 500 bytes");
	/* What gets less is no stall. */
	closing(&s);
	gw_classic_sender_unacked(&s, 501, 2 * GW_SEC);
	gw_classic_sender_unacked(&s, 1, 50 * GW_SEC);
	gw_classic_sender_tick(&s, 2 * GW_SEC + TIMEOUT);
	nothing(&s);
	gw_classic_sender_tick(&s, 50 * GW_SEC + TIMEOUT);
	ends(&s, GW_E_STALLED, "the end of the file");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_goes_from_its_name_to_its_end),
		cmocka_unit_test(
		    a_receiver_that_never_closes_is_not_waited_for),
		cmocka_unit_test(
		    a_receiver_that_closed_early_is_done_when_all_is_acknowledged),
		cmocka_unit_test(the_word_may_come_in_any_pieces),
		cmocka_unit_test(
		    a_newline_and_padding_after_the_word_do_no_harm),
		cmocka_unit_test(another_word_is_shown_whole),
		cmocka_unit_test(another_word_is_escaped_and_bounded),
		cmocka_unit_test(other_words_can_be_the_right_one),
		cmocka_unit_test(
		    a_word_that_comes_before_the_name_counts_after_it),
		cmocka_unit_test(no_word_is_told_apart_from_no_reply_and_reset),
		cmocka_unit_test(without_a_reply_there_is_a_pause),
		cmocka_unit_test(
		    a_stall_counts_only_while_the_connection_takes_nothing),
		cmocka_unit_test(a_source_that_fails_ends_it_without_fin),
		cmocka_unit_test(resets_are_told_by_where_they_come),
		cmocka_unit_test(what_is_never_acknowledged_is_told),
	};

	return cmocka_run_group_tests_name("classic_sender", tests, NULL, NULL);
}
