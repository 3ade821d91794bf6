#include "run/classic_peer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/tcp.h"

enum {
	/* Bytes moved before others get their turn: as many as go in about
	 * this time, us, where the disk does not hold them up. */
	PIECE_LEAST = 1 << 20,
	PIECE_MOST = 128 << 20,
	PIECE_TIME = 40000
};

static void turn(struct gw_classic_peer *, bool readable);
static void on_timer(uv_timer_t *);
static void on_poll(uv_poll_t *, int status, int events);

/* ---- the end ---- */

static void
on_closed(uv_handle_t *h)
{
	struct gw_classic_peer *p = h->data;

	if (--p->handles > 0)
		return;
	close(p->fd);
	free(p);
}

static void
end(struct gw_classic_peer *p, const struct gw_classic_receiver_event *e)
{
	p->over = true;
	gw_tcp_reset_on_close(p->fd, e->reset);
	p->o.owner.ended(p->o.owner.arg, p, e);
	uv_close((uv_handle_t *)&p->poll, on_closed);
	uv_close((uv_handle_t *)&p->timer, on_closed);
}

/* ---- its disk ---- */

static struct gw_classic_peer *
peer_of(struct gw_classic_file *f)
{
	return (
	    struct gw_classic_peer *)(void *)((char *)f -
					      offsetof(struct gw_classic_peer,
						  file));
}

static const char *
reason(const struct gw_classic_file *f)
{
	if (f->err == GW_OK)
		return "";
	return f->why.text[0] != '\0' ? f->why.text : gw_err_text(f->err);
}

/* How large the next piece is, from how long this one took. */
static void
measure_piece(struct gw_classic_peer *p, gw_usec now)
{
	gw_usec took = now - p->piece_began;

	if (took > PIECE_TIME && p->piece > PIECE_LEAST)
		p->piece /= 2;
	else if (took < PIECE_TIME / 2 && p->file.moved == p->piece &&
		 p->piece < PIECE_MOST)
		p->piece *= 2;
}

static void
moved(struct gw_classic_peer *p, gw_usec now)
{
	const struct gw_classic_file *f = &p->file;

	measure_piece(p, now);
	p->more = f->came == GW_PUMPED_SOME;
	gw_bucket_took(p->o.bucket, f->moved);
	gw_classic_receiver_taken(&p->engine, f->moved, now);
	switch (f->came) {
	case GW_PUMPED_SOME:
	case GW_PUMPED_AGAIN:
		break;
	case GW_PUMPED_END:
		gw_classic_receiver_end(&p->engine, now);
		break;
	case GW_PUMPED_RESET:
		gw_classic_receiver_lost(&p->engine, now);
		break;
	case GW_PUMPED_FAILED:
		gw_classic_receiver_fail(&p->engine, f->err, reason(f));
		break;
	}
}

static void
created(struct gw_classic_peer *p, gw_usec now)
{
	const struct gw_classic_file *f = &p->file;

	gw_classic_receiver_created(&p->engine, f->err, reason(f), now);
	/* Who has gone by now did not wait for the word. */
	if (p->engine.state == GW_CLASSIC_REPLYING)
		switch (gw_tcp_peek(p->fd)) {
		case GW_TCP_OK:
		case GW_TCP_AGAIN:
			p->began = now;
			p->o.owner.named(p->o.owner.arg, p);
			break;
		case GW_TCP_END:
			gw_classic_receiver_end(&p->engine, now);
			break;
		case GW_TCP_RESET:
			gw_classic_receiver_lost(&p->engine, now);
			break;
		}
}

static void
file_done(struct gw_classic_file *f)
{
	struct gw_classic_peer *p = peer_of(f);
	gw_usec now = gw_clock_now();

	switch (f->task) {
	case GW_CLASSIC_TASK_CREATE:
		created(p, now);
		break;
	case GW_CLASSIC_TASK_MOVE:
		moved(p, now);
		break;
	case GW_CLASSIC_TASK_KEEP:
	case GW_CLASSIC_TASK_KEEP_PARTIAL:
	case GW_CLASSIC_TASK_DROP:
		gw_classic_receiver_stored(&p->engine, f->err, reason(f));
		break;
	}
	turn(p, false);
}

/* ---- the connection ---- */

/* false: nothing more has come. */
static bool
read_name(struct gw_classic_peer *p, gw_usec now)
{
	uint8_t buf[GW_CLASSIC_NAME_RAW + 1];
	size_t wants = gw_classic_receiver_wants(&p->engine), n;

	if (wants == 0)
		return false;
	switch (gw_tcp_recv(p->fd, buf, wants, &n)) {
	case GW_TCP_OK:
		gw_classic_receiver_input(&p->engine, gw_slice(buf, n), now);
		return true;
	case GW_TCP_AGAIN:
		return false;
	case GW_TCP_END:
		gw_classic_receiver_end(&p->engine, now);
		return false;
	case GW_TCP_RESET:
		gw_classic_receiver_lost(&p->engine, now);
		return false;
	}
	return false;
}

/* As much came as may: is it the end? */
static void
look_for_end(struct gw_classic_peer *p, gw_usec now)
{
	switch (gw_tcp_peek(p->fd)) {
	case GW_TCP_OK:
		gw_classic_receiver_excess(&p->engine, now);
		break;
	case GW_TCP_AGAIN:
		break;
	case GW_TCP_END:
		gw_classic_receiver_end(&p->engine, now);
		break;
	case GW_TCP_RESET:
		gw_classic_receiver_lost(&p->engine, now);
		break;
	}
}

/* Returns when it may go on, where a rate holds it up. */
static gw_usec
take_content(struct gw_classic_peer *p, gw_usec now)
{
	uint64_t most = gw_classic_receiver_room(&p->engine), allowed;

	if (most == 0) {
		look_for_end(p, now);
		return GW_NEVER;
	}
	allowed = gw_bucket_allows(p->o.bucket, now);
	p->held = allowed == 0;
	if (p->held) {
		gw_classic_receiver_held(&p->engine, now);
		return gw_bucket_ready(p->o.bucket, now);
	}
	if (most > allowed)
		most = allowed;
	p->file.socket = p->fd;
	p->file.most = most < p->piece ? most : p->piece;
	p->piece_began = now;
	gw_classic_store_do(p->o.store, &p->file, GW_CLASSIC_TASK_MOVE);
	return GW_NEVER;
}

static void
send_word(struct gw_classic_peer *p, gw_usec now)
{
	struct gw_slice out = gw_classic_receiver_output(&p->engine);
	size_t n;

	if (out.n == 0)
		return;
	switch (gw_tcp_send(p->fd, out.p, out.n, &n)) {
	case GW_TCP_OK:
		gw_classic_receiver_sent(&p->engine, n, now);
		break;
	case GW_TCP_AGAIN:
		break;
	default:
		gw_classic_receiver_lost(&p->engine, now);
		break;
	}
}

/* Begin what the engine asks for; false: it is over, and so is the peer. */
static bool
take_events(struct gw_classic_peer *p)
{
	static const enum gw_classic_task tasks[] = {
		[GW_CLASSIC_CREATE] = GW_CLASSIC_TASK_CREATE,
		[GW_CLASSIC_KEEP] = GW_CLASSIC_TASK_KEEP,
		[GW_CLASSIC_KEEP_PARTIAL] = GW_CLASSIC_TASK_KEEP_PARTIAL,
		[GW_CLASSIC_DROP] = GW_CLASSIC_TASK_DROP,
	};
	struct gw_classic_receiver_event e;

	if (p->file.busy || !gw_classic_receiver_event(&p->engine, &e))
		return true;
	if (e.kind == GW_CLASSIC_END) {
		end(p, &e);
		return false;
	}
	if (e.kind == GW_CLASSIC_CREATE)
		memcpy(p->file.name, e.name, strlen(e.name) + 1);
	gw_classic_store_do(p->o.store, &p->file, tasks[e.kind]);
	return true;
}

/* While its disk is at work nothing else is to be done. */
static void
wait_for(struct gw_classic_peer *p, gw_usec rate_at)
{
	int events = 0;

	if (gw_classic_receiver_output(&p->engine).n > 0)
		events = UV_WRITABLE;
	else if (rate_at == GW_NEVER)
		events = UV_READABLE;
	if (p->file.busy)
		events = 0;
	if (events != 0)
		uv_poll_start(&p->poll, events, on_poll);
	else
		uv_poll_stop(&p->poll);
	if (p->file.busy)
		rate_at = GW_NEVER;
	else if (rate_at == GW_NEVER)
		rate_at = gw_classic_receiver_deadline(&p->engine);
	gw_loop_arm(&p->timer, rate_at, on_timer);
}

/* readable: perhaps something has come. */
static void
turn(struct gw_classic_peer *p, bool readable)
{
	gw_usec now = gw_clock_now(), rate_at = GW_NEVER;

	if ((readable || p->more) && !p->file.busy &&
	    p->engine.state == GW_CLASSIC_TAKING)
		rate_at = take_content(p, now);
	send_word(p, now);
	if (take_events(p))
		wait_for(p, rate_at);
}

static void
on_poll(uv_poll_t *handle, int status, int events)
{
	struct gw_classic_peer *p = handle->data;

	(void)status; /* recv and send tell what it is */
	(void)events;
	while (read_name(p, gw_clock_now()))
		;
	turn(p, true);
}

static void
on_timer(uv_timer_t *t)
{
	struct gw_classic_peer *p = t->data;

	/* What came while we were busy counts before the deadline does. */
	while (read_name(p, gw_clock_now()))
		;
	if (p->held)
		gw_classic_receiver_held(&p->engine, gw_clock_now());
	gw_classic_receiver_tick(&p->engine, gw_clock_now());
	turn(p, false);
}

/* ---- life ---- */

enum gw_err
gw_classic_peer_new(const struct gw_classic_peer_options *o, int fd,
    const struct gw_addr *from, struct gw_classic_peer **out)
{
	static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct gw_classic_peer *p = calloc(1, sizeof *p);

	if (p == NULL)
		return GW_E_MEMORY;
	p->o = *o;
	p->fd = fd;
	p->piece = PIECE_LEAST;
	if (uv_poll_init(&o->loop->uv, &p->poll, fd) != 0) {
		free(p);
		return GW_E_FAILED;
	}
	uv_timer_init(&o->loop->uv, &p->timer);
	p->poll.data = p->timer.data = p;
	p->handles = 2;
	p->file.done = file_done;
	gw_addr_text(from, p->address);
	gw_addr_mapped(from, p->source);
	if (memcmp(p->source, v4_mapped, sizeof v4_mapped) != 0)
		memset(p->source + 8, 0, 8);
	gw_classic_receiver_init(&p->engine, &o->engine, gw_clock_now());
	wait_for(p, GW_NEVER);
	*out = p;
	return GW_OK;
}

void
gw_classic_peer_fail(
    struct gw_classic_peer *p, enum gw_err err, const char *why)
{
	if (p->over)
		return;
	gw_classic_receiver_fail(&p->engine, err, why);
	gw_classic_peer_kick(p);
}

void
gw_classic_peer_kick(struct gw_classic_peer *p)
{
	if (!p->over && !p->file.busy)
		gw_loop_arm(&p->timer, 0, on_timer);
}
