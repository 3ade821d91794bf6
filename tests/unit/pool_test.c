#include "base/pool.h"

#include <string.h>

#include "alloc.h"
#include "test.h"

static void
a_buffer_comes_back(void **state)
{
	struct gw_pool pool;
	uint8_t *a, *b;

	(void)state;
	gw_pool_init(&pool, 100, 2);
	a = gw_pool_get(&pool);
	assert_non_null(a);
	assert_int_equal((uintptr_t)a % 64, 0);
	memset(a, 1, 100);
	gw_pool_put(&pool, a);
	assert_int_equal(pool.idle, 1);
	b = gw_pool_get(&pool);
	assert_ptr_equal(a, b);
	assert_int_equal(pool.idle, 0);
	gw_pool_put(&pool, b);
	gw_pool_fini(&pool);
}

static void
no_more_than_keep_stay_idle(void **state)
{
	struct gw_pool pool;
	uint8_t *v[5];

	(void)state;
	gw_pool_init(&pool, 4096, 2);
	for (int i = 0; i < 5; i++) {
		v[i] = gw_pool_get(&pool);
		assert_non_null(v[i]);
		memset(v[i], i, 4096);
	}
	for (int i = 0; i < 5; i++)
		assert_int_equal(v[i][4095], i);
	for (int i = 0; i < 5; i++)
		gw_pool_put(&pool, v[i]);
	assert_int_equal(pool.idle, 2);
	assert_int_equal(pool.lent, 0);
	gw_pool_fini(&pool);
}

static void
keeping_none_is_allowed(void **state)
{
	struct gw_pool pool;
	uint8_t *a;

	(void)state;
	gw_pool_init(&pool, 1, 0);
	a = gw_pool_get(&pool);
	assert_non_null(a);
	gw_pool_put(&pool, a);
	assert_int_equal(pool.idle, 0);
	gw_pool_fini(&pool);
}

static void
without_memory_it_gives_none_and_keeps_none(void **state)
{
	struct gw_pool pool;
	uint8_t *a;

	(void)state;
	gw_pool_init(&pool, 8, 4);
	test_fail_alloc(0);
	assert_null(gw_pool_get(&pool));
	assert_int_equal(pool.lent, 0);
	a = gw_pool_get(&pool);
	assert_non_null(a);
	test_fail_alloc(0);
	gw_pool_put(&pool, a);
	test_fail_alloc(-1);
	assert_int_equal(pool.idle, 0);
	gw_pool_fini(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_comes_back),
		cmocka_unit_test(no_more_than_keep_stay_idle),
		cmocka_unit_test(without_memory_it_gives_none_and_keeps_none),
		cmocka_unit_test(keeping_none_is_allowed),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
