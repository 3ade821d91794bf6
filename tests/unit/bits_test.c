#include "base/bits.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "test.h"

enum { SPACE = 3 * GW_BITS_MIN };

static struct gw_bits b;

static bool model[SPACE];

static void
start(uint64_t size)
{
	memset(model, 0, sizeof(model));
	gw_bits_init(&b);
	assert_int_equal(gw_bits_grow(&b, size, 0, 0), GW_OK);
}

/* Every answer about [low, low + size) against the model. */
static void
compare(uint64_t low, uint64_t from)
{
	const uint64_t end = low + b.size < SPACE ? low + b.size : SPACE;
	uint64_t set = from, clear = from;

	for (uint64_t at = low; at < end; at++)
		if (gw_bits_has(&b, at) != model[at])
			fail_msg("%llu", (unsigned long long)at);
	while (set < end && !model[set])
		set++;
	while (clear < end && model[clear])
		clear++;
	assert_int_equal(gw_bits_next_set(&b, from, end), set);
	assert_int_equal(gw_bits_next_clear(&b, from, end), clear);
}

/* A window slides over the space; ranges in it are set and cleared. */
static void
many_steps_agree_with_a_model(void **state)
{
	uint32_t seed = 1;

	(void)state;
	start(GW_BITS_MIN);
	for (uint64_t low = 0; low < SPACE - GW_BITS_MIN; low += 3) {
		const uint64_t from = low + (seed >> 8) % GW_BITS_MIN;
		const uint64_t most = low + GW_BITS_MIN - from;
		const bool small = (seed >> 29) % 2 == 0;
		const uint64_t n = (seed >> 4) % (small ? 70 : 3000);
		const uint64_t to = from + (n < most ? n : most);
		const bool set = (seed >> 30) % 2 == 0;
		uint64_t other = 0;

		seed = seed * 1664525 + 1013904223;
		for (uint64_t i = from; i < to; i++) {
			other += model[i] != set;
			model[i] = set;
		}
		assert_int_equal(set ? gw_bits_set(&b, from, to)
				     : gw_bits_clear(&b, from, to),
		    other);
		compare(low, from);
		gw_bits_clear(&b, low, low + 3);
		memset(model + low, 0, 3);
	}
	gw_bits_clear(&b, SPACE - GW_BITS_MIN, SPACE);
	assert_int_equal(b.used[0], 0);
	gw_bits_fini(&b);
}

static void
what_is_far_apart_is_found(void **state)
{
	static const uint64_t large = UINT64_C(1) << 22;
	static const uint64_t base = (UINT64_C(1) << 40) + 12345;

	(void)state;
	start(large);
	assert_int_equal(
	    gw_bits_next_set(&b, base, base + large), base + large);
	assert_int_equal(gw_bits_set(&b, base + 7, base + 8), 1);
	assert_int_equal(gw_bits_set(&b, base + large - 1, base + large), 1);
	assert_int_equal(gw_bits_next_set(&b, base, base + large), base + 7);
	assert_int_equal(
	    gw_bits_next_set(&b, base + 8, base + large), base + large - 1);
	assert_int_equal(
	    gw_bits_next_set(&b, base + 8, base + large - 1), base + large - 1);
	assert_int_equal(gw_bits_clear(&b, base, base + large), 2);
	assert_int_equal(
	    gw_bits_next_set(&b, base, base + large), base + large);
	assert_int_equal(gw_bits_set(&b, base, base + large), large);
	assert_int_equal(
	    gw_bits_next_clear(&b, base, base + large), base + large);
	gw_bits_fini(&b);
}

static void
a_window_that_grows_keeps_its_bits(void **state)
{
	static const uint64_t base = 5000;

	(void)state;
	start(GW_BITS_MIN);
	gw_bits_set(&b, base + 10, base + 200);
	gw_bits_set(&b, base + 4000, base + 4096);
	assert_int_equal(gw_bits_grow(&b, (uint64_t)4 * GW_BITS_MIN, base + 20,
			     base + GW_BITS_MIN - 10),
	    GW_OK);
	assert_int_equal(b.size, 4 * GW_BITS_MIN);
	assert_int_equal(gw_bits_next_set(&b, base, base + b.size), base + 20);
	assert_int_equal(
	    gw_bits_next_clear(&b, base + 20, base + b.size), base + 200);
	assert_int_equal(
	    gw_bits_next_set(&b, base + 200, base + b.size), base + 4000);
	assert_int_equal(
	    gw_bits_next_clear(&b, base + 4000, base + b.size), base + 4086);
	assert_int_equal(
	    gw_bits_next_set(&b, base + 4086, base + b.size), base + b.size);
	gw_bits_fini(&b);

	/* Its first and its last word are one. */
	start(GW_BITS_MIN);
	gw_bits_set(&b, 100, 100 + GW_BITS_MIN);
	assert_int_equal(
	    gw_bits_grow(&b, GW_BITS_MIN, 100, 100 + GW_BITS_MIN), GW_OK);
	assert_int_equal(
	    gw_bits_clear(&b, 100, 100 + GW_BITS_MIN), GW_BITS_MIN);
	gw_bits_fini(&b);
}

static void
without_memory_nothing_changes(void **state)
{
	(void)state;
	start(GW_BITS_MIN);
	gw_bits_set(&b, 1, 5);
	for (long n = 0; n < 2; n++) {
		test_fail_alloc(n);
		assert_int_equal(
		    gw_bits_grow(&b, (uint64_t)2 * GW_BITS_MIN, 0, 100),
		    GW_E_MEMORY);
		test_fail_alloc(-1);
		assert_int_equal(b.size, GW_BITS_MIN);
		assert_int_equal(gw_bits_next_set(&b, 0, 100), 1);
	}
	assert_int_equal(
	    gw_bits_grow(&b, UINT64_C(1) << 63, 0, 100), GW_E_MEMORY);
	gw_bits_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_steps_agree_with_a_model),
		cmocka_unit_test(what_is_far_apart_is_found),
		cmocka_unit_test(a_window_that_grows_keeps_its_bits),
		cmocka_unit_test(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests_name("bits", tests, NULL, NULL);
}
