/*
 * Any bytes as a datagram: what decodes encodes to the same bytes, keeps
 * every limit, and a number that is rebuilt lies near what was expected.
 */
#include "wire/packet.h"

#include <string.h>

#include "base/assert.h"
#include "fuzz.h"

static void
check_hello(struct gw_slice s)
{
	uint8_t back[GW_PACKET_MIN];
	struct gw_hello_packet p;

	if (!gw_hello_packet_decode(s, &p))
		return;
	GW_ASSERT(p.cookie.n <= GW_COOKIE_MAX);
	GW_ASSERT(p.body.n <= GW_HELLO_MAX);
	GW_ASSERT(p.body.p >= s.p && p.body.p + p.body.n <= s.p + s.n);
	if (p.version != GW_PROTOCOL_VERSION)
		return;
	GW_ASSERT(gw_hello_packet_encode(&p, back) == s.n);
	GW_ASSERT(memcmp(back, s.p, s.n) == 0);
}

static void
check_sealed(struct gw_slice s)
{
	uint8_t back[GW_PACKET_HEADER];
	struct gw_packet p;
	uint64_t next, number;

	if (!gw_packet_decode(s, &p))
		return;
	gw_packet_encode(&p, back);
	GW_ASSERT(memcmp(back, s.p, sizeof(back)) == 0);
	next = p.dcid >> 2; /* any number that there can be */
	number = gw_packet_number(p.low, next);
	GW_ASSERT((uint32_t)number == p.low);
	GW_ASSERT(number <= next ? next - number <= UINT64_C(1) << 31
				 : number - next <= UINT64_C(1) << 31 ||
				       number < UINT64_C(1) << 32);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct gw_slice s = gw_slice(data, size);
	uint64_t dcid;

	switch (gw_packet_look(s, &dcid)) {
	case GW_PACKET_HELLO:
		check_hello(s);
		break;
	case GW_PACKET_SEALED:
		check_sealed(s);
		break;
	case GW_PACKET_NONE:
		break;
	}
	return 0;
}
