#include "base/hash.h"

#include <assert.h>
#include <string.h>
#include <xxhash.h>

static_assert(sizeof(XXH128_canonical_t) == sizeof(struct gw_hash),
    "a canonical XXH128 is 16 bytes");

struct gw_hash
gw_hash_of(struct gw_slice s)
{
	XXH128_canonical_t canonical;
	struct gw_hash h;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(s.p, s.n));
	memcpy(h.b, canonical.digest, sizeof(h.b));
	return h;
}

bool
gw_hash_eq(const struct gw_hash *a, const struct gw_hash *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

struct gw_key
gw_hash_key(uint64_t seed, struct gw_slice s)
{
	XXH128_canonical_t canonical;
	struct gw_key key;

	XXH128_canonicalFromHash(
	    &canonical, XXH3_128bits_withSeed(s.p, s.n, seed));
	memcpy(key.b, canonical.digest, sizeof(key.b));
	return key;
}
