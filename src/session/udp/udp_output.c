/*
 * The hot path out: bursts of equal packets, sealed straight from the memory
 * that holds the data.
 *
 * A packet is its clear header, a small head (control frames, then the head
 * of a STREAM frame) and the chunk's bytes.  The head is filled up in front
 * with PADDING to a multiple of 16, so that the cipher takes both where they
 * cannot be joined for the while (udp_seal.c), and so that a full packet is
 * exactly as large as the path takes.
 */
#include <string.h>

#include "base/assert.h"
#include "session/udp/udp_session_private.h"

enum {
	OVERHEAD = GW_UDP_OVERHEAD,
	FRONT = 32,    /* room for PADDING in front of the frames */
	FRAMES = 1024, /* room for frames: 32 ranges of ACK and more */
	STREAM_HEAD = 1 + 2 + 8,
	BURST_MAX = 64, /* packets; the kernel takes no more in one call */
	SMALL = 256,    /* a DATAGRAM up to that goes beside other frames */
	SMALL_MOST = 6  /* so many of them */
};

/* A packet that is being put together. */
struct draft {
	uint8_t room[FRONT + FRAMES];
	struct gw_writer w;
	struct gw_sent_packet sent;
	struct gw_slice body;
	uint8_t *at; /* of a chunk's bytes: see gw_ring_at; NULL: other ones */
	bool whole;  /* the body is a DATAGRAM, still in its queue */
	size_t head; /* planned for a body that fills the packet; 0 */
	bool ack, in_train;
	struct gw_ack told;
	bool traced;
	struct gw_udp_told frames;
};

static size_t
up16(size_t n)
{
	return (n + 15) & ~(size_t)15;
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

	gw_intro_encode(&s->intro, name);
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

/* One of them: its packet is to remember which. */
static void
put_reset(struct gw_udp_link *l, struct draft *d)
{
	struct gw_pframe f;

	if (!gw_udp_streams_next_reset(&l->streams, &f))
		return;
	put(d, &f);
	d->sent.content.stream = f.reset.id;
	d->sent.content.controls |= GW_CARRIES_RESET;
}

/* What is due, but for CONFIRM. */
static void
put_controls(struct gw_udp_session *s, struct draft *d)
{
	struct gw_udp_link *l = s->link;
	const bool alone = gw_udp_session_is_alone(s);
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
	if (!alone && gw_udp_session_has_windows(s))
		put_windows(l, d);
	if (!alone && gw_udp_session_has_reset(s))
		put_reset(l, d);
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
	d->at = NULL;
	d->head = 0;
	d->ack = d->whole = false;
	d->traced = s->base.trace != NULL;
	d->frames.count = 0;
	d->frames.out = true;
	d->frames.again = false;
	d->sent.number = s->link->next_number;
}

/* DATAGRAM frames: small ones several at once, a large one is the body. */
static void
put_datagrams(struct gw_udp_session *s, struct draft *d, size_t size)
{
	struct gw_udp_link *l = s->link;
	struct gw_slice m;

	for (unsigned i = 0;
	     i < SMALL_MOST && gw_udp_session_next_datagram(s, size, &m); i++) {
		const size_t before = gw_writer_len(&d->w);
		const bool small = m.n <= SMALL;

		if (OVERHEAD + up16(before + (small ? m.n + 3 : 1)) +
			    (small ? 0 : m.n) >
			size ||
		    (small && before + m.n + 3 > FRAMES))
			return; /* in the next packet */
		put(d, &(struct gw_pframe){ .type = GW_PFRAME_DATAGRAM,
			   .datagram = { m, small } });
		d->sent.eliciting = true;
		d->sent.content.controls |= GW_CARRIES_DATAGRAM;
		if (!small) {
			d->body = m;
			d->whole = true;
			return;
		}
		gw_queue_pop(&l->messages);
	}
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

	if (size < OVERHEAD + head + 1 || d->whole ||
	    d->sent.content.controls & GW_CARRIES_RESET)
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
	d->at = c.chunk.at;
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
	return gw_udp_session_seal_chunk(s, d->sent.number, text, d->at, out);
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
	if (d->in_train)
		d->sent.content.controls |= GW_IN_TRAIN;
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
has_datagram(struct gw_udp_session *s, size_t size)
{
	struct gw_slice m;

	return gw_udp_session_is_open(s) &&
	       gw_udp_session_next_datagram(s, size, &m);
}

/* What confirms the keys must not depend on who loses marked packets. */
static bool
is_marked(const struct gw_udp_session *s)
{
	const struct gw_udp_link *l = s->link;

	return (s->initiator || l->confirm_told) &&
	       gw_recovery_ect(&l->recovery);
}

/* What the draft says, as far as there is anything to say. */
static void
fill_in(struct gw_udp_session *s, struct draft *d, size_t size, bool may)
{
	struct gw_udp_link *l = s->link;
	const bool data = may && gw_udp_session_has_data(s);
	const bool datagram = may && has_datagram(s, size);

	if (l->due == 0 && !gw_udp_session_has_due(s) && !data && !datagram &&
	    !gw_udp_session_has_ack(s))
		return;
	/* In front: until it has come nothing else is heard. */
	if ((l->due & (GW_DUE_CONFIRM | GW_DUE_RST)) == GW_DUE_CONFIRM)
		put_confirm(d, s);
	/* A FIN says what has come in any case: who sends the last one may be
	 * gone before an ACK that was lost could be said again. */
	if ((gw_ack_out_pending(&l->acks) || (l->due & GW_DUE_FIN) != 0) &&
	    !gw_udp_session_is_alone(s) &&
	    !gw_udp_session_is_held(s, GW_PACKET_MIN))
		put_ack(s, d);
	put_controls(s, d);
	if (datagram)
		put_datagrams(s, d, size);
	if (data)
		put_chunk(s, d, size);
}

/* One packet at `out`, with data if it may; 0: nothing is to be said. */
static size_t
one(struct gw_udp_session *s, uint8_t *out, size_t size, bool may,
    bool in_train)
{
	struct gw_udp_link *l = s->link;
	const uint64_t epoch = l->out.epoch;
	struct draft d;
	enum gw_err err;
	size_t n;

	start(s, &d);
	d.in_train = in_train;
	fill_in(s, &d, size, may);
	if (gw_writer_len(&d.w) == 0)
		return 0;
	if ((err = gw_keys_prepare(&l->out, d.sent.number)) != GW_OK) {
		broken(s, err);
		return 0;
	}
	gw_udp_session_trace_key(s, true, epoch);
	d.sent.ect = is_marked(s);
	n = seal(s, &d, out);
	if (d.whole)
		gw_queue_pop(&l->messages);
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
	if (gw_udp_session_has_data(s))
		return;
	if (gw_recovery_oldest(&l->recovery, &c))
		gw_udp_session_repeat(s, UINT64_MAX, &c);
	if (!gw_udp_session_has_data(s) && l->due == 0)
		l->due |= GW_DUE_PING;
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
	b->len = b->segment = one(s, b->buf, GW_PACKET_MIN, false, false);
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
	const unsigned packets = gw_udp_session_longest_train(s);
	uint64_t left = gw_udp_session_budget(s);

	for (unsigned i = 0; i < packets && b->len + size <= b->cap; i++) {
		const size_t most = b->len == 0 ? size : b->segment;
		size_t n = one(s, b->buf + b->len, most, left >= size, i > 0);

		if (n == 0)
			break;
		if (b->len == 0)
			b->segment = n;
		b->len += n;
		left -= n < left ? n : left;
		if (n < b->segment || gw_udp_session_goes_alone(s, n))
			break;
	}
	s->link->trains.sent = s->link->trains.sent || b->len > b->segment;
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
	if (response_elsewhere(s, b) || gw_udp_session_mtu_probe(s, b))
		return true;
	if (gw_udp_session_is_held(s, GW_UDP_CONTROL_MOST))
		return false;
	if (s->fin_wanted && !s->fin_sent && !gw_udp_session_has_data(s))
		l->due |= GW_DUE_FIN;
	if (gw_recovery_ack_frequency(&l->recovery, &l->asked))
		l->due |= GW_DUE_FREQUENCY;
	prepare_probe(s);
	fill(s, b);
	if (!gw_udp_session_has_data(s) && l->messages.count == 0) {
		if (gw_udp_session_budget(s) > 0)
			gw_udp_streams_held_up(&l->streams, s->now);
		gw_recovery_app_limited(&l->recovery);
	}
	return b->len > 0;
}
