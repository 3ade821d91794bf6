#include "wire/ack.h"

#include <string.h>

#include "test.h"
#include "wire/frame.h"

static uint8_t buf[GW_ACK_RANGES * 16 + 100];
static struct gw_ack back;

static bool
decode(size_t n, bool ecn)
{
	struct gw_reader r = gw_reader(gw_slice(buf + 1, n - 1));

	return gw_ack_decode(&r, ecn, &back) && gw_reader_done(&r);
}

static size_t
encode(struct gw_ack *a, size_t cap)
{
	struct gw_writer w = gw_writer(buf, cap);

	if (!gw_ack_encode(&w, a)) {
		assert_true(gw_writer_ok(&w));
		assert_int_equal(gw_writer_len(&w), 0);
		return 0;
	}
	assert_true(gw_writer_ok(&w));
	return gw_writer_len(&w);
}

static void
assert_same(const struct gw_ack *a)
{
	assert_int_equal(back.delay, a->delay);
	assert_int_equal(back.count, a->count);
	for (unsigned i = 0; i < a->count; i++) {
		assert_int_equal(back.v[i].first, a->v[i].first);
		assert_int_equal(back.v[i].last, a->v[i].last);
	}
	assert_int_equal(back.ecn, a->ecn);
	assert_int_equal(back.ect0, a->ect0);
	assert_int_equal(back.ect1, a->ect1);
	assert_int_equal(back.ce, a->ce);
}

static void
an_ack_has_its_layout(void **state)
{
	/* 10-12, 7-8, 5; missing: 9, 6 */
	static const uint8_t want[] = { 3, 12, 0x40, 100, 2, 2, 0, 1, 0, 0, 1,
		2, 3 };
	struct gw_ack a = {
		.delay = 100,
		.v = { { 10, 12 }, { 7, 8 }, { 5, 5 } },
		.count = 3,
		.ecn = true,
		.ect0 = 1,
		.ect1 = 2,
		.ce = 3,
	};
	size_t n;

	(void)state;
	n = encode(&a, sizeof(buf));
	assert_int_equal(n, sizeof(want));
	assert_memory_equal(buf, want, n);
	assert_true(decode(n, true));
	assert_same(&a);
	a.ecn = false;
	a.ect0 = a.ect1 = a.ce = 0;
	n = encode(&a, sizeof(buf));
	assert_int_equal(n, sizeof(want) - 3);
	assert_int_equal(buf[0], GW_PFRAME_ACK);
	assert_true(decode(n, false));
	assert_same(&a);
}

/* So many ranges below `top`, of all lengths and gaps. */
static struct gw_ack
many(unsigned count, uint64_t top)
{
	struct gw_ack a = { .count = count, .delay = 25000 };

	for (unsigned i = 0; i < count; i++) {
		a.v[i].last = top;
		a.v[i].first = top - (i * 37) % 100;
		top = a.v[i].first - 2 - (i * 11) % 70;
	}
	return a;
}

static void
every_number_of_ranges_comes_back(void **state)
{
	static const uint64_t tops[] = { 100000, UINT64_C(1) << 40,
		(UINT64_C(1) << 62) - 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(tops) / sizeof(*tops); i++)
		for (unsigned count = 1; count <= GW_ACK_RANGES; count++) {
			struct gw_ack a = many(count, tops[i]);
			const size_t n = encode(&a, sizeof(buf));

			assert_int_equal(a.count, count);
			assert_true(decode(n, false));
			assert_same(&a);
		}
}

static void
cut_at_every_length(const struct gw_ack *whole)
{
	unsigned before = 0;
	size_t full;

	back = *whole;
	full = encode(&back, sizeof(buf));
	for (size_t cap = 0; cap <= full; cap++) {
		struct gw_ack a = *whole;
		const size_t n = encode(&a, cap);

		assert_true(n <= cap);
		if (n == 0) {
			assert_int_equal(before, 0);
			continue;
		}
		/* All room that a range could have had is used. */
		assert_true(a.count >= before);
		assert_true(a.count <= before + 1);
		before = a.count;
		assert_true(decode(n, a.ecn));
		assert_same(&a);
	}
	assert_int_equal(before, whole->count);
}

static void
what_does_not_fit_is_old(void **state)
{
	struct gw_ack a = many(GW_ACK_RANGES, 1000000);

	(void)state;
	cut_at_every_length(&a);
	a.ecn = true;
	a.ect0 = 1000;
	a.ce = 1;
	cut_at_every_length(&a);
}

static void
ranges_below_zero_are_refused(void **state)
{
	static const struct {
		uint8_t bytes[8];
		size_t n;
		bool good;
	} cases[] = {
		{ { 2, 5, 0, 0, 5 }, 5, true },        /* 0-5 */
		{ { 2, 5, 0, 0, 6 }, 5, false },       /* -1-5 */
		{ { 2, 5, 0, 1, 2, 0, 0 }, 7, true },  /* 3-5, 1 */
		{ { 2, 5, 0, 1, 2, 1, 0 }, 7, true },  /* 3-5, 0 */
		{ { 2, 5, 0, 1, 2, 2, 0 }, 7, false }, /* 3-5, -1 */
		{ { 2, 5, 0, 1, 2, 0, 1 }, 7, true },  /* 3-5, 0-1 */
		{ { 2, 5, 0, 1, 2, 0, 2 }, 7, false }, /* 3-5, -1-1 */
		{ { 2, 5, 0, 1, 2, 0 }, 6, false },    /* cut */
		{ { 2, 5, 0, 0, 5, 0 }, 6, false },    /* too long */
		{ { 2, 5, 0, 1, 5, 0, 0 }, 7, false }, /* 0-5, and then? */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		memcpy(buf, cases[i].bytes, sizeof(cases[i].bytes));
		assert_int_equal(decode(cases[i].n, false), cases[i].good);
	}
}

static void
more_ranges_than_the_limit_are_refused(void **state)
{
	struct gw_writer w;

	(void)state;
	for (unsigned more = GW_ACK_RANGES - 1; more <= GW_ACK_RANGES; more++) {
		w = gw_writer(buf, sizeof(buf));
		gw_write_u8(&w, GW_PFRAME_ACK);
		gw_write_varint(&w, 100000);
		gw_write_varint(&w, 0);
		gw_write_varint(&w, more);
		gw_write_varint(&w, 0);
		for (unsigned i = 0; i < more; i++) {
			gw_write_varint(&w, 0);
			gw_write_varint(&w, 0);
		}
		assert_true(gw_writer_ok(&w));
		assert_int_equal(
		    decode(gw_writer_len(&w), false), more < GW_ACK_RANGES);
	}
}

static void
counts_of_marks_have_to_be_there(void **state)
{
	struct gw_ack a = { .v = { { 1, 2 } }, .count = 1, .ecn = true };
	const size_t n = encode(&a, sizeof(buf));

	(void)state;
	assert_true(decode(n, true));
	for (size_t i = 1; i < n; i++)
		assert_false(decode(i, true));
	assert_false(decode(n, false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ack_has_its_layout),
		cmocka_unit_test(every_number_of_ranges_comes_back),
		cmocka_unit_test(what_does_not_fit_is_old),
		cmocka_unit_test(ranges_below_zero_are_refused),
		cmocka_unit_test(more_ranges_than_the_limit_are_refused),
		cmocka_unit_test(counts_of_marks_have_to_be_there),
	};

	return cmocka_run_group_tests_name("ack", tests, NULL, NULL);
}
