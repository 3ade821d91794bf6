#include "base/hash.h"

#include <string.h>

#include "test.h"

/* Published by the reference implementation for no bytes and seed 0. */
static void
the_empty_hash_is_the_published_one(void **state)
{
	static const uint8_t want[16] = { 0x99, 0xaa, 0x06, 0xd3, 0x01, 0x47,
		0x98, 0xd8, 0x60, 0x01, 0xc3, 0x24, 0x46, 0x8d, 0x49, 0x7f };
	struct gw_hash h = gw_hash_of(gw_slice("", 0));

	(void)state;
	assert_memory_equal(h.b, want, sizeof(want));
}

static void
one_bit_makes_another_hash(void **state)
{
	struct gw_hash a = gw_hash_of(gw_slice_str("block"));
	struct gw_hash b = gw_hash_of(gw_slice_str("blocj"));
	struct gw_hash c = gw_hash_of(gw_slice_str("block"));

	(void)state;
	assert_false(gw_hash_eq(&a, &b));
	assert_true(gw_hash_eq(&a, &c));
	c.b[15] ^= 1;
	assert_false(gw_hash_eq(&a, &c));
}

static void
the_seed_makes_another_key(void **state)
{
	struct gw_key a = gw_hash_key(1, gw_slice_str("name"));
	struct gw_key b = gw_hash_key(2, gw_slice_str("name"));
	struct gw_key c = gw_hash_key(1, gw_slice_str("name"));

	(void)state;
	assert_memory_not_equal(a.b, b.b, sizeof(a.b));
	assert_memory_equal(a.b, c.b, sizeof(a.b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_empty_hash_is_the_published_one),
		cmocka_unit_test(one_bit_makes_another_hash),
		cmocka_unit_test(the_seed_makes_another_key),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
