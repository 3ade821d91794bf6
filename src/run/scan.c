#include "run/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

static void
miss(struct gw_scan *s, const struct gw_walk_entry *w, const char *reason)
{
	struct gw_scan_miss *m = calloc(1, sizeof *m);

	if (m == NULL || (m->path = strndup(w->path, w->path_len)) == NULL) {
		free(m);
		s->err = GW_E_MEMORY;
		return;
	}
	m->special = w->what == GW_WALK_SPECIAL;
	snprintf(m->reason, sizeof m->reason, "%s", reason);
	m->next = s->misses;
	s->misses = m;
	if (m->special)
		s->special++;
	else
		s->failed++;
}

static void
add(struct gw_scan *s, const struct gw_walk_entry *w)
{
	const struct gw_stamp *st = &w->stamp;
	struct gw_entry e = {
		.kind = st->kind,
		.flags = st->sparse ? GW_ENTRY_SPARSE : 0,
		.mode = st->mode & 0777,
		.size = st->kind == GW_KIND_FILE ? st->size : 0,
		.stored = st->stored,
		.mtime_s = st->mtime_s,
		.mtime_ns = st->mtime_ns,
		.ctime_s = st->ctime_s,
		.ctime_ns = st->ctime_ns,
		.ino = st->ino,
		.path = gw_slice(w->path, w->path_len),
		.target = gw_slice(w->target, w->target_len),
		.hardlink_of = w->hardlink_of == GW_WALK_NO_LINK
				   ? GW_NO_LINK
				   : w->hardlink_of,
	};

	GW_ASSERT(w->number == gw_manifest_count(s->manifest));
	s->err = gw_manifest_add(s->manifest, &e);
}

static void
run(struct gw_work *work)
{
	struct gw_scan *s = (struct gw_scan *)(void *)work;
	struct gw_walk_entry w;
	struct gw_walk *walk;

	if ((s->err = gw_manifest_new(&s->manifest)) != GW_OK ||
	    (s->err = gw_walk_new(&s->options, &walk)) != GW_OK)
		return;
	while (s->err == GW_OK && !atomic_load(&s->cancelled)) {
		enum gw_err err = gw_walk_next(walk, &w);

		if (err == GW_E_NO_PATH)
			break;
		if (err != GW_OK)
			s->err = err;
		else if (w.what == GW_WALK_ENTRY)
			add(s, &w);
		else
			miss(s, &w,
			    w.what == GW_WALK_SPECIAL
				? "no file, directory or link"
				: w.reason);
		/* A PATH itself that cannot be read keeps it from starting;
		 * below one it is an entry that fails. */
		if (w.what == GW_WALK_FAILED && s->err == GW_OK && w.is_root)
			s->err = GW_E_NO_PATH;
	}
	gw_walk_free(walk);
}

static void
done(struct gw_work *work)
{
	struct gw_scan *s = (struct gw_scan *)(void *)work;

	s->running = false;
	s->done(s, s->arg);
}

void
gw_scan_start(struct gw_loop *loop, struct gw_scan *s)
{
	s->running = true;
	gw_work_start(loop, &s->work, run, done);
}

void
gw_scan_cancel(struct gw_scan *s)
{
	atomic_store(&s->cancelled, true);
}

void
gw_scan_fini(struct gw_scan *s)
{
	struct gw_scan_miss *m;

	GW_ASSERT(!s->running);
	while ((m = s->misses) != NULL) {
		s->misses = m->next;
		free(m->path);
		free(m);
	}
	gw_manifest_free(s->manifest);
	s->manifest = NULL;
}
