/*
 * link_direction - what befalls the frames of one direction of the emulated
 * link.  Knows neither clock nor devices: the time is given.
 *
 * A frame passes in this order: loss, duplication, corruption, queue, rate, a
 * cut, delay.  Weights are those of whole Ethernet frames, without preamble
 * and check sum.  What becomes of the k-th frame depends on the seed and on k,
 * not on the time; but for bursts of loss, which silence ends.
 */
#ifndef LINK_DIRECTION_H
#define LINK_DIRECTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "link_frames.h"
#include "link_settings.h"

enum link_counter {
	LINK_IN,
	LINK_OUT,
	LINK_LOST,
	LINK_QUEUE_DROPPED, /* the queue was full */
	LINK_CUT,
	LINK_DUPLICATED,
	LINK_CORRUPTED,
	LINK_REORDERED,
	LINK_REFUSED, /* by the device at the other end */
	LINK_COUNTERS
};

/* Written by one thread, read by another one. */
struct link_counters {
	struct {
		atomic_uint_fast64_t frames, bytes;
	} by[LINK_COUNTERS];
	/* Of all that passed the rate: how long they waited for it. */
	atomic_uint_fast64_t passed, waited_nsec, waited_nsec_most;
};

struct link_direction {
	struct link_settings settings;
	struct link_counters counters;
	struct frames frames; /* under way */
	uint64_t random;
	uint64_t line_free_nsec; /* when the rate lets the next one leave */
	uint64_t last_in_nsec;
	unsigned in_burst; /* so many more are lost */
};

/* False: no memory. */
bool link_direction_init(struct link_direction *, const struct link_settings *);
void link_direction_fini(struct link_direction *);

/* A frame comes; its bytes may be changed. */
void link_direction_take(struct link_direction *, uint8_t *bytes,
    uint32_t length, uint64_t now_nsec);
/* One that is due, to be given back with frames_free; NULL: none is. */
struct frame *link_direction_give(struct link_direction *, uint64_t now_nsec);

void link_counters_add(
    struct link_counters *, enum link_counter, uint32_t length);
/* One line of JSON. */
void link_counters_print(
    const struct link_counters *, const char *direction, FILE *);

#endif /* LINK_DIRECTION_H */
