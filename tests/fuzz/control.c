/*
 * Any bytes as a control stream: every message that is taken fits its
 * limits, its lists can be walked, and it encodes to the bytes it came from.
 */
#include <string.h>

#include "base/assert.h"
#include "fuzz.h"
#include "wire/control.h"

/* A list holds its elements and nothing else. */
static void
check_list(const struct gw_bytes *made, struct gw_slice list)
{
	struct gw_slice again = gw_bytes_peek(made);

	GW_ASSERT(again.n == list.n);
	if (list.n > 0)
		GW_ASSERT(memcmp(again.p, list.p, list.n) == 0);
}

static void
walk(const struct gw_message *m)
{
	struct gw_slice rest, name;
	struct gw_bytes made = { 0 };
	struct gw_range range;
	uint64_t n = 0;

	if (m->type == GW_MSG_OFFER) {
		for (rest = m->offer.names; gw_offer_next_name(&rest, &name);
		     n++) {
			GW_ASSERT(gw_path_is_clean(name));
			GW_ASSERT(gw_offer_add_name(&made, name) == GW_OK);
		}
		GW_ASSERT(n == m->offer.name_count);
		check_list(&made, m->offer.names);
	}
	if (m->type == GW_MSG_HAVE) {
		for (rest = m->have.ranges; gw_have_next_range(&rest, &range);
		     n++) {
			GW_ASSERT(range.start < range.end);
			GW_ASSERT(gw_have_add_range(&made, &range) == GW_OK);
		}
		GW_ASSERT(n == m->have.range_count);
		check_list(&made, m->have.ranges);
	}
	if (m->type == GW_MSG_ENTRY)
		GW_ASSERT(gw_path_is_clean(m->entry.path));
	gw_bytes_fini(&made);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct gw_slice in = gw_slice(data, n);
	struct gw_bytes back = { 0 };
	struct gw_message m;

	for (;;) {
		struct gw_slice before = in, again;

		if (gw_message_next(&in, &m) != GW_SPLIT_MESSAGE)
			break;
		GW_ASSERT(in.n < before.n);
		walk(&m);
		gw_bytes_clear(&back);
		if (gw_message_add(&back, &m) != GW_OK)
			continue; /* of exactly the largest size */
		again = gw_bytes_peek(&back);
		GW_ASSERT(again.n == before.n - in.n);
		GW_ASSERT(memcmp(again.p, before.p, again.n) == 0);
	}
	gw_bytes_fini(&back);
	return 0;
}
