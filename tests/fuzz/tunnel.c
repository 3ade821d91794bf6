/*
 * Any bytes as messages, datagrams and rights of a tunnel: what is read is
 * written as it was, and parts take no more room than they may.
 */
#include "wire/tunnel.h"

#include <string.h>

#include "base/assert.h"
#include "forward/rights.h"
#include "forward/tunnel_parts.h"
#include "fuzz.h"

static void
messages(struct gw_slice s)
{
	uint8_t back[GW_TUNNEL_MESSAGE];
	struct gw_tunnel_message m;
	size_t n;

	while (s.n >= GW_TUNNEL_HEAD && gw_tunnel_measure(s, &n)) {
		GW_ASSERT(n >= GW_TUNNEL_HEAD);
		if (n > s.n)
			return;
		if (gw_tunnel_decode(gw_slice(s.p, n), &m)) {
			GW_ASSERT(gw_tunnel_encode(&m, back, sizeof back) == n);
			GW_ASSERT(memcmp(back, s.p, n) == 0);
		}
		s = gw_slice(s.p + n, s.n - n);
	}
}

static void
datagrams(struct gw_slice s)
{
	struct gw_tunnel_parts parts = { 0 };
	struct gw_tunnel_datagram d;
	struct gw_slice whole;
	uint8_t back[256 + GW_TUNNEL_DATAGRAM_HEAD];
	gw_usec now = 0;

	while (s.n > 1) {
		const size_t n = s.p[0] < s.n - 1 ? s.p[0] : s.n - 1;
		const struct gw_slice one = gw_slice(s.p + 1, n);

		now += 10000;
		s = gw_slice(s.p + 1 + n, s.n - 1 - n);
		if (!gw_tunnel_datagram_decode(one, &d))
			continue;
		GW_ASSERT(
		    gw_tunnel_datagram_encode(&d, back, sizeof back) == n);
		GW_ASSERT(memcmp(back, one.p, n) == 0);
		if (d.part)
			(void)gw_tunnel_parts_add(&parts, &d, now, &whole);
		gw_tunnel_parts_tick(&parts, now);
		GW_ASSERT(parts.count <= GW_TUNNEL_PARTIAL);
	}
	gw_tunnel_parts_fini(&parts);
}

static void
rights(struct gw_slice s)
{
	char text[512], again[GW_RIGHT_TEXT], why[GW_RULE_WHY];
	struct gw_right r, same;

	if (s.n >= sizeof text)
		return;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (!gw_right_parse(text, &r, why))
		return;
	gw_right_text(&r, again);
	GW_ASSERT(gw_right_parse(again, &same, why));
	gw_right_text(&same, text);
	GW_ASSERT(strcmp(again, text) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		messages(gw_slice(data + 1, size - 1));
		break;
	case 1:
		datagrams(gw_slice(data + 1, size - 1));
		break;
	default:
		rights(gw_slice(data + 1, size - 1));
		break;
	}
	return 0;
}
