#include "run/udp_port.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/timer.h"
#include "run/udp_board.h"
#include "run/udp_socket.h"

enum {
	READS_PER_TURN = 8,
	ROUNDS = 16,     /* of writing and sending, a turn */
	AHEAD = 1 << 18, /* bytes written before they may leave: what is
			    sealed is still in the CPU's cache */
	LINGER = 1000000 /* us, for the last words */
};

struct udp_conn {
	struct gw_conn base;
	struct gw_udp_port *port;
	struct udp_conn *next, *prev;
	struct udp_conn *next_touched;
	struct udp_conn *next_hungry;
	bool touched, closing;
	bool hungry; /* has more to write than there was room for */
};

struct gw_udp_port {
	struct gw_udp_port_options o;
	struct gw_udp_socket socket;
	bool filled; /* datagrams of the last call wait in it */
	struct gw_udp_endpoint *endpoint;
	struct gw_udp_board *board;
	struct udp_conn *conns, *touched, **touched_last;
	struct udp_conn *hungry;
	struct udp_conn *dead; /* freed when the turn is over */
	bool in_turn, closing;
	gw_usec close_by;

	uv_poll_t poll, alarm;
	uv_prepare_t before; /* each wait of the loop, once it is closing */
	int timer;
	unsigned handles;
	int interest;

	struct gw_burst burst; /* what the socket did not take yet */
	size_t burst_at;
	uint8_t *out;
};

static void on_poll(uv_poll_t *, int status, int events);
static void on_prepare(uv_prepare_t *);

/* ---- conns ---- */

static void
touch(struct udp_conn *c)
{
	struct gw_udp_port *p = c->port;

	if (c->touched || c->closing)
		return;
	c->touched = true;
	c->next_touched = NULL;
	*p->touched_last = c;
	p->touched_last = &c->next_touched;
}

static void
kick(struct gw_conn *base)
{
	struct udp_conn *c = (struct udp_conn *)(void *)base;

	if (c->closing)
		return;
	touch(c);
	if (!c->port->in_turn)
		gw_timer_set(c->port->timer, 0);
}

/* Closing, and no conn is left. */
static void
begin_end(struct gw_udp_port *p)
{
	if (!p->closing || p->conns != NULL)
		return;
	p->close_by = gw_clock_now() + LINGER;
	uv_prepare_start(&p->before, on_prepare);
	if (!p->in_turn)
		gw_timer_set(p->timer, 0);
}

static void
begin_close(struct gw_conn *base)
{
	struct udp_conn *c = (struct udp_conn *)(void *)base;
	struct gw_udp_port *p = c->port;

	if (c->closing)
		return;
	c->closing = true;
	c->base.ready = NULL;
	/* It may live on for a while (TIME_WAIT), without an owner. */
	gw_session_set_user(c->base.session, NULL);
	gw_udp_endpoint_release(p->endpoint, c->base.session, gw_clock_now());
	c->base.session = NULL;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		p->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->next = p->dead;
	p->dead = c;
	if (!p->in_turn)
		gw_timer_set(p->timer, 0);
	begin_end(p);
}

static struct udp_conn *
conn_new(
    struct gw_udp_port *p, struct gw_session *s, const struct gw_path *path)
{
	static const struct gw_conn_ops ops = {
		.kick = kick,
		.close = begin_close,
	};
	struct udp_conn *c = calloc(1, sizeof(*c));
	struct gw_addr a;

	if (c == NULL)
		return NULL;
	c->base.ops = &ops;
	c->base.carrier = "udp";
	c->base.session = s;
	c->port = p;
	gw_addr_from_mapped(&a, path->ip, path->zone, path->port);
	gw_addr_text(&a, c->base.address);
	gw_conn_trace_address(&c->base);
	gw_session_set_user(s, c);
	c->next = p->conns;
	if (p->conns != NULL)
		p->conns->prev = c;
	p->conns = c;
	return c;
}

/* ---- in ---- */

static void
take(struct gw_udp_port *p, struct gw_incoming *d, gw_usec now)
{
	uint32_t ticket, evicted;
	struct gw_session *s;
	struct udp_conn *c;

	s = gw_udp_endpoint_input(p->endpoint, d, now, &ticket, &evicted);
	if (s == NULL)
		return;
	if (ticket != 0) {
		if ((c = conn_new(p, s, &d->from)) == NULL) {
			gw_door_leave(p->o.endpoint.session.door, ticket);
			gw_udp_endpoint_release(p->endpoint, s, now);
			return;
		}
		c->base.ticket = ticket;
		p->o.came(p->o.arg, &c->base, evicted);
		if (c->closing)
			return; /* the session is gone, perhaps */
	}
	if ((c = gw_session_user(s)) == NULL)
		return;
	c->base.received += d->n;
	touch(c);
}

/* What the network said of datagrams that were sent. */
static void
take_news(struct gw_udp_port *p, gw_usec now)
{
	struct gw_udp_news n;

	while (gw_udp_socket_news(&p->socket, &n)) {
		if (n.refused)
			gw_udp_endpoint_refused(p->endpoint, &n.path, now);
		else
			gw_udp_endpoint_too_large(
			    p->endpoint, &n.path, n.too_large, now);
	}
}

/* As many as events may lend at a time; false: nothing more waits. */
static bool
read_some(struct gw_udp_port *p)
{
	const gw_usec now = gw_clock_now();
	struct gw_incoming d;
	unsigned n = 0;

	if (!p->filled && !(p->filled = gw_udp_socket_fill(&p->socket)))
		return false;
	while (n < GW_UDP_INPUTS &&
	       (p->filled = gw_udp_socket_next(&p->socket, &d))) {
		take(p, &d, now);
		n++;
	}
	for (struct udp_conn *c = p->touched; c != NULL; c = c->next_touched)
		if (!c->closing)
			gw_udp_session_batch_end(c->base.session, now);
	return true;
}

/* ---- out ---- */

static void
watch(struct gw_udp_port *p, int events)
{
	if (events == p->interest)
		return;
	p->interest = events;
	uv_poll_start(&p->poll, events, on_poll);
}

/* Send what is left of a burst; false: the socket is full. */
static bool
send_burst(struct gw_udp_port *p)
{
	struct gw_burst *b = &p->burst;
	size_t too_large;

	while (p->burst_at < b->len) {
		if (!gw_udp_socket_send(
			&p->socket, b, &p->burst_at, &too_large))
			return false;
		if (too_large > 0)
			gw_udp_endpoint_too_large(p->endpoint, &b->to,
			    (uint32_t)too_large - 1, gw_clock_now());
	}
	return true;
}

static void
flush(struct gw_udp_port *p)
{
	struct gw_burst *b = &p->burst;
	bool full = !send_burst(p);

	while (!full) {
		b->buf = p->out;
		b->cap = GW_TRAIN_BYTES;
		b->len = p->burst_at = 0;
		if (!gw_udp_endpoint_output(p->endpoint, b, gw_clock_now()))
			break;
		full = !send_burst(p);
	}
	watch(p, UV_READABLE | (full ? UV_WRITABLE : 0));
}

/* ---- turns ---- */

static void
remember_hungry(struct udp_conn *c)
{
	if (c->hungry)
		return;
	c->hungry = true;
	c->next_hungry = c->port->hungry;
	c->port->hungry = c;
}

/* Those who have more to write, and room for it by now; false: nobody. */
static bool
feed(struct gw_udp_port *p)
{
	struct udp_conn **at = &p->hungry, *c;

	while ((c = *at) != NULL) {
		if (!c->closing && !gw_udp_session_wants(c->base.session)) {
			at = &c->next_hungry;
			continue;
		}
		*at = c->next_hungry;
		c->hungry = false;
		touch(c);
	}
	return p->touched != NULL;
}

/* Owners pull events and write. */
static void
serve(struct gw_udp_port *p)
{
	struct udp_conn *c;

	while ((c = p->touched) != NULL) {
		p->touched = c->next_touched;
		if (p->touched == NULL)
			p->touched_last = &p->touched;
		c->touched = false;
		if (!c->closing)
			c->base.sent =
			    gw_udp_session_info(c->base.session).acked;
		if (!c->closing && c->base.ready != NULL)
			c->base.send_blocked =
			    c->base.ready(&c->base, c->base.owner);
		if (!c->closing && c->base.send_blocked)
			remember_hungry(c);
		if (!c->closing)
			gw_udp_session_keep(c->base.session, gw_clock_now());
		if (!c->closing)
			gw_udp_endpoint_touch(p->endpoint, c->base.session);
	}
}

static void
tick(struct gw_udp_port *p)
{
	const gw_usec now = gw_clock_now();
	struct gw_session *s;

	while ((s = gw_udp_endpoint_tick(p->endpoint, now)) != NULL)
		if (gw_session_user(s) != NULL)
			touch(gw_session_user(s));
}

static void
bury(struct gw_udp_port *p)
{
	struct udp_conn *c;

	while ((c = p->dead) != NULL) {
		p->dead = c->next;
		free(c);
	}
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_udp_port *p = h->data;

	if (--p->handles > 0)
		return;
	gw_udp_board_free(p->board, gw_clock_now());
	gw_udp_socket_close(&p->socket);
	gw_timer_close(p->timer);
	gw_udp_endpoint_free(p->endpoint);
	free(p->out);
	free(p);
}

static void
end(struct gw_udp_port *p)
{
	uv_close((uv_handle_t *)&p->poll, on_closed);
	uv_close((uv_handle_t *)&p->alarm, on_closed);
	uv_close((uv_handle_t *)&p->before, on_closed);
}

/* All is said, and nobody who is left is waited for: when the program ends
 * that is whoever is in TIME_WAIT, and soon everybody. */
static bool
is_over(const struct gw_udp_port *p)
{
	if (!p->closing || p->conns != NULL)
		return false;
	if (!p->o.loop->ending)
		return gw_udp_endpoint_count(p->endpoint) == 0;
	return !gw_udp_endpoint_busy(p->endpoint) ||
	       gw_clock_now() >= p->close_by;
}

static void
on_prepare(uv_prepare_t *handle)
{
	struct gw_udp_port *p = handle->data;

	if (!is_over(p))
		return;
	(void)feed(p);
	bury(p);
	end(p);
}

static void
turn(struct gw_udp_port *p)
{
	gw_usec at;

	p->in_turn = true;
	tick(p);
	for (int i = 0; i < ROUNDS; i++) {
		serve(p);
		flush(p);
		if (!feed(p))
			break;
	}
	bury(p);
	p->in_turn = false;
	at = gw_usec_min(gw_udp_endpoint_deadline(p->endpoint),
	    gw_udp_board_turn(p->board, gw_clock_now()));
	if (p->closing && p->close_by > gw_clock_now())
		at = gw_usec_min(at, p->close_by);
	gw_timer_set(p->timer, p->touched != NULL ? 0 : at);
}

static void
on_poll(uv_poll_t *handle, int status, int events)
{
	struct gw_udp_port *p = handle->data;

	(void)events;
	if (status < 0)
		p->interest = 0; /* the error queue makes libuv stop */
	for (int i = 0; i < READS_PER_TURN; i++) {
		bool more;

		p->in_turn = true;
		more = read_some(p);
		serve(p);
		p->in_turn = false;
		if (!more)
			break;
	}
	take_news(p, gw_clock_now());
	turn(p);
}

static void
on_alarm(uv_poll_t *handle, int status, int events)
{
	struct gw_udp_port *p = handle->data;

	(void)status;
	(void)events;
	gw_timer_clear(p->timer);
	turn(p);
}

/* ---- life ---- */

static enum gw_err
open_handles(struct gw_udp_port *p)
{
	uv_loop_t *uv = &p->o.loop->uv;

	if (uv_poll_init(uv, &p->poll, p->socket.udp.fd) != 0)
		return GW_E_FAILED;
	p->poll.data = p->alarm.data = p->before.data = p;
	if (uv_poll_init(uv, &p->alarm, p->timer) != 0) {
		uv_close((uv_handle_t *)&p->poll, NULL);
		return GW_E_FAILED;
	}
	uv_prepare_init(uv, &p->before);
	p->handles = 3;
	watch(p, UV_READABLE);
	uv_poll_start(&p->alarm, UV_READABLE, on_alarm);
	return GW_OK;
}

enum gw_err
gw_udp_port_open(const struct gw_udp_port_options *o, struct gw_why *why,
    struct gw_udp_port **out)
{
	struct gw_udp_port *p = calloc(1, sizeof(*p));
	enum gw_err err = GW_E_MEMORY;

	if (p == NULL)
		return GW_E_MEMORY;
	p->o = *o;
	p->touched_last = &p->touched;
	p->close_by = GW_NEVER;
	if ((p->out = malloc(GW_TRAIN_BYTES)) == NULL)
		goto err0;
	if ((err = gw_timer_open(&p->timer)) != GW_OK)
		goto err0;
	err = gw_udp_socket_open(&p->socket, o->address, o->port, why);
	if (err != GW_OK)
		goto err1;
	p->o.endpoint.udp.ahead = AHEAD;
	p->o.endpoint.udp.kernel = p->socket.holds;
	p->o.endpoint.udp.no_ecn = !p->socket.has_ecn;
	err = gw_udp_endpoint_new(&p->o.endpoint, gw_clock_now(), &p->endpoint);
	if (err != GW_OK)
		goto err2;
	if ((err = open_handles(p)) != GW_OK)
		goto err3;
	p->board = gw_udp_board_new(o->shown_in, p->socket.udp.fd, p->endpoint,
	    o->endpoint.session.door != NULL, gw_clock_now());
	*out = p;
	return GW_OK;

err3:
	gw_udp_endpoint_free(p->endpoint);
err2:
	gw_udp_socket_close(&p->socket);
err1:
	gw_timer_close(p->timer);
err0:
	free(p->out);
	free(p);
	return err;
}

void
gw_udp_port_close(struct gw_udp_port *p)
{
	if (p == NULL)
		return;
	p->closing = true;
	gw_udp_endpoint_shut(p->endpoint);
	begin_end(p);
}

uint16_t
gw_udp_port_number(const struct gw_udp_port *p)
{
	return p->socket.udp.port;
}

enum gw_err
gw_udp_port_connect(struct gw_udp_port *p, const struct gw_session_options *o,
    const struct gw_addr *to, struct gw_conn **out)
{
	const gw_usec now = gw_clock_now();
	struct gw_session *s;
	struct gw_path path;
	struct udp_conn *c;
	enum gw_err err;

	gw_path_from_addr(to, &path);
	err = gw_udp_endpoint_connect(p->endpoint, o, &path, now, &s);
	if (err != GW_OK)
		return err;
	if ((c = conn_new(p, s, &path)) == NULL) {
		gw_udp_endpoint_release(p->endpoint, s, now);
		return GW_E_MEMORY;
	}
	kick(&c->base);
	*out = &c->base;
	return GW_OK;
}
