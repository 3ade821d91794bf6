/*
 * ip - numeric addresses and networks as text, without the kernel.
 *
 * 16 bytes; IPv4 is ::ffff:a.b.c.d.  Zones are not part of it.
 */
#ifndef GW_FORWARD_IP_H
#define GW_FORWARD_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GW_IP_TEXT = 48 }; /* buffer for an address or a network */

struct gw_ip {
	uint8_t b[16];
};

/* The first `bits` of it count; of IPv4 at least 96. */
struct gw_ip_net {
	struct gw_ip ip;
	uint8_t bits;
};

/* Without brackets.  False: no address; *out is untouched. */
bool gw_ip_parse(const char *text, struct gw_ip *out);
/* As RFC 5952 has it. */
void gw_ip_text(const struct gw_ip *, char out[GW_IP_TEXT]);
bool gw_ip_is_v4(const struct gw_ip *);
/* 0.0.0.0 or ::. */
bool gw_ip_is_any(const struct gw_ip *);

/* ADDRESS or ADDRESS/BITS; what is beyond the bits becomes 0. */
bool gw_ip_net_parse(const char *text, struct gw_ip_net *out);
void gw_ip_net_text(const struct gw_ip_net *, char out[GW_IP_TEXT]);
/* Of the same family only: ::/0 has no IPv4. */
bool gw_ip_net_has(const struct gw_ip_net *, const struct gw_ip *);

#endif /* GW_FORWARD_IP_H */
