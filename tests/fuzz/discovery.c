/*
 * Any datagrams into discovery that seeks and announces: it keeps its bounds,
 * answers no more than it may, and what it sends are beacons.
 *
 * The input is commands of one byte with what they need.
 */
#include "discovery/discovery.h"

#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "fuzz.h"

static void
fill(void *arg, void *out, size_t n)
{
	uint8_t *count = arg, *p = out;

	for (size_t i = 0; i < n; i++)
		p[i] = ++*count;
}

struct side {
	struct gw_discovery *d;
	gw_usec now;
	unsigned answers;
	uint8_t last[GW_BEACON_LEN]; /* that it has sent to all */
};

static void
pump(struct side *s)
{
	struct gw_discovery_out out;
	struct gw_discovery_event e;
	struct gw_discovery_who w;
	struct gw_beacon b;

	while (gw_discovery_who(s->d, &w))
		gw_discovery_recognise(s->d, w.tags[0].b[0] % 3 - 1, s->now);
	while (gw_discovery_event(s->d, &e))
		GW_ASSERT(e.entry == NULL || e.entry->spot_count > 0);
	gw_discovery_tick(s->d, s->now);
	while (gw_discovery_output(s->d, &out, s->now)) {
		GW_ASSERT(gw_beacon_decode(gw_slice(out.data, sizeof out.data),
			      &b) == GW_BEACON_OK);
		GW_ASSERT(out.to_all == (b.kind != GW_BEACON_ANSWER));
		s->answers += !out.to_all;
		if (out.to_all)
			memcpy(s->last, out.data, sizeof s->last);
	}
	GW_ASSERT(gw_discovery_deadline(s->d) > s->now);
}

/* A beacon: one of its own with some bytes changed, or any bytes. */
static void
give(struct side *s, struct gw_reader *r, uint8_t how)
{
	uint8_t data[GW_BEACON_LEN];
	struct gw_discovery_in in = { .data = gw_slice(data, sizeof data),
		.shared = how & 1,
		.to_all = how & 2,
		.on_link = (how & 4) == 0,
		.from = { .interface = 1, .port = 1 } };

	memcpy(data, s->last, sizeof data);
	in.from.ip[15] = gw_read_u8(r);
	for (unsigned n = gw_read_u8(r) % 32; n > 0; n--) {
		uint8_t at = gw_read_u8(r);

		data[at] = gw_read_u8(r);
	}
	if (how & 8)
		in.data = gw_read_bytes(r, gw_read_u8(r));
	gw_discovery_input(s->d, &in, s->now);
}

static void
want(struct side *s, struct gw_reader *r)
{
	struct gw_question q = { .number = 7, .name = "kitchen", .known = -1 };
	struct gw_announcement a = { .name = "kitchen",
		.port = 1,
		.number = 7,
		.receives = true,
		.unasked = true };
	uint8_t what = gw_read_u8(r);

	q.ask = (enum gw_beacon_ask)(1 + (what & 3));
	if (what & 4)
		gw_discovery_seek(s->d, what & 8 ? &q : NULL, s->now);
	if (what & 16)
		gw_discovery_announce(s->d, what & 32 ? &a : NULL, s->now);
	if (what & 64)
		gw_discovery_again(s->d, s->now);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct gw_tag tags[2] = { { { 1 } }, { { 2 } } };
	struct gw_reader r = gw_reader(gw_slice(data, size));
	struct side s = { .now = GW_SEC };
	uint8_t count = 0;
	const gw_usec began = s.now;

	if (gw_discovery_new(&(struct gw_random){ fill, &count }, &s.d) !=
		GW_OK ||
	    gw_discovery_tags(s.d, tags, 2) != GW_OK)
		return 0;
	while (gw_reader_ok(&r) && gw_reader_left(&r) > 0) {
		uint8_t command = gw_read_u8(&r);

		if (command < 0x80)
			give(&s, &r, command);
		else if (command < 0xc0)
			want(&s, &r);
		else
			s.now += (gw_usec)(command & 0x3f) * 50 * GW_MSEC;
		pump(&s);
	}
	GW_ASSERT(s.answers <= GW_ANSWERS_ALL * (2 + (s.now - began) / GW_SEC));
	gw_discovery_free(s.d);
	return 0;
}
