#include "wire/control.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

/* Encodes m; every shorter part of it is MORE, and it comes back whole. */
static enum gw_split
comes_back(const struct gw_message *m, struct gw_message *back)
{
	static struct gw_bytes bytes;
	struct gw_slice all, in;
	enum gw_split split;

	gw_bytes_clear(&bytes);
	assert_int_equal(gw_message_add(&bytes, m), GW_OK);
	all = gw_bytes_peek(&bytes);
	for (size_t n = 0; n < all.n; n = n < 64 ? n + 1 : n + 997) {
		in = gw_slice(all.p, n);
		assert_int_equal(gw_message_next(&in, back), GW_SPLIT_MORE);
		assert_int_equal(in.n, n);
	}
	in = all;
	split = gw_message_next(&in, back);
	assert_int_equal(in.n, split == GW_SPLIT_MESSAGE ? 0 : all.n);
	return split;
}

static struct gw_message
offer(struct gw_bytes *names, const char *name)
{
	struct gw_message m = { .type = GW_MSG_OFFER };

	gw_bytes_clear(names);
	assert_int_equal(gw_offer_add_name(names, gw_slice_str(name)), GW_OK);
	memset(m.offer.transfer_id, 1, sizeof m.offer.transfer_id);
	memset(m.offer.source_id, 2, sizeof m.offer.source_id);
	m.offer.files = GW_ENTRIES_MAX - 2;
	m.offer.dirs = m.offer.others = 1;
	m.offer.bytes = (UINT64_C(1) << 62) - 1;
	m.offer.stored = m.offer.linked = 4711;
	m.offer.missed = 3;
	m.offer.name_count = 1;
	m.offer.names = gw_bytes_peek(names);
	return m;
}

static void
an_offer_comes_back(void **state)
{
	struct gw_bytes names = { 0 };
	struct gw_message m = offer(&names, "-a name"), back;
	struct gw_slice rest, name;

	(void)state;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	assert_int_equal(back.type, GW_MSG_OFFER);
	assert_memory_equal(back.offer.transfer_id, m.offer.transfer_id, 16);
	assert_memory_equal(back.offer.source_id, m.offer.source_id, 16);
	assert_int_equal(back.offer.files, GW_ENTRIES_MAX - 2);
	assert_int_equal(back.offer.bytes, m.offer.bytes);
	assert_int_equal(back.offer.stored + back.offer.linked, 2 * 4711);
	assert_int_equal(back.offer.missed, 3);
	rest = back.offer.names;
	assert_true(gw_offer_next_name(&rest, &name));
	assert_true(gw_slice_eq(name, gw_slice_str("-a name")));
	assert_false(gw_offer_next_name(&rest, &name));
	gw_bytes_fini(&names);
}

static void
an_offer_has_limits(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "/" };
	static const struct {
		size_t at;
		uint64_t value;
	} much[] = { { offsetof(struct gw_offer, files), GW_ENTRIES_MAX - 1 },
		{ offsetof(struct gw_offer, bytes), 4710 },
		{ offsetof(struct gw_offer, linked), 4712 },
		{ offsetof(struct gw_offer, missed), GW_ENTRIES_MAX + 1 },
		{ offsetof(struct gw_offer, name_count), 2 } };
	struct gw_bytes names = { 0 };
	struct gw_message m, back;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		m = offer(&names, bad[i]);
		assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	}
	for (size_t i = 0; i < sizeof much / sizeof *much; i++) {
		m = offer(&names, "a");
		memcpy((char *)&m.offer + much[i].at, &much[i].value, 8);
		assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	}
	m = offer(&names, "a");
	m.offer.flags = 4;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m = offer(&names, "a");
	m.offer.names.n--; /* a name is cut */
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	gw_bytes_fini(&names);
}

static void
an_offer_has_so_many_names(void **state)
{
	struct gw_bytes names = { 0 };
	struct gw_message m = offer(&names, "a"), back;

	(void)state;
	while (m.offer.name_count < GW_OFFER_NAMES_MAX) {
		assert_int_equal(
		    gw_offer_add_name(&names, gw_slice_str("a")), GW_OK);
		m.offer.name_count++;
	}
	m.offer.names = gw_bytes_peek(&names);
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	assert_int_equal(back.offer.name_count, GW_OFFER_NAMES_MAX);
	assert_int_equal(gw_offer_add_name(&names, gw_slice_str("a")), GW_OK);
	m.offer.name_count++;
	m.offer.names = gw_bytes_peek(&names);
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	gw_bytes_fini(&names);
}

static struct gw_message
have(struct gw_bytes *ranges, const struct gw_range *v, size_t n)
{
	struct gw_message m = { .type = GW_MSG_HAVE };

	gw_bytes_clear(ranges);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(gw_have_add_range(ranges, &v[i]), GW_OK);
	m.have.entry = GW_ENTRIES_MAX - 1;
	m.have.what = GW_HAVE_BLOCKS;
	m.have.range_count = n;
	m.have.ranges = gw_bytes_peek(ranges);
	return m;
}

static void
what_is_there_comes_back(void **state)
{
	const struct gw_range v[] = { { 0, 1 }, { 1, 3 }, { 7, 8 } };
	const uint8_t hashes[4 * GW_HASH_LEN] = { 9 };
	struct gw_bytes ranges = { 0 };
	struct gw_message m = have(&ranges, v, 3), back;
	struct gw_slice rest;
	struct gw_range range;

	(void)state;
	m.have.hashes = gw_slice(hashes, sizeof hashes);
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	rest = back.have.ranges;
	for (size_t i = 0; i < 3; i++) {
		assert_true(gw_have_next_range(&rest, &range));
		assert_int_equal(range.start, v[i].start);
		assert_int_equal(range.end, v[i].end);
	}
	assert_false(gw_have_next_range(&rest, &range));
	assert_int_equal(back.have.hashes.n, sizeof hashes);
	m.have.hashes.n -= GW_HASH_LEN;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m.have.hashes.n = 0;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	m.have.range_count = 2;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	gw_bytes_fini(&ranges);
}

static void
ranges_ascend_and_end(void **state)
{
	const uint64_t most = GW_SIZE_MAX / GW_BLOCK;
	const struct gw_range overlap[] = { { 0, 2 }, { 1, 3 } };
	const struct gw_range back_to[] = { { 5, 6 }, { 0, 1 } };
	const struct gw_range empty[] = { { 4, 4 } };
	const struct gw_range high[] = { { most - 1, most + 1 } };
	const struct gw_range good[] = { { most - 1, most } };
	struct gw_bytes ranges = { 0 };
	struct gw_message m, back;

	(void)state;
	m = have(&ranges, overlap, 2);
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m = have(&ranges, back_to, 2);
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m = have(&ranges, empty, 1);
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m = have(&ranges, high, 1);
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m = have(&ranges, good, 1);
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	m.have.what = GW_HAVE_WHOLE; /* which has no ranges */
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m = have(&ranges, NULL, 0);
	m.have.what = GW_HAVE_SKIP;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	m.have.what = (enum gw_have)0;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m.have.what = (enum gw_have)(GW_HAVE_BLOCKS + 1);
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m.have.what = GW_HAVE_SKIP;
	m.have.entry++;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	gw_bytes_fini(&ranges);
}

/* A list that ends inside its last element is not one that ends before. */
static void
a_list_with_a_rest_is_refused(void **state)
{
	static const char *const after_name[] = { "\x05", "\x40\x01", "\x40" };
	static const char *const after_range[] = { "\x09", "\x40\x09",
		"\x09\x40\x01", "\x80" };
	const struct gw_range one = { 0, 1 };
	struct gw_bytes list = { 0 };
	struct gw_message m, back;

	(void)state;
	for (size_t i = 0; i < sizeof after_name / sizeof *after_name; i++) {
		m = offer(&list, "a");
		assert_int_equal(
		    gw_bytes_add(&list, after_name[i], strlen(after_name[i])),
		    GW_OK);
		m.offer.names = gw_bytes_peek(&list);
		assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	}
	for (size_t i = 0; i < sizeof after_range / sizeof *after_range; i++) {
		m = have(&list, &one, 1);
		assert_int_equal(
		    gw_bytes_add(&list, after_range[i], strlen(after_range[i])),
		    GW_OK);
		m.have.ranges = gw_bytes_peek(&list);
		assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	}
	gw_bytes_fini(&list);
}

static void
results_come_back(void **state)
{
	char reason[GW_REASON_MAX + 1];
	struct gw_message m = { .type = GW_MSG_RESULT }, back;

	(void)state;
	memset(reason, 'r', sizeof reason);
	m.result.first = 5;
	m.result.count = GW_ENTRIES_MAX - 5;
	m.result.status = GW_ENTRY_FAILED;
	m.result.reason = gw_slice(reason, GW_REASON_MAX);
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	assert_int_equal(back.result.first, 5);
	assert_int_equal(back.result.count, GW_ENTRIES_MAX - 5);
	assert_true(gw_slice_eq(back.result.reason, m.result.reason));
	m.result.count++;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m.result.count = 0;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m.result.count = 1;
	m.result.first = GW_ENTRIES_MAX + 1;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m.result.first = GW_ENTRIES_MAX - 1;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	m.result.status = GW_ENTRY_FAILED + 1;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m.result.status = GW_ENTRY_DONE;
	m.result.reason.n++;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
}

static void
short_messages_come_back(void **state)
{
	struct gw_message m = { .type = GW_MSG_RECEIPT }, back;

	(void)state;
	m.receipt.done = 1;
	m.receipt.had = 2;
	m.receipt.skipped = 3;
	m.receipt.failed = 4;
	m.receipt.bytes = 5;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	assert_int_equal(back.receipt.done, 1);
	assert_int_equal(back.receipt.had, 2);
	assert_int_equal(back.receipt.skipped, 3);
	assert_int_equal(back.receipt.failed, 4);
	assert_int_equal(back.receipt.bytes, 5);
	m = (struct gw_message){ .type = GW_MSG_DONE };
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	m = (struct gw_message){ .type = GW_MSG_ACCEPT, .accept = 3 };
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	assert_int_equal(back.accept, 3);
	m.accept = 4;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m = (struct gw_message){ .type = GW_MSG_GO, .count = GW_ENTRIES_MAX };
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	m.count++;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m = (struct gw_message){ .type = GW_MSG_STATUS,
		.status = GW_LIMIT_RATE };
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	m.status = GW_LIMIT_RATE + 1;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
}

static void
an_entry_comes_back(void **state)
{
	struct gw_message m = { .type = GW_MSG_ENTRY }, back;
	struct gw_bytes two = { 0 };
	uint8_t buf[GW_ENTRY_MAX];
	struct gw_writer w = gw_writer(buf, sizeof buf);
	struct gw_slice in;

	(void)state;
	m.entry.kind = GW_KIND_DIR;
	m.entry.path = gw_slice_str("d");
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	assert_true(gw_slice_eq(back.entry.path, m.entry.path));
	/* Encoded before, it is the same message. */
	gw_entry_encode(&w, &m.entry);
	assert_int_equal(gw_message_add(&two, &m), GW_OK);
	assert_int_equal(
	    gw_message_add_entry(&two, gw_slice(buf, gw_writer_len(&w))),
	    GW_OK);
	in = gw_bytes_peek(&two);
	assert_int_equal(in.n % 2, 0);
	assert_memory_equal(in.p, in.p + in.n / 2, in.n / 2);
	assert_int_equal(gw_message_next(&in, &back), GW_SPLIT_MESSAGE);
	assert_int_equal(gw_message_next(&in, &back), GW_SPLIT_MESSAGE);
	assert_int_equal(in.n, 0);
	gw_bytes_fini(&two);
}

static void
what_is_no_message(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t n;
	} bad[] = {
		{ { 0, 9 }, 2 },                      /* no such type, */
		{ { 12, 9 }, 2 },                     /* so do not wait */
		{ { 10, 1, 0 }, 3 },                  /* DONE has no body */
		{ { 2, 0 }, 2 },                      /* ACCEPT has one */
		{ { 5, 2, 0x40, 0x01 }, 4 },          /* not the shortest */
		{ { 0x40, 10, 0 }, 16 },              /* nor is this type */
		{ { 1, 0x80, 0x10, 0x00, 0x01 }, 5 }, /* too long, at once */
	};
	struct gw_message m;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct gw_slice in = gw_slice(bad[i].bytes, bad[i].n);

		assert_int_equal(gw_message_next(&in, &m), GW_SPLIT_BAD);
		assert_ptr_equal(in.p, bad[i].bytes);
	}
}

/* The body of m, cut or lengthened to n bytes under a head that fits. */
static enum gw_split
with_length(const struct gw_message *m, size_t n)
{
	struct gw_bytes whole = { 0 };
	struct gw_message back = { .type = GW_MSG_DONE };
	uint8_t bytes[512] = { 0 };
	struct gw_writer w = gw_writer(bytes, sizeof bytes);
	struct gw_slice in;
	struct gw_reader r;
	enum gw_split split;
	size_t body;

	assert_int_equal(gw_message_add(&whole, m), GW_OK);
	r = gw_reader(gw_bytes_peek(&whole));
	(void)gw_read_varint(&r);
	body = (size_t)gw_read_varint(&r);
	assert_int_equal(gw_reader_left(&r), body);
	body = body < n ? body : n;
	gw_write_varint(&w, (uint64_t)m->type);
	gw_write_varint(&w, n);
	gw_write_bytes(&w, r.p, body);
	assert_true(gw_writer_ok(&w));
	in = gw_slice(bytes, gw_writer_len(&w) + n - body);
	split = gw_message_next(&in, &back);
	if (split == GW_SPLIT_BAD) {
		assert_ptr_equal(in.p, bytes);
		assert_int_equal(back.type, GW_MSG_DONE);
	}
	gw_bytes_fini(&whole);
	return split;
}

static void
bodies_have_one_length(void **state)
{
	const struct gw_range range = { 3, 5 };
	const uint8_t hashes[2 * GW_HASH_LEN] = { 9 };
	struct gw_bytes names = { 0 }, ranges = { 0 };
	struct gw_message all[] = {
		offer(&names, "name"),
		{ .type = GW_MSG_ACCEPT, .accept = 1 },
		{ .type = GW_MSG_REFUSE,
		    .refuse.err = GW_E_REFUSED,
		    .refuse.text = gw_slice_str("no") },
		{ .type = GW_MSG_ENTRY,
		    .entry.kind = GW_KIND_FILE,
		    .entry.path = gw_slice_str("f"),
		    .entry.hardlink_of = GW_NO_LINK },
		{ .type = GW_MSG_ENTRIES_END, .count = 1000 },
		have(&ranges, &range, 1),
		{ .type = GW_MSG_GO, .count = 1 },
		{ .type = GW_MSG_RESULT,
		    .result.count = 1,
		    .result.reason = gw_slice_str("why") },
		{ .type = GW_MSG_RECEIPT, .receipt.done = 100 },
		{ .type = GW_MSG_DONE },
		{ .type = GW_MSG_STATUS, .status = GW_LIMIT_RATE },
	};

	(void)state;
	all[5].have.hashes = gw_slice(hashes, sizeof hashes);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		unsigned good = 0;

		for (size_t n = 0; n < 160; n++)
			good += with_length(&all[i], n) == GW_SPLIT_MESSAGE;
		/* HAVE without its hashes is one, too. */
		assert_int_equal(good, all[i].type == GW_MSG_HAVE ? 2 : 1);
	}
	gw_bytes_fini(&names);
	gw_bytes_fini(&ranges);
}

static void
a_refusal_says_why(void **state)
{
	char text[GW_REASON_MAX + 1];
	struct gw_message m = { .type = GW_MSG_REFUSE }, back;

	(void)state;
	memset(text, 't', sizeof text);
	m.refuse.err = (enum gw_err)(GW_E_COUNT - 1);
	m.refuse.text = gw_slice(text, GW_REASON_MAX);
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_MESSAGE);
	assert_int_equal(back.refuse.err, GW_E_COUNT - 1);
	assert_true(gw_slice_eq(back.refuse.text, m.refuse.text));
	m.refuse.text.n++;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m.refuse.text.n = 0;
	m.refuse.err = GW_E_COUNT;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
	m.refuse.err = GW_OK;
	assert_int_equal(comes_back(&m, &back), GW_SPLIT_BAD);
}

static void
what_is_too_long_is_not_made(void **state)
{
	uint8_t *names = calloc(1, GW_MESSAGE_MAX);
	struct gw_message m = { .type = GW_MSG_OFFER };
	struct gw_bytes out = { 0 };

	(void)state;
	assert_non_null(names);
	m.offer.names = gw_slice(names, GW_MESSAGE_MAX);
	assert_int_equal(gw_message_add(&out, &m), GW_E_LIMIT);
	assert_int_equal(gw_bytes_len(&out), 0);
	m = (struct gw_message){ .type = GW_MSG_RESULT };
	m.result.reason = gw_slice(names, GW_MESSAGE_MAX);
	assert_int_equal(gw_message_add(&out, &m), GW_E_LIMIT);
	assert_int_equal(gw_bytes_len(&out), 0);
	gw_bytes_fini(&out);
	free(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_offer_comes_back),
		cmocka_unit_test(an_offer_has_limits),
		cmocka_unit_test(an_offer_has_so_many_names),
		cmocka_unit_test(what_is_there_comes_back),
		cmocka_unit_test(ranges_ascend_and_end),
		cmocka_unit_test(a_list_with_a_rest_is_refused),
		cmocka_unit_test(results_come_back),
		cmocka_unit_test(short_messages_come_back),
		cmocka_unit_test(an_entry_comes_back),
		cmocka_unit_test(what_is_no_message),
		cmocka_unit_test(bodies_have_one_length),
		cmocka_unit_test(a_refusal_says_why),
		cmocka_unit_test(what_is_too_long_is_not_made),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
