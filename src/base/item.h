/*
 * item - the link by which a job waits in somebody's queue.  Embedded first
 * in whatever the job is.
 */
#ifndef GW_BASE_ITEM_H
#define GW_BASE_ITEM_H

#include <stdint.h>

struct gw_item {
	struct gw_item *next;
	uint32_t weight; /* bytes that it moves, about */
};

#endif /* GW_BASE_ITEM_H */
