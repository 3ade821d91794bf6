/*
 * Any bytes as a message of another site's relay: what decodes keeps every
 * rule, and encodes to the same bytes.
 */
#include "wire/relay_link.h"

#include <string.h>

#include "base/assert.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t back[GW_RELAY_MESSAGE_MAX];
	struct gw_relay_message m;

	if (!gw_relay_message_decode(gw_slice(data, size), &m))
		return 0;
	GW_ASSERT(size <= GW_RELAY_MESSAGE_MAX);
	GW_ASSERT(m.data.n <= GW_DATAGRAM_MAX);
	GW_ASSERT(m.kind != GW_RELAY_DATAGRAM ||
		  (m.sites >= 1 && m.sites <= GW_RELAY_SITES));
	GW_ASSERT(gw_relay_message_encode(&m, back) == size);
	GW_ASSERT(memcmp(back, data, size) == 0);
	return 0;
}
