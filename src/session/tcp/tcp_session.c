/*
 *	AWAIT_SYN ---SYN--> AWAIT_ACK ---ACK--------.
 *                                                   v     FIN
 *	AWAIT_SYN_ACK --SYN_ACK--> AWAIT_CONFIRM -> ESTABLISHED --> CLOSING
 *                                        CONFIRM                     |
 *	any: RST, end, error, time ------------> OVER <----- both FINs -'
 */
#include "session/tcp/tcp_session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "session/tcp/tcp_session_private.h"

enum { ANSWER_SECONDS = 10 }; /* an initiator waits for its answer */

static_assert(sizeof(struct gw_tcp_session) + sizeof(struct gw_handshake) <=
		  GW_PENDING_BYTES,
    "what exists before authentication");

static const char *const state_name[GW_TCP_SESSION_STATES] = {
	[GW_TCP_SESSION_AWAIT_SYN] = "await-syn",
	[GW_TCP_SESSION_AWAIT_ACK] = "await-ack",
	[GW_TCP_SESSION_AWAIT_SYN_ACK] = "await-syn-ack",
	[GW_TCP_SESSION_AWAIT_CONFIRM] = "await-confirm",
	[GW_TCP_SESSION_ESTABLISHED] = "established",
	[GW_TCP_SESSION_CLOSING] = "closing",
	[GW_TCP_SESSION_OVER] = "over",
};

static const unsigned state_next[GW_TCP_SESSION_STATES] = {
	[GW_TCP_SESSION_AWAIT_SYN] =
	    1U << GW_TCP_SESSION_AWAIT_ACK | 1U << GW_TCP_SESSION_OVER,
	[GW_TCP_SESSION_AWAIT_ACK] =
	    1U << GW_TCP_SESSION_ESTABLISHED | 1U << GW_TCP_SESSION_OVER,
	[GW_TCP_SESSION_AWAIT_SYN_ACK] =
	    1U << GW_TCP_SESSION_AWAIT_CONFIRM | 1U << GW_TCP_SESSION_OVER,
	[GW_TCP_SESSION_AWAIT_CONFIRM] =
	    1U << GW_TCP_SESSION_ESTABLISHED | 1U << GW_TCP_SESSION_OVER,
	[GW_TCP_SESSION_ESTABLISHED] =
	    1U << GW_TCP_SESSION_CLOSING | 1U << GW_TCP_SESSION_OVER,
	[GW_TCP_SESSION_CLOSING] = 1U << GW_TCP_SESSION_OVER,
	[GW_TCP_SESSION_OVER] = 0,
};

struct gw_tcp_session *
gw_tcp_session_of(struct gw_session *base)
{
	return (struct gw_tcp_session *)(void *)base;
}

static const struct gw_tcp_session *
peek(const struct gw_session *base)
{
	return (const struct gw_tcp_session *)(const void *)base;
}

void
gw_tcp_session_set_state(
    struct gw_tcp_session *s, enum gw_tcp_session_state next)
{
	GW_ASSERT((state_next[s->state] & 1U << next) != 0);
	gw_trace(s->base.trace,
	    &(struct gw_trace_event){
		.kind = GW_TRACE_STATE,
		.state = { state_name[s->state], state_name[next] },
	    });
	s->state = next;
}

void
gw_tcp_session_trace(
    const struct gw_tcp_session *s, const char *message, bool out)
{
	gw_trace(s->base.trace, &(struct gw_trace_event){
				    .kind = GW_TRACE_HELLO,
				    .hello = { message, 0, out, false },
				});
}

/* ---- life ---- */

static void
drop_handshake(struct gw_tcp_session *s)
{
	if (s->handshake == NULL)
		return;
	gw_handshake_fini(s->handshake);
	free(s->handshake);
	s->handshake = NULL;
}

static void
tcp_free(struct gw_session *base)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);

	drop_handshake(s);
	if (s->link != NULL) {
		gw_record_out_fini(&s->link->out);
		gw_record_in_fini(&s->link->in);
		gw_queue_fini(&s->link->messages);
		free(s->link);
	}
	gw_wipe(s, sizeof(*s));
	free(s);
}

static void
tcp_abort(
    struct gw_session *base, enum gw_err err, const char *text, gw_usec now)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);

	(void)now;
	gw_tcp_session_reset(s, err, text, text);
}

bool
gw_tcp_session_is_open(const struct gw_tcp_session *s)
{
	return s->state == GW_TCP_SESSION_ESTABLISHED ||
	       s->state == GW_TCP_SESSION_CLOSING;
}

static bool
tcp_is_open(const struct gw_session *base)
{
	return gw_tcp_session_is_open(peek(base));
}

bool
gw_tcp_session_is_opening(const struct gw_tcp_session *s)
{
	return s->state < GW_TCP_SESSION_ESTABLISHED;
}

/* ---- the carrier's side ---- */

uint8_t *
gw_tcp_session_recv_buf(struct gw_session *base, size_t *cap)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);

	*cap = 0;
	if (s->state == GW_TCP_SESSION_OVER)
		return NULL;
	if (s->link == NULL)
		return gw_handshake_in_space(s->handshake, cap);
	return gw_record_in_space(&s->link->in, cap);
}

void
gw_tcp_session_recv_ack(struct gw_session *base, size_t n, gw_usec now)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);

	if (s->state == GW_TCP_SESSION_OVER || n == 0)
		return;
	s->heard = now;
	if (s->link != NULL) {
		gw_record_in_added(&s->link->in, n);
		return;
	}
	gw_handshake_in_added(s->handshake, n);
	gw_tcp_session_advance(s);
}

void
gw_tcp_session_recv_end(struct gw_session *base, gw_usec now)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);

	(void)now;
	s->carrier_ended = true;
}

struct gw_slice
gw_tcp_session_send_buf(struct gw_session *base, gw_usec now)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);
	struct gw_tcp_session_link *l = s->link;
	struct gw_slice out = gw_slice(NULL, 0);

	if (s->carrier_ended)
		return out;
	if (s->handshake != NULL)
		out = gw_handshake_output(s->handshake);
	if (out.n > 0 || l == NULL)
		return out;
	if (gw_tcp_session_is_open(s))
		gw_tcp_session_put_controls(s, now);
	out = gw_outbox_peek(&l->out.box);
	if (out.n == 0)
		out = gw_slice(
		    l->last + l->last_sent, l->last_len - l->last_sent);
	return out;
}

/* The last of a message leaves: which one it is, follows from the state. */
static void
trace_hello(const struct gw_tcp_session *s, struct gw_slice out, size_t n)
{
	if (n < out.n)
		return;
	if (s->state == GW_TCP_SESSION_OVER)
		gw_tcp_session_trace(s, "RST", true);
	else if (s->link != NULL)
		gw_tcp_session_trace(s, "ACK", true);
	else
		gw_tcp_session_trace(s, s->initiator ? "SYN" : "SYN_ACK", true);
}

void
gw_tcp_session_send_ack(struct gw_session *base, size_t n, gw_usec now)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);
	struct gw_tcp_session_link *l = s->link;

	if (n == 0)
		return;
	s->sent_at = now;
	if (s->handshake != NULL && gw_handshake_output(s->handshake).n > 0) {
		trace_hello(s, gw_handshake_output(s->handshake), n);
		gw_handshake_sent(s->handshake, n);
	} else if (!gw_outbox_empty(&l->out.box)) {
		gw_outbox_drop(&l->out.box, n);
	} else {
		GW_ASSERT(n <= l->last_len - l->last_sent);
		l->last_sent += n;
	}
	if (s->fin_sent && s->fin_received)
		gw_tcp_session_settle(s);
}

static void
tcp_tick(struct gw_session *base, gw_usec now)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);
	struct gw_close close;

	if (!gw_tcp_session_is_opening(s) || now < s->open_by)
		return;
	if (gw_tcp_session_is_unanswered(s))
		gw_close_set(&close, GW_E_CONNECT,
		    "connected, but no answer came: is that a godwit?");
	else
		gw_close_set(&close, GW_E_STALLED,
		    "the handshake was not finished in time");
	gw_tcp_session_close(s, &close);
}

static gw_usec
tcp_deadline(const struct gw_session *base)
{
	const struct gw_tcp_session *s = peek(base);

	if (s->opened_due || s->closed_due)
		return 0;
	if (s->state == GW_TCP_SESSION_OVER)
		return GW_NEVER;
	if (s->carrier_ended)
		return 0;
	return gw_tcp_session_is_opening(s) ? s->open_by
					    : gw_tcp_session_ping_at(s);
}

static gw_usec
tcp_heard(const struct gw_session *base)
{
	const struct gw_tcp_session *s = peek(base);

	return s->heard;
}

/* ---- events ---- */

static bool
tell_opened(struct gw_tcp_session *s, struct gw_session_event *ev)
{
	s->opened_due = false;
	*ev = (struct gw_session_event){
		.kind = GW_SESSION_OPENED,
		.opened = {
		    .peer = s->peer,
		    .name = s->peer_intro.name,
		    .remember = s->peer_intro.remember,
		    .cipher = s->cipher,
		    .mode = s->mode,
		    .ticket = s->ticket,
		},
	};
	return true;
}

static bool
tell_closed(struct gw_tcp_session *s, struct gw_session_event *ev)
{
	s->closed_due = false;
	*ev = (struct gw_session_event){
		.kind = GW_SESSION_CLOSED,
		.closed = {
		    .err = s->close.err,
		    .guess = s->close.guess,
		    .by_peer = s->close.by_peer,
		    .unknown_ticket = s->close.unknown_ticket,
		    .forgotten = s->close.forgotten,
		    .refused = s->close.refused,
		    .peer = s->shown ? s->peer : NULL,
		    .text = s->close.text,
		},
	};
	return true;
}

static bool
tcp_event(struct gw_session *base, struct gw_session_event *ev)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);
	enum gw_progress p = GW_PROGRESS_SOME;

	if (s->opened_due)
		return tell_opened(s, ev);
	while (p == GW_PROGRESS_SOME && s->link != NULL &&
	       s->state != GW_TCP_SESSION_OVER) {
		p = gw_tcp_session_read(s, ev);
		if (s->opened_due)
			return tell_opened(s, ev);
	}
	if (p == GW_PROGRESS_EVENT)
		return true;
	if (s->state != GW_TCP_SESSION_OVER)
		gw_tcp_session_settle(s);
	if (gw_tcp_session_is_open(s) && s->handshake != NULL &&
	    gw_handshake_output(s->handshake).n == 0)
		drop_handshake(s);
	return s->closed_due && tell_closed(s, ev);
}

/* ---- streams ---- */

static bool
may_send(const struct gw_tcp_session *s)
{
	return gw_tcp_session_is_open(s) && !s->fin_wanted;
}

static size_t
tcp_writable(const struct gw_session *base, uint16_t stream)
{
	const struct gw_tcp_session *s = peek(base);
	uint64_t window;
	size_t room;

	if (!may_send(s))
		return 0;
	window = gw_streams_room(&s->link->streams, stream);
	room = gw_record_out_room(&s->link->out, stream);
	return room < window ? room : (size_t)window;
}

static size_t
tcp_write(
    struct gw_session *base, uint16_t stream, struct gw_slice data, gw_usec now)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);
	struct gw_tcp_session_link *l = s->link;
	size_t taken;

	(void)now;
	if (!may_send(s))
		return 0;
	taken = gw_record_out_write(&l->out, &l->streams, stream, data);
	l->streams.v[stream].blocked =
	    taken < data.n && gw_streams_room(&l->streams, stream) == 0;
	return taken;
}

static bool
tcp_blocked(const struct gw_session *base, uint16_t stream)
{
	const struct gw_tcp_session *s = peek(base);

	return s->link != NULL && s->link->streams.v[stream].blocked;
}

static void
tcp_credit(struct gw_session *base, uint16_t stream, size_t n)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);

	if (s->link != NULL)
		gw_streams_credit(&s->link->streams, stream, n);
}

static void
tcp_end(struct gw_session *base, uint16_t stream)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);

	if (may_send(s))
		gw_streams_end(&s->link->streams, stream);
}

/* What was taken is sealed at once. */
static uint64_t
tcp_unsent(const struct gw_session *base, uint16_t stream, bool *held)
{
	const struct gw_tcp_session *s = peek(base);

	*held = s->link != NULL && !s->link->streams.v[stream].ended_out &&
		gw_streams_room(&s->link->streams, stream) == 0;
	return 0;
}

static void
tcp_reset(struct gw_session *base, uint16_t stream, uint64_t code)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);

	if (may_send(s))
		gw_streams_reset(&s->link->streams, stream, code);
}

static void
tcp_finish(struct gw_session *base, gw_usec now)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);

	(void)now;
	GW_ASSERT(!gw_tcp_session_is_opening(s));
	if (s->state == GW_TCP_SESSION_OVER)
		return;
	s->fin_wanted = true;
	if (s->state == GW_TCP_SESSION_ESTABLISHED)
		gw_tcp_session_set_state(s, GW_TCP_SESSION_CLOSING);
}

/* ---- begin ---- */

static const struct gw_session_ops ops = {
	.free = tcp_free,
	.tick = tcp_tick,
	.deadline = tcp_deadline,
	.heard = tcp_heard,
	.event = tcp_event,
	.writable = tcp_writable,
	.write = tcp_write,
	.blocked = tcp_blocked,
	.credit = tcp_credit,
	.unsent = tcp_unsent,
	.end = tcp_end,
	.reset = tcp_reset,
	.datagram_max = gw_tcp_session_datagram_max,
	.datagram = gw_tcp_session_datagram,
	.datagrams = gw_tcp_session_datagrams,
	.finish = tcp_finish,
	.abort = tcp_abort,
	.is_open = tcp_is_open,
};

enum gw_err
gw_tcp_session_new(
    const struct gw_session_options *o, gw_usec now, struct gw_session **out)
{
	struct gw_tcp_session *s = calloc(1, sizeof(*s));

	GW_ASSERT(o->window >= GW_STREAM_WINDOW);
	if (s == NULL)
		return GW_E_MEMORY;
	if ((s->handshake = malloc(sizeof(*s->handshake))) == NULL) {
		free(s);
		return GW_E_MEMORY;
	}
	s->base.ops = &ops;
	s->state = o->initiator ? GW_TCP_SESSION_AWAIT_SYN_ACK
				: GW_TCP_SESSION_AWAIT_SYN;
	s->initiator = o->initiator;
	s->window = o->window;
	s->roll = GW_REKEY_RECORDS;
	s->heard = s->sent_at = now;
	s->open_by =
	    now + (o->initiator ? ANSWER_SECONDS : GW_PENDING_SECONDS) * GW_SEC;
	gw_handshake_init(s->handshake, GW_CARRIER_TCP, o);
	if (o->trace != NULL)
		gw_session_trace_begin(
		    &s->base, o, GW_CARRIER_TCP, gw_random_u64(&o->random));
	*out = &s->base;
	return GW_OK;
}
