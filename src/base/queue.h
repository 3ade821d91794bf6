/*
 * queue - whole messages, first in, first out, bounded in bytes and number.
 *
 * One buffer, made with the first message; each message lies in one piece.
 * What finds no room is refused, and nothing is ever moved.
 */
#ifndef GW_BASE_QUEUE_H
#define GW_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { GW_QUEUE_MESSAGES = 256 };

struct gw_queue {
	uint8_t *buf;
	size_t cap;
	struct {
		size_t at, n;
	} v[GW_QUEUE_MESSAGES];
	unsigned first, count;
};

/* For `cap` bytes. */
void gw_queue_init(struct gw_queue *, size_t cap);
void gw_queue_fini(struct gw_queue *);
/* Copy one in, be it empty.  false: no room, or no memory. */
bool gw_queue_push(struct gw_queue *, struct gw_slice);
/* The oldest, lent until it is popped; false: none. */
bool gw_queue_peek(const struct gw_queue *, struct gw_slice *);
void gw_queue_pop(struct gw_queue *);

#endif /* GW_BASE_QUEUE_H */
