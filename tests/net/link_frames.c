/*
 * link_frames - a binary heap.
 */
#include "link_frames.h"

#include <stdlib.h>
#include <string.h>

enum {
	UNDER_WAY_MAX = 1 << 18,
	SPARES_MAX = 1 << 14,
	COMMON = 2048 /* bytes; frames up to here are used again */
};

bool
frames_init(struct frames *s)
{
	*s = (struct frames){ 0 };
	s->heap = calloc(UNDER_WAY_MAX, sizeof(struct frame *));
	s->spare = calloc(SPARES_MAX, sizeof(struct frame *));
	if (s->heap != NULL && s->spare != NULL)
		return true;
	frames_fini(s);
	return false;
}

void
frames_fini(struct frames *s)
{
	while (s->count > 0)
		free(frames_pop(s));
	while (s->spares > 0)
		free(s->spare[--s->spares]);
	free(s->heap);
	free(s->spare);
}

struct frame *
frames_new(struct frames *s, const uint8_t *bytes, uint32_t length)
{
	struct frame *f;
	if (s->count == UNDER_WAY_MAX)
		return NULL;
	if (length <= COMMON && s->spares > 0)
		f = s->spare[--s->spares];
	else
		f = malloc(sizeof(*f) + (length <= COMMON ? COMMON : length));
	if (f == NULL)
		return NULL;
	f->due_nsec = 0;
	f->number = s->numbers++;
	f->length = length;
	memcpy(f->bytes, bytes, length);
	return f;
}

void
frames_free(struct frames *s, struct frame *f)
{
	if (f->length <= COMMON && s->spares < SPARES_MAX)
		s->spare[s->spares++] = f;
	else
		free(f);
}

uint64_t
frames_due_nsec(const struct frames *s)
{
	return s->count > 0 ? s->heap[0]->due_nsec : FRAMES_NEVER;
}

static bool
before(const struct frame *a, const struct frame *b)
{
	if (a->due_nsec != b->due_nsec)
		return a->due_nsec < b->due_nsec;
	return a->number < b->number;
}

void
frames_push(struct frames *s, struct frame *f)
{
	size_t i = s->count++;
	while (i > 0 && before(f, s->heap[(i - 1) / 2])) {
		s->heap[i] = s->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->heap[i] = f;
}

struct frame *
frames_pop(struct frames *s)
{
	struct frame *top = s->heap[0];
	struct frame *last = s->heap[--s->count];
	size_t i = 0;
	while (2 * i + 1 < s->count) {
		size_t child = 2 * i + 1;
		if (child + 1 < s->count &&
		    before(s->heap[child + 1], s->heap[child]))
			child++;
		if (!before(s->heap[child], last))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return top;
}
