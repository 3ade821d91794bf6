#include "run/store_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/assert.h"
#include "run/stale_work.h"
#include "wire/limits.h"

static void
fail(struct gw_task *t, enum gw_err err, const char *reason)
{
	t->err = err;
	snprintf(t->reason, sizeof t->reason, "%s", reason);
}

static void
see(struct gw_seen *seen, bool there, const struct gw_stamp *st)
{
	seen->there = there;
	if (!there)
		return;
	seen->kind = st->kind;
	seen->dev = st->dev;
	seen->ino = st->ino;
	seen->nlink = st->nlink;
	seen->size = st->size;
	seen->mtime_s = st->mtime_s;
	seen->mtime_ns = st->mtime_ns;
}

static struct gw_target_attrs
attrs_of(const struct gw_entry *e)
{
	return (struct gw_target_attrs){
		.mode = e->mode, .mtime_s = e->mtime_s, .mtime_ns = e->mtime_ns
	};
}

/* ---- LOOK ---- */

static void
look_dir(struct gw_target *target, struct gw_look *l, struct gw_why *why)
{
	struct gw_stamp st;

	l->err = gw_target_mkdir(target, l->e.path, &l->made, &st, why);
	if (l->err == GW_OK)
		see(&l->final, true, &st);
}

static void
look_file(struct gw_target *target, struct gw_look *l, struct gw_why *why)
{
	struct gw_target_file file = {
		.path = l->e.path, .temp = l->temp, .entry = l->entry
	};
	struct gw_stamp st;
	bool there;

	l->err = gw_target_stat(target, l->e.path, &there, &st, why);
	if (l->err != GW_OK)
		return;
	see(&l->final, there, &st);
	if (l->e.kind == GW_KIND_SYMLINK) {
		l->same_target =
		    there && st.kind == GW_KIND_SYMLINK &&
		    gw_target_is_link(target, l->e.path, l->e.target);
		return;
	}
	l->err = gw_target_stat_temp(target, &file, &there, &st, why);
	if (l->err != GW_OK)
		return;
	see(&l->partial, there, &st);
	if (l->find_ino != 0 && gw_target_find(target, l->e.path, l->find_ino,
				    &l->found_nth, &st) == GW_OK)
		see(&l->found, true, &st);
}

static void
do_look(struct gw_store_work *w, struct gw_task *t)
{
	struct gw_why why;

	for (size_t i = 0; i < t->count; i++) {
		struct gw_look *l = &t->looks[i];

		why.text[0] = '\0';
		if (l->e.kind == GW_KIND_DIR)
			look_dir(w->target, l, &why);
		else
			look_file(w->target, l, &why);
		if (l->err != GW_OK)
			snprintf(l->reason, sizeof l->reason, "%s", why.text);
	}
}

/* ---- content ---- */

/* The bytes of a piece as they were, checked: in t->data, or in *fresh. */
static bool
unpack(struct gw_task *t, uint8_t **fresh, const uint8_t **bytes)
{
	struct gw_hash hash;

	*bytes = t->data;
	if (t->compressed) {
		size_t n;

		GW_ASSERT(t->length <= GW_BLOCK);
		if ((*fresh = malloc(t->length)) == NULL) {
			fail(t, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
			return false;
		}
		n = ZSTD_decompress(*fresh, t->length, t->data, t->wire_len);
		if (ZSTD_isError(n) || n != t->length) {
			fail(t, GW_E_PROTOCOL,
			    "it sent a block that cannot be unpacked");
			return false;
		}
		*bytes = *fresh;
	}
	if (t->length == 0 || t->data == NULL)
		return true;
	hash = gw_hash_of(gw_slice(*bytes, t->length));
	if (!gw_hash_eq(&hash, &t->hash)) {
		fail(t, GW_E_PROTOCOL,
		    "a block arrived that is not what its sender read");
		return false;
	}
	return true;
}

static void
write_whole(struct gw_store_work *w, struct gw_task *t, const uint8_t *bytes)
{
	struct gw_target_whole whole = {
		.file = { t->e.path, t->temp, t->entry },
		.data = gw_slice(bytes, t->length),
		.attrs = attrs_of(&t->e),
		.sparse = t->e.flags & GW_ENTRY_SPARSE,
		.xattrs = t->xattrs,
	};
	struct gw_why why = { "" };
	enum gw_err err = gw_target_write_whole(w->target, &whole, &why);

	if (err != GW_OK)
		fail(t, err, why.text);
	see(&t->seen, err == GW_OK, &whole.stamp);
	t->lost_xattrs = whole.xattrs_lost;
}

static void
write_block(struct gw_store_work *w, struct gw_task *t, const uint8_t *bytes)
{
	struct gw_target_file file = { t->e.path, t->temp, t->entry };
	struct gw_target_io io = {
		.entry = t->entry,
		.offset = t->offset,
		.buf = (void *)(uintptr_t)bytes,
		.n = t->length,
		.sparse = t->e.flags & GW_ENTRY_SPARSE && t->ino == 0,
	};
	struct gw_why why = { "" };
	struct gw_stamp st;
	enum gw_err err;

	err = gw_target_temp_open(w->target, &file, t->ino, &st, &why);
	if (err == GW_OK)
		err = gw_target_temp_write(w->target, &io, &why);
	if (err != GW_OK)
		fail(t, err, why.text);
	see(&t->seen, err == GW_OK, &st);
}

static void
write_out(struct gw_store_work *w, struct gw_task *t, const uint8_t *bytes)
{
	static const uint8_t zeros[65536];
	struct gw_why why = { "" };
	enum gw_err err = GW_OK;
	size_t left = t->length;

	if (bytes != NULL) {
		err = gw_pipe_write(w->pipe, bytes, left, &why);
		left = 0;
	}
	while (err == GW_OK && left > 0) { /* a hole */
		size_t n = left < sizeof zeros ? left : sizeof zeros;

		err = gw_pipe_write(w->pipe, zeros, n, &why);
		left -= n;
	}
	if (err != GW_OK)
		fail(t, err, why.text);
}

static void
do_content(struct gw_store_work *w, struct gw_task *t)
{
	uint8_t *fresh = NULL;
	const uint8_t *bytes;

	if (unpack(t, &fresh, &bytes)) {
		if (t->kind == GW_TASK_WHOLE)
			write_whole(w, t, bytes);
		else if (t->kind == GW_TASK_WRITE)
			write_block(w, t, bytes);
		else
			write_out(w, t, bytes);
	}
	free(fresh);
}

static void
do_verify(struct gw_store_work *w, struct gw_task *t)
{
	struct gw_target_file file = { t->e.path, t->temp, t->entry };
	struct gw_why why = { "" };
	struct gw_stamp st;
	uint8_t *buf = malloc(GW_BLOCK);
	size_t k = 0;

	t->err = buf == NULL
		     ? GW_E_MEMORY
		     : gw_target_temp_open(w->target, &file, t->ino, &st, &why);
	for (size_t i = 0; t->err == GW_OK && i < t->block_ranges; i++) {
		uint64_t b = t->blocks[i].start;

		for (; t->err == GW_OK && b < t->blocks[i].end; b++) {
			struct gw_target_io io = {
				.entry = t->entry,
				.offset = b * GW_BLOCK,
				.buf = buf,
				.n = t->e.size - b * GW_BLOCK < GW_BLOCK
					 ? (size_t)(t->e.size - b * GW_BLOCK)
					 : GW_BLOCK,
			};

			t->err = gw_target_temp_read(w->target, &io, &why);
			t->hashes[k++] = gw_hash_of(gw_slice(buf, io.got));
		}
	}
	if (t->err != GW_OK)
		fail(t, t->err, why.text);
	free(buf);
}

static void
do_drop(struct gw_store_work *w, struct gw_task *t)
{
	struct gw_target_file file = { t->e.path, t->temp, t->entry };

	/* What cannot be removed stays for `partials`; the entry failed for
	 * another reason already. */
	(void)!gw_target_temp_drop(w->target, &file, NULL);
}

/* ---- making it durable ---- */

static enum gw_err
append_journal(
    struct gw_store_work *w, const struct gw_task *t, struct gw_why *why)
{
	enum gw_err err;

	if (t->journal.n == 0)
		return GW_OK;
	uv_mutex_lock(&w->journal_lock);
	err = gw_journal_file_append(w->journal, t->journal, why);
	uv_mutex_unlock(&w->journal_lock);
	/* Without its journal a transfer cannot keep its word. */
	return err == GW_OK || err == GW_E_SPACE ? err : GW_E_DISK;
}

static void
do_sync(struct gw_store_work *w, struct gw_task *t)
{
	struct gw_why why = { "" };
	enum gw_err err = GW_OK;

	for (size_t i = 0; err == GW_OK && i < t->count; i++)
		err = gw_target_temp_sync(w->target, t->entries[i], &why);
	if (err == GW_OK)
		err = append_journal(w, t, &why);
	if (err != GW_OK)
		fail(t, err, why.text);
}

static void
finish_large(struct gw_target *target, struct gw_finish *f)
{
	struct gw_target_file file = { f->e.path, f->temp, f->entry };
	struct gw_target_finish fin = {
		.entry = f->entry,
		.size = f->size,
		.attrs = attrs_of(&f->e),
		.xattrs = f->xattrs,
	};
	struct gw_why why = { "" };
	struct gw_stamp st;

	f->err = gw_target_temp_open(target, &file, f->ino, &st, &why);
	if (f->err == GW_OK)
		f->err = gw_target_temp_finish(target, &fin, &why);
	f->lost_xattrs = fin.xattrs_lost;
	if (f->err == GW_OK)
		return;
	snprintf(f->reason, sizeof f->reason, "%s", why.text);
	if (f->err != GW_E_SPACE && f->err != GW_E_DISK)
		(void)!gw_target_temp_drop(target, &file, NULL);
}

static enum gw_err
sync_files(struct gw_target *target, struct gw_task *t, struct gw_why *why)
{
	struct gw_target_file *files;
	enum gw_err err;
	size_t n = 0;

	if (t->count == 0)
		return GW_OK;
	if ((files = calloc(t->count, sizeof *files)) == NULL)
		return GW_E_MEMORY;
	for (size_t i = 0; i < t->count; i++) {
		struct gw_finish *f = &t->finish[i];

		if (f->err == GW_OK)
			files[n++] = (struct gw_target_file){ f->e.path,
				f->temp, f->entry };
	}
	err = n > 0 ? gw_target_sync(target, files, n, why) : GW_OK;
	free(files);
	/* Whatever it is called, data that may not be there is no success. */
	return err == GW_OK || err == GW_E_SPACE ? err : GW_E_DISK;
}

static void
place(struct gw_target *target, struct gw_finish *f)
{
	static const enum gw_place how[] = { [GW_PUT_RENAME] = GW_PLACE_RENAME,
		[GW_PUT_REPLACE] = GW_PLACE_REPLACE,
		[GW_PUT_SKIP] = GW_PLACE_SKIP };
	struct gw_target_file file = { f->e.path, f->temp, f->entry };
	struct gw_why why = { "" };

	f->err = gw_target_place(target, &file, how[f->put], &f->nth, &why);
	if (f->err == GW_E_AGAIN) {
		f->skipped = true;
		f->err = GW_OK;
	}
	if (f->err != GW_OK) {
		snprintf(f->reason, sizeof f->reason, "%s", why.text);
		(void)!gw_target_temp_drop(target, &file, NULL);
	}
}

static void
do_commit(struct gw_store_work *w, struct gw_task *t)
{
	struct gw_why why = { "" };
	enum gw_err err;

	for (size_t i = 0; i < t->count; i++)
		if (t->finish[i].large)
			finish_large(w->target, &t->finish[i]);
	err = sync_files(w->target, t, &why);
	if (err == GW_OK)
		err = append_journal(w, t, &why);
	for (size_t i = 0; err == GW_OK && i < t->count; i++)
		if (t->finish[i].err == GW_OK)
			place(w->target, &t->finish[i]);
	if (err == GW_OK)
		err = gw_target_sync_dirs(w->target, &why);
	if (err != GW_OK)
		fail(t, err, why.text);
}

static void
make_link(struct gw_target *target, struct gw_finish *f)
{
	struct gw_target_link l = {
		.file = { f->e.path, f->temp, f->entry },
		.how = f->put == GW_PUT_REPLACE ? GW_PLACE_REPLACE
		       : f->put == GW_PUT_SKIP  ? GW_PLACE_SKIP
						: GW_PLACE_RENAME,
		.attrs = attrs_of(&f->e),
	};
	struct gw_why why = { "" };

	if (f->e.kind == GW_KIND_SYMLINK) {
		l.target = f->e.target;
		f->err = gw_target_symlink(target, &l, &why);
	} else {
		l.target = f->link_path;
		l.target_nth = f->link_nth;
		f->err = gw_target_hardlink(target, &l, &why);
	}
	f->nth = l.nth;
	if (f->err == GW_E_AGAIN) {
		f->skipped = true;
		f->err = GW_OK;
	}
	if (f->err != GW_OK)
		snprintf(f->reason, sizeof f->reason, "%s", why.text);
}

static void
finish_dir(struct gw_target *target, struct gw_finish *f)
{
	struct gw_target_attrs attrs = attrs_of(&f->e);
	struct gw_why why = { "" };

	if (f->ino == 0)
		return; /* it was there before: its own */
	f->err = gw_target_dir_attrs(target, f->e.path, f->ino, &attrs, &why);
	if (f->err != GW_OK)
		snprintf(f->reason, sizeof f->reason, "%s", why.text);
}

static void
do_links(struct gw_store_work *w, struct gw_task *t)
{
	struct gw_why why = { "" };
	enum gw_err err = append_journal(w, t, &why);

	if (t->stale)
		gw_stale_work_do(w->target, t);
	for (size_t i = 0; err == GW_OK && i < t->count; i++) {
		if (t->finish[i].e.kind == GW_KIND_DIR)
			finish_dir(w->target, &t->finish[i]);
		else
			make_link(w->target, &t->finish[i]);
	}
	if (err == GW_OK)
		err = gw_target_sync_dirs(w->target, &why);
	if (err != GW_OK)
		fail(t, err, why.text);
}

void
gw_store_work_do(struct gw_store_work *w, struct gw_task *t)
{
	switch (t->kind) {
	case GW_TASK_LOOK:
		do_look(w, t);
		break;
	case GW_TASK_WHOLE:
	case GW_TASK_WRITE:
	case GW_TASK_OUT:
		do_content(w, t);
		break;
	case GW_TASK_VERIFY:
		do_verify(w, t);
		break;
	case GW_TASK_DROP:
		do_drop(w, t);
		break;
	case GW_TASK_SYNC:
		do_sync(w, t);
		break;
	case GW_TASK_COMMIT:
		do_commit(w, t);
		break;
	case GW_TASK_LINKS:
		do_links(w, t);
		break;
	}
}
