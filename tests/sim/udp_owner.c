#include "udp_owner.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

enum { PIECE = 60000 };

static void
note_state(struct udp_side *o)
{
	const enum gw_udp_state state = gw_udp_session_info(o->session).state;

	if (o->state_n > 0 && o->states[o->state_n - 1] == state)
		return;
	GW_ASSERT(o->state_n < sizeof(o->states) / sizeof(*o->states));
	o->states[o->state_n++] = state;
}

static void
on_data(struct udp_side *o, const struct gw_session_event *ev)
{
	const uint16_t stream = ev->data.stream;
	const struct gw_slice s = ev->data.bytes;

	GW_ASSERT(stream < UDP_BED_STREAMS);
	GW_ASSERT(!o->ended[stream]);
	GW_ASSERT(!o->fin);
	for (size_t i = 0; i < s.n; i++)
		o->wrong += s.p[i] != udp_bed_byte(1 - o->number, stream,
					  o->got[stream] + i);
	o->got[stream] += s.n;
	o->owed[stream] += s.n;
	o->ended[stream] = ev->data.end;
}

static void
on_event(struct udp_side *o, const struct gw_session_event *ev)
{
	switch (ev->kind) {
	case GW_SESSION_OPENED:
		GW_ASSERT(!o->opened);
		o->opened = true;
		snprintf(
		    o->peer_name, sizeof(o->peer_name), "%s", ev->opened.name);
		o->ticket = ev->opened.ticket;
		break;
	case GW_SESSION_DATA:
		on_data(o, ev);
		break;
	case GW_SESSION_RESET:
		GW_ASSERT(!o->fin && !o->reset[ev->reset.stream]);
		o->reset[ev->reset.stream] = true;
		o->reset_code = ev->reset.code;
		break;
	case GW_SESSION_DATAGRAM:
		GW_ASSERT(o->opened && !o->closed);
		for (size_t i = 0; i < ev->datagram.n; i++)
			o->wrong +=
			    ev->datagram.p[i] != (uint8_t)ev->datagram.n;
		o->datagrams++;
		o->datagram_bytes += ev->datagram.n;
		break;
	case GW_SESSION_FIN:
		GW_ASSERT(!o->fin);
		o->fin = true;
		break;
	case GW_SESSION_CLOSED:
		GW_ASSERT(!o->closed);
		o->closed = true;
		o->closed_event = *ev;
		snprintf(o->closed_text, sizeof(o->closed_text), "%s",
		    ev->closed.text);
		break;
	}
}

/* The handshake of a session is over, one way or the other. */
static void
leave(struct udp_side *o, struct gw_session *s)
{
	const uintptr_t ticket = (uintptr_t)gw_session_user(s);

	if (ticket != 0)
		gw_door_leave(o->bed->door, (uint32_t)ticket);
	gw_session_set_user(s, NULL);
}

static void
evict(struct udp_side *o, uint32_t ticket)
{
	struct gw_session *s = gw_udp_endpoint_next(o->endpoint, NULL);

	while (s != NULL && (uintptr_t)gw_session_user(s) != ticket)
		s = gw_udp_endpoint_next(o->endpoint, s);
	GW_ASSERT(s != NULL);
	gw_session_set_user(s, NULL);
	gw_session_abort(s, GW_E_LIMIT, "", o->bed->now);
	gw_udp_endpoint_release(o->endpoint, s, o->bed->now);
}

void
udp_owner_came(
    struct udp_side *o, struct gw_session *s, uint32_t ticket, uint32_t evicted)
{
	o->sessions += ticket != 0;
	if (ticket != 0)
		gw_session_set_user(s, (void *)(uintptr_t)ticket);
	if (evicted != 0)
		evict(o, evicted);
}

/* Handshakes that came in: the first that opens is ours, others end. */
static void
pull_pending(struct udp_side *o)
{
	struct gw_session *s = gw_udp_endpoint_next(o->endpoint, NULL), *then;
	struct gw_session_event ev;

	for (; s != NULL; s = then) {
		then = gw_udp_endpoint_next(o->endpoint, s);
		/* Whoever was released has no owner who pulls. */
		if (gw_session_user(s) == NULL || !gw_session_event(s, &ev))
			continue;
		leave(o, s);
		if (ev.kind == GW_SESSION_OPENED && o->session == NULL) {
			o->session = s;
			on_event(o, &ev);
		} else if (ev.kind == GW_SESSION_CLOSED) {
			o->failed++;
			gw_udp_endpoint_release(o->endpoint, s, o->bed->now);
		}
	}
}

void
udp_owner_pull(struct udp_side *o)
{
	struct gw_session_event ev;

	pull_pending(o);
	if (o->session == NULL || o->released)
		return;
	note_state(o);
	while (gw_session_event(o->session, &ev))
		on_event(o, &ev);
	note_state(o);
}

void
udp_owner_credit(struct udp_side *o)
{
	for (uint16_t i = 0; i < UDP_BED_STREAMS; i++) {
		if (o->no_credit || o->owed[i] == 0)
			continue;
		gw_session_credit(o->session, i, o->owed[i]);
		o->owed[i] = 0;
	}
}

static bool
write_some(struct udp_side *o, uint16_t stream, gw_usec now)
{
	uint64_t left = o->to_write[stream] - o->written[stream];
	uint8_t piece[PIECE];
	size_t n = left < sizeof(piece) ? (size_t)left : sizeof(piece);

	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		piece[i] =
		    udp_bed_byte(o->number, stream, o->written[stream] + i);
	n = gw_session_write(o->session, stream, gw_slice(piece, n), now);
	o->written[stream] += n;
	if (n > 0 && o->written[stream] == o->to_write[stream])
		gw_session_end(o->session, stream);
	return n > 0;
}

void
udp_owner_work(void *arg, gw_usec now)
{
	struct udp_side *o = arg;
	bool all = true;

	o->bed->now = now;
	udp_owner_pull(o);
	if (o->closed && !o->released)
		udp_bed_release(o);
	if (o->session == NULL || o->released || !o->opened)
		return;
	udp_owner_credit(o);
	for (uint16_t i = 0; i < UDP_BED_STREAMS; i++) {
		while (write_some(o, i, now))
			;
		all = all && o->written[i] == o->to_write[i];
	}
	if (!o->finished && all && (o->finish || (o->answers && o->fin))) {
		gw_session_finish(o->session, now);
		o->finished = true;
	}
	note_state(o);
	gw_udp_endpoint_touch(o->endpoint, o->session);
}

void
udp_bed_release(struct udp_side *o)
{
	o->released = true;
	gw_udp_endpoint_release(o->endpoint, o->session, o->bed->now);
}
