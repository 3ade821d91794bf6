/*
 * aead - see the header.  From a traffic secret: key = HKDF(secret, "godwit
 * key"), iv = HKDF(secret, "godwit iv"); docs/protocol.md 2.5.
 */
#include "crypto/aead.h"

#include <gcrypt.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/gcm_mb.h"
#include "crypto/kdf.h"

enum { KEY_LEN = 32, NONCE_LEN = 12 };

struct gw_aead {
	enum gw_cipher cipher;
	/* AES-256-GCM only: one of them. */
	struct gw_gcm_mb *mb;
	gcry_cipher_hd_t gcm;
	uint8_t secret[GW_SECRET_LEN];
	uint8_t key[KEY_LEN];
	uint8_t iv[NONCE_LEN];
};

const char *
gw_cipher_name(enum gw_cipher cipher)
{
	switch (cipher) {
	case GW_AES_256_GCM:
		return "AES-256-GCM";
	case GW_CHACHA20_POLY1305:
		return "ChaCha20-Poly1305";
	}
	return "none";
}

bool
gw_cipher_has_aes(void)
{
	/* libsodium asks the CPU for exactly these two. */
	return crypto_aead_aes256gcm_is_available() == 1 &&
	       gcry_fips_mode_active() == 0;
}

static enum gw_err
set_key(struct gw_aead *a)
{
	struct gw_slice none = { NULL, 0 };
	struct gw_slice secret = gw_slice(a->secret, sizeof a->secret);

	gw_hkdf(none, secret, gw_slice_str("godwit key"), a->key, KEY_LEN);
	gw_hkdf(none, secret, gw_slice_str("godwit iv"), a->iv, NONCE_LEN);
	if (a->mb != NULL)
		gw_gcm_mb_set_key(a->mb, a->key);
	else if (a->gcm != NULL &&
		 gcry_cipher_setkey(a->gcm, a->key, KEY_LEN) != 0)
		return GW_E_FAILED;
	return GW_OK;
}

static enum gw_err
open_gcm(struct gw_aead *a)
{
	gcry_error_t err;

	if (a->cipher != GW_AES_256_GCM)
		return GW_OK;
	if (gw_gcm_mb_is_here())
		return (a->mb = gw_gcm_mb_new()) != NULL ? GW_OK : GW_E_MEMORY;
	err = gcry_cipher_open(
	    &a->gcm, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_GCM, 0);
	if (err == 0)
		return GW_OK;
	a->gcm = NULL;
	return gcry_err_code(err) == GPG_ERR_ENOMEM ? GW_E_MEMORY : GW_E_FAILED;
}

enum gw_err
gw_aead_new(enum gw_cipher cipher, const uint8_t secret[GW_SECRET_LEN],
    struct gw_aead **out)
{
	struct gw_aead *a;
	enum gw_err err;

	if ((a = calloc(1, sizeof *a)) == NULL)
		return GW_E_MEMORY;
	a->cipher = cipher;
	memcpy(a->secret, secret, GW_SECRET_LEN);
	if ((err = open_gcm(a)) == GW_OK && (err = set_key(a)) == GW_OK)
		*out = a;
	else
		gw_aead_free(a);
	return err;
}

void
gw_aead_free(struct gw_aead *a)
{
	if (a == NULL)
		return;
	gw_gcm_mb_free(a->mb);
	if (a->gcm != NULL)
		gcry_cipher_close(a->gcm); /* wipes its key schedule */
	gw_wipe(a, sizeof *a);
	free(a);
}

static void
next_secret(const struct gw_aead *a, uint8_t next[GW_SECRET_LEN])
{
	gw_hkdf(gw_slice(NULL, 0), gw_slice(a->secret, sizeof a->secret),
	    gw_slice_str("godwit roll"), next, GW_SECRET_LEN);
}

enum gw_err
gw_aead_roll(struct gw_aead *a)
{
	uint8_t next[GW_SECRET_LEN];

	next_secret(a, next);
	memcpy(a->secret, next, sizeof next);
	gw_wipe(next, sizeof next);
	return set_key(a);
}

enum gw_err
gw_aead_next(const struct gw_aead *a, struct gw_aead **out)
{
	uint8_t next[GW_SECRET_LEN];
	enum gw_err err;

	next_secret(a, next);
	err = gw_aead_new(a->cipher, next, out);
	gw_wipe(next, sizeof next);
	return err;
}

static void
make_nonce(const struct gw_aead *a, uint64_t number, uint8_t out[NONCE_LEN])
{
	memcpy(out, a->iv, NONCE_LEN);
	for (int i = 0; i < 8; i++)
		out[NONCE_LEN - 1 - i] ^= (uint8_t)(number >> (8 * i));
}

/* What libgcrypt may refuse here are wrong lengths: our bug. */
static void
must(gcry_error_t err)
{
	GW_ASSERT(err == 0);
}

static void
gcm_seal(struct gw_aead *a, const uint8_t *nonce, struct gw_slice aad,
    const struct gw_slice text[2], uint8_t *out)
{
	must(gcry_cipher_reset(a->gcm));
	must(gcry_cipher_setiv(a->gcm, nonce, NONCE_LEN));
	must(gcry_cipher_authenticate(a->gcm, aad.p, aad.n));
	if (text[1].n == 0)
		must(gcry_cipher_final(a->gcm));
	if (text[0].n > 0 || text[1].n == 0)
		must(gcry_cipher_encrypt(
		    a->gcm, out, text[0].n, text[0].p, text[0].n));
	out += text[0].n;
	if (text[1].n > 0) {
		must(gcry_cipher_final(a->gcm));
		must(gcry_cipher_encrypt(
		    a->gcm, out, text[1].n, text[1].p, text[1].n));
		out += text[1].n;
	}
	must(gcry_cipher_gettag(a->gcm, out, GW_AEAD_TAG));
}

void
gw_aead_seal(struct gw_aead *a, uint64_t number, struct gw_slice aad,
    struct gw_slice head, struct gw_slice body, uint8_t *out)
{
	const struct gw_slice text[2] = { head, body };
	uint8_t nonce[NONCE_LEN];
	unsigned long long n;

	GW_ASSERT(head.n % 16 == 0);
	make_nonce(a, number, nonce);
	if (a->mb != NULL) {
		gw_gcm_mb_seal(a->mb, nonce, aad, text, out);
		return;
	}
	if (a->gcm != NULL) {
		gcm_seal(a, nonce, aad, text, out);
		return;
	}
	if (head.n > 0)
		memcpy(out, head.p, head.n);
	if (body.n > 0)
		memcpy(out + head.n, body.p, body.n);
	crypto_aead_chacha20poly1305_ietf_encrypt(
	    out, &n, out, head.n + body.n, aad.p, aad.n, NULL, nonce, a->key);
	GW_ASSERT(n == head.n + body.n + GW_AEAD_TAG);
}

static bool
gcm_open(struct gw_aead *a, const uint8_t *nonce, struct gw_slice aad,
    uint8_t *buf, size_t n)
{
	must(gcry_cipher_reset(a->gcm));
	must(gcry_cipher_setiv(a->gcm, nonce, NONCE_LEN));
	must(gcry_cipher_authenticate(a->gcm, aad.p, aad.n));
	must(gcry_cipher_final(a->gcm));
	must(gcry_cipher_decrypt(a->gcm, buf, n, NULL, 0));
	/* Compares in constant time. */
	return gcry_cipher_checktag(a->gcm, buf + n, GW_AEAD_TAG) == 0;
}

bool
gw_aead_open(struct gw_aead *a, uint64_t number, struct gw_slice aad,
    uint8_t *buf, size_t n)
{
	uint8_t nonce[NONCE_LEN];

	if (n < GW_AEAD_TAG)
		return false;
	make_nonce(a, number, nonce);
	if (a->mb != NULL)
		return gw_gcm_mb_open(a->mb, nonce, aad, buf, n - GW_AEAD_TAG);
	if (a->gcm != NULL)
		return gcm_open(a, nonce, aad, buf, n - GW_AEAD_TAG);
	return crypto_aead_chacha20poly1305_ietf_decrypt(
		   buf, NULL, NULL, buf, n, aad.p, aad.n, nonce, a->key) == 0;
}
