/*
 * ack - which packets arrived, and how often a sender wants to be told.
 *
 * The ACK frame:
 *
 *	u8 type; varint largest, delay, count of further ranges, length - 1
 *	of the first; then for each further range varint gap - 1, length - 1,
 *	where the gap is what is missing before it; ACK_ECN adds varint ect0,
 *	ect1, ce
 *
 * Newest first: what does not fit is old.
 */
#ifndef GW_WIRE_ACK_H
#define GW_WIRE_ACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "wire/limits.h"

struct gw_ack_range {
	uint64_t first, last; /* packet numbers, both included */
};

struct gw_ack {
	uint64_t delay; /* us that the peer held it back */
	/* Newest first, disjoint, apart. */
	struct gw_ack_range v[GW_ACK_RANGES];
	unsigned count;          /* at least 1 */
	bool ecn;                /* the counts below were there */
	uint64_t ect0, ect1, ce; /* packets that came so marked, ever */
};

struct gw_ack_frequency {
	uint32_t threshold; /* eliciting packets before an ACK, at least 1 */
	uint32_t max_delay; /* us from the first of them */
	uint32_t reorder;   /* an ACK at once when a packet came so far ahead
			       of one that is missing; 0: never for that */
};

/*
 * Write the frame, type and all, with as many of the newest ranges as fit;
 * count becomes what was written.  false: not even one fits, and nothing was
 * written.
 */
bool gw_ack_encode(struct gw_writer *, struct gw_ack *);
/* Read what follows the type, which said whether ECN counts are there.
 * false: malformed, or a range lies below 0; *out is of no use then. */
bool gw_ack_decode(struct gw_reader *, bool ecn, struct gw_ack *out);

#endif /* GW_WIRE_ACK_H */
