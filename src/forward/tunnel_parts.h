/*
 * tunnel_parts - datagrams that came in parts, put together again (F25).
 *
 * What is incomplete for GW_TUNNEL_PARTIAL_TIME, or is the oldest when there
 * are too many or they are too large, is dropped, and told once: parts that
 * come later begin nothing, until numbers may have come again.  So is one
 * whose number has come again while it waits: of a part that is there, another
 * comes.  Sans-IO.
 */
#ifndef GW_FORWARD_TUNNEL_PARTS_H
#define GW_FORWARD_TUNNEL_PARTS_H

#include "base/bytes.h"
#include "base/time.h"
#include "wire/tunnel.h"

struct gw_tunnel_partial {
	struct gw_tunnel_partial *next;
	uint32_t flow;
	uint16_t number;
	uint8_t parts, got;
	bool opens;
	uint16_t rule;
	gw_usec since;
	size_t bytes;
	struct {
		uint8_t *p; /* NULL: has not come */
		size_t n;
	} v[GW_TUNNEL_PARTS];
};

/* One that never became whole. */
struct gw_tunnel_lost {
	uint32_t flow;
	uint16_t number;
	bool opens;    /* a part of it said what the flow is: */
	uint16_t rule; /* of this rule */
	gw_usec until; /* its other parts are known for so long */
};

/* All zeros is an empty one. */
struct gw_tunnel_parts {
	struct gw_tunnel_partial *first, **last; /* the oldest first */
	unsigned count;
	size_t bytes;
	struct gw_bytes whole;
	uint64_t dropped, told;
	struct gw_tunnel_lost lost[GW_TUNNEL_PARTIAL]; /* the last of them */
};

void gw_tunnel_parts_fini(struct gw_tunnel_parts *);
/* A part.  True: with it the datagram is whole: *out is lent until the next
 * call. */
bool gw_tunnel_parts_add(struct gw_tunnel_parts *,
    const struct gw_tunnel_datagram *, gw_usec now, struct gw_slice *out);
/* Drop what has waited for too long. */
void gw_tunnel_parts_tick(struct gw_tunnel_parts *, gw_usec now);
/* The next that was dropped; false: all have been told. */
bool gw_tunnel_parts_lost(struct gw_tunnel_parts *, struct gw_tunnel_lost *);
gw_usec gw_tunnel_parts_deadline(const struct gw_tunnel_parts *);

#endif /* GW_FORWARD_TUNNEL_PARTS_H */
