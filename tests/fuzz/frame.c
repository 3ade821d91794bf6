/*
 * Any bytes as an opened packet: every frame that decodes keeps its limits
 * and encodes to the same bytes.
 */
#include "wire/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "fuzz.h"
#include "wire/hello.h"

static void
check_ack(const struct gw_ack *a)
{
	GW_ASSERT(a->count > 0 && a->count <= GW_ACK_RANGES);
	for (unsigned i = 0; i < a->count; i++) {
		GW_ASSERT(a->v[i].first <= a->v[i].last);
		GW_ASSERT(i == 0 || a->v[i].last + 2 <= a->v[i - 1].first);
	}
}

static void
check_limits(const struct gw_pframe *f)
{
	switch (f->type) {
	case GW_PFRAME_ACK:
	case GW_PFRAME_ACK_ECN:
		check_ack(&f->ack);
		break;
	case GW_PFRAME_STREAM:
		GW_ASSERT(f->stream.id < GW_STREAMS_MAX);
		GW_ASSERT(f->stream.offset + f->stream.data.n <= GW_OFFSET_MAX);
		break;
	case GW_PFRAME_WINDOW:
	case GW_PFRAME_BLOCKED:
		GW_ASSERT(f->window.id < GW_STREAMS_MAX);
		break;
	case GW_PFRAME_RST:
		GW_ASSERT(f->rst.text.n <= GW_REASON_MAX);
		break;
	default:
		break;
	}
}

/* The frame again, with the data that stands behind it where it is the last
 * one; `at` is where it was, without padding. */
static void
check_bytes(struct gw_pframe *f, const uint8_t *at, size_t n)
{
	uint8_t *copy = malloc(n);
	struct gw_writer w = gw_writer(copy, n);

	GW_ASSERT(copy != NULL);
	if (f->type == GW_PFRAME_ACK || f->type == GW_PFRAME_ACK_ECN) {
		const unsigned count = f->ack.count;

		GW_ASSERT(gw_ack_encode(&w, &f->ack));
		GW_ASSERT(f->ack.count == count);
	} else {
		gw_pframe_encode(&w, f);
	}
	if (f->type == GW_PFRAME_STREAM && !f->stream.sized)
		gw_write_bytes(&w, f->stream.data.p, f->stream.data.n);
	if (f->type == GW_PFRAME_DATAGRAM && !f->datagram.sized)
		gw_write_bytes(&w, f->datagram.data.p, f->datagram.data.n);
	GW_ASSERT(gw_writer_ok(&w));
	GW_ASSERT(gw_writer_len(&w) == n);
	GW_ASSERT(memcmp(copy, at, n) == 0);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_slice in = gw_slice(data, size);
	struct gw_pframe f;

	for (;;) {
		const struct gw_slice before = in;
		const enum gw_pframes got = gw_pframe_next(&in, &f);
		size_t pad = 0;

		if (got == GW_PFRAMES_BAD)
			GW_ASSERT(in.p == before.p && in.n == before.n);
		if (got != GW_PFRAMES_ONE)
			return 0;
		while (before.p[pad] == GW_PFRAME_PADDING)
			pad++;
		check_limits(&f);
		check_bytes(&f, before.p + pad, before.n - pad - in.n);
	}
}
