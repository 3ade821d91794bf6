/*
 * Any bytes as a beacon: what decodes has no length of its own, keeps every
 * rule, and encodes to a beacon that says the same.
 */
#include "wire/beacon.h"

#include <string.h>

#include "base/assert.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t back[GW_BEACON_LEN], again[GW_BEACON_LEN];
	struct gw_beacon b, c;

	if (gw_beacon_decode(gw_slice(data, size), &b) != GW_BEACON_OK)
		return 0;
	GW_ASSERT(size == GW_BEACON_LEN);
	GW_ASSERT(strlen(b.name) <= GW_NAME_MAX);
	GW_ASSERT(gw_beacon_same_name(b.name, b.name));
	gw_beacon_encode(&b, back);
	GW_ASSERT(
	    gw_beacon_decode(gw_slice(back, sizeof back), &c) == GW_BEACON_OK);
	gw_beacon_encode(&c, again);
	GW_ASSERT(memcmp(back, again, sizeof back) == 0);
	return 0;
}
