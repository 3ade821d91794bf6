/*
 *	AWAIT_SYN ---SYN--> AWAIT_ACK ---ACK--------.
 *                                                   v     FIN
 *	AWAIT_SYN_ACK --SYN_ACK--> AWAIT_CONFIRM -> ESTABLISHED --> CLOSING
 *                                        CONFIRM                     |
 *	any: RST, end, error, time ------------> OVER <----- both FINs -'
 */
#include "session/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "session/session_private.h"

enum { ANSWER_SECONDS = 10 }; /* an initiator waits for its answer */

static_assert(
    sizeof(struct gw_session) + sizeof(struct gw_handshake) <= GW_PENDING_BYTES,
    "what exists before authentication");

static const char *const state_name[GW_SESSION_STATES] = {
	[GW_SESSION_AWAIT_SYN] = "await-syn",
	[GW_SESSION_AWAIT_ACK] = "await-ack",
	[GW_SESSION_AWAIT_SYN_ACK] = "await-syn-ack",
	[GW_SESSION_AWAIT_CONFIRM] = "await-confirm",
	[GW_SESSION_ESTABLISHED] = "established",
	[GW_SESSION_CLOSING] = "closing",
	[GW_SESSION_OVER] = "over",
};

static const unsigned state_next[GW_SESSION_STATES] = {
	[GW_SESSION_AWAIT_SYN] =
	    1U << GW_SESSION_AWAIT_ACK | 1U << GW_SESSION_OVER,
	[GW_SESSION_AWAIT_ACK] =
	    1U << GW_SESSION_ESTABLISHED | 1U << GW_SESSION_OVER,
	[GW_SESSION_AWAIT_SYN_ACK] =
	    1U << GW_SESSION_AWAIT_CONFIRM | 1U << GW_SESSION_OVER,
	[GW_SESSION_AWAIT_CONFIRM] =
	    1U << GW_SESSION_ESTABLISHED | 1U << GW_SESSION_OVER,
	[GW_SESSION_ESTABLISHED] =
	    1U << GW_SESSION_CLOSING | 1U << GW_SESSION_OVER,
	[GW_SESSION_CLOSING] = 1U << GW_SESSION_OVER,
	[GW_SESSION_OVER] = 0,
};

void
gw_session_set_state(struct gw_session *s, enum gw_session_state next)
{
	GW_ASSERT((state_next[s->state] & 1U << next) != 0);
	gw_trace(s->trace, "session %s -> %s", state_name[s->state],
	    state_name[next]);
	s->state = next;
}

/* ---- begin and end ---- */

enum gw_err
gw_session_new(
    const struct gw_session_options *o, gw_usec now, struct gw_session **out)
{
	struct gw_session *s = calloc(1, sizeof(*s));

	GW_ASSERT(o->window >= GW_STREAM_WINDOW);
	if (s == NULL)
		return GW_E_MEMORY;
	if ((s->handshake = malloc(sizeof(*s->handshake))) == NULL) {
		free(s);
		return GW_E_MEMORY;
	}
	s->state =
	    o->initiator ? GW_SESSION_AWAIT_SYN_ACK : GW_SESSION_AWAIT_SYN;
	s->initiator = o->initiator;
	s->trace = o->trace;
	s->window = o->window;
	s->roll = GW_REKEY_RECORDS;
	s->heard = s->sent_at = now;
	s->open_by =
	    now + (o->initiator ? ANSWER_SECONDS : GW_PENDING_SECONDS) * GW_SEC;
	gw_handshake_init(s->handshake, o);
	*out = s;
	return GW_OK;
}

static void
drop_handshake(struct gw_session *s)
{
	if (s->handshake == NULL)
		return;
	gw_handshake_fini(s->handshake);
	free(s->handshake);
	s->handshake = NULL;
}

void
gw_session_free(struct gw_session *s)
{
	if (s == NULL)
		return;
	drop_handshake(s);
	if (s->link != NULL) {
		gw_record_out_fini(&s->link->out);
		gw_record_in_fini(&s->link->in);
		free(s->link);
	}
	gw_wipe(s, sizeof(*s));
	free(s);
}

void
gw_session_close(struct gw_session *s, const struct gw_close *close)
{
	if (s->state == GW_SESSION_OVER)
		return;
	gw_trace(s->trace, "session closed: %s: %s", gw_err_name(close->err),
	    close->text);
	s->close = *close;
	s->closed_due = true;
	gw_session_set_state(s, GW_SESSION_OVER);
}

void
gw_session_reset(
    struct gw_session *s, enum gw_err err, const char *text, const char *told)
{
	struct gw_session_link *l = s->link;
	const struct gw_frame rst = {
		.type = GW_FRAME_RST,
		.value = gw_rst_code(err),
	};
	struct gw_slice body = gw_slice_str(told);
	struct gw_close close;

	if (s->state == GW_SESSION_OVER)
		return;
	if (body.n > GW_REASON_MAX)
		body.n = GW_REASON_MAX;
	if (l != NULL) {
		gw_record_out_flush(&l->out);
		if (gw_record_out_seal(&l->out, &rst, body, l->last))
			l->last_len = GW_RECORD_HEADER + GW_FRAME_HEADER +
				      body.n + GW_TAG_LEN;
	}
	gw_close_set(&close, err, "%s", text);
	gw_session_close(s, &close);
}

void
gw_session_abort(
    struct gw_session *s, enum gw_err err, const char *text, gw_usec now)
{
	(void)now;
	gw_session_reset(s, err, text, text);
}

bool
gw_session_is_open(const struct gw_session *s)
{
	return s->state == GW_SESSION_ESTABLISHED ||
	       s->state == GW_SESSION_CLOSING;
}

static bool
is_opening(const struct gw_session *s)
{
	return s->state < GW_SESSION_ESTABLISHED;
}

/* ---- the carrier's side ---- */

uint8_t *
gw_session_recv_buf(struct gw_session *s, size_t *cap)
{
	*cap = 0;
	if (s->state == GW_SESSION_OVER)
		return NULL;
	if (s->link == NULL)
		return gw_handshake_in_space(s->handshake, cap);
	return gw_record_in_space(&s->link->in, cap);
}

void
gw_session_recv_ack(struct gw_session *s, size_t n, gw_usec now)
{
	if (s->state == GW_SESSION_OVER || n == 0)
		return;
	s->heard = now;
	if (s->link != NULL) {
		gw_record_in_added(&s->link->in, n);
		return;
	}
	gw_handshake_in_added(s->handshake, n);
	gw_session_advance(s);
}

void
gw_session_recv_end(struct gw_session *s, gw_usec now)
{
	(void)now;
	s->carrier_ended = true;
}

/* All that is to be sent was taken by the carrier. */
static bool
all_sent(const struct gw_session *s)
{
	const struct gw_session_link *l = s->link;

	if (s->handshake != NULL && gw_handshake_output(s->handshake).n > 0)
		return false;
	return l == NULL ||
	       (l->out.staged == 0 && gw_outbox_empty(&l->out.box) &&
		   l->last_sent == l->last_len);
}

/* Before anything of a godwit came, this was no connection at all. */
static bool
is_unanswered(const struct gw_session *s)
{
	return s->state == GW_SESSION_AWAIT_SYN_ACK;
}

static void
close_lost(struct gw_session *s)
{
	struct gw_close close;

	if (is_unanswered(s))
		gw_close_set(&close, GW_E_CONNECT,
		    "it took the connection and closed it without an answer: "
		    "is that a godwit, and does it wait?");
	else if (is_opening(s))
		gw_close_set(&close, GW_E_LOST,
		    "the connection was closed in mid-handshake");
	else
		gw_close_set(&close, GW_E_LOST, "the connection was lost");
	gw_session_close(s, &close);
}

/* What can be said only when nothing more is to be read or sent. */
static void
settle(struct gw_session *s)
{
	const struct gw_close good = { .err = GW_OK };

	if (s->fin_sent && s->fin_received && all_sent(s))
		gw_session_close(s, &good);
	else if (s->carrier_ended)
		close_lost(s);
}

struct gw_slice
gw_session_send_buf(struct gw_session *s, gw_usec now)
{
	struct gw_session_link *l = s->link;
	struct gw_slice out = gw_slice(NULL, 0);

	if (s->carrier_ended)
		return out;
	if (s->handshake != NULL)
		out = gw_handshake_output(s->handshake);
	if (out.n > 0 || l == NULL)
		return out;
	if (gw_session_is_open(s))
		gw_session_put_controls(s, now);
	out = gw_outbox_peek(&l->out.box);
	if (out.n == 0)
		out = gw_slice(
		    l->last + l->last_sent, l->last_len - l->last_sent);
	return out;
}

void
gw_session_send_ack(struct gw_session *s, size_t n, gw_usec now)
{
	struct gw_session_link *l = s->link;

	if (n == 0)
		return;
	s->sent_at = now;
	if (s->handshake != NULL && gw_handshake_output(s->handshake).n > 0) {
		gw_handshake_sent(s->handshake, n);
	} else if (!gw_outbox_empty(&l->out.box)) {
		gw_outbox_drop(&l->out.box, n);
	} else {
		GW_ASSERT(n <= l->last_len - l->last_sent);
		l->last_sent += n;
	}
	if (s->fin_sent && s->fin_received)
		settle(s);
}

void
gw_session_tick(struct gw_session *s, gw_usec now)
{
	struct gw_close close;

	if (!is_opening(s) || now < s->open_by)
		return;
	if (is_unanswered(s))
		gw_close_set(&close, GW_E_CONNECT,
		    "connected, but no answer came: is that a godwit?");
	else
		gw_close_set(&close, GW_E_STALLED,
		    "the handshake was not finished in time");
	gw_session_close(s, &close);
}

gw_usec
gw_session_deadline(const struct gw_session *s)
{
	if (s->opened_due || s->closed_due)
		return 0;
	if (s->state == GW_SESSION_OVER)
		return GW_NEVER;
	if (s->carrier_ended)
		return 0;
	return is_opening(s) ? s->open_by : gw_session_ping_at(s);
}

gw_usec
gw_session_heard(const struct gw_session *s)
{
	return s->heard;
}

/* ---- events ---- */

static bool
tell_opened(struct gw_session *s, struct gw_session_event *ev)
{
	s->opened_due = false;
	*ev = (struct gw_session_event){
		.kind = GW_SESSION_OPENED,
		.opened = {
		    .peer = s->peer,
		    .name = s->peer_name,
		    .cipher = s->cipher,
		    .mode = s->mode,
		    .ticket = s->ticket,
		},
	};
	return true;
}

static bool
tell_closed(struct gw_session *s, struct gw_session_event *ev)
{
	s->closed_due = false;
	*ev = (struct gw_session_event){
		.kind = GW_SESSION_CLOSED,
		.closed = {
		    .err = s->close.err,
		    .guess = s->close.guess,
		    .by_peer = s->close.by_peer,
		    .unknown_ticket = s->close.unknown_ticket,
		    .text = s->close.text,
		},
	};
	return true;
}

bool
gw_session_event(struct gw_session *s, struct gw_session_event *ev)
{
	enum gw_progress p = GW_PROGRESS_SOME;

	if (s->opened_due)
		return tell_opened(s, ev);
	while (p == GW_PROGRESS_SOME && s->link != NULL &&
	       s->state != GW_SESSION_OVER) {
		p = gw_session_read(s, ev);
		if (s->opened_due)
			return tell_opened(s, ev);
	}
	if (p == GW_PROGRESS_EVENT)
		return true;
	if (s->state != GW_SESSION_OVER)
		settle(s);
	if (gw_session_is_open(s) && s->handshake != NULL &&
	    gw_handshake_output(s->handshake).n == 0)
		drop_handshake(s);
	return s->closed_due && tell_closed(s, ev);
}

/* ---- streams ---- */

static bool
may_send(const struct gw_session *s)
{
	return gw_session_is_open(s) && !s->fin_wanted;
}

size_t
gw_session_writable(const struct gw_session *s, uint16_t stream)
{
	uint64_t window;
	size_t room;

	GW_ASSERT(stream < GW_STREAMS_MAX);
	if (!may_send(s))
		return 0;
	window = gw_streams_room(&s->link->streams, stream);
	room = gw_record_out_room(&s->link->out, stream);
	return room < window ? room : (size_t)window;
}

size_t
gw_session_write(
    struct gw_session *s, uint16_t stream, struct gw_slice data, gw_usec now)
{
	struct gw_session_link *l = s->link;
	size_t taken;

	(void)now;
	GW_ASSERT(stream < GW_STREAMS_MAX);
	if (!may_send(s))
		return 0;
	taken = gw_record_out_write(&l->out, &l->streams, stream, data);
	l->streams.v[stream].blocked =
	    taken < data.n && gw_streams_room(&l->streams, stream) == 0;
	return taken;
}

bool
gw_session_blocked(const struct gw_session *s, uint16_t stream)
{
	GW_ASSERT(stream < GW_STREAMS_MAX);
	return s->link != NULL && s->link->streams.v[stream].blocked;
}

void
gw_session_credit(struct gw_session *s, uint16_t stream, size_t n)
{
	GW_ASSERT(stream < GW_STREAMS_MAX);
	if (s->link != NULL)
		gw_streams_credit(&s->link->streams, stream, n);
}

void
gw_session_end(struct gw_session *s, uint16_t stream)
{
	GW_ASSERT(stream < GW_STREAMS_MAX);
	if (may_send(s))
		gw_streams_end(&s->link->streams, stream);
}

void
gw_session_finish(struct gw_session *s, gw_usec now)
{
	(void)now;
	GW_ASSERT(!is_opening(s));
	if (s->state == GW_SESSION_OVER)
		return;
	s->fin_wanted = true;
	if (s->state == GW_SESSION_ESTABLISHED)
		gw_session_set_state(s, GW_SESSION_CLOSING);
}
