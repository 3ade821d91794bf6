/* The link emulator of tests/net, without devices and in virtual time. */
#include "tests/net/link_direction.h"

#include <string.h>

#include "test.h"

enum { LENGTH = 1500, MANY = 200000 };

static const uint64_t MSEC = 1000000; /* ns */

static struct link_direction
made(const char *words)
{
	struct link_settings s = { .seed = 7 };
	struct link_direction d;

	assert_true(link_settings_parse(&s, words));
	assert_true(link_direction_init(&d, &s));
	return d;
}

static void
take(struct link_direction *d, uint32_t length, uint64_t now)
{
	uint8_t bytes[FRAME_MAX] = { 0 };

	memcpy(bytes, &d->counters.by[LINK_IN].frames, sizeof(uint64_t));
	link_direction_take(d, bytes, length, now);
}

/* Whether a frame is given; it was the number-th that came. */
static bool
gives(struct link_direction *d, uint64_t now, uint64_t *number)
{
	struct frame *f = link_direction_give(d, now);

	if (f == NULL)
		return false;
	memcpy(number, f->bytes, sizeof(*number));
	frames_free(&d->frames, f);
	return true;
}

static uint64_t
frames_of(const struct link_direction *d, enum link_counter which)
{
	return d->counters.by[which].frames;
}

/* ---- settings ---- */

static void
settings_are_taken_all_or_none(void **state)
{
	struct link_settings s = { .loss = 0.5, .rate = 7 };

	(void)state;
	assert_true(link_settings_parse(&s, "rate=1e6,queue=3000,delay=2.5"));
	assert_true(s.rate == 1e6 && s.queue == 3000 && s.delay_ms == 2.5);
	assert_true(s.loss == 0.5);
	assert_true(link_settings_parse(&s, "burst=5,burst_silence=20"));
	assert_true(s.burst == 5 && s.burst_silence_ms == 20);
	assert_false(link_settings_parse(&s, "rate=1,loss"));
	assert_false(link_settings_parse(&s, "rate=1,loss=x"));
	assert_false(link_settings_parse(&s, "rate=1,loss=-1"));
	assert_false(link_settings_parse(&s, "rate=1,loss=nan"));
	assert_false(link_settings_parse(&s, "rate=1,bogus=1"));
	assert_true(s.rate == 1e6);
}

/* ---- a perfect link, and distance ---- */

static void
without_settings_all_passes_at_once_and_in_order(void **state)
{
	struct link_direction d = made("");
	uint64_t number;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		take(&d, LENGTH, 5);
	for (unsigned i = 0; i < 100; i++) {
		assert_true(gives(&d, 5, &number));
		assert_int_equal(number, i);
	}
	assert_false(gives(&d, UINT64_MAX - 1, &number));
	link_direction_fini(&d);
}

static void
delay_holds_a_frame_for_exactly_that_long(void **state)
{
	struct link_direction d = made("delay=25");
	uint64_t number;

	(void)state;
	take(&d, LENGTH, 100);
	assert_false(gives(&d, 100 + 25 * MSEC - 1, &number));
	assert_true(gives(&d, 100 + 25 * MSEC, &number));
	link_direction_fini(&d);
}

static void
what_is_reordered_comes_later_by_that_time(void **state)
{
	struct link_direction d = made("delay=5,reorder=0.01,reorder_by=3");
	unsigned late = 0;
	uint64_t number;

	(void)state;
	for (uint64_t i = 0; i < MANY; i++) {
		take(&d, LENGTH, i * 100 * MSEC);
		if (gives(&d, i * 100 * MSEC + 5 * MSEC, &number))
			continue;
		late++;
		assert_false(gives(&d, i * 100 * MSEC + 8 * MSEC - 1, &number));
		assert_true(gives(&d, i * 100 * MSEC + 8 * MSEC, &number));
	}
	assert_int_equal(late, frames_of(&d, LINK_REORDERED));
	assert_in_range(late, MANY / 110, MANY / 91);
	link_direction_fini(&d);
}

/* ---- rate and queue ---- */

static void
the_rate_counts_whole_frames(void **state)
{
	/* 1,500 bytes at 12 Mbit/s: one a millisecond. */
	struct link_direction d = made("rate=12e6");
	uint64_t number;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		take(&d, LENGTH, 0);
	for (uint64_t i = 1; i <= 10; i++) {
		assert_false(gives(&d, i * MSEC - 1, &number));
		assert_true(gives(&d, i * MSEC, &number));
	}
	assert_int_equal(d.counters.passed, 10);
	assert_int_equal(d.counters.waited_nsec, 45 * MSEC);
	assert_int_equal(d.counters.waited_nsec_most, 9 * MSEC);
	link_direction_fini(&d);
}

static void
an_idle_line_saves_nothing_up(void **state)
{
	struct link_direction d = made("rate=12e6");
	uint64_t number;

	(void)state;
	take(&d, LENGTH, 0);
	take(&d, LENGTH, 100 * MSEC);
	take(&d, LENGTH, 100 * MSEC);
	assert_true(gives(&d, 101 * MSEC, &number));
	assert_true(gives(&d, 101 * MSEC, &number));
	assert_false(gives(&d, 102 * MSEC - 1, &number));
	assert_true(gives(&d, 102 * MSEC, &number));
	link_direction_fini(&d);
}

static void
the_queue_is_of_bytes_and_drops_what_comes_last(void **state)
{
	struct link_direction d = made("rate=12e6,queue=4500");
	uint64_t number;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		take(&d, LENGTH, 0);
	/* Small ones still fit where a large one does not. */
	assert_int_equal(frames_of(&d, LINK_QUEUE_DROPPED), 7);
	take(&d, LENGTH, MSEC / 2);
	assert_int_equal(frames_of(&d, LINK_QUEUE_DROPPED), 8);
	take(&d, 700, MSEC / 2);
	assert_int_equal(frames_of(&d, LINK_QUEUE_DROPPED), 8);
	assert_int_equal(d.counters.by[LINK_QUEUE_DROPPED].bytes, 8 * LENGTH);
	for (unsigned i = 0; i < 4; i++)
		assert_true(gives(&d, 10 * MSEC, &number));
	assert_false(gives(&d, 10 * MSEC, &number));
	link_direction_fini(&d);
}

/* ---- loss ---- */

static void
loss_is_the_share_that_was_asked_for(void **state)
{
	struct link_direction d = made("loss=0.02");
	uint64_t number;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		take(&d, LENGTH, i);
		(void)gives(&d, i, &number);
	}
	assert_int_equal(frames_of(&d, LINK_IN), MANY);
	assert_in_range(
	    frames_of(&d, LINK_LOST), MANY * 19 / 1000, MANY * 21 / 1000);
	link_direction_fini(&d);
}

/* How long each row of lost frames is, one frame each `every`. */
static void
assert_rows(
    const char *words, uint64_t every, unsigned shortest, unsigned longest)
{
	struct link_direction d = made(words);
	unsigned row = 0;
	uint64_t number;

	for (uint64_t i = 0; i < MANY; i++) {
		take(&d, LENGTH, (i + 1) * every);
		if (gives(&d, (i + 1) * every, &number)) {
			if (row > 0)
				assert_in_range(row, shortest, longest);
			row = 0;
		} else {
			row++;
		}
	}
	assert_in_range(
	    frames_of(&d, LINK_LOST), MANY * 27 / 1000, MANY * 33 / 1000);
	link_direction_fini(&d);
}

static void
loss_in_bursts_is_the_same_share_in_rows(void **state)
{
	(void)state;
	/* Two bursts in a row are rare, and five out of the question. */
	assert_rows("loss=0.03,burst=5,burst_silence=20", MSEC, 5, 25);
}

static void
silence_ends_a_burst(void **state)
{
	struct link_direction d = made("loss=0.03,burst=5,burst_silence=20");
	unsigned rows = 0, lost = 0;
	uint64_t number;

	(void)state;
	/* Each frame comes after 20 ms of silence: none takes the next one
	 * with it, so that five times fewer are lost. */
	for (uint64_t i = 0; i < MANY; i++) {
		take(&d, LENGTH, (i + 1) * 20 * MSEC);
		if (gives(&d, (i + 1) * 20 * MSEC, &number))
			lost = 0;
		else if (lost++ == 0)
			rows++;
	}
	assert_in_range(
	    frames_of(&d, LINK_LOST), MANY * 55 / 10000, MANY * 68 / 10000);
	assert_in_range(rows, frames_of(&d, LINK_LOST) * 97 / 100,
	    frames_of(&d, LINK_LOST));
	link_direction_fini(&d);
}

static void
a_silence_that_is_shorter_ends_no_burst(void **state)
{
	(void)state;
	assert_rows("loss=0.03,burst=5,burst_silence=20", 20 * MSEC - 1, 5, 25);
}

static void
what_is_lost_takes_no_room_in_the_queue(void **state)
{
	struct link_direction d = made("loss=1,rate=12e6,queue=1500");

	(void)state;
	take(&d, LENGTH, 0);
	d.settings.loss = 0;
	take(&d, LENGTH, 0);
	assert_int_equal(frames_of(&d, LINK_LOST), 1);
	assert_int_equal(frames_of(&d, LINK_QUEUE_DROPPED), 0);
	link_direction_fini(&d);
}

static void
a_changed_probability_leaves_other_fates(void **state)
{
	struct link_direction one = made("loss=0.01,delay=1");
	struct link_direction other =
	    made("loss=0.01,delay=1,reorder=0.3,reorder_by=1,corrupt=0");

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		take(&one, LENGTH, i);
		take(&other, LENGTH, i);
		assert_int_equal(
		    frames_of(&one, LINK_LOST), frames_of(&other, LINK_LOST));
	}
	link_direction_fini(&one);
	link_direction_fini(&other);
}

/* ---- cuts, copies, damage ---- */

static void
a_cut_link_gives_nothing_and_counts_it_apart(void **state)
{
	struct link_direction d = made("delay=1,cut=1");
	uint64_t number;

	(void)state;
	take(&d, LENGTH, 0);
	assert_false(gives(&d, 10 * MSEC, &number));
	assert_int_equal(frames_of(&d, LINK_CUT), 1);
	assert_int_equal(frames_of(&d, LINK_LOST), 0);
	d.settings.cut = 0;
	take(&d, LENGTH, 10 * MSEC);
	assert_true(gives(&d, 11 * MSEC, &number));
	link_direction_fini(&d);
}

static void
what_is_duplicated_comes_twice(void **state)
{
	struct link_direction d = made("dup=1");
	uint64_t number;

	(void)state;
	take(&d, LENGTH, 0);
	assert_true(gives(&d, 0, &number));
	assert_true(gives(&d, 0, &number));
	assert_false(gives(&d, 0, &number));
	assert_int_equal(frames_of(&d, LINK_DUPLICATED), 1);
	link_direction_fini(&d);
}

static void
what_is_corrupted_has_one_bit_changed_behind_its_header(void **state)
{
	struct link_direction d = made("corrupt=1");
	uint8_t bytes[LENGTH] = { 0 };
	unsigned bits = 0;

	(void)state;
	link_direction_take(&d, bytes, LENGTH, 0);
	struct frame *f = link_direction_give(&d, 0);
	assert_non_null(f);
	for (unsigned i = 0; i < f->length * 8; i++) {
		if (f->bytes[i / 8] >> i % 8 & 1) {
			bits++;
			assert_true(i >= 14 * 8);
		}
	}
	assert_int_equal(bits, 1);
	frames_free(&d.frames, f);
	link_direction_fini(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_are_taken_all_or_none),
		cmocka_unit_test(
		    without_settings_all_passes_at_once_and_in_order),
		cmocka_unit_test(delay_holds_a_frame_for_exactly_that_long),
		cmocka_unit_test(what_is_reordered_comes_later_by_that_time),
		cmocka_unit_test(the_rate_counts_whole_frames),
		cmocka_unit_test(an_idle_line_saves_nothing_up),
		cmocka_unit_test(
		    the_queue_is_of_bytes_and_drops_what_comes_last),
		cmocka_unit_test(loss_is_the_share_that_was_asked_for),
		cmocka_unit_test(loss_in_bursts_is_the_same_share_in_rows),
		cmocka_unit_test(silence_ends_a_burst),
		cmocka_unit_test(a_silence_that_is_shorter_ends_no_burst),
		cmocka_unit_test(what_is_lost_takes_no_room_in_the_queue),
		cmocka_unit_test(a_changed_probability_leaves_other_fates),
		cmocka_unit_test(a_cut_link_gives_nothing_and_counts_it_apart),
		cmocka_unit_test(what_is_duplicated_comes_twice),
		cmocka_unit_test(
		    what_is_corrupted_has_one_bit_changed_behind_its_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
