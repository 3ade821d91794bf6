#include "session/udp/udp_session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "session/udp/udp_session_private.h"

enum {
	ANSWER_SECONDS = 10, /* an initiator waits for its answer */
	IDLE = 60000000,     /* us */
	MEMORY = 32 << 20,
	AHEAD = 1 << 18,      /* bytes behind the window that may wait */
	DATAGRAM = 16000,     /* larger ones gain nothing, and cost buffers */
	PING_AFTER = 2000000, /* us: gw_session_heard there stays young */
};

static_assert(sizeof(struct gw_udp_session) + sizeof(struct gw_handshake) <=
		  GW_PENDING_BYTES,
    "what exists before authentication");

struct gw_udp_session *
gw_udp_session_of(struct gw_session *base)
{
	return (struct gw_udp_session *)(void *)base;
}

static const struct gw_udp_session *
peek(const struct gw_session *base)
{
	return (const struct gw_udp_session *)(const void *)base;
}

/* ---- the link ---- */

enum gw_err
gw_udp_session_link_init(const struct gw_udp_session *s, struct gw_udp_link *l)
{
	const struct gw_recovery_options ro = {
		.congestion = s->o.congestion,
		.datagram = GW_PACKET_MIN,
		.seed = gw_random_u64(&s->random),
		.rtt = s->flight.tries == 1 ? s->now - s->flight.first : 0,
		.no_ecn = s->o.no_ecn,
		.trace = s->base.trace,
	};
	enum gw_err err;

	if ((err = gw_recovery_init(&l->recovery, &ro, s->now)) != GW_OK)
		return err;
	if ((err = gw_ack_out_init(&l->acks)) != GW_OK)
		return err;
	gw_udp_streams_init(&l->streams, s->window, s->o.memory);
	gw_udp_session_share_memory(s, &l->streams);
	gw_pmtud_init(&l->mtu, s->o.datagram);
	gw_queue_init(&l->messages, GW_UDP_MESSAGES);
	return GW_OK;
}

void
gw_udp_session_link_free(struct gw_udp_link *l)
{
	if (l == NULL)
		return;
	gw_keys_fini(&l->out);
	gw_keys_fini(&l->in);
	gw_recovery_fini(&l->recovery);
	gw_ack_out_fini(&l->acks);
	gw_udp_streams_fini(&l->streams);
	gw_queue_fini(&l->messages);
	free(l);
}

/* ---- what the endpoint calls ---- */

void
gw_udp_session_hello(struct gw_session *base, const struct gw_hello_packet *p,
    size_t bytes, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	s->now = now;
	gw_udp_session_on_hello(s, p, bytes);
}

void
gw_udp_session_input(
    struct gw_session *base, struct gw_incoming *d, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);
	struct gw_session_event ev;

	s->now = now;
	gw_udp_session_on_sealed(s, d);
	/* The end of what comes is of use still. */
	while (s->forsaken && gw_session_event(base, &ev))
		;
}

static bool
has_event(const struct gw_udp_session *s)
{
	return s->opened_due || s->closed_due || s->fin_due ||
	       (s->link != NULL && gw_udp_streams_has_event(&s->link->streams));
}

void
gw_udp_session_batch_end(struct gw_session *base, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	s->now = now;
	if (s->link == NULL)
		return;
	gw_udp_session_share_kernel(s);
	gw_ack_out_batch_end(&s->link->acks, now);
}

void
gw_udp_session_keep(struct gw_session *base, bool full, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	s->now = now;
	s->unpulled = full && has_event(s);
	if (s->link != NULL && gw_udp_streams_keep(&s->link->streams) != GW_OK)
		gw_udp_session_reset(s, GW_E_MEMORY, gw_err_text(GW_E_MEMORY),
		    "the other side is out of memory");
}

bool
gw_udp_session_output(struct gw_session *base, struct gw_burst *b, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	s->now = now;
	b->to = s->path;
	b->ect = false;
	b->len = b->segment = gw_udp_session_opening_output(s, b->buf, b->cap);
	if (b->len > 0)
		return true;
	return s->link != NULL && gw_udp_session_packets(s, b);
}

bool
gw_udp_session_reached(const struct gw_session *base)
{
	const struct gw_udp_session *s = peek(base);

	return s->initiator && s->link != NULL;
}

void
gw_udp_session_go(struct gw_session *base, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	s->now = now;
	gw_udp_session_opening_go(s);
}

/* ---- session.h ---- */

static void
udp_free(struct gw_session *base)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	gw_udp_session_drop_handshake(s);
	gw_udp_session_link_free(s->link);
	gw_wipe(s, sizeof(*s));
	free(s);
}

static void
udp_tick(struct gw_session *base, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);
	struct gw_udp_link *l = s->link;

	s->now = now;
	gw_udp_session_opening_tick(s);
	if (l == NULL || s->state == GW_UDP_CLOSED)
		return;
	gw_recovery_tick(&l->recovery, now);
	gw_udp_session_take_fates(s);
	gw_pmtud_tick(&l->mtu, now);
	gw_udp_session_paths_tick(s);
	gw_udp_streams_tick(&l->streams, l->recovery.rtt.smoothed, now);
	if (gw_udp_session_is_open(s) && now >= s->sent_at + PING_AFTER) {
		l->due |= GW_DUE_PING;
		s->sent_at = now;
	}
	gw_udp_session_settle(s);
	gw_udp_session_states_tick(s);
}

static gw_usec
udp_deadline(const struct gw_session *base)
{
	const struct gw_udp_session *s = peek(base);
	gw_usec at = s->flight.len > 0 ? s->flight.at : GW_NEVER;

	if (s->flight.due || (has_event(s) && !s->unpulled && !s->forsaken))
		return 0;
	if (gw_udp_session_is_opening(s))
		at = gw_usec_min(at, gw_usec_min(s->open_by, s->doubt_by));
	if (s->link == NULL || s->state == GW_UDP_CLOSED)
		return at;
	if (gw_udp_session_has_due(s))
		return 0;
	at = gw_usec_min(at, gw_udp_session_output_deadline(s));
	at = gw_usec_min(at, gw_udp_session_paths_deadline(s));
	at = gw_usec_min(at, gw_udp_session_states_deadline(s));
	at = gw_usec_min(at, gw_udp_streams_deadline(&s->link->streams));
	if (gw_udp_session_is_open(s))
		at = gw_usec_min(at, s->sent_at + PING_AFTER);
	return at;
}

static gw_usec
udp_heard(const struct gw_session *base)
{
	return peek(base)->heard;
}

static bool
tell_opened(struct gw_udp_session *s, struct gw_session_event *ev)
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
tell_closed(struct gw_udp_session *s, struct gw_session_event *ev)
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
udp_event(struct gw_session *base, struct gw_session_event *ev)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	s->unpulled = false;
	if (s->opened_due)
		return tell_opened(s, ev);
	if (s->link != NULL) {
		if (gw_udp_streams_event(&s->link->streams, ev))
			return true;
		gw_udp_session_settle(
		    s); /* the last of it may have been taken */
	}
	if (s->fin_due) {
		s->fin_due = false;
		*ev = (struct gw_session_event){ .kind = GW_SESSION_FIN };
		return true;
	}
	return s->closed_due && tell_closed(s, ev);
}

static bool
may_send(const struct gw_udp_session *s)
{
	return gw_udp_session_is_open(s) && !s->fin_wanted;
}

/* What waits behind the window: enough until the next ACK, and no more, for
 * what is taken here its owner cannot change any more. */
static uint64_t
ahead(const struct gw_udp_session *s)
{
	return s->o.ahead != 0 ? s->o.ahead
			       : s->link->recovery.cc.window + AHEAD;
}

bool
gw_udp_session_wants(const struct gw_session *base)
{
	const struct gw_udp_session *s = peek(base);

	return may_send(s) &&
	       gw_udp_streams_unsent(&s->link->streams) < ahead(s) / 2;
}

static size_t
udp_writable(const struct gw_session *base, uint16_t stream)
{
	const struct gw_udp_session *s = peek(base);

	if (!may_send(s))
		return 0;
	return gw_udp_streams_writable(&s->link->streams, stream, ahead(s));
}

/* A stream could not even begin: nothing would ever go on. */
static void
end_without_memory(struct gw_udp_session *s)
{
	if (s->link->streams.no_memory)
		gw_udp_session_reset(s, GW_E_MEMORY, gw_err_text(GW_E_MEMORY),
		    "the other side is out of memory");
}

static size_t
udp_write(
    struct gw_session *base, uint16_t stream, struct gw_slice data, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);
	size_t taken;

	s->now = now;
	if (!may_send(s))
		return 0;
	taken = gw_udp_streams_write(&s->link->streams, stream, ahead(s), data);
	end_without_memory(s);
	return taken;
}

static bool
udp_blocked(const struct gw_session *base, uint16_t stream)
{
	const struct gw_udp_session *s = peek(base);

	return s->link != NULL &&
	       gw_udp_streams_blocked(&s->link->streams, stream);
}

static void
udp_credit(struct gw_session *base, uint16_t stream, size_t n)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	if (s->link == NULL)
		return;
	gw_udp_streams_credit(&s->link->streams, stream, n, s->now);
	end_without_memory(s);
}

static void
udp_end(struct gw_session *base, uint16_t stream)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	if (may_send(s))
		gw_udp_streams_end(&s->link->streams, stream);
}

static uint64_t
udp_unsent(const struct gw_session *base, uint16_t stream, bool *held)
{
	const struct gw_udp_session *s = peek(base);

	*held = false;
	return s->link != NULL
		   ? gw_udp_streams_unsent_of(&s->link->streams, stream, held)
		   : 0;
}

static void
udp_reset(struct gw_session *base, uint16_t stream, uint64_t code)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	if (may_send(s))
		gw_udp_streams_reset(&s->link->streams, stream, code);
}

static void
udp_finish(struct gw_session *base, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	s->now = now;
	GW_ASSERT(!gw_udp_session_is_opening(s));
	if (s->fin_wanted || s->state == GW_UDP_CLOSED)
		return;
	s->fin_wanted = true;
	gw_udp_session_set_state(s, s->state == GW_UDP_ESTABLISHED
					? GW_UDP_FIN_WAIT_1
					: GW_UDP_LAST_ACK);
}

static void
udp_abort(
    struct gw_session *base, enum gw_err err, const char *text, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	s->now = now;
	gw_udp_session_reset(s, err, text, text);
}

static bool
udp_is_open(const struct gw_session *base)
{
	return gw_udp_session_is_open(peek(base));
}

/* ---- begin ---- */

static const struct gw_session_ops ops = {
	.free = udp_free,
	.tick = udp_tick,
	.deadline = udp_deadline,
	.heard = udp_heard,
	.event = udp_event,
	.writable = udp_writable,
	.write = udp_write,
	.blocked = udp_blocked,
	.credit = udp_credit,
	.unsent = udp_unsent,
	.end = udp_end,
	.reset = udp_reset,
	.datagram_max = gw_udp_session_datagram_max,
	.datagram = gw_udp_session_datagram,
	.datagrams = gw_udp_session_datagrams,
	.finish = udp_finish,
	.abort = udp_abort,
	.is_open = udp_is_open,
};

static void
copy_options(struct gw_udp_session *s, const struct gw_session_options *o,
    const struct gw_udp_start *start)
{
	s->initiator = o->initiator;
	s->random = o->random;
	s->window = o->window;
	s->o = start->udp;
	if (s->o.memory == 0)
		s->o.memory = MEMORY;
	if (s->o.datagram == 0)
		s->o.datagram = DATAGRAM;
	if (s->o.roll == 0)
		s->o.roll = GW_REKEY_RECORDS;
	if (s->o.idle == 0)
		s->o.idle = IDLE;
	s->cid = start->cid;
	s->peer_cid = start->peer_cid;
	s->path = start->path;
	s->serial = start->serial;
	s->changes = start->changes;
	s->intro = gw_intro(o->name, o->remember);
}

enum gw_err
gw_udp_session_new(const struct gw_session_options *o,
    const struct gw_udp_start *start, gw_usec now, struct gw_session **out)
{
	struct gw_udp_session *s = calloc(1, sizeof(*s));

	GW_ASSERT(o->window >= GW_STREAM_WINDOW);
	if (s == NULL)
		return GW_E_MEMORY;
	if ((s->handshake = malloc(sizeof(*s->handshake))) == NULL) {
		free(s);
		return GW_E_MEMORY;
	}
	s->base.ops = &ops;
	copy_options(s, o, start);
	s->now = s->heard = s->sent_at = now;
	gw_udp_session_first_state(s);
	s->until = s->flight.at = s->doubt_by = GW_NEVER;
	s->open_by =
	    now + (s->initiator ? ANSWER_SECONDS : GW_PENDING_SECONDS) * GW_SEC;
	gw_handshake_init(s->handshake, GW_CARRIER_UDP, o);
	gw_session_trace_begin(
	    &s->base, o, GW_CARRIER_UDP, s->initiator ? s->cid : s->peer_cid);
	gw_udp_session_opening_start(s, start->token);
	*out = &s->base;
	return GW_OK;
}
