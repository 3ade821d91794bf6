#include <string.h>

#include "base/assert.h"
#include "session/tcp/tcp_session_private.h"

/* So that the other side's gw_session_heard stays young. */
#define PING_AFTER (2 * GW_SEC)

/* ---- in ---- */

static enum gw_progress
illegal(struct gw_tcp_session *s, const char *what)
{
	gw_trace(s->base.trace, &(struct gw_trace_event){
				    .kind = GW_TRACE_ILLEGAL,
				    .illegal = what,
				});
	gw_tcp_session_reset(s, GW_E_PROTOCOL,
	    "the other side broke the protocol",
	    "what this side sent breaks the protocol");
	return GW_PROGRESS_SOME;
}

static enum gw_progress
damaged(struct gw_tcp_session *s)
{
	struct gw_close close;

	gw_close_set(&close, GW_E_LOST,
	    "what arrived was damaged or tampered with on the way");
	gw_tcp_session_close(s, &close);
	return GW_PROGRESS_SOME;
}

static enum gw_progress
on_confirm(
    struct gw_tcp_session *s, const struct gw_frame *f, struct gw_slice data)
{
	if (f->type != GW_FRAME_CONFIRM ||
	    !gw_intro_decode(data, &s->peer_intro))
		return illegal(s, "first record");
	s->opened_due = true;
	gw_session_trace_opened(&s->base, s->peer_intro.name, s->cipher);
	gw_tcp_session_set_state(s, GW_TCP_SESSION_ESTABLISHED);
	return GW_PROGRESS_SOME;
}

static enum gw_progress
on_stream(struct gw_tcp_session *s, const struct gw_frame *f,
    struct gw_slice data, struct gw_session_event *ev)
{
	if (s->fin_received || !gw_streams_data(&s->link->streams, f))
		return illegal(s, "STREAM");
	*ev = (struct gw_session_event){
		.kind = GW_SESSION_DATA,
		.data = {
		    .stream = f->stream,
		    .bytes = data,
		    .end = (f->flags & GW_FRAME_END) != 0,
		},
	};
	return GW_PROGRESS_EVENT;
}

static enum gw_progress
on_reset(struct gw_tcp_session *s, const struct gw_frame *f,
    struct gw_session_event *ev)
{
	if (s->fin_received ||
	    !gw_streams_reset_in(&s->link->streams, f->stream))
		return illegal(s, "RESET");
	*ev = (struct gw_session_event){
		.kind = GW_SESSION_RESET,
		.reset = { .stream = f->stream, .code = f->value },
	};
	return GW_PROGRESS_EVENT;
}

static enum gw_progress
on_datagram(
    struct gw_tcp_session *s, struct gw_slice data, struct gw_session_event *ev)
{
	if (s->fin_received)
		return illegal(s, "DATAGRAM");
	*ev = (struct gw_session_event){
		.kind = GW_SESSION_DATAGRAM,
		.datagram = data,
	};
	return GW_PROGRESS_EVENT;
}

static enum gw_progress
on_fin(struct gw_tcp_session *s, struct gw_session_event *ev)
{
	if (s->fin_received)
		return illegal(s, "FIN");
	s->fin_received = true;
	gw_tcp_session_trace(s, "FIN", false);
	if (s->state == GW_TCP_SESSION_ESTABLISHED)
		gw_tcp_session_set_state(s, GW_TCP_SESSION_CLOSING);
	*ev = (struct gw_session_event){ .kind = GW_SESSION_FIN };
	return GW_PROGRESS_EVENT;
}

static enum gw_progress
on_rst(struct gw_tcp_session *s, const struct gw_frame *f, struct gw_slice data)
{
	struct gw_close close = {
		.err = gw_rst_code_err(f->value),
		.by_peer = true,
	};

	gw_text_clean(data, close.text, sizeof(close.text));
	gw_tcp_session_close(s, &close);
	return GW_PROGRESS_SOME;
}

static enum gw_progress
on_frame(struct gw_tcp_session *s, const struct gw_frame *f,
    struct gw_slice data, struct gw_session_event *ev)
{
	if (s->state == GW_TCP_SESSION_AWAIT_CONFIRM)
		return on_confirm(s, f, data);
	switch (f->type) {
	case GW_FRAME_STREAM:
		return on_stream(s, f, data, ev);
	case GW_FRAME_WINDOW:
		if (!gw_streams_window(&s->link->streams, f))
			return illegal(s, "WINDOW");
		return GW_PROGRESS_SOME;
	case GW_FRAME_PING:
		return GW_PROGRESS_SOME;
	case GW_FRAME_FIN:
		return on_fin(s, ev);
	case GW_FRAME_RESET:
		return on_reset(s, f, ev);
	case GW_FRAME_DATAGRAM:
		return on_datagram(s, data, ev);
	case GW_FRAME_RST:
		return on_rst(s, f, data);
	default:
		return illegal(s, "frame");
	}
}

/* Instead of CONFIRM a RST in the clear may come; no record begins so. */
static enum gw_progress
read_reset(struct gw_tcp_session *s, struct gw_slice got)
{
	struct gw_close close;

	if (gw_handshake_reset(s->handshake, got, &close) == GW_HANDSHAKE_MORE)
		return GW_PROGRESS_NONE;
	gw_tcp_session_close(s, &close);
	return GW_PROGRESS_SOME;
}

enum gw_progress
gw_tcp_session_read(struct gw_tcp_session *s, struct gw_session_event *ev)
{
	struct gw_record_in *in = &s->link->in;
	const struct gw_slice got = gw_record_in_peek(in);
	struct gw_frame f;
	struct gw_slice data;

	if (s->state == GW_TCP_SESSION_AWAIT_CONFIRM && got.n > 0 &&
	    got.p[0] != 0)
		return read_reset(s, got);
	switch (gw_record_in_next(in, &f, &data)) {
	case GW_RECORD_NONE:
		return GW_PROGRESS_NONE;
	case GW_RECORD_FRAME:
		return on_frame(s, &f, data, ev);
	case GW_RECORD_DAMAGED:
		return damaged(s);
	case GW_RECORD_ILLEGAL:
		return illegal(s, "record");
	case GW_RECORD_FAILED:
		break;
	}
	gw_tcp_session_reset(
	    s, GW_E_FAILED, "the cipher failed", "the cipher failed");
	return GW_PROGRESS_SOME;
}

/* ---- out ---- */

gw_usec
gw_tcp_session_ping_at(const struct gw_tcp_session *s)
{
	/* What waits in the outbox says more than a ping. */
	if (!gw_outbox_empty(&s->link->out.box))
		return GW_NEVER;
	return s->sent_at + PING_AFTER;
}

static void
put_datagrams(struct gw_tcp_session_link *l)
{
	const struct gw_frame f = { .type = GW_FRAME_DATAGRAM };
	struct gw_slice m;

	while (gw_queue_peek(&l->messages, &m) &&
	       gw_record_out_put(&l->out, &f, m))
		gw_queue_pop(&l->messages);
}

void
gw_tcp_session_put_controls(struct gw_tcp_session *s, gw_usec now)
{
	struct gw_record_out *out = &s->link->out;
	const struct gw_slice none = gw_slice(NULL, 0);
	const size_t one = GW_RECORD_HEADER + GW_FRAME_HEADER + GW_TAG_LEN;
	struct gw_frame f;

	gw_record_out_flush(out);
	while (gw_outbox_fits(&out->box, one) > 0 &&
	       gw_streams_next(&s->link->streams, &f))
		if (!gw_record_out_put(out, &f, none))
			break;
	if (!s->fin_sent)
		put_datagrams(s->link);
	f = (struct gw_frame){ .type = GW_FRAME_FIN };
	if (s->fin_wanted && !s->fin_sent && s->link->streams.due == 0 &&
	    s->link->messages.count == 0) {
		s->fin_sent = gw_record_out_put(out, &f, none);
		if (s->fin_sent)
			gw_tcp_session_trace(s, "FIN", true);
	}
	f = (struct gw_frame){ .type = GW_FRAME_PING };
	if (now >= gw_tcp_session_ping_at(s) &&
	    gw_record_out_put(out, &f, none))
		s->sent_at = now;
	if (out->err != GW_OK)
		gw_tcp_session_reset(
		    s, GW_E_FAILED, "the cipher failed", "the cipher failed");
}
