#include "session/tcp/outbox.h"

#include <string.h>

#include "alloc.h"
#include "base/random.h"
#include "test.h"

static bool
add(struct gw_outbox *o, size_t n, uint8_t value)
{
	uint8_t *at = gw_outbox_room(o, n);

	if (at == NULL)
		return false;
	memset(at, value, n);
	gw_outbox_added(o, n);
	return true;
}

static void
what_goes_in_comes_out(void **state)
{
	struct gw_outbox o;

	(void)state;
	assert_int_equal(gw_outbox_init(&o, 100), GW_OK);
	assert_true(gw_outbox_empty(&o));
	assert_int_equal(gw_outbox_peek(&o).n, 0);
	assert_true(add(&o, 40, 1));
	assert_true(add(&o, 40, 2));
	assert_false(add(&o, 40, 3));
	assert_int_equal(gw_outbox_peek(&o).n, 80);
	gw_outbox_drop(&o, 30);
	assert_int_equal(gw_outbox_peek(&o).p[9], 1);
	assert_int_equal(gw_outbox_peek(&o).p[10], 2);
	gw_outbox_fini(&o);
}

static void
what_does_not_fit_behind_begins_at_the_front(void **state)
{
	struct gw_outbox o;

	(void)state;
	assert_int_equal(gw_outbox_init(&o, 100), GW_OK);
	assert_true(add(&o, 40, 1));
	assert_true(add(&o, 40, 2));
	gw_outbox_drop(&o, 39);
	assert_false(add(&o, 40, 3));
	assert_int_equal(gw_outbox_fits(&o, 40), 0);
	gw_outbox_drop(&o, 1);
	assert_int_equal(gw_outbox_fits(&o, 40), 1);
	assert_true(add(&o, 40, 3));
	/* There is room behind, but the order would be lost. */
	assert_int_equal(gw_outbox_fits(&o, 10), 0);
	assert_false(add(&o, 10, 4));
	assert_int_equal(gw_outbox_peek(&o).n, 40);
	assert_int_equal(gw_outbox_peek(&o).p[0], 2);
	gw_outbox_drop(&o, 40);
	assert_int_equal(gw_outbox_peek(&o).n, 40);
	assert_int_equal(gw_outbox_peek(&o).p[0], 3);
	assert_true(add(&o, 60, 4));
	gw_outbox_drop(&o, 100);
	assert_true(gw_outbox_empty(&o));
	assert_true(add(&o, 100, 5));
	assert_int_equal(gw_outbox_fits(&o, 1), 0);
	gw_outbox_fini(&o);
}

static void
fill(void *arg, void *out, size_t n)
{
	uint32_t *x = arg;
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++) {
		*x = *x * 1664525 + 1013904223;
		p[i] = (uint8_t)(*x >> 24);
	}
}

/* Against a model: one counter of what went in, one of what came out. */
static void
the_order_is_kept_whatever_happens(void **state)
{
	uint32_t seed = 7;
	const struct gw_random random = { fill, &seed };
	struct gw_outbox o;
	uint8_t in = 0, out = 0;
	size_t held = 0;

	(void)state;
	assert_int_equal(gw_outbox_init(&o, 500), GW_OK);
	for (unsigned i = 0; i < 20000; i++) {
		const size_t n = 1 + gw_random_below(&random, 200);
		const bool fits = gw_outbox_fits(&o, n) > 0;
		uint8_t *at = gw_outbox_room(&o, n);

		assert_int_equal(at != NULL, fits);
		if (at != NULL) {
			for (size_t k = 0; k < n; k++)
				at[k] = in++;
			gw_outbox_added(&o, n);
			held += n;
		}
		const struct gw_slice s = gw_outbox_peek(&o);
		const size_t take =
		    s.n == 0 ? 0 : gw_random_below(&random, s.n + 1);

		for (size_t k = 0; k < take; k++)
			assert_int_equal(s.p[k], out++);
		gw_outbox_drop(&o, take);
		held -= take;
		assert_int_equal(gw_outbox_empty(&o), held == 0);
	}
	gw_outbox_fini(&o);
}

static void
without_memory_there_is_none(void **state)
{
	struct gw_outbox o;

	(void)state;
	test_fail_alloc(0);
	assert_int_equal(gw_outbox_init(&o, 100), GW_E_MEMORY);
	test_fail_alloc(-1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(what_does_not_fit_behind_begins_at_the_front),
		cmocka_unit_test(the_order_is_kept_whatever_happens),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
