/*
 * gw_partials: what interrupted transfers left behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/partials.h"
#include "os/journal_file.h"
#include "os/sweep.h"
#include "run/recv_journal.h"
#include "transfer/journal.h"

enum { ID_LEN = 32, KEPT = 7 * 24 * 3600 /* seconds */ };

static const char suffix[] = ".journal";

struct gw_partials {
	struct gw *g;
	char **names;
	size_t count, next;
	/* of the one that was pulled last */
	char peer[GW_NAME_MAX + 1];
	char dir[GW_JOURNAL_PATH];
	char first[GW_COMPONENT_MAX + 1];
};

enum gw_err
gw_partials_open(struct gw *g, struct gw_partials **out)
{
	struct gw_partials *p;
	struct gw_why why = { "" };
	enum gw_err err;

	g->last_error[0] = '\0';
	if ((err = gw_context_whole(g)) != GW_OK)
		return err;
	if ((p = calloc(1, sizeof *p)) == NULL)
		return GW_E_MEMORY;
	p->g = g;
	err = gw_journal_file_names(
	    g->state_dir, suffix, &why, &p->names, &p->count);
	if (err != GW_OK) {
		free(p);
		return gw_context_error(g, err, "%s", why.text);
	}
	*out = p;
	return GW_OK;
}

void
gw_partials_free(struct gw_partials *p)
{
	if (p == NULL)
		return;
	gw_journal_file_names_free(p->names, p->count);
	free(p);
}

static bool
is_ours(void *arg, const char *name, const struct gw_stamp *st)
{
	const struct gw_journal_head *h = arg;

	return st->kind == GW_KIND_FILE && gw_journal_owns_temp(h->seed, name);
}

static enum gw_err
sweep(const struct gw_journal_head *h, bool remove, uint64_t *bytes,
    struct gw_why *why)
{
	struct gw_journal_head head = *h;
	struct gw_sweep s = {
		.dir = (const char *)head.dir.p,
		.dev = head.dev,
		.ino = head.ino,
		.ours = is_ours,
		.arg = &head,
		.remove = remove,
	};
	enum gw_err err = gw_sweep(&s, why);

	*bytes = s.bytes;
	return err;
}

static void
keep_text(char *out, size_t cap, struct gw_slice s)
{
	size_t n = s.n < cap ? s.n : cap - 1;

	if (n > 0)
		memcpy(out, s.p, n);
	out[n] = '\0';
}

static void
describe(
    struct gw_partials *p, const struct gw_journal *j, struct gw_partial *out)
{
	const struct gw_journal_head *h = gw_journal_head(j);

	keep_text(p->peer, sizeof p->peer, h->peer_name);
	keep_text(p->dir, sizeof p->dir, h->dir);
	keep_text(p->first, sizeof p->first, h->first_name);
	out->peer = p->peer;
	out->dir = p->dir;
	out->first = p->first;
	out->files_done = gw_journal_complete(j);
	out->files_total = h->files;
	(void)!sweep(h, false, &out->bytes, NULL); /* as far as can be seen */
}

/* Read a journal without taking it; NULL: there is none of use. */
static struct gw_journal *
peek(struct gw *g, const char *name, bool *active, int64_t *age)
{
	struct gw_bytes contents = { 0 };
	struct gw_journal_file *file;
	struct gw_journal *j = NULL;
	size_t valid;

	if (gw_journal_file_peek(g->state_dir, name, active, NULL, &file) !=
	    GW_OK)
		return NULL;
	*age = gw_journal_file_age(file);
	if (gw_journal_file_read(file, GW_JOURNAL_MAX, &contents, NULL) !=
		GW_OK ||
	    gw_journal_load(gw_bytes_peek(&contents), &j, &valid) != GW_OK)
		j = NULL;
	gw_bytes_fini(&contents);
	gw_journal_file_close(file);
	return j;
}

bool
gw_partials_next(struct gw_partials *p, struct gw_partial *out)
{
	while (p->next < p->count) {
		const char *name = p->names[p->next++];
		struct gw_journal *j;

		if (strlen(name) != ID_LEN + sizeof suffix - 1)
			continue;
		memset(out, 0, sizeof *out);
		memcpy(out->id, name, ID_LEN);
		j = peek(p->g, name, &out->active, &out->age_s);
		if (j == NULL)
			continue;
		describe(p, j, out);
		gw_journal_free(j);
		return true;
	}
	return false;
}

/* ---- clearing ---- */

static bool
is_id(const char *id)
{
	return strlen(id) == ID_LEN && strspn(id, "0123456789abcdef") == ID_LEN;
}

/* The temporaries that a journal tells of, if it tells of any. */
static enum gw_err
clear_files(struct gw_journal_file *file, struct gw_why *why)
{
	struct gw_bytes contents = { 0 };
	struct gw_journal *j = NULL;
	size_t valid;
	uint64_t bytes;
	enum gw_err err;

	err = gw_journal_file_read(file, GW_JOURNAL_MAX, &contents, why);
	if (err == GW_OK &&
	    gw_journal_load(gw_bytes_peek(&contents), &j, &valid) == GW_OK)
		err = sweep(gw_journal_head(j), true, &bytes, why);
	gw_bytes_fini(&contents);
	gw_journal_free(j);
	/* The directory went, and all in it. */
	return err == GW_E_NO_PATH ? GW_OK : err;
}

static enum gw_err
clear(const char *state_dir, const char *name, struct gw_why *why)
{
	struct gw_journal_file *file;
	enum gw_err err;

	err = gw_journal_file_open(state_dir, name, false, why, &file);
	if (err != GW_OK)
		return err;
	if ((err = clear_files(file, why)) == GW_OK)
		return gw_journal_file_remove(file, why);
	gw_journal_file_close(file);
	return err;
}

enum gw_err
gw_partials_clear(struct gw *g, const char *id)
{
	char name[ID_LEN + sizeof suffix];
	struct gw_why why = { "" };
	enum gw_err err;

	g->last_error[0] = '\0';
	if ((err = gw_context_whole(g)) != GW_OK)
		return err;
	if (!is_id(id))
		return gw_context_error(g, GW_E_NO_PATH,
		    "%s is no id of an interrupted transfer", id);
	snprintf(name, sizeof name, "%s%s", id, suffix);
	err = clear(g->state_dir, name, &why);
	if (err == GW_E_AGAIN)
		return gw_context_error(
		    g, err, "%s is being received just now", id);
	if (err == GW_E_NO_PATH)
		return gw_context_error(
		    g, err, "there is no interrupted transfer %s", id);
	return err == GW_OK ? err : gw_context_error(g, err, "%s", why.text);
}

/* ---- mentioning ---- */

static void
tell(struct gw_job *job, size_t n, uint64_t bytes)
{
	char text[160];

	snprintf(text, sizeof text,
	    "%zu interrupted transfer%s left partial files: they go on when "
	    "they are sent again; `godwit partials` lists them",
	    n, n == 1 ? "" : "s");
	gw_events_push(
	    &job->events, &(struct gw_event){ .kind = GW_EVENT_NOTICE,
			      .notice = { .what = GW_NOTICE_PARTIALS,
				  .text = text,
				  .count = n,
				  .bytes = bytes } });
}

void
gw_partials_mention(struct gw *g, struct gw_job *job)
{
	uint64_t complete, partial, bytes = 0;
	struct gw_journal *j;
	struct gw_why why;
	size_t count, n = 0;
	char **names;
	int64_t age;
	bool active;

	if (gw_journal_file_names(g->state_dir, suffix, NULL, &names, &count) !=
	    GW_OK)
		return;
	for (size_t i = 0; i < count; i++) {
		if ((j = peek(g, names[i], &active, &age)) == NULL)
			continue;
		if (!active && age > KEPT) {
			(void)!clear(g->state_dir, names[i], &why);
		} else if (!active) {
			gw_journal_bytes(j, &complete, &partial);
			bytes += partial;
			n += partial > 0;
		}
		gw_journal_free(j);
	}
	gw_journal_file_names_free(names, count);
	if (n > 0)
		tell(job, n, bytes);
}
