#include "run/recv_mover.h"

#include <stdlib.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "os/clock.h"
#include "run/mover_events.h"
#include "run/recv_mover_private.h"

enum {
	CONTROL = 0, /* streams */
	CONTENT = 1,
	WORKERS = 2,
	TRIP_BYTES = 512 << 10,
	TRIP_JOBS = 32
};

static struct gw_recv_mover *
self(struct gw_mover *m)
{
	return (struct gw_recv_mover *)(void *)m;
}

/* ---- disk work ---- */

static void
store_item(struct gw_item *item, void *arg)
{
	struct gw_recv_mover *m = arg;

	gw_store_work_do(&m->store, (struct gw_task *)(void *)item);
}

static void
store_done(struct gw_item *item, void *arg)
{
	struct gw_recv_mover *m = arg;

	m->finished++;
	gw_receiver_task_done(
	    m->engine, (struct gw_task *)(void *)item, gw_clock_now());
}

/* After the session: only what brings to the disk what has arrived. */
static void
drain(struct gw_recv_mover *m)
{
	struct gw_receiver_event ev;

	while (gw_receiver_event(m->engine, &ev))
		if (ev.kind == GW_RECEIVER_TASK)
			gw_crew_add(m->crew, &ev.task->item);
	gw_crew_go(m->crew);
	if (gw_crew_busy(m->crew) > 0)
		return;
	/* Of a stream nothing is left, and no other is the same. */
	if (gw_receiver_offer(m->engine).flags & GW_OFFER_STREAM &&
	    m->store.journal != NULL)
		(void)gw_journal_file_remove(m->store.journal, NULL);
	else
		gw_journal_file_close(m->store.journal);
	m->store.journal = NULL;
	gw_receiver_free(m->engine);
	m->engine = NULL;
	if (m->store.target != NULL)
		gw_target_forget(m->store.target);
}

static void
store_idle(void *arg)
{
	struct gw_recv_mover *m = arg;

	if (m->suspended && m->engine != NULL)
		drain(m);
	gw_transfer_wake(m->base.job);
}

/* ---- the session ---- */

static bool
resumable(const struct gw_mover *mover)
{
	const struct gw_recv_mover *m = (const void *)mover;
	uint64_t moved = m->moved;
	bool stream = m->stream;

	if (m->engine != NULL && !m->suspended) {
		moved += gw_receiver_stats(m->engine).moved;
		stream |= gw_receiver_offer(m->engine).flags & GW_OFFER_STREAM;
	}
	return !stream || moved == 0;
}

static enum gw_err
begin(struct gw_mover *mover, struct gw_conn *conn)
{
	struct gw_recv_mover *m = self(mover);
	struct gw_receiver_options o = {
		/* "For all" was of the transfer that is told of. */
		.on_conflict = mover->job->result_fixed ? m->conflict_option
							: m->on_conflict,
		.archive = m->archive,
		.checksum = m->checksum,
		.stream = m->stream,
	};
	enum gw_err err;

	GW_ASSERT(m->engine == NULL);
	if (!resumable(mover)) {
		gw_transfer_fail(mover->job, GW_E_LOST,
		    "the connection was lost; what went to standard output "
		    "cannot be taken back");
		return GW_OK;
	}
	m->conn = conn;
	m->suspended = m->quiet = false;
	m->asked = NOTHING;
	m->base.files = m->owed = 0;
	if (m->started == 0)
		m->started = gw_clock_now();
	gw_random_bytes(&o.seed, sizeof o.seed);
	/* A block must fit the window: open it from its start value. */
	gw_session_credit(conn->session, CONTROL, 0);
	gw_session_credit(conn->session, CONTENT, 0);
	if ((err = gw_receiver_new(&o, &m->engine)) != GW_OK)
		return err;
	/* A receiver at the other end learns by it that there are two. */
	return gw_receiver_status(m->engine, GW_LIMIT_NONE);
}

static void
input(struct gw_mover *mover, uint16_t stream, struct gw_slice s, gw_usec now)
{
	struct gw_recv_mover *m = self(mover);

	if (m->engine == NULL || m->suspended)
		return;
	if (stream == CONTROL) {
		gw_receiver_input(m->engine, s, now);
		gw_session_credit(m->conn->session, stream, s.n);
	} else if (stream == CONTENT) {
		gw_receiver_content(m->engine, s, now);
		(void)gw_recv_check_size(m, gw_receiver_stats(m->engine).bytes);
	} else {
		gw_transfer_fail(mover->job, GW_E_PROTOCOL,
		    "the other side broke the protocol: no such stream");
	}
}

static void
put_control(struct gw_recv_mover *m, gw_usec now)
{
	struct gw_slice s;
	size_t n;

	while ((s = gw_receiver_control(m->engine)).n > 0) {
		n = gw_session_write(m->conn->session, CONTROL, s, now);
		gw_receiver_control_sent(m->engine, n);
		if (n < s.n)
			return;
	}
}

/* The window opens as data is stored, and as the rate limit allows. */
static void
give_credit(struct gw_recv_mover *m, gw_usec now)
{
	uint64_t allowed = gw_bucket_allows(&m->bucket, now);
	uint64_t n;

	m->owed += gw_receiver_credit(m->engine);
	n = m->owed < allowed ? m->owed : allowed;
	m->limited = n < m->owed;
	if (n == 0)
		return;
	gw_bucket_took(&m->bucket, n);
	m->owed -= n;
	gw_session_credit(m->conn->session, CONTENT, (size_t)n);
}

static bool
pump(struct gw_mover *mover, gw_usec now)
{
	struct gw_recv_mover *m = self(mover);
	struct gw_receiver_event ev;

	if (m->engine == NULL || m->suspended)
		return false;
	gw_receiver_tick(m->engine, now);
	do {
		while (
		    !mover->job->failing && gw_receiver_event(m->engine, &ev))
			gw_recv_on_event(m, &ev);
		if (mover->job->failing)
			return false;
		put_control(m, now);
		/* Sending the RECEIPT is an event, too. */
	} while (gw_receiver_event(m->engine, &ev)
		     ? (gw_recv_on_event(m, &ev), true)
		     : false);
	gw_crew_go(m->crew);
	give_credit(m, now);
	return false;
}

static bool
full(const struct gw_mover *mover)
{
	const struct gw_recv_mover *m = (const void *)mover;

	return m->engine != NULL && gw_receiver_is_full(m->engine);
}

static gw_usec
deadline(const struct gw_mover *mover, gw_usec now)
{
	const struct gw_recv_mover *m = (const void *)mover;
	gw_usec at = GW_NEVER;

	if (m->engine == NULL || m->suspended)
		return GW_NEVER;
	if (m->limited)
		at = gw_bucket_ready(&m->bucket, now);
	return gw_usec_min(at, gw_receiver_deadline(m->engine));
}

static void
suspend(struct gw_mover *mover)
{
	struct gw_recv_mover *m = self(mover);

	m->conn = NULL;
	m->asked = NOTHING;
	if (m->stream)
		gw_pipe_cancel(&m->pipe);
	if (m->engine == NULL || m->suspended)
		return;
	m->suspended = true;
	m->moved += gw_receiver_stats(m->engine).moved;
	gw_receiver_checkpoint(m->engine);
	store_idle(m);
}

static bool
busy(const struct gw_mover *mover)
{
	return ((const struct gw_recv_mover *)(const void *)mover)->engine !=
	       NULL;
}

static void
set_rate(struct gw_mover *mover, uint64_t rate)
{
	gw_bucket_init(&self(mover)->bucket, rate, gw_clock_now());
}

/* ---- progress ---- */

static enum gw_limiter
limiter(const struct gw_recv_mover *m, const struct gw_receiver_stats *st)
{
	if (m->asked != NOTHING || m->quiet)
		return GW_LIMIT_USER;
	if (m->limited)
		return GW_LIMIT_RATE;
	if (st->tasks > 0)
		return GW_LIMIT_DISK_HERE;
	if (!st->accepted)
		return GW_LIMIT_PEER;
	if (st->peer == GW_LIMIT_USER)
		return GW_LIMIT_PEER;
	return st->peer == GW_LIMIT_NONE ? GW_LIMIT_NETWORK : st->peer;
}

static void
watch_pipe(struct gw_recv_mover *m, gw_usec now)
{
	bool quiet = m->stream && gw_pipe_waits(&m->pipe, now) >= GW_PIPE_QUIET;

	if (quiet == m->quiet)
		return;
	m->quiet = quiet;
	gw_recv_tell_limit(m);
	gw_transfer_wake(m->base.job);
}

static void
measure(struct gw_mover *mover, struct gw_measure *out, gw_usec now)
{
	struct gw_recv_mover *m = self(mover);
	const struct gw_manifest *manifest;
	struct gw_receiver_stats st;
	struct gw_entry e;

	if (m->engine == NULL)
		return;
	watch_pipe(m, now);
	st = gw_receiver_stats(m->engine);
	manifest = gw_receiver_manifest(m->engine);
	m->name[0] = '\0';
	if (st.entry < gw_manifest_count(manifest)) {
		gw_manifest_get(manifest, st.entry, &e);
		gw_mover_path(&e, m->name, sizeof m->name);
	}
	out->bytes = st.bytes;
	out->bytes_total = st.bytes_total;
	out->files = st.files;
	out->files_total = st.files_total;
	out->mark =
	    st.bytes + st.files + m->finished + m->conn->received / 4096;
	out->name = m->name;
	out->limiter = limiter(m, &st);
	/* Before its offer the sender may have much to list. */
	out->waits_for_user = m->asked != NOTHING || m->quiet ||
			      st.peer == GW_LIMIT_USER || st.files_total == 0;
}

/* ---- life ---- */

static void
reset(struct gw_mover *mover)
{
	struct gw_recv_mover *m = self(mover);

	m->started = 0;
	m->moved = m->finished = 0;
	m->was_accepted = false;
	m->on_conflict = m->conflict_option;
}

static void
mover_free(struct gw_mover *mover)
{
	struct gw_recv_mover *m = self(mover);

	GW_ASSERT(m->engine == NULL);
	gw_crew_free(m->crew);
	gw_target_close(m->store.target);
	if (m->stream)
		gw_pipe_fini(&m->pipe);
	uv_mutex_destroy(&m->store.journal_lock);
	free(m);
}

static const struct gw_mover_ops ops = {
	.begin = begin,
	.input = input,
	.pump = pump,
	.full = full,
	.deadline = deadline,
	.suspend = suspend,
	.resumable = resumable,
	.busy = busy,
	.answer = gw_recv_answer,
	.set_rate = set_rate,
	.measure = measure,
	.reset = reset,
	.free = mover_free,
};

static enum gw_err
open_destination(struct gw_recv_mover *m, const struct gw_recv_options *o)
{
	struct gw_why why = { "" };
	enum gw_err err;

	if (o->output_fd != -1) {
		if ((err = gw_pipe_init(&m->pipe, o->output_fd)) != GW_OK)
			return err;
		m->stream = true;
		m->store.pipe = &m->pipe;
		return GW_OK;
	}
	err = gw_target_open(
	    o->dir != NULL ? o->dir : ".", &why, &m->store.target);
	if (err != GW_OK)
		return gw_context_error(m->g, err, "%s", why.text);
	return GW_OK;
}

enum gw_err
gw_recv_mover_new(struct gw *g, const struct gw_recv_options *o,
    struct gw_transfer *job, struct gw_mover **out)
{
	struct gw_recv_mover *m;
	struct gw_crew_options co = {
		.loop = &g->loop,
		/* A stream is written in order. */
		.workers = o->output_fd != -1 ? 1 : WORKERS,
		.trip_weight = TRIP_BYTES,
		.trip_items = TRIP_JOBS,
		.work = store_item,
		.done = store_done,
		.idle = store_idle,
	};
	enum gw_err err;

	if ((m = calloc(1, sizeof *m)) == NULL)
		return GW_E_MEMORY;
	if (uv_mutex_init(&m->store.journal_lock) != 0) {
		free(m);
		return GW_E_MEMORY;
	}
	m->base.ops = &ops;
	m->base.job = job;
	m->g = g;
	m->accept = o->accept;
	m->max_size = o->max_size;
	m->max_files = o->max_files;
	m->accept_known = o->accept_known;
	m->archive = o->archive;
	m->checksum = o->checksum;
	m->on_conflict = m->conflict_option = o->on_conflict;
	gw_bucket_init(&m->bucket, o->link.rate, gw_clock_now());
	co.arg = m;
	if ((err = gw_crew_new(&co, &m->crew)) != GW_OK ||
	    (err = open_destination(m, o)) != GW_OK) {
		mover_free(&m->base);
		return err;
	}
	*out = &m->base;
	return GW_OK;
}
