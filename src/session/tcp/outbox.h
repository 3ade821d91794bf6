/*
 * outbox - sealed records on their way to the socket.
 *
 * One buffer, filled in whole records and drained in bytes.  Nothing in it
 * is ever moved: what does not fit behind the newest record begins again at
 * the front, once that is free.  Private to src/session.
 * Tests: tests/unit/outbox_test.c.
 */
#ifndef GW_SESSION_TCP_OUTBOX_H
#define GW_SESSION_TCP_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct gw_outbox {
	uint8_t *buf;
	size_t cap;
	size_t start, end;  /* what goes out first: [start, end) */
	size_t wrapped_end; /* and then [0, wrapped_end) */
};

GW_MUST_USE enum gw_err gw_outbox_init(struct gw_outbox *, size_t cap);
void gw_outbox_fini(struct gw_outbox *);
/* Where a record of n bytes can be written; NULL: no room now.  Then
 * gw_outbox_added with the same n. */
uint8_t *gw_outbox_room(struct gw_outbox *, size_t n);
void gw_outbox_added(struct gw_outbox *, size_t n);
/* How many records of n bytes would find room. */
size_t gw_outbox_fits(const struct gw_outbox *, size_t n);
struct gw_slice gw_outbox_peek(const struct gw_outbox *);
bool gw_outbox_empty(const struct gw_outbox *);
/* Drop n bytes that peek gave. */
void gw_outbox_drop(struct gw_outbox *, size_t n);

#endif /* GW_SESSION_TCP_OUTBOX_H */
