/*
 * What a sender leaves out, and what it says in its place, for a receiver
 * that has a part of a file.
 */
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "transfer/sender.h"
#include "wire/piece.h"

enum { TAIL = 1000, SIZE = 2 * GW_BLOCK + TAIL, PIECES_MAX = 8 };

static const uint8_t id[16];

static struct {
	struct gw_manifest *manifest;
	struct gw_bytes names;
	struct gw_sender *sender;
	struct gw_piece pieces[PIECES_MAX];
	unsigned count;
} t;

static void
hear(const struct gw_message *m)
{
	struct gw_bytes out = { 0 };

	assert_int_equal(gw_message_add(&out, m), GW_OK);
	gw_sender_input(t.sender, gw_bytes_peek(&out));
	gw_bytes_fini(&out);
}

/* Everything that it has to say goes out. */
static void
let_it_talk(void)
{
	struct gw_slice s;

	while ((s = gw_sender_control(t.sender)).n > 0)
		gw_sender_control_sent(t.sender, s.n);
}

/* Do a READ as a worker would; the file is all zeros. */
static void
read_it(struct gw_read *r)
{
	if (r->want > 0)
		memset(r->buf, 0, r->want);
	r->got = r->wire_len = r->want;
	r->hash = gw_hash_of(gw_slice(r->buf, r->got));
	r->same = r->check != NULL && gw_hash_eq(r->check, &r->hash);
	gw_sender_read_done(t.sender, r);
}

static void
take_pieces(void)
{
	struct gw_slice s;
	size_t tail = 0;

	while ((s = gw_sender_content(t.sender)).n > 0) {
		if (tail == 0) {
			struct gw_piece *p = &t.pieces[t.count];

			assert_true(t.count++ < PIECES_MAX);
			assert_int_equal(s.n, GW_PIECE_HEADER);
			assert_true(gw_piece_decode(s.p, p));
			tail = gw_piece_tail(p);
		} else {
			assert_true(s.n <= tail);
			tail -= s.n;
		}
		gw_sender_content_sent(t.sender, s.n);
	}
	assert_int_equal(tail, 0);
}

/* One file of two blocks and a tail is offered, and accepted. */
static int
offer(void **state)
{
	struct gw_entry e = { .kind = GW_KIND_FILE,
		.size = SIZE,
		.path = gw_slice_str("file"),
		.hardlink_of = GW_NO_LINK };
	struct gw_sender_options o = {
		.transfer_id = id, .source_id = id, .name_count = 1
	};
	struct gw_sender_event ev;

	(void)state;
	memset(&t, 0, sizeof t);
	if (gw_manifest_new(&t.manifest) != GW_OK ||
	    gw_manifest_add(t.manifest, &e) != GW_OK ||
	    gw_offer_add_name(&t.names, e.path) != GW_OK)
		return -1;
	o.manifest = t.manifest;
	o.names = gw_bytes_peek(&t.names);
	if (gw_sender_new(&o, &t.sender) != GW_OK)
		return -1;
	let_it_talk();
	hear(&(struct gw_message){ .type = GW_MSG_ACCEPT });
	while (gw_sender_event(t.sender, &ev))
		assert_int_equal(ev.kind, GW_SENDER_ACCEPTED);
	let_it_talk();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	gw_sender_free(t.sender);
	gw_manifest_free(t.manifest);
	gw_bytes_fini(&t.names);
	return 0;
}

/* It has these blocks; hashes may be empty.  Then all that follows. */
static void
have(uint64_t first, uint64_t past, struct gw_slice hashes)
{
	struct gw_range range = { first, past };
	struct gw_message m = { .type = GW_MSG_HAVE };
	struct gw_bytes ranges = { 0 };
	struct gw_sender_event ev;

	assert_int_equal(gw_have_add_range(&ranges, &range), GW_OK);
	m.have.what = GW_HAVE_BLOCKS;
	m.have.range_count = 1;
	m.have.ranges = gw_bytes_peek(&ranges);
	m.have.hashes = hashes;
	hear(&m);
	gw_bytes_fini(&ranges);
	hear(&(struct gw_message){ .type = GW_MSG_GO, .count = 1 });
	while (gw_sender_event(t.sender, &ev)) {
		assert_int_equal(ev.kind, GW_SENDER_READ);
		read_it(ev.read);
	}
	take_pieces();
}

static void
ends_with(enum gw_piece_kind kind, uint64_t offset)
{
	const struct gw_piece *last = &t.pieces[t.count - 1];

	assert_true(t.count > 0);
	assert_int_equal(last->kind, kind);
	assert_int_equal(last->offset, offset);
	assert_true(kind == GW_PIECE_END || last->flags & GW_PIECE_LAST);
}

static void
blocks_that_are_there_are_left_out(void **state)
{
	(void)state;
	have(0, 2, gw_slice(NULL, 0));
	assert_int_equal(t.count, 1);
	ends_with(GW_PIECE_DATA, 2 * GW_BLOCK);
	assert_int_equal(t.pieces[0].length, TAIL);
}

static void
after_a_short_last_block_that_is_there_the_end_is_the_size(void **state)
{
	(void)state;
	have(2, 3, gw_slice(NULL, 0));
	assert_int_equal(t.count, 3);
	ends_with(GW_PIECE_END, SIZE);
}

static void
of_a_file_that_is_all_there_only_the_end_is_told(void **state)
{
	(void)state;
	have(0, 3, gw_slice(NULL, 0));
	assert_int_equal(t.count, 1);
	ends_with(GW_PIECE_END, SIZE);
}

static void
with_hashes_only_the_block_that_differs_is_sent(void **state)
{
	static const uint8_t zeros[GW_BLOCK];
	struct gw_hash hashes[3] = { [1] = { { 1 } } };

	(void)state;
	hashes[0] = gw_hash_of(gw_slice(zeros, GW_BLOCK));
	hashes[2] = gw_hash_of(gw_slice(zeros, TAIL));
	have(0, 3, gw_slice(hashes, sizeof hashes));
	assert_int_equal(t.count, 2);
	assert_int_equal(t.pieces[0].kind, GW_PIECE_DATA);
	assert_int_equal(t.pieces[0].offset, GW_BLOCK);
	ends_with(GW_PIECE_END, SIZE);
}

/* What comes of a receipt after the one file had its result. */
static enum gw_sender_event_kind
confirmed(uint64_t done, uint64_t skipped)
{
	struct gw_message m = { .type = GW_MSG_RESULT };
	struct gw_sender_event ev = { .kind = GW_SENDER_READ };

	have(0, 3, gw_slice(NULL, 0));
	m.result.count = 1;
	m.result.status = GW_ENTRY_DONE;
	hear(&m);
	m = (struct gw_message){ .type = GW_MSG_RECEIPT };
	m.receipt.done = done;
	m.receipt.skipped = skipped;
	hear(&m);
	while (gw_sender_event(t.sender, &ev) && ev.kind == GW_SENDER_RESULT)
		;
	return ev.kind;
}

static void
a_receipt_of_all_entries_is_the_result(void **state)
{
	(void)state;
	assert_int_equal(confirmed(1, 0), GW_SENDER_RECEIPT);
}

static void
a_receipt_that_does_not_add_up_is_none(void **state)
{
	(void)state;
	assert_int_equal(confirmed(1, 1), GW_SENDER_FAILED);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, offer, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(blocks_that_are_there_are_left_out),
		CASE(
		    after_a_short_last_block_that_is_there_the_end_is_the_size),
		CASE(of_a_file_that_is_all_there_only_the_end_is_told),
		CASE(with_hashes_only_the_block_that_differs_is_sent),
		CASE(a_receipt_of_all_entries_is_the_result),
		CASE(a_receipt_that_does_not_add_up_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
