/*
 * Streams and datagrams of a connection, as its program reads and writes them.
 */
#include <string.h>

#include "os/clock.h"
#include "run/connection.h"

/* An empty ring that is larger is given back: of the first stream, of others.
 */
enum { FIRST_KEEP = 4 << 20, RING_KEEP = 1 << 16 };

static struct gw_program_stream *
find(const struct gw_connection *c, unsigned id)
{
	return id < GW_STREAMS_MAX ? c->v[id] : NULL;
}

/* Why there is nothing to be had, or to be done, any more. */
static enum gw_err
gone(const struct gw_connection *c)
{
	return c->err != GW_OK ? c->err : GW_E_LOST;
}

enum gw_err
gw_stream_open(struct gw_connection *c, unsigned *id)
{
	if (c->closed || c->shut)
		return GW_E_LOST;
	if (c->next_id >= GW_STREAMS_MAX)
		return GW_E_LIMIT;
	if (gw_connection_stream(c, c->next_id) == NULL)
		return GW_E_MEMORY;
	*id = c->next_id;
	c->next_id += 2;
	return GW_OK;
}

/* ---- reading ---- */

static void
take(struct gw_program_stream *s, uint8_t *out, size_t n, uint64_t keep)
{
	while (n > 0) {
		const struct gw_slice b = gw_ring_get(&s->ring, s->from, n);

		memcpy(out, b.p, b.n);
		out += b.n;
		s->from += b.n;
		n -= b.n;
	}
	if (s->from == s->to && s->ring.size > keep)
		gw_ring_fini(&s->ring);
}

/* Nothing is there. */
static enum gw_err
nothing(const struct gw_connection *c, struct gw_program_stream *s, size_t *n)
{
	s->readable_due = false;
	if (s->reset_in)
		return GW_E_PEER_GONE;
	if (s->ended_in) {
		*n = 0;
		return GW_OK;
	}
	return c->closed ? gone(c) : GW_E_AGAIN;
}

enum gw_err
gw_stream_read(
    struct gw_connection *c, unsigned id, void *buffer, size_t size, size_t *n)
{
	struct gw_program_stream *s = find(c, id);
	uint64_t there;

	if (s == NULL)
		return GW_E_USAGE;
	there = s->to - s->from;
	if (there == 0)
		return nothing(c, s, n);
	*n = there < size ? (size_t)there : size;
	take(s, buffer, *n, id == GW_STREAM_FIRST ? FIRST_KEEP : RING_KEEP);
	s->readable_due = s->from < s->to || s->ended_in;
	c->any_due = c->any_due || s->readable_due;
	if (c->conn != NULL && !c->closed) {
		gw_session_credit(c->conn->session, (uint16_t)id, *n);
		gw_connection_kick(c);
	}
	return GW_OK;
}

/* ---- writing ---- */

static bool
may_write(const struct gw_connection *c, const struct gw_program_stream *s)
{
	return c->open && !c->closed && !s->ended_out;
}

/* What keeps one from writing, if anything does. */
static enum gw_err
refusal(const struct gw_connection *c, const struct gw_program_stream *s)
{
	if (s == NULL)
		return GW_E_USAGE;
	if (c->closed)
		return gone(c);
	if (s->ended_out)
		return GW_E_USAGE;
	return may_write(c, s) ? GW_OK : GW_E_AGAIN;
}

enum gw_err
gw_stream_write(struct gw_connection *c, unsigned id, const void *data,
    size_t size, size_t *n)
{
	struct gw_program_stream *s = find(c, id);
	enum gw_err err = refusal(c, s);
	uint64_t unsent;
	size_t most = size, taken;
	bool held;

	if (err == GW_E_AGAIN)
		s->short_of_room = true;
	if (err != GW_OK)
		return err;
	unsent = gw_session_unsent(c->conn->session, (uint16_t)id, &held);
	if (unsent + most > GW_CONNECTION_UNSENT)
		most = unsent < GW_CONNECTION_UNSENT
			   ? (size_t)(GW_CONNECTION_UNSENT - unsent)
			   : 0;
	taken = gw_session_write(c->conn->session, (uint16_t)id,
	    gw_slice(data, most), gw_clock_now());
	s->short_of_room = taken < size;
	gw_connection_kick(c);
	if (taken == 0 && size > 0)
		return GW_E_AGAIN;
	*n = taken;
	return GW_OK;
}

enum gw_err
gw_stream_shutdown(struct gw_connection *c, unsigned id)
{
	struct gw_program_stream *s = find(c, id);
	enum gw_err err = refusal(c, s);

	if (err != GW_OK)
		return err;
	s->ended_out = true;
	s->short_of_room = false;
	gw_session_end(c->conn->session, (uint16_t)id);
	gw_connection_kick(c);
	return GW_OK;
}

enum gw_err
gw_stream_reset(struct gw_connection *c, unsigned id, uint32_t code)
{
	struct gw_program_stream *s = find(c, id);

	if (s == NULL)
		return GW_E_USAGE;
	if (c->closed || c->shut)
		return gone(c);
	if (!c->open)
		return GW_E_AGAIN;
	s->ended_out = true;
	s->short_of_room = false;
	gw_session_reset(c->conn->session, (uint16_t)id, code);
	gw_connection_kick(c);
	return GW_OK;
}

/* ---- datagrams ---- */

size_t
gw_datagram_max(const struct gw_connection *c)
{
	return c->open && !c->closed ? gw_session_datagram_max(c->conn->session)
				     : 0;
}

enum gw_err
gw_datagram_send(struct gw_connection *c, const void *data, size_t size)
{
	enum gw_err err;

	if (c->closed)
		return gone(c);
	if (!c->open)
		return GW_E_AGAIN;
	err = gw_session_datagram(
	    c->conn->session, gw_slice(data, size), gw_clock_now());
	if (err == GW_E_AGAIN)
		c->queue_was = gw_session_datagrams(c->conn->session);
	gw_connection_kick(c);
	return err;
}

enum gw_err
gw_datagram_receive(
    struct gw_connection *c, void *buffer, size_t size, size_t *n)
{
	struct gw_slice m;

	if (!gw_queue_peek(&c->in, &m)) {
		c->datagram_due = false;
		return c->closed ? gone(c) : GW_E_AGAIN;
	}
	*n = m.n;
	if (m.n > size)
		return GW_E_LIMIT;
	if (m.n > 0)
		memcpy(buffer, m.p, m.n);
	gw_queue_pop(&c->in);
	c->datagram_due = c->in.count > 0;
	return GW_OK;
}
