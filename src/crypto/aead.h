/*
 * aead - sealing and opening of records and packets.
 *
 * AES-256-GCM where the CPU has AES, by libIPSec_MB if it is there (gcm_mb)
 * or else by libgcrypt; ChaCha20-Poly1305 by libsodium.  One object is one
 * direction under one traffic secret: key and IV come from it by HKDF, the
 * nonce is IV XOR number, and gw_aead_roll goes to the next key.  One thread at
 * a time.
 */
#ifndef GW_CRYPTO_AEAD_H
#define GW_CRYPTO_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum gw_cipher { GW_AES_256_GCM = 1, GW_CHACHA20_POLY1305 = 2 };

enum { GW_AEAD_TAG = 16, GW_SECRET_LEN = 32 };

struct gw_aead;

/* "AES-256-GCM" */
const char *gw_cipher_name(enum gw_cipher);
/*
 * Does this CPU have AES and carry-less multiplication?  Also false where
 * libgcrypt is in FIPS mode: it seals no GCM there under nonces not its own.
 */
bool gw_cipher_has_aes(void);

/* GW_E_MEMORY; GW_E_FAILED: the library refused. */
GW_MUST_USE enum gw_err gw_aead_new(
    enum gw_cipher, const uint8_t secret[GW_SECRET_LEN], struct gw_aead **);
void gw_aead_free(struct gw_aead *);

/*
 * Seal head || body into out (head.n + body.n + GW_AEAD_TAG bytes).  head.n
 * is a multiple of 16, so that both go through the cipher without being
 * joined first.  out overlaps neither.  number is never used twice.
 */
void gw_aead_seal(struct gw_aead *, uint64_t number, struct gw_slice aad,
    struct gw_slice head, struct gw_slice body, uint8_t *out);
/* Open n bytes (text and tag) in place; false: not authentic, and the bytes
 * are of no use. */
bool gw_aead_open(struct gw_aead *, uint64_t number, struct gw_slice aad,
    uint8_t *buf, size_t n);
/* Go to the next key: secret' = HKDF(secret, "godwit roll").  The number
 * goes on counting. */
GW_MUST_USE enum gw_err gw_aead_roll(struct gw_aead *);

/* The same direction under its next key, as an object of its own: for who
 * has to open under both for a while.  GW_E_MEMORY; GW_E_FAILED. */
GW_MUST_USE enum gw_err gw_aead_next(const struct gw_aead *, struct gw_aead **);

#endif /* GW_CRYPTO_AEAD_H */
