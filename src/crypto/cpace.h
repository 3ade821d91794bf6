/*
 * cpace - from a short code to a key that nobody can guess off line.
 *
 * CPace over ristretto255 with SHA-512, initiator/responder mode, as pinned
 * in docs/protocol.md.  Each side makes one share; the ISK binds both.
 */
#ifndef GW_CRYPTO_CPACE_H
#define GW_CRYPTO_CPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { GW_CPACE_SHARE = 32, GW_CPACE_ISK = 64, GW_CPACE_SCALAR = 32 };

struct gw_cpace {
	uint8_t scalar[GW_CPACE_SCALAR];
	uint8_t share[GW_CPACE_SHARE]; /* own: Ya or Yb */
};

struct gw_cpace_input {
	struct gw_slice password; /* PRS: the whole normalised code */
	struct gw_slice ci;       /* channel identifier */
	struct gw_slice sid;
};

/* Make this side's share from a random scalar (any 64 random bytes). */
void gw_cpace_start(
    struct gw_cpace *, const struct gw_cpace_input *, const uint8_t random[64]);
/*
 * The intermediate session key from the peer's share.  `initiator` says
 * which of the two this side is; ad are the associated data (may be empty).
 * false: the peer's share is invalid or yields the neutral element; isk is
 * untouched.
 */
bool gw_cpace_finish(const struct gw_cpace *, const struct gw_cpace_input *,
    bool initiator, struct gw_slice own_ad,
    const uint8_t peer_share[GW_CPACE_SHARE], struct gw_slice peer_ad,
    uint8_t isk[GW_CPACE_ISK]);
void gw_cpace_fini(struct gw_cpace *);

#endif /* GW_CRYPTO_CPACE_H */
