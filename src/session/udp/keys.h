/*
 * keys - the keys of one direction of a session over UDP, as they roll.
 *
 * Packet n is sealed under key n / roll: both sides know it from the number
 * alone, and the key phase bit only says so early.  The receiving side opens
 * under the key before and the next one as well, because packets overtake
 * each other.  Private to src/session/udp.  Tests: tests/unit/keys_test.c.
 */
#ifndef GW_SESSION_UDP_KEYS_H
#define GW_SESSION_UDP_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "crypto/aead.h"

struct gw_keys {
	struct gw_aead *before, *now, *next; /* before, next: NULL at first */
	uint64_t epoch;                      /* of `now` */
	uint64_t first;                      /* packet of that epoch */
	uint64_t roll;                       /* packets under one key */
};

GW_MUST_USE enum gw_err gw_keys_init(struct gw_keys *, enum gw_cipher,
    const uint8_t secret[GW_SECRET_LEN], uint64_t roll);
void gw_keys_fini(struct gw_keys *);

/* The key phase bit of a packet. */
bool gw_keys_phase(const struct gw_keys *, uint64_t number);
/* As gw_aead_seal; numbers never go back by an epoch.  GW_E_MEMORY or
 * GW_E_FAILED: no next key was to be had. */
GW_MUST_USE enum gw_err gw_keys_prepare(struct gw_keys *, uint64_t number);
void gw_keys_seal(struct gw_keys *, uint64_t number, struct gw_slice aad,
    const struct gw_slice text[2], uint8_t *out);
/* As gw_aead_open.  false: not authentic, or more than one key away. */
bool gw_keys_open(struct gw_keys *, uint64_t number, struct gw_slice aad,
    uint8_t *buf, size_t n);

#endif /* GW_SESSION_UDP_KEYS_H */
