/*
 * hash - XXH3-128: the check of a block, and keys of maps and journals.
 *
 * Against accident, not against malice: the session's AEAD does that.
 */
#ifndef GW_BASE_HASH_H
#define GW_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/slice.h"

struct gw_hash {
	uint8_t b[16]; /* canonical (big-endian) XXH128 */
};

struct gw_hash gw_hash_of(struct gw_slice);
bool gw_hash_eq(const struct gw_hash *, const struct gw_hash *);
/* Map key of a byte string under a secret seed (XXH3-128 with seed). */
struct gw_key gw_hash_key(uint64_t seed, struct gw_slice);

#endif /* GW_BASE_HASH_H */
