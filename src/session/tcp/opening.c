#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "session/tcp/tcp_session_private.h"

static void
close_with(struct gw_tcp_session *s, enum gw_err err)
{
	struct gw_close close;

	gw_close_set(&close, err, "%s", gw_err_text(err));
	gw_tcp_session_close(s, &close);
}

/* Both directions under their keys. */
static enum gw_err
link_new(const struct gw_tcp_session *s, const struct gw_noise_keys *keys,
    struct gw_tcp_session_link **out)
{
	const uint8_t *mine =
	    s->initiator ? keys->from_initiator : keys->from_responder;
	const uint8_t *theirs =
	    s->initiator ? keys->from_responder : keys->from_initiator;
	struct gw_tcp_session_link *l = calloc(1, sizeof(*l));
	enum gw_err err;

	if (l == NULL)
		return GW_E_MEMORY;
	if ((err = gw_record_out_init(
		 &l->out, s->handshake->cipher, mine, s->roll)) != GW_OK) {
		free(l);
		return err;
	}
	if ((err = gw_record_in_init(
		 &l->in, s->handshake->cipher, theirs, s->roll)) != GW_OK) {
		gw_record_out_fini(&l->out);
		free(l);
		return err;
	}
	gw_streams_init(&l->streams, s->window);
	gw_queue_init(&l->messages, GW_TCP_MESSAGES);
	*out = l;
	return GW_OK;
}

/* The peer has proved itself: the session is open from here on. */
static void
responder_opens(struct gw_tcp_session *s)
{
	const struct gw_handshake *h = s->handshake;
	const struct gw_frame confirm = { .type = GW_FRAME_CONFIRM };
	uint8_t name[GW_NAME_PAYLOAD];
	bool ok;

	gw_intro_encode(&h->intro, name);
	ok = gw_record_out_put(
	    &s->link->out, &confirm, gw_slice(name, sizeof(name)));
	GW_ASSERT(ok);
	s->peer_intro = h->peer_intro;
	gw_door_keep_psk(h->door, s->peer, s->ticket.id, s->ticket.psk);
	s->opened_due = true;
	gw_session_trace_opened(&s->base, s->peer_intro.name, s->cipher);
	gw_tcp_session_set_state(s, GW_TCP_SESSION_ESTABLISHED);
}

static void
on_keys(struct gw_tcp_session *s)
{
	struct gw_handshake *h = s->handshake;
	const struct gw_slice rest = gw_handshake_rest(h);
	struct gw_noise_keys keys;
	enum gw_err err;
	uint8_t *at;
	size_t cap;

	gw_handshake_split(h, &keys);
	gw_handshake_ticket(&keys, &s->ticket);
	err = link_new(s, &keys, &s->link);
	gw_wipe(&keys, sizeof(keys));
	if (err != GW_OK) {
		close_with(s, err);
		return;
	}
	at = gw_record_in_space(&s->link->in, &cap);
	GW_ASSERT(rest.n <= cap);
	memcpy(at, rest.p, rest.n);
	gw_record_in_added(&s->link->in, rest.n);

	memcpy(s->peer, gw_handshake_peer(h), GW_KEY_LEN);
	s->shown = true;
	s->cipher = h->cipher;
	s->mode = h->mode;
	if (s->initiator)
		gw_tcp_session_set_state(s, GW_TCP_SESSION_AWAIT_CONFIRM);
	else
		responder_opens(s);
}

void
gw_tcp_session_advance(struct gw_tcp_session *s)
{
	struct gw_close close;
	enum gw_handshake_outcome outcome;

	do {
		outcome = gw_handshake_advance(s->handshake, &close);
		if (outcome == GW_HANDSHAKE_SENT)
			gw_tcp_session_trace(s, "SYN", false);
		else if (outcome == GW_HANDSHAKE_KEYS)
			gw_tcp_session_trace(
			    s, s->initiator ? "SYN_ACK" : "ACK", false);
		if (outcome == GW_HANDSHAKE_SENT)
			gw_tcp_session_set_state(s, GW_TCP_SESSION_AWAIT_ACK);
	} while (outcome == GW_HANDSHAKE_SENT);
	if (outcome == GW_HANDSHAKE_KEYS)
		on_keys(s);
	else if (outcome == GW_HANDSHAKE_FAILED)
		gw_tcp_session_close(s, &close);
}
