/*
 * bytes - a growing byte buffer that is filled at one end and drained at the
 * other.
 */
#ifndef GW_BASE_BYTES_H
#define GW_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct gw_bytes {
	uint8_t *buf;
	size_t start, end, cap;
};

/* All zeros is an empty buffer. */
void gw_bytes_fini(struct gw_bytes *);
/* Room for n more bytes at the end; the caller writes there, then calls
 * gw_bytes_added.  GW_E_MEMORY: nothing changed. */
GW_MUST_USE enum gw_err gw_bytes_room(
    struct gw_bytes *, size_t n, uint8_t **at);
void gw_bytes_added(struct gw_bytes *, size_t n);
GW_MUST_USE enum gw_err gw_bytes_add(struct gw_bytes *, const void *, size_t);
struct gw_slice gw_bytes_peek(const struct gw_bytes *);
size_t gw_bytes_len(const struct gw_bytes *);
/* Drop n bytes from the front. */
void gw_bytes_drop(struct gw_bytes *, size_t n);
void gw_bytes_clear(struct gw_bytes *);

#endif /* GW_BASE_BYTES_H */
