#include "run/tunnel.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "os/clock.h"
#include "run/tunnel_private.h"
#include "run/via.h"

enum {
	SILENCE = 15000000, /* us: a live peer says something every 2 s */
	LOOK = 50000,       /* us, at what waits */
	MESSAGE = GW_TUNNEL_DATA_HEAD + GW_TUNNEL_DATA_MAX,
	BUFFER = GW_TUNNEL_PLACES * MESSAGE
};

static_assert(
    (int)BUFFER >= GW_TUNNEL_DATAGRAM_HEAD + GW_PACKET_MAX, "a datagram fits");

/* ---- lanes, outwards ---- */

struct gw_tunnel_lane *
gw_tunnel_lane(struct gw_tunnel *t, uint16_t i)
{
	if (t->lanes[i] == NULL)
		t->lanes[i] = calloc(1, sizeof *t->lanes[i]);
	return t->lanes[i];
}

static void
free_lanes(struct gw_tunnel *t)
{
	for (unsigned i = 0; i < GW_STREAMS_MAX; i++)
		if (t->lanes[i] != NULL) {
			gw_bytes_fini(&t->lanes[i]->in);
			gw_bytes_fini(&t->lanes[i]->out);
			free(t->lanes[i]);
			t->lanes[i] = NULL;
		}
	t->backlog = 0;
}

static void
keep(struct gw_tunnel *t, struct gw_tunnel_lane *lane, struct gw_slice s)
{
	if (t->backlog > GW_TUNNEL_BACKLOG)
		t->broken = GW_TUNNEL_CROWDED;
	else if (lane == NULL || gw_bytes_add(&lane->out, s.p, s.n) != GW_OK)
		t->broken = GW_TUNNEL_NO_MEMORY;
	else
		t->backlog += s.n;
}

/* What waits for the lane first, then this; what does not go waits. */
static void
put(struct gw_tunnel *t, uint16_t i, struct gw_slice s)
{
	struct gw_tunnel_lane *lane = gw_tunnel_lane(t, i);
	size_t n = 0;

	if (t->broken)
		return;
	if (lane != NULL && gw_bytes_len(&lane->out) == 0)
		n = gw_session_write(t->conn->session, i, s, gw_clock_now());
	if (n < s.n)
		keep(t, lane, gw_slice(s.p + n, s.n - n));
	if (!t->in_ready)
		gw_conn_kick(t->conn);
}

/* What does not go into a lane: until what is before it has left, or until
 * the other side opens a window, which it tells. */
static void
note_more(struct gw_tunnel *t, uint16_t lane)
{
	bool held;

	(void)gw_session_unsent(t->conn->session, lane, &held);
	t->more = t->more || !held;
}

static void
flush(struct gw_tunnel *t)
{
	const gw_usec now = gw_clock_now();

	for (uint16_t i = 0; i < GW_STREAMS_MAX; i++) {
		struct gw_tunnel_lane *lane = t->lanes[i];
		size_t n;

		if (lane == NULL || gw_bytes_len(&lane->out) == 0)
			continue;
		n = gw_session_write(
		    t->conn->session, i, gw_bytes_peek(&lane->out), now);
		gw_bytes_drop(&lane->out, n);
		t->backlog -= n;
		if (gw_bytes_len(&lane->out) > 0)
			note_more(t, i);
	}
}

void
gw_tunnel_say(
    struct gw_tunnel *t, uint16_t lane, const struct gw_tunnel_message *m)
{
	uint8_t buf[GW_TUNNEL_MESSAGE];
	size_t n;

	if (t == NULL || t->conn == NULL)
		return;
	n = gw_tunnel_encode(m, buf, sizeof buf);
	GW_ASSERT(n > 0);
	put(t, lane, gw_slice(buf, n));
	gw_loop_poke(&t->g->loop);
}

size_t
gw_tunnel_room(struct gw_tunnel_flow *w)
{
	struct gw_tunnel *t = w->tunnel;
	size_t n = 0;

	if (t->conn == NULL)
		return 0;
	if (t->lanes[w->lane] == NULL ||
	    gw_bytes_len(&t->lanes[w->lane]->out) == 0)
		n = gw_session_writable(t->conn->session, w->lane);
	if (n <= GW_TUNNEL_DATA_HEAD) {
		gw_tunnel_row_enter(w, GW_TUNNEL_FOR_ROOM);
		note_more(t, w->lane);
		return 0;
	}
	if (n > BUFFER)
		n = BUFFER;
	return n - (n + MESSAGE - 1) / MESSAGE * GW_TUNNEL_DATA_HEAD;
}

unsigned
gw_tunnel_places(
    struct gw_tunnel *t, size_t n, struct iovec places[GW_TUNNEL_PLACES])
{
	uint8_t *at = t->buffer;
	unsigned count = 0;

	while (n > 0 && count < GW_TUNNEL_PLACES) {
		const size_t len =
		    n < GW_TUNNEL_DATA_MAX ? n : GW_TUNNEL_DATA_MAX;

		places[count++] =
		    (struct iovec){ at + GW_TUNNEL_DATA_HEAD, len };
		at += MESSAGE;
		n -= len;
	}
	return count;
}

void
gw_tunnel_data(struct gw_tunnel_flow *w, size_t n)
{
	struct gw_tunnel *t = w->tunnel;
	uint8_t *at = t->buffer;

	while (n > 0) {
		const size_t len =
		    n < GW_TUNNEL_DATA_MAX ? n : GW_TUNNEL_DATA_MAX;

		gw_tunnel_data_head(w->id, len, at);
		put(t, w->lane, gw_slice(at, len + GW_TUNNEL_DATA_HEAD));
		at += MESSAGE;
		n -= len;
		t->fresh += len;
	}
	if (t->fresh < GW_TUNNEL_FRESH || t->in_ready)
		return;
	gw_conn_flush(t->conn);
	t->fresh = 0;
}

/* ---- time ---- */

static void on_timer(uv_timer_t *);

void
gw_tunnel_arm(struct gw_tunnel *t)
{
	gw_usec at = gw_tunnel_parts_deadline(&t->parts);

	if (t->conn != NULL)
		at = gw_usec_min(
		    at, gw_session_heard(t->conn->session) + SILENCE);
	if (t->queue.count > 0)
		at = gw_usec_min(at, gw_clock_now() + LOOK);
	gw_loop_arm(&t->timer, at, on_timer);
}

static void
on_timer(uv_timer_t *h)
{
	struct gw_tunnel *t = h->data;
	const gw_usec now = gw_clock_now();

	gw_tunnel_tick_parts(t, now);
	if (t->conn != NULL &&
	    now >= gw_session_heard(t->conn->session) + SILENCE) {
		gw_tunnel_lose(t, GW_E_LOST,
		    "the connection was lost: nothing came any more");
		return;
	}
	if (t->conn != NULL)
		gw_tunnel_pump(t);
	gw_tunnel_arm(t);
}

/* ---- sessions ---- */

/* Nobody waits for room any more: the same links make a list of all, since
 * flows may go while they are told. */
static void
tell_lost(struct gw_tunnel *t)
{
	struct gw_tunnel_flow *all = NULL, *w;
	size_t pos = 0;
	struct gw_key k;
	uintptr_t v;

	gw_tunnel_row_clear(t, GW_TUNNEL_FOR_ROOM);
	while (gw_map_next(t->flows, &pos, &k, &v)) {
		w = (struct gw_tunnel_flow *)v;
		w->next[GW_TUNNEL_FOR_ROOM] = all;
		all = w;
	}
	while ((w = all) != NULL) {
		all = w->next[GW_TUNNEL_FOR_ROOM];
		w->known = false;
		gw_tunnel_drop_waiting(w, GW_DROP_PEER);
		if (w->ops->lost != NULL)
			w->ops->lost(w);
	}
}

void
gw_tunnel_detach(struct gw_tunnel *t, enum gw_err err, const char *text)
{
	if (t->conn == NULL)
		return;
	gw_tunnel_drop_given(t);
	/* What lacks parts now does so forever. */
	gw_tunnel_tick_parts(t, gw_clock_now() + GW_TUNNEL_PARTIAL_TIME);
	gw_session_abort(t->conn->session, err, text, gw_clock_now());
	gw_conn_close(t->conn);
	t->conn = NULL;
	t->broken = GW_TUNNEL_SOUND;
	free_lanes(t);
	tell_lost(t);
	gw_tunnel_arm(t);
	gw_loop_poke(&t->g->loop);
}

void
gw_tunnel_lose(struct gw_tunnel *t, enum gw_err err, const char *text)
{
	char copy[256];

	snprintf(copy, sizeof copy, "%s", text);
	gw_tunnel_detach(t, err, copy);
	t->owner.lost(t->owner.arg, err, copy);
}

bool
gw_tunnel_lose_broken(struct gw_tunnel *t)
{
	static const struct {
		enum gw_err err;
		const char *text;
	} faults[GW_TUNNEL_FAULTS] = {
		[GW_TUNNEL_SENSELESS] = { GW_E_PROTOCOL,
		    "what came makes no sense in a tunnel" },
		[GW_TUNNEL_CROWDED] = { GW_E_PROTOCOL,
		    "more waits for the other side than it may" },
		[GW_TUNNEL_NO_MEMORY] = { GW_E_MEMORY,
		    "no memory was left for the tunnel" },
	};
	const enum gw_tunnel_fault f = t->broken;

	if (f == GW_TUNNEL_SOUND)
		return false;
	/* The other side shows it, and has perhaps only taken a wrong port. */
	if (f == GW_TUNNEL_SENSELESS && !t->heard && !t->initiator)
		gw_tunnel_lose(t, GW_E_PROTOCOL,
		    "`godwit serve` waits at this port, and what came is not "
		    "from `godwit forward --via`");
	else
		gw_tunnel_lose(t, faults[f].err, faults[f].text);
	return true;
}

/* Take, then write.  False: the session has gone. */
static bool
work(struct gw_tunnel *t)
{
	if (!gw_tunnel_pull(t))
		return false;
	t->more = false;
	t->fresh = 0;
	flush(t);
	gw_tunnel_let_write(t);
	gw_tunnel_pump(t);
	return true;
}

static bool
on_ready(struct gw_conn *conn, void *arg)
{
	struct gw_tunnel *t = arg;
	bool there;

	(void)conn;
	t->in_ready = true;
	there = work(t);
	t->in_ready = false;
	if (!there)
		return false;
	if (gw_tunnel_lose_broken(t))
		return false;
	gw_tunnel_arm(t);
	return t->more || t->queue.count > 0;
}

void
gw_tunnel_attach(struct gw_tunnel *t, struct gw_conn *conn)
{
	GW_ASSERT(t->conn == NULL);
	t->conn = conn;
	t->heard = false;
	gw_conn_set_owner(conn, on_ready, t);
	gw_tunnel_arm(t);
}

void
gw_tunnel_adopt(struct gw_tunnel *t, struct gw_tunnel *from)
{
	struct gw_map *empty = t->flows;
	struct gw_key k;
	size_t pos = 0;
	uintptr_t v;

	GW_ASSERT(t->rules == NULL && gw_map_count(t->flows) == 0);
	gw_tunnel_detach(from, GW_E_INTERRUPTED, "it came again");
	t->flows = from->flows;
	while (gw_map_next(t->flows, &pos, &k, &v))
		((struct gw_tunnel_flow *)v)->tunnel = t;
	from->flows = empty;
	t->next_id = from->next_id;
	t->rules = from->rules;
	from->rules = NULL;
	for (struct gw_via_rule *r = t->rules; r != NULL; r = r->next)
		r->tunnel = t;
}

struct gw_via_rule *
gw_tunnel_rule(const struct gw_tunnel *t, uint16_t number)
{
	struct gw_via_rule *r = t->rules;

	while (r != NULL && r->number != number)
		r = r->next;
	return r;
}

unsigned
gw_tunnel_rules(const struct gw_tunnel *t)
{
	unsigned n = 0;

	for (const struct gw_via_rule *r = t->rules; r != NULL; r = r->next)
		n++;
	return n;
}

struct gw_via_rule *
gw_tunnel_delivers(const struct gw_tunnel *t, uint16_t number, uint16_t port)
{
	struct gw_via_rule *r = gw_tunnel_rule(t, number);

	return r != NULL && r->accepted && !r->listens && !r->base.draining &&
		       port < r->base.rule.ports
		   ? r
		   : NULL;
}

/* ---- life ---- */

enum gw_err
gw_tunnel_new(struct gw *g, bool initiator, struct gw_tunnel **out)
{
	struct gw_tunnel *t = calloc(1, sizeof *t);

	if (t == NULL)
		return GW_E_MEMORY;
	t->buffer = malloc(BUFFER);
	if (t->buffer == NULL ||
	    gw_map_new(gw_random_u64(&g->self.random), &t->flows) != GW_OK) {
		free(t->buffer);
		free(t);
		return GW_E_MEMORY;
	}
	t->g = g;
	t->initiator = initiator;
	/* Anywhere: the other side may have flows of an earlier run still. */
	t->next_id = (uint32_t)gw_random_u64(&g->self.random) << 1 | !initiator;
	for (enum gw_tunnel_row r = 0; r < GW_TUNNEL_ROWS; r++)
		gw_tunnel_row_clear(t, r);
	uv_timer_init(&g->loop.uv, &t->timer);
	t->timer.data = t;
	*out = t;
	return GW_OK;
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_tunnel *t = h->data;

	free(t->buffer);
	free(t);
}

void
gw_tunnel_free(struct gw_tunnel *t)
{
	if (t == NULL)
		return;
	GW_ASSERT(t->rules == NULL);
	gw_tunnel_detach(t, GW_E_INTERRUPTED, "it has been closed");
	GW_ASSERT(gw_map_count(t->flows) == 0);
	gw_map_free(t->flows);
	gw_tunnel_parts_fini(&t->parts);
	gw_tunnel_rings_fini(t);
	uv_close((uv_handle_t *)&t->timer, on_closed);
	gw_loop_poke(&t->g->loop);
}
