/*
 * head - the frames of a packet while it is put together.
 *
 * A packet is sealed from two places (gw_aead_seal): a head of control frames
 * and the header of the last frame, whose length is a multiple of 16, and
 * the data of that last frame, straight from the buffer that holds it.
 * PADDING in front makes up the 16.
 */
#ifndef GW_TESTS_SIM_HEAD_H
#define GW_TESTS_SIM_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/slice.h"
#include "wire/ack.h"
#include "wire/frame.h"
#include "wire/limits.h"

enum { GW_HEAD_UNIT = 16 };

struct gw_head {
	uint8_t buf[GW_HEAD_UNIT - 1 + GW_HEAD_MAX];
	struct gw_writer w;
	size_t room; /* what head and data may have together */
	bool closed; /* a frame without size is the last one */
};

/* For a packet of `size` bytes, with header and tag: GW_PACKET_MIN or more
 * where it shall carry anything. */
void gw_head_init(struct gw_head *, size_t size);
/* Add a frame but ACK.  After STREAM or DATAGRAM without size nothing can be
 * added, and its data is the body.  false: no room, nothing changed. */
bool gw_head_put(struct gw_head *, const struct gw_pframe *);
/* Add an ACK with as many ranges as fit; see gw_ack_encode. */
bool gw_head_put_ack(struct gw_head *, struct gw_ack *);
bool gw_head_empty(const struct gw_head *);
/* Most bytes of data after a last frame whose header has n bytes. */
size_t gw_head_body(const struct gw_head *, size_t n);
/* The padded head; valid until the head changes. */
struct gw_slice gw_head_slice(const struct gw_head *);

#endif /* GW_TESTS_SIM_HEAD_H */
