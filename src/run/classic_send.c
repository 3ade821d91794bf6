#include "run/classic_send_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/tcp.h"

enum {
	BEAT_MS = 200,
	PIECE = 32 << 20, /* then the loop hears of it */
	READS_PER_TURN = 16
};

#define BIT(s) (1u << (s))

static const unsigned state_next[] = {
	[GW_CLASSIC_SEND_CONNECTING] =
	    BIT(GW_CLASSIC_SEND_TALKING) | BIT(GW_CLASSIC_SEND_ENDED),
	[GW_CLASSIC_SEND_TALKING] = BIT(GW_CLASSIC_SEND_ENDED),
	[GW_CLASSIC_SEND_ENDED] = 0,
};

static void turn(struct gw_classic_send *);
static void on_timer(uv_timer_t *);
static void on_poll(uv_poll_t *, int status, int events);

static void
set_state(struct gw_classic_send *j, enum gw_classic_send_state to)
{
	GW_ASSERT(state_next[j->state] & BIT(to));
	j->state = to;
}

/* ---- the end ---- */

static void
on_poll_closed(uv_handle_t *h)
{
	struct gw_classic_send *j = h->data;

	close(j->fd);
	if (--j->handles == 0)
		free(j);
}

/* The last word: an ERROR or what was done, then END. */
static void
end(struct gw_classic_send *j, enum gw_err err, const char *why)
{
	if (j->state == GW_CLASSIC_SEND_ENDED)
		return;
	set_state(j, GW_CLASSIC_SEND_ENDED);
	j->result = err;
	gw_connect_cancel(j->connect);
	j->connect = NULL;
	if (err == GW_OK)
		gw_classic_send_tell_done(j);
	else
		gw_events_error(&j->base.events, err, "%s", why);
	gw_job_tell_end(&j->base, err);
	uv_timer_stop(&j->timer);
	uv_timer_stop(&j->beat);
	if (j->polls)
		uv_poll_stop(&j->poll);
}

/* All has been acknowledged: what the receiver may have said still must not
 * make the kernel reset the connection. */
static void
close_in_order(struct gw_classic_send *j)
{
	uint8_t forget[4096];
	size_t n;

	while (gw_tcp_recv(j->fd, forget, sizeof forget, &n) == GW_TCP_OK)
		;
	gw_tcp_reset_on_close(j->fd, false);
}

static void
hang_up(struct gw_classic_send *j)
{
	if (!j->polls)
		return;
	j->polls = false;
	if (j->result == GW_OK)
		close_in_order(j);
	uv_close((uv_handle_t *)&j->poll, on_poll_closed);
}

/* ---- talking ---- */

static void
source_done(struct gw_classic_source *s)
{
	struct gw_classic_send *j =
	    (struct gw_classic_send *)(void *)((char *)s -
					       offsetof(struct gw_classic_send,
						   source));
	char why[sizeof s->why.text + GW_COMPONENT_MAX + 8];

	gw_bucket_took(&j->bucket, s->moved);
	gw_classic_sender_given(&j->engine, s->moved);
	j->takes_less = s->came == GW_PUMPED_AGAIN;
	switch (s->came) {
	case GW_PUMPED_SOME:
		break;
	case GW_PUMPED_AGAIN:
		gw_classic_sender_blocked(&j->engine, gw_clock_now());
		break;
	case GW_PUMPED_END:
		gw_classic_sender_source_end(&j->engine, gw_clock_now());
		break;
	case GW_PUMPED_RESET:
		gw_classic_sender_lost(&j->engine);
		break;
	case GW_PUMPED_FAILED:
		snprintf(why, sizeof why, "%s: %s", s->name,
		    s->why.text[0] != '\0' ? s->why.text : gw_err_text(s->err));
		gw_classic_sender_fail(&j->engine,
		    s->err == GW_E_MEMORY ? s->err : GW_E_DISK, why);
		break;
	}
	turn(j);
}

static void
read_all(struct gw_classic_send *j)
{
	uint8_t buf[4096];
	gw_usec now = gw_clock_now();
	size_t n;

	for (int i = 0; i < READS_PER_TURN && !j->deaf; i++) {
		switch (gw_tcp_recv(j->fd, buf, sizeof buf, &n)) {
		case GW_TCP_OK:
			gw_classic_sender_input(
			    &j->engine, gw_slice(buf, n), now);
			break;
		case GW_TCP_AGAIN:
			return;
		case GW_TCP_END:
			j->deaf = true;
			gw_classic_sender_input_end(&j->engine, now);
			return;
		case GW_TCP_RESET:
			j->deaf = true;
			gw_classic_sender_lost(&j->engine);
			return;
		}
	}
}

/* In one write, so that it is one segment. */
static void
send_name(struct gw_classic_send *j, gw_usec now)
{
	struct gw_slice out = gw_classic_sender_output(&j->engine);
	enum gw_tcp_result result;
	size_t n;

	if (out.n == 0)
		return;
	result = gw_tcp_send(j->fd, out.p, out.n, &n);
	if (result == GW_TCP_OK)
		gw_classic_sender_sent(&j->engine, n, now);
	else if (result != GW_TCP_AGAIN)
		gw_classic_sender_lost(&j->engine);
}

/* Returns when it may go on, where a rate holds it up. */
static gw_usec
give(struct gw_classic_send *j, gw_usec now)
{
	uint64_t most;

	if (!gw_classic_sender_gives(&j->engine) || j->source.busy)
		return GW_NEVER;
	most = gw_bucket_allows(&j->bucket, now);
	if (most == 0)
		return gw_bucket_ready(&j->bucket, now);
	gw_classic_source_move(
	    &j->source, &j->base.g->loop, j->fd, most < PIECE ? most : PIECE);
	return GW_NEVER;
}

static void
wait_for(struct gw_classic_send *j, gw_usec at)
{
	int events = j->deaf ? 0 : UV_READABLE;

	if (gw_classic_sender_output(&j->engine).n > 0 || j->engine.blocked)
		events |= UV_WRITABLE;
	if (events != 0)
		uv_poll_start(&j->poll, events, on_poll);
	else
		uv_poll_stop(&j->poll);
	/* The source takes the time that it takes. */
	if (!j->source.busy)
		at = gw_usec_min(at, gw_classic_sender_deadline(&j->engine));
	gw_loop_arm(&j->timer, at, on_timer);
}

static void
take_events(struct gw_classic_send *j)
{
	struct gw_classic_sender_event e;

	while (gw_classic_sender_event(&j->engine, &e)) {
		char why[sizeof j->engine.why + GW_ADDR_TEXT + 8];

		if (!e.over) {
			gw_tcp_shutdown(j->fd);
			continue;
		}
		/* What is not of this side is of the other one. */
		if (e.err == GW_E_DISK || e.err == GW_E_MEMORY ||
		    e.err == GW_E_INTERRUPTED)
			snprintf(why, sizeof why, "%s", e.why);
		else
			snprintf(why, sizeof why, "%s: %s", j->address, e.why);
		end(j, e.err, why);
		gw_classic_source_cancel(&j->source);
	}
}

static void
turn(struct gw_classic_send *j)
{
	gw_usec now = gw_clock_now(), at;

	if (j->state == GW_CLASSIC_SEND_TALKING) {
		send_name(j, now);
		take_events(j);
		if (gw_classic_sender_probes(&j->engine))
			gw_classic_sender_unacked(
			    &j->engine, gw_tcp_unacked(j->fd), now);
		take_events(j);
	}
	if (j->state == GW_CLASSIC_SEND_TALKING) {
		at = give(j, now);
		wait_for(j, at);
	} else if (!j->source.busy) {
		hang_up(j);
	}
}

static void
on_timer(uv_timer_t *t)
{
	struct gw_classic_send *j = t->data;

	/* What came while we were busy counts before the deadline does. */
	read_all(j);
	gw_classic_sender_tick(&j->engine, gw_clock_now());
	turn(j);
}

static void
on_poll(uv_poll_t *p, int status, int events)
{
	struct gw_classic_send *j = p->data;

	if (status < 0) /* recv tells what it is */
		events = UV_READABLE | UV_WRITABLE;
	if (events & UV_READABLE)
		read_all(j);
	if (events & UV_WRITABLE)
		gw_classic_sender_writable(&j->engine);
	turn(j);
}

static void
on_beat(uv_timer_t *t)
{
	struct gw_classic_send *j = t->data;

	if (j->state == GW_CLASSIC_SEND_TALKING)
		gw_classic_send_tell_progress(j, gw_clock_now());
}

/* ---- connecting ---- */

static void
on_connected(void *arg, int fd, const struct gw_addr *addr)
{
	struct gw_classic_send *j = arg;
	struct gw_classic_sender_options o = {
		.name = gw_slice_str(j->source.name),
		.reply = j->reply,
		.timeout = j->timeout,
	};

	j->connect = NULL;
	/* Whatever happens to this process, it sends no FIN before its time. */
	gw_tcp_reset_on_close(fd, true);
	if (uv_poll_init(&j->base.g->loop.uv, &j->poll, fd) != 0) {
		close(fd);
		end(j, GW_E_FAILED, "cannot watch the socket");
		return;
	}
	j->poll.data = j;
	j->polls = true;
	j->handles++;
	j->fd = fd;
	gw_addr_text(addr, j->address);
	set_state(j, GW_CLASSIC_SEND_TALKING);
	j->began = j->moved_at = gw_clock_now();
	gw_classic_sender_init(&j->engine, &o, j->began);
	gw_classic_send_tell_connected(j);
	turn(j);
}

static void
on_failed(void *arg, enum gw_err err, const char *text)
{
	struct gw_classic_send *j = arg;
	char why[512];

	j->connect = NULL;
	if (strstr(text, j->host) != NULL)
		snprintf(why, sizeof why, "%s", text);
	else
		snprintf(why, sizeof why, "%s: %s", j->host,
		    text[0] != '\0' ? text : gw_err_text(err));
	end(j, err, why);
}

/* ---- life ---- */

static struct gw_classic_send *
self(struct gw_job *base)
{
	return (struct gw_classic_send *)(void *)base;
}

static void
on_timer_closed(uv_handle_t *h)
{
	struct gw_classic_send *j = h->data;

	if (--j->handles == 0)
		free(j);
}

static void
interrupt(struct gw_classic_send *j)
{
	if (j->state == GW_CLASSIC_SEND_TALKING) {
		gw_classic_sender_fail(
		    &j->engine, GW_E_INTERRUPTED, "interrupted by its user");
		turn(j);
	} else {
		end(j, GW_E_INTERRUPTED, "interrupted by its user");
	}
}

static void
send_cancel(struct gw_job *base, bool again)
{
	(void)again; /* it has ended by then */
	interrupt(self(base));
	gw_loop_poke(&base->g->loop);
}

static void
send_set_rate(struct gw_job *base, uint64_t rate)
{
	struct gw_classic_send *j = self(base);

	gw_bucket_init(&j->bucket, rate, gw_clock_now());
	if (j->state == GW_CLASSIC_SEND_TALKING)
		gw_loop_arm(&j->timer, 0, on_timer);
	gw_loop_poke(&base->g->loop);
}

static void
send_free(struct gw_job *base)
{
	struct gw_classic_send *j = self(base);

	interrupt(j);
	while (j->source.busy)
		uv_run(&base->g->loop.uv, UV_RUN_ONCE);
	hang_up(j);
	gw_classic_source_fini(&j->source);
	gw_job_fini(&j->base);
	free(j->host);
	free(j->reply);
	uv_close((uv_handle_t *)&j->timer, on_timer_closed);
	uv_close((uv_handle_t *)&j->beat, on_timer_closed);
}

static enum gw_err
check(struct gw *g, const struct gw_classic_send_options *o)
{
	size_t word = o->reply != NULL ? strlen(o->reply) : 1;

	if (o->host == NULL || o->path == NULL)
		return gw_context_error(
		    g, GW_E_USAGE, "a host and one file are needed");
	if (o->port == 0)
		return gw_context_error(g, GW_E_USAGE,
		    "%s: a port is needed: this protocol has no standard one",
		    o->host);
	if (word == 0 || word > GW_CLASSIC_REPLY_MAX)
		return gw_context_error(g, GW_E_USAGE,
		    "a word of reply has 1 to %d bytes", GW_CLASSIC_REPLY_MAX);
	return GW_OK;
}

static enum gw_err
fill(struct gw_classic_send *j, const struct gw_classic_send_options *o)
{
	struct gw_connect_options co = {
		.loop = &j->base.g->loop,
		.host = o->host,
		.port = o->port,
		.helper_fd = j->base.g->helper_fd,
		.owner = { on_connected, on_failed, j },
	};
	struct gw_why why = { "" };
	enum gw_err err;

	j->timeout = (o->timeout_ms != 0 ? o->timeout_ms : 60000) * GW_MSEC;
	gw_bucket_init(&j->bucket, o->rate, gw_clock_now());
	j->source.done = source_done;
	if ((j->host = strdup(o->host)) == NULL)
		return GW_E_MEMORY;
	if (!o->no_reply &&
	    (j->reply = strdup(o->reply != NULL ? o->reply : "ok")) == NULL)
		return GW_E_MEMORY;
	err = gw_classic_source_open(&j->source, o, &why);
	if (err != GW_OK && why.text[0] != '\0')
		return gw_context_error(j->base.g, err, "%s", why.text);
	if (err != GW_OK)
		return err;
	return gw_connect_start(&co, &j->connect);
}

enum gw_err
gw_classic_send_start(
    struct gw *g, const struct gw_classic_send_options *o, struct gw_job **out)
{
	static const struct gw_job_ops ops = {
		.cancel = send_cancel,
		.set_rate = send_set_rate,
		.free = send_free,
	};
	struct gw_classic_send *j;
	enum gw_err err;

	if ((err = check(g, o)) != GW_OK)
		return err;
	if ((j = calloc(1, sizeof *j)) == NULL)
		return GW_E_MEMORY;
	gw_job_init(&j->base, g, &ops);
	j->timer.data = j->beat.data = j;
	uv_timer_init(&g->loop.uv, &j->timer);
	uv_timer_init(&g->loop.uv, &j->beat);
	j->handles = 2;
	if ((err = fill(j, o)) != GW_OK) {
		gw_job_free(&j->base);
		return err;
	}
	uv_timer_start(&j->beat, on_beat, BEAT_MS, BEAT_MS);
	gw_loop_poke(&g->loop);
	*out = &j->base;
	return GW_OK;
}
