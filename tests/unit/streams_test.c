#include "session/tcp/streams.h"

#include "session/session.h"
#include "test.h"

static struct gw_streams s;

enum { FIRST = GW_STREAM_WINDOW };

static struct gw_frame
stream(uint16_t id, uint64_t offset, uint32_t length)
{
	return (struct gw_frame){ GW_FRAME_STREAM, 0, id, length, offset };
}

static bool
data(uint16_t id, uint64_t offset, uint32_t length)
{
	const struct gw_frame f = stream(id, offset, length);

	return gw_streams_data(&s, &f);
}

static bool
window(uint16_t id, uint64_t end)
{
	const struct gw_frame f = { GW_FRAME_WINDOW, 0, id, 0, end };

	return gw_streams_window(&s, &f);
}

static void
data_must_be_next_and_within_the_window(void **state)
{
	(void)state;
	gw_streams_init(&s, FIRST);
	assert_false(data(0, 1, 1));
	assert_true(data(0, 0, 10));
	assert_false(data(0, 0, 10));
	assert_false(data(0, 11, 1));
	assert_false(data(0, 10, FIRST - 9));
	assert_true(data(0, 10, FIRST - 10));
	assert_false(data(0, FIRST, 1));
	assert_true(data(1, 0, FIRST));
	assert_int_equal(s.v[0].received, FIRST);
}

static void
nothing_comes_after_end(void **state)
{
	struct gw_frame f = stream(3, 0, 5);

	(void)state;
	gw_streams_init(&s, FIRST);
	f.flags = GW_FRAME_END;
	assert_true(gw_streams_data(&s, &f));
	assert_false(data(3, 5, 1));
	f = stream(3, 5, 0);
	f.flags = GW_FRAME_END;
	assert_false(gw_streams_data(&s, &f));
	assert_true(data(4, 0, 1));
}

static void
a_window_never_goes_back(void **state)
{
	(void)state;
	gw_streams_init(&s, FIRST);
	assert_int_equal(gw_streams_room(&s, 0), FIRST);
	assert_int_equal(gw_streams_send(&s, 0, 100), 0);
	assert_int_equal(gw_streams_send(&s, 0, 100), 100);
	assert_int_equal(gw_streams_room(&s, 0), FIRST - 200);
	assert_false(window(0, FIRST - 1));
	assert_true(window(0, FIRST));
	s.v[0].blocked = true;
	assert_true(window(0, UINT64_MAX));
	assert_false(s.v[0].blocked);
	assert_int_equal(gw_streams_room(&s, 0), UINT64_MAX - 200);
	assert_false(window(0, UINT64_MAX - 1));
	assert_int_equal(gw_streams_room(&s, 1), FIRST);
}

static void
credit_opens_the_window_by_quarters(void **state)
{
	const uint64_t w = 4 * FIRST;
	struct gw_frame f;

	(void)state;
	gw_streams_init(&s, w);
	assert_false(gw_streams_next(&s, &f));
	gw_streams_credit(&s, 8, 0); /* it is awaited */
	assert_true(gw_streams_next(&s, &f));
	assert_int_equal(f.stream, 8);
	assert_int_equal(f.value, w);
	gw_streams_credit(&s, 8, 0);
	assert_false(gw_streams_next(&s, &f));
	assert_true(data(9, 0, FIRST));
	gw_streams_credit(&s, 9, 1); /* the first opens all of it */
	assert_true(gw_streams_next(&s, &f));
	assert_int_equal(f.type, GW_FRAME_WINDOW);
	assert_int_equal(f.stream, 9);
	assert_int_equal(f.value, 1 + w);
	assert_false(gw_streams_next(&s, &f));
	gw_streams_credit(&s, 9, FIRST - 1);
	assert_false(gw_streams_next(&s, &f));
	assert_true(data(9, FIRST, FIRST));
	gw_streams_credit(&s, 9, 1);
	assert_true(gw_streams_next(&s, &f));
	assert_int_equal(f.value, FIRST + 1 + w);
}

static void
an_ended_stream_gets_no_window(void **state)
{
	struct gw_frame f = stream(0, 0, FIRST);

	(void)state;
	gw_streams_init(&s, FIRST);
	f.flags = GW_FRAME_END;
	assert_true(gw_streams_data(&s, &f));
	gw_streams_credit(&s, 0, FIRST);
	assert_false(gw_streams_next(&s, &f));
}

static void
an_end_goes_out_once_and_closes_the_stream(void **state)
{
	struct gw_frame f;

	(void)state;
	gw_streams_init(&s, FIRST);
	assert_true(data(255, 0, FIRST));
	gw_streams_credit(&s, 255, FIRST);
	gw_streams_send(&s, 255, 7);
	gw_streams_end(&s, 255);
	gw_streams_end(&s, 255);
	assert_int_equal(gw_streams_room(&s, 255), 0);
	assert_true(gw_streams_next(&s, &f));
	assert_int_equal(f.type, GW_FRAME_WINDOW);
	assert_true(gw_streams_next(&s, &f));
	assert_int_equal(f.type, GW_FRAME_STREAM);
	assert_int_equal(f.flags, GW_FRAME_END);
	assert_int_equal(f.stream, 255);
	assert_int_equal(f.value, 7);
	assert_false(gw_streams_next(&s, &f));
	assert_int_equal(s.due, 0);
}

static void
a_stream_is_given_up_once_and_not_after_its_end(void **state)
{
	struct gw_frame f;

	(void)state;
	gw_streams_init(&s, FIRST);
	gw_streams_send(&s, 3, 5);
	gw_streams_reset(&s, 3, 77);
	assert_int_equal(gw_streams_room(&s, 3), 0);
	assert_true(gw_streams_next(&s, &f));
	assert_int_equal(f.type, GW_FRAME_RESET);
	assert_int_equal(f.stream, 3);
	assert_int_equal(f.value, 77);
	gw_streams_reset(&s, 3, 78);
	assert_false(gw_streams_next(&s, &f));
	/* Instead of an END that has not left; not after one that has. */
	gw_streams_end(&s, 4);
	gw_streams_reset(&s, 4, 1);
	assert_true(gw_streams_next(&s, &f));
	assert_int_equal(f.type, GW_FRAME_RESET);
	gw_streams_end(&s, 5);
	assert_true(gw_streams_next(&s, &f));
	gw_streams_reset(&s, 5, 1);
	assert_false(gw_streams_next(&s, &f));

	assert_true(data(7, 0, 10));
	assert_true(gw_streams_reset_in(&s, 7));
	assert_false(gw_streams_reset_in(&s, 7));
	assert_false(data(7, 10, 1));
}

/* What a peer makes us hold has a bound, however many streams it opens. */
static void
only_some_streams_have_a_wide_window_at_a_time(void **state)
{
	const uint64_t whole = 4 * (uint64_t)FIRST;
	struct gw_frame f;

	(void)state;
	gw_streams_init(&s, whole);
	for (uint16_t i = 0; i < GW_STREAMS_WIDE + 2; i++) {
		const bool wide = i < GW_STREAMS_WIDE;

		assert_true(data(i, 0, FIRST));
		gw_streams_credit(&s, i, FIRST);
		assert_true(gw_streams_next(&s, &f));
		assert_int_equal(f.stream, i);
		assert_int_equal(f.value, FIRST + (wide ? whole : FIRST));
	}
	/* One that has ended, and was dealt with, makes way. */
	f = stream(1, FIRST, 0);
	f.flags = GW_FRAME_END;
	assert_true(gw_streams_data(&s, &f));
	assert_true(data(5, FIRST, FIRST));
	gw_streams_credit(&s, 5, FIRST);
	assert_true(gw_streams_next(&s, &f));
	assert_int_equal(f.value, 2 * FIRST + whole);
	/* So does one that was given up. */
	assert_true(gw_streams_reset_in(&s, 2));
	assert_true(data(4, FIRST, FIRST));
	gw_streams_credit(&s, 4, FIRST);
	assert_true(gw_streams_next(&s, &f));
	assert_int_equal(f.value, 2 * FIRST + whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_must_be_next_and_within_the_window),
		cmocka_unit_test(nothing_comes_after_end),
		cmocka_unit_test(a_window_never_goes_back),
		cmocka_unit_test(credit_opens_the_window_by_quarters),
		cmocka_unit_test(an_ended_stream_gets_no_window),
		cmocka_unit_test(an_end_goes_out_once_and_closes_the_stream),
		cmocka_unit_test(
		    a_stream_is_given_up_once_and_not_after_its_end),
		cmocka_unit_test(
		    only_some_streams_have_a_wide_window_at_a_time),
	};

	return cmocka_run_group_tests_name("streams", tests, NULL, NULL);
}
