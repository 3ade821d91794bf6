#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/tcp.h"
#include "run/classic_recv_private.h"

enum {
	BEAT_MS = 200,
	BACKLOG = 512,
	ACCEPTS_PER_TURN = 16,
	PAUSE_MS = 50 /* when descriptors have run out, or room has */
};

#define BIT(s) (1u << (s))

static const unsigned state_next[] = {
	[GW_CLASSIC_RECV_SERVING] =
	    BIT(GW_CLASSIC_RECV_ENDING) | BIT(GW_CLASSIC_RECV_ENDED),
	[GW_CLASSIC_RECV_ENDING] = BIT(GW_CLASSIC_RECV_ENDED),
	[GW_CLASSIC_RECV_ENDED] = 0,
};

static void on_acceptable(uv_poll_t *, int status, int events);
static void on_resume(uv_timer_t *);

static void
set_state(struct gw_classic_recv *j, enum gw_classic_recv_state to)
{
	GW_ASSERT(state_next[j->state] & BIT(to));
	j->state = to;
}

/* ---- the end ---- */

static void
on_closed(uv_handle_t *h)
{
	struct gw_classic_recv *j = h->data;

	if (--j->handles == 0)
		free(j);
}

static void
on_poll_closed(uv_handle_t *h)
{
	struct gw_classic_recv *j = h->data;

	close(j->fd);
	on_closed(h);
}

static void
stop_listening(struct gw_classic_recv *j)
{
	if (j->listening) {
		j->listening = false;
		uv_timer_stop(&j->resume);
		uv_close((uv_handle_t *)&j->poll, on_poll_closed);
	}
}

static void
end(struct gw_classic_recv *j)
{
	if (j->state == GW_CLASSIC_RECV_ENDED)
		return;
	set_state(j, GW_CLASSIC_RECV_ENDED);
	gw_job_tell_end(&j->base, j->result);
	uv_timer_stop(&j->beat);
}

void
gw_classic_recv_finish(struct gw_classic_recv *j, enum gw_err err)
{
	if (j->state != GW_CLASSIC_RECV_SERVING)
		return;
	j->result = err;
	stop_listening(j);
	set_state(j, GW_CLASSIC_RECV_ENDING);
	if (j->peers == NULL)
		end(j);
}

void
gw_classic_recv_one_less(struct gw_classic_recv *j)
{
	if (j->paused && j->listening)
		gw_loop_arm(&j->resume, 0, on_resume);
	if (j->state == GW_CLASSIC_RECV_ENDING && j->peers == NULL)
		end(j);
}

/* ---- listening ---- */

/* Level-triggered: without a pause this would spin. */
static void
pause_listening(struct gw_classic_recv *j)
{
	j->paused = true;
	uv_poll_stop(&j->poll);
	gw_loop_arm(&j->resume, gw_clock_now() + PAUSE_MS * GW_MSEC, on_resume);
}

static void
on_resume(uv_timer_t *t)
{
	struct gw_classic_recv *j = t->data;

	j->paused = false;
	if (j->listening)
		uv_poll_start(&j->poll, UV_READABLE, on_acceptable);
}

static void
on_acceptable(uv_poll_t *p, int status, int events)
{
	struct gw_classic_recv *j = p->data;
	struct gw_addr from;
	enum gw_err err;
	int fd;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		if (!gw_classic_recv_room(j)) {
			pause_listening(j);
			return;
		}
		err = gw_tcp_accept(j->fd, &fd, &from);
		if (err == GW_E_LIMIT)
			pause_listening(j);
		if (err != GW_OK)
			return;
		gw_classic_recv_welcome(j, fd, &from);
	}
}

static enum gw_err
listen_now(struct gw_classic_recv *j, uint16_t port)
{
	struct gw *g = j->base.g;
	struct gw_why why = { "" };
	enum gw_err err = gw_tcp_listen(j->listen, port, BACKLOG, &why, &j->fd);

	if (err != GW_OK)
		return gw_context_error(g, err, "%s",
		    why.text[0] != '\0' ? why.text : gw_err_text(err));
	if (uv_poll_init(&g->loop.uv, &j->poll, j->fd) != 0) {
		close(j->fd);
		return GW_E_FAILED;
	}
	j->handles++;
	j->listening = true;
	uv_poll_start(&j->poll, UV_READABLE, on_acceptable);
	return GW_OK;
}

/* ---- life ---- */

static struct gw_classic_recv *
self(struct gw_job *base)
{
	return (struct gw_classic_recv *)(void *)base;
}

static void
on_beat(uv_timer_t *t)
{
	gw_classic_recv_tell_progress(t->data, gw_clock_now());
}

static void
recv_cancel(struct gw_job *base, bool again)
{
	struct gw_classic_recv *j = self(base);

	if (j->state == GW_CLASSIC_RECV_ENDED)
		return;
	if (!again) {
		gw_events_error(
		    &base->events, GW_E_INTERRUPTED, "interrupted by its user");
		/* A file that is whole by now decides for itself. */
		j->result = GW_E_INTERRUPTED;
		gw_classic_recv_fail_all(
		    j, NULL, GW_E_INTERRUPTED, "the receiver was interrupted");
		gw_classic_recv_finish(j, GW_E_INTERRUPTED);
	} else {
		end(j); /* its disk work goes on until gw_job_free */
	}
	gw_loop_poke(&base->g->loop);
}

static void
recv_set_rate(struct gw_job *base, uint64_t rate)
{
	struct gw_classic_recv *j = self(base);

	gw_bucket_init(&j->bucket, rate, gw_clock_now());
	for (struct gw_classic_peer *p = j->peers; p != NULL; p = p->next)
		gw_classic_peer_kick(p);
	gw_loop_poke(&base->g->loop);
}

static void
recv_free(struct gw_job *base)
{
	struct gw_classic_recv *j = self(base);

	gw_classic_recv_fail_all(
	    j, NULL, GW_E_INTERRUPTED, "the receiver was ended");
	stop_listening(j);
	while (j->peers != NULL)
		uv_run(&base->g->loop.uv, UV_RUN_ONCE);
	gw_classic_store_free(j->store);
	gw_job_fini(&j->base);
	free(j->listen);
	free(j->reply);
	uv_close((uv_handle_t *)&j->beat, on_closed);
	uv_close((uv_handle_t *)&j->resume, on_closed);
}

static enum gw_err
check(struct gw *g, const struct gw_classic_recv_options *o)
{
	size_t word = o->reply != NULL ? strlen(o->reply) : 1;

	if (word == 0 || word > GW_CLASSIC_REPLY_MAX)
		return gw_context_error(g, GW_E_USAGE,
		    "a word of reply has 1 to %d bytes", GW_CLASSIC_REPLY_MAX);
	if (o->on_conflict != GW_CONFLICT_RENAME &&
	    o->on_conflict != GW_CONFLICT_SKIP &&
	    o->on_conflict != GW_CONFLICT_OVERWRITE)
		return gw_context_error(g, GW_E_USAGE,
		    "where a name is taken this protocol can rename, skip or "
		    "overwrite: nobody is asked, and no time comes along");
	return GW_OK;
}

static enum gw_err
fill(struct gw_classic_recv *j, const struct gw_classic_recv_options *o)
{
	struct gw *g = j->base.g;
	struct gw_classic_store_options so = {
		.loop = &g->loop,
		.dir = o->dir != NULL ? o->dir : ".",
		.on_conflict = o->on_conflict,
		.random = g->self.random,
	};
	struct gw_why why = { "" };
	enum gw_err err;

	j->once = o->once;
	j->keep_partial = o->keep_partial;
	j->max_size = o->max_size;
	j->timeout = (o->timeout_ms != 0 ? o->timeout_ms : 60000) * GW_MSEC;
	gw_bucket_init(&j->bucket, o->rate, gw_clock_now());
	if (o->listen != NULL && (j->listen = strdup(o->listen)) == NULL)
		return GW_E_MEMORY;
	if ((j->reply = strdup(o->reply != NULL ? o->reply : "ok")) == NULL)
		return GW_E_MEMORY;
	err = gw_classic_store_new(&so, &why, &j->store);
	if (err != GW_OK && why.text[0] != '\0')
		return gw_context_error(g, err, "%s", why.text);
	return err != GW_OK ? err : listen_now(j, o->port);
}

enum gw_err
gw_classic_recv_start(
    struct gw *g, const struct gw_classic_recv_options *o, struct gw_job **out)
{
	static const struct gw_job_ops ops = {
		.cancel = recv_cancel,
		.set_rate = recv_set_rate,
		.free = recv_free,
	};
	struct gw_classic_recv *j;
	enum gw_err err;

	if ((err = check(g, o)) != GW_OK)
		return err;
	if ((j = calloc(1, sizeof *j)) == NULL)
		return GW_E_MEMORY;
	gw_job_init(&j->base, g, &ops);
	j->poll.data = j->resume.data = j->beat.data = j;
	uv_timer_init(&g->loop.uv, &j->resume);
	uv_timer_init(&g->loop.uv, &j->beat);
	j->handles = 2;
	j->moved_at = gw_clock_now();
	if ((err = fill(j, o)) != GW_OK) {
		gw_job_free(&j->base);
		return err;
	}
	uv_timer_start(&j->beat, on_beat, BEAT_MS, BEAT_MS);
	gw_classic_recv_tell_listening(j);
	gw_loop_poke(&g->loop);
	*out = &j->base;
	return GW_OK;
}
