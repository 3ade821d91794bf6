#include "base/pool.h"

#include <stdlib.h>

#include "base/assert.h"

/* A cache line; also what the widest vector loads like. */
enum { ALIGNMENT = 64 };

void
gw_pool_init(struct gw_pool *pool, size_t size, size_t keep)
{
	GW_ASSERT(size > 0);
	GW_ASSERT(size <= SIZE_MAX - ALIGNMENT);
	*pool = (struct gw_pool){ .size = size, .keep = keep };
}

void
gw_pool_fini(struct gw_pool *pool)
{
	GW_ASSERT(pool->lent == 0);
	for (size_t i = 0; i < pool->idle; i++)
		free(pool->stack[i]);
	free(pool->stack);
	*pool = (struct gw_pool){ 0 };
}

uint8_t *
gw_pool_get(struct gw_pool *pool)
{
	uint8_t *buf;

	if (pool->idle > 0) {
		buf = pool->stack[--pool->idle];
	} else {
		/* aligned_alloc wants a multiple of the alignment. */
		const size_t over = pool->size % ALIGNMENT;
		const size_t pad = over == 0 ? 0 : ALIGNMENT - over;

		buf = aligned_alloc(ALIGNMENT, pool->size + pad);
	}
	if (buf != NULL)
		pool->lent++;
	return buf;
}

void
gw_pool_put(struct gw_pool *pool, uint8_t *buf)
{
	GW_ASSERT(buf != NULL);
	GW_ASSERT(pool->lent > 0);
	pool->lent--;

	if (pool->stack == NULL && pool->keep > 0)
		pool->stack = calloc(pool->keep, sizeof(*pool->stack));
	/* Without a stack nothing can be kept: slower, never wrong. */
	if (pool->stack == NULL || pool->idle == pool->keep)
		free(buf);
	else
		pool->stack[pool->idle++] = buf;
}
