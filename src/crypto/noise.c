/*
 * noise - the processing rules of the specification's sections 5 and 9, with
 * message patterns as strings of tokens.
 *
 * Every message is worked on a copy of the state, which replaces it only
 * when all went well: a bad packet changes nothing.
 */
#include "crypto/noise.h"

#include <sodium.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"

enum token { END, E, S, EE, ES, SE, SS, PSK };

enum { MESSAGES_MAX = 3, TOKENS_MAX = 6, TAG = 16 };

struct pattern {
	const char *name;
	bool psk;          /* e tokens also go through MixKey (9.2) */
	bool known_static; /* KK: both are pre-messages */
	uint8_t messages;
	uint8_t tokens[MESSAGES_MAX][TOKENS_MAX];
};

#define SUITE "_25519_ChaChaPoly_SHA256"

static const struct pattern patterns[] = {
	[GW_NOISE_NN] = { "Noise_NN" SUITE, false, false, 2,
	    { { E }, { E, EE } } },
	[GW_NOISE_NNPSK0] = { "Noise_NNpsk0" SUITE, true, false, 2,
	    { { PSK, E }, { E, EE } } },
	[GW_NOISE_XX] = { "Noise_XX" SUITE, false, false, 3,
	    { { E }, { E, EE, S, ES }, { S, SE } } },
	[GW_NOISE_XXPSK3] = { "Noise_XXpsk3" SUITE, true, false, 3,
	    { { E }, { E, EE, S, ES }, { S, SE, PSK } } },
	[GW_NOISE_XXPSK0_PSK3] = { "Noise_XXpsk0+psk3" SUITE, true, false, 3,
	    { { PSK, E }, { E, EE, S, ES }, { S, SE, PSK } } },
	[GW_NOISE_KK] = { "Noise_KK" SUITE, false, true, 2,
	    { { E, ES, SS }, { E, EE, SE } } },
	[GW_NOISE_KKPSK0] = { "Noise_KKpsk0" SUITE, true, true, 2,
	    { { PSK, E, ES, SS }, { E, EE, SE } } },
};

/* ---- symmetric state (5.2) ---- */

static void
mix_hash(struct gw_noise *n, const void *data, size_t len)
{
	crypto_hash_sha256_state s;

	crypto_hash_sha256_init(&s);
	crypto_hash_sha256_update(&s, n->h, sizeof n->h);
	crypto_hash_sha256_update(&s, data, len);
	crypto_hash_sha256_final(&s, n->h);
}

/* HKDF of the specification's 4.3: salt ck, empty info. */
static void
derive(struct gw_noise *n, struct gw_slice ikm, uint8_t *out, size_t len)
{
	gw_hkdf(
	    gw_slice(n->ck, sizeof n->ck), ikm, gw_slice(NULL, 0), out, len);
}

static void
mix_key(struct gw_noise *n, const uint8_t ikm[32])
{
	uint8_t out[64];

	derive(n, gw_slice(ikm, 32), out, sizeof out);
	memcpy(n->ck, out, 32);
	memcpy(n->k, out + 32, 32);
	n->n = 0;
	n->has_key = true;
	gw_wipe(out, sizeof out);
}

static void
mix_key_and_hash(struct gw_noise *n, const uint8_t psk[GW_PSK_LEN])
{
	uint8_t out[96];

	derive(n, gw_slice(psk, GW_PSK_LEN), out, sizeof out);
	memcpy(n->ck, out, 32);
	mix_hash(n, out + 32, 32);
	memcpy(n->k, out + 64, 32);
	n->n = 0;
	n->has_key = true;
	gw_wipe(out, sizeof out);
}

/* 32 zero bits, then the counter, little-endian (12.3). */
static void
make_nonce(uint64_t number, uint8_t out[12])
{
	memset(out, 0, 12);
	for (int i = 0; i < 8; i++)
		out[4 + i] = (uint8_t)(number >> (8 * i));
}

/* Appends to out; returns how many bytes. */
static size_t
encrypt_and_hash(struct gw_noise *n, struct gw_slice text, uint8_t *out)
{
	size_t len = text.n;
	uint8_t nonce[12];

	if (n->has_key) {
		make_nonce(n->n++, nonce);
		crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, text.p,
		    text.n, n->h, sizeof n->h, NULL, nonce, n->k);
		len += TAG;
	} else if (text.n > 0) {
		memcpy(out, text.p, text.n);
	}
	mix_hash(n, out, len);
	return len;
}

/* The text is as long as the sealed bytes less their tag, if there is one. */
static bool
decrypt_and_hash(struct gw_noise *n, struct gw_slice sealed, uint8_t *out)
{
	uint8_t nonce[12];

	if (n->has_key) {
		make_nonce(n->n, nonce);
		if (sealed.n < TAG || crypto_aead_chacha20poly1305_ietf_decrypt(
					  out, NULL, NULL, sealed.p, sealed.n,
					  n->h, sizeof n->h, nonce, n->k) != 0)
			return false;
		n->n++;
	} else if (sealed.n > 0) {
		memcpy(out, sealed.p, sealed.n);
	}
	mix_hash(n, sealed.p, sealed.n);
	return true;
}

/* ---- tokens ---- */

/* false: the peer's key is one of the few that yield nothing (12.1 leaves
 * it open; we refuse). */
static bool
mix_dh(struct gw_noise *n, const struct gw_keypair *mine, const uint8_t *theirs)
{
	uint8_t shared[32];
	bool good = crypto_scalarmult(shared, mine->secret, theirs) == 0;

	if (good)
		mix_key(n, shared);
	gw_wipe(shared, sizeof shared);
	return good;
}

/* The four Diffie-Hellman tokens name the initiator's key first. */
static bool
token_dh(struct gw_noise *n, enum token t)
{
	bool my_static = t == SS || (n->initiator ? t == SE : t == ES);
	bool their_static = t == SS || (n->initiator ? t == ES : t == SE);

	return mix_dh(n, my_static ? &n->self : &n->ephemeral,
	    their_static ? n->peer : n->peer_ephemeral);
}

static void
token_psk(struct gw_noise *n)
{
	GW_ASSERT(n->psk_used < n->psk_count);
	mix_key_and_hash(n, n->psk[n->psk_used++]);
}

static const struct pattern *
pattern_of(const struct gw_noise *n)
{
	return &patterns[n->pattern];
}

/* ---- life ---- */

void
gw_noise_init(struct gw_noise *n, const struct gw_noise_options *o)
{
	const struct pattern *p = &patterns[o->pattern];
	size_t len = strlen(p->name);

	memset(n, 0, sizeof *n);
	n->pattern = o->pattern;
	n->initiator = o->initiator;
	if (len <= sizeof n->h)
		memcpy(n->h, p->name, len);
	else
		crypto_hash_sha256(n->h, (const uint8_t *)p->name, len);
	memcpy(n->ck, n->h, sizeof n->ck);
	mix_hash(n, o->prologue.p, o->prologue.n);
	n->ephemeral = *o->ephemeral;
	if (o->self != NULL)
		n->self = *o->self;
	if (p->known_static) {
		GW_ASSERT(o->peer != NULL);
		memcpy(n->peer, o->peer, GW_DH_LEN);
		n->have_peer = true;
		mix_hash(n, o->initiator ? n->self.public : n->peer, GW_DH_LEN);
		mix_hash(n, o->initiator ? n->peer : n->self.public, GW_DH_LEN);
	}
}

void
gw_noise_bind(struct gw_noise *n, struct gw_slice data)
{
	mix_hash(n, data.p, data.n);
}

void
gw_noise_fini(struct gw_noise *n)
{
	gw_wipe(n, sizeof *n);
}

void
gw_noise_psk(struct gw_noise *n, const uint8_t psk[GW_PSK_LEN])
{
	GW_ASSERT(n->psk_count < 2);
	memcpy(n->psk[n->psk_count++], psk, GW_PSK_LEN);
}

bool
gw_noise_complete(const struct gw_noise *n)
{
	return n->message == pattern_of(n)->messages;
}

bool
gw_noise_my_turn(const struct gw_noise *n)
{
	return !gw_noise_complete(n) && n->initiator == (n->message % 2 == 0);
}

/* ---- messages ---- */

/* Bytes of the next message besides its payload. */
static size_t
overhead(const struct gw_noise *n)
{
	const uint8_t *t = pattern_of(n)->tokens[n->message];
	bool key = n->has_key;
	size_t len = 0;

	for (; *t != END; t++) {
		if (*t == E) {
			len += GW_DH_LEN;
			key = key || pattern_of(n)->psk;
		} else if (*t == S) {
			len += (size_t)GW_DH_LEN + (key ? TAG : 0);
		} else {
			key = true;
		}
	}
	return len + (key ? TAG : 0);
}

static bool
write_tokens(struct gw_noise *n, uint8_t **out)
{
	for (const uint8_t *t = pattern_of(n)->tokens[n->message]; *t != END;
	     t++) {
		switch ((enum token) * t) {
		case E:
			memcpy(*out, n->ephemeral.public, GW_DH_LEN);
			*out += GW_DH_LEN;
			mix_hash(n, n->ephemeral.public, GW_DH_LEN);
			if (pattern_of(n)->psk)
				mix_key(n, n->ephemeral.public);
			break;
		case S:
			*out += encrypt_and_hash(
			    n, gw_slice(n->self.public, GW_DH_LEN), *out);
			break;
		case PSK:
			token_psk(n);
			break;
		default:
			if (!token_dh(n, (enum token) * t))
				return false;
		}
	}
	return true;
}

bool
gw_noise_write(struct gw_noise *n, struct gw_slice payload, uint8_t *out,
    size_t cap, size_t *len)
{
	struct gw_noise copy = *n;
	uint8_t *at = out;
	bool good;

	GW_ASSERT(gw_noise_my_turn(n));
	good = cap >= overhead(n) + payload.n && write_tokens(&copy, &at);
	if (good) {
		at += encrypt_and_hash(&copy, payload, at);
		copy.message++;
		*n = copy;
		*len = (size_t)(at - out);
	}
	gw_noise_fini(&copy);
	return good;
}

static bool
read_key(struct gw_noise *n, struct gw_slice *in, uint8_t key[GW_DH_LEN],
    bool sealed)
{
	size_t len = GW_DH_LEN + (sealed && n->has_key ? TAG : 0);

	if (in->n < len)
		return false;
	if (sealed) {
		if (!decrypt_and_hash(n, gw_slice(in->p, len), key))
			return false;
	} else {
		memcpy(key, in->p, GW_DH_LEN);
		mix_hash(n, key, GW_DH_LEN);
	}
	in->p += len;
	in->n -= len;
	return true;
}

static bool
read_tokens(struct gw_noise *n, struct gw_slice *in)
{
	for (const uint8_t *t = pattern_of(n)->tokens[n->message]; *t != END;
	     t++) {
		switch ((enum token) * t) {
		case E:
			if (!read_key(n, in, n->peer_ephemeral, false))
				return false;
			n->have_peer_ephemeral = true;
			if (pattern_of(n)->psk)
				mix_key(n, n->peer_ephemeral);
			break;
		case S:
			if (!read_key(n, in, n->peer, true))
				return false;
			n->have_peer = true;
			break;
		case PSK:
			token_psk(n);
			break;
		default:
			if (!token_dh(n, (enum token) * t))
				return false;
		}
	}
	return true;
}

enum gw_noise_result
gw_noise_read(struct gw_noise *n, struct gw_slice msg, uint8_t *out, size_t cap,
    size_t *len)
{
	struct gw_noise copy;
	enum gw_noise_result result = GW_NOISE_BAD;
	size_t text;

	GW_ASSERT(!gw_noise_my_turn(n));
	GW_ASSERT(!gw_noise_complete(n));
	if (msg.n < overhead(n) || msg.n - overhead(n) > cap)
		return GW_NOISE_BAD;
	text = msg.n - overhead(n);
	copy = *n;
	if (read_tokens(&copy, &msg)) {
		result = GW_NOISE_BAD_PAYLOAD;
		if (decrypt_and_hash(&copy, msg, out)) {
			copy.message++;
			*n = copy;
			*len = text;
			result = GW_NOISE_OK;
		}
	}
	gw_noise_fini(&copy);
	return result;
}

/* ---- what came out ---- */

const uint8_t *
gw_noise_peer(const struct gw_noise *n)
{
	return n->have_peer ? n->peer : NULL;
}

const uint8_t *
gw_noise_peer_ephemeral(const struct gw_noise *n)
{
	return n->have_peer_ephemeral ? n->peer_ephemeral : NULL;
}

const uint8_t *
gw_noise_hash(const struct gw_noise *n)
{
	return n->h;
}

void
gw_noise_split(const struct gw_noise *n, struct gw_noise_keys *out)
{
	uint8_t keys[96];

	GW_ASSERT(gw_noise_complete(n));
	gw_hkdf(gw_slice(n->ck, sizeof n->ck), gw_slice(NULL, 0),
	    gw_slice(NULL, 0), keys, sizeof keys);
	memcpy(out->from_initiator, keys, 32);
	memcpy(out->from_responder, keys + 32, 32);
	memcpy(out->exporter, keys + 64, 32);
	gw_wipe(keys, sizeof keys);
}

void
gw_keypair_from(const uint8_t random[32], struct gw_keypair *out)
{
	memcpy(out->secret, random, GW_DH_LEN);
	crypto_scalarmult_base(out->public, out->secret);
}
