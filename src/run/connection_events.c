/*
 * What a program is told of a connection: events, states, numbers.
 */
#include <string.h>

#include "os/clock.h"
#include "os/tcp_path.h"
#include "run/connection.h"
#include "run/tcp_conn.h"

static bool
is_udp(const struct gw_connection *c)
{
	return c->carrier != NULL && strcmp(c->carrier, "udp") == 0;
}

/* ---- states ---- */

bool
gw_connection_lingers(const struct gw_connection *c)
{
	return c->conn != NULL && is_udp(c) &&
	       gw_udp_session_info(c->conn->session).state == GW_UDP_TIME_WAIT;
}

void
gw_connection_note_begin(struct gw_connection *c)
{
	const enum gw_udp_state first =
	    c->initiator ? GW_UDP_SYN_SENT : GW_UDP_SYN_RCVD;

	if (is_udp(c))
		c->since = gw_udp_session_info(c->conn->session).entered[first];
}

static void
note_tcp(struct gw_connection *c)
{
	struct gw_tcp_path f;
	const char *now = "CLOSED";

	if (c->conn != NULL && gw_tcp_path_look(gw_tcp_conn_fd(c->conn), &f))
		now = gw_tcp_state_name(f.state);
	if (c->seen == now)
		return;
	c->seen = now;
	c->seen_at = gw_clock_now();
}

static void
note_udp(struct gw_connection *c)
{
	const struct gw_udp_info i = gw_udp_session_info(c->conn->session);

	for (unsigned s = GW_UDP_ESTABLISHED; s < GW_UDP_STATES; s++)
		if ((c->told & 1U << s) == 0 && i.entered[s] != GW_NEVER)
			c->entered[s] = i.entered[s];
}

void
gw_connection_note_states(struct gw_connection *c)
{
	if (c->open && !is_udp(c))
		note_tcp(c);
	else if (c->conn != NULL)
		note_udp(c);
	else if (c->closed && !c->open && c->seen == NULL) {
		c->seen = "CLOSED";
		c->seen_at = gw_clock_now();
	}
}

static bool
tell_state(struct gw_connection *c, struct gw_connection_event *ev,
    const char *to, gw_usec at)
{
	*ev = (struct gw_connection_event){ .kind = GW_CONNECTION_STATE,
		.state = { c->state, to, at > c->since ? at - c->since : 0 } };
	c->state = to;
	c->since = at;
	return true;
}

/* No state comes twice, and they stand in an order that every way keeps. */
static bool
next_state(struct gw_connection *c, struct gw_connection_event *ev)
{
	gw_connection_note_states(c);
	for (unsigned s = 0; s < GW_UDP_STATES; s++) {
		const gw_usec at = c->entered[s];

		if (at == 0 || (c->told & 1U << s) != 0)
			continue;
		c->told |= 1U << s;
		if (strcmp(c->state, gw_udp_state_name(s)) != 0)
			return tell_state(c, ev, gw_udp_state_name(s), at);
	}
	if (c->seen == NULL || strcmp(c->seen, c->state) == 0)
		return false;
	return tell_state(c, ev, c->seen, c->seen_at);
}

/* ---- events ---- */

static bool
was_due(bool *due)
{
	const bool was = *due;

	*due = false;
	return was;
}

static bool
next_of(struct gw_program_stream *s, struct gw_connection_event *ev)
{
	if (was_due(&s->reset_due)) {
		ev->kind = GW_CONNECTION_RESET;
		ev->code = s->code;
	} else if (was_due(&s->readable_due)) {
		ev->kind = GW_CONNECTION_READABLE;
	} else if (was_due(&s->writable_due)) {
		ev->kind = GW_CONNECTION_WRITABLE;
	} else if (was_due(&s->blocked_due)) { /* which holds in spite of it */
		ev->kind = GW_CONNECTION_BLOCKED;
	} else {
		return false;
	}
	return true;
}

static bool
next_of_streams(struct gw_connection *c, struct gw_connection_event *ev)
{
	for (unsigned i = 0; c->any_due && i < GW_STREAMS_MAX; i++) {
		if (c->v[i] == NULL || !next_of(c->v[i], ev))
			continue;
		ev->stream = i;
		return true;
	}
	c->any_due = false;
	return false;
}

bool
gw_connection_next(struct gw_connection *c, struct gw_connection_event *ev)
{
	if (next_state(c, ev))
		return true;
	*ev = (struct gw_connection_event){ .kind = GW_CONNECTION_OPENED };
	if (was_due(&c->opened_due))
		return true;
	if (next_of_streams(c, ev))
		return true;
	if (was_due(&c->datagram_due))
		ev->kind = GW_CONNECTION_DATAGRAM;
	else if (was_due(&c->sendable_due))
		ev->kind = GW_CONNECTION_SENDABLE;
	else if (was_due(&c->notice_due)) {
		ev->kind = GW_CONNECTION_NOTICE;
		ev->text = c->notice;
	} else if (was_due(&c->fin_due))
		ev->kind = GW_CONNECTION_FIN;
	else if (was_due(&c->closed_due)) {
		ev->kind = GW_CONNECTION_CLOSED;
		ev->err = c->err;
		ev->by_peer = c->by_peer;
		ev->text = c->text;
	} else {
		return false;
	}
	return true;
}

/* ---- numbers ---- */

static void
tell_udp(const struct gw_connection *c, struct gw_connection_info *out)
{
	const struct gw_udp_info i = gw_udp_session_info(c->conn->session);

	out->state = gw_udp_state_name(i.state);
	out->state_usec = gw_clock_now() - i.since;
	out->congestion = i.congestion;
	out->rtt_usec = i.srtt;
	out->min_rtt_usec = i.min_rtt;
	out->cwnd = i.cwnd;
	out->in_flight = i.in_flight;
	out->rate = i.rate;
	out->lost = i.lost;
	out->datagrams_lost = i.messages_lost + i.messages_dropped;
}

static void
tell_tcp(const struct gw_connection *c, struct gw_connection_info *out)
{
	struct gw_tcp_path f;

	if (!gw_tcp_path_look(gw_tcp_conn_fd(c->conn), &f))
		return;
	out->state = gw_tcp_state_name(f.state);
	out->rtt_usec = f.srtt;
	out->min_rtt_usec = f.min_rtt;
	out->cwnd = f.window;
	out->in_flight = f.in_flight;
	out->rate = f.delivery_rate;
	out->lost = f.retransmitted;
}

void
gw_connection_info(
    const struct gw_connection *c, struct gw_connection_info *out)
{
	const bool gone = c->conn == NULL && c->closed;

	*out = (struct gw_connection_info){
		.state = gone ? "CLOSED" : c->state,
		.state_usec = gw_clock_now() - c->since,
		.datagrams_dropped = c->dropped,
		.datagram_max = gw_datagram_max(c),
	};
	if (!c->open)
		return;
	out->carrier = c->carrier;
	out->cipher = c->cipher;
	out->peer = c->peer;
	out->key = c->key;
	out->asks = c->asks;
	out->device = c->device[0] != '\0' ? c->device : NULL;
	out->address = c->address;
	if (c->conn == NULL)
		return;
	out->sent = c->conn->sent;
	out->received = c->conn->received;
	if (is_udp(c))
		tell_udp(c, out);
	else
		tell_tcp(c, out);
}
