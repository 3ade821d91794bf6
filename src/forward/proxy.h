/*
 * proxy - the header by which a proxy tells a target for whom it speaks:
 * version 2, binary, of "The PROXY protocol", section 2.2; and, for datagrams,
 * that of the Simple Proxy Protocol, which answers bear as well.
 */
#ifndef GW_FORWARD_PROXY_H
#define GW_FORWARD_PROXY_H

#include "forward/ip.h"
#include "forward/rule.h"

enum { GW_PROXY_V2_MAX = 52, GW_PROXY_SPP = 38 };

struct gw_proxy_ends {
	enum gw_rule_protocol protocol;
	struct gw_ip source, destination; /* the client; where it came in */
	uint16_t source_port, destination_port;
};

/* Returns the bytes of the header: 28, or 52 where IPv6 is involved. */
size_t gw_proxy_v2(const struct gw_proxy_ends *, uint8_t out[GW_PROXY_V2_MAX]);
void gw_proxy_spp(const struct gw_proxy_ends *, uint8_t out[GW_PROXY_SPP]);

#endif /* GW_FORWARD_PROXY_H */
