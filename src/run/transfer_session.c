#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "os/clock.h"
#include "run/transfer_private.h"

/* ---- the session under way ---- */

/* What a peer's word means here. */
static enum gw_err
from_peer(const struct gw_transfer *job, enum gw_err err)
{
	switch (err) {
	case GW_E_INTERRUPTED:
		return GW_E_PEER_GONE;
	case GW_E_DISK:
	case GW_E_SPACE:
		return job->mover->files > 0 ? GW_E_SOME_FAILED
					     : GW_E_PEER_DISK;
	default:
		return err;
	}
}

static void
session_closed(struct gw_transfer *job, const struct gw_session_event *ev)
{
	enum gw_err err = ev->closed.err;
	char text[GW_REASON_MAX + 64];

	/* What came before the end counts: it may be the RECEIPT, or DONE. */
	if (!job->failing && !job->acknowledged)
		(void)job->mover->ops->pump(job->mover, gw_clock_now());
	if (job->failing) {
		gw_transfer_wake(job);
		return;
	}
	if (job->acknowledged) {
		gw_transfer_end(job, job->result);
		return;
	}
	if (ev->closed.by_peer && err != GW_E_STALLED) {
		snprintf(text, sizeof text, "the other side ended it: %s",
		    ev->closed.text[0] != '\0' ? ev->closed.text
					       : gw_err_text(err));
		gw_transfer_broken(job, from_peer(job, err), text);
		return;
	}
	snprintf(text, sizeof text, "%s",
	    ev->closed.text[0] != '\0' ? ev->closed.text : gw_err_text(err));
	/* An end in good order, of which nothing had begun: so does who pairs.
	 */
	if (err == GW_OK && !job->heard)
		gw_transfer_broken(job, GW_E_REFUSED,
		    "the other side transfers nothing: run `godwit send` or "
		    "`godwit recv` there");
	else if (err == GW_OK || err == GW_E_LOST)
		gw_transfer_lost(job, GW_E_LOST, text);
	else if (err == GW_E_STALLED)
		gw_transfer_lost(job, GW_E_STALLED, text);
	else
		gw_transfer_broken(job, err, text);
}

/* Pull the session's events.  false: the conn is not ours any more. */
static bool
pull(struct gw_transfer *job, struct gw_conn *c, gw_usec now)
{
	struct gw_session_event ev;

	while (job->conn == c && !job->mover->ops->full(job->mover) &&
	       gw_session_event(c->session, &ev)) {
		switch (ev.kind) {
		case GW_SESSION_DATA:
			job->heard |= ev.data.bytes.n > 0;
			job->mover->ops->input(
			    job->mover, ev.data.stream, ev.data.bytes, now);
			break;
		case GW_SESSION_RESET:
			gw_session_abort(c->session, GW_E_PROTOCOL,
			    "no stream of a transfer is ever given up", now);
			break;
		case GW_SESSION_DATAGRAM:
			break; /* a transfer has none */
		case GW_SESSION_FIN:
			/* Nothing more can come from it: answer in kind. */
			gw_session_finish(c->session, now);
			break;
		case GW_SESSION_CLOSED:
			session_closed(job, &ev);
			break;
		case GW_SESSION_OPENED:
			GW_ASSERT(false); /* taken by listener and dial */
		}
	}
	return job->conn == c;
}

static bool
on_ready(struct gw_conn *c, void *owner)
{
	struct gw_transfer *job = owner;
	gw_usec now = gw_clock_now();
	bool more;

	if (!pull(job, c, now) || job->failing)
		return false;
	more = job->mover->ops->pump(job->mover, now);
	c->full = job->mover->ops->full(job->mover);
	if (job->conn == c && !job->failing)
		gw_transfer_wake_at(
		    job, job->mover->ops->deadline(job->mover, now));
	return more;
}

void
gw_transfer_begin(struct gw_transfer *job)
{
	struct gw_conn *c = job->successor;
	enum gw_err err;

	GW_ASSERT(c != NULL);
	if (job->mover->ops->busy(job->mover))
		return; /* gw_transfer_wake comes when the disk is at rest */
	job->successor = NULL;
	job->conn = c;
	gw_transfer_set_state(job, GW_TRANSFER_MOVING);
	job->moved_at = gw_clock_now();
	job->stall_told = 0;
	job->heard = false;
	err = job->mover->ops->begin(job->mover, c);
	if (err != GW_OK) {
		gw_transfer_fail(job, err, "%s", gw_err_text(err));
		return;
	}
	gw_conn_set_owner(c, on_ready, job);
}

/* ---- progress and stalls ---- */

static void
tell_progress(struct gw_transfer *job, const struct gw_measure *m, gw_usec now)
{
	uint64_t rate = gw_speed_update(&job->speed, m->bytes, now);
	int64_t eta = -1;

	if (rate > 0 && m->bytes_total >= m->bytes)
		eta = (int64_t)((double)(m->bytes_total - m->bytes) * 1000 /
				(double)rate);
	gw_events_push(&job->base.events,
	    &(struct gw_event){ .kind = GW_EVENT_PROGRESS,
		.progress = {
		    .bytes = m->bytes,
		    .bytes_total = m->bytes_total,
		    .files = m->files,
		    .files_total = m->files_total,
		    .rate = rate,
		    .eta_ms = eta,
		    .name = m->name,
		    .limiter = m->limiter,
		    .stalled_ms = (uint32_t)((now - job->moved_at) / GW_MSEC),
		} });
}

static const char *
who_stalls(const struct gw_transfer *job, enum gw_limiter limiter, gw_usec now)
{
	if (now - gw_session_heard(job->conn->session) > STALL_AFTER / 2)
		return "nothing comes from the other side: the network, or "
		       "its machine, stands still";
	switch (limiter) {
	case GW_LIMIT_DISK_HERE:
		return "the disk here stands still";
	case GW_LIMIT_DISK_THERE:
		return "the other side's disk stands still";
	case GW_LIMIT_NETWORK:
		return "the network takes nothing";
	default:
		return "the other side is there, but sends nothing";
	}
}

static void
watch_stall(struct gw_transfer *job, const struct gw_measure *m, gw_usec now)
{
	gw_usec still;

	if (m->mark != job->mark || m->waits_for_user) {
		/* A user who thinks is no stall, as long as the peer lives. */
		gw_usec heard = gw_session_heard(job->conn->session);

		job->moved_at = m->mark != job->mark ? now : heard;
		job->mark = m->mark;
		job->stall_told = 0;
	}
	still = now > job->moved_at ? now - job->moved_at : 0;
	if (still >= STALL_AFTER &&
	    (job->stall_told == 0 || now - job->stall_told >= STALL_AFTER)) {
		job->stall_told = now;
		gw_events_notice(&job->base.events, GW_NOTICE_STALL,
		    still / GW_SEC, "nothing moved for %u s: %s",
		    (unsigned)(still / GW_SEC),
		    who_stalls(job, m->limiter, now));
	}
	if (still >= job->link.timeout) {
		char text[GW_REASON_MAX];

		snprintf(text, sizeof text, "nothing moved for %u s: %s",
		    (unsigned)(still / GW_SEC),
		    who_stalls(job, m->limiter, now));
		gw_session_abort(job->conn->session, GW_E_STALLED,
		    "nothing moved for too long", now);
		gw_transfer_lost(job, GW_E_STALLED, text);
	}
}

void
gw_transfer_beat(struct gw_transfer *job, gw_usec now)
{
	struct gw_measure m = { 0 };

	switch (job->state) {
	case GW_TRANSFER_RETRYING:
		gw_transfer_retry_beat(job, now);
		break;
	case GW_TRANSFER_CLOSING:
		if (job->conn == NULL || now < job->close_by)
			break;
		if (job->acknowledged)
			gw_transfer_end(job, job->result);
		else
			gw_transfer_lost(job, GW_E_STALLED,
			    "the other side does not say that it has the "
			    "receipt");
		break;
	case GW_TRANSFER_MOVING:
		if (job->conn == NULL || job->failing)
			break;
		job->mover->ops->measure(job->mover, &m, now);
		if (!job->result_fixed)
			tell_progress(job, &m, now);
		watch_stall(job, &m, now);
		break;
	default:
		break;
	}
}
