#include "journal_fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const paths[] = { "d", "d/whole", "d/part", "e", "e/new",
	"nothing" };

struct gw_entry
journal_file(const char *path, uint64_t size)
{
	return (struct gw_entry){ .kind = GW_KIND_FILE,
		.size = size,
		.mtime_s = -77,
		.mtime_ns = 999999999,
		.ctime_s = 1700000000,
		.ino = size ^ 4711,
		.path = gw_slice_str(path),
		.hardlink_of = GW_NO_LINK };
}

struct gw_seen
journal_seen(const struct gw_entry *e, uint64_t ino)
{
	return (struct gw_seen){ .there = true,
		.kind = e->kind,
		.dev = 64769,
		.ino = ino,
		.nlink = 1,
		.size = e->size,
		.mtime_s = e->mtime_s,
		.mtime_ns = e->mtime_ns };
}

void
journal_blocks(const struct gw_journal *j, struct gw_bytes *out,
    const char *path, const uint64_t *pairs)
{
	struct gw_ranges blocks;

	gw_ranges_init(&blocks, 16);
	for (; pairs[1] != 0; pairs += 2)
		assert_int_equal(
		    gw_ranges_add(&blocks, pairs[0], pairs[1]), GW_OK);
	assert_int_equal(
	    gw_journal_add_blocks(j, out, gw_slice_str(path), &blocks), GW_OK);
	gw_ranges_fini(&blocks);
}

static size_t
say_file(const struct gw_journal_file_state *f, char *out, size_t n)
{
	size_t at = (size_t)snprintf(out, n,
	    " stamp %02x%02x dev %" PRIu64 " ino %" PRIu64, f->stamp.b[0],
	    f->stamp.b[15], f->dev, f->ino);

	if (f->complete)
		at += (size_t)snprintf(out + at, n - at,
		    " size %" PRIu64 " mtime %" PRId64 ".%" PRIu32, f->size,
		    f->mtime_s, f->mtime_ns);
	for (size_t i = 0; i < f->blocks.n; i++)
		at +=
		    (size_t)snprintf(out + at, n - at, " %" PRIu64 "-%" PRIu64,
			f->blocks.v[i].start, f->blocks.v[i].end);
	return at;
}

void
journal_say(const struct gw_journal *j, char out[JOURNAL_TEXT])
{
	const struct gw_journal_head *h = gw_journal_head(j);
	uint64_t complete, partial;
	size_t at;

	gw_journal_bytes(j, &complete, &partial);
	at = (size_t)snprintf(out, JOURNAL_TEXT,
	    "%.*s to %.*s: %.*s, %" PRIu64 " files %" PRIu64 " bytes %" PRId64
	    " s; %" PRIu64 " complete, %" PRIu64 " + %" PRIu64 " bytes%s",
	    (int)h->peer_name.n, (const char *)h->peer_name.p, (int)h->dir.n,
	    (const char *)h->dir.p, (int)h->first_name.n,
	    (const char *)h->first_name.p, h->files, h->bytes, h->started_s,
	    gw_journal_complete(j), complete, partial,
	    gw_journal_is_empty(j) ? ", empty" : "");
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		const struct gw_slice path = gw_slice_str(paths[i]);
		const struct gw_journal_file_state *f =
		    gw_journal_find(j, path);

		at += (size_t)snprintf(out + at, JOURNAL_TEXT - at, "; %s:%s%s",
		    paths[i], gw_journal_made_dir(j, path, 12) ? " made" : "",
		    gw_journal_made_dir(j, path, 0) ? " made?" : "");
		if (f != NULL)
			at += say_file(f, out + at, JOURNAL_TEXT - at);
	}
	assert_in_range(at, 1, JOURNAL_TEXT - 1);
}

void
journal_read(struct gw_slice contents, char out[JOURNAL_TEXT], size_t *valid)
{
	struct gw_journal *j = NULL;
	enum gw_err err;
	/* Exactly as large as it is, so that a read past it is seen. */
	uint8_t *exact = malloc(contents.n + 1);

	assert_non_null(exact);
	memcpy(exact + 1, contents.p, contents.n);
	*valid = 0;
	out[0] = '\0';
	err = gw_journal_load(gw_slice(exact + 1, contents.n), &j, valid);
	free(exact);
	if (err != GW_OK) {
		assert_int_equal(err, GW_E_FAILED);
		assert_int_equal(*valid, 0);
		assert_null(j);
		return;
	}
	journal_say(j, out);
	gw_journal_free(j);
}

/* One record of the fixture, by its number. */
static void
add_record(struct journal_fixture *f, int number)
{
	static const uint64_t first[] = { 0, 1, 5, 9, 0, 0 };
	static const uint64_t more[] = { 1, 2, 8, 12, 0, 0 };
	const struct gw_entry whole = journal_file("d/whole", 123456),
			      part = journal_file("d/part", 40 * GW_BLOCK),
			      new = journal_file("e/new", 0);
	const struct gw_seen seen_whole = journal_seen(&whole, 21),
			     seen_part = journal_seen(&part, 22),
			     seen_new = journal_seen(&new, 23);
	enum gw_err err = GW_OK;

	if (number == 1)
		err =
		    gw_journal_add_dir(f->j, &f->bytes, gw_slice_str("d"), 12);
	else if (number == 2)
		err =
		    gw_journal_add_start(f->j, &f->bytes, &whole, &seen_whole);
	else if (number == 3)
		err = gw_journal_add_start(f->j, &f->bytes, &part, &seen_part);
	else if (number == 4)
		journal_blocks(f->j, &f->bytes, "d/part", first);
	else if (number == 5)
		err = gw_journal_add_complete(
		    f->j, &f->bytes, &whole, &seen_whole);
	else if (number == 6)
		err =
		    gw_journal_add_dir(f->j, &f->bytes, gw_slice_str("e"), 12);
	else if (number == 7)
		journal_blocks(f->j, &f->bytes, "d/part", more);
	else
		err = gw_journal_add_complete(f->j, &f->bytes, &new, &seen_new);
	assert_int_equal(err, GW_OK);
}

int
journal_fixture_setup(void **state)
{
	struct journal_fixture *f = calloc(1, sizeof *f);
	size_t valid;

	assert_non_null(f);
	f->head = (struct gw_journal_head){ .seed = 99,
		.peer = { 1, 2, 3 },
		.source_id = { 4, 5 },
		.dev = 6,
		.ino = 7,
		.peer_name = gw_slice_str("their laptop"),
		.dir = gw_slice_str("/home/me/in"),
		.first_name = gw_slice_str("d"),
		.files = 3,
		.bytes = 42000000,
		.started_s = 1795466814 };
	assert_int_equal(gw_journal_new(&f->head, &f->bytes, &f->j), GW_OK);
	for (int i = 0; i < JOURNAL_RECORDS; i++) {
		if (i > 0)
			add_record(f, i);
		f->end[i] = gw_bytes_len(&f->bytes);
		journal_read(gw_bytes_peek(&f->bytes), f->said[i], &valid);
		assert_int_equal(valid, f->end[i]);
	}
	*state = f;
	return 0;
}

int
journal_fixture_teardown(void **state)
{
	struct journal_fixture *f = *state;

	gw_journal_free(f->j);
	gw_bytes_fini(&f->bytes);
	free(f);
	return 0;
}
