#include "base/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "test.h"

enum { SPACE = 200 }; /* numbers that the model knows */

/* Every answer of the set against a plain array of flags. */
static void
compare(const struct gw_ranges *r, const bool *model)
{
	uint64_t count = 0;

	for (size_t i = 0; i < r->n; i++) {
		assert_true(r->v[i].start < r->v[i].end);
		if (i > 0)
			assert_true(r->v[i - 1].end < r->v[i].start);
	}
	for (uint64_t at = 0; at < SPACE; at++) {
		struct gw_range gap;
		uint64_t hole = at;

		count += model[at];
		assert_int_equal(gw_ranges_has(r, at, at + 1), model[at]);
		while (hole < SPACE && model[hole])
			hole++;
		assert_int_equal(
		    gw_ranges_gap(r, at, SPACE, &gap), hole < SPACE);
		if (hole == SPACE)
			continue;
		assert_int_equal(gap.start, hole);
		while (hole < SPACE && !model[hole])
			hole++;
		assert_int_equal(gap.end, hole);
	}
	assert_int_equal(gw_ranges_count(r), count);
}

static void
many_steps_agree_with_a_model(void **state)
{
	struct gw_ranges r;
	bool model[SPACE] = { false };
	uint32_t seed = 1;

	(void)state;
	gw_ranges_init(&r, SPACE);
	for (int step = 0; step < 4000; step++) {
		seed = seed * 1664525 + 1013904223;
		const uint64_t start = (seed >> 8) % (SPACE - 1);
		uint64_t end = start + 1 + (seed >> 20) % 17;
		const bool add = (seed >> 30) % 2 == 0;

		if (end > SPACE)
			end = SPACE;
		assert_int_equal(add ? gw_ranges_add(&r, start, end)
				     : gw_ranges_remove(&r, start, end),
		    GW_OK);
		for (uint64_t i = start; i < end; i++)
			model[i] = add;
		compare(&r, model);
	}
	gw_ranges_fini(&r);
}

static void
touching_ranges_become_one(void **state)
{
	struct gw_ranges r;

	(void)state;
	gw_ranges_init(&r, 3);
	assert_int_equal(gw_ranges_add(&r, 10, 20), GW_OK);
	assert_int_equal(gw_ranges_add(&r, 30, 40), GW_OK);
	assert_int_equal(r.n, 2);
	assert_false(gw_ranges_has(&r, 10, 40));
	assert_int_equal(gw_ranges_add(&r, 20, 30), GW_OK);
	assert_int_equal(r.n, 1);
	assert_true(gw_ranges_has(&r, 10, 40));
	assert_false(gw_ranges_has(&r, 9, 11));
	gw_ranges_clear(&r);
	assert_int_equal(gw_ranges_count(&r), 0);
	gw_ranges_fini(&r);
}

static void
past_the_limit_nothing_changes(void **state)
{
	struct gw_ranges r;

	(void)state;
	gw_ranges_init(&r, 2);
	assert_int_equal(gw_ranges_add(&r, 0, 10), GW_OK);
	assert_int_equal(gw_ranges_add(&r, 20, 30), GW_OK);
	assert_int_equal(gw_ranges_add(&r, 40, 50), GW_E_LIMIT);
	assert_int_equal(gw_ranges_remove(&r, 5, 6), GW_E_LIMIT);
	assert_int_equal(gw_ranges_count(&r), 20);
	assert_true(gw_ranges_has(&r, 0, 10));
	assert_false(gw_ranges_has(&r, 40, 41));
	/* What needs no third range still works. */
	assert_int_equal(gw_ranges_add(&r, 10, 40), GW_OK);
	assert_int_equal(r.n, 1);
	gw_ranges_fini(&r);
}

static void
the_whole_of_64_bits_fits(void **state)
{
	struct gw_ranges r;
	struct gw_range gap;

	(void)state;
	gw_ranges_init(&r, 4);
	assert_int_equal(gw_ranges_add(&r, 0, UINT64_MAX), GW_OK);
	assert_int_equal(gw_ranges_count(&r), UINT64_MAX);
	assert_false(gw_ranges_gap(&r, 0, UINT64_MAX, &gap));
	assert_int_equal(
	    gw_ranges_remove(&r, UINT64_MAX - 1, UINT64_MAX), GW_OK);
	assert_true(gw_ranges_gap(&r, 0, UINT64_MAX, &gap));
	assert_int_equal(gap.start, UINT64_MAX - 1);
	gw_ranges_fini(&r);
}

static void
without_memory_nothing_changes(void **state)
{
	struct gw_ranges r;
	uint64_t i = 0;

	(void)state;
	gw_ranges_init(&r, 100);
	test_fail_alloc(0);
	assert_int_equal(gw_ranges_add(&r, 0, 1), GW_E_MEMORY);
	assert_int_equal(gw_ranges_count(&r), 0);
	for (;; i++) {
		enum gw_err err;

		test_fail_alloc(i == 0 ? -1 : 0);
		err = gw_ranges_add(&r, 2 * i, 2 * i + 1);
		test_fail_alloc(-1);
		if (err == GW_E_MEMORY)
			break;
		assert_int_equal(err, GW_OK);
	}
	assert_int_equal(gw_ranges_count(&r), i);
	assert_false(gw_ranges_has(&r, 2 * i, 2 * i + 1));
	gw_ranges_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_steps_agree_with_a_model),
		cmocka_unit_test(touching_ranges_become_one),
		cmocka_unit_test(past_the_limit_nothing_changes),
		cmocka_unit_test(without_memory_nothing_changes),
		cmocka_unit_test(the_whole_of_64_bits_fits),
	};

	return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
