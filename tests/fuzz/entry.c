/*
 * Any bytes as an entry, and as the header of a piece: what is taken encodes
 * to the bytes it came from, and its path leads nowhere else.
 */
#include <string.h>

#include "base/assert.h"
#include "fuzz.h"
#include "wire/entry.h"
#include "wire/piece.h"

static void
as_entry(struct gw_slice s)
{
	uint8_t back[GW_ENTRY_MAX];
	struct gw_reader r = gw_reader(s);
	struct gw_writer w = gw_writer(back, sizeof back);
	struct gw_entry e;

	if (!gw_entry_decode(&r, &e))
		return;
	gw_entry_encode(&w, &e);
	GW_ASSERT(gw_writer_ok(&w));
	GW_ASSERT(gw_writer_len(&w) == s.n - gw_reader_left(&r));
	GW_ASSERT(memcmp(back, s.p, gw_writer_len(&w)) == 0);
	GW_ASSERT(e.path.n > 0 && e.path.p[0] != '/');
	GW_ASSERT(memchr(e.path.p, '\0', e.path.n) == NULL);
}

static void
as_piece(struct gw_slice s)
{
	uint8_t back[GW_PIECE_HEADER];
	struct gw_piece p;

	if (s.n < GW_PIECE_HEADER || !gw_piece_decode(s.p, &p))
		return;
	gw_piece_encode(&p, back);
	GW_ASSERT(memcmp(back, s.p, sizeof back) == 0);
	GW_ASSERT(gw_piece_tail(&p) <= GW_BLOCK + GW_HASH_LEN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	as_entry(gw_slice(data, n));
	as_piece(gw_slice(data, n));
	return 0;
}
