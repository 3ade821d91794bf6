/*
 * kdf - HKDF over HMAC-SHA256 (RFC 5869), and wiping.
 */
#ifndef GW_CRYPTO_KDF_H
#define GW_CRYPTO_KDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Once a process, before anything else here (sodium_init, libgcrypt);
 * idempotent, thread-safe.  false: the libraries cannot be used. */
bool gw_crypto_start(void);

/* out: at most 255 * 32 bytes. */
void gw_hkdf(struct gw_slice salt, struct gw_slice ikm, struct gw_slice info,
    void *out, size_t n);
/* Keyed 32-byte fingerprint (HMAC-SHA256). */
void gw_hmac(struct gw_slice key, struct gw_slice text, uint8_t out[32]);

/* Constant-time; both are n bytes. */
bool gw_equal(const void *, const void *, size_t n);
void gw_wipe(void *, size_t n);
/* From the kernel, through libsodium. */
void gw_random_bytes(void *, size_t n);

#endif /* GW_CRYPTO_KDF_H */
