/*
 * journal: cut anywhere, with any byte wrong, or with records that nobody
 * writes.  What it gives then was noted, and is a beginning of that.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "journal_fixture.h"

enum { HEAD = 1, DIR = 2, START = 3, BLOCKS = 4, COMPLETE = 5, LATER = 6 };

/* How many records are whole below `at`. */
static int
whole_below(const struct journal_fixture *f, size_t at)
{
	int n = 0;

	while (n < JOURNAL_RECORDS && f->end[n] <= at)
		n++;
	return n;
}

static void
assert_says(struct journal_fixture *f, struct gw_slice contents, int records)
{
	char said[JOURNAL_TEXT];
	size_t valid;

	journal_read(contents, said, &valid);
	assert_string_equal(said, records == 0 ? "" : f->said[records - 1]);
	assert_int_equal(valid, records == 0 ? 0 : f->end[records - 1]);
}

/* Otherwise the tests below would compare one thing with itself. */
static void
every_record_says_something(void **state)
{
	struct journal_fixture *f = *state;

	for (int i = 1; i < JOURNAL_RECORDS; i++)
		assert_string_not_equal(f->said[i], f->said[i - 1]);
}

static void
cut_at_any_byte_its_beginning_is_left(void **state)
{
	struct journal_fixture *f = *state;
	const struct gw_slice all = gw_bytes_peek(&f->bytes);

	for (size_t n = 0; n <= all.n; n++)
		assert_says(f, gw_slice(all.p, n), whole_below(f, n));
}

static void
with_any_bit_wrong_what_is_before_it_is_left(void **state)
{
	struct journal_fixture *f = *state;
	const struct gw_slice all = gw_bytes_peek(&f->bytes);

	for (size_t i = 0; i < all.n; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			f->bytes.buf[f->bytes.start + i] ^=
			    (uint8_t)(1U << bit);
			assert_says(f, all, whole_below(f, i));
			f->bytes.buf[f->bytes.start + i] ^=
			    (uint8_t)(1U << bit);
		}
	assert_says(f, all, JOURNAL_RECORDS);
}

/* A crash may leave blocks of the file that were never written. */
static void
zeros_or_old_bytes_after_it_say_nothing(void **state)
{
	struct journal_fixture *f = *state;
	uint8_t tail[512] = { 0 };
	const struct gw_slice all = gw_bytes_peek(&f->bytes);
	struct gw_bytes more = { 0 };

	/* The last: half of a record, after which whole ones follow. */
	for (int i = 0; i < 3; i++) {
		if (i == 1)
			memset(tail, 0xff, sizeof tail);
		if (i == 2)
			memcpy(tail, all.p + f->end[3] + 9, 200);
		gw_bytes_clear(&more);
		assert_int_equal(gw_bytes_add(&more, all.p, all.n), GW_OK);
		assert_int_equal(gw_bytes_add(&more, tail, sizeof tail), GW_OK);
		assert_says(f, gw_bytes_peek(&more), JOURNAL_RECORDS);
	}
	gw_bytes_fini(&more);
}

static void
appended_after_a_cut_it_goes_on(void **state)
{
	struct journal_fixture *f = *state;
	const struct gw_slice all = gw_bytes_peek(&f->bytes);
	struct gw_bytes again = { 0 };
	char said[JOURNAL_TEXT];
	size_t valid;

	/* Torn in the last record, cut there, and the record once more. */
	journal_read(gw_slice(all.p, all.n - 3), said, &valid);
	assert_int_equal(gw_bytes_add(&again, all.p, valid), GW_OK);
	assert_int_equal(
	    gw_bytes_add(&again, all.p + valid, all.n - valid), GW_OK);
	assert_says(f, gw_bytes_peek(&again), JOURNAL_RECORDS);
	gw_bytes_fini(&again);
}

/* ---- records with a right checksum that nobody writes ---- */

static void
add_framed(struct gw_bytes *out, const void *body, size_t n)
{
	uint8_t len[4];
	struct gw_writer w = gw_writer(len, sizeof len);
	struct gw_hash sum = gw_hash_of(gw_slice(body, n));

	gw_write_u32(&w, (uint32_t)n);
	assert_int_equal(gw_bytes_add(out, len, sizeof len), GW_OK);
	assert_int_equal(gw_bytes_add(out, body, n), GW_OK);
	assert_int_equal(gw_bytes_add(out, sum.b, 8), GW_OK);
}

/* A record on d/part with `n` zeros or ones after its key. */
static void
add_strange(struct journal_fixture *f, uint8_t type, size_t n, uint8_t fill)
{
	uint8_t body[256];
	struct gw_key key = gw_hash_key(f->head.seed, gw_slice_str("d/part"));

	body[0] = type;
	memcpy(body + 1, key.b, sizeof key.b);
	memset(body + 17, fill, n);
	add_framed(&f->bytes, body, 17 + n);
}

/* They are whole, so the file is not cut there, but change nothing. */
static void
assert_nothing_new(struct journal_fixture *f)
{
	char said[JOURNAL_TEXT];
	size_t valid;

	journal_read(gw_bytes_peek(&f->bytes), said, &valid);
	assert_string_equal(said, f->said[JOURNAL_RECORDS - 1]);
	assert_int_equal(valid, gw_bytes_len(&f->bytes));
}

static void
records_of_a_wrong_length_say_nothing(void **state)
{
	struct journal_fixture *f = *state;
	static const uint8_t no_key[] = { COMPLETE, 1, 2, 3 };

	for (size_t n = 0; n < 64; n++) {
		if (n != 8)
			add_strange(f, DIR, n, 0);
		if (n != 32)
			add_strange(f, START, n, 0);
		if (n != 52)
			add_strange(f, COMPLETE, n, 0);
		if (n < 16)
			add_strange(f, BLOCKS, n, 0);
	}
	add_framed(&f->bytes, no_key, sizeof no_key);
	assert_nothing_new(f);
}

static void
unknown_records_and_a_second_head_say_nothing(void **state)
{
	struct journal_fixture *f = *state;
	uint8_t head[512];

	add_strange(f, 0, 40, 1);
	add_strange(f, LATER, 40, 1);
	add_strange(f, 255, 40, 1);
	add_strange(f, HEAD, 40, 1);
	memcpy(head, gw_bytes_peek(&f->bytes).p, f->end[0]);
	assert_int_equal(gw_bytes_add(&f->bytes, head, f->end[0]), GW_OK);
	assert_nothing_new(f);
}

static void
add_blocks(struct journal_fixture *f, uint64_t start, uint64_t end)
{
	uint8_t body[1 + 16 + 16];
	struct gw_writer w = gw_writer(body, sizeof body);
	struct gw_key key = gw_hash_key(f->head.seed, gw_slice_str("d/part"));

	gw_write_u8(&w, BLOCKS);
	gw_write_bytes(&w, key.b, sizeof key.b);
	gw_write_u64(&w, start);
	gw_write_u64(&w, end);
	add_framed(&f->bytes, body, sizeof body);
}

static void
blocks_that_cannot_be_say_nothing(void **state)
{
	struct journal_fixture *f = *state;

	add_strange(f, BLOCKS, 16, 0); /* from 0 to 0 */
	add_strange(f, BLOCKS, 16, 7); /* equal, and large */
	add_blocks(f, 30, 29);
	add_blocks(f, 30, GW_SIZE_MAX / GW_BLOCK + 1);
	add_blocks(f, 30, UINT64_MAX);
	assert_nothing_new(f);
}

static void
cut_to(struct gw_bytes *b, size_t n)
{
	struct gw_bytes cut = { 0 };

	assert_int_equal(gw_bytes_add(&cut, gw_bytes_peek(b).p, n), GW_OK);
	gw_bytes_fini(b);
	*b = cut;
}

/* Nobody writes such a record: it is not one, and the file ends there. */
static void
records_are_neither_empty_nor_endless(void **state)
{
	enum { LARGEST = 1 << 20 };
	struct journal_fixture *f = *state;
	const size_t n = gw_bytes_len(&f->bytes);
	uint8_t *body = calloc(1, LARGEST + 1);

	assert_non_null(body);
	body[0] = LATER;
	add_framed(&f->bytes, body, 0);
	assert_says(f, gw_bytes_peek(&f->bytes), JOURNAL_RECORDS);
	add_framed(&f->bytes, body, LARGEST);
	assert_says(f, gw_bytes_peek(&f->bytes), JOURNAL_RECORDS);
	cut_to(&f->bytes, n);
	add_framed(&f->bytes, body, LARGEST);
	assert_nothing_new(f);
	cut_to(&f->bytes, n);
	add_framed(&f->bytes, body, LARGEST + 1);
	assert_says(f, gw_bytes_peek(&f->bytes), JOURNAL_RECORDS);
	free(body);
}

/* The head with `bytes` at an offset into its record. */
static void
assert_no_journal(
    const struct journal_fixture *f, size_t at, const void *bytes, size_t n)
{
	struct gw_bytes out = { 0 };
	uint8_t body[512];
	char said[JOURNAL_TEXT];
	size_t valid, len = f->end[0] - 4 - 8;

	memcpy(body, f->bytes.buf + f->bytes.start + 4, len);
	memcpy(body + at, bytes, n);
	add_framed(&out, body, len);
	journal_read(gw_bytes_peek(&out), said, &valid);
	assert_string_equal(said, n == 0 ? f->said[0] : "");
	gw_bytes_fini(&out);
}

static void
of_another_version_it_is_no_journal(void **state)
{
	static const uint8_t version[] = { GW_JOURNAL_VERSION + 1 };
	static const uint8_t type[] = { DIR };
	struct journal_fixture *f = *state;

	assert_no_journal(f, 0, version, 0); /* it is one */
	assert_no_journal(f, 0, type, 1);
	assert_no_journal(f, 1, "gwj2", 4);
	assert_no_journal(f, 5, version, 1);
}

static void
a_head_with_too_much_is_no_journal(void **state)
{
	struct journal_fixture *f = *state;
	const size_t len = f->end[0] - 4 - 8;
	struct gw_bytes out = { 0 };
	uint8_t body[512] = { 0 };
	char said[JOURNAL_TEXT];
	size_t valid;

	memcpy(body, f->bytes.buf + f->bytes.start + 4, len);
	for (size_t n = 0; n < len + 4; n++) {
		gw_bytes_clear(&out);
		add_framed(&out, body, n);
		journal_read(gw_bytes_peek(&out), said, &valid);
		assert_string_equal(said, n == len ? f->said[0] : "");
	}
	gw_bytes_fini(&out);
}

#define journal_test(name)                                                     \
	cmocka_unit_test_setup_teardown(                                       \
	    name, journal_fixture_setup, journal_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(every_record_says_something),
		journal_test(cut_at_any_byte_its_beginning_is_left),
		journal_test(with_any_bit_wrong_what_is_before_it_is_left),
		journal_test(zeros_or_old_bytes_after_it_say_nothing),
		journal_test(appended_after_a_cut_it_goes_on),
		journal_test(records_of_a_wrong_length_say_nothing),
		journal_test(unknown_records_and_a_second_head_say_nothing),
		journal_test(blocks_that_cannot_be_say_nothing),
		journal_test(records_are_neither_empty_nor_endless),
		journal_test(of_another_version_it_is_no_journal),
		journal_test(a_head_with_too_much_is_no_journal),
	};

	return cmocka_run_group_tests_name("journal_damage", tests, NULL, NULL);
}
