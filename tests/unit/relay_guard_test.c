/* What a relay remembers of what it has sent. */
#include "test.h"

#include "forward/relay_guard.h"
#include "wire/limits.h"

static struct gw_relay_guard *g;

static int
set_up(void **state)
{
	(void)state;
	return gw_relay_guard_new(&g) == GW_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	gw_relay_guard_free(g);
	return 0;
}

static void
an_echo_is_known_where_it_was_sent_and_nowhere_else(void **state)
{
	(void)state;
	assert_false(gw_relay_guard_heard(g, 7, 0, 100));
	gw_relay_guard_sent(g, 7, 1, 100);
	assert_true(gw_relay_guard_heard(g, 7, 1, 100));
	assert_false(gw_relay_guard_heard(g, 7, 0, 100));
	assert_false(gw_relay_guard_heard(g, 8, 1, 100));
	gw_relay_guard_sent(g, 7, 2, 200);
	assert_true(gw_relay_guard_heard(g, 7, 1, 200));
	assert_true(gw_relay_guard_heard(g, 7, 2, 200));
}

static void
it_is_forgotten_after_two_seconds(void **state)
{
	(void)state;
	gw_relay_guard_sent(g, 7, 1, 100);
	assert_true(gw_relay_guard_heard(g, 7, 1, 99 + GW_RELAY_ECHO));
	assert_false(gw_relay_guard_heard(g, 7, 1, 100 + GW_RELAY_ECHO));
	/* Then it is new, with nothing of what it was. */
	gw_relay_guard_sent(g, 7, 2, 101 + GW_RELAY_ECHO);
	assert_false(gw_relay_guard_heard(g, 7, 1, 102 + GW_RELAY_ECHO));
}

static void
what_others_have_brought_need_not_go_again(void **state)
{
	(void)state;
	/* Another one's copy on 1, sent on to 0, where it came from. */
	assert_false(gw_relay_guard_heard(g, 7, 1, 100));
	assert_true(gw_relay_guard_wanted(g, 7, 1, 0));
	gw_relay_guard_sent(g, 7, 0, 100);
	assert_true(gw_relay_guard_heard(g, 7, 0, 101)); /* the original */
	/* What became of ours comes round. */
	assert_false(gw_relay_guard_heard(g, 7, 1, 102));
	assert_false(gw_relay_guard_wanted(g, 7, 1, 0));
	/* A moment later it is said anew. */
	assert_false(gw_relay_guard_heard(g, 7, 1, 100 + GW_RELAY_BRIEFLY));
	assert_true(gw_relay_guard_wanted(g, 7, 1, 0));
}

static void
a_program_that_says_it_often_is_heard_each_time(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		assert_false(gw_relay_guard_heard(g, 7, 0, 100 + i));
		assert_true(gw_relay_guard_wanted(g, 7, 0, 1));
		gw_relay_guard_sent(g, 7, 1, 100 + i);
	}
}

static unsigned
repeats(uint64_t hash, unsigned n, gw_usec at, gw_usec apart)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < n; i++)
		passed += gw_relay_guard_may_repeat(g, hash, at + i * apart);
	return passed;
}

static void
a_program_may_repeat_itself_up_to_a_point(void **state)
{
	(void)state;
	assert_int_equal(repeats(1, 100, 1000, 10), GW_RELAY_REPEATS);
	/* Others are others. */
	assert_int_equal(repeats(2, 100, 2000, 10), GW_RELAY_REPEATS);
	/* Ten a second go on for ever. */
	assert_int_equal(
	    repeats(3, 1000, GW_SEC, GW_SEC / GW_RELAY_REPEATS_A_SECOND), 1000);
	/* What goes in a fast circle dies. */
	assert_int_equal(repeats(4, 10000, GW_SEC, GW_MSEC),
	    GW_RELAY_REPEATS + 10 * GW_RELAY_REPEATS_A_SECOND - 1);
}

static void
memory_is_bounded_and_the_newest_are_kept(void **state)
{
	unsigned known = 0;
	uint64_t n = 10 * GW_RELAY_MARKS;

	(void)state;
	for (uint64_t i = 0; i < n; i++)
		gw_relay_guard_sent(g, i, 1, 1000 + i);
	for (uint64_t i = n; i-- > 0;)
		known += gw_relay_guard_heard(g, i, 1, 200000);
	assert_in_range(known, GW_RELAY_MARKS / 2, GW_RELAY_MARKS);
	assert_true(gw_relay_guard_heard(g, n - 1, 1, 200000));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_echo_is_known_where_it_was_sent_and_nowhere_else),
		CASE(it_is_forgotten_after_two_seconds),
		CASE(what_others_have_brought_need_not_go_again),
		CASE(a_program_that_says_it_often_is_heard_each_time),
		CASE(a_program_may_repeat_itself_up_to_a_point),
		CASE(memory_is_bounded_and_the_newest_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
