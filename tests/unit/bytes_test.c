#include "base/bytes.h"

#include <string.h>

#include "alloc.h"
#include "test.h"

static void
what_goes_in_comes_out(void **state)
{
	struct gw_bytes b = { 0 };
	struct gw_slice s;

	(void)state;
	assert_int_equal(gw_bytes_len(&b), 0);
	assert_int_equal(gw_bytes_peek(&b).n, 0);
	assert_int_equal(gw_bytes_add(&b, NULL, 0), GW_OK);
	assert_int_equal(gw_bytes_add(&b, "abc", 3), GW_OK);
	assert_int_equal(gw_bytes_add(&b, "defg", 4), GW_OK);
	gw_bytes_drop(&b, 2);
	s = gw_bytes_peek(&b);
	assert_true(gw_slice_eq(s, gw_slice_str("cdefg")));
	gw_bytes_clear(&b);
	assert_int_equal(gw_bytes_len(&b), 0);
	gw_bytes_fini(&b);
}

/* A stream of numbered bytes through a buffer, in uneven pieces. */
static void
a_long_stream_keeps_its_order_in_little_memory(void **state)
{
	struct gw_bytes b = { 0 };
	uint8_t in = 0, out = 0;

	(void)state;
	for (size_t round = 0; round < 5000; round++) {
		const size_t n = round % 1000 == 7 ? 700 : round * 7 % 100;
		uint8_t *at;

		assert_int_equal(gw_bytes_room(&b, n, &at), GW_OK);
		for (size_t i = 0; i < n; i++)
			at[i] = in++;
		gw_bytes_added(&b, n);

		struct gw_slice s = gw_bytes_peek(&b);
		const size_t take = s.n > 60 ? s.n - round % 50 : s.n / 2;
		for (size_t i = 0; i < take; i++)
			assert_int_equal(s.p[i], out++);
		gw_bytes_drop(&b, take);
	}
	assert_true(b.cap <= 2048);
	gw_bytes_fini(&b);
}

static void
room_for_nothing_is_a_place_too(void **state)
{
	struct gw_bytes b = { 0 };
	uint8_t *at = NULL;

	(void)state;
	assert_int_equal(gw_bytes_room(&b, 0, &at), GW_OK);
	assert_non_null(at);
	gw_bytes_added(&b, 0);
	assert_int_equal(gw_bytes_len(&b), 0);
	gw_bytes_fini(&b);
}

static void
too_much_is_an_error_and_changes_nothing(void **state)
{
	struct gw_bytes b = { 0 };
	uint8_t *at = NULL;

	(void)state;
	assert_int_equal(gw_bytes_add(&b, "x", 1), GW_OK);
	assert_int_equal(gw_bytes_room(&b, SIZE_MAX, &at), GW_E_MEMORY);
	assert_int_equal(gw_bytes_room(&b, SIZE_MAX - 1, &at), GW_E_MEMORY);
	assert_null(at);
	assert_true(gw_slice_eq(gw_bytes_peek(&b), gw_slice_str("x")));
	gw_bytes_fini(&b);
}

static void
without_memory_nothing_changes(void **state)
{
	struct gw_bytes b = { 0 };
	uint8_t *at = NULL;

	(void)state;
	test_fail_alloc(0);
	assert_int_equal(gw_bytes_add(&b, "x", 1), GW_E_MEMORY);
	assert_int_equal(gw_bytes_len(&b), 0);
	assert_int_equal(gw_bytes_add(&b, "x", 1), GW_OK);
	test_fail_alloc(0);
	assert_int_equal(gw_bytes_room(&b, 10000, &at), GW_E_MEMORY);
	test_fail_alloc(-1);
	assert_null(at);
	assert_true(gw_slice_eq(gw_bytes_peek(&b), gw_slice_str("x")));
	gw_bytes_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(
		    a_long_stream_keeps_its_order_in_little_memory),
		cmocka_unit_test(room_for_nothing_is_a_place_too),
		cmocka_unit_test(without_memory_nothing_changes),
		cmocka_unit_test(too_much_is_an_error_and_changes_nothing),
	};

	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
