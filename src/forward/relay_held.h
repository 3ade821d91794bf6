/*
 * relay_held - who asked through the relay, and what port their answers come
 * to: a place for each, for as long as its question may be answered.
 *
 * A fixed number of places; when all are taken, the oldest gives way.
 */
#ifndef GW_FORWARD_RELAY_HELD_H
#define GW_FORWARD_RELAY_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/time.h"
#include "wire/limits.h"

struct gw_relay_asker {
	unsigned rule;
	unsigned link; /* where the question came from */
	struct gw_endpoint who;
	uint64_t question; /* from another site: what it calls it */
};

struct gw_relay_hold {
	struct gw_relay_asker asker;
	uint64_t serial;  /* 0: free */
	uint32_t asked;   /* links that the question has left by */
	uint32_t answers; /* that came */
	gw_usec until;
};

struct gw_relay_held {
	struct gw_relay_hold v[GW_RELAY_HELD];
	uint64_t serial; /* of the last one */
	gw_usec next;    /* one ends then, or earlier none does */
};

/* The place of who asks; a new one where there is none.  It stays until then
 * or longer. */
unsigned gw_relay_held_take(struct gw_relay_held *,
    const struct gw_relay_asker *, gw_usec now, gw_usec until);
/* What is there; NULL: nothing, or it has ended. */
struct gw_relay_hold *gw_relay_held_at(
    struct gw_relay_held *, unsigned place, gw_usec now);
/* The next one that has ended; false: none has.  It is free then. */
bool gw_relay_held_ended(struct gw_relay_held *, gw_usec now, unsigned *place);
gw_usec gw_relay_held_deadline(const struct gw_relay_held *);

#endif /* GW_FORWARD_RELAY_HELD_H */
