#include "run/send_mover.h"

#include <stdlib.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "os/clock.h"
#include "run/mover_events.h"
#include "run/send_mover_private.h"

enum {
	CONTROL = 0, /* streams */
	CONTENT = 1,
	WORKERS = 3,
	TRIP_BYTES = 512 << 10,
	TRIP_JOBS = 32,
	INPUT = 1 << 16 /* bytes that the engine is given at a time */
};

static struct gw_send_mover *
self(struct gw_mover *m)
{
	return (struct gw_send_mover *)(void *)m;
}

void
gw_send_mover_prepare(struct gw_mover *mover)
{
	struct gw_send_mover *m = self(mover);

	if (m->paths.stream) {
		gw_transfer_prepared(mover->job);
		return;
	}
	gw_scan_start(&m->g->loop, &m->paths.scan);
}

/* ---- the session ---- */

static void
read_item(struct gw_item *item, void *arg)
{
	struct gw_send_mover *m = arg;

	gw_read_work_do(&m->reads, (struct gw_read *)(void *)item);
}

static void
read_done(struct gw_item *item, void *arg)
{
	struct gw_send_mover *m = arg;
	struct gw_read *r = (struct gw_read *)(void *)item;

	m->finished++;
	gw_read_work_detach(&m->reads, r);
	gw_sender_read_done(m->engine, r);
}

static void
read_now(struct gw_send_mover *m, struct gw_read *r)
{
	r->item.weight = (uint32_t)r->want;
	if (gw_read_work_attach(&m->reads, r) == GW_OK) {
		gw_crew_add(m->crew, &r->item);
		return;
	}
	r->err = GW_E_MEMORY;
	gw_sender_read_done(m->engine, r);
}

static void
reads_idle(void *arg)
{
	struct gw_send_mover *m = arg;

	if (m->suspended && gw_crew_busy(m->crew) == 0) {
		gw_sender_free(m->engine);
		m->engine = NULL;
		gw_read_work_fini(&m->reads);
	}
	gw_transfer_wake(m->base.job);
}

static bool
resumable(const struct gw_mover *mover)
{
	const struct gw_send_mover *m = (const void *)mover;
	uint64_t moved = m->moved;

	if (m->engine != NULL && !m->suspended)
		moved += gw_sender_stats(m->engine).moved;
	return !m->paths.stream || moved == 0;
}

static enum gw_err
begin(struct gw_mover *mover, struct gw_conn *conn)
{
	struct gw_send_mover *m = self(mover);
	struct gw_sender_options o = {
		.manifest = m->paths.scan.manifest,
		.transfer_id = m->transfer_id,
		.source_id = m->paths.source_id,
		.names = gw_bytes_peek(&m->paths.names),
		.name_count = m->paths.name_count,
		.missed = gw_send_missed(m),
		.stream = m->paths.stream,
		.compress = m->compress,
		.checksum = m->checksum,
	};

	GW_ASSERT(m->engine == NULL);
	if (!resumable(mover)) {
		gw_transfer_fail(mover->job, GW_E_LOST,
		    "the connection was lost; what comes from standard input "
		    "cannot be sent again");
		return GW_OK;
	}
	m->conn = conn;
	m->suspended = m->quiet = false;
	m->base.files = 0;
	if (m->started == 0) {
		m->started = gw_clock_now();
		gw_send_tell_offer(m);
	}
	return gw_sender_new(&o, &m->engine);
}

static bool
pull(struct gw_send_mover *m)
{
	struct gw_sender_event ev;
	bool any = false;

	while (!m->base.job->failing && gw_sender_event(m->engine, &ev)) {
		any = true;
		if (ev.kind == GW_SENDER_READ)
			read_now(m, ev.read);
		else
			gw_send_on_event(m, &ev);
	}
	gw_crew_go(m->crew);
	return any;
}

static bool
put_control(struct gw_send_mover *m, gw_usec now)
{
	struct gw_slice s;
	bool any = false;
	size_t n;

	while ((s = gw_sender_control(m->engine)).n > 0) {
		n = gw_session_write(m->conn->session, CONTROL, s, now);
		gw_sender_control_sent(m->engine, n);
		any = any || n > 0;
		if (n < s.n)
			break;
	}
	return any;
}

static bool
put_content(struct gw_send_mover *m, gw_usec now)
{
	struct gw_slice s;
	bool any = false;
	size_t n;

	m->blocked = m->limited = false;
	while ((s = gw_sender_content(m->engine)).n > 0) {
		uint64_t allowed = gw_bucket_allows(&m->bucket, now);

		if (allowed == 0) {
			m->limited = true;
			break;
		}
		if (s.n > allowed)
			s.n = (size_t)allowed;
		n = gw_session_write(m->conn->session, CONTENT, s, now);
		if (n == 0) {
			m->blocked = true;
			break;
		}
		gw_bucket_took(&m->bucket, n);
		gw_sender_content_sent(m->engine, n);
		any = true;
	}
	return any;
}

static bool
pump(struct gw_mover *mover, gw_usec now)
{
	struct gw_send_mover *m = self(mover);
	bool any;

	if (m->engine == NULL || m->suspended)
		return false;
	do {
		any = pull(m);
		if (mover->job->failing)
			return false;
		any = put_control(m, now) || any;
		any = put_content(m, now) || any;
	} while (any);
	return m->blocked && !gw_session_blocked(m->conn->session, CONTENT);
}

static bool
full(const struct gw_mover *mover)
{
	(void)mover; /* what a receiver says is little, and soon dealt with */
	return false;
}

static gw_usec
deadline(const struct gw_mover *mover, gw_usec now)
{
	const struct gw_send_mover *m = (const void *)mover;

	return m->limited ? gw_bucket_ready(&m->bucket, now) : GW_NEVER;
}

static void
input(struct gw_mover *mover, uint16_t stream, struct gw_slice s, gw_usec now)
{
	struct gw_send_mover *m = self(mover);

	(void)now;
	if (m->engine == NULL || m->suspended)
		return;
	if (stream != CONTROL) {
		gw_transfer_fail(mover->job, GW_E_PROTOCOL,
		    "the other side broke the protocol: it sent on a stream "
		    "of ours");
		return;
	}
	gw_session_credit(m->conn->session, stream, s.n);
	/* Much may come at once, where something small was missing. */
	while (s.n > 0 && !mover->job->failing && !m->suspended) {
		const size_t n = s.n < INPUT ? s.n : INPUT;

		gw_sender_input(m->engine, gw_slice(s.p, n));
		s = gw_slice(s.p + n, s.n - n);
		if (s.n > 0)
			(void)pull(m);
	}
}

static void
suspend(struct gw_mover *mover)
{
	struct gw_send_mover *m = self(mover);
	struct gw_item *item;

	gw_scan_cancel(&m->paths.scan);
	if (m->paths.stream)
		gw_pipe_cancel(&m->paths.pipe);
	m->conn = NULL;
	if (m->engine == NULL || m->suspended)
		return;
	m->suspended = true;
	m->moved += gw_sender_stats(m->engine).moved;
	while ((item = gw_crew_take_back(m->crew)) != NULL)
		read_done(item, m);
	reads_idle(m);
}

static bool
busy(const struct gw_mover *mover)
{
	const struct gw_send_mover *m = (const void *)mover;

	return m->paths.scan.running || m->engine != NULL;
}

static enum gw_err
answer(struct gw_mover *mover, unsigned a)
{
	(void)mover;
	(void)a;
	return GW_E_USAGE; /* a sender asks nothing */
}

static void
set_rate(struct gw_mover *mover, uint64_t rate)
{
	gw_bucket_init(&self(mover)->bucket, rate, gw_clock_now());
}

/* What the receiver says holds it up, in words of this side. */
static enum gw_limiter
limit_there(enum gw_limiter said)
{
	switch (said) {
	case GW_LIMIT_NONE:
		return GW_LIMIT_DISK_THERE;
	case GW_LIMIT_RATE: /* --limit-rate, but not ours */
	case GW_LIMIT_USER:
		return GW_LIMIT_PEER;
	default:
		return said;
	}
}

static enum gw_limiter
limiter(const struct gw_send_mover *m, const struct gw_sender_stats *st)
{
	if (m->quiet)
		return GW_LIMIT_USER;
	if (!st->accepted)
		return GW_LIMIT_PEER;
	if (m->limited)
		return GW_LIMIT_RATE;
	if (m->conn != NULL && m->conn->send_blocked)
		return GW_LIMIT_NETWORK;
	if (m->blocked || st->content_sent)
		return limit_there(st->peer);
	return st->reads > 0 ? GW_LIMIT_DISK_HERE : GW_LIMIT_NETWORK;
}

/* A rate limit, here or there, is a slow network as well. */
static void
tell_network(
    struct gw_send_mover *m, const struct gw_sender_stats *st, gw_usec now)
{
	uint64_t speed = gw_speed_update(&m->speed, m->conn->sent, now);
	bool limits =
	    m->conn->send_blocked || m->limited || st->peer == GW_LIMIT_RATE;

	gw_sender_network(
	    m->engine, m->limited ? m->bucket.rate : speed, limits);
}

static void
watch_pipe(struct gw_send_mover *m, gw_usec now)
{
	bool quiet = m->paths.stream &&
		     gw_pipe_waits(&m->paths.pipe, now) >= GW_PIPE_QUIET;

	if (quiet == m->quiet)
		return;
	m->quiet = quiet;
	(void)!gw_sender_status(
	    m->engine, quiet ? GW_LIMIT_USER : GW_LIMIT_NONE);
	gw_transfer_wake(m->base.job);
}

static void
measure(struct gw_mover *mover, struct gw_measure *out, gw_usec now)
{
	struct gw_send_mover *m = self(mover);
	struct gw_totals t = gw_manifest_totals(m->paths.scan.manifest);
	struct gw_sender_stats st;
	struct gw_entry e;

	if (m->engine == NULL)
		return;
	watch_pipe(m, now);
	st = gw_sender_stats(m->engine);
	tell_network(m, &st, now);
	gw_manifest_get(m->paths.scan.manifest, st.entry, &e);
	gw_mover_path(&e, m->name, sizeof m->name);
	out->bytes = st.bytes;
	out->bytes_total = t.bytes;
	out->files = st.files;
	out->files_total = gw_manifest_count(m->paths.scan.manifest);
	out->mark = st.bytes + st.files + m->finished + m->conn->sent / 4096;
	out->name = m->name;
	out->limiter = limiter(m, &st);
	out->waits_for_user =
	    !st.accepted || m->quiet || st.peer == GW_LIMIT_USER;
}

static void
reset(struct gw_mover *mover)
{
	(void)mover; /* a send is one transfer */
}

static void
mover_free(struct gw_mover *mover)
{
	struct gw_send_mover *m = self(mover);

	GW_ASSERT(!busy(mover));
	gw_crew_free(m->crew);
	gw_send_paths_fini(&m->paths);
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
	.answer = answer,
	.set_rate = set_rate,
	.measure = measure,
	.reset = reset,
	.free = mover_free,
};

enum gw_err
gw_send_mover_new(struct gw *g, const struct gw_send_options *o,
    struct gw_transfer *job, struct gw_mover **out)
{
	struct gw_send_mover *m;
	struct gw_crew_options co = {
		.loop = &g->loop,
		.workers = WORKERS,
		.trip_weight = TRIP_BYTES,
		.trip_items = TRIP_JOBS,
		.work = read_item,
		.done = read_done,
		.idle = reads_idle,
	};
	enum gw_err err;

	if ((m = calloc(1, sizeof *m)) == NULL)
		return GW_E_MEMORY;
	m->base.ops = &ops;
	m->base.job = job;
	m->g = g;
	m->compress = o->compress;
	m->checksum = o->checksum;
	m->dry_run = o->dry_run;
	gw_random_bytes(m->transfer_id, sizeof m->transfer_id);
	gw_bucket_init(&m->bucket, o->link.rate, gw_clock_now());
	co.arg = m;
	err = gw_crew_new(&co, &m->crew);
	if (err == GW_OK)
		err = gw_send_paths_open(&m->paths, g, o);
	if (err != GW_OK) {
		mover_free(&m->base);
		return err;
	}
	m->paths.scan.done = gw_send_on_scanned;
	m->paths.scan.arg = m;
	m->reads.source = m->paths.source;
	m->reads.pipe = m->paths.stream ? &m->paths.pipe : NULL;
	*out = &m->base;
	return GW_OK;
}
