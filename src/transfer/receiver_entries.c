#include <stdlib.h>
#include <string.h>

#include "transfer/receiver_private.h"

/* ---- an entry is announced ---- */

enum gw_put
gw_receiver_default_put(const struct gw_receiver *r)
{
	switch (r->o.on_conflict) {
	case GW_CONFLICT_OVERWRITE:
		return GW_PUT_REPLACE;
	case GW_CONFLICT_SKIP:
		return GW_PUT_SKIP;
	default:
		return GW_PUT_RENAME;
	}
}

/* The path's directory part and whether there is one. */
static bool
parent_of(struct gw_slice path, struct gw_slice *parent)
{
	for (size_t i = path.n; i > 0; i--) {
		if (path.p[i - 1] == '/') {
			*parent = gw_slice(path.p, i - 1);
			return true;
		}
	}
	return false;
}

static bool
entry_of(struct gw_receiver *r, struct gw_slice path, uint64_t *n)
{
	struct gw_key key = gw_hash_key(r->o.seed, path);
	uintptr_t value;

	if (!gw_map_get(r->paths, &key, &value))
		return false;
	*n = value;
	return true;
}

/* What is wrong with where it wants to be. */
static const char *
check_place(struct gw_receiver *r, const struct gw_entry *e)
{
	struct gw_slice parent, top = e->path;
	const uint8_t *slash = memchr(top.p, '/', top.n);
	struct gw_key key;
	struct gw_entry dir;
	uintptr_t value;
	uint64_t n;

	if (slash != NULL)
		top.n = (size_t)(slash - top.p);
	key = gw_hash_key(r->o.seed, top);
	if (!gw_map_get(r->names, &key, &value))
		return "it sends names that its offer did not show";
	if (entry_of(r, e->path, &n))
		return "it sends one name twice";
	if (!parent_of(e->path, &parent))
		return NULL;
	if (!entry_of(r, parent, &n))
		return "it sends into a directory that it did not send";
	gw_manifest_get(r->manifest, n, &dir);
	return dir.kind == GW_KIND_DIR ? NULL
				       : "it sends into what is no directory";
}

static const char *
check_link(struct gw_receiver *r, const struct gw_entry *e)
{
	struct gw_entry to;

	if (e->kind != GW_KIND_FILE || e->hardlink_of == GW_NO_LINK)
		return NULL;
	if (e->hardlink_of >= gw_manifest_count(r->manifest))
		return "it links to what it did not send";
	gw_manifest_get(r->manifest, e->hardlink_of, &to);
	if (to.kind != GW_KIND_FILE || to.hardlink_of != GW_NO_LINK)
		return "it links to what is no file";
	return NULL;
}

static const char *
check_totals(struct gw_receiver *r, const struct gw_entry *e)
{
	struct gw_totals t = gw_manifest_totals(r->manifest);

	if (t.files + t.dirs + t.others >= r->stats.files_total ||
	    (e->kind == GW_KIND_FILE && e->size > r->offer.bytes - t.bytes))
		return "it sends more than it offered";
	if (r->offer.flags & GW_OFFER_STREAM && e->kind != GW_KIND_FILE)
		return "a stream is one file";
	return NULL;
}

static bool
grow_info(struct gw_receiver *r)
{
	uint64_t cap = r->info_cap != 0 ? 2 * r->info_cap : 64;
	struct gw_entry_info *info =
	    realloc(r->info, (size_t)cap * sizeof *info);

	if (info == NULL)
		return false;
	r->info = info;
	r->info_cap = cap;
	return true;
}

bool
gw_receiver_gets_content(const struct gw_receiver *r, const struct gw_entry *e)
{
	return e->kind == GW_KIND_FILE &&
	       !(r->o.archive && e->hardlink_of != GW_NO_LINK);
}

const char *
gw_receiver_on_entry(struct gw_receiver *r, const struct gw_entry *e)
{
	uint64_t n = gw_manifest_count(r->manifest);
	struct gw_key key = gw_hash_key(r->o.seed, e->path);
	const char *wrong;

	if (r->state != GW_RECEIVER_RECEIVING || r->entries_ended)
		return "it lists entries out of turn";
	if ((wrong = check_totals(r, e)) != NULL ||
	    (wrong = check_place(r, e)) != NULL ||
	    (wrong = check_link(r, e)) != NULL)
		return wrong;
	if ((n == r->info_cap && !grow_info(r)) ||
	    gw_map_set(r->paths, &key, (uintptr_t)n) != GW_OK ||
	    gw_manifest_add(r->manifest, e) != GW_OK)
		return "out of memory";
	r->info[n] = (struct gw_entry_info){
		.state = E_ANNOUNCED,
		.put = (uint8_t)gw_receiver_default_put(r),
	};
	if (r->fresh && e->kind != GW_KIND_DIR) {
		r->info[n].state = E_WANTED;
		r->info[n].due = gw_receiver_gets_content(r, e);
	}
	return NULL;
}

/* ---- looking ---- */

static void
want_look(struct gw_receiver *r, struct gw_look *l, uint64_t n,
    const struct gw_entry *e)
{
	const struct gw_journal_file_state *j;

	memset(l, 0, sizeof *l);
	l->entry = n;
	l->e = *e;
	if (e->kind == GW_KIND_DIR)
		return;
	gw_journal_temp(gw_journal_head(r->journal)->seed, e->path, l->temp);
	j = gw_journal_find(r->journal, e->path);
	if (j != NULL && j->complete)
		l->find_ino = j->ino;
}

void
gw_receiver_look(struct gw_receiver *r)
{
	uint64_t count = gw_manifest_count(r->manifest);
	struct gw_task *t;
	struct gw_entry e;

	if (r->look_busy || r->verdicts != NULL || r->closing ||
	    r->looking == count)
		return;
	if (r->o.stream) {
		r->looked = r->looking = count;
		return;
	}
	if ((t = gw_receiver_task(r, GW_TASK_LOOK)) == NULL)
		return;
	t->looks = calloc(LOOKS_MAX, sizeof *t->looks);
	if (t->looks == NULL) {
		gw_receiver_task_free(r, t);
		gw_receiver_fail(r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
		return;
	}
	for (; r->looking < count && t->count < LOOKS_MAX; r->looking++) {
		gw_manifest_get(r->manifest, r->looking, &e);
		if (!r->fresh || e.kind == GW_KIND_DIR)
			want_look(r, &t->looks[t->count++], r->looking, &e);
	}
	if (t->count == 0) {
		gw_receiver_task_free(r, t);
		r->looked = r->looking;
		return;
	}
	r->look_busy = true;
	gw_receiver_issue(r, t);
}

void
gw_receiver_looked(struct gw_receiver *r, struct gw_task *t)
{
	r->look_busy = false;
	r->verdicts = t;
	r->verdict = 0;
	if (t->err != GW_OK && gw_receiver_is_fatal(r, t->err, t->reason))
		r->verdict = t->count;
}
