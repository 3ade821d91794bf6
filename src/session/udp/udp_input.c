/*
 * The hot path in: a sealed packet is opened where it lies, and its frames
 * are dealt with one after another.
 */
#include <string.h>

#include "base/assert.h"
#include "session/udp/udp_session_private.h"

enum {
	FORGED_MAX = 1 << 30, /* far below the limit of any cipher here */
	CHUNKS_MAX = 8,       /* STREAM, STREAM_RESET and DATAGRAM frames in a
				 packet */
	TELLINGS = 8
};

/* ---- what became of packets ---- */

void
gw_udp_session_repeat(
    struct gw_udp_session *s, uint64_t number, const struct gw_sent_content *c)
{
	struct gw_udp_link *l = s->link;
	/* Others have timers of their own, or are old news. */
	unsigned again = GW_DUE_CONFIRM | GW_DUE_FIN | GW_DUE_FREQUENCY;

	if (s->fin_told)
		again &= ~(unsigned)GW_DUE_FIN;
	if (l->confirm_told)
		again &= ~(unsigned)GW_DUE_CONFIRM;
	l->due |= c->controls & again;
	if (c->controls & GW_CARRIES_WINDOWS)
		gw_udp_streams_windows_lost(&l->streams, number);
	if (c->controls & GW_CARRIES_RESET)
		gw_udp_streams_reset_told(&l->streams, c->stream, false);
	if (c->length > 0 || c->controls & GW_CARRIES_END)
		gw_udp_streams_lost(
		    &l->streams, c, (c->controls & GW_CARRIES_END) != 0);
}

static void
on_acked(struct gw_udp_session *s, const struct gw_fate *f)
{
	struct gw_udp_link *l = s->link;
	const struct gw_sent_content *c = &f->content;

	if (c->controls & GW_CARRIES_ACK)
		gw_ack_out_acked(&l->acks, f->number);
	if (c->controls & GW_IN_TRAIN)
		l->trains.passed = true;
	if (c->controls & GW_DUE_CONFIRM)
		l->confirm_told = true;
	if (c->controls & GW_DUE_FIN)
		s->fin_told = true;
	if (c->controls & GW_CARRIES_RESET)
		gw_udp_streams_reset_told(&l->streams, c->stream, true);
	if (c->length > 0 || c->controls & GW_CARRIES_END)
		gw_udp_streams_acked(
		    &l->streams, c, (c->controls & GW_CARRIES_END) != 0);
}

void
gw_udp_session_take_fates(struct gw_udp_session *s)
{
	struct gw_udp_link *l = s->link;
	const uint32_t size = gw_pmtud_size(&l->mtu);
	struct gw_fate f;

	while (gw_recovery_fate(&l->recovery, &f)) {
		if (f.kind == GW_FATE_ACKED) {
			if (f.mtu_probe)
				gw_pmtud_acked(&l->mtu, f.number);
			else if (f.eliciting)
				gw_pmtud_packet_acked(
				    &l->mtu, f.number, f.bytes);
			on_acked(s, &f);
		} else {
			gw_udp_session_trace_lost(s, &f);
			if (f.mtu_probe)
				gw_pmtud_lost(&l->mtu, f.number);
			else if (f.eliciting)
				gw_pmtud_packet_lost(
				    &l->mtu, f.number, f.bytes, s->now);
			l->messages_lost +=
			    (f.content.controls & GW_CARRIES_DATAGRAM) != 0;
			gw_udp_session_repeat(s, f.number, &f.content);
		}
	}
	if (gw_pmtud_size(&l->mtu) != size)
		gw_trace(
		    s->base.trace, &(struct gw_trace_event){
				       .kind = GW_TRACE_MTU,
				       .mtu = { size, gw_pmtud_size(&l->mtu) },
				   });
	gw_recovery_datagram(&l->recovery, gw_pmtud_size(&l->mtu), s->now);
}

/* ---- frames ---- */

static void
on_confirm(struct gw_udp_session *s, struct gw_slice name)
{
	if (!s->initiator || !gw_intro_decode(name, &s->peer_intro)) {
		gw_udp_session_illegal(s, "CONFIRM");
		return;
	}
	if (s->state != GW_UDP_SYN_SENT)
		return; /* repeated */
	gw_udp_session_confirmed(s);
	s->opened_due = true;
	gw_session_trace_opened(&s->base, s->peer_intro.name, s->cipher);
	gw_udp_session_set_state(s, GW_UDP_ESTABLISHED);
}

static void
on_rst(struct gw_udp_session *s, uint64_t code, struct gw_slice text)
{
	struct gw_close close = {
		.err = gw_rst_code_err(code),
		.by_peer = true,
	};

	if (s->state == GW_UDP_TIME_WAIT)
		return; /* RFC 1337: its end is known, and a FIN may come again
			 */
	gw_text_clean(text, close.text, sizeof(close.text));
	gw_udp_session_close(s, &close);
}

/* What became of a STREAM or STREAM_RESET. */
static void
check_stream(struct gw_udp_session *s, enum gw_udp_data outcome)
{
	struct gw_udp_link *l = s->link;

	switch (outcome) {
	case GW_UDP_DATA_OK:
		if (l->peer_fin &&
		    gw_udp_streams_received(&l->streams) > l->peer_total)
			gw_udp_session_illegal(s, "STREAM beyond FIN");
		break;
	case GW_UDP_DATA_ILLEGAL:
		gw_udp_session_illegal(s, "STREAM");
		break;
	case GW_UDP_DATA_MEMORY:
		gw_udp_session_reset(s, GW_E_MEMORY, gw_err_text(GW_E_MEMORY),
		    "the other side is out of memory");
		break;
	}
}

static void
on_stream(struct gw_udp_session *s, const struct gw_pframe *f)
{
	struct gw_udp_streams *st = &s->link->streams;

	if (!s->fin_received)
		check_stream(s, gw_udp_streams_data(st, f));
	else if (!gw_udp_streams_is_old(st, f))
		gw_udp_session_illegal(s, "STREAM after FIN");
}

static void
on_stream_reset(struct gw_udp_session *s, const struct gw_pframe *f)
{
	struct gw_udp_streams *st = &s->link->streams;

	if (!s->fin_received || gw_udp_streams_is_over_in(st, f->reset.id))
		check_stream(s, gw_udp_streams_reset_in(st, f, s->now));
	else
		gw_udp_session_illegal(s, "STREAM_RESET after FIN");
}

/* One that was overtaken by FIN is too late. */
static void
on_datagram(struct gw_udp_session *s, struct gw_slice data)
{
	if (!s->fin_received)
		gw_udp_streams_datagram(&s->link->streams, data);
}

static void
on_challenge(struct gw_udp_session *s, uint64_t value, const struct gw_path *to)
{
	struct gw_udp_link *l = s->link;

	l->response = value;
	l->response_to = *to;
	l->due |= GW_DUE_RESPONSE;
}

/* It overtook the packet that confirms the keys: it comes again. */
static bool
is_early(const struct gw_udp_session *s, const struct gw_pframe *first)
{
	return s->state == GW_UDP_SYN_SENT &&
	       first->type != GW_PFRAME_CONFIRM && first->type != GW_PFRAME_RST;
}

static void
on_frame(struct gw_udp_session *s, const struct gw_pframe *f,
    const struct gw_incoming *d, uint64_t number)
{
	struct gw_udp_link *l = s->link;

	switch (f->type) {
	case GW_PFRAME_PADDING:
	case GW_PFRAME_PING:
		break;
	case GW_PFRAME_ACK:
	case GW_PFRAME_ACK_ECN:
		if (!gw_recovery_acked(&l->recovery, &f->ack, s->now))
			gw_udp_session_illegal(s, "ACK");
		else
			gw_udp_session_take_fates(s);
		break;
	case GW_PFRAME_ACK_FREQUENCY:
		gw_ack_out_frequency(&l->acks, number, &f->frequency);
		break;
	case GW_PFRAME_STREAM:
		on_stream(s, f);
		break;
	case GW_PFRAME_STREAM_RESET:
		on_stream_reset(s, f);
		break;
	case GW_PFRAME_WINDOW:
	case GW_PFRAME_SESSION_WINDOW:
	case GW_PFRAME_BLOCKED:
	case GW_PFRAME_SESSION_BLOCKED:
		if (!gw_udp_streams_window(&l->streams, f, s->now))
			gw_udp_session_illegal(s, "window");
		break;
	case GW_PFRAME_DATAGRAM:
		on_datagram(s, f->datagram.data);
		break;
	case GW_PFRAME_PATH_CHALLENGE:
		on_challenge(s, f->path, &d->from);
		break;
	case GW_PFRAME_PATH_RESPONSE:
		gw_udp_session_on_response(s, f->path);
		break;
	case GW_PFRAME_FIN:
		gw_udp_session_on_fin(s, f->fin.total, f->fin.seen);
		break;
	case GW_PFRAME_RST:
		on_rst(s, f->rst.code, f->rst.text);
		break;
	case GW_PFRAME_CONFIRM:
		on_confirm(s, f->confirm);
		break;
	}
}

/* ---- packets ---- */

/* Open it; false: it is nothing, or was here before. */
static bool
open_packet(struct gw_udp_session *s, struct gw_incoming *d, uint64_t *number)
{
	struct gw_udp_link *l = s->link;
	const uint64_t epoch = l->in.epoch;
	struct gw_packet p;

	if (!gw_packet_decode(gw_slice(d->p, d->n), &p))
		return false;
	*number = gw_packet_number(p.low, l->any_in ? l->largest_in + 1 : 0);
	if (gw_keys_phase(&l->in, *number) != p.phase ||
	    !gw_ack_out_is_new(&l->acks, *number))
		return false;
	if (gw_keys_open(&l->in, *number, gw_slice(d->p, GW_PACKET_HEADER),
		d->p + GW_PACKET_HEADER, d->n - GW_PACKET_HEADER)) {
		gw_udp_session_trace_key(s, false, epoch);
		return true;
	}
	if (++l->forged == FORGED_MAX)
		gw_udp_session_reset(
		    s, GW_E_LOST, "too much of what arrived was forged", "");
	return false;
}

static void
on_frames(struct gw_udp_session *s, struct gw_incoming *d, uint64_t number)
{
	struct gw_udp_link *l = s->link;
	struct gw_slice in = gw_slice(
	    d->p + GW_PACKET_HEADER, d->n - GW_PACKET_HEADER - GW_TAG_LEN);
	bool eliciting = false, at_once = false;
	struct gw_udp_told told; /* it is long: not cleared for nothing */
	unsigned chunks = 0;
	struct gw_pframe f;
	enum gw_pframes what;

	told.count = 0;
	told.out = told.again = false;
	while ((what = gw_pframe_next(&in, &f)) == GW_PFRAMES_ONE) {
		if (is_early(s, &f))
			return;
		eliciting = eliciting || gw_pframe_is_eliciting(f.type);
		at_once = at_once || f.type == GW_PFRAME_PING ||
			  f.type == GW_PFRAME_FIN;
		chunks += f.type == GW_PFRAME_STREAM ||
			  f.type == GW_PFRAME_STREAM_RESET ||
			  f.type == GW_PFRAME_DATAGRAM;
		if (s->base.trace != NULL)
			gw_udp_session_told(&told, &f);
		if (chunks > CHUNKS_MAX) {
			what = GW_PFRAMES_BAD;
			break;
		}
		on_frame(s, &f, d, number);
		if (s->state == GW_UDP_CLOSED)
			return;
	}
	if (what == GW_PFRAMES_BAD) {
		gw_udp_session_illegal(s, "frame");
		return;
	}
	if (s->base.trace != NULL)
		gw_udp_session_trace_packet(s, number, d->n, &told);
	gw_ack_out_received(&l->acks,
	    &(struct gw_ack_in){ number, eliciting, at_once, d->mark }, s->now);
}

void
gw_udp_session_on_sealed(struct gw_udp_session *s, struct gw_incoming *d)
{
	struct gw_udp_link *l = s->link;
	uint64_t number;

	if (l == NULL || !gw_udp_streams_can_take(&l->streams) ||
	    !open_packet(s, d, &number))
		return;
	s->heard = s->now;
	l->refusals = 0;
	l->datagrams_received++;
	if (s->state == GW_UDP_CLOSED) {
		/* It does not know: what ended this is told again. */
		if (l->rst_told && l->tellings < TELLINGS) {
			l->tellings++;
			l->due = GW_DUE_RST;
		}
		return;
	}
	if (!l->any_in || number > l->largest_in) {
		l->largest_in = number;
		l->any_in = true;
		gw_udp_session_new_address(s, d);
	}
	on_frames(s, d, number);
	gw_udp_session_settle(s);
}
