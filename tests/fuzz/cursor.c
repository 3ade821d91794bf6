/*
 * Any bytes through the reader, and what was read into a set of ranges: no
 * read past the end, whatever is read can be written again as the same bytes,
 * and the set stays sorted and apart.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "base/ranges.h"
#include "fuzz.h"

enum { RANGES_MAX = 32 };

static void
check_ranges(const struct gw_ranges *r)
{
	GW_ASSERT(r->n <= RANGES_MAX);
	for (size_t i = 0; i < r->n; i++) {
		GW_ASSERT(r->v[i].start < r->v[i].end);
		GW_ASSERT(i == 0 || r->v[i - 1].end < r->v[i].start);
	}
}

static void
apply(struct gw_ranges *r, uint8_t what, uint64_t start, uint64_t len)
{
	const uint64_t end = start + len;
	const uint64_t before = gw_ranges_count(r);
	enum gw_err err;

	if (len == 0)
		return;
	err = what % 2 == 0 ? gw_ranges_add(r, start, end)
			    : gw_ranges_remove(r, start, end);
	if (err != GW_OK)
		GW_ASSERT(gw_ranges_count(r) == before);
	else
		GW_ASSERT(gw_ranges_has(r, start, end) == (what % 2 == 0));
	check_ranges(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_reader r = gw_reader(gw_slice(data, size));
	struct gw_ranges ranges;
	uint8_t *copy = malloc(size + 1);
	struct gw_writer w = gw_writer(copy, size + 1);

	GW_ASSERT(copy != NULL);
	gw_ranges_init(&ranges, RANGES_MAX);
	for (;;) {
		const uint8_t what = gw_read_u8(&r);
		const uint64_t start = gw_read_varint(&r);
		const uint64_t len = gw_read_varint(&r);
		const struct gw_slice s = gw_read_string(&r, 64);

		if (!gw_reader_ok(&r))
			break;
		gw_write_u8(&w, what);
		gw_write_varint(&w, start);
		gw_write_varint(&w, len);
		gw_write_string(&w, s);
		apply(&ranges, what, start, len);
	}
	GW_ASSERT(gw_writer_ok(&w));
	if (size > 0)
		GW_ASSERT(memcmp(copy, data, gw_writer_len(&w)) == 0);
	gw_ranges_fini(&ranges);
	free(copy);
	return 0;
}
