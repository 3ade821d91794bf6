#include "base/assert.h"
#include "transfer/receiver_private.h"

static void
say_have(struct gw_receiver *r, uint64_t n, enum gw_have what)
{
	struct gw_message m = { .type = GW_MSG_HAVE };

	m.have.entry = n;
	m.have.what = what;
	if (!r->fresh)
		(void)gw_receiver_say(r, &m);
}

/* The journal calls it complete, of this source. */
static bool
is_finished(const struct gw_receiver *r, const struct gw_journal_file_state *j,
    const struct gw_look *l)
{
	return j != NULL && j->complete && !r->o.checksum &&
	       gw_receiver_stamp_fits(j, &l->e);
}

static void
want(struct gw_receiver *r, const struct gw_look *l, enum gw_put put)
{
	struct gw_entry_info *info = &r->info[l->entry];
	const struct gw_journal_file_state *j =
	    gw_journal_find(r->journal, l->e.path);

	info->state = E_WANTED;
	info->put = (uint8_t)put;
	if (!gw_receiver_gets_content(r, &l->e))
		return;
	if (is_finished(r, j, l) && gw_receiver_is_our_partial(j, l)) {
		/* Whole, synced, and not yet renamed. */
		say_have(r, l->entry, GW_HAVE_WHOLE);
		r->stats.bytes += l->e.size;
		gw_receiver_entry_stored(r, l->entry, &l->partial);
		return;
	}
	info->due = true;
	r->needs += gw_entry_stored(&l->e);
	gw_receiver_resume(r, l);
}

static void
had(struct gw_receiver *r, const struct gw_look *l, uint64_t ino, uint32_t nth)
{
	r->info[l->entry].ino = ino;
	r->info[l->entry].nth = nth;
	say_have(r, l->entry, GW_HAVE_WHOLE);
	gw_receiver_end_entry(r, l->entry, E_HAD);
}

static void
skip(struct gw_receiver *r, const struct gw_look *l)
{
	say_have(r, l->entry, GW_HAVE_SKIP);
	gw_receiver_end_entry(r, l->entry, E_SKIPPED);
}

static void
refuse(struct gw_receiver *r, const struct gw_look *l, const char *reason)
{
	say_have(r, l->entry, GW_HAVE_SKIP);
	gw_receiver_fail_entry(r, l->entry, reason);
}

static bool
is_newer(const struct gw_entry *theirs, const struct gw_seen *ours)
{
	return theirs->mtime_s > ours->mtime_s ||
	       (theirs->mtime_s == ours->mtime_s &&
		   theirs->mtime_ns > ours->mtime_ns);
}

/* A name is taken by something that is not ours. */
static void
settle(struct gw_receiver *r, const struct gw_look *l, enum gw_conflict how)
{
	bool in_the_way = l->final.kind == GW_KIND_DIR;

	switch (how) {
	case GW_CONFLICT_SKIP:
		skip(r, l);
		return;
	case GW_CONFLICT_NEWER:
		if (!is_newer(&l->e, &l->final)) {
			skip(r, l);
			return;
		}
		break;
	case GW_CONFLICT_OVERWRITE:
		break;
	default:
		want(r, l, GW_PUT_RENAME);
		return;
	}
	if (in_the_way)
		refuse(r, l, "a directory of that name is in the way");
	else
		want(r, l, GW_PUT_REPLACE);
}

static void
judge_dir(struct gw_receiver *r, const struct gw_look *l)
{
	bool noted = gw_journal_made_dir(r->journal, l->e.path, l->final.ino);

	if (l->err != GW_OK) {
		if (!gw_receiver_is_fatal(r, l->err, l->reason))
			gw_receiver_fail_entry(r, l->entry, l->reason);
		return;
	}
	r->info[l->entry].state = E_WANTED; /* its times come last */
	if (l->made || noted)
		r->info[l->entry].ino = l->final.ino;
	if (!l->made || noted)
		return;
	r->journal_due = true;
	if (gw_journal_add_dir(
		r->journal, &r->journal_out, l->e.path, l->final.ino) != GW_OK)
		gw_receiver_fail(r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
}

/* The file that the journal calls complete, under its final name. */
static bool
is_our_final(const struct gw_journal_file_state *j, const struct gw_look *l)
{
	return l->found.there && l->found.kind == GW_KIND_FILE &&
	       l->found.size == j->size && l->found.mtime_s == j->mtime_s &&
	       l->found.mtime_ns == j->mtime_ns;
}

/* A file that we have put there: true, if that settles it. */
static bool
judge_ours(struct gw_receiver *r, const struct gw_look *l)
{
	const struct gw_journal_file_state *j =
	    gw_journal_find(r->journal, l->e.path);

	if (j == NULL || !j->complete || !is_our_final(j, l))
		return false;
	if (is_finished(r, j, l)) {
		r->stats.bytes += l->e.size;
		had(r, l, l->found.ino, l->found_nth);
	} else {
		/* Our own, of an older source: not a conflict. */
		want(r, l, l->found_nth == 0 ? GW_PUT_REPLACE : GW_PUT_RENAME);
	}
	return true;
}

static bool
same_hard_link(const struct gw_receiver *r, const struct gw_look *l)
{
	return r->o.archive && l->e.hardlink_of != GW_NO_LINK &&
	       l->final.there && l->final.kind == GW_KIND_FILE &&
	       r->info[l->e.hardlink_of].ino == l->final.ino;
}

/* One entry; true: its user must be asked. */
static bool
judge_one(struct gw_receiver *r, const struct gw_look *l)
{
	if (l->e.kind == GW_KIND_DIR) {
		judge_dir(r, l);
		return false;
	}
	if (l->err != GW_OK) {
		if (!gw_receiver_is_fatal(r, l->err, l->reason))
			refuse(r, l, l->reason);
		return false;
	}
	if (l->same_target || same_hard_link(r, l)) {
		had(r, l, l->final.ino, 0);
		return false;
	}
	if (gw_receiver_gets_content(r, &l->e) && judge_ours(r, l))
		return false;
	if (!l->final.there) {
		want(r, l, gw_receiver_default_put(r));
		return false;
	}
	if (r->o.on_conflict == GW_CONFLICT_ASK)
		return true;
	settle(r, l, r->o.on_conflict);
	return false;
}

static void
say_go(struct gw_receiver *r)
{
	struct gw_message m = { .type = GW_MSG_GO };

	m.count = r->looked;
	if (!r->fresh && r->looked > r->go_told) {
		r->go_told = r->looked;
		(void)gw_receiver_say(r, &m);
	}
}

static bool
tell_dropped(struct gw_receiver *r, struct gw_receiver_event *ev)
{
	if (r->dropped.n == 0)
		return false;
	ev->kind = GW_RECEIVER_DROPPED;
	ev->dropped = r->dropped;
	r->dropped = gw_slice(NULL, 0);
	return true;
}

bool
gw_receiver_judge(struct gw_receiver *r, struct gw_receiver_event *ev)
{
	struct gw_task *t = r->verdicts;

	if (tell_dropped(r, ev)) /* by the answer to a question */
		return true;
	while (t != NULL && !r->asked && !r->verifying &&
	       r->state == GW_RECEIVER_RECEIVING && r->verdict < t->count) {
		const struct gw_look *l = &t->looks[r->verdict];

		if (judge_one(r, l)) {
			r->asked = true;
			ev->kind = GW_RECEIVER_CONFLICT;
			ev->conflict.theirs = l->e;
			ev->conflict.ours = l->final;
			return true;
		}
		r->verdict++;
		if (tell_dropped(r, ev))
			return true;
	}
	if (t != NULL && r->verdict == t->count && !r->verifying) {
		r->verdicts = NULL;
		gw_receiver_task_free(r, t);
		r->looked = r->looking;
		say_go(r);
		gw_receiver_release_held(r);
	}
	return false;
}

void
gw_receiver_resolve(struct gw_receiver *r, enum gw_conflict how, bool for_all)
{
	GW_ASSERT(r->asked);
	GW_ASSERT(r->verdicts != NULL);
	GW_ASSERT(how != GW_CONFLICT_ASK);
	r->asked = false;
	if (for_all)
		r->o.on_conflict = how;
	settle(r, &r->verdicts->looks[r->verdict++], how);
}
