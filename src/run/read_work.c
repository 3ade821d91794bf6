#include "run/read_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "base/assert.h"

enum { ZSTD_LEVEL = 1 };

/* ---- files ---- */

static void
unref(struct gw_read_file *f)
{
	if (f == NULL || --f->refs > 0)
		return;
	if (f->fd != -1)
		close(f->fd);
	uv_mutex_destroy(&f->lock);
	free(f);
}

enum gw_err
gw_read_work_attach(struct gw_read_work *w, struct gw_read *r)
{
	struct gw_read_file *f = w->current;

	r->owner = NULL;
	if (w->source == NULL)
		return GW_OK;
	if (f == NULL || f->entry != r->entry) {
		unref(f);
		w->current = NULL;
		if ((f = calloc(1, sizeof *f)) == NULL)
			return GW_E_MEMORY;
		if (uv_mutex_init(&f->lock) != 0) {
			free(f);
			return GW_E_MEMORY;
		}
		f->entry = r->entry;
		f->fd = -1;
		f->refs = 1;
		w->current = f;
	}
	f->refs++;
	r->owner = f;
	return GW_OK;
}

void
gw_read_work_detach(struct gw_read_work *w, struct gw_read *r)
{
	struct gw_read_file *f = r->owner;

	r->owner = NULL;
	if (r->last && w->current == f) {
		unref(w->current);
		w->current = NULL;
	}
	unref(f);
}

void
gw_read_work_fini(struct gw_read_work *w)
{
	unref(w->current);
	w->current = NULL;
}

/* ---- on a worker ---- */

static void
fail(struct gw_read *r, enum gw_err err, const char *reason)
{
	r->err = err;
	snprintf(r->reason, sizeof r->reason, "%.*s", (int)sizeof r->reason - 1,
	    reason);
}

static bool
is_as_listed(const struct gw_read *r, const struct gw_stamp *st)
{
	struct gw_entry e;

	gw_manifest_get(r->manifest, r->entry, &e);
	return st->ino == e.ino && st->size == e.size &&
	       st->mtime_s == e.mtime_s && st->mtime_ns == e.mtime_ns;
}

static void
open_file(struct gw_read_work *w, struct gw_read *r, struct gw_read_file *f)
{
	f->tried = true;
	f->err = gw_source_open(w->source, r->path, &f->fd, &f->stamp, &f->why);
	if (f->err == GW_E_NO_PATH)
		(void)gw_why(&f->why, GW_E_NO_PATH, "it is gone");
	if (f->err == GW_OK && !is_as_listed(r, &f->stamp))
		f->err = gw_why(
		    &f->why, GW_E_FAILED, "it changed after it was listed");
}

static bool
have_file(struct gw_read_work *w, struct gw_read *r)
{
	struct gw_read_file *f = r->owner;

	uv_mutex_lock(&f->lock);
	if (!f->tried)
		open_file(w, r, f);
	uv_mutex_unlock(&f->lock);
	if (f->err != GW_OK)
		fail(r, f->err, f->why.text);
	return f->err == GW_OK;
}

static void
read_block(struct gw_read *r, int fd)
{
	struct gw_source_read sr = {
		.buf = r->buf, .n = r->want, .offset = r->offset
	};
	struct gw_why why;
	enum gw_err err = gw_source_read(fd, &sr, &why);

	r->got = sr.got;
	if (err != GW_OK)
		fail(r, err, why.text);
	else if (sr.got < r->want)
		fail(r, GW_E_FAILED, "it became shorter while it was sent");
}

static void
bring_xattrs(struct gw_read *r, int fd)
{
	struct gw_why why;
	enum gw_err err;

	if ((r->xattrs_bytes = malloc(GW_XATTRS_MAX)) == NULL) {
		fail(r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
		return;
	}
	err = gw_source_xattrs(
	    fd, r->xattrs_bytes, GW_XATTRS_MAX, &r->xattrs_len, &why);
	if (err != GW_OK) {
		fail(r, err, why.text);
		r->xattrs_len = 0;
	}
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void
compress(struct gw_read *r)
{
	uint64_t start = now_ns();
	/* No room for more than it was: then it goes as it is. */
	size_t n = ZSTD_compress(
	    r->spare, r->got - r->got / 16, r->buf, r->got, ZSTD_LEVEL);

	r->compress_ns = now_ns() - start;
	if (!ZSTD_isError(n) && n < r->got)
		r->wire_len = n;
}

static void
seal_block(struct gw_read *r)
{
	r->wire_len = r->got;
	if (r->got == 0)
		return;
	r->hash = gw_hash_of(gw_slice(r->buf, r->got));
	r->same = r->check != NULL && gw_hash_eq(&r->hash, r->check);
	if (r->compress && !r->same && r->got > 64)
		compress(r);
}

static void
check_unchanged(struct gw_read *r, int fd)
{
	struct gw_stamp st;
	struct gw_why why;
	enum gw_err err = gw_source_stamp(fd, &st, &why);

	if (err != GW_OK)
		fail(r, err, why.text);
	else if (!is_as_listed(r, &st))
		fail(r, GW_E_FAILED, "it changed while it was sent");
}

static void
read_stream(struct gw_read_work *w, struct gw_read *r)
{
	struct gw_why why;
	enum gw_err err = gw_pipe_read(w->pipe, r->buf, r->want, &r->got, &why);

	if (err != GW_OK)
		fail(r, err, why.text);
	else
		seal_block(r);
}

void
gw_read_work_do(struct gw_read_work *w, struct gw_read *r)
{
	struct gw_read_file *f = r->owner;
	struct gw_entry e;

	if (w->source == NULL) {
		read_stream(w, r);
		return;
	}
	if (!have_file(w, r))
		return;
	if (r->find_data) {
		gw_manifest_get(r->manifest, r->entry, &e);
		r->data_start = gw_source_next_data(f->fd, r->offset, e.size);
		r->data_end =
		    r->data_start < e.size
			? gw_source_data_end(f->fd, r->data_start, e.size)
			: e.size;
	}
	if (r->want > 0)
		read_block(r, f->fd);
	if (r->err == GW_OK && r->xattrs)
		bring_xattrs(r, f->fd);
	if (r->err == GW_OK && r->last)
		check_unchanged(r, f->fd);
	if (r->err == GW_OK)
		seal_block(r);
}
