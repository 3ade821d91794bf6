#include "base/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void
gw_queue_init(struct gw_queue *q, size_t cap)
{
	memset(q, 0, sizeof(*q));
	q->cap = cap;
}

void
gw_queue_fini(struct gw_queue *q)
{
	free(q->buf);
	gw_queue_init(q, q->cap);
}

/* Where n bytes fit in one piece; false: nowhere. */
static bool
find_room(const struct gw_queue *q, size_t n, size_t *at)
{
	const unsigned last =
	    (q->first + q->count + GW_QUEUE_MESSAGES - 1) % GW_QUEUE_MESSAGES;
	size_t head, tail;

	*at = 0;
	if (q->count == 0)
		return n <= q->cap;
	head = q->v[q->first].at;
	tail = q->v[last].at + q->v[last].n;
	*at = tail;
	if (q->v[last].at < head)
		return n <= head - tail;
	if (n <= q->cap - tail)
		return true;
	*at = 0;
	return n <= head;
}

bool
gw_queue_push(struct gw_queue *q, struct gw_slice m)
{
	unsigned i = (q->first + q->count) % GW_QUEUE_MESSAGES;
	size_t at;

	if (q->count == GW_QUEUE_MESSAGES || !find_room(q, m.n, &at))
		return false;
	if (q->buf == NULL && (q->buf = malloc(q->cap)) == NULL)
		return false;
	if (m.n > 0)
		memcpy(q->buf + at, m.p, m.n);
	q->v[i].at = at;
	q->v[i].n = m.n;
	q->count++;
	return true;
}

bool
gw_queue_peek(const struct gw_queue *q, struct gw_slice *m)
{
	if (q->count == 0)
		return false;
	*m = gw_slice(q->buf + q->v[q->first].at, q->v[q->first].n);
	return true;
}

void
gw_queue_pop(struct gw_queue *q)
{
	GW_ASSERT(q->count > 0);
	q->first = (q->first + 1) % GW_QUEUE_MESSAGES;
	q->count--;
}
