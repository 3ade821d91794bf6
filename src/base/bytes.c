#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { FIRST_CAP = 256 };

void
gw_bytes_fini(struct gw_bytes *b)
{
	free(b->buf);
	*b = (struct gw_bytes){ 0 };
}

/* A capacity that holds `need` bytes, or 0 when none does. */
static size_t
cap_for(size_t cap, size_t need)
{
	if (cap == 0)
		cap = FIRST_CAP;
	while (cap < need) {
		if (cap > SIZE_MAX / 2)
			return 0;
		cap *= 2;
	}
	return cap;
}

static enum gw_err
grow(struct gw_bytes *b, size_t n)
{
	const size_t len = gw_bytes_len(b);
	uint8_t *buf;
	size_t cap;

	if (n > SIZE_MAX - len)
		return GW_E_MEMORY;
	cap = cap_for(b->cap, len + n);
	if (cap == 0 || (buf = malloc(cap)) == NULL)
		return GW_E_MEMORY;
	if (b->buf != NULL)
		memcpy(buf, b->buf + b->start, len);
	free(b->buf);
	*b = (struct gw_bytes){ .buf = buf, .end = len, .cap = cap };
	return GW_OK;
}

enum gw_err
gw_bytes_room(struct gw_bytes *b, size_t n, uint8_t **at)
{
	const size_t len = gw_bytes_len(b);
	enum gw_err err;

	if (b->buf == NULL || n > b->cap - b->end) {
		/* Move down only what is no longer than what was drained, so
		 * that every byte is moved at most once on the average. */
		if (b->buf != NULL && len <= b->start && n <= b->cap - len) {
			memmove(b->buf, b->buf + b->start, len);
			b->start = 0;
			b->end = len;
		} else if ((err = grow(b, n)) != GW_OK) {
			return err;
		}
	}
	*at = b->buf + b->end;
	return GW_OK;
}

void
gw_bytes_added(struct gw_bytes *b, size_t n)
{
	GW_ASSERT(n <= b->cap - b->end);
	b->end += n;
}

enum gw_err
gw_bytes_add(struct gw_bytes *b, const void *p, size_t n)
{
	uint8_t *at;
	enum gw_err err;

	if (n == 0)
		return GW_OK;
	if ((err = gw_bytes_room(b, n, &at)) != GW_OK)
		return err;
	memcpy(at, p, n);
	gw_bytes_added(b, n);
	return GW_OK;
}

struct gw_slice
gw_bytes_peek(const struct gw_bytes *b)
{
	if (b->buf == NULL)
		return gw_slice(NULL, 0);
	return gw_slice(b->buf + b->start, b->end - b->start);
}

size_t
gw_bytes_len(const struct gw_bytes *b)
{
	return b->end - b->start;
}

void
gw_bytes_drop(struct gw_bytes *b, size_t n)
{
	GW_ASSERT(n <= gw_bytes_len(b));
	b->start += n;
	if (b->start == b->end)
		gw_bytes_clear(b);
}

void
gw_bytes_clear(struct gw_bytes *b)
{
	b->start = 0;
	b->end = 0;
}
