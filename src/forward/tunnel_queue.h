/*
 * tunnel_queue - datagrams that wait for the session to take them: a line for
 * each flow, which take turns, so that none keeps another waiting; what has
 * waited for GW_TUNNEL_AGE is stale and goes (F24).  Sans-IO.
 */
#ifndef GW_FORWARD_TUNNEL_QUEUE_H
#define GW_FORWARD_TUNNEL_QUEUE_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/time.h"
#include "wire/limits.h"

struct gw_tunnel_waiting;

/* A flow's; all zeros is an empty one. */
struct gw_tunnel_line {
	struct gw_tunnel_line *next; /* whose turn is after */
	struct gw_tunnel_waiting *first, **last;
	unsigned count;
	bool listed;
};

struct gw_tunnel_queue {
	struct gw_tunnel_line *first, **last;
	uint64_t count; /* in all lines */
};

enum gw_tunnel_turn {
	GW_TUNNEL_TURN_NONE,  /* nothing waits */
	GW_TUNNEL_TURN_SEND,  /* this one */
	GW_TUNNEL_TURN_STALE, /* this one has become too old */
};

/* Copied; false: the line has as many as it may, or there is no memory. */
bool gw_tunnel_queue_push(struct gw_tunnel_queue *, struct gw_tunnel_line *,
    struct gw_slice, gw_usec now);
/* What is next, lent until it is popped, and whose. */
enum gw_tunnel_turn gw_tunnel_queue_next(struct gw_tunnel_queue *, gw_usec now,
    struct gw_tunnel_line **, struct gw_slice *);
/* It was dealt with: the next line has its turn, or after a stale one the
 * same. */
void gw_tunnel_queue_pop(struct gw_tunnel_queue *, enum gw_tunnel_turn);
/* All of a line; returns how many there were. */
unsigned gw_tunnel_queue_clear(
    struct gw_tunnel_queue *, struct gw_tunnel_line *);

#endif /* GW_FORWARD_TUNNEL_QUEUE_H */
