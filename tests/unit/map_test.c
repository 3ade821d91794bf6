#include "base/map.h"

#include <string.h>

#include "alloc.h"
#include "test.h"

enum { KEYS = 3000 };

static struct gw_key
key_of(uint32_t i)
{
	struct gw_key key = { { 0 } };

	memcpy(key.b, &i, sizeof(i));
	return key;
}

static void
set_get_replace_delete(void **state)
{
	struct gw_key a = key_of(1), b = key_of(2);
	struct gw_map *m;
	uintptr_t v = 9;

	(void)state;
	assert_int_equal(gw_map_new(7, &m), GW_OK);
	assert_false(gw_map_get(m, &a, &v));
	assert_false(gw_map_del(m, &a));
	assert_int_equal(gw_map_set(m, &a, 0), GW_OK);
	assert_int_equal(gw_map_set(m, &b, 5), GW_OK);
	assert_int_equal(gw_map_set(m, &b, 6), GW_OK);
	assert_int_equal(gw_map_count(m), 2);
	assert_true(gw_map_get(m, &a, &v));
	assert_int_equal(v, 0);
	assert_true(gw_map_get(m, &b, &v));
	assert_int_equal(v, 6);
	assert_true(gw_map_del(m, &b));
	assert_false(gw_map_del(m, &b));
	assert_false(gw_map_get(m, &b, &v));
	assert_int_equal(gw_map_count(m), 1);
	gw_map_free(m);
	gw_map_free(NULL);
}

static void
many_steps_agree_with_a_model(void **state)
{
	static uintptr_t model[KEYS]; /* 0: not in the map */
	struct gw_map *m;
	uint32_t seed = 3;
	size_t count = 0;

	(void)state;
	assert_int_equal(gw_map_new(UINT64_C(0x1234567), &m), GW_OK);
	for (uintptr_t step = 1; step < 60000; step++) {
		seed = seed * 1664525 + 1013904223;
		const uint32_t i = (seed >> 8) % KEYS;
		struct gw_key key = key_of(i);

		if (seed >> 31 == 0) {
			count += model[i] == 0;
			assert_int_equal(gw_map_set(m, &key, step), GW_OK);
			model[i] = step;
		} else {
			count -= model[i] != 0;
			assert_int_equal(gw_map_del(m, &key), model[i] != 0);
			model[i] = 0;
		}
		assert_int_equal(gw_map_count(m), count);
	}
	for (uint32_t i = 0; i < KEYS; i++) {
		struct gw_key key = key_of(i);
		uintptr_t v = 0;

		assert_int_equal(gw_map_get(m, &key, &v), model[i] != 0);
		assert_int_equal(v, model[i]);
	}
	gw_map_free(m);
}

static void
a_walk_meets_every_key_once(void **state)
{
	bool met[100] = { false };
	struct gw_map *m;
	struct gw_key key;
	uintptr_t v;
	size_t pos = 0, n = 0;

	(void)state;
	assert_int_equal(gw_map_new(0, &m), GW_OK);
	assert_false(gw_map_next(m, &pos, &key, &v));
	for (uint32_t i = 0; i < 100; i++) {
		key = key_of(i);
		assert_int_equal(gw_map_set(m, &key, i), GW_OK);
	}
	for (pos = 0; gw_map_next(m, &pos, &key, &v); n++) {
		struct gw_key want = key_of((uint32_t)v);

		assert_memory_equal(key.b, want.b, sizeof(key.b));
		assert_false(met[v]);
		met[v] = true;
	}
	assert_int_equal(n, 100);
	gw_map_free(m);
}

static void
without_memory_nothing_changes(void **state)
{
	struct gw_map *m = NULL;
	struct gw_key key;
	uintptr_t v;
	uint32_t i = 0;

	(void)state;
	test_fail_alloc(0);
	assert_int_equal(gw_map_new(1, &m), GW_E_MEMORY);
	assert_null(m);
	assert_int_equal(gw_map_new(1, &m), GW_OK);

	/* Fail each of the three allocations of each growth. */
	for (long n = 0; n < 3; n++) {
		for (size_t count = i;; count = i) {
			enum gw_err err;

			key = key_of(i);
			test_fail_alloc(n);
			err = gw_map_set(m, &key, i);
			test_fail_alloc(-1);
			assert_int_equal(
			    gw_map_count(m), count + (err == GW_OK));
			if (err != GW_OK) {
				assert_int_equal(err, GW_E_MEMORY);
				break;
			}
			i++;
		}
		assert_false(gw_map_get(m, &key, &v));
		/* It is full, and replacing goes on all the same. */
		if (i > 0) {
			key = key_of(0);
			test_fail_alloc(0);
			assert_int_equal(gw_map_set(m, &key, 0), GW_OK);
			test_fail_alloc(-1);
		}
		key = key_of(i);
		assert_int_equal(gw_map_set(m, &key, i), GW_OK);
		i++;
	}
	for (uint32_t j = 0; j < i; j++) {
		key = key_of(j);
		assert_true(gw_map_get(m, &key, &v));
		assert_int_equal(v, j);
	}
	gw_map_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_get_replace_delete),
		cmocka_unit_test(many_steps_agree_with_a_model),
		cmocka_unit_test(a_walk_meets_every_key_once),
		cmocka_unit_test(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
