#include "run/tcp_conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/tcp.h"
#include "os/tcp_path.h"
#include "session/tcp/tcp_session.h"

enum {
	SENDS_PER_TURN = 4,
	READS_PER_TURN = 8,   /* then other handles get their turn */
	IDLE_TURN = 1000000,  /* microseconds: pings go on without an owner */
	LINGER_MAX = 1000000, /* microseconds */
	TRACE_EVERY = 200000  /* microseconds */
};

struct tcp_conn {
	struct gw_conn base;
	struct gw_loop *loop;
	int fd;
	int interest;
	bool closing, in_ready, kicked;
	unsigned handles;
	gw_usec traced; /* last */
	uv_poll_t poll;
	uv_timer_t timer;
};

static void on_timer(uv_timer_t *);
static void on_poll(uv_poll_t *, int status, int events);

static void
set_interest(struct tcp_conn *c, int events)
{
	if (events == c->interest)
		return;
	c->interest = events;
	uv_poll_start(&c->poll, events, on_poll);
}

/* Send what the session has, until it has nothing or the socket is full. */
static void
flush(struct tcp_conn *c, gw_usec now)
{
	struct gw_slice out;
	size_t n;
	enum gw_tcp_result result;

	c->base.send_blocked = false;
	while ((out = gw_tcp_session_send_buf(c->base.session, now)).n > 0) {
		result = gw_tcp_send(c->fd, out.p, out.n, &n);
		if (result == GW_TCP_AGAIN) {
			c->base.send_blocked = true;
			return;
		}
		if (result != GW_TCP_OK) {
			gw_tcp_session_recv_end(c->base.session, now);
			return;
		}
		c->base.sent += n;
		gw_tcp_session_send_ack(c->base.session, n, now);
	}
}

/* Nobody pulls events now: reading would fill the session, and a deadline of
 * "at once, an event waits" would never pass. */
static void
wait_for_owner(struct tcp_conn *c, gw_usec now)
{
	gw_usec at = gw_session_deadline(c->base.session);

	set_interest(c, c->base.send_blocked ? UV_WRITABLE : 0);
	if (at <= now)
		at = now + IDLE_TURN;
	gw_loop_arm(&c->timer, c->kicked ? 0 : at, on_timer);
	c->kicked = false;
}

/* What the kernel knows of the path, now and then. */
static void
trace_metrics(struct tcp_conn *c, gw_usec now)
{
	const struct gw_trace *trace = gw_session_trace(c->base.session);
	struct gw_trace_event e = { .kind = GW_TRACE_METRICS };
	struct gw_tcp_path p;

	if (trace == NULL || now < c->traced + TRACE_EVERY ||
	    !gw_tcp_path_look(c->fd, &p))
		return;
	c->traced = now;
	e.metrics = (struct gw_trace_metrics){
		.srtt = p.srtt,
		.min_rtt = p.min_rtt,
		.rttvar = p.rttvar,
		.window = p.window,
		.in_flight = p.in_flight,
		.pacing_rate = p.pacing_rate,
		.delivery_rate = p.delivery_rate,
		.sent = c->base.sent,
		.received = c->base.received,
	};
	gw_trace(trace, &e);
}

/* Let the owner work, send, and decide what to wait for next. */
static void
turn(struct tcp_conn *c)
{
	gw_usec now = gw_clock_now();
	bool more = false;

	GW_ASSERT(!c->in_ready);
	trace_metrics(c, now);
	for (int i = 0; i < SENDS_PER_TURN; i++) {
		c->in_ready = true;
		if (c->base.ready != NULL)
			more = c->base.ready(&c->base, c->base.owner);
		c->in_ready = false;
		if (c->closing)
			return;
		flush(c, now);
		if (!more || c->base.send_blocked)
			break;
	}
	if (c->base.ready == NULL || c->base.full) {
		wait_for_owner(c, now);
		return;
	}
	set_interest(
	    c, UV_READABLE | (c->base.send_blocked || more ? UV_WRITABLE : 0));
	gw_loop_arm(&c->timer,
	    c->kicked ? 0 : gw_session_deadline(c->base.session), on_timer);
	c->kicked = false;
}

static void
on_timer(uv_timer_t *t)
{
	struct tcp_conn *c = t->data;

	c->kicked = false;
	gw_session_tick(c->base.session, gw_clock_now());
	turn(c);
}

/* false: nothing more to read now. */
static bool
read_once(struct tcp_conn *c)
{
	gw_usec now = gw_clock_now();
	size_t cap, n = 0;
	uint8_t *buf = gw_tcp_session_recv_buf(c->base.session, &cap);

	if (cap == 0)
		return false;
	switch (gw_tcp_recv(c->fd, buf, cap, &n)) {
	case GW_TCP_OK:
		c->base.received += n;
		gw_tcp_session_recv_ack(c->base.session, n, now);
		return n == cap;
	case GW_TCP_AGAIN:
		return false;
	case GW_TCP_END:
	case GW_TCP_RESET:
		gw_tcp_session_recv_end(c->base.session, now);
		return false;
	}
	return false;
}

static void
on_poll(uv_poll_t *p, int status, int events)
{
	struct tcp_conn *c = p->data;

	if (status < 0)
		events = UV_READABLE; /* recv tells what it is */
	for (int i = 0; (events & UV_READABLE) && i < READS_PER_TURN; i++) {
		bool more = read_once(c);

		turn(c);
		if (c->closing || c->base.full || !more)
			return;
	}
	if (events & UV_WRITABLE)
		turn(c);
}

static void
kick(struct gw_conn *base)
{
	struct tcp_conn *c = (struct tcp_conn *)(void *)base;

	if (c->closing)
		return;
	c->kicked = true; /* seen to when a turn under way is over */
	if (!c->in_ready)
		gw_loop_arm(&c->timer, 0, on_timer);
}

static void
flush_now(struct gw_conn *base)
{
	struct tcp_conn *c = (struct tcp_conn *)(void *)base;

	if (!c->closing && !c->in_ready)
		flush(c, gw_clock_now());
	kick(base); /* whatever came of it */
}

static void
on_closed(uv_handle_t *h)
{
	struct tcp_conn *c = h->data;

	if (--c->handles > 0)
		return;
	close(c->fd);
	free(c);
}

static void
close_now(struct tcp_conn *c)
{
	gw_session_free(c->base.session);
	c->base.session = NULL;
	uv_close((uv_handle_t *)&c->poll, on_closed);
	uv_close((uv_handle_t *)&c->timer, on_closed);
}

static void
on_linger_timer(uv_timer_t *t)
{
	close_now(t->data);
}

/* Send the rest, then our FIN; read and forget until the peer's. */
static void
on_linger(uv_poll_t *p, int status, int events)
{
	struct tcp_conn *c = p->data;
	uint8_t forget[16384];
	size_t n;

	(void)events;
	if (status < 0) {
		close_now(c);
		return;
	}
	if (c->base.send_blocked) {
		flush(c, gw_clock_now());
		if (!c->base.send_blocked) {
			gw_tcp_shutdown(c->fd);
			uv_poll_start(&c->poll, UV_READABLE, on_linger);
		}
	}
	for (int i = 0; i < READS_PER_TURN; i++) {
		switch (gw_tcp_recv(c->fd, forget, sizeof forget, &n)) {
		case GW_TCP_OK:
			break;
		case GW_TCP_AGAIN:
			return;
		case GW_TCP_END:
		case GW_TCP_RESET:
			close_now(c);
			return;
		}
	}
}

static void
begin_close(struct gw_conn *base)
{
	struct tcp_conn *c = (struct tcp_conn *)(void *)base;

	if (c->closing)
		return;
	flush(c, gw_clock_now());
	c->closing = true;
	c->base.ready = NULL;
	if (!c->base.authenticated) {
		close_now(c); /* strangers do not keep descriptors */
		return;
	}
	if (!c->base.send_blocked)
		gw_tcp_shutdown(c->fd);
	uv_poll_start(&c->poll,
	    UV_READABLE | (c->base.send_blocked ? UV_WRITABLE : 0), on_linger);
	gw_loop_arm(&c->timer, gw_clock_now() + LINGER_MAX, on_linger_timer);
}

enum gw_err
gw_tcp_conn_open(struct gw_loop *loop, int fd, struct gw_session *session,
    const char *address, struct gw_conn **out)
{
	static const struct gw_conn_ops ops = {
		.kick = kick,
		.flush = flush_now,
		.close = begin_close,
	};
	struct tcp_conn *c;

	if ((c = calloc(1, sizeof *c)) == NULL)
		return GW_E_MEMORY;
	c->base.ops = &ops;
	c->base.carrier = "tcp";
	c->loop = loop;
	c->fd = fd;
	c->base.session = session;
	snprintf(c->base.address, sizeof c->base.address, "%s", address);
	if (uv_poll_init(&loop->uv, &c->poll, fd) != 0) {
		free(c);
		return GW_E_FAILED;
	}
	uv_timer_init(&loop->uv, &c->timer);
	c->poll.data = c->timer.data = c;
	c->handles = 2;
	gw_conn_trace_address(&c->base);
	*out = &c->base;
	return GW_OK;
}

int
gw_tcp_conn_fd(const struct gw_conn *base)
{
	return ((const struct tcp_conn *)(const void *)base)->fd;
}
