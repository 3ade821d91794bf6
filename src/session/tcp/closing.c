#include "session/tcp/tcp_session_private.h"

void
gw_tcp_session_close(struct gw_tcp_session *s, const struct gw_close *close)
{
	if (s->state == GW_TCP_SESSION_OVER)
		return;
	gw_session_trace_closed(&s->base, close->err, close->text);
	s->close = *close;
	s->closed_due = true;
	gw_tcp_session_set_state(s, GW_TCP_SESSION_OVER);
}

void
gw_tcp_session_reset(struct gw_tcp_session *s, enum gw_err err,
    const char *text, const char *told)
{
	struct gw_tcp_session_link *l = s->link;
	const struct gw_frame rst = {
		.type = GW_FRAME_RST,
		.value = gw_rst_code(err),
	};
	struct gw_slice body = gw_slice_str(told);
	struct gw_close close;

	if (s->state == GW_TCP_SESSION_OVER)
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
	gw_tcp_session_close(s, &close);
}

/* All that is to be sent was taken by the carrier. */
static bool
all_sent(const struct gw_tcp_session *s)
{
	const struct gw_tcp_session_link *l = s->link;

	if (s->handshake != NULL && gw_handshake_output(s->handshake).n > 0)
		return false;
	return l == NULL ||
	       (l->out.staged == 0 && gw_outbox_empty(&l->out.box) &&
		   l->last_sent == l->last_len);
}

bool
gw_tcp_session_is_unanswered(const struct gw_tcp_session *s)
{
	return s->state == GW_TCP_SESSION_AWAIT_SYN_ACK;
}

static void
close_lost(struct gw_tcp_session *s)
{
	struct gw_close close;

	if (gw_tcp_session_is_unanswered(s))
		gw_close_set(&close, GW_E_CONNECT,
		    "it took the connection and closed it without an answer: "
		    "is that a godwit, and does it wait?");
	else if (gw_tcp_session_is_opening(s))
		gw_close_set(&close, GW_E_LOST,
		    "the connection was closed in mid-handshake");
	else
		gw_close_set(&close, GW_E_LOST, "the connection was lost");
	gw_tcp_session_close(s, &close);
}

void
gw_tcp_session_settle(struct gw_tcp_session *s)
{
	const struct gw_close good = { .err = GW_OK };

	if (s->fin_sent && s->fin_received && all_sent(s))
		gw_tcp_session_close(s, &good);
	else if (s->carrier_ended)
		close_lost(s);
}
