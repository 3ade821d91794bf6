#include "base/queue.h"

#include <string.h>

#include "alloc.h"
#include "test.h"

static struct gw_queue q;

static bool
push(uint8_t what, size_t n)
{
	static uint8_t bytes[2000];

	memset(bytes, what, n);
	return gw_queue_push(&q, gw_slice(bytes, n));
}

static void
check_next(uint8_t what, size_t n)
{
	struct gw_slice m;

	assert_true(gw_queue_peek(&q, &m));
	assert_int_equal(m.n, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(m.p[i], what);
	gw_queue_pop(&q);
}

static void
messages_come_out_whole_and_in_order(void **state)
{
	struct gw_slice m;

	(void)state;
	gw_queue_init(&q, 1000);
	assert_false(gw_queue_peek(&q, &m));
	assert_true(push(1, 10));
	assert_true(push(2, 0));
	assert_true(push(3, 500));
	check_next(1, 10);
	check_next(2, 0);
	check_next(3, 500);
	assert_false(gw_queue_peek(&q, &m));
	gw_queue_fini(&q);
}

static void
what_finds_no_room_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	gw_queue_init(&q, 1000);
	assert_false(push(1, 1001));
	assert_true(push(1, 600));
	assert_false(push(2, 401));
	assert_true(push(2, 400));
	assert_false(push(3, 1));
	assert_true(push(4, 0));
	check_next(1, 600);
	assert_false(push(3, 601)); /* in one piece, or not at all */
	assert_true(push(3, 600));
	assert_false(push(5, 1));
	check_next(2, 400);
	check_next(4, 0);
	check_next(3, 600);
	gw_queue_fini(&q);
}

static void
the_number_of_messages_is_bounded(void **state)
{
	(void)state;
	gw_queue_init(&q, 1000);
	for (unsigned i = 0; i < GW_QUEUE_MESSAGES; i++)
		assert_true(push((uint8_t)i, 1));
	assert_false(push(0, 0));
	for (unsigned i = 0; i < GW_QUEUE_MESSAGES; i++)
		check_next((uint8_t)i, 1);
	gw_queue_fini(&q);
}

/* Against a list of what went in. */
static void
any_order_of_calls_keeps_every_message(void **state)
{
	size_t sizes[GW_QUEUE_MESSAGES];
	unsigned long long x = 1;
	unsigned in = 0, out = 0;

	(void)state;
	gw_queue_init(&q, 3000);
	for (unsigned i = 0; i < 200000; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		if (x >> 63 != 0) {
			const size_t n = (size_t)(x >> 33) % 400;

			sizes[in % GW_QUEUE_MESSAGES] = n;
			in += push((uint8_t)in, n);
		} else if (in != out) {
			check_next(
			    (uint8_t)out, sizes[out % GW_QUEUE_MESSAGES]);
			out++;
		}
	}
	assert_true(in > 10000);
	gw_queue_fini(&q);
}

static void
without_memory_nothing_is_taken(void **state)
{
	(void)state;
	gw_queue_init(&q, 1000);
	test_fail_alloc(0);
	assert_false(push(1, 10));
	test_fail_alloc(-1);
	assert_true(push(1, 10));
	check_next(1, 10);
	gw_queue_fini(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_out_whole_and_in_order),
		cmocka_unit_test(
		    what_finds_no_room_is_refused_and_changes_nothing),
		cmocka_unit_test(the_number_of_messages_is_bounded),
		cmocka_unit_test(any_order_of_calls_keeps_every_message),
		cmocka_unit_test(without_memory_nothing_is_taken),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
