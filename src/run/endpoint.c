#include "run/endpoint.h"

#include <stdio.h>
#include <string.h>

struct gw_endpoint
gw_endpoint_of(const struct gw_addr *a)
{
	struct gw_endpoint e = { .port = 0 };

	if (a->len == 0)
		return e;
	gw_addr_mapped(a, e.ip);
	e.zone = gw_addr_zone(a);
	e.port = gw_addr_port(a);
	return e;
}

struct gw_endpoint
gw_endpoint_at(const uint8_t ip[16], uint32_t zone, uint16_t port)
{
	struct gw_addr a;

	gw_addr_from_mapped(&a, ip, zone, port);
	return gw_endpoint_of(&a);
}

void
gw_endpoint_addr(const struct gw_endpoint *e, struct gw_addr *out)
{
	static const struct gw_endpoint none;

	if (e->port == 0 && e->zone == 0 &&
	    memcmp(e->ip, none.ip, sizeof none.ip) == 0)
		*out = (struct gw_addr){ .len = 0 };
	else
		gw_addr_from_mapped(out, e->ip, e->zone, e->port);
}

/* ---- as godwit.h has it ---- */

enum gw_err
gw_endpoint_parse(struct gw_endpoint *out, const char *host, uint16_t port)
{
	struct gw_addr a;
	enum gw_err err = gw_addr_parse(&a, host, port, NULL);

	if (err == GW_OK)
		*out = gw_endpoint_of(&a);
	return err;
}

void
gw_endpoint_text(const struct gw_endpoint *e, char out[GW_ENDPOINT_TEXT])
{
	struct gw_addr a;

	gw_addr_from_mapped(&a, e->ip, e->zone, e->port);
	if (e->port == 0)
		gw_addr_host(&a, out);
	else
		gw_addr_text(&a, out);
}

bool
gw_endpoint_is_group(const struct gw_endpoint *e)
{
	struct gw_addr a;

	gw_addr_from_mapped(&a, e->ip, e->zone, e->port);
	return gw_addr_is_group(&a);
}
