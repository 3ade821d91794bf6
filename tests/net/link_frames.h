/*
 * link_frames - the frames that are under way in one direction of the link
 * emulator, by the time at which they are due; those that are due at the
 * same time in the order in which they came.
 */
#ifndef LINK_FRAMES_H
#define LINK_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAMES_NEVER UINT64_MAX

struct frame {
	uint64_t due_nsec;
	uint64_t number;
	uint32_t length;
	uint8_t bytes[];
};

struct frames {
	struct frame **heap;
	size_t count;
	uint64_t numbers;
};

/* False: no memory. */
bool frames_init(struct frames *);

/* A copy of these bytes, for push; the caller frees what pop gives.  NULL:
 * too many are under way, or no memory. */
struct frame *frames_new(
    struct frames *, const uint8_t *bytes, uint32_t length);
void frames_push(struct frames *, struct frame *);

/* When the first is due; FRAMES_NEVER: none is under way. */
uint64_t frames_due_nsec(const struct frames *);
struct frame *frames_pop(struct frames *);

#endif /* LINK_FRAMES_H */
