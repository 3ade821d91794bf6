#include "base/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { FIRST_CAP = 8 };

void
gw_ranges_init(struct gw_ranges *r, size_t max)
{
	GW_ASSERT(max > 0);
	*r = (struct gw_ranges){ .max = max };
}

void
gw_ranges_fini(struct gw_ranges *r)
{
	free(r->v);
	*r = (struct gw_ranges){ 0 };
}

/* Index of the first range that ends at or after `at`: no other can hold it
 * or touch it from below.  r->n when all lie below. */
static size_t
first_reaching(const struct gw_ranges *r, uint64_t at)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (r->v[mid].end >= at)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* Make v[at .. at + old) into room for `new` ranges, which the caller fills.
 * On error nothing changes. */
static enum gw_err
splice(struct gw_ranges *r, size_t at, size_t old, size_t new)
{
	const size_t n = r->n - old + new;

	if (n > r->max)
		return GW_E_LIMIT;
	if (n > r->cap) {
		size_t cap = r->cap == 0 ? FIRST_CAP : r->cap * 2;
		struct gw_range *v;

		if (cap > r->max)
			cap = r->max;
		if (cap > SIZE_MAX / sizeof(*v))
			return GW_E_MEMORY;
		v = realloc(r->v, cap * sizeof(*v));
		if (v == NULL)
			return GW_E_MEMORY;
		r->v = v;
		r->cap = cap;
	}
	if (old != new && r->n > at + old)
		memmove(&r->v[at + new], &r->v[at + old],
		    (r->n - at - old) * sizeof(*r->v));
	r->n = n;
	return GW_OK;
}

enum gw_err
gw_ranges_add(struct gw_ranges *r, uint64_t start, uint64_t end)
{
	struct gw_range whole = { start, end };
	enum gw_err err;
	size_t i, j;

	GW_ASSERT(start < end);

	i = first_reaching(r, start);
	for (j = i; j < r->n && r->v[j].start <= end; j++)
		;
	if (j > i) {
		if (r->v[i].start < start)
			whole.start = r->v[i].start;
		if (r->v[j - 1].end > end)
			whole.end = r->v[j - 1].end;
	}
	if ((err = splice(r, i, j - i, 1)) != GW_OK)
		return err;
	r->v[i] = whole;
	return GW_OK;
}

enum gw_err
gw_ranges_remove(struct gw_ranges *r, uint64_t start, uint64_t end)
{
	struct gw_range rest[2];
	size_t i, j, n = 0;
	enum gw_err err;

	GW_ASSERT(start < end);

	i = first_reaching(r, start);
	for (j = i; j < r->n && r->v[j].start < end; j++)
		;
	if (j == i)
		return GW_OK;
	if (r->v[i].start < start)
		rest[n++] = (struct gw_range){ r->v[i].start, start };
	if (r->v[j - 1].end > end)
		rest[n++] = (struct gw_range){ end, r->v[j - 1].end };
	if ((err = splice(r, i, j - i, n)) != GW_OK)
		return err;
	for (size_t k = 0; k < n; k++)
		r->v[i + k] = rest[k];
	return GW_OK;
}

bool
gw_ranges_has(const struct gw_ranges *r, uint64_t start, uint64_t end)
{
	size_t i;

	GW_ASSERT(start < end);
	i = first_reaching(r, start);
	return i < r->n && r->v[i].start <= start && end <= r->v[i].end;
}

bool
gw_ranges_gap(const struct gw_ranges *r, uint64_t from, uint64_t limit,
    struct gw_range *gap)
{
	size_t i = first_reaching(r, from);

	if (i < r->n && r->v[i].start <= from)
		from = r->v[i++].end;
	if (from >= limit)
		return false;
	gap->start = from;
	gap->end = i < r->n && r->v[i].start < limit ? r->v[i].start : limit;
	return true;
}

uint64_t
gw_ranges_count(const struct gw_ranges *r)
{
	uint64_t count = 0;

	for (size_t i = 0; i < r->n; i++)
		count += r->v[i].end - r->v[i].start;
	return count;
}

void
gw_ranges_clear(struct gw_ranges *r)
{
	r->n = 0;
}
