/*
 * Any bytes as a journal: what is taken of them is whole records, and taking
 * these alone gives the same.  Random bytes have no right checksums; so what
 * begins with 0xff is also read as bodies of records, which get their frames
 * here and follow a good head.
 */
#include "transfer/journal.h"

#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "fuzz.h"

static const char *const paths[] = { "a", "b", "c" };

static void
check_file(const struct gw_journal_file_state *f)
{
	if (f == NULL)
		return;
	GW_ASSERT(!f->complete || f->blocks.n == 0);
	for (size_t i = 0; i < f->blocks.n; i++) {
		GW_ASSERT(f->blocks.v[i].start < f->blocks.v[i].end);
		GW_ASSERT(f->blocks.v[i].end <= GW_SIZE_MAX / GW_BLOCK);
		GW_ASSERT(
		    i == 0 || f->blocks.v[i - 1].end < f->blocks.v[i].start);
	}
}

static void
load(struct gw_slice contents)
{
	struct gw_journal *j, *again;
	uint64_t complete[2], partial[2];
	size_t valid, valid_again;

	if (gw_journal_load(contents, &j, &valid) != GW_OK)
		return;
	GW_ASSERT(valid <= contents.n);
	GW_ASSERT(gw_journal_load(gw_slice(contents.p, valid), &again,
		      &valid_again) == GW_OK);
	GW_ASSERT(valid_again == valid);
	gw_journal_bytes(j, &complete[0], &partial[0]);
	gw_journal_bytes(again, &complete[1], &partial[1]);
	GW_ASSERT(complete[0] == complete[1] && partial[0] == partial[1]);
	GW_ASSERT(gw_journal_complete(j) == gw_journal_complete(again));
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		check_file(gw_journal_find(j, gw_slice_str(paths[i])));
	gw_journal_free(j);
	gw_journal_free(again);
}

static void
add_framed(struct gw_bytes *out, struct gw_slice body)
{
	uint8_t len[4];
	struct gw_writer w = gw_writer(len, sizeof len);
	struct gw_hash sum = gw_hash_of(body);

	gw_write_u32(&w, (uint32_t)body.n);
	GW_ASSERT(gw_bytes_add(out, len, sizeof len) == GW_OK);
	GW_ASSERT(gw_bytes_add(out, body.p, body.n) == GW_OK);
	GW_ASSERT(gw_bytes_add(out, sum.b, 8) == GW_OK);
}

/* A path's number stands for its key, which nothing would find. */
static void
load_bodies(struct gw_slice s)
{
	const struct gw_journal_head head = { .seed = 1,
		.dir = gw_slice_str("/in") };
	struct gw_reader r = gw_reader(s);
	struct gw_bytes out = { 0 };
	struct gw_journal *j;

	GW_ASSERT(gw_journal_new(&head, &out, &j) == GW_OK);
	gw_journal_free(j);
	while (gw_reader_left(&r) > 0) {
		const uint8_t type = gw_read_u8(&r), path = gw_read_u8(&r);
		const struct gw_slice rest = gw_read_bytes(&r, gw_read_u8(&r));
		const struct gw_key key =
		    gw_hash_key(1, gw_slice_str(paths[path % 3]));
		uint8_t body[1 + 16 + 255];

		if (!gw_reader_ok(&r))
			break;
		body[0] = type;
		memcpy(body + 1, key.b, sizeof key.b);
		if (rest.n > 0)
			memcpy(body + 17, rest.p, rest.n);
		add_framed(&out, gw_slice(body, 17 + rest.n));
	}
	load(gw_bytes_peek(&out));
	gw_bytes_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	load(gw_slice(data, n));
	if (n > 0 && data[0] == 0xff)
		load_bodies(gw_slice(data + 1, n - 1));
	return 0;
}
