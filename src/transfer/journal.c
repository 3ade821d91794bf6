#include "transfer/journal.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "base/map.h"

enum record { HEAD = 1, DIR = 2, START = 3, BLOCKS = 4, COMPLETE = 5 };

enum {
	MAGIC = 0x67776a31, /* "gwj1" */
	LEN_BYTES = 4,
	SUM_BYTES = 8,
	RECORD_MAX = 1 << 20, /* a file's ranges are bounded, too */
	RANGES_MAX = 65536
};

struct gw_journal {
	struct gw_journal_head head;
	char peer_name[GW_NAME_MAX + 1];
	char dir[GW_JOURNAL_PATH];
	char first_name[GW_COMPONENT_MAX + 1];
	struct gw_map *files; /* path key -> struct gw_journal_file_state * */
	struct gw_map *dirs;  /* path key -> inode */
	uint64_t complete;
};

/* ---- index ---- */

static void
free_file(struct gw_journal_file_state *f)
{
	gw_ranges_fini(&f->blocks);
	free(f);
}

static enum gw_err
journal_alloc(struct gw_journal **out)
{
	struct gw_journal *j = calloc(1, sizeof *j);

	if (j == NULL)
		return GW_E_MEMORY;
	if (gw_map_new(1, &j->files) != GW_OK ||
	    gw_map_new(2, &j->dirs) != GW_OK) {
		gw_journal_free(j);
		return GW_E_MEMORY;
	}
	*out = j;
	return GW_OK;
}

void
gw_journal_free(struct gw_journal *j)
{
	struct gw_key key;
	uintptr_t value;
	size_t pos = 0;

	if (j == NULL)
		return;
	while (j->files != NULL && gw_map_next(j->files, &pos, &key, &value))
		free_file((struct gw_journal_file_state *)value);
	gw_map_free(j->files);
	gw_map_free(j->dirs);
	free(j);
}

static struct gw_journal_file_state *
file_of(const struct gw_journal *j, const struct gw_key *key)
{
	uintptr_t value;

	return gw_map_get(j->files, key, &value)
		   ? (struct gw_journal_file_state *)value
		   : NULL;
}

static struct gw_journal_file_state *
file_anew(struct gw_journal *j, const struct gw_key *key)
{
	struct gw_journal_file_state *f = file_of(j, key);

	if (f != NULL) {
		if (f->complete)
			j->complete--;
		gw_ranges_fini(&f->blocks);
	} else {
		if ((f = malloc(sizeof *f)) == NULL)
			return NULL;
		if (gw_map_set(j->files, key, (uintptr_t)f) != GW_OK) {
			free(f);
			return NULL;
		}
	}
	memset(f, 0, sizeof *f);
	gw_ranges_init(&f->blocks, RANGES_MAX);
	return f;
}

const struct gw_journal_head *
gw_journal_head(const struct gw_journal *j)
{
	return &j->head;
}

uint64_t
gw_journal_complete(const struct gw_journal *j)
{
	return j->complete;
}

bool
gw_journal_is_empty(const struct gw_journal *j)
{
	return gw_map_count(j->files) == 0 && gw_map_count(j->dirs) == 0;
}

void
gw_journal_bytes(
    const struct gw_journal *j, uint64_t *complete, uint64_t *partial)
{
	const struct gw_journal_file_state *f;
	struct gw_key key;
	uintptr_t value;
	size_t pos = 0;

	*complete = *partial = 0;
	while (gw_map_next(j->files, &pos, &key, &value)) {
		f = (const struct gw_journal_file_state *)value;
		if (f->complete)
			*complete += f->size;
		else
			*partial += gw_ranges_count(&f->blocks) * GW_BLOCK;
	}
}

const struct gw_journal_file_state *
gw_journal_find(const struct gw_journal *j, struct gw_slice path)
{
	struct gw_key key = gw_hash_key(j->head.seed, path);

	return file_of(j, &key);
}

bool
gw_journal_made_dir(
    const struct gw_journal *j, struct gw_slice path, uint64_t ino)
{
	struct gw_key key = gw_hash_key(j->head.seed, path);
	uintptr_t made;

	return j->head.fresh ||
	       (gw_map_get(j->dirs, &key, &made) && made == ino);
}

/* ---- reading ---- */

static bool
read_text(struct gw_reader *r, char *out, size_t max, struct gw_slice *slice)
{
	struct gw_slice s = gw_read_string(r, max);

	if (!gw_reader_ok(r))
		return false;
	if (s.n > 0)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	*slice = gw_slice(out, s.n);
	return true;
}

static bool
read_head(struct gw_reader *r, struct gw_journal *j)
{
	struct gw_journal_head *h = &j->head;

	if (gw_read_u8(r) != HEAD || gw_read_u32(r) != MAGIC ||
	    gw_read_u8(r) != GW_JOURNAL_VERSION)
		return false;
	h->seed = gw_read_u64(r);
	gw_read_copy(r, h->peer, sizeof h->peer);
	gw_read_copy(r, h->source_id, sizeof h->source_id);
	h->dev = gw_read_u64(r);
	h->ino = gw_read_u64(r);
	h->fresh = gw_read_u8(r) != 0;
	h->files = gw_read_u64(r);
	h->bytes = gw_read_u64(r);
	h->started_s = (int64_t)gw_read_u64(r);
	return read_text(r, j->peer_name, GW_NAME_MAX, &h->peer_name) &&
	       read_text(r, j->dir, GW_JOURNAL_PATH - 1, &h->dir) &&
	       read_text(r, j->first_name, GW_COMPONENT_MAX, &h->first_name) &&
	       gw_reader_done(r);
}

static enum gw_err
read_blocks(struct gw_reader *r, struct gw_journal_file_state *f)
{
	enum gw_err err = GW_OK;

	if (f == NULL || f->complete)
		return GW_OK; /* blocks of what never started */
	while (err == GW_OK && gw_reader_left(r) > 0) {
		uint64_t start = gw_read_u64(r), end = gw_read_u64(r);

		if (!gw_reader_ok(r) || start >= end ||
		    end > GW_SIZE_MAX / GW_BLOCK)
			return GW_OK;
		err = gw_ranges_add(&f->blocks, start, end);
	}
	return err == GW_E_LIMIT ? GW_OK : err;
}

static enum gw_err
read_file(struct gw_reader *r, struct gw_journal *j, enum record type,
    const struct gw_key *key)
{
	struct gw_journal_file_state f = { 0 }, *slot;

	gw_read_copy(r, f.stamp.b, sizeof f.stamp.b);
	f.dev = gw_read_u64(r);
	f.ino = gw_read_u64(r);
	if (type == COMPLETE) {
		f.complete = true;
		f.size = gw_read_u64(r);
		f.mtime_s = (int64_t)gw_read_u64(r);
		f.mtime_ns = gw_read_u32(r);
	}
	if (!gw_reader_done(r))
		return GW_OK;
	if ((slot = file_anew(j, key)) == NULL)
		return GW_E_MEMORY;
	f.blocks = slot->blocks;
	*slot = f;
	j->complete += f.complete;
	return GW_OK;
}

static enum gw_err
read_record(struct gw_reader *r, struct gw_journal *j)
{
	enum record type = (enum record)gw_read_u8(r);
	struct gw_key key;
	uint64_t ino;

	gw_read_copy(r, key.b, sizeof key.b);
	switch (type) {
	case DIR:
		ino = gw_read_u64(r);
		return gw_reader_done(r)
			   ? gw_map_set(j->dirs, &key, (uintptr_t)ino)
			   : GW_OK;
	case START:
	case COMPLETE:
		return read_file(r, j, type, &key);
	case BLOCKS:
		return read_blocks(r, file_of(j, &key));
	default:
		return GW_OK; /* nothing that this version relies on */
	}
}

/* The next whole record, without its frame; false: torn, or the end. */
static bool
next_record(struct gw_slice all, size_t *at, struct gw_slice *record)
{
	struct gw_reader r;
	struct gw_hash sum;
	struct gw_slice body, check;
	uint32_t len;

	if (*at == all.n)
		return false;
	r = gw_reader(gw_slice(all.p + *at, all.n - *at));
	len = gw_read_u32(&r);
	if (!gw_reader_ok(&r) || len == 0 || len > RECORD_MAX)
		return false;
	body = gw_read_bytes(&r, len);
	check = gw_read_bytes(&r, SUM_BYTES);
	if (!gw_reader_ok(&r))
		return false;
	sum = gw_hash_of(body);
	if (memcmp(sum.b, check.p, SUM_BYTES) != 0)
		return false;
	*at += LEN_BYTES + len + SUM_BYTES;
	*record = body;
	return true;
}

enum gw_err
gw_journal_load(
    struct gw_slice contents, struct gw_journal **out, size_t *valid)
{
	struct gw_journal *j;
	struct gw_slice record;
	struct gw_reader r;
	size_t at = 0;
	enum gw_err err;

	if (!next_record(contents, &at, &record))
		return GW_E_FAILED;
	if ((err = journal_alloc(&j)) != GW_OK)
		return err;
	r = gw_reader(record);
	if (!read_head(&r, j))
		err = GW_E_FAILED;
	while (err == GW_OK && next_record(contents, &at, &record)) {
		r = gw_reader(record);
		err = read_record(&r, j);
	}
	if (err != GW_OK) {
		gw_journal_free(j);
		return err;
	}
	*valid = at;
	*out = j;
	return GW_OK;
}

/* ---- writing ---- */

/* Frame what was written to `w` after its first LEN_BYTES. */
static enum gw_err
add_record(struct gw_bytes *out, struct gw_writer *w)
{
	uint32_t len = (uint32_t)(gw_writer_len(w) - LEN_BYTES);
	struct gw_hash sum;
	struct gw_writer head;

	GW_ASSERT(gw_writer_ok(w));
	head = gw_writer(w->start, LEN_BYTES);
	gw_write_u32(&head, len);
	sum = gw_hash_of(gw_slice(w->start + LEN_BYTES, len));
	gw_write_bytes(w, sum.b, SUM_BYTES);
	GW_ASSERT(gw_writer_ok(w));
	return gw_bytes_add(out, w->start, gw_writer_len(w));
}

static void
begin(struct gw_writer *w, const struct gw_journal *j, enum record type,
    struct gw_slice path)
{
	struct gw_key key = gw_hash_key(j->head.seed, path);

	gw_write_u32(w, 0); /* the length, see add_record */
	gw_write_u8(w, (uint8_t)type);
	gw_write_bytes(w, key.b, sizeof key.b);
}

enum gw_err
gw_journal_new(const struct gw_journal_head *h, struct gw_bytes *out,
    struct gw_journal **journal)
{
	uint8_t buf[GW_JOURNAL_PATH + 1024];
	struct gw_writer w = gw_writer(buf, sizeof buf);
	struct gw_journal *j;
	struct gw_reader r;
	enum gw_err err;

	gw_write_u32(&w, 0);
	gw_write_u8(&w, HEAD);
	gw_write_u32(&w, MAGIC);
	gw_write_u8(&w, GW_JOURNAL_VERSION);
	gw_write_u64(&w, h->seed);
	gw_write_bytes(&w, h->peer, sizeof h->peer);
	gw_write_bytes(&w, h->source_id, sizeof h->source_id);
	gw_write_u64(&w, h->dev);
	gw_write_u64(&w, h->ino);
	gw_write_u8(&w, h->fresh);
	gw_write_u64(&w, h->files);
	gw_write_u64(&w, h->bytes);
	gw_write_u64(&w, (uint64_t)h->started_s);
	gw_write_string(&w, h->peer_name);
	gw_write_string(&w, h->dir);
	gw_write_string(&w, h->first_name);
	if (!gw_writer_ok(&w))
		return GW_E_LIMIT; /* the directory's path is too long */
	if ((err = journal_alloc(&j)) != GW_OK)
		return err;
	r = gw_reader(gw_slice(buf + LEN_BYTES, gw_writer_len(&w) - LEN_BYTES));
	if (!read_head(&r, j))
		err = GW_E_LIMIT;
	else
		err = add_record(out, &w);
	if (err != GW_OK) {
		gw_journal_free(j);
		return err;
	}
	*journal = j;
	return GW_OK;
}

enum gw_err
gw_journal_add_dir(const struct gw_journal *j, struct gw_bytes *out,
    struct gw_slice path, uint64_t ino)
{
	uint8_t buf[64];
	struct gw_writer w = gw_writer(buf, sizeof buf);

	begin(&w, j, DIR, path);
	gw_write_u64(&w, ino);
	return add_record(out, &w);
}

enum gw_err
gw_journal_add_start(const struct gw_journal *j, struct gw_bytes *out,
    const struct gw_entry *e, const struct gw_seen *temp)
{
	uint8_t buf[96];
	struct gw_writer w = gw_writer(buf, sizeof buf);
	struct gw_hash stamp = gw_journal_stamp(e);

	begin(&w, j, START, e->path);
	gw_write_bytes(&w, stamp.b, sizeof stamp.b);
	gw_write_u64(&w, temp->dev);
	gw_write_u64(&w, temp->ino);
	return add_record(out, &w);
}

enum gw_err
gw_journal_add_complete(const struct gw_journal *j, struct gw_bytes *out,
    const struct gw_entry *e, const struct gw_seen *file)
{
	uint8_t buf[128];
	struct gw_writer w = gw_writer(buf, sizeof buf);
	struct gw_hash stamp = gw_journal_stamp(e);

	begin(&w, j, COMPLETE, e->path);
	gw_write_bytes(&w, stamp.b, sizeof stamp.b);
	gw_write_u64(&w, file->dev);
	gw_write_u64(&w, file->ino);
	gw_write_u64(&w, file->size);
	gw_write_u64(&w, (uint64_t)file->mtime_s);
	gw_write_u32(&w, file->mtime_ns);
	return add_record(out, &w);
}

enum gw_err
gw_journal_add_blocks(const struct gw_journal *j, struct gw_bytes *out,
    struct gw_slice path, const struct gw_ranges *blocks)
{
	enum { A_RECORD = 1024 }; /* ranges; more go into a next one */
	uint8_t buf[64 + 16 * A_RECORD];

	for (size_t i = 0; i < blocks->n;) {
		struct gw_writer w = gw_writer(buf, sizeof buf);
		enum gw_err err;

		begin(&w, j, BLOCKS, path);
		for (size_t k = 0; k < A_RECORD && i < blocks->n; k++, i++) {
			gw_write_u64(&w, blocks->v[i].start);
			gw_write_u64(&w, blocks->v[i].end);
		}
		if ((err = add_record(out, &w)) != GW_OK)
			return err;
	}
	return GW_OK;
}
