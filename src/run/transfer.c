#include "run/transfer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "os/clock.h"
#include "os/tcp.h"
#include "run/transfer_private.h"

static const char *const state_name[] = { "PREPARING", "WAITING", "CONNECTING",
	"MOVING", "RETRYING", "CLOSING", "DRAINING", "ENDED" };

#define BIT(s) (1u << (s))

static const unsigned state_next[] = {
	[GW_TRANSFER_PREPARING] = BIT(GW_TRANSFER_WAITING) |
				  BIT(GW_TRANSFER_CONNECTING) |
				  BIT(GW_TRANSFER_DRAINING),
	[GW_TRANSFER_WAITING] =
	    BIT(GW_TRANSFER_MOVING) | BIT(GW_TRANSFER_DRAINING),
	[GW_TRANSFER_CONNECTING] =
	    BIT(GW_TRANSFER_MOVING) | BIT(GW_TRANSFER_DRAINING),
	[GW_TRANSFER_MOVING] =
	    BIT(GW_TRANSFER_MOVING) | BIT(GW_TRANSFER_RETRYING) |
	    BIT(GW_TRANSFER_CLOSING) | BIT(GW_TRANSFER_DRAINING),
	[GW_TRANSFER_RETRYING] =
	    BIT(GW_TRANSFER_MOVING) | BIT(GW_TRANSFER_DRAINING),
	[GW_TRANSFER_CLOSING] = BIT(GW_TRANSFER_MOVING) |
				BIT(GW_TRANSFER_RETRYING) |
				BIT(GW_TRANSFER_DRAINING),
	[GW_TRANSFER_DRAINING] =
	    BIT(GW_TRANSFER_WAITING) | BIT(GW_TRANSFER_ENDED),
	[GW_TRANSFER_ENDED] = 0,
};

static struct gw_transfer *
self(struct gw_job *base)
{
	return (struct gw_transfer *)(void *)base;
}

void
gw_transfer_set_state(struct gw_transfer *job, enum gw_transfer_state to)
{
	GW_ASSERT(state_next[job->state] & BIT(to));
	GW_ASSERT(state_name[to] != NULL);
	job->state = to;
}

/* ---- the end of a transfer, and of the job ---- */

static void
close_conns(struct gw_transfer *job)
{
	gw_conn_close(job->conn);
	gw_conn_close(job->successor);
	job->conn = job->successor = NULL;
}

/* What is under way at the disk is done: a standing recv waits again, any
 * other job is over. */
void
gw_transfer_drained(struct gw_transfer *job)
{
	GW_ASSERT(job->state == GW_TRANSFER_DRAINING);
	if (job->mover->ops->busy(job->mover))
		return;
	if (job->standing && !job->base.cancelled) {
		job->mover->ops->reset(job->mover);
		job->have_peer = job->have_ticket = job->peer_known = false;
		job->result_fixed = job->acknowledged = job->failing = false;
		job->result = GW_OK;
		gw_transfer_set_state(job, GW_TRANSFER_WAITING);
		gw_transfer_wait_again(job);
		return;
	}
	gw_herald_close(job->herald);
	job->herald = NULL;
	gw_listener_close(job->listener);
	job->listener = NULL;
	gw_transfer_set_state(job, GW_TRANSFER_ENDED);
	gw_job_tell_end(&job->base, job->result);
	uv_timer_stop(&job->beat);
	uv_timer_stop(&job->wake);
}

void
gw_transfer_end(struct gw_transfer *job, enum gw_err err)
{
	if (job->state >= GW_TRANSFER_DRAINING)
		return;
	if (!job->result_fixed)
		job->result = err;
	gw_transfer_cancel_dial(job);
	close_conns(job);
	gw_transfer_set_state(job, GW_TRANSFER_DRAINING);
	job->mover->ops->suspend(job->mover);
	gw_transfer_wake(job);
}

void
gw_transfer_broken(struct gw_transfer *job, enum gw_err err, const char *text)
{
	if (job->result_fixed) {
		gw_transfer_end(job, job->result);
		return;
	}
	gw_events_error(&job->base.events, err, "%s", text);
	gw_transfer_end(job, err);
}

void
gw_transfer_fail(
    struct gw_transfer *job, enum gw_err err, const char *format, ...)
{
	char text[GW_REASON_MAX];
	va_list ap;

	if (job->failing || job->state >= GW_TRANSFER_DRAINING)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	job->failing = true; /* the session is closed from the loop, not from
				inside the mover that called us */
	if (job->conn != NULL)
		gw_session_abort(job->conn->session, err, text, gw_clock_now());
	if (!job->result_fixed) {
		gw_events_error(&job->base.events, err, "%s", text);
		job->result = err;
	}
	gw_transfer_wake(job);
}

void
gw_transfer_result(struct gw_transfer *job, const struct gw_event *complete)
{
	GW_ASSERT(complete->kind == GW_EVENT_COMPLETE);
	if (!job->result_fixed) {
		job->result_fixed = true;
		job->result = complete->complete.err;
		gw_events_push(&job->base.events, complete);
	}
	gw_transfer_set_state(job, GW_TRANSFER_CLOSING);
	job->acknowledged = job->sends; /* the receiver made it */
	job->close_by = gw_clock_now() +
			(job->acknowledged ? CLOSING_MAX : job->link.timeout);
}

void
gw_transfer_finish(struct gw_transfer *job)
{
	gw_usec now = gw_clock_now();

	job->acknowledged = true;
	job->close_by = now + CLOSING_MAX;
	if (job->conn != NULL)
		gw_session_finish(job->conn->session, now);
}

void
gw_transfer_anew(struct gw_transfer *job)
{
	GW_ASSERT(job->state == GW_TRANSFER_MOVING);
	job->result_fixed = false;
	job->result = GW_OK;
}

/* ---- timers ---- */

static void
on_wake(uv_timer_t *t)
{
	struct gw_transfer *job = t->data;

	job->wake_at = GW_NEVER;
	if (job->state == GW_TRANSFER_ENDED)
		return;
	if (job->failing && job->state < GW_TRANSFER_DRAINING)
		gw_transfer_end(job, job->result);
	if (job->state == GW_TRANSFER_DRAINING) {
		gw_transfer_drained(job);
		return;
	}
	if (job->successor != NULL)
		gw_transfer_begin(job);
	else if (job->conn != NULL)
		gw_conn_kick(job->conn);
}

void
gw_transfer_wake_at(struct gw_transfer *job, gw_usec at)
{
	if (job->freed || at >= job->wake_at)
		return;
	job->wake_at = at;
	gw_loop_arm(&job->wake, at, on_wake);
	if (at == 0)
		gw_loop_poke(&job->base.g->loop); /* perhaps from outside */
}

void
gw_transfer_wake(struct gw_transfer *job)
{
	gw_transfer_wake_at(job, 0);
}

static void
on_beat(uv_timer_t *t)
{
	gw_transfer_beat(t->data, gw_clock_now());
}

/* ---- life ---- */

struct gw_transfer *
gw_transfer_alloc(void)
{
	return calloc(1, sizeof(struct gw_transfer));
}

/* Whoever is remembered needs no code. */
static enum gw_err
copy_device(struct gw_transfer *job, const struct gw_link_options *o)
{
	struct gw_transfer_link *l = &job->link;
	enum gw_err err;

	if (o->code != NULL)
		return gw_context_error(job->base.g, GW_E_USAGE,
		    "to connect to %s as a remembered device no code is needed",
		    o->device);
	err = gw_known_find(job->base.g, o->device, &l->device);
	if (err != GW_OK)
		return err;
	l->known = l->connects = true;
	if (l->host == NULL && (l->host = strdup(l->device.name)) == NULL)
		return GW_E_MEMORY;
	return GW_OK;
}

static enum gw_err
copy_code(struct gw_transfer *job, const struct gw_link_options *o)
{
	if (o->code == NULL)
		return GW_OK;
	job->link.code_given = true;
	if (gw_code_normal(o->code, job->code) != GW_OK)
		return gw_context_error(job->base.g, GW_E_USAGE,
		    "that code cannot be right: a code looks like "
		    "7-crane-otter, or has at least %d characters",
		    GW_CODE_MIN);
	return GW_OK;
}

static bool
copied(char **to, const char *from)
{
	return from == NULL || (*to = strdup(from)) != NULL;
}

/* Whom it connects to, if it does, and what it proves itself by. */
static enum gw_err
copy_peer(struct gw_transfer *job, const struct gw_link_options *o)
{
	struct gw_transfer_link *l = &job->link;
	enum gw_err err;

	l->by_number = o->by_number;
	l->host_given = o->host != NULL;
	l->connects = l->host_given || l->by_number;
	if (o->device != NULL)
		return copy_device(job, o);
	if (o->code == NULL && o->host != NULL && !job->offline)
		return gw_context_error(job->base.g, GW_E_USAGE,
		    "to connect to %s its code is needed", o->host);
	if ((err = copy_code(job, o)) != GW_OK)
		return err;
	if (l->by_number && (!l->beacons || gw_code_number(job->code) == 0))
		return gw_context_error(job->base.g, GW_E_USAGE,
		    "only a code like 7-crane-otter is found by its number: "
		    "with another one, or without beacons, an address is "
		    "needed");
	return GW_OK;
}

static enum gw_err
copy_link(struct gw_transfer *job, const struct gw_link_options *o)
{
	struct gw_transfer_link *l = &job->link;

	l->port = o->port;
	l->port_required = o->port_required;
	l->code_words = o->code_words != 0 ? o->code_words : 2;
	l->timeout = (o->timeout_ms != 0 ? o->timeout_ms : 60000) * GW_MSEC;
	l->retry =
	    (o->retry_set || o->retry_ms != 0 ? o->retry_ms : 30000) * GW_MSEC;
	l->carriers = o->carriers;
	l->congestion = o->congestion;
	l->for_known = o->for_known;
	l->no_code = o->no_code;
	l->remember = o->remember;
	l->beacons = o->beacons;
	if (!copied(&l->host, o->host) || !copied(&l->listen, o->listen) ||
	    !copied(&l->for_device, o->for_device))
		return GW_E_MEMORY;
	return copy_peer(job, o);
}

/*
 * Half the budget for a stream's window.  A receiver with a rate limit takes
 * two blocks: what is in the window is beyond its control, but a block has to
 * fit also when the last part of the window is not yet told of.
 */
static uint64_t
window_for(const struct gw_transfer *job, uint64_t rate)
{
	uint64_t most = job->base.g->memory / 2;
	uint64_t least = 2 * GW_BLOCK;

	if (job->sends || rate == 0 || rate / 4 >= most)
		return most;
	return rate / 4 > least ? rate / 4 : least;
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_transfer *job = h->data;

	if (--job->handles == 0)
		free(job);
}

/* The parts that only a job at rest may lose. */
static void
release(struct gw_transfer *job)
{
	job->mover->ops->free(job->mover);
	gw_job_fini(&job->base);
	gw_known_close(job->known);
	gw_door_free(job->door);
	free(job->link.host);
	free(job->link.listen);
	free(job->link.for_device);
	gw_wipe(job->code, sizeof job->code);
	gw_wipe(&job->ticket, sizeof job->ticket);
	uv_close((uv_handle_t *)&job->beat, on_closed);
	uv_close((uv_handle_t *)&job->wake, on_closed);
}

static void
transfer_free(struct gw_job *base)
{
	struct gw_transfer *job = self(base);

	base->cancelled = true;
	if (job->state < GW_TRANSFER_DRAINING) {
		if (job->conn != NULL && !job->result_fixed &&
		    gw_session_is_open(job->conn->session))
			gw_session_abort(job->conn->session, GW_E_INTERRUPTED,
			    "the other side was ended", gw_clock_now());
		gw_transfer_end(job, GW_E_INTERRUPTED);
	}
	while (job->mover->ops->busy(job->mover))
		uv_run(&base->g->loop.uv, UV_RUN_ONCE);
	gw_herald_close(job->herald);
	gw_listener_close(job->listener);
	job->freed = true;
	release(job);
}

static void
cancel(struct gw_job *base, bool again)
{
	struct gw_transfer *job = self(base);

	if (job->state == GW_TRANSFER_ENDED)
		return;
	if (again) {
		/* Disk work goes on until gw_job_free waits for it. */
		if (job->state < GW_TRANSFER_DRAINING)
			gw_transfer_end(job, GW_E_INTERRUPTED);
		return;
	}
	if (job->state >= GW_TRANSFER_CLOSING)
		return;
	gw_transfer_fail(job, GW_E_INTERRUPTED, "interrupted by its user");
}

static enum gw_err
answer(struct gw_job *base, unsigned a)
{
	struct gw_transfer *job = self(base);
	enum gw_err err = job->mover->ops->answer(job->mover, a);

	if (err == GW_OK)
		gw_transfer_wake(job);
	return err;
}

static void
set_rate(struct gw_job *base, uint64_t rate)
{
	struct gw_transfer *job = self(base);

	job->mover->ops->set_rate(job->mover, rate);
	gw_transfer_wake(job);
}

enum gw_err
gw_transfer_start(struct gw *g, const struct gw_link_options *o,
    struct gw_transfer *job, bool prepared)
{
	static const struct gw_job_ops ops = {
		.cancel = cancel,
		.answer = answer,
		.set_rate = set_rate,
		.free = transfer_free,
	};
	enum gw_err err;

	gw_job_init(&job->base, g, &ops);
	job->state = GW_TRANSFER_PREPARING;
	job->wake_at = job->dial_at = GW_NEVER;
	job->beat.data = job->wake.data = job;
	uv_timer_init(&g->loop.uv, &job->beat);
	uv_timer_init(&g->loop.uv, &job->wake);
	job->handles = 2;
	job->window = window_for(job, o->rate);
	if ((err = copy_link(job, o)) == GW_OK)
		err = gw_transfer_open_entrance(job);
	if (err != GW_OK) {
		gw_job_free(&job->base);
		return err;
	}
	uv_timer_start(&job->beat, on_beat, BEAT_MS, BEAT_MS);
	gw_loop_poke(&g->loop);
	if (prepared)
		gw_transfer_prepared(job);
	return GW_OK;
}
