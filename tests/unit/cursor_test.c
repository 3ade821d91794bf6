#include "base/cursor.h"

#include <string.h>

#include "test.h"

static void
numbers_are_big_endian_and_come_back(void **state)
{
	uint8_t buf[64];
	struct gw_writer w = gw_writer(buf, sizeof(buf));
	static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
		13, 14, 15 };

	(void)state;
	gw_write_u8(&w, 0x01);
	gw_write_u16(&w, 0x0203);
	gw_write_u32(&w, 0x04050607);
	gw_write_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
	assert_true(gw_writer_ok(&w));
	assert_int_equal(gw_writer_len(&w), sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));

	struct gw_reader r = gw_reader(gw_slice(buf, gw_writer_len(&w)));
	assert_int_equal(gw_read_u8(&r), 0x01);
	assert_int_equal(gw_read_u16(&r), 0x0203);
	assert_int_equal(gw_read_u32(&r), 0x04050607);
	assert_false(gw_reader_done(&r));
	assert_int_equal(gw_read_u64(&r), UINT64_C(0x08090a0b0c0d0e0f));
	assert_true(gw_reader_done(&r));
}

/* The examples of RFC 9000, A.1. */
static void
varints_are_those_of_rfc_9000(void **state)
{
	static const struct {
		uint64_t v;
		size_t n;
		uint8_t b[8];
	} cases[] = {
		{ UINT64_C(151288809941952652), 8,
		    { 0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c } },
		{ 494878333, 4, { 0x9d, 0x7f, 0x3e, 0x7d } },
		{ 15293, 2, { 0x7b, 0xbd } },
		{ 37, 1, { 0x25 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t buf[8];
		struct gw_writer w = gw_writer(buf, sizeof(buf));

		gw_write_varint(&w, cases[i].v);
		assert_int_equal(gw_writer_len(&w), cases[i].n);
		assert_int_equal(gw_varint_len(cases[i].v), cases[i].n);
		assert_memory_equal(buf, cases[i].b, cases[i].n);

		struct gw_reader r = gw_reader(gw_slice(buf, cases[i].n));
		assert_int_equal(gw_read_varint(&r), cases[i].v);
		assert_true(gw_reader_done(&r));
	}
}

static void
varints_at_the_edges_come_back(void **state)
{
	static const uint64_t edges[] = { 0, 63, 64, 16383, 16384, 1073741823,
		1073741824, (UINT64_C(1) << 62) - 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		uint8_t buf[8];
		struct gw_writer w = gw_writer(buf, sizeof(buf));

		gw_write_varint(&w, edges[i]);
		struct gw_reader r =
		    gw_reader(gw_slice(buf, gw_writer_len(&w)));
		assert_int_equal(gw_read_varint(&r), edges[i]);
		assert_true(gw_reader_done(&r));
	}
}

static void
a_varint_longer_than_needed_fails(void **state)
{
	static const uint8_t two[] = { 0x40, 0x25 };
	static const uint8_t eight[] = { 0xc0, 0, 0, 0, 0x3f, 0xff, 0xff,
		0xff };
	struct gw_reader r = gw_reader(gw_slice(two, sizeof(two)));

	(void)state;
	assert_int_equal(gw_read_varint(&r), 0);
	assert_false(gw_reader_ok(&r));
	r = gw_reader(gw_slice(eight, sizeof(eight)));
	assert_int_equal(gw_read_varint(&r), 0);
	assert_false(gw_reader_ok(&r));
}

static void
a_failed_reader_stays_failed_and_gives_zeros(void **state)
{
	static const uint8_t bytes[] = { 0xff, 0xff, 0xff };
	struct gw_reader r = gw_reader(gw_slice(bytes, sizeof(bytes)));
	uint8_t copy[2] = { 9, 9 };

	(void)state;
	assert_int_equal(gw_read_u32(&r), 0);
	assert_false(gw_reader_ok(&r));
	assert_int_equal(gw_read_u8(&r), 0);
	gw_read_copy(&r, copy, sizeof(copy));
	assert_int_equal(copy[0] + copy[1], 0);
	assert_int_equal(gw_read_bytes(&r, 1).n, 0);
	assert_false(gw_reader_done(&r));
}

static void
strings_have_a_most(void **state)
{
	uint8_t buf[16];
	struct gw_writer w = gw_writer(buf, sizeof(buf));

	(void)state;
	gw_write_string(&w, gw_slice_str("crane"));
	struct gw_slice all = gw_slice(buf, gw_writer_len(&w));
	assert_int_equal(all.n, 6);

	struct gw_reader r = gw_reader(all);
	assert_true(gw_slice_eq(gw_read_string(&r, 5), gw_slice_str("crane")));
	assert_true(gw_reader_done(&r));

	r = gw_reader(all);
	assert_int_equal(gw_read_string(&r, 4).n, 0);
	assert_false(gw_reader_ok(&r));

	r = gw_reader(gw_slice(buf, 5));
	assert_int_equal(gw_read_string(&r, 100).n, 0);
	assert_false(gw_reader_ok(&r));
}

static void
an_empty_reader_is_done(void **state)
{
	struct gw_reader r = gw_reader(gw_slice(NULL, 0));

	(void)state;
	assert_true(gw_reader_done(&r));
	assert_int_equal(gw_read_bytes(&r, 0).n, 0);
	gw_read_copy(&r, NULL, 0);
	assert_true(gw_reader_done(&r));
	gw_read_varint(&r);
	assert_false(gw_reader_ok(&r));
}

static void
a_full_writer_changes_nothing_more(void **state)
{
	uint8_t buf[4] = { 7, 7, 7, 7 };
	struct gw_writer w = gw_writer(buf, 3);

	(void)state;
	gw_write_u16(&w, 0x0101);
	gw_write_u16(&w, 0x0202);
	assert_false(gw_writer_ok(&w));
	gw_write_u8(&w, 3);
	gw_write_bytes(&w, "x", 1);
	assert_int_equal(gw_writer_len(&w), 2);
	assert_int_equal(buf[2], 7);
	assert_int_equal(buf[3], 7);

	w = gw_writer(NULL, 0);
	gw_write_bytes(&w, NULL, 0);
	assert_true(gw_writer_ok(&w));
	gw_write_u8(&w, 1);
	assert_false(gw_writer_ok(&w));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_big_endian_and_come_back),
		cmocka_unit_test(varints_are_those_of_rfc_9000),
		cmocka_unit_test(varints_at_the_edges_come_back),
		cmocka_unit_test(a_varint_longer_than_needed_fails),
		cmocka_unit_test(a_failed_reader_stays_failed_and_gives_zeros),
		cmocka_unit_test(strings_have_a_most),
		cmocka_unit_test(an_empty_reader_is_done),
		cmocka_unit_test(a_full_writer_changes_nothing_more),
	};

	return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
