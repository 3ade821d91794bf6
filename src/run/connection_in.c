/*
 * What a session tells its connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "run/connection.h"

enum { RING_MIN = 1 << 12 };

void
gw_connection_over(
    struct gw_connection *c, enum gw_err err, bool by_peer, const char *text)
{
	if (c->closed)
		return;
	c->closed = c->closed_due = true;
	c->err = err;
	c->by_peer = by_peer;
	snprintf(c->text, sizeof c->text, "%s", text);
}

static void
broken(struct gw_connection *c, enum gw_err err, const char *told)
{
	gw_session_abort(c->conn->session, err, told, gw_clock_now());
	gw_connection_over(c, err, false, gw_err_text(err));
}

/* The stream that something came on; NULL: the connection is over. */
static struct gw_program_stream *
stream_of(struct gw_connection *c, uint16_t id)
{
	const bool ours = (id % 2 == 0) == c->initiator;
	struct gw_program_stream *s = c->v[id];

	if (s != NULL)
		return s;
	if (ours) {
		broken(c, GW_E_PROTOCOL,
		    "something came on a stream that nobody has opened");
		return NULL;
	}
	if ((s = gw_connection_stream(c, id)) == NULL)
		broken(c, GW_E_MEMORY, "the other side is out of memory");
	return s;
}

/* Room for n bytes more; they are within the stream's window. */
static bool
make_room(struct gw_program_stream *s, size_t n)
{
	const uint64_t need = s->to - s->from + n;
	uint64_t size = s->ring.size != 0 ? s->ring.size : RING_MIN;

	while (size < need)
		size *= 2;
	return size == s->ring.size ||
	       gw_ring_grow(&s->ring, size, s->from, s->to) == GW_OK;
}

static void
on_data(struct gw_connection *c, const struct gw_session_event *ev)
{
	const struct gw_slice b = ev->data.bytes;
	struct gw_program_stream *s;

	if (c->closed)
		return;
	if (c->released && b.n > 0) {
		broken(c, GW_E_INTERRUPTED,
		    "it has closed the connection and reads no more");
		return;
	}
	if ((s = stream_of(c, ev->data.stream)) == NULL)
		return;
	if (b.n > 0 && !make_room(s, b.n)) {
		broken(c, GW_E_MEMORY, "the other side is out of memory");
		return;
	}
	if (b.n > 0)
		gw_ring_put(&s->ring, s->to, b);
	s->to += b.n;
	s->ended_in = s->ended_in || ev->data.end;
	s->readable_due = c->any_due = true;
}

static void
on_reset(struct gw_connection *c, const struct gw_session_event *ev)
{
	struct gw_program_stream *s;

	if (c->closed || (s = stream_of(c, ev->reset.stream)) == NULL)
		return;
	gw_ring_fini(&s->ring);
	s->from = s->to;
	s->reset_in = true;
	s->code = (uint32_t)ev->reset.code;
	s->readable_due = s->reset_due = c->any_due = true;
}

static void
on_datagram(struct gw_connection *c, struct gw_slice data)
{
	if (c->closed || c->released)
		return;
	if (gw_queue_push(&c->in, data))
		c->datagram_due = true;
	else
		c->dropped++;
}

static void
on_fin(struct gw_connection *c)
{
	c->fin = c->fin_due = true;
	for (unsigned i = 0; i < GW_STREAMS_MAX; i++) {
		struct gw_program_stream *s = c->v[i];

		if (s == NULL || s->ended_in || s->reset_in)
			continue;
		s->ended_in = s->readable_due = c->any_due = true;
	}
}

static void
on_closed(struct gw_connection *c, const struct gw_session_event *ev)
{
	gw_connection_over(c, ev->closed.err, ev->closed.by_peer,
	    ev->closed.text[0] != '\0' || ev->closed.err == GW_OK
		? ev->closed.text
		: gw_err_text(ev->closed.err));
}

static void
pull(struct gw_connection *c)
{
	struct gw_session_event ev;

	while (gw_session_event(c->conn->session, &ev)) {
		switch (ev.kind) {
		case GW_SESSION_DATA:
			on_data(c, &ev);
			break;
		case GW_SESSION_RESET:
			on_reset(c, &ev);
			break;
		case GW_SESSION_DATAGRAM:
			on_datagram(c, ev.datagram);
			break;
		case GW_SESSION_FIN:
			on_fin(c);
			break;
		case GW_SESSION_CLOSED:
			on_closed(c, &ev);
			break;
		case GW_SESSION_OPENED:
			break; /* taken by listener and dial */
		}
	}
}

/* A stream that may wait for room, or for the other side's window.  Returns
 * whether it waits until what is before it has left, which nobody tells. */
static bool
look_at_stream(struct gw_connection *c, uint16_t id)
{
	const struct gw_session *session = c->conn->session;
	struct gw_program_stream *s = c->v[id];
	uint64_t unsent;
	bool held;

	unsent = gw_session_unsent(session, id, &held);
	if (held && (unsent > 0 || s->short_of_room) && !s->blocked)
		s->blocked_due = c->any_due = true;
	s->blocked = held && (unsent > 0 || s->short_of_room);
	if (!s->short_of_room)
		return false;
	if (unsent > GW_CONNECTION_UNSENT / 2 ||
	    gw_session_writable(session, id) == 0)
		return !held;
	s->short_of_room = false;
	s->writable_due = c->any_due = true;
	/* Who may write takes that for its end: it is told again if it is not.
	 */
	s->blocked = false;
	return false;
}

/* The same of all, and of datagrams. */
static bool
look_at_room(struct gw_connection *c)
{
	bool waits = false;

	for (uint16_t i = 0; i < GW_STREAMS_MAX; i++)
		if (c->v[i] != NULL && !c->v[i]->ended_out &&
		    look_at_stream(c, i))
			waits = true;
	if (c->queue_was != 0 &&
	    gw_session_datagrams(c->conn->session) <= c->queue_was / 2) {
		c->queue_was = 0;
		c->sendable_due = true;
	}
	return waits || c->queue_was != 0;
}

bool
gw_connection_ready(struct gw_conn *conn, void *connection)
{
	struct gw_connection *c = connection;

	(void)conn;
	pull(c);
	if (!c->closed)
		return look_at_room(c);
	gw_connection_wake(c);
	return false;
}
