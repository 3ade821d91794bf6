/*
 * pool - buffers of one size that are used again instead of freed, so that
 * bulk data does not pay for page faults.  One thread.
 */
#ifndef GW_BASE_POOL_H
#define GW_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

struct gw_pool {
	size_t size; /* of a buffer, bytes */
	size_t keep; /* most idle buffers kept */
	size_t lent; /* given out and not yet back */
	size_t idle;
	void **stack; /* idle ones */
};

/* Buffers of `size` bytes; keep at most `keep` idle. */
void gw_pool_init(struct gw_pool *, size_t size, size_t keep);
/* Every buffer must have come back. */
void gw_pool_fini(struct gw_pool *);
/* NULL: out of memory.  Contents are whatever they were.  64-byte aligned. */
uint8_t *gw_pool_get(struct gw_pool *);
void gw_pool_put(struct gw_pool *, uint8_t *);

#endif /* GW_BASE_POOL_H */
