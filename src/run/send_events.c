#include <string.h>

#include "os/clock.h"
#include "run/mover_events.h"
#include "run/send_mover_private.h"

/* ---- listing ---- */

static void
tell_misses(struct gw_send_mover *m, const struct gw_scan_miss *first)
{
	struct gw_transfer *job = m->base.job;

	for (const struct gw_scan_miss *x = first; x != NULL; x = x->next) {
		struct gw_entry e = { .kind = GW_KIND_OTHER,
			.path = gw_slice_str(x->path) };

		if (x->special)
			gw_events_notice(&job->base.events, GW_NOTICE_SKIPPED,
			    0, "%s: %s", x->path, x->reason);
		else
			gw_mover_tell_entry(
			    job, &e, GW_ENTRY_FAILED, NULL, x->reason);
	}
}

static void
tell_entry(struct gw_send_mover *m, uint64_t n, enum gw_entry_status status,
    struct gw_slice reason)
{
	char why[GW_REASON_MAX + 1];
	struct gw_entry e;

	gw_manifest_get(m->paths.scan.manifest, n, &e);
	if (e.kind == GW_KIND_FILE &&
	    (status == GW_ENTRY_DONE || status == GW_ENTRY_HAD))
		m->base.files++;
	if (reason.n > 0)
		memcpy(why, reason.p, reason.n);
	why[reason.n] = '\0';
	gw_mover_tell_entry(m->base.job, &e, status, NULL,
	    status == GW_ENTRY_FAILED ? why : NULL);
}

uint64_t
gw_send_missed(const struct gw_send_mover *m)
{
	return m->paths.scan.failed + m->paths.scan.special;
}

static void
end_dry_run(struct gw_send_mover *m)
{
	struct gw_totals t = gw_manifest_totals(m->paths.scan.manifest);
	enum gw_err err = gw_send_missed(m) > 0 ? GW_E_SOME_FAILED : GW_OK;
	struct gw_event ev = { .kind = GW_EVENT_COMPLETE };

	for (uint64_t n = 0; n < gw_manifest_count(m->paths.scan.manifest); n++)
		tell_entry(m, n, GW_ENTRY_DONE, gw_slice(NULL, 0));
	ev.complete.bytes = t.bytes;
	ev.complete.files = t.files;
	ev.complete.failed = gw_send_missed(m);
	ev.complete.err = err;
	gw_events_push(&m->base.job->base.events, &ev);
	gw_transfer_end(m->base.job, err);
}

void
gw_send_on_scanned(struct gw_scan *s, void *arg)
{
	struct gw_send_mover *m = arg;
	struct gw_transfer *job = m->base.job;

	if (job->state != GW_TRANSFER_PREPARING || job->failing) {
		gw_transfer_wake(job); /* it was ended meanwhile */
		return;
	}
	if (s->err == GW_E_NO_PATH) { /* by the last one that was missed */
		tell_misses(m, s->misses->next);
		gw_transfer_fail(
		    job, s->err, "%s: %s", s->misses->path, s->misses->reason);
		return;
	}
	tell_misses(m, s->misses);
	if (s->err != GW_OK) {
		gw_transfer_fail(job, s->err, "%s", gw_err_text(s->err));
	} else if (gw_manifest_count(s->manifest) == 0) {
		gw_transfer_fail(job, GW_E_NO_PATH,
		    "there is nothing to send: no file could be read, or "
		    "all were excluded");
	} else if (m->dry_run) {
		end_dry_run(m);
	} else {
		gw_transfer_prepared(job);
	}
}

/* ---- the engine ---- */

void
gw_send_tell_offer(struct gw_send_mover *m)
{
	struct gw_totals t = gw_manifest_totals(m->paths.scan.manifest);
	struct gw_offer offer = {
		.flags = m->paths.stream ? GW_OFFER_STREAM : 0,
		.files = t.files,
		.dirs = t.dirs,
		.others = t.others,
		.bytes = t.bytes,
		.names = gw_bytes_peek(&m->paths.names),
		.name_count = m->paths.name_count,
	};

	gw_mover_tell_offer(m->base.job, &offer, false);
}

static void
on_refused(struct gw_send_mover *m, enum gw_err err, struct gw_slice text)
{
	gw_transfer_fail(m->base.job,
	    err == GW_E_REFUSED ? err : GW_E_PEER_DISK,
	    "the other side refused: %.*s", (int)text.n, (const char *)text.p);
}

static void
on_receipt(struct gw_send_mover *m, const struct gw_sender_event *ev)
{
	struct gw_event out = { .kind = GW_EVENT_COMPLETE };
	uint64_t failed = ev->receipt.failed + gw_send_missed(m);

	out.complete.bytes = ev->receipt.bytes;
	out.complete.moved = m->moved + gw_sender_stats(m->engine).moved;
	out.complete.files = m->base.files;
	out.complete.failed = failed;
	out.complete.skipped = ev->receipt.skipped;
	out.complete.seconds = (double)(gw_clock_now() - m->started) / 1e6;
	out.complete.err = failed > 0 ? GW_E_SOME_FAILED : GW_OK;
	gw_transfer_result(m->base.job, &out);
}

void
gw_send_on_event(struct gw_send_mover *m, const struct gw_sender_event *ev)
{
	switch (ev->kind) {
	case GW_SENDER_READ:
	case GW_SENDER_ACCEPTED:
		break;
	case GW_SENDER_REFUSED:
		on_refused(m, ev->refused.err, ev->refused.text);
		break;
	case GW_SENDER_RESULT:
		for (uint64_t i = 0; i < ev->result.count; i++)
			tell_entry(m, ev->result.first + i, ev->result.status,
			    ev->result.reason);
		break;
	case GW_SENDER_RECEIPT:
		on_receipt(m, ev);
		break;
	case GW_SENDER_FAILED:
		gw_transfer_fail(m->base.job, GW_E_PROTOCOL,
		    "the other side broke the protocol: %s", ev->failed);
		break;
	}
}
