#include "wire/piece.h"

#include <string.h>

#include "test.h"

static bool
comes_back(struct gw_piece p)
{
	uint8_t bytes[GW_PIECE_HEADER];
	struct gw_piece back = { .entry = 77 };

	gw_piece_encode(&p, bytes);
	if (!gw_piece_decode(bytes, &back)) {
		assert_int_equal(back.entry, 77);
		return false;
	}
	assert_int_equal(back.kind, p.kind);
	assert_int_equal(back.flags, p.flags);
	assert_int_equal(back.wire_len, p.wire_len);
	assert_int_equal(back.entry, p.entry);
	assert_int_equal(back.offset, p.offset);
	assert_int_equal(back.length, p.length);
	return true;
}

static struct gw_piece
piece(enum gw_piece_kind kind, uint32_t wire_len, uint64_t offset,
    uint64_t length)
{
	return (struct gw_piece){ .kind = kind,
		.wire_len = wire_len,
		.offset = offset,
		.length = length };
}

static void
a_header_has_its_layout(void **state)
{
	static const uint8_t want[GW_PIECE_HEADER] = { 1, 2, 0, 0, 0, 0, 1, 0,
		0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0x30, 0, 0, 0, 0, 0, 0,
		0, 0, 1, 0 };
	struct gw_piece p = piece(GW_PIECE_DATA, 256, 3 * GW_BLOCK, 256);
	uint8_t bytes[GW_PIECE_HEADER];

	(void)state;
	p.flags = GW_PIECE_LAST;
	p.entry = 5;
	gw_piece_encode(&p, bytes);
	assert_memory_equal(bytes, want, sizeof want);
	assert_int_equal(gw_piece_tail(&p), 256 + GW_HASH_LEN);
}

static void
data_is_one_block_at_most(void **state)
{
	struct gw_piece p = piece(GW_PIECE_DATA, GW_BLOCK, GW_BLOCK, GW_BLOCK);

	(void)state;
	assert_true(comes_back(p));
	assert_false(comes_back(piece(GW_PIECE_DATA, GW_BLOCK, 1, GW_BLOCK)));
	assert_false(
	    comes_back(piece(GW_PIECE_DATA, GW_BLOCK + 1, 0, GW_BLOCK + 1)));
	assert_false(comes_back(piece(GW_PIECE_DATA, 0, 0, 0)));
	assert_false(comes_back(piece(GW_PIECE_DATA, 9, 0, 10)));
	p.flags = GW_PIECE_COMPRESSED;
	assert_false(comes_back(p)); /* no shorter than it was */
	p.wire_len = GW_BLOCK - 1;
	assert_true(comes_back(p));
	p.wire_len = 0;
	assert_false(comes_back(p));
	p = piece(GW_PIECE_DATA, 10, 0, 10);
	p.flags = GW_PIECE_LAST;
	assert_true(comes_back(p));
	p.flags = 4;
	assert_false(comes_back(p));
	p.flags = 0x80;
	assert_false(comes_back(p));
}

static void
holes_have_no_bytes(void **state)
{
	struct gw_piece p = piece(GW_PIECE_HOLE, 0, GW_BLOCK, 77);

	(void)state;
	p.flags = GW_PIECE_LAST;
	assert_true(comes_back(p));
	assert_int_equal(gw_piece_tail(&p), 0);
	p.flags = GW_PIECE_COMPRESSED;
	assert_false(comes_back(p));
	assert_false(comes_back(piece(GW_PIECE_HOLE, 1, 0, 77)));
	assert_false(comes_back(piece(GW_PIECE_HOLE, 0, 0, 0)));
	assert_false(comes_back(piece(GW_PIECE_HOLE, 0, 5, 77)));
}

static void
the_others(void **state)
{
	struct gw_piece p;

	(void)state;
	assert_true(comes_back(piece(GW_PIECE_END, 0, 12345, 0)));
	assert_false(comes_back(piece(GW_PIECE_END, 1, 12345, 0)));
	assert_false(comes_back(piece(GW_PIECE_END, 0, 12345, 1)));
	assert_true(comes_back(piece(GW_PIECE_FAIL, GW_REASON_MAX, 0, 3)));
	assert_false(comes_back(piece(GW_PIECE_FAIL, GW_REASON_MAX + 1, 0, 3)));
	assert_true(comes_back(piece(GW_PIECE_XATTRS, GW_XATTRS_MAX, 0, 0)));
	assert_false(
	    comes_back(piece(GW_PIECE_XATTRS, GW_XATTRS_MAX + 1, 0, 0)));
	assert_false(comes_back(piece(GW_PIECE_XATTRS, 0, 0, 0)));
	assert_false(comes_back(piece((enum gw_piece_kind)6, 0, 0, 0)));
	assert_false(comes_back(piece((enum gw_piece_kind)0, 0, 0, 0)));
	assert_false(comes_back(piece(GW_PIECE_XATTRS, 1, GW_BLOCK, 0)));
	assert_false(comes_back(piece(GW_PIECE_XATTRS, 1, 0, 1)));
	p = piece(GW_PIECE_END, 0, 0, 0);
	p.entry = GW_ENTRIES_MAX;
	assert_false(comes_back(p));
}

static void
only_content_has_flags(void **state)
{
	struct gw_piece all[] = { piece(GW_PIECE_END, 0, 9, 0),
		piece(GW_PIECE_FAIL, 9, 0, 3),
		piece(GW_PIECE_XATTRS, 9, 0, 0) };

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		assert_true(comes_back(all[i]));
		all[i].flags = GW_PIECE_LAST;
		assert_false(comes_back(all[i]));
		all[i].flags = GW_PIECE_COMPRESSED;
		assert_false(comes_back(all[i]));
	}
}

static void
sizes_have_a_largest(void **state)
{
	(void)state;
	assert_true(comes_back(piece(GW_PIECE_END, 0, GW_SIZE_MAX - 1, 0)));
	assert_false(comes_back(piece(GW_PIECE_END, 0, GW_SIZE_MAX, 0)));
	assert_true(comes_back(
	    piece(GW_PIECE_HOLE, 0, GW_SIZE_MAX - GW_BLOCK, GW_BLOCK)));
	assert_false(comes_back(
	    piece(GW_PIECE_HOLE, 0, GW_SIZE_MAX - GW_BLOCK, GW_BLOCK + 1)));
	assert_false(comes_back(piece(GW_PIECE_HOLE, 0, 0, UINT64_MAX)));
}

static void
reserved_bytes_are_zero(void **state)
{
	const struct gw_piece p = piece(GW_PIECE_END, 0, 0, 0);
	uint8_t bytes[GW_PIECE_HEADER];
	struct gw_piece back;

	(void)state;
	gw_piece_encode(&p, bytes);
	assert_true(gw_piece_decode(bytes, &back));
	for (size_t i = 2; i < 4; i++) {
		bytes[i] = 1;
		assert_false(gw_piece_decode(bytes, &back));
		bytes[i] = 0;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_has_its_layout),
		cmocka_unit_test(data_is_one_block_at_most),
		cmocka_unit_test(holes_have_no_bytes),
		cmocka_unit_test(the_others),
		cmocka_unit_test(only_content_has_flags),
		cmocka_unit_test(sizes_have_a_largest),
		cmocka_unit_test(reserved_bytes_are_zero),
	};

	return cmocka_run_group_tests_name("piece", tests, NULL, NULL);
}
