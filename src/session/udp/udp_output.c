/*
 * The hot path out: bursts of equal packets, sealed straight from the memory
 * that holds the data.
 *
 * A packet is its clear header, a small head (control frames, then the head
 * of a STREAM frame) and the chunk's bytes.  The head is filled up in front
 * with PADDING to a multiple of 16, so that the cipher takes both without
 * joining them, and so that a full packet is exactly as large as the path
 * takes.
 */
#include <string.h>

#include "base/assert.h"
#include "session/udp/udp_session_private.h"

enum {
	OVERHEAD = GW_PACKET_HEADER + GW_TAG_LEN,
	FRONT = 32,    /* room for PADDING in front of the frames */
	FRAMES = 1024, /* room for frames: 32 ranges of ACK and more */
	STREAM_HEAD = 1 + 2 + 8,
	BURST_MAX = 64,    /* packets; the kernel takes no more in one call */
	CONTROL_MOST = 128 /* bytes of a packet without data, ACK, windows */
};

/* A packet that is being put together. */
struct draft {
	uint8_t room[FRONT + FRAMES];
	struct gw_writer w;
	struct gw_sent_packet sent;
	struct gw_slice body;
	size_t head; /* planned for a body that fills the packet; 0 */
	bool ack;
	struct gw_ack told;
	bool traced;
	struct gw_udp_told frames;
};

static size_t
up16(size_t n)
{
	return (n + 15) & ~(size_t)15;
}

size_t
gw_udp_session_seal(struct gw_udp_session *s, uint64_t number,
    const struct gw_slice text[2], uint8_t *out)
{
	struct gw_udp_link *l = s->link;
	const struct gw_packet header = {
		.dcid = s->peer_cid,
		.phase = gw_keys_phase(&l->out, number),
		.low = (uint32_t)number,
	};

	gw_packet_encode(&header, out);
	gw_keys_seal(&l->out, number, gw_slice(out, GW_PACKET_HEADER), text,
	    out + GW_PACKET_HEADER);
	return OVERHEAD + text[0].n + text[1].n;
}

/* ---- what is due ---- */

/* An address that has proved nothing yet has had about all that it may get,
 * or may get no more than what proves it. */
static bool
is_held(const struct gw_udp_session *s, uint64_t least)
{
	const struct gw_udp_probe *p = &s->link->probe;

	return p->active && p->allowance < least && s->state != GW_UDP_CLOSED;
}

static bool
has_ack(const struct gw_udp_session *s)
{
	return gw_ack_out_due(&s->link->acks, s->now) &&
	       !is_held(s, GW_PACKET_MIN);
}

static bool
has_windows(const struct gw_udp_session *s)
{
	return gw_udp_streams_due(&s->link->streams) &&
	       !is_held(s, GW_PACKET_MIN);
}

bool
gw_udp_session_has_due(const struct gw_udp_session *s)
{
	return (s->link->due != 0 && !is_held(s, CONTROL_MOST)) ||
	       has_windows(s);
}

/* ---- control frames ---- */

static void
put(struct draft *d, const struct gw_pframe *f)
{
	gw_pframe_encode(&d->w, f);
	if (d->traced)
		gw_udp_session_told(&d->frames, f);
}

static void
put_rst(struct draft *d, const struct gw_udp_link *l)
{
	put(d, &(struct gw_pframe){
		   .type = GW_PFRAME_RST,
		   .rst = { l->rst_code, gw_slice_str(l->rst_text) },
	       });
}

static void
put_confirm(struct draft *d, const struct gw_udp_session *s)
{
	uint8_t name[GW_NAME_PAYLOAD];

	gw_name_encode(s->name, name);
	put(d, &(struct gw_pframe){
		   .type = GW_PFRAME_CONFIRM,
		   .confirm = gw_slice(name, sizeof(name)),
	       });
}

static void
put_frequency(struct draft *d, const struct gw_udp_link *l)
{
	put(d, &(struct gw_pframe){
		   .type = GW_PFRAME_ACK_FREQUENCY,
		   .frequency = l->asked,
	       });
}

static void
put_windows(struct gw_udp_link *l, struct draft *d)
{
	struct gw_pframe f;

	while ((size_t)(d->w.end - d->w.p) >= GW_UDP_WINDOW_FRAME &&
	       gw_udp_streams_next_window(&l->streams, d->sent.number, &f)) {
		put(d, &f);
		d->sent.content.controls |= GW_CARRIES_WINDOWS;
	}
}

/* What is due, but for CONFIRM. */
static void
put_controls(struct gw_udp_session *s, struct draft *d)
{
	struct gw_udp_link *l = s->link;
	unsigned due = l->due;

	if (due & GW_DUE_RST) {
		put_rst(d, l);
		l->due = 0;
		d->sent.content.controls |= GW_DUE_RST;
		return;
	}
	if (due & GW_DUE_CHALLENGE)
		put(d, &(struct gw_pframe){ .type = GW_PFRAME_PATH_CHALLENGE,
			   .path = l->probe.challenge });
	if (due & GW_DUE_RESPONSE)
		put(d, &(struct gw_pframe){ .type = GW_PFRAME_PATH_RESPONSE,
			   .path = l->response });
	if (due & GW_DUE_FREQUENCY)
		put_frequency(d, l);
	if (due & GW_DUE_FIN)
		put(d, &(struct gw_pframe){ .type = GW_PFRAME_FIN,
			   .fin = { gw_udp_streams_total(&l->streams),
			       s->fin_received } });
	if (due & GW_DUE_PING)
		put(d, &(struct gw_pframe){ .type = GW_PFRAME_PING });
	d->sent.content.controls |= (uint16_t)due;
	l->due = 0;
	if (has_windows(s))
		put_windows(l, d);
	if (due & GW_DUE_FIN) {
		s->fin_sent = true;
		gw_recovery_ending(&l->recovery);
	}
}

static void
put_ack(struct gw_udp_session *s, struct draft *d)
{
	struct gw_udp_link *l = s->link;

	if (!gw_ack_out_fill(&l->acks, &d->told, s->now) ||
	    !gw_ack_encode(&d->w, &d->told))
		return;
	d->ack = true;
	d->sent.content.controls |= GW_CARRIES_ACK;
	if (d->traced)
		gw_udp_session_told(
		    &d->frames, &(struct gw_pframe){
				    .type = GW_PFRAME_ACK, .ack = d->told });
}

/* ---- a packet ---- */

static void
start(struct gw_udp_session *s, struct draft *d)
{
	memset(d->room, 0, FRONT);
	memset(&d->sent, 0, sizeof(d->sent));
	d->w = gw_writer(d->room + FRONT, FRAMES);
	d->body = gw_slice(NULL, 0);
	d->head = 0;
	d->ack = false;
	d->traced = s->base.trace != NULL;
	d->frames.count = 0;
	d->frames.out = true;
	d->frames.again = false;
	d->sent.number = s->link->next_number;
}

/*
 * How much of `room` a chunk uses.  The cipher takes whole lots of 128 bytes
 * fastest, then whole blocks of 16; where the CPU is what limits, a few bytes
 * less a packet are more in all.
 */
static size_t
of_room(const struct gw_udp_link *l, size_t room)
{
	const size_t lots = room & ~(size_t)127;

	if (room < 1024 || !gw_recovery_is_lan(&l->recovery))
		return room;
	return room - lots <= room / 32 ? lots : room & ~(size_t)15;
}

/* A chunk of a stream, so that the packet has `size` bytes at most. */
static void
put_chunk(struct gw_udp_session *s, struct draft *d, size_t size)
{
	struct gw_udp_link *l = s->link;
	const size_t head = up16(gw_writer_len(&d->w) + STREAM_HEAD);
	struct gw_udp_chunk c;
	size_t room;
	struct gw_pframe f; /* it is large: not cleared for nothing */

	if (size < OVERHEAD + head + 1)
		return;
	room = of_room(l, size - OVERHEAD - head);
	if (!gw_udp_streams_chunk(&l->streams, room, &c))
		return;
	f.type = GW_PFRAME_STREAM;
	f.stream.offset = c.chunk.offset;
	f.stream.data = c.chunk.data;
	f.stream.id = c.stream;
	f.stream.end = c.chunk.end;
	f.stream.sized = false;
	put(d, &f);
	d->body = c.chunk.data;
	d->head = c.chunk.data.n == room ? head : 0;
	d->frames.again = c.chunk.again;
	d->sent.content.stream = c.stream;
	d->sent.content.offset = c.chunk.offset;
	d->sent.content.length = (uint32_t)c.chunk.data.n;
	if (c.chunk.end)
		d->sent.content.controls |= GW_CARRIES_END;
	d->sent.eliciting = true;
}

/* Seal it; full ones are of one size.  Returns its length. */
static size_t
seal(struct gw_udp_session *s, struct draft *d, uint8_t *out)
{
	const size_t frames = gw_writer_len(&d->w);
	size_t head = up16(frames);
	struct gw_slice text[2];

	GW_ASSERT(gw_writer_ok(&d->w));
	if (d->head > head)
		head = d->head; /* that of STREAM was shorter than feared */
	GW_ASSERT(head - frames <= FRONT);
	text[0] = gw_slice(d->room + FRONT + frames - head, head);
	text[1] = d->body;
	return gw_udp_session_seal(s, d->sent.number, text, out);
}

/* It leaves: the number is used. */
static enum gw_err
note(struct gw_udp_session *s, struct draft *d, size_t n)
{
	struct gw_udp_link *l = s->link;

	l->next_number++;
	l->datagrams_sent++;
	d->sent.bytes = (uint32_t)n;
	if (d->traced)
		gw_udp_session_trace_packet(s, d->sent.number, n, &d->frames);
	if (d->ack)
		gw_ack_out_sent(&l->acks, d->sent.number, &d->told);
	if (d->sent.content.controls & ~(unsigned)GW_CARRIES_ACK)
		d->sent.eliciting = true;
	if (d->sent.eliciting)
		s->sent_at = s->now;
	return gw_recovery_sent(&l->recovery, &d->sent, s->now);
}

static void
broken(struct gw_udp_session *s, enum gw_err err)
{
	struct gw_close close;

	gw_close_set(&close, err, "%s", gw_err_text(err));
	gw_udp_session_close(s, &close);
}

/* ---- a burst ---- */

static bool
has_data(const struct gw_udp_session *s)
{
	return s->state != GW_UDP_CLOSED && !s->fin_acked &&
	       gw_udp_streams_has_chunk(&s->link->streams);
}

/* What the path still lets out: windows of congestion, pace, and an address
 * that has proved nothing yet. */
static uint64_t
budget(const struct gw_udp_session *s)
{
	const struct gw_udp_link *l = s->link;
	uint64_t n = gw_recovery_budget(&l->recovery, s->now);

	if (gw_recovery_probes(&l->recovery) > 0)
		n = GW_PACKET_MAX;
	if (l->probe.active && l->probe.allowance < n)
		n = l->probe.allowance;
	return n;
}

/* What confirms the keys must not depend on who loses marked packets. */
static bool
is_marked(const struct gw_udp_session *s)
{
	const struct gw_udp_link *l = s->link;

	return (s->initiator || l->confirm_told) &&
	       gw_recovery_ect(&l->recovery);
}

/* One packet at `out`; 0: nothing is to be said. */
static size_t
one(struct gw_udp_session *s, uint8_t *out, size_t size, bool data)
{
	struct gw_udp_link *l = s->link;
	const uint64_t epoch = l->out.epoch;
	struct draft d;
	enum gw_err err;
	size_t n;

	start(s, &d);
	if (l->due == 0 && !data && !has_ack(s) && !has_windows(s))
		return 0;
	/* In front: until it has come nothing else is heard. */
	if ((l->due & (GW_DUE_CONFIRM | GW_DUE_RST)) == GW_DUE_CONFIRM)
		put_confirm(&d, s);
	/* A FIN says what has come in any case: who sends the last one may be
	 * gone before an ACK that was lost could be said again. */
	if ((gw_ack_out_pending(&l->acks) || (l->due & GW_DUE_FIN) != 0) &&
	    !is_held(s, GW_PACKET_MIN))
		put_ack(s, &d);
	put_controls(s, &d);
	if (data)
		put_chunk(s, &d, size);
	if (gw_writer_len(&d.w) == 0)
		return 0;
	if ((err = gw_keys_prepare(&l->out, d.sent.number)) != GW_OK) {
		broken(s, err);
		return 0;
	}
	gw_udp_session_trace_key(s, true, epoch);
	d.sent.ect = is_marked(s);
	n = seal(s, &d, out);
	if ((err = note(s, &d, n)) != GW_OK)
		broken(s, err);
	if (l->probe.active)
		l->probe.allowance -=
		    n < l->probe.allowance ? n : l->probe.allowance;
	return n;
}

/* Whatever a probe for a lost tail is to carry: new data, the oldest that is
 * outstanding, or at least something that wants an ACK. */
static void
prepare_probe(struct gw_udp_session *s)
{
	struct gw_udp_link *l = s->link;
	struct gw_sent_content c;

	if (gw_recovery_probes(&l->recovery) == 0)
		return;
	if (s->fin_sent && !s->fin_told)
		l->due |= GW_DUE_FIN;
	if (has_data(s))
		return;
	if (gw_recovery_oldest(&l->recovery, &c))
		gw_udp_session_repeat(s, UINT64_MAX, &c);
	if (!has_data(s) && l->due == 0)
		l->due |= GW_DUE_PING;
}

/* A datagram that tries a larger size: a burst of its own. */
static bool
mtu_probe(struct gw_udp_session *s, struct gw_burst *b)
{
	static const uint8_t zeros[GW_PACKET_MAX];
	static const uint8_t ping[16] = { GW_PFRAME_PING };
	struct gw_udp_link *l = s->link;
	struct gw_sent_packet sent = {
		.number = l->next_number,
		.eliciting = true,
		.mtu_probe = true,
	};
	struct gw_slice text[2] = { gw_slice(ping, sizeof(ping)) };
	uint32_t size;

	/* Nothing goes before what confirms the keys, nor after the FIN: then
	 * nothing large follows. */
	if (!gw_udp_session_is_open(s) || s->fin_sent || l->probe.active ||
	    (!s->initiator && !l->confirm_told) ||
	    !gw_pmtud_probe(&l->mtu, s->now, &size) || size > b->cap ||
	    gw_keys_prepare(&l->out, sent.number) != GW_OK)
		return false;
	sent.bytes = size;
	text[1] = gw_slice(zeros, size - OVERHEAD - sizeof(ping));
	gw_udp_session_seal(s, sent.number, text, b->buf);
	gw_pmtud_sent(&l->mtu, sent.number, size);
	l->next_number++;
	l->datagrams_sent++;
	if (gw_recovery_sent(&l->recovery, &sent, s->now) != GW_OK)
		return false;
	gw_udp_session_trace_probe(s, sent.number, size);
	b->len = b->segment = size;
	return true;
}

/* A response goes where its challenge came from, which may be elsewhere. */
static bool
response_elsewhere(struct gw_udp_session *s, struct gw_burst *b)
{
	struct gw_udp_link *l = s->link;
	const unsigned others = l->due & ~(unsigned)GW_DUE_RESPONSE;

	if ((l->due & GW_DUE_RESPONSE) == 0 ||
	    gw_path_eq(&l->response_to, &s->path))
		return false;
	l->due = GW_DUE_RESPONSE;
	b->len = b->segment = one(s, b->buf, GW_PACKET_MIN, false);
	l->due |= others;
	b->to = l->response_to;
	return b->len > 0;
}

static void
fill(struct gw_udp_session *s, struct gw_burst *b)
{
	/* What asks whether anything arrives at all is small. */
	const uint32_t size = gw_recovery_probes(&s->link->recovery) > 0
				  ? GW_PACKET_MIN
				  : gw_pmtud_size(&s->link->mtu);
	uint64_t left = budget(s);

	for (unsigned i = 0; i < BURST_MAX && b->len + size <= b->cap; i++) {
		const size_t most = b->len == 0 ? size : b->segment;
		size_t n =
		    one(s, b->buf + b->len, most, left >= size && has_data(s));

		if (n == 0)
			break;
		if (b->len == 0)
			b->segment = n;
		b->len += n;
		left -= n < left ? n : left;
		if (n < b->segment)
			break;
	}
}

bool
gw_udp_session_packets(struct gw_udp_session *s, struct gw_burst *b)
{
	struct gw_udp_link *l = s->link;

	b->len = 0;
	b->to = s->path;
	b->ect = is_marked(s);
	if (s->state == GW_UDP_CLOSED && (l->due & GW_DUE_RST) == 0)
		return false;
	if (response_elsewhere(s, b) || mtu_probe(s, b))
		return true;
	if (is_held(s, CONTROL_MOST))
		return false;
	if (s->fin_wanted && !s->fin_sent && !has_data(s))
		l->due |= GW_DUE_FIN;
	if (gw_recovery_ack_frequency(&l->recovery, &l->asked))
		l->due |= GW_DUE_FREQUENCY;
	prepare_probe(s);
	fill(s, b);
	if (!has_data(s)) {
		if (budget(s) > 0)
			gw_udp_streams_held_up(&l->streams, s->now);
		gw_recovery_app_limited(&l->recovery);
	}
	return b->len > 0;
}

gw_usec
gw_udp_session_output_deadline(const struct gw_udp_session *s)
{
	const struct gw_udp_link *l = s->link;
	gw_usec at = GW_NEVER;

	if (s->state == GW_UDP_CLOSED)
		return GW_NEVER;
	/* Probes for a lost tail that may not leave: no more of them. */
	if (!is_held(s, CONTROL_MOST) || gw_recovery_probes(&l->recovery) == 0)
		at = gw_recovery_deadline(&l->recovery);
	if (!is_held(s, GW_PACKET_MIN))
		at = gw_usec_min(at, gw_ack_out_deadline(&l->acks));
	at = gw_usec_min(at, gw_pmtud_deadline(&l->mtu));
	if (has_data(s) && !is_held(s, gw_pmtud_size(&l->mtu)))
		at = gw_usec_min(at, gw_recovery_send_at(&l->recovery, s->now));
	return at;
}
