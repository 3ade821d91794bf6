#include "run/trace_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "os/clock.h"
#include "run/trace_json.h"

enum {
	ROOM = 4 << 20,
	/* Kept free for lines about the trace itself. */
	RESERVE = 1024,
	WAKE_AT = ROOM / 16 /* bytes that are worth a write */
};
static const uint64_t wait_ns = 200 * 1000 * 1000; /* else it writes then */

struct gw_trace_log {
	struct gw_trace trace;
	int fd;
	gw_usec start;
	uv_thread_t thread;

	uv_mutex_t lock; /* of all that follows */
	uv_cond_t wake;
	char *ring;
	uint64_t in, out; /* bytes ever */
	bool closing, failed;
	uint64_t events, dropped;
	uint64_t untold; /* of those dropped */
};

/* ---- from the loop ---- */

static void
put(struct gw_trace_log *l, const char *line, size_t n)
{
	const size_t at = (size_t)(l->in % ROOM);
	const size_t first = n < ROOM - at ? n : ROOM - at;

	memcpy(l->ring + at, line, first);
	memcpy(l->ring, line + first, n - first);
	l->in += n;
}

/* There was no room for some, and there is now. */
static void
tell_dropped(struct gw_trace_log *l, gw_usec t)
{
	char line[GW_TRACE_LINE];
	size_t n;

	if (l->untold == 0)
		return;
	n = gw_trace_json_dropped(line, t, l->untold);
	put(l, line, n);
	l->untold = 0;
}

static void
on_event(void *arg, uint64_t session, const struct gw_trace_event *e)
{
	struct gw_trace_log *l = arg;
	const gw_usec t = gw_clock_now() - l->start;
	char line[GW_TRACE_LINE];
	const size_t n = gw_trace_json(line, t, session, e);

	uv_mutex_lock(&l->lock);
	if (l->failed || l->in - l->out + n + RESERVE > ROOM) {
		l->dropped++;
		l->untold++;
	} else {
		tell_dropped(l, t);
		put(l, line, n);
		l->events++;
		if (l->in - l->out >= WAKE_AT)
			uv_cond_signal(&l->wake);
	}
	uv_mutex_unlock(&l->lock);
}

/* ---- the thread ---- */

static bool
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		const ssize_t written = write(fd, p, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		p += written;
		n -= (size_t)written;
	}
	return true;
}

static void
run(void *arg)
{
	struct gw_trace_log *l = arg;

	uv_mutex_lock(&l->lock);
	for (;;) {
		const size_t at = (size_t)(l->out % ROOM);
		size_t n = (size_t)(l->in - l->out);
		bool ok;

		if (n < WAKE_AT && !l->closing) {
			(void)uv_cond_timedwait(&l->wake, &l->lock, wait_ns);
			n = (size_t)(l->in - l->out);
		}
		if (n == 0 && l->closing)
			break;
		if (n > ROOM - at)
			n = ROOM - at;
		uv_mutex_unlock(&l->lock);
		ok = write_all(l->fd, l->ring + at, n);
		uv_mutex_lock(&l->lock);
		l->failed = l->failed || !ok;
		l->out = l->failed ? l->in : l->out + n;
	}
	uv_mutex_unlock(&l->lock);
}

/* ---- life ---- */

static void
put_header(struct gw_trace_log *l, const char *program)
{
	char line[GW_TRACE_LINE];
	struct timespec now;
	struct gw_trace_began b = { .program = program };
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	b.wall_usec = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	n = gw_trace_json_began(line, &b);
	put(l, line, n);
}

enum gw_err
gw_trace_log_open(int fd, const char *program, struct gw_trace_log **out)
{
	struct gw_trace_log *l = calloc(1, sizeof *l);

	if (l == NULL)
		return GW_E_MEMORY;
	if ((l->ring = malloc(ROOM)) == NULL)
		goto err0;
	l->fd = fd;
	l->trace.event = on_event;
	l->trace.arg = l;
	l->start = gw_clock_now();
	if (uv_mutex_init(&l->lock) != 0)
		goto err1;
	if (uv_cond_init(&l->wake) != 0)
		goto err2;
	put_header(l, program);
	if (uv_thread_create(&l->thread, run, l) != 0)
		goto err3;
	*out = l;
	return GW_OK;

err3:
	uv_cond_destroy(&l->wake);
err2:
	uv_mutex_destroy(&l->lock);
err1:
	free(l->ring);
err0:
	free(l);
	return GW_E_MEMORY;
}

const struct gw_trace *
gw_trace_log_trace(const struct gw_trace_log *l)
{
	return l != NULL ? &l->trace : NULL;
}

enum gw_err
gw_trace_log_close(struct gw_trace_log *l, uint64_t *dropped)
{
	char line[GW_TRACE_LINE];
	bool failed;
	gw_usec t;
	size_t n;

	if (l == NULL)
		return GW_OK;
	t = gw_clock_now() - l->start;
	uv_mutex_lock(&l->lock);
	tell_dropped(l, t);
	n = gw_trace_json_ended(line, t, l->events, l->dropped);
	put(l, line, n);
	l->closing = true;
	uv_cond_signal(&l->wake);
	uv_mutex_unlock(&l->lock);
	uv_thread_join(&l->thread);
	failed = close(l->fd) != 0 || l->failed;
	*dropped = l->dropped;
	uv_cond_destroy(&l->wake);
	uv_mutex_destroy(&l->lock);
	free(l->ring);
	free(l);
	return failed ? GW_E_DISK : GW_OK;
}
