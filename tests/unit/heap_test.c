#include "base/heap.h"

#include "alloc.h"
#include "test.h"

enum { ITEMS = 500, STEPS = 20000 };

static struct gw_heap_item items[ITEMS];
static bool in[ITEMS];

static uint64_t
next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return *seed >> 33;
}

static gw_usec
earliest(void)
{
	gw_usec at = GW_NEVER;

	for (unsigned i = 0; i < ITEMS; i++)
		if (in[i])
			at = gw_usec_min(at, items[i].at);
	return at;
}

static void
the_first_is_the_earliest_whatever_happens(void **state)
{
	uint64_t seed = 7;
	struct gw_heap h = { .v = NULL };

	(void)state;
	assert_null(gw_heap_first(&h));
	for (unsigned step = 0; step < STEPS; step++) {
		const unsigned i = (unsigned)(next(&seed) % ITEMS);
		const gw_usec at = next(&seed) % 1000;

		if (!in[i]) {
			assert_int_equal(gw_heap_add(&h, &items[i], at), GW_OK);
			in[i] = true;
		} else if (at % 3 == 0) {
			gw_heap_remove(&h, &items[i]);
			in[i] = false;
		} else {
			gw_heap_move(&h, &items[i], at);
		}
		assert_int_equal(gw_heap_first(&h) != NULL
				     ? gw_heap_first(&h)->at
				     : GW_NEVER,
		    earliest());
	}
	gw_heap_fini(&h);
}

static void
without_memory_nothing_changes(void **state)
{
	struct gw_heap h = { .v = NULL };
	struct gw_heap_item a;

	(void)state;
	test_fail_alloc(0);
	assert_int_equal(gw_heap_add(&h, &a, 5), GW_E_MEMORY);
	test_fail_alloc(-1);
	assert_null(gw_heap_first(&h));
	assert_int_equal(gw_heap_add(&h, &a, 5), GW_OK);
	assert_ptr_equal(gw_heap_first(&h), &a);
	gw_heap_remove(&h, &a);
	assert_null(gw_heap_first(&h));
	gw_heap_fini(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_the_earliest_whatever_happens),
		cmocka_unit_test(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
