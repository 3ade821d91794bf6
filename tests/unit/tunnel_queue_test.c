/* F24: flows take turns, and what waits for too long goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "forward/tunnel_queue.h"

static char
take(struct gw_tunnel_queue *q, gw_usec now, enum gw_tunnel_turn want)
{
	struct gw_tunnel_line *line;
	struct gw_slice s = { 0 };
	char c;

	assert_int_equal(gw_tunnel_queue_next(q, now, &line, &s), want);
	assert_int_equal(s.n, 1);
	c = (char)s.p[0];
	gw_tunnel_queue_pop(q, want);
	return c;
}

static void
f24_one_that_sends_much_does_not_keep_others_waiting(void **state)
{
	struct gw_tunnel_queue q = { 0 };
	struct gw_tunnel_line a = { 0 }, b = { 0 };
	struct gw_tunnel_line *line;
	struct gw_slice s;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_true(gw_tunnel_queue_push(&q, &a, gw_slice_str("a"), 0));
	assert_true(gw_tunnel_queue_push(&q, &b, gw_slice_str("b"), 0));
	assert_true(gw_tunnel_queue_push(&q, &b, gw_slice_str("c"), 0));
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'a');
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'b');
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'a');
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'c');
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'a');
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'a');
	assert_int_equal(
	    gw_tunnel_queue_next(&q, 0, &line, &s), GW_TUNNEL_TURN_NONE);
	assert_int_equal(q.count, 0);
}

static void
f24_what_is_older_than_200_ms_is_stale(void **state)
{
	struct gw_tunnel_queue q = { 0 };
	struct gw_tunnel_line a = { 0 };

	(void)state;
	assert_int_equal(GW_TUNNEL_AGE, 200000);
	assert_true(gw_tunnel_queue_push(&q, &a, gw_slice_str("1"), 0));
	assert_true(gw_tunnel_queue_push(&q, &a, gw_slice_str("2"), 100000));
	assert_int_equal(take(&q, 200000, GW_TUNNEL_TURN_STALE), '1');
	assert_int_equal(take(&q, 200000, GW_TUNNEL_TURN_SEND), '2');
}

static void
f24_a_line_has_an_end_and_others_have_room_still(void **state)
{
	struct gw_tunnel_queue q = { 0 };
	struct gw_tunnel_line a = { 0 }, b = { 0 };

	(void)state;
	for (unsigned i = 0; i < GW_TUNNEL_WAITING; i++)
		assert_true(gw_tunnel_queue_push(&q, &a, gw_slice_str("a"), 0));
	assert_false(gw_tunnel_queue_push(&q, &a, gw_slice_str("a"), 0));
	assert_true(gw_tunnel_queue_push(&q, &b, gw_slice("", 0), 0));
	assert_int_equal(gw_tunnel_queue_clear(&q, &a), GW_TUNNEL_WAITING);
	assert_int_equal(gw_tunnel_queue_clear(&q, &b), 1);
	assert_int_equal(gw_tunnel_queue_clear(&q, &b), 0);
	assert_int_equal(q.count, 0);
	assert_true(gw_tunnel_queue_push(&q, &a, gw_slice_str("z"), 0));
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'z');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    f24_one_that_sends_much_does_not_keep_others_waiting),
		cmocka_unit_test(f24_what_is_older_than_200_ms_is_stale),
		cmocka_unit_test(
		    f24_a_line_has_an_end_and_others_have_room_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
