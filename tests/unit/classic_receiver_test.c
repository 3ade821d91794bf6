#include "classic/receiver.h"

#include <string.h>

#include "test.h"

enum { TIMEOUT = 60 * 1000000, QUIET = GW_CLASSIC_QUIET_MS * 1000 };

static void
begin(struct gw_classic_receiver *r, uint64_t max_size, bool keep_partial)
{
	struct gw_classic_receiver_options o = {
		.reply = "ok",
		.max_size = max_size,
		.timeout = TIMEOUT,
		.keep_partial = keep_partial,
	};

	gw_classic_receiver_init(r, &o, 0);
}

static void
says(struct gw_classic_receiver *r, const char *text, gw_usec now)
{
	gw_classic_receiver_input(r, gw_slice_str(text), now);
}

static struct gw_classic_receiver_event
event(struct gw_classic_receiver *r, enum gw_classic_receiver_event_kind kind)
{
	struct gw_classic_receiver_event e, other;

	assert_true(gw_classic_receiver_event(r, &e));
	assert_int_equal(e.kind, kind);
	assert_false(gw_classic_receiver_event(r, &other)); /* once */
	return e;
}

static void
nothing(struct gw_classic_receiver *r)
{
	struct gw_classic_receiver_event e;

	assert_false(gw_classic_receiver_event(r, &e));
}

static void
ends(struct gw_classic_receiver *r, enum gw_err err, bool reset,
    const char *word)
{
	struct gw_classic_receiver_event e = event(r, GW_CLASSIC_END);

	assert_int_equal(e.err, err);
	assert_int_equal(e.reset, reset);
	if (strstr(e.why, word) == NULL)
		fail_msg("'%s' does not say '%s'", e.why, word);
	assert_int_equal(gw_classic_receiver_deadline(r), GW_NEVER);
	assert_int_equal(gw_classic_receiver_wants(r), 0);
	assert_int_equal(gw_classic_receiver_room(r), 0);
	assert_int_equal(gw_classic_receiver_output(r).n, 0);
}

/* To where the word has been sent; at 1 s. */
static void
open_content(struct gw_classic_receiver *r)
{
	says(r, "name", 1000);
	gw_classic_receiver_tick(r, 1000 + QUIET);
	event(r, GW_CLASSIC_CREATE);
	gw_classic_receiver_created(r, GW_OK, "", GW_SEC);
	gw_classic_receiver_sent(r, 2, GW_SEC);
	assert_int_equal(r->state, GW_CLASSIC_TAKING);
}

static void
a_file_comes_from_its_name_to_its_end(void **state)
{
	struct gw_classic_receiver r;
	struct gw_classic_receiver_event e;

	(void)state;
	begin(&r, 0, false);
	assert_int_equal(gw_classic_receiver_deadline(&r), TIMEOUT);
	assert_int_equal(
	    gw_classic_receiver_wants(&r), GW_CLASSIC_NAME_RAW + 1);
	says(&r, "report.pdf", 5000);
	nothing(&r);
	assert_int_equal(gw_classic_receiver_deadline(&r), 5000 + QUIET);
	gw_classic_receiver_tick(&r, 5000 + QUIET - 1);
	nothing(&r);
	gw_classic_receiver_tick(&r, 5000 + QUIET);
	e = event(&r, GW_CLASSIC_CREATE);
	assert_string_equal(e.name, "report.pdf");
	/* The word waits for the file. */
	assert_int_equal(gw_classic_receiver_output(&r).n, 0);
	assert_int_equal(gw_classic_receiver_deadline(&r), GW_NEVER);
	gw_classic_receiver_created(&r, GW_OK, "", 6000);
	nothing(&r);
	assert_true(
	    gw_slice_eq(gw_classic_receiver_output(&r), gw_slice_str("ok")));
	assert_int_equal(gw_classic_receiver_room(&r), 0);
	gw_classic_receiver_sent(&r, 2, 7000);
	assert_int_equal(gw_classic_receiver_output(&r).n, 0);
	assert_int_equal(gw_classic_receiver_room(&r), UINT64_MAX);
	gw_classic_receiver_taken(&r, 1000, 8000);
	assert_int_equal(gw_classic_receiver_deadline(&r), 8000 + TIMEOUT);
	gw_classic_receiver_taken(&r, 0, 9000);
	assert_int_equal(gw_classic_receiver_deadline(&r), 8000 + TIMEOUT);
	gw_classic_receiver_end(&r, 9000);
	e = event(&r, GW_CLASSIC_KEEP);
	assert_string_equal(e.name, "report.pdf");
	gw_classic_receiver_stored(&r, GW_OK, "");
	ends(&r, GW_OK, false, "");
}

static void
a_name_in_pieces_is_one_name(void **state)
{
	struct gw_classic_receiver r;

	(void)state;
	begin(&r, 0, false);
	for (unsigned i = 0; i < 10; i++) {
		gw_usec now = i * (QUIET - 1);

		gw_classic_receiver_tick(&r, now);
		says(&r, "ab", now);
		assert_int_equal(gw_classic_receiver_deadline(&r), now + QUIET);
	}
	gw_classic_receiver_tick(&r, 10 * QUIET);
	assert_string_equal(
	    event(&r, GW_CLASSIC_CREATE).name, "abababababababababab");
}

static void
a_name_that_never_ends_is_given_up(void **state)
{
	struct gw_classic_receiver r;
	gw_usec now = 0;

	(void)state;
	begin(&r, 0, false);
	for (; r.state == GW_CLASSIC_NAMING; now += QUIET / 2) {
		assert_true(now < 2 * GW_CLASSIC_NAME_SECONDS * GW_SEC);
		says(&r, "a", now);
		gw_classic_receiver_tick(&r, now + QUIET / 4);
	}
	ends(&r, GW_E_STALLED, false, "too long");
	assert_true(now >= (GW_CLASSIC_NAME_SECONDS - 1) * GW_SEC);
	/* It may begin late. */
	begin(&r, 0, false);
	now = TIMEOUT - 1;
	says(&r, "a", now);
	assert_int_equal(gw_classic_receiver_deadline(&r), now + QUIET);
	gw_classic_receiver_tick(&r, now + QUIET);
	event(&r, GW_CLASSIC_CREATE);
}

static void
who_says_nothing_is_given_up(void **state)
{
	struct gw_classic_receiver r;

	(void)state;
	begin(&r, 0, false);
	gw_classic_receiver_tick(&r, TIMEOUT - 1);
	nothing(&r);
	gw_classic_receiver_tick(&r, TIMEOUT);
	assert_null(event(&r, GW_CLASSIC_END).name);
	assert_int_equal(r.err, GW_E_STALLED);
}

static void
padding_is_taken_and_more_than_that_is_refused(void **state)
{
	static const uint8_t padded[GW_CLASSIC_NAME_RAW + 1] = "name";
	struct gw_classic_receiver r;

	(void)state;
	begin(&r, 0, false);
	gw_classic_receiver_input(&r, gw_slice(padded, GW_CLASSIC_NAME_RAW), 0);
	assert_int_equal(gw_classic_receiver_wants(&r), 1);
	gw_classic_receiver_tick(&r, QUIET);
	assert_string_equal(event(&r, GW_CLASSIC_CREATE).name, "name");
	begin(&r, 0, false);
	gw_classic_receiver_input(
	    &r, gw_slice(padded, GW_CLASSIC_NAME_RAW + 1), 0);
	ends(&r, GW_E_STRANGER, false, "without waiting");
}

static void
what_is_no_name_is_closed_without_the_word(void **state)
{
	struct gw_classic_receiver r;

	(void)state;
	begin(&r, 0, false);
	says(&r, "a\nb", 0);
	gw_classic_receiver_tick(&r, QUIET);
	ends(&r, GW_E_STRANGER, false, "more than one line");
}

static void
without_a_file_there_is_no_word(void **state)
{
	struct gw_classic_receiver r;
	struct gw_classic_receiver_event e;

	(void)state;
	begin(&r, 0, true);
	says(&r, "name", 0);
	gw_classic_receiver_tick(&r, QUIET);
	event(&r, GW_CLASSIC_CREATE);
	gw_classic_receiver_created(&r, GW_E_DISK, "create: no", QUIET);
	ends(&r, GW_E_DISK, false, "create: no");
	/* A name that is to be left alone is no failure, but no word either. */
	begin(&r, 0, true);
	says(&r, "name", 0);
	gw_classic_receiver_tick(&r, QUIET);
	event(&r, GW_CLASSIC_CREATE);
	gw_classic_receiver_created(&r, GW_E_AGAIN, "", QUIET);
	e = event(&r, GW_CLASSIC_END);
	assert_int_equal(e.err, GW_E_AGAIN);
	assert_string_equal(e.name, "name");
	assert_false(e.reset);
}

static void
who_closes_before_the_word_leaves_nothing(void **state)
{
	struct gw_classic_receiver r;

	(void)state;
	begin(&r, 0, true);
	gw_classic_receiver_end(&r, 5);
	ends(&r, GW_E_LOST, false, "without sending a name");
	begin(&r, 0, true);
	says(&r, "name", 0);
	gw_classic_receiver_end(&r, 5);
	ends(&r, GW_E_LOST, false, "without waiting for a reply");
	/* Seen only when the word was to be sent. */
	begin(&r, 0, true);
	says(&r, "name", 0);
	gw_classic_receiver_tick(&r, QUIET);
	event(&r, GW_CLASSIC_CREATE);
	gw_classic_receiver_created(&r, GW_OK, "", QUIET);
	gw_classic_receiver_end(&r, QUIET);
	assert_int_equal(gw_classic_receiver_output(&r).n, 0);
	event(&r, GW_CLASSIC_DROP);
	gw_classic_receiver_stored(&r, GW_OK, "");
	ends(&r, GW_E_LOST, false, "without waiting for a reply");
}

static void
a_reset_keeps_nothing(void **state)
{
	struct gw_classic_receiver r;

	(void)state;
	begin(&r, 0, false);
	open_content(&r);
	gw_classic_receiver_taken(&r, 100, GW_SEC);
	gw_classic_receiver_lost(&r, GW_SEC);
	event(&r, GW_CLASSIC_DROP);
	gw_classic_receiver_stored(&r, GW_OK, "");
	ends(&r, GW_E_LOST, true, "reset");
	/* Before the word, too. */
	begin(&r, 0, false);
	says(&r, "na", 0);
	gw_classic_receiver_lost(&r, 1);
	ends(&r, GW_E_LOST, false, "reset");
}

static void
a_reset_keeps_a_part_if_that_was_asked_for(void **state)
{
	struct gw_classic_receiver r;

	(void)state;
	begin(&r, 0, true);
	open_content(&r);
	gw_classic_receiver_taken(&r, 100, GW_SEC);
	gw_classic_receiver_lost(&r, GW_SEC);
	assert_string_equal(event(&r, GW_CLASSIC_KEEP_PARTIAL).name, "name");
	/* What goes wrong then is not the reason of the failure. */
	gw_classic_receiver_stored(&r, GW_E_DISK, "rename: no");
	ends(&r, GW_E_LOST, true, "reset");
	/* Nothing is no part. */
	begin(&r, 0, true);
	open_content(&r);
	gw_classic_receiver_lost(&r, GW_SEC);
	event(&r, GW_CLASSIC_DROP);
}

static void
a_stall_ends_it(void **state)
{
	struct gw_classic_receiver r;

	(void)state;
	begin(&r, 0, false);
	open_content(&r);
	gw_classic_receiver_taken(&r, 100, GW_SEC);
	/* That we take nothing is no stall of its. */
	gw_classic_receiver_held(&r, 2 * GW_SEC);
	gw_classic_receiver_tick(&r, 2 * GW_SEC + TIMEOUT - 1);
	nothing(&r);
	gw_classic_receiver_tick(&r, 2 * GW_SEC + TIMEOUT);
	event(&r, GW_CLASSIC_DROP);
	gw_classic_receiver_stored(&r, GW_OK, "");
	ends(&r, GW_E_STALLED, true, "too long");
}

static void
the_largest_size_is_the_last_that_is_taken(void **state)
{
	struct gw_classic_receiver r;

	(void)state;
	begin(&r, 1000, false);
	open_content(&r);
	assert_int_equal(gw_classic_receiver_room(&r), 1000);
	gw_classic_receiver_taken(&r, 999, GW_SEC);
	assert_int_equal(gw_classic_receiver_room(&r), 1);
	gw_classic_receiver_taken(&r, 1, GW_SEC);
	assert_int_equal(gw_classic_receiver_room(&r), 0);
	gw_classic_receiver_end(&r, GW_SEC);
	event(&r, GW_CLASSIC_KEEP);
	gw_classic_receiver_stored(&r, GW_OK, "");
	ends(&r, GW_OK, false, "");
	begin(&r, 1000, false);
	open_content(&r);
	gw_classic_receiver_taken(&r, 1000, GW_SEC);
	gw_classic_receiver_excess(&r, GW_SEC);
	event(&r, GW_CLASSIC_DROP);
	gw_classic_receiver_stored(&r, GW_OK, "");
	ends(&r, GW_E_LIMIT, true, "--max-size");
}

static void
a_disk_that_fails_resets_the_connection(void **state)
{
	struct gw_classic_receiver r;

	(void)state;
	begin(&r, 0, false);
	open_content(&r);
	gw_classic_receiver_taken(&r, 100, GW_SEC);
	gw_classic_receiver_fail(&r, GW_E_SPACE, "write: no space");
	event(&r, GW_CLASSIC_DROP);
	gw_classic_receiver_stored(&r, GW_OK, "");
	ends(&r, GW_E_SPACE, true, "write: no space");
	begin(&r, 0, false);
	open_content(&r);
	gw_classic_receiver_end(&r, GW_SEC);
	event(&r, GW_CLASSIC_KEEP);
	gw_classic_receiver_stored(&r, GW_E_DISK, "sync: no");
	ends(&r, GW_E_DISK, true, "sync: no");
	/* Somebody took the name meanwhile, and it is to be left alone. */
	begin(&r, 0, false);
	open_content(&r);
	gw_classic_receiver_end(&r, GW_SEC);
	event(&r, GW_CLASSIC_KEEP);
	gw_classic_receiver_stored(&r, GW_E_AGAIN, "");
	ends(&r, GW_E_AGAIN, false, "");
}

static void
it_can_be_ended_in_any_state(void **state)
{
	struct gw_classic_receiver r;

	(void)state;
	begin(&r, 0, false);
	gw_classic_receiver_fail(&r, GW_E_INTERRUPTED, "stop");
	ends(&r, GW_E_INTERRUPTED, false, "stop");
	gw_classic_receiver_fail(&r, GW_E_LOST, "again");
	nothing(&r);
	/* While its file is being made. */
	begin(&r, 0, false);
	says(&r, "name", 0);
	gw_classic_receiver_tick(&r, QUIET);
	event(&r, GW_CLASSIC_CREATE);
	gw_classic_receiver_fail(&r, GW_E_INTERRUPTED, "stop");
	nothing(&r);
	gw_classic_receiver_created(&r, GW_OK, "", QUIET);
	event(&r, GW_CLASSIC_DROP);
	gw_classic_receiver_stored(&r, GW_OK, "");
	ends(&r, GW_E_INTERRUPTED, false, "stop");
	/* In the middle of content. */
	begin(&r, 0, false);
	open_content(&r);
	gw_classic_receiver_fail(&r, GW_E_INTERRUPTED, "stop");
	event(&r, GW_CLASSIC_DROP);
	gw_classic_receiver_stored(&r, GW_OK, "");
	ends(&r, GW_E_INTERRUPTED, true, "stop");
	/* What is whole is kept. */
	begin(&r, 0, false);
	open_content(&r);
	gw_classic_receiver_end(&r, GW_SEC);
	event(&r, GW_CLASSIC_KEEP);
	gw_classic_receiver_fail(&r, GW_E_INTERRUPTED, "stop");
	nothing(&r);
	gw_classic_receiver_stored(&r, GW_OK, "");
	ends(&r, GW_OK, false, "");
}

static void
a_long_word_may_go_in_parts(void **state)
{
	struct gw_classic_receiver_options o = { .reply = "filename received",
		.timeout = TIMEOUT };
	struct gw_classic_receiver r;

	(void)state;
	gw_classic_receiver_init(&r, &o, 0);
	says(&r, "name", 0);
	gw_classic_receiver_tick(&r, QUIET);
	event(&r, GW_CLASSIC_CREATE);
	gw_classic_receiver_created(&r, GW_OK, "", QUIET);
	gw_classic_receiver_sent(&r, 8, QUIET);
	assert_true(gw_slice_eq(
	    gw_classic_receiver_output(&r), gw_slice_str(" received")));
	gw_classic_receiver_tick(&r, QUIET + TIMEOUT);
	event(&r, GW_CLASSIC_DROP);
	gw_classic_receiver_stored(&r, GW_OK, "");
	ends(&r, GW_E_STALLED, true, "too long");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_comes_from_its_name_to_its_end),
		cmocka_unit_test(a_name_in_pieces_is_one_name),
		cmocka_unit_test(a_name_that_never_ends_is_given_up),
		cmocka_unit_test(who_says_nothing_is_given_up),
		cmocka_unit_test(
		    padding_is_taken_and_more_than_that_is_refused),
		cmocka_unit_test(what_is_no_name_is_closed_without_the_word),
		cmocka_unit_test(without_a_file_there_is_no_word),
		cmocka_unit_test(who_closes_before_the_word_leaves_nothing),
		cmocka_unit_test(a_reset_keeps_nothing),
		cmocka_unit_test(a_reset_keeps_a_part_if_that_was_asked_for),
		cmocka_unit_test(a_stall_ends_it),
		cmocka_unit_test(the_largest_size_is_the_last_that_is_taken),
		cmocka_unit_test(a_disk_that_fails_resets_the_connection),
		cmocka_unit_test(it_can_be_ended_in_any_state),
		cmocka_unit_test(a_long_word_may_go_in_parts),
	};

	return cmocka_run_group_tests_name(
	    "classic_receiver", tests, NULL, NULL);
}
