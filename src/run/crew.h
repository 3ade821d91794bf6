/*
 * crew - a queue of disk jobs and the few worker threads that take from it.
 *
 * Handing a job to another thread and back costs more than writing a small
 * file, so a worker takes several light jobs a trip.  Jobs start in the
 * order they were added, and end in any.
 */
#ifndef GW_RUN_CREW_H
#define GW_RUN_CREW_H

#include "base/item.h"
#include "run/loop.h"

struct gw_crew_options {
	struct gw_loop *loop;
	unsigned workers;     /* trips at the same time */
	uint32_t trip_weight; /* a trip ends at this weight ... */
	uint32_t trip_items;  /* ... or at this many jobs */
	void (*work)(struct gw_item *, void *arg); /* on a worker thread */
	void (*done)(struct gw_item *, void *arg); /* on the loop, each */
	void (*idle)(void *arg); /* on the loop, after a trip's jobs; or NULL */
	void *arg;
};

struct gw_crew;

GW_MUST_USE enum gw_err gw_crew_new(
    const struct gw_crew_options *, struct gw_crew **);
/* Nothing may be queued or under way. */
void gw_crew_free(struct gw_crew *);

/* Queue a job; it starts at the next gw_crew_go, or when a trip ends. */
void gw_crew_add(struct gw_crew *, struct gw_item *);
void gw_crew_go(struct gw_crew *);
/* Take a job that has not started back out of the queue; NULL: none. */
struct gw_item *gw_crew_take_back(struct gw_crew *);
/* Jobs that are queued or under way. */
unsigned gw_crew_busy(const struct gw_crew *);

#endif /* GW_RUN_CREW_H */
