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

enum { FRAME_MAX = 9216 /* bytes */ };

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
	struct frame **spare; /* to be used again */
	size_t spares;
};

/* False: no memory. */
bool frames_init(struct frames *);
void frames_fini(struct frames *);

/* A copy of these bytes, for push.  NULL: too many are under way, or no
 * memory. */
struct frame *frames_new(
    struct frames *, const uint8_t *bytes, uint32_t length);
/* One that is not under way. */
void frames_free(struct frames *, struct frame *);
void frames_push(struct frames *, struct frame *);

/* When the first is due; FRAMES_NEVER: none is under way. */
uint64_t frames_due_nsec(const struct frames *);
/* The first; there is one.  The caller frees it. */
struct frame *frames_pop(struct frames *);

#endif /* LINK_FRAMES_H */
