#include "forward/proxy.h"

#include "base/assert.h"
#include "base/cursor.h"

enum {
	VERSION_2_PROXY = 0x21,
	IPV4 = 0x10,
	IPV6 = 0x20,
	STREAM = 1,
	DGRAM = 2,
	SPP = 0x56ec
};

static const uint8_t signature[12] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a,
	0x51, 0x55, 0x49, 0x54, 0x0a };

size_t
gw_proxy_v2(const struct gw_proxy_ends *e, uint8_t out[GW_PROXY_V2_MAX])
{
	bool v4 = gw_ip_is_v4(&e->source) && gw_ip_is_v4(&e->destination);
	size_t skip = v4 ? 12 : 0, length = 16 - skip;
	struct gw_writer w = gw_writer(out, GW_PROXY_V2_MAX);

	gw_write_bytes(&w, signature, sizeof signature);
	gw_write_u8(&w, VERSION_2_PROXY);
	gw_write_u8(
	    &w, (uint8_t)((v4 ? IPV4 : IPV6) |
			  (e->protocol == GW_RULE_TCP ? STREAM : DGRAM)));
	gw_write_u16(&w, (uint16_t)(2 * length + 4));
	gw_write_bytes(&w, e->source.b + skip, length);
	gw_write_bytes(&w, e->destination.b + skip, length);
	gw_write_u16(&w, e->source_port);
	gw_write_u16(&w, e->destination_port);
	GW_ASSERT(gw_writer_ok(&w));
	return gw_writer_len(&w);
}

void
gw_proxy_spp(const struct gw_proxy_ends *e, uint8_t out[GW_PROXY_SPP])
{
	struct gw_writer w = gw_writer(out, GW_PROXY_SPP);

	gw_write_u16(&w, SPP);
	gw_write_bytes(&w, e->source.b, sizeof e->source.b);
	gw_write_bytes(&w, e->destination.b, sizeof e->destination.b);
	gw_write_u16(&w, e->source_port);
	gw_write_u16(&w, e->destination_port);
	GW_ASSERT(gw_writer_ok(&w) && gw_writer_len(&w) == GW_PROXY_SPP);
}
