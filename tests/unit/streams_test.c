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
	};

	return cmocka_run_group_tests_name("streams", tests, NULL, NULL);
}
