#include <inttypes.h>
#include <string.h>

#include "os/clock.h"

#include "run/mover_events.h"
#include "run/recv_journal.h"
#include "run/recv_mover_private.h"

/* The program knows it all: the conversation is held again for the peer,
 * which has no RECEIPT yet. */
static bool
is_told(const struct gw_recv_mover *m)
{
	return m->base.job->result_fixed;
}

void
gw_recv_tell_limit(struct gw_recv_mover *m)
{
	enum gw_limiter limit =
	    m->bucket.rate > 0 ? GW_LIMIT_RATE : GW_LIMIT_NONE;

	if (m->asked != NOTHING || m->quiet)
		limit = GW_LIMIT_USER;
	(void)!gw_receiver_status(m->engine, limit);
}

/* ---- the offer ---- */

static void
accept_offer(struct gw_recv_mover *m, const struct gw_offer *o)
{
	struct gw_recv_accept a = {
		.g = m->g,
		.target = m->store.target,
		.offer = o,
		.peer = m->base.job->peer,
		.peer_name = m->base.job->peer_name,
		.archive = m->archive,
	};
	struct gw_why why = { "" };
	enum gw_err err = GW_OK;

	if (!m->stream) {
		err = gw_recv_journal_open(&a, &why);
		m->store.journal = a.file;
	}
	if (err == GW_OK)
		err = gw_receiver_accept(m->engine, a.journal, a.fresh);
	if (err != GW_OK) {
		gw_transfer_fail(m->base.job, err, "%s",
		    why.text[0] != '\0' ? why.text : gw_err_text(err));
		return;
	}
	memcpy(m->accepted, o->transfer_id, sizeof m->accepted);
	m->was_accepted = true;
	if (m->bucket.rate > 0)
		gw_recv_tell_limit(m);
}

bool
gw_recv_check_size(struct gw_recv_mover *m, uint64_t bytes)
{
	if (m->max_size == 0 || bytes <= m->max_size)
		return false;
	gw_transfer_fail(m->base.job, GW_E_REFUSED,
	    "it is too much: %" PRIu64 " bytes, and %" PRIu64
	    " are taken at most",
	    bytes, m->max_size);
	return true;
}

static bool
check_quota(struct gw_recv_mover *m, const struct gw_offer *o)
{
	const uint64_t count = o->files + o->dirs + o->others;

	if (m->max_files == 0 || count <= m->max_files)
		return gw_recv_check_size(m, o->bytes);
	gw_transfer_fail(m->base.job, GW_E_REFUSED,
	    "these are too many: %" PRIu64
	    " files, directories and links, and %" PRIu64 " are taken at most",
	    count, m->max_files);
	return true;
}

static void
on_offer(struct gw_recv_mover *m, const struct gw_offer *o)
{
	bool again = m->was_accepted && memcmp(m->accepted, o->transfer_id,
					    sizeof m->accepted) == 0;
	bool unasked =
	    m->accept || (m->accept_known && m->base.job->peer_known);
	bool ask = !unasked && !again;
	uint64_t others = o->dirs + o->others;

	if (m->stream && (o->files != 1 || others > 0)) {
		gw_transfer_fail(m->base.job, GW_E_REFUSED,
		    "to standard output only one file can be received, and "
		    "this is %llu files and %llu others",
		    (unsigned long long)o->files, (unsigned long long)others);
		return;
	}
	if (check_quota(m, o))
		return;
	if (!again && is_told(m)) {
		gw_transfer_anew(m->base.job);
		m->started = gw_clock_now();
		m->moved = 0;
	}
	if (!again)
		gw_mover_tell_offer(m->base.job, o, ask);
	if (ask) {
		m->asked = OFFER;
		gw_recv_tell_limit(m);
		return;
	}
	accept_offer(m, o);
}

/* ---- events of the engine ---- */

static void
tell_entry(struct gw_recv_mover *m, const struct gw_receiver_event *ev)
{
	char final[GW_TARGET_PATH];
	const struct gw_entry *e = &ev->entry.e;
	bool placed = ev->entry.status == GW_ENTRY_DONE ||
		      ev->entry.status == GW_ENTRY_HAD;
	bool renamed =
	    placed && !m->stream &&
	    gw_target_alternative(e->path, ev->entry.nth, final) != 0;

	if (placed && e->kind == GW_KIND_FILE)
		m->base.files++;
	if (!is_told(m))
		gw_mover_tell_entry(m->base.job, e, ev->entry.status,
		    renamed ? final : NULL, ev->entry.reason);
}

static void
tell_conflict(struct gw_recv_mover *m, const struct gw_receiver_event *ev)
{
	char path[GW_PATH_MAX + 1];
	const struct gw_entry *e = &ev->conflict.theirs;

	if (is_told(m)) { /* it was left out, or else we had it */
		gw_receiver_resolve(m->engine, GW_CONFLICT_SKIP, true);
		return;
	}
	gw_mover_path(e, path, sizeof path);
	gw_events_push(&m->base.job->base.events,
	    &(struct gw_event){ .kind = GW_EVENT_CONFLICT,
		.conflict = { .name = path,
		    .theirs = e->kind,
		    .ours = ev->conflict.ours.kind,
		    .their_size = e->size,
		    .our_size = ev->conflict.ours.size,
		    .their_mtime = e->mtime_s,
		    .our_mtime = ev->conflict.ours.mtime_s } });
	m->asked = CONFLICT;
	gw_recv_tell_limit(m);
}

static void
on_needs(struct gw_recv_mover *m, uint64_t bytes)
{
	struct gw_why why = { "" };
	enum gw_err err = gw_recv_check_space(m->store.target, bytes, &why);

	if (err != GW_OK)
		gw_transfer_fail(m->base.job, err, "%s", why.text);
}

static void
tell_shortfall(struct gw_recv_mover *m)
{
	uint64_t lost = gw_receiver_stats(m->engine).xattrs_lost;
	uint64_t missed = gw_receiver_offer(m->engine).missed;

	if (missed > 0)
		gw_events_notice(&m->base.job->base.events, GW_NOTICE_SKIPPED,
		    missed,
		    "%" PRIu64 " more on the other side: it could not read "
		    "them, or they are no files",
		    missed);

	if (lost > 0)
		gw_events_notice(&m->base.job->base.events, GW_NOTICE_XATTRS,
		    lost,
		    "extended attributes of %" PRIu64
		    " files could not be kept: this file system takes none, "
		    "or not all of them",
		    lost);
}

static void
on_complete(struct gw_recv_mover *m, const struct gw_receiver_event *ev)
{
	struct gw_event out = { .kind = GW_EVENT_COMPLETE };
	uint64_t failed =
	    ev->complete.failed + gw_receiver_offer(m->engine).missed;

	if (!is_told(m))
		tell_shortfall(m);
	out.complete.bytes = ev->complete.bytes;
	out.complete.moved = m->moved + gw_receiver_stats(m->engine).moved;
	out.complete.files = m->base.files;
	out.complete.failed = failed;
	out.complete.skipped = ev->complete.skipped;
	out.complete.seconds = (double)(gw_clock_now() - m->started) / 1e6;
	out.complete.err = failed > 0 ? GW_E_SOME_FAILED : GW_OK;
	gw_transfer_result(m->base.job, &out);
}

static void
on_finished(struct gw_recv_mover *m)
{
	if (m->store.journal != NULL)
		(void)gw_journal_file_remove(m->store.journal, NULL);
	m->store.journal = NULL;
	gw_transfer_finish(m->base.job);
}

static void
on_failed(struct gw_recv_mover *m, const struct gw_receiver_event *ev)
{
	if (ev->failed.err == GW_E_PROTOCOL)
		gw_transfer_fail(m->base.job, GW_E_PROTOCOL,
		    "the other side broke the protocol: %s", ev->failed.text);
	else if (m->stream)
		gw_transfer_fail(
		    m->base.job, ev->failed.err, "%s", ev->failed.text);
	else
		gw_transfer_fail(m->base.job, ev->failed.err, "%s: %s",
		    gw_target_where(m->store.target).path, ev->failed.text);
}

void
gw_recv_on_event(struct gw_recv_mover *m, const struct gw_receiver_event *ev)
{
	switch (ev->kind) {
	case GW_RECEIVER_OFFER:
		on_offer(m, &ev->offer);
		break;
	case GW_RECEIVER_TASK:
		gw_crew_add(m->crew, &ev->task->item);
		break;
	case GW_RECEIVER_CONFLICT:
		tell_conflict(m, ev);
		break;
	case GW_RECEIVER_NEEDS:
		on_needs(m, ev->needs);
		break;
	case GW_RECEIVER_DROPPED:
		gw_events_notice(&m->base.job->base.events, GW_NOTICE_DROPPED,
		    0,
		    "%.*s: what was there of it does not fit any more; it is "
		    "sent anew",
		    (int)ev->dropped.n, (const char *)ev->dropped.p);
		break;
	case GW_RECEIVER_ENTRY:
		tell_entry(m, ev);
		break;
	case GW_RECEIVER_COMPLETE:
		on_complete(m, ev);
		break;
	case GW_RECEIVER_FINISHED:
		on_finished(m);
		break;
	case GW_RECEIVER_FAILED:
		on_failed(m, ev);
		break;
	}
}

/* ---- answers ---- */

static void
refuse(struct gw_recv_mover *m)
{
	gw_transfer_fail(m->base.job, GW_E_REFUSED, "the offer was refused");
}

enum gw_err
gw_recv_answer(struct gw_mover *mover, unsigned a)
{
	struct gw_recv_mover *m = (struct gw_recv_mover *)(void *)mover;
	enum gw_recv_asked asked = m->asked;
	struct gw_offer offer;
	enum gw_conflict how = GW_CONFLICT_SKIP;

	if (asked == NOTHING || m->engine == NULL || m->suspended)
		return GW_E_USAGE;
	m->asked = NOTHING;
	gw_recv_tell_limit(m);
	if (asked == OFFER) {
		offer = gw_receiver_offer(m->engine);
		if (a == GW_ANSWER_YES)
			accept_offer(m, &offer);
		else
			refuse(m);
		return GW_OK;
	}
	switch (a & ~(unsigned)GW_ANSWER_ALL) {
	case GW_ANSWER_YES:
		how = GW_CONFLICT_OVERWRITE;
		break;
	case GW_ANSWER_RENAME:
		how = GW_CONFLICT_RENAME;
		break;
	case GW_ANSWER_NEWER:
		how = GW_CONFLICT_NEWER;
		break;
	default:
		break;
	}
	gw_receiver_resolve(m->engine, how, a & GW_ANSWER_ALL);
	if (a & GW_ANSWER_ALL)
		m->on_conflict = how;
	return GW_OK;
}
