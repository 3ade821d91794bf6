/*
 * gcm_mb - AES-256-GCM by libIPSec_MB (Intel's multi-buffer library), which
 * seals a packet in a third of the time of libgcrypt, where godwit was built
 * with it.  Where it was not, gcm_mb_none.c stands for it.
 *
 * Private to aead.  Tests: tests/unit/aead_test.c.
 */
#ifndef GW_CRYPTO_GCM_MB_H
#define GW_CRYPTO_GCM_MB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { GW_GCM_KEY = 32, GW_GCM_NONCE = 12, GW_GCM_TAG = 16 };

struct gw_gcm_mb;

/* Is it in this build, and of use on this CPU? */
bool gw_gcm_mb_is_here(void);
/* Then only.  NULL: no memory. */
struct gw_gcm_mb *gw_gcm_mb_new(void);
void gw_gcm_mb_free(struct gw_gcm_mb *);
void gw_gcm_mb_set_key(struct gw_gcm_mb *, const uint8_t key[GW_GCM_KEY]);

/* Both pieces, in turn, into out, and the tag behind them. */
void gw_gcm_mb_seal(struct gw_gcm_mb *, const uint8_t nonce[GW_GCM_NONCE],
    struct gw_slice aad, const struct gw_slice text[2], uint8_t *out);
/* In place; the tag stands behind the n bytes.  false: not authentic. */
bool gw_gcm_mb_open(struct gw_gcm_mb *, const uint8_t nonce[GW_GCM_NONCE],
    struct gw_slice aad, uint8_t *buf, size_t n);

#endif /* GW_CRYPTO_GCM_MB_H */
