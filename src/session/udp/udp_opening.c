/*
 * SYN, SYN_ACK and ACK as datagrams: repeated until they are answered, and
 * whatever does not prove itself is noise that changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "crypto/kdf.h"
#include "session/udp/udp_session_private.h"

enum {
	AGAIN_FIRST = 250000, /* us until a message is repeated, then twice */
	AGAIN_MOST = 2000000,
	COOKIES_MAX = 3,      /* that a SYN may be asked for */
	DOUBT = 1000000,      /* us after the answer of somebody else */
	REFUSED_FOR = 5000000 /* us in which a refusal is repeated on request */
};

/* ---- messages out ---- */

/* What the handshake has to say goes out, now and again. */
static void
fly(struct gw_udp_session *s)
{
	const struct gw_slice out = gw_handshake_output(s->handshake);
	struct gw_udp_flight *f = &s->flight;

	GW_ASSERT(out.n >= GW_HELLO_HEADER);
	GW_ASSERT(out.n <= sizeof(f->b));
	memset(f, 0, sizeof(*f));
	memcpy(f->b, out.p, out.n);
	f->len = out.n;
	f->due = true;
	f->at = GW_NEVER;
	gw_handshake_sent(s->handshake, out.n);
}

/* Never more bytes out than came in, to who has not proved itself. */
static bool
may_leave(const struct gw_udp_session *s, size_t n)
{
	return s->initiator || s->link != NULL || n <= s->source_bytes;
}

size_t
gw_udp_session_opening_output(
    struct gw_udp_session *s, uint8_t *out, size_t cap)
{
	struct gw_udp_flight *f = &s->flight;
	struct gw_hello hello;
	struct gw_hello_packet p;
	struct gw_hash check;
	gw_usec wait;
	size_t n;

	if (!f->due || cap < GW_PACKET_MIN)
		return 0;
	f->due = false;
	GW_ASSERT(
	    gw_hello_decode(gw_slice(f->b, f->len), &hello) == GW_HELLO_READY);
	p = (struct gw_hello_packet){
		.dcid = s->peer_cid,
		.scid = s->cid,
		.version = hello.version,
		.type = hello.type,
		.body = gw_slice(f->b + GW_HELLO_HEADER, hello.length),
	};
	check = gw_hello_packet_check(&p);
	if (hello.type == GW_HELLO_SYN)
		p.cookie = gw_slice(s->cookie, s->cookie_len);
	else if (hello.type != GW_HELLO_RST)
		p.cookie = gw_slice(check.b, sizeof(check.b));
	n = gw_hello_packet_encode(&p, out);
	if (!may_leave(s, n))
		return 0;
	if (!s->initiator && s->link == NULL)
		s->source_bytes -= (uint32_t)n;
	if (f->tries == 0)
		f->first = s->now;
	wait = (gw_usec)AGAIN_FIRST << (f->tries < 4 ? f->tries : 4);
	f->tries++;
	f->at = s->now + gw_usec_min(wait, AGAIN_MOST);
	gw_trace(s->base.trace, &(struct gw_trace_event){
				    .kind = GW_TRACE_HELLO,
				    .hello = { gw_hello_type_name(hello.type),
					n, true, f->tries > 1 },
				});
	return n;
}

void
gw_udp_session_be_quiet(struct gw_udp_session *s)
{
	s->flight.len = 0;
	s->flight.due = false;
	s->flight.at = GW_NEVER;
}

void
gw_udp_session_drop_handshake(struct gw_udp_session *s)
{
	if (s->handshake == NULL)
		return;
	gw_handshake_fini(s->handshake);
	free(s->handshake);
	s->handshake = NULL;
}

void
gw_udp_session_confirmed(struct gw_udp_session *s)
{
	s->link->confirmed = true;
	gw_udp_session_be_quiet(s);
	gw_udp_session_drop_handshake(s);
}

void
gw_udp_session_opening_start(
    struct gw_udp_session *s, const uint8_t token[GW_TOKEN_LEN])
{
	if (s->initiator) {
		fly(s);
		return;
	}
	gw_handshake_set_token(s->handshake, token);
	gw_handshake_set_ids(s->handshake, s->peer_cid, s->cid);
}

void
gw_udp_session_opening_go(struct gw_udp_session *s)
{
	if (!s->held)
		return;
	s->held = false;
	s->flight.due = s->flight.len > 0 && s->state == GW_UDP_SYN_SENT;
}

/* ---- keys ---- */

static void
fail(struct gw_udp_session *s, enum gw_err err)
{
	struct gw_close close;

	gw_close_set(&close, err, "%s", gw_err_text(err));
	gw_udp_session_close(s, &close);
}

static enum gw_err
link_new(struct gw_udp_session *s, const struct gw_noise_keys *keys)
{
	const uint8_t *mine =
	    s->initiator ? keys->from_initiator : keys->from_responder;
	const uint8_t *theirs =
	    s->initiator ? keys->from_responder : keys->from_initiator;
	const enum gw_cipher cipher = s->handshake->cipher;
	struct gw_udp_link *l = calloc(1, sizeof(*l));
	enum gw_err err;

	if (l == NULL)
		return GW_E_MEMORY;
	s->link = l;
	if ((err = gw_keys_init(&l->out, cipher, mine, s->o.roll)) != GW_OK ||
	    (err = gw_keys_init(&l->in, cipher, theirs, s->o.roll)) != GW_OK ||
	    (err = gw_udp_session_link_init(s, l)) != GW_OK) {
		gw_udp_session_link_free(l);
		s->link = NULL;
	}
	return err;
}

/* The peer has proved itself: the session is open from here on. */
static void
responder_opens(struct gw_udp_session *s)
{
	const struct gw_handshake *h = s->handshake;

	s->peer_intro = h->peer_intro;
	gw_door_keep_psk(h->door, s->peer, s->ticket.id, s->ticket.psk);
	s->link->due |= GW_DUE_CONFIRM;
	s->opened_due = true;
	gw_session_trace_opened(&s->base, s->peer_intro.name, s->cipher);
	gw_udp_session_set_state(s, GW_UDP_ESTABLISHED);
	gw_udp_session_confirmed(s);
}

static void
on_keys(struct gw_udp_session *s)
{
	struct gw_handshake *h = s->handshake;
	struct gw_noise_keys keys;
	enum gw_err err;

	gw_handshake_split(h, &keys);
	gw_handshake_ticket(&keys, &s->ticket);
	err = link_new(s, &keys);
	gw_wipe(&keys, sizeof(keys));
	if (err != GW_OK) {
		fail(s, err);
		return;
	}
	memcpy(s->peer, gw_handshake_peer(h), GW_KEY_LEN);
	s->shown = true;
	s->cipher = h->cipher;
	s->mode = h->mode;
	if (s->initiator) {
		memcpy(s->reset_token, h->token, GW_TOKEN_LEN);
		fly(s);
		s->held = s->o.hold;
		s->flight.due = !s->held;
	} else {
		responder_opens(s);
	}
}

/* ---- messages in ---- */

/* The message as the handshake reads it: header and body. */
static struct gw_slice
as_bytes(const struct gw_hello_packet *p, uint8_t out[GW_HANDSHAKE_IN])
{
	gw_hello_encode(
	    &(struct gw_hello){
		.version = p->version,
		.type = p->type,
		.length = (uint16_t)p->body.n,
	    },
	    out);
	memcpy(out + GW_HELLO_HEADER, p->body.p, p->body.n);
	return gw_slice(out, GW_HELLO_HEADER + p->body.n);
}

/* Nobody can have meant this: damage on the way, or somebody who guesses. */
static bool
is_noise(const struct gw_close *close)
{
	return close->err == GW_E_PROTOCOL || close->err == GW_E_STRANGER;
}

/* Anybody can answer a SYN.  Who was not meant does not end the dial as long as
 * the right one may still answer. */
static bool
doubt(struct gw_udp_session *s, const struct gw_close *close)
{
	if (!s->initiator || s->link != NULL || close->err != GW_E_AUTH ||
	    close->by_peer || close->refused)
		return false;
	if (s->doubt_by == GW_NEVER) {
		s->doubt_by = s->now + DOUBT;
		s->close = *close;
	}
	return true;
}

static void
on_failed(struct gw_udp_session *s, const struct gw_close *close)
{
	gw_udp_session_close(s, close);
	gw_udp_session_be_quiet(s);
	if (gw_handshake_output(s->handshake).n == 0)
		return;
	fly(s); /* a RST */
	s->until = s->now + REFUSED_FOR;
}

/* Use a message; what is noise leaves everything as it was. */
static void
use(struct gw_udp_session *s, const struct gw_hello_packet *p)
{
	struct gw_handshake *h = s->handshake, before;
	uint8_t bytes[GW_HANDSHAKE_IN];
	const struct gw_slice in = as_bytes(p, bytes);
	struct gw_close close;
	size_t cap;
	uint8_t *at;

	before = *h;
	if (s->initiator)
		gw_handshake_set_ids(h, s->cid, p->scid);
	at = gw_handshake_in_space(h, &cap);
	GW_ASSERT(in.n <= cap);
	memcpy(at, in.p, in.n);
	gw_handshake_in_added(h, in.n);
	switch (gw_handshake_advance(h, &close)) {
	case GW_HANDSHAKE_SENT:
		fly(s);
		break;
	case GW_HANDSHAKE_KEYS:
		s->peer_cid = p->scid;
		s->doubt_by = GW_NEVER;
		on_keys(s);
		break;
	case GW_HANDSHAKE_MORE:
		*h = before;
		break;
	case GW_HANDSHAKE_FAILED:
		if (is_noise(&close) || doubt(s, &close))
			*h = before;
		else
			on_failed(s, &close);
		break;
	}
	gw_wipe(&before, sizeof(before));
}

/* A reset in the clear, which bears the token of its sender or answers a SYN
 * that nothing answered yet. */
static void
on_rst(struct gw_udp_session *s, const struct gw_hello_packet *p)
{
	uint8_t bytes[GW_HANDSHAKE_IN];
	struct gw_close close;
	struct gw_rst rst;

	if (s->handshake != NULL) {
		if (gw_handshake_reset(s->handshake, as_bytes(p, bytes),
			&close) == GW_HANDSHAKE_FAILED &&
		    !is_noise(&close))
			gw_udp_session_close(s, &close);
		return;
	}
	/* The other side has lost its state: only its own token says so. */
	if (!gw_udp_session_is_open(s) || !gw_rst_decode(p->body, &rst) ||
	    !gw_equal(rst.token, s->reset_token, GW_TOKEN_LEN))
		return;
	gw_udp_session_vanished(
	    s, "the connection was lost: the other side was started anew");
}

/* Nothing of it was damaged on the way. */
static bool
is_whole(const struct gw_hello_packet *p)
{
	const struct gw_hash check = gw_hello_packet_check(p);

	return p->cookie.n == sizeof(check.b) &&
	       memcmp(p->cookie.p, check.b, sizeof(check.b)) == 0;
}

static void
initiator_in(struct gw_udp_session *s, const struct gw_hello_packet *p)
{
	switch (p->type) {
	case GW_HELLO_SYN_ACK:
		if (s->state != GW_UDP_SYN_SENT ||
		    p->version != GW_PROTOCOL_VERSION || !is_whole(p))
			return;
		if (s->link == NULL)
			use(s, p);
		else if (p->scid == s->peer_cid)
			s->flight.due = s->flight.len > 0 && !s->held;
		break;
	case GW_HELLO_COOKIE:
		if (s->state != GW_UDP_SYN_SENT || s->link != NULL ||
		    p->cookie.n == 0 || s->cookies >= COOKIES_MAX)
			return;
		s->cookies++;
		memcpy(s->cookie, p->cookie.p, p->cookie.n);
		s->cookie_len = p->cookie.n;
		s->flight.due = true;
		break;
	case GW_HELLO_RST:
		on_rst(s, p);
		break;
	default:
		break;
	}
}

static void
responder_in(struct gw_udp_session *s, const struct gw_hello_packet *p)
{
	switch (p->type) {
	case GW_HELLO_SYN:
		if (s->handshake != NULL && s->flight.len == 0 &&
		    s->state == GW_UDP_SYN_RCVD)
			use(s, p); /* the first */
		else if (s->link == NULL)
			s->flight.due = s->flight.len > 0;
		break;
	case GW_HELLO_ACK:
		if (p->scid != s->peer_cid || !is_whole(p))
			return;
		if (s->state == GW_UDP_SYN_RCVD)
			use(s, p);
		else if (s->state == GW_UDP_CLOSED && s->link == NULL)
			s->flight.due = s->flight.len > 0; /* RST was lost */
		else if (s->link != NULL && !s->link->confirm_told)
			s->link->due |= GW_DUE_CONFIRM;
		break;
	default:
		break;
	}
}

void
gw_udp_session_on_hello(
    struct gw_udp_session *s, const struct gw_hello_packet *p, size_t bytes)
{
	if (p->body.n > GW_HELLO_MAX)
		return;
	gw_trace(s->base.trace,
	    &(struct gw_trace_event){
		.kind = GW_TRACE_HELLO,
		.hello = { gw_hello_type_name(p->type), bytes, false, false },
	    });
	if (!s->initiator && s->link == NULL)
		s->source_bytes += (uint32_t)bytes;
	if (s->initiator)
		initiator_in(s, p);
	else
		responder_in(s, p);
}

/* ---- time ---- */

void
gw_udp_session_opening_tick(struct gw_udp_session *s)
{
	struct gw_close close;

	if (s->state == GW_UDP_CLOSED && s->initiator)
		gw_udp_session_be_quiet(s);
	if (s->flight.len > 0 && s->now >= s->flight.at) {
		s->flight.due = true;
		s->flight.at = GW_NEVER;
	}
	if (!gw_udp_session_is_opening(s) ||
	    s->now < gw_usec_min(s->open_by, s->doubt_by))
		return;
	if (s->doubt_by != GW_NEVER)
		close = s->close;
	else if (s->link == NULL && s->initiator)
		gw_close_set(&close, GW_E_CONNECT,
		    "no answer: does it wait there, and is a firewall in the "
		    "way?");
	else
		gw_close_set(&close, GW_E_STALLED,
		    "the handshake was not finished in time");
	gw_udp_session_close(s, &close);
}
