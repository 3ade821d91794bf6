#include "session/tcp/outbox.h"

#include <stdlib.h>

#include "base/assert.h"

enum gw_err
gw_outbox_init(struct gw_outbox *o, size_t cap)
{
	uint8_t *buf = malloc(cap);

	if (buf == NULL)
		return GW_E_MEMORY;
	*o = (struct gw_outbox){ .buf = buf, .cap = cap };
	return GW_OK;
}

void
gw_outbox_fini(struct gw_outbox *o)
{
	free(o->buf);
	*o = (struct gw_outbox){ 0 };
}

/* Once something has begun again at the front, only there may more follow,
 * or the order would be lost. */
static bool
tail_is_open(const struct gw_outbox *o)
{
	return o->wrapped_end == 0;
}

uint8_t *
gw_outbox_room(struct gw_outbox *o, size_t n)
{
	GW_ASSERT(n > 0);
	if (tail_is_open(o) && n <= o->cap - o->end)
		return o->buf + o->end;
	if (n <= o->start - o->wrapped_end)
		return o->buf + o->wrapped_end;
	return NULL;
}

void
gw_outbox_added(struct gw_outbox *o, size_t n)
{
	if (tail_is_open(o) && n <= o->cap - o->end) {
		o->end += n;
		return;
	}
	GW_ASSERT(n <= o->start - o->wrapped_end);
	o->wrapped_end += n;
}

size_t
gw_outbox_fits(const struct gw_outbox *o, size_t n)
{
	const size_t tail = tail_is_open(o) ? (o->cap - o->end) / n : 0;

	return tail + (o->start - o->wrapped_end) / n;
}

struct gw_slice
gw_outbox_peek(const struct gw_outbox *o)
{
	return gw_slice(o->buf + o->start, o->end - o->start);
}

bool
gw_outbox_empty(const struct gw_outbox *o)
{
	return o->start == o->end;
}

void
gw_outbox_drop(struct gw_outbox *o, size_t n)
{
	GW_ASSERT(n <= o->end - o->start);
	o->start += n;
	if (o->start < o->end)
		return;
	o->start = 0;
	o->end = o->wrapped_end;
	o->wrapped_end = 0;
}
