/*
 * journal: what was noted is what is read again.
 */
#include "transfer/journal.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "journal_fixture.h"

static void
a_new_journal_has_its_head_and_nothing_else(void **state)
{
	struct journal_fixture *f = *state;
	const struct gw_journal_head *h;
	struct gw_bytes out = { 0 };
	struct gw_journal *made, *read;
	size_t valid;

	f->head.fresh = true;
	assert_int_equal(gw_journal_new(&f->head, &out, &made), GW_OK);
	assert_int_equal(
	    gw_journal_load(gw_bytes_peek(&out), &read, &valid), GW_OK);
	assert_int_equal(valid, gw_bytes_len(&out));
	for (int i = 0; i < 2; i++) {
		const struct gw_journal *j = i == 0 ? made : read;

		h = gw_journal_head(j);
		assert_int_equal(h->seed, 99);
		assert_memory_equal(h->peer, f->head.peer, 32);
		assert_memory_equal(h->source_id, f->head.source_id, 16);
		assert_int_equal(h->dev, 6);
		assert_int_equal(h->ino, 7);
		assert_true(h->fresh);
		assert_int_equal(h->files, 3);
		assert_int_equal(h->bytes, 42000000);
		assert_int_equal(h->started_s, 1795466814);
		assert_true(gw_slice_eq(h->peer_name, f->head.peer_name));
		assert_true(gw_slice_eq(h->dir, f->head.dir));
		assert_true(gw_slice_eq(h->first_name, f->head.first_name));
		assert_true(gw_journal_is_empty(j));
		assert_int_equal(gw_journal_complete(j), 0);
		assert_null(gw_journal_find(j, gw_slice_str("d")));
		gw_bytes_clear(&out); /* it keeps its own */
	}
	gw_journal_free(made);
	gw_journal_free(read);
	gw_journal_free(NULL);
	gw_bytes_fini(&out);
}

static void
texts_of_the_head_have_a_longest(void **state)
{
	static char text[GW_JOURNAL_PATH + 1];
	struct journal_fixture *f = *state;
	struct gw_journal_head longest = f->head, too_long[3];
	struct gw_bytes out = { 0 };
	struct gw_journal *j = NULL, *back;
	size_t valid;

	memset(text, 'x', sizeof text);
	longest.peer_name = gw_slice(text, GW_NAME_MAX);
	longest.dir = gw_slice(text, GW_JOURNAL_PATH - 1);
	longest.first_name = gw_slice(text, GW_COMPONENT_MAX);
	for (int i = 0; i < 3; i++)
		too_long[i] = longest;
	too_long[0].peer_name.n++;
	too_long[1].dir.n++;
	too_long[2].first_name.n++;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
		    gw_journal_new(&too_long[i], &out, &j), GW_E_LIMIT);
		assert_null(j);
		assert_int_equal(gw_bytes_len(&out), 0);
	}
	assert_int_equal(gw_journal_new(&longest, &out, &j), GW_OK);
	assert_int_equal(
	    gw_journal_load(gw_bytes_peek(&out), &back, &valid), GW_OK);
	assert_true(gw_slice_eq(gw_journal_head(back)->dir, longest.dir));
	gw_journal_free(back);
	gw_journal_free(j);
	gw_bytes_fini(&out);
}

/* The fixture's records, as said by hand once. */
static void
records_say_what_was_noted(void **state)
{
	struct journal_fixture *f = *state;
	const struct gw_entry whole = journal_file("d/whole", 123456),
			      part = journal_file("d/part", 40 * GW_BLOCK);
	const struct gw_hash stamp = gw_journal_stamp(&whole),
			     part_stamp = gw_journal_stamp(&part);
	const struct gw_journal_file_state *s;
	struct gw_journal *j;
	uint64_t complete, partial;
	size_t valid;

	assert_int_equal(
	    gw_journal_load(gw_bytes_peek(&f->bytes), &j, &valid), GW_OK);
	assert_false(gw_journal_is_empty(j));
	assert_int_equal(gw_journal_complete(j), 2);
	gw_journal_bytes(j, &complete, &partial);
	assert_int_equal(complete, 123456);
	assert_int_equal(partial, (2 + 7) * (uint64_t)GW_BLOCK);

	s = gw_journal_find(j, gw_slice_str("d/whole"));
	assert_true(s->complete);
	assert_true(gw_hash_eq(&s->stamp, &stamp));
	assert_int_equal(s->dev, 64769);
	assert_int_equal(s->ino, 21);
	assert_int_equal(s->size, 123456);
	assert_int_equal(s->mtime_s, -77);
	assert_int_equal(s->mtime_ns, 999999999);

	s = gw_journal_find(j, gw_slice_str("d/part"));
	assert_false(s->complete);
	assert_true(gw_hash_eq(&s->stamp, &part_stamp));
	assert_int_equal(s->ino, 22);
	assert_int_equal(s->blocks.n, 2);
	assert_true(gw_ranges_has(&s->blocks, 0, 2));
	assert_true(gw_ranges_has(&s->blocks, 5, 12));

	assert_true(gw_journal_made_dir(j, gw_slice_str("d"), 12));
	assert_false(gw_journal_made_dir(j, gw_slice_str("d"), 13));
	assert_false(gw_journal_made_dir(j, gw_slice_str("nothing"), 12));
	assert_null(gw_journal_find(j, gw_slice_str("nothing")));
	gw_journal_free(j);
}

static void
a_transfer_that_began_fresh_made_every_directory(void **state)
{
	struct journal_fixture *f = *state;
	struct gw_bytes out = { 0 };
	struct gw_journal *j;

	f->head.fresh = true;
	assert_int_equal(gw_journal_new(&f->head, &out, &j), GW_OK);
	assert_true(gw_journal_made_dir(j, gw_slice_str("any"), 5));
	gw_journal_free(j);
	gw_bytes_fini(&out);
}

/* The records `n` times over. */
static void
records_twice_say_the_same(void **state)
{
	struct journal_fixture *f = *state;
	const size_t all = gw_bytes_len(&f->bytes), head = f->end[0];
	struct gw_bytes twice = { 0 };
	char said[JOURNAL_TEXT];
	size_t valid;

	for (int i = 0; i < 3; i++) {
		const struct gw_slice once = gw_bytes_peek(&f->bytes);
		const size_t from = i == 0 ? 0 : head;

		assert_int_equal(
		    gw_bytes_add(&twice, once.p + from, all - from), GW_OK);
	}
	journal_read(gw_bytes_peek(&twice), said, &valid);
	assert_int_equal(valid, gw_bytes_len(&twice));
	assert_string_equal(said, f->said[JOURNAL_RECORDS - 1]);
	/* Each record at once again; blocks of what began anew are gone. */
	gw_bytes_clear(&twice);
	for (int i = 0; i < JOURNAL_RECORDS; i++) {
		const size_t from = i == 0 ? 0 : f->end[i - 1];

		for (int k = 0; k < 2; k++)
			assert_int_equal(gw_bytes_add(&twice,
					     gw_bytes_peek(&f->bytes).p + from,
					     f->end[i] - from),
			    GW_OK);
		journal_read(gw_bytes_peek(&twice), said, &valid);
		assert_string_equal(said, f->said[i]);
	}
	gw_bytes_fini(&twice);
}

/* Append, read again, and look at one path. */
static void
after(struct journal_fixture *f, const char *path,
    struct gw_journal_file_state *out, uint64_t *complete)
{
	const struct gw_journal_file_state *s;
	struct gw_journal *j;
	size_t valid;

	assert_int_equal(
	    gw_journal_load(gw_bytes_peek(&f->bytes), &j, &valid), GW_OK);
	assert_int_equal(valid, gw_bytes_len(&f->bytes));
	s = gw_journal_find(j, gw_slice_str(path));
	assert_non_null(s);
	*out = *s;
	out->blocks.v = NULL;
	*complete = gw_journal_complete(j);
	gw_journal_free(j);
}

static void
the_last_word_on_a_file_holds(void **state)
{
	static const uint64_t blocks[] = { 3, 4, 0, 0 };
	struct journal_fixture *f = *state;
	struct gw_journal_file_state s;
	const struct gw_entry e = journal_file("d/part", 9);
	const struct gw_seen one = journal_seen(&e, 31),
			     two = journal_seen(&e, 32);
	uint64_t complete;

	/* It changed: begun anew, what was there of it no longer counts. */
	assert_int_equal(
	    gw_journal_add_start(f->j, &f->bytes, &e, &one), GW_OK);
	after(f, "d/part", &s, &complete);
	assert_int_equal(s.ino, 31);
	assert_int_equal(s.blocks.n, 0);
	journal_blocks(f->j, &f->bytes, "d/part", blocks);
	after(f, "d/part", &s, &complete);
	assert_int_equal(s.blocks.n, 1);
	assert_int_equal(complete, 2);
	/* Complete, it has no blocks, and those that come later say nothing. */
	assert_int_equal(
	    gw_journal_add_complete(f->j, &f->bytes, &e, &two), GW_OK);
	journal_blocks(f->j, &f->bytes, "d/part", blocks);
	after(f, "d/part", &s, &complete);
	assert_true(s.complete);
	assert_int_equal(s.ino, 32);
	assert_int_equal(s.blocks.n, 0);
	assert_int_equal(complete, 3);
	/* And it changed once more. */
	assert_int_equal(
	    gw_journal_add_start(f->j, &f->bytes, &e, &one), GW_OK);
	after(f, "d/part", &s, &complete);
	assert_false(s.complete);
	assert_int_equal(complete, 2);
}

static void
blocks_of_what_never_began_say_nothing(void **state)
{
	static const uint64_t blocks[] = { 0, 9, 0, 0 };
	struct journal_fixture *f = *state;
	char said[JOURNAL_TEXT];
	size_t valid;

	journal_blocks(f->j, &f->bytes, "nothing", blocks);
	journal_read(gw_bytes_peek(&f->bytes), said, &valid);
	assert_int_equal(valid, gw_bytes_len(&f->bytes));
	assert_string_equal(said, f->said[JOURNAL_RECORDS - 1]);
}

/* More ranges than one record holds, up to more than are remembered. */
static void
any_number_of_ranges_comes_back(void **state)
{
	static const size_t counts[] = { 0, 1, 1023, 1024, 1025, 5000, 65536,
		70000 };
	struct journal_fixture *f = *state;
	const struct gw_entry e = journal_file("e", 1);
	const struct gw_seen seen = journal_seen(&e, 1);
	struct gw_journal_file_state s;
	struct gw_ranges blocks;
	uint64_t complete;

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		gw_bytes_clear(&f->bytes);
		gw_journal_free(f->j);
		f->j = NULL;
		assert_int_equal(
		    gw_journal_new(&f->head, &f->bytes, &f->j), GW_OK);
		gw_ranges_init(&blocks, SIZE_MAX);
		for (size_t k = 0; k < counts[i]; k++)
			assert_int_equal(
			    gw_ranges_add(&blocks, 3 * k, 3 * k + 1), GW_OK);
		assert_int_equal(
		    gw_journal_add_start(f->j, &f->bytes, &e, &seen), GW_OK);
		assert_int_equal(
		    gw_journal_add_blocks(f->j, &f->bytes, e.path, &blocks),
		    GW_OK);
		gw_ranges_fini(&blocks);
		after(f, "e", &s, &complete);
		assert_int_equal(
		    s.blocks.n, counts[i] < 65536 ? counts[i] : 65536);
	}
}

static void
without_memory_there_is_no_journal(void **state)
{
	struct journal_fixture *f = *state;
	const struct gw_slice all = gw_bytes_peek(&f->bytes);
	struct gw_bytes out = { 0 };
	char said[JOURNAL_TEXT];
	struct gw_journal *j = NULL;
	size_t valid = 77;
	enum gw_err err;
	long n;

	for (n = 0;; n++) {
		test_fail_alloc(n);
		err = gw_journal_load(all, &j, &valid);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		assert_int_equal(err, GW_E_MEMORY);
		assert_null(j);
		assert_int_equal(valid, 77);
	}
	assert_true(n > 5);
	journal_say(j, said);
	assert_string_equal(said, f->said[JOURNAL_RECORDS - 1]);
	gw_journal_free(j);
	j = NULL;
	for (n = 0;; n++) {
		test_fail_alloc(n);
		err = gw_journal_new(&f->head, &out, &j);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		assert_int_equal(err, GW_E_MEMORY);
		assert_null(j);
		assert_int_equal(gw_bytes_len(&out), 0);
	}
	assert_true(n > 2);
	gw_journal_free(j);
	gw_bytes_fini(&out);
}

#define journal_test(name)                                                     \
	cmocka_unit_test_setup_teardown(                                       \
	    name, journal_fixture_setup, journal_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(a_new_journal_has_its_head_and_nothing_else),
		journal_test(texts_of_the_head_have_a_longest),
		journal_test(records_say_what_was_noted),
		journal_test(a_transfer_that_began_fresh_made_every_directory),
		journal_test(records_twice_say_the_same),
		journal_test(the_last_word_on_a_file_holds),
		journal_test(blocks_of_what_never_began_say_nothing),
		journal_test(any_number_of_ranges_comes_back),
		journal_test(without_memory_there_is_no_journal),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
