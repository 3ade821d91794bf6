#include <stdlib.h>

#include "transfer/receiver_private.h"

/* ---- the end ---- */

/* Entries that LINKS finishes: what is still wanted is a symlink, a hard
 * link, or a directory. */
static bool
fill_link(struct gw_receiver *r, struct gw_finish *f, uint64_t n)
{
	struct gw_entry to;

	f->entry = n;
	gw_manifest_get(r->manifest, n, &f->e);
	f->put = (enum gw_put)r->info[n].put;
	f->ino = r->info[n].ino;
	gw_journal_temp(gw_journal_head(r->journal)->seed, f->e.path, f->temp);
	if (f->e.kind != GW_KIND_FILE)
		return true;
	if (r->info[f->e.hardlink_of].state != E_DONE &&
	    r->info[f->e.hardlink_of].state != E_HAD)
		return false;
	gw_manifest_get(r->manifest, f->e.hardlink_of, &to);
	f->link_path = to.path;
	f->link_nth = r->info[f->e.hardlink_of].nth;
	return true;
}

/* Links in order, then directories deepest first: they come after what is
 * in them. */
static void
add_links(struct gw_receiver *r, struct gw_task *t)
{
	uint64_t count = gw_manifest_count(r->manifest);
	struct gw_entry e;

	for (uint64_t n = 0; n < count; n++) {
		if (r->info[n].state != E_WANTED)
			continue;
		gw_manifest_get(r->manifest, n, &e);
		if (e.kind == GW_KIND_DIR)
			continue;
		if (fill_link(r, &t->finish[t->count], n))
			t->count++;
		else if (r->info[e.hardlink_of].state == E_SKIPPED)
			gw_receiver_end_entry(r, n, E_SKIPPED);
		else
			gw_receiver_fail_entry(
			    r, n, "what it is a link to failed");
	}
	for (uint64_t n = count; n-- > 0;)
		if (r->info[n].state == E_WANTED) {
			gw_manifest_get(r->manifest, n, &e);
			if (e.kind == GW_KIND_DIR)
				(void)fill_link(r, &t->finish[t->count++], n);
		}
}

static void
link_now(struct gw_receiver *r)
{
	uint64_t count = gw_manifest_count(r->manifest), open = 0;
	/* What an earlier attempt had begun may be gone from the source. */
	bool stale = !gw_journal_is_empty(r->journal);
	struct gw_task *t;

	gw_receiver_set_state(r, GW_RECEIVER_LINKING);
	for (uint64_t n = 0; n < count; n++)
		open += r->info[n].state == E_WANTED;
	if (open == 0 && !stale) {
		gw_receiver_set_state(r, GW_RECEIVER_CONFIRMED);
		r->complete = true;
		return;
	}
	if ((t = gw_receiver_task(r, GW_TASK_LINKS)) == NULL)
		return;
	t->stale = stale;
	t->names = r->offer.names;
	t->seed = gw_journal_head(r->journal)->seed;
	t->finish = calloc(open + 1, sizeof *t->finish);
	if (t->finish == NULL) {
		gw_receiver_task_free(r, t);
		gw_receiver_fail(r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
		return;
	}
	add_links(r, t);
	gw_receiver_take_journal(r, t);
	gw_receiver_issue(r, t);
}

/* A stream's one file is done when the last of it is written. */
static void
end_stream(struct gw_receiver *r)
{
	if (r->info[0].state != E_FAILED)
		gw_receiver_end_entry(r, 0, E_DONE);
	gw_receiver_set_state(r, GW_RECEIVER_LINKING);
	gw_receiver_set_state(r, GW_RECEIVER_CONFIRMED);
	r->complete = true;
}

/* Everything is stored and known: only links and the end are left. */
static bool
is_content_stored(struct gw_receiver *r)
{
	bool disk_busy =
	    r->storing > 0 || gw_receiver_is_checkpointing(r) || r->look_busy;

	return !disk_busy && r->stored_n == 0 && r->verdicts == NULL &&
	       r->larges == NULL && gw_receiver_content_ended(r);
}

void
gw_receiver_go_on(struct gw_receiver *r)
{
	if (r->closing) {
		gw_receiver_store_due(r);
		return;
	}
	if (r->state != GW_RECEIVER_RECEIVING)
		return;
	gw_receiver_look(r);
	gw_receiver_release_held(r);
	gw_receiver_store_due(r);
	if (!is_content_stored(r))
		return;
	if (r->o.stream)
		end_stream(r);
	else
		link_now(r);
}
