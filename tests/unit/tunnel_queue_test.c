/* F24: flows take turns, and what waits for too long goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "forward/tunnel_queue.h"

/* A datagram, or a part of one behind which others come. */
static bool
push(struct gw_tunnel_queue *q, struct gw_tunnel_line *l, const char *text,
    bool more, gw_usec now)
{
	const struct gw_tunnel_entry e = { gw_slice_str(text), 10, more };

	return gw_tunnel_queue_push(q, l, &e, now);
}

static char
take(struct gw_tunnel_queue *q, gw_usec now, enum gw_tunnel_turn want)
{
	struct gw_tunnel_entry e = { .more = false };
	struct gw_tunnel_line *line;
	char c;

	assert_int_equal(gw_tunnel_queue_next(q, now, &line, &e), want);
	assert_int_equal(e.bytes.n, 1);
	c = (char)e.bytes.p[0];
	gw_tunnel_queue_pop(q, want);
	return c;
}

static void
f24_one_that_sends_much_does_not_keep_others_waiting(void **state)
{
	struct gw_tunnel_queue q = { 0 };
	struct gw_tunnel_line a = { 0 }, b = { 0 };
	struct gw_tunnel_entry e;
	struct gw_tunnel_line *line;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_true(push(&q, &a, "a", false, 0));
	assert_true(push(&q, &b, "b", false, 0));
	assert_true(push(&q, &b, "c", false, 0));
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'a');
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'b');
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'a');
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'c');
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'a');
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'a');
	assert_int_equal(
	    gw_tunnel_queue_next(&q, 0, &line, &e), GW_TUNNEL_TURN_NONE);
	assert_int_equal(q.count, 0);
}

static void
f24_what_is_older_than_200_ms_is_stale(void **state)
{
	struct gw_tunnel_queue q = { 0 };
	struct gw_tunnel_line a = { 0 };

	(void)state;
	assert_int_equal(GW_TUNNEL_AGE, 200000);
	assert_true(push(&q, &a, "1", false, 0));
	assert_true(push(&q, &a, "2", false, 100000));
	assert_int_equal(take(&q, 200000, GW_TUNNEL_TURN_STALE), '1');
	assert_int_equal(take(&q, 200000, GW_TUNNEL_TURN_SEND), '2');
}

/* How many datagrams were in a line. */
static unsigned
clear(struct gw_tunnel_queue *q, struct gw_tunnel_line *l)
{
	unsigned n = 0;
	size_t whole;

	for (; gw_tunnel_queue_drop(q, l, &whole); n++)
		assert_int_equal(whole, 10);
	return n;
}

static void
f24_parts_of_one_that_is_stale_go_together_and_are_one(void **state)
{
	struct gw_tunnel_queue q = { 0 };
	struct gw_tunnel_line a = { 0 };

	(void)state;
	assert_true(push(&q, &a, "1", true, 0));
	assert_true(push(&q, &a, "2", true, 0));
	assert_true(push(&q, &a, "3", false, 0));
	assert_true(push(&q, &a, "x", true, 1));
	assert_true(push(&q, &a, "y", false, 1));
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), '1');
	assert_int_equal(take(&q, 200000, GW_TUNNEL_TURN_STALE), '2');
	assert_int_equal(take(&q, 200000, GW_TUNNEL_TURN_SEND), 'x');
	assert_int_equal(clear(&q, &a), 1);
	assert_int_equal(q.count, 0);
}

static void
f24_parts_without_room_for_the_last_one_are_taken_back(void **state)
{
	struct gw_tunnel_queue q = { 0 };
	struct gw_tunnel_line a = { 0 };

	(void)state;
	assert_true(push(&q, &a, "1", true, 0));
	gw_tunnel_queue_undo(&q, &a);
	assert_int_equal(q.count, 0);
	assert_false(a.listed);
	assert_true(push(&q, &a, "a", false, 0));
	assert_true(push(&q, &a, "2", true, 0));
	assert_true(push(&q, &a, "3", true, 0));
	gw_tunnel_queue_undo(&q, &a);
	assert_int_equal(q.count, 1);
	assert_true(push(&q, &a, "b", false, 0));
	gw_tunnel_queue_undo(&q, &a);
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'a');
	assert_int_equal(take(&q, 0, GW_TUNNEL_TURN_SEND), 'b');
}

static void
f24_a_line_has_an_end_and_others_have_room_still(void **state)
{
	struct gw_tunnel_queue q = { 0 };
	struct gw_tunnel_line a = { 0 }, b = { 0 };

	(void)state;
	for (unsigned i = 0; i < GW_TUNNEL_WAITING; i++)
		assert_true(push(&q, &a, "a", false, 0));
	assert_false(push(&q, &a, "a", false, 0));
	assert_true(push(&q, &b, "", false, 0));
	assert_int_equal(clear(&q, &a), GW_TUNNEL_WAITING);
	assert_int_equal(clear(&q, &b), 1);
	assert_int_equal(clear(&q, &b), 0);
	assert_int_equal(q.count, 0);
	assert_true(push(&q, &a, "z", false, 0));
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
		    f24_parts_of_one_that_is_stale_go_together_and_are_one),
		cmocka_unit_test(
		    f24_parts_without_room_for_the_last_one_are_taken_back),
		cmocka_unit_test(
		    f24_a_line_has_an_end_and_others_have_room_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
