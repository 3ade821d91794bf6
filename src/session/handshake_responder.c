#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "session/handshake_steps.h"

/* Answer with a RST: without a token to SYN, which nothing answered yet. */
static enum gw_handshake_outcome
refuse(struct gw_handshake *h, enum gw_rst_reason reason,
    struct gw_close *close, enum gw_err err, const char *text)
{
	struct gw_rst rst = { .reason = (uint8_t)reason };

	if (h->step == GW_STEP_ACK)
		memcpy(rst.token, h->token, GW_TOKEN_LEN);
	gw_handshake_put_rst(h, &rst);
	gw_close_set(close, err, "%s", text);
	return GW_HANDSHAKE_FAILED;
}

static enum gw_handshake_outcome
refuse_no_code(struct gw_handshake *h, struct gw_close *close)
{
	return refuse(h, GW_RST_NO_CODE, close, GW_E_AUTH,
	    "it came with a code, but that code opens no more");
}

static enum gw_handshake_outcome
refuse_ticket(struct gw_handshake *h, struct gw_close *close)
{
	refuse(h, GW_RST_UNKNOWN_TICKET, close, GW_E_AUTH,
	    "it came back without the code, and is not known here any more");
	close->unknown_ticket = true;
	return GW_HANDSHAKE_FAILED;
}

static enum gw_handshake_outcome
refuse_device(struct gw_handshake *h, struct gw_close *close)
{
	return refuse(h, GW_RST_UNKNOWN_DEVICE, close, GW_E_AUTH,
	    "it came without a code, and is no device that may");
}

void
gw_responder_other_version(struct gw_handshake *h)
{
	gw_handshake_put_rst(h, &(struct gw_rst){
				    .reason = GW_RST_VERSION,
				    .oldest = GW_PROTOCOL_VERSION,
				    .newest = GW_PROTOCOL_VERSION,
				});
}

/* ---- SYN ---- */

/* Both CPace steps at once: the scalar need not be kept for the pending
 * time.  false: the initiator's share is invalid. */
static bool
answer_share(struct gw_handshake *h, const char *code, const struct gw_syn *syn,
    struct gw_syn_ack *out)
{
	const struct gw_slice none = gw_slice(NULL, 0);
	const struct gw_cpace_input input =
	    gw_handshake_cpace_input(code, gw_noise_peer_ephemeral(&h->noise));
	uint8_t random[64], isk[GW_CPACE_ISK];
	struct gw_cpace cpace;
	bool ok;

	gw_random_fill(&h->random, random, sizeof(random));
	gw_cpace_start(&cpace, &input, random);
	ok =
	    gw_cpace_finish(&cpace, &input, false, none, syn->share, none, isk);
	if (ok) {
		memcpy(out->share, cpace.share, GW_HELLO_SHARE);
		gw_handshake_code_psk(h, isk);
		gw_wipe(isk, sizeof(isk));
	}
	gw_cpace_fini(&cpace);
	gw_wipe(random, sizeof(random));
	return ok;
}

/* Find the psk of the mode that SYN names.  MORE: found. */
static enum gw_handshake_outcome
find_psk(struct gw_handshake *h, const struct gw_syn *syn,
    struct gw_syn_ack *answer, struct gw_close *close)
{
	static const uint8_t zeros[GW_PSK_LEN];
	const char *code;
	uint8_t psk[GW_KEY_LEN];

	switch (syn->mode) {
	case GW_MODE_CODE:
		if ((code = gw_door_code(h->door)) == NULL)
			return refuse_no_code(h, close);
		if (!answer_share(h, code, syn, answer))
			return gw_handshake_broken(close);
		break;
	case GW_MODE_RESUMED:
		if (!gw_door_psk(h->door, syn->psk_id, psk))
			return refuse_ticket(h, close);
		gw_noise_psk(&h->noise, psk);
		gw_wipe(psk, sizeof(psk));
		break;
	case GW_MODE_KNOWN:
		if (!gw_door_knows_any(h->door))
			return refuse_device(h, close);
		gw_noise_psk(&h->noise, zeros);
		break;
	}
	return GW_HANDSHAKE_MORE;
}

enum gw_handshake_outcome
gw_responder_on_syn(
    struct gw_handshake *h, struct gw_slice body, struct gw_close *close)
{
	uint8_t payload[GW_HELLO_MAX];
	struct gw_syn_ack answer = { 0 };
	struct gw_syn syn;
	size_t len = 0;

	if (gw_noise_read(&h->noise, body, payload, sizeof(payload), &len) !=
	    GW_NOISE_OK)
		return gw_handshake_broken(close);
	if (!gw_syn_decode(gw_slice(payload, len), &syn) ||
	    (syn.ciphers & GW_HELLO_CHACHA) == 0)
		return gw_handshake_broken(close);
	h->mode = syn.mode;
	h->door_serial = gw_door_serial(h->door);
	if (find_psk(h, &syn, &answer, close) != GW_HANDSHAKE_MORE)
		return GW_HANDSHAKE_FAILED;
	if (h->prefer_aes && (syn.ciphers & GW_HELLO_AES) != 0)
		h->cipher = GW_AES_256_GCM;
	else
		h->cipher = GW_CHACHA20_POLY1305;
	answer.cipher = (uint8_t)h->cipher;
	if (!h->token_given)
		gw_random_fill(&h->random, h->token, sizeof(h->token));
	memcpy(answer.token, h->token, GW_TOKEN_LEN);

	uint8_t out[GW_SYN_ACK_PAYLOAD];
	gw_syn_ack_encode(&answer, out);
	gw_handshake_bind(h);
	gw_handshake_put(h, GW_HELLO_SYN_ACK, gw_slice(out, sizeof(out)));
	h->step = GW_STEP_ACK;
	return GW_HANDSHAKE_SENT;
}

/* ---- ACK ---- */

/* The keys opened and the payload did not. */
static enum gw_handshake_outcome
wrong_psk(struct gw_handshake *h, struct gw_close *close)
{
	unsigned left;

	/* Other psks are no secrets that can be guessed. */
	if (h->mode != GW_MODE_CODE)
		return gw_handshake_broken(close);
	left = gw_door_guess(h->door);
	refuse(h, GW_RST_GUESS, close, left > 0 ? GW_E_AUTH : GW_E_BURNED,
	    left > 0 ? "it had a wrong code"
		     : "it had a wrong code, and that was one too many");
	close->guess = true;
	return GW_HANDSHAKE_FAILED;
}

static enum gw_handshake_outcome
ask_door(struct gw_handshake *h, struct gw_close *close)
{
	const uint8_t *peer = gw_noise_peer(&h->noise);

	if (h->mode == GW_MODE_KNOWN)
		return gw_door_knows(h->door, peer) ? GW_HANDSHAKE_KEYS
						    : refuse_device(h, close);
	switch (gw_door_enter(h->door, peer, h->mode == GW_MODE_CODE)) {
	case GW_DOOR_WELCOME:
		return GW_HANDSHAKE_KEYS;
	case GW_DOOR_TAKEN:
		return refuse(h, GW_RST_TAKEN, close, GW_E_REFUSED,
		    "it had the code, but another device was first");
	case GW_DOOR_SHUT:
		break;
	}
	return h->mode == GW_MODE_CODE ? refuse_no_code(h, close)
				       : refuse_ticket(h, close);
}

enum gw_handshake_outcome
gw_responder_on_ack(
    struct gw_handshake *h, struct gw_slice body, struct gw_close *close)
{
	uint8_t payload[GW_HELLO_MAX];
	size_t len = 0;

	/* Before anything of it is opened: who began before the code was
	 * burned or changed must not learn whether the guess was right. */
	if (h->mode == GW_MODE_CODE &&
	    h->door_serial != gw_door_serial(h->door))
		return refuse_no_code(h, close);
	switch (
	    gw_noise_read(&h->noise, body, payload, sizeof(payload), &len)) {
	case GW_NOISE_OK:
		break;
	case GW_NOISE_BAD_PAYLOAD:
		return wrong_psk(h, close);
	case GW_NOISE_BAD:
		return gw_handshake_broken(close);
	}
	if (!gw_intro_decode(gw_slice(payload, len), &h->peer_intro))
		return gw_handshake_broken(close);
	if (ask_door(h, close) != GW_HANDSHAKE_KEYS)
		return GW_HANDSHAKE_FAILED;
	h->step = GW_STEP_DONE;
	return GW_HANDSHAKE_KEYS;
}
