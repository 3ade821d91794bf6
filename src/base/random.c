#include "base/random.h"

#include "base/assert.h"

uint64_t
gw_random_u64(const struct gw_random *r)
{
	uint64_t v;

	gw_random_fill(r, &v, sizeof(v));
	return v;
}

uint64_t
gw_random_below(const struct gw_random *r, uint64_t bound)
{
	uint64_t v;

	GW_ASSERT(bound > 0);

	/* The 2^64 values are not a multiple of bound: the first
	 * 2^64 mod bound of them are thrown again. */
	const uint64_t uneven = (UINT64_MAX - bound + 1) % bound;
	do
		v = gw_random_u64(r);
	while (v < uneven);
	return v % bound;
}
