#include "forward/targets.h"

#include "test.h"

static struct gw_place
place(uint8_t n)
{
	return (struct gw_place){
		.ip = { [10] = 0xff, [11] = 0xff, 10, 0, 0, n }, .port = 53
	};
}

/* Three that are known. */
static void
three(struct gw_targets *t, enum gw_targets_choice choice)
{
	gw_targets_init(t, 3);
	t->choice = choice;
	for (unsigned i = 0; i < 3; i++) {
		const struct gw_place at = place((uint8_t)i);

		gw_targets_set(t, i, &at, false);
	}
}

static unsigned
choose(struct gw_targets *t, uint64_t number, gw_usec now)
{
	unsigned i = 99;
	bool loop;

	assert_true(gw_targets_choose(t, number, now, &i, &loop));
	return i;
}

static void
each_way_of_choosing_chooses_as_it_says(void **state)
{
	struct gw_targets t;

	(void)state;
	three(&t, GW_TARGETS_ROUND);
	for (unsigned n = 0; n < 7; n++)
		assert_int_equal(choose(&t, 5, 0), n % 3);
	assert_int_equal(t.v[0].flows, 3);
	three(&t, GW_TARGETS_FIRST);
	for (unsigned n = 0; n < 7; n++)
		assert_int_equal(choose(&t, n, 0), 0);
	three(&t, GW_TARGETS_HASH);
	for (unsigned n = 0; n < 7; n++)
		assert_int_equal(choose(&t, n, 0), n % 3);
}

static void
a_target_that_refused_is_passed_over_for_a_while(void **state)
{
	struct gw_targets t;

	(void)state;
	three(&t, GW_TARGETS_FIRST);
	assert_true(gw_targets_refused(&t, 0, GW_SEC));
	assert_int_equal(choose(&t, 0, GW_SEC), 1);
	assert_int_equal(choose(&t, 0, 10 * GW_SEC), 1);
	assert_int_equal(choose(&t, 0, 11 * GW_SEC), 0);
	assert_int_equal(t.v[0].refusals, 1);
}

static void
what_answers_is_no_longer_suspect(void **state)
{
	struct gw_targets t;

	(void)state;
	three(&t, GW_TARGETS_FIRST);
	assert_true(gw_targets_refused(&t, 0, GW_SEC));
	gw_targets_answered(&t, 0);
	assert_int_equal(choose(&t, 0, GW_SEC), 0);
}

static void
a_new_address_is_not_suspect_and_the_same_one_is(void **state)
{
	const struct gw_place same = place(0), other = place(9);
	struct gw_targets t;

	(void)state;
	three(&t, GW_TARGETS_FIRST);
	assert_true(gw_targets_refused(&t, 0, GW_SEC));
	gw_targets_set(&t, 0, &same, false);
	assert_int_equal(choose(&t, 0, GW_SEC), 1);
	gw_targets_set(&t, 0, &other, false);
	assert_int_equal(choose(&t, 0, GW_SEC), 0);
	assert_true(gw_place_eq(&t.v[0].at, &other));
}

static void
when_all_are_suspect_one_is_taken_all_the_same(void **state)
{
	struct gw_targets t;

	(void)state;
	three(&t, GW_TARGETS_FIRST);
	assert_true(gw_targets_refused(&t, 0, 1));
	assert_true(gw_targets_refused(&t, 1, 1));
	assert_false(gw_targets_refused(&t, 2, 1)); /* none is left */
	assert_int_equal(choose(&t, 0, 1), 0);
}

static void
so_many_failures_make_a_target_suspect(void **state)
{
	struct gw_targets t;

	(void)state;
	three(&t, GW_TARGETS_FIRST);
	t.max_fails = 3;
	t.rest = 2 * GW_SEC;
	assert_false(gw_targets_refused(&t, 0, 1));
	assert_false(gw_targets_refused(&t, 0, 1));
	assert_int_equal(choose(&t, 0, 1), 0);
	assert_true(gw_targets_refused(&t, 0, 1));
	assert_int_equal(choose(&t, 0, 1), 1);
	assert_int_equal(choose(&t, 0, 1 + 2 * GW_SEC), 0);
}

static void
without_an_address_there_is_no_choice_and_a_loop_is_none(void **state)
{
	const struct gw_place at = place(1);
	struct gw_targets t;
	unsigned i;
	bool loop;

	(void)state;
	gw_targets_init(&t, 2);
	assert_false(gw_targets_choose(&t, 0, 0, &i, &loop));
	assert_false(loop);
	gw_targets_set(&t, 0, &at, true);
	assert_false(gw_targets_choose(&t, 0, 0, &i, &loop));
	assert_true(loop);
	gw_targets_set(&t, 1, &at, false);
	assert_true(gw_targets_choose(&t, 0, 0, &i, &loop));
	assert_int_equal(i, 1);
	gw_targets_set(&t, 1, NULL, false); /* its name is gone */
	assert_false(gw_targets_choose(&t, 0, 0, &i, &loop));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_of_choosing_chooses_as_it_says),
		cmocka_unit_test(
		    a_target_that_refused_is_passed_over_for_a_while),
		cmocka_unit_test(what_answers_is_no_longer_suspect),
		cmocka_unit_test(
		    a_new_address_is_not_suspect_and_the_same_one_is),
		cmocka_unit_test(
		    when_all_are_suspect_one_is_taken_all_the_same),
		cmocka_unit_test(so_many_failures_make_a_target_suspect),
		cmocka_unit_test(
		    without_an_address_there_is_no_choice_and_a_loop_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
