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

/* A packet of the session that waits: a datagram, or a part of one. */
struct gw_tunnel_entry {
	struct gw_slice bytes;
	size_t whole; /* bytes of the datagram */
	bool more;    /* another part of it follows */
};

/* Copied; false: the line has as many as it may, or there is no memory. */
bool gw_tunnel_queue_push(struct gw_tunnel_queue *, struct gw_tunnel_line *,
    const struct gw_tunnel_entry *, gw_usec now);
/* Take back the parts of a datagram whose last one did not find room. */
void gw_tunnel_queue_undo(struct gw_tunnel_queue *, struct gw_tunnel_line *);
/* What is next, lent until it is popped, and whose. */
enum gw_tunnel_turn gw_tunnel_queue_next(struct gw_tunnel_queue *, gw_usec now,
    struct gw_tunnel_line **, struct gw_tunnel_entry *);
/* It was dealt with: the next line has its turn.  After a stale one the same
 * has, and what follows of its datagram is gone as well. */
void gw_tunnel_queue_pop(struct gw_tunnel_queue *, enum gw_tunnel_turn);
/* Drop the first datagram of a line, or what is left of it; false: there is
 * none.  *whole as in an entry. */
bool gw_tunnel_queue_drop(
    struct gw_tunnel_queue *, struct gw_tunnel_line *, size_t *whole);

#endif /* GW_FORWARD_TUNNEL_QUEUE_H */
