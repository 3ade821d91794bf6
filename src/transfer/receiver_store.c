#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "transfer/receiver_private.h"

/* ---- tasks ---- */

struct gw_task *
gw_receiver_task(struct gw_receiver *r, enum gw_task_kind kind)
{
	struct gw_task *t = calloc(1, sizeof *t);

	if (t == NULL) {
		gw_receiver_fail(r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
		return NULL;
	}
	t->kind = kind;
	return t;
}

void
gw_receiver_task_free(struct gw_receiver *r, struct gw_task *t)
{
	if (t->data != NULL)
		gw_receiver_buffer_free(r, t->data, t->wire_len + GW_HASH_LEN);
	if (t->kind == GW_TASK_WHOLE)
		free((void *)(uintptr_t)t->xattrs.p);
	free(t->looks);
	free(t->finish);
	free(t->entries);
	free(t->blocks);
	free(t->hashes);
	free((void *)(uintptr_t)t->journal.p);
	free(t);
}

void
gw_receiver_issue(struct gw_receiver *r, struct gw_task *t)
{
	t->item.next = NULL;
	*r->tasks_last = &t->item;
	r->tasks_last = &t->item.next;
}

/* ---- entries that reach their end ---- */

static enum gw_entry_status
status_of(enum gw_entry_state state)
{
	switch (state) {
	case E_HAD:
		return GW_ENTRY_HAD;
	case E_SKIPPED:
		return GW_ENTRY_SKIPPED;
	case E_FAILED:
		return GW_ENTRY_FAILED;
	default:
		return GW_ENTRY_DONE;
	}
}

/* RESULTs of neighbours with one status go out as one message. */
static void
report(struct gw_receiver *r, uint64_t n, enum gw_entry_status status)
{
	if (r->run.count > 0 && r->run.status == status &&
	    r->run.first + r->run.count == n) {
		r->run.count++;
		return;
	}
	(void)gw_receiver_control(r); /* what was gathered goes first */
	r->run.first = n;
	r->run.count = 1;
	r->run.status = status;
}

static void
end_entry(struct gw_receiver *r, uint64_t n, enum gw_entry_state state)
{
	struct gw_entry e;

	GW_ASSERT(r->info[n].state < E_DONE);
	r->info[n].state = (uint8_t)state;
	r->counts[status_of(state)]++;
	gw_manifest_get(r->manifest, n, &e);
	if (gw_receiver_gets_content(r, &e) &&
	    (state == E_DONE || state == E_HAD))
		r->bytes_done +=
		    r->offer.flags & GW_OFFER_STREAM ? r->stats.moved : e.size;
	(void)gw_receiver_push(
	    r, &r->finished, &r->finished_n, &r->finished_cap, n);
}

void
gw_receiver_end_entry(
    struct gw_receiver *r, uint64_t n, enum gw_entry_state state)
{
	GW_ASSERT(state != E_FAILED);
	end_entry(r, n, state);
	report(r, n, status_of(state));
}

void
gw_receiver_fail_entry(struct gw_receiver *r, uint64_t n, const char *reason)
{
	struct gw_message m = { .type = GW_MSG_RESULT };
	struct gw_failure *f;

	if (r->failure_n == r->failure_cap) {
		size_t cap = r->failure_cap != 0 ? 2 * r->failure_cap : 16;

		f = realloc(r->failures, cap * sizeof *f);
		if (f == NULL) {
			gw_receiver_fail(
			    r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
			return;
		}
		r->failures = f;
		r->failure_cap = cap;
	}
	f = &r->failures[r->failure_n++];
	f->entry = n;
	snprintf(f->reason, sizeof f->reason, "%s", reason);
	end_entry(r, n, E_FAILED);
	(void)gw_receiver_control(r);
	m.result.first = n;
	m.result.count = 1;
	m.result.status = GW_ENTRY_FAILED;
	m.result.reason = gw_slice_str(f->reason);
	(void)gw_receiver_say(r, &m);
}

bool
gw_receiver_is_fatal(struct gw_receiver *r, enum gw_err err, const char *reason)
{
	switch (err) {
	case GW_E_SPACE:
	case GW_E_DISK:
	case GW_E_MEMORY:
	case GW_E_LIMIT:
	case GW_E_PROTOCOL:
		gw_receiver_fail(r, err, reason);
		return true;
	default:
		return false;
	}
}

void
gw_receiver_entry_stored(
    struct gw_receiver *r, uint64_t n, const struct gw_seen *temp)
{
	struct gw_entry_info *info = &r->info[n];

	info->state = E_STORED;
	info->ino = temp->ino;
	if (r->stored_n == 0)
		r->stored_since = r->now;
	r->stored_bytes += temp->size;
	(void)gw_receiver_push(r, &r->stored, &r->stored_n, &r->stored_cap, n);
}

/* ---- checkpoints ---- */

/* Take the records that wait, so that they travel with a task. */
void
gw_receiver_take_journal(struct gw_receiver *r, struct gw_task *t)
{
	struct gw_slice s = gw_bytes_peek(&r->journal_out);
	uint8_t *copy;

	if (s.n == 0)
		return;
	if ((copy = malloc(s.n)) == NULL) {
		gw_receiver_fail(r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
		return;
	}
	memcpy(copy, s.p, s.n);
	t->journal = gw_slice(copy, s.n);
	gw_bytes_clear(&r->journal_out);
}

static bool
journal_large(struct gw_receiver *r, struct gw_large *g)
{
	struct gw_bytes *out = &r->journal_out;

	if (!g->started &&
	    gw_journal_add_start(r->journal, out, &g->e, &g->temp) != GW_OK)
		return false;
	g->started = true;
	g->dirty = false;
	return gw_journal_add_blocks(r->journal, out, g->e.path, &g->have) ==
	       GW_OK;
}

/*
 * One of SYNC and COMMIT at a time: both append to the journal, and what
 * COMMIT says of a file must not be followed by what an older SYNC says.
 */
bool
gw_receiver_is_checkpointing(const struct gw_receiver *r)
{
	return r->sync_busy || r->commit_busy;
}

static void
sync_now(struct gw_receiver *r)
{
	struct gw_task *t = gw_receiver_task(r, GW_TASK_SYNC);
	size_t cap = 0;

	if (t == NULL)
		return;
	for (struct gw_large *g = r->larges; g != NULL; g = g->next) {
		if (!g->dirty || g->failed ||
		    r->info[g->entry].state != E_WANTED)
			continue;
		if (!gw_receiver_push(
			r, &t->entries, &t->count, &cap, g->entry) ||
		    !journal_large(r, g)) {
			gw_receiver_task_free(r, t);
			gw_receiver_fail(
			    r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
			return;
		}
		g->tasks++; /* nobody closes it meanwhile */
	}
	r->dirty_bytes = 0;
	r->journal_due = false;
	gw_receiver_take_journal(r, t);
	if (t->count == 0 && t->journal.n == 0) {
		gw_receiver_task_free(r, t);
		return;
	}
	r->sync_busy = true;
	gw_receiver_issue(r, t);
}

static bool
sync_is_due(const struct gw_receiver *r)
{
	if (gw_receiver_is_checkpointing(r) || r->journal == NULL)
		return false;
	if (r->closing)
		return r->storing == 0 &&
		       (r->dirty_bytes > 0 ||
			   gw_bytes_len(&r->journal_out) > 0);
	return r->journal_due || r->dirty_bytes >= COMMIT_BYTES ||
	       (r->dirty_bytes > 0 && r->now - r->dirty_since >= BATCH_USEC);
}

void
gw_receiver_synced(struct gw_receiver *r, struct gw_task *t)
{
	r->sync_busy = false;
	if (t->err != GW_OK)
		gw_receiver_fail(r, t->err, t->reason);
	for (size_t i = 0; i < t->count; i++)
		gw_receiver_large_idle(r, t->entries[i]);
	gw_receiver_task_free(r, t);
}

/* ---- commits ---- */

static bool
fill_finish(struct gw_receiver *r, struct gw_finish *f, uint64_t n)
{
	struct gw_large *g = gw_receiver_find_large(r, n);
	struct gw_seen seen = { .there = true };

	f->entry = n;
	gw_manifest_get(r->manifest, n, &f->e);
	gw_journal_temp(gw_journal_head(r->journal)->seed, f->e.path, f->temp);
	f->put = (enum gw_put)r->info[n].put;
	f->ino = r->info[n].ino;
	f->size = f->e.size;
	if (g != NULL) {
		f->large = true;
		f->size = g->size;
		f->xattrs = gw_slice(g->xattrs, g->xattrs_len);
	}
	seen.ino = f->ino;
	seen.size = f->size;
	seen.mtime_s = f->e.mtime_s;
	seen.mtime_ns = f->e.mtime_ns;
	seen.dev = g != NULL ? g->temp.dev : gw_journal_head(r->journal)->dev;
	return gw_journal_add_complete(
		   r->journal, &r->journal_out, &f->e, &seen) == GW_OK;
}

static void
commit_now(struct gw_receiver *r)
{
	struct gw_task *t = gw_receiver_task(r, GW_TASK_COMMIT);

	if (t == NULL)
		return;
	t->finish = calloc(r->stored_n, sizeof *t->finish);
	for (; t->finish != NULL && t->count < r->stored_n; t->count++) {
		if (!fill_finish(r, &t->finish[t->count], r->stored[t->count]))
			break;
	}
	if (t->finish == NULL || t->count < r->stored_n) {
		gw_receiver_task_free(r, t);
		gw_receiver_fail(r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
		return;
	}
	gw_receiver_take_journal(r, t);
	r->stored_n = 0;
	r->stored_bytes = 0;
	r->commit_busy = true;
	gw_receiver_issue(r, t);
}

static unsigned
open_temporaries(const struct gw_receiver *r)
{
	unsigned n = 0;

	for (const struct gw_large *g = r->larges; g != NULL; g = g->next)
		n++;
	return n;
}

static bool
commit_is_due(struct gw_receiver *r)
{
	if (gw_receiver_is_checkpointing(r) || r->stored_n == 0)
		return false;
	if (r->closing)
		return r->storing == 0;
	return r->stored_n >= COMMIT_FILES || r->stored_bytes >= COMMIT_BYTES ||
	       r->now - r->stored_since >= BATCH_USEC ||
	       open_temporaries(r) >= OPEN_MAX ||
	       (r->storing == 0 && gw_receiver_content_ended(r));
}

static void
finished(struct gw_receiver *r, const struct gw_finish *f)
{
	struct gw_large *g = gw_receiver_find_large(r, f->entry);

	if (g != NULL)
		gw_receiver_large_free(r, g);
	if (f->err != GW_OK) {
		if (!gw_receiver_is_fatal(r, f->err, f->reason))
			gw_receiver_fail_entry(r, f->entry, f->reason);
		return;
	}
	r->stats.xattrs_lost += f->lost_xattrs;
	r->info[f->entry].nth = f->nth;
	gw_receiver_end_entry(r, f->entry, f->skipped ? E_SKIPPED : E_DONE);
}

void
gw_receiver_committed(struct gw_receiver *r, struct gw_task *t)
{
	r->commit_busy = false;
	if (t->err != GW_OK)
		gw_receiver_fail(r, t->err, t->reason);
	else
		for (size_t i = 0; i < t->count; i++)
			finished(r, &t->finish[i]);
	if (t->kind == GW_TASK_LINKS && r->state == GW_RECEIVER_LINKING) {
		gw_receiver_set_state(r, GW_RECEIVER_CONFIRMED);
		r->complete = true;
	}
	gw_receiver_task_free(r, t);
}

void
gw_receiver_store_due(struct gw_receiver *r)
{
	if (sync_is_due(r))
		sync_now(r);
	if (commit_is_due(r))
		commit_now(r);
}
