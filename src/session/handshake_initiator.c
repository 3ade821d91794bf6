#include <assert.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "session/handshake_steps.h"

static_assert((int)GW_AES_256_GCM == (int)GW_HELLO_AES, "one number");
static_assert((int)GW_CHACHA20_POLY1305 == (int)GW_HELLO_CHACHA, "one number");

static uint8_t
offered(const struct gw_handshake *h)
{
	return h->prefer_aes ? GW_HELLO_CHACHA | GW_HELLO_AES : GW_HELLO_CHACHA;
}

void
gw_initiator_start(struct gw_handshake *h)
{
	uint8_t random[64], payload[GW_SYN_PAYLOAD];
	struct gw_syn syn = {
		.mode = h->mode,
		.ciphers = offered(h),
	};
	struct gw_cpace_input input;

	switch (h->mode) {
	case GW_MODE_CODE:
		input = gw_handshake_cpace_input(
		    h->code, h->noise.ephemeral.public);
		gw_random_fill(&h->random, random, sizeof(random));
		gw_cpace_start(&h->cpace, &input, random);
		gw_wipe(random, sizeof(random));
		memcpy(syn.share, h->cpace.share, GW_HELLO_SHARE);
		break;
	case GW_MODE_RESUMED:
		memcpy(syn.psk_id, h->ticket.id, GW_PSK_ID_LEN);
		break;
	case GW_MODE_KNOWN:
		break;
	}
	gw_syn_encode(&syn, payload);
	gw_handshake_put(h, GW_HELLO_SYN, gw_slice(payload, sizeof(payload)));
}

/* Give Noise the psk of the mode.  false: the peer's share is invalid. */
static bool
set_psk(struct gw_handshake *h, const struct gw_syn_ack *m)
{
	static const uint8_t zeros[GW_PSK_LEN];
	const struct gw_slice none = gw_slice(NULL, 0);
	uint8_t isk[GW_CPACE_ISK];
	struct gw_cpace_input input;

	switch (h->mode) {
	case GW_MODE_CODE:
		input = gw_handshake_cpace_input(
		    h->code, h->noise.ephemeral.public);
		if (!gw_cpace_finish(
			&h->cpace, &input, true, none, m->share, none, isk))
			return false;
		gw_handshake_code_psk(h, isk);
		gw_wipe(isk, sizeof(isk));
		break;
	case GW_MODE_RESUMED:
		gw_noise_psk(&h->noise, h->ticket.psk);
		break;
	case GW_MODE_KNOWN:
		gw_noise_psk(&h->noise, zeros);
		break;
	}
	return true;
}

static bool
cipher_is_legal(const struct gw_handshake *h, uint8_t cipher)
{
	return (cipher == GW_HELLO_AES || cipher == GW_HELLO_CHACHA) &&
	       (cipher & offered(h)) != 0;
}

static bool
was_refused(const struct gw_handshake *h)
{
	for (unsigned i = 0; h->refused != NULL && i < h->refused->count; i++)
		if (gw_equal(h->refused->key[i], gw_noise_peer(&h->noise),
			GW_KEY_LEN))
			return true;
	return false;
}

enum gw_handshake_outcome
gw_initiator_on_syn_ack(
    struct gw_handshake *h, struct gw_slice body, struct gw_close *close)
{
	uint8_t payload[GW_HELLO_MAX], name[GW_NAME_PAYLOAD];
	struct gw_syn_ack m;
	size_t len = 0;

	gw_handshake_bind(h);
	if (gw_noise_read(&h->noise, body, payload, sizeof(payload), &len) !=
	    GW_NOISE_OK)
		return gw_handshake_broken(close);
	if (!gw_syn_ack_decode(gw_slice(payload, len), &m) ||
	    !cipher_is_legal(h, m.cipher))
		return gw_handshake_broken(close);
	/* Before the third message: what it proves is for the right key
	 * only, and an impostor must not even learn one guess from it. */
	if (h->pinned &&
	    !gw_equal(h->peer, gw_noise_peer(&h->noise), GW_KEY_LEN)) {
		gw_close_set(close, GW_E_AUTH,
		    "the device that answers is not the expected one");
		return GW_HANDSHAKE_FAILED;
	}
	if (was_refused(h)) {
		gw_close_set(close, GW_E_AUTH,
		    "the device that answers has refused the code already");
		close->refused = true;
		return GW_HANDSHAKE_FAILED;
	}
	if (!set_psk(h, &m))
		return gw_handshake_broken(close);
	h->cipher = (enum gw_cipher)m.cipher;
	memcpy(h->token, m.token, GW_TOKEN_LEN);
	gw_intro_encode(&h->intro, name);
	gw_handshake_put(h, GW_HELLO_ACK, gw_slice(name, sizeof(name)));
	h->step = GW_STEP_DONE;
	return GW_HANDSHAKE_KEYS;
}
