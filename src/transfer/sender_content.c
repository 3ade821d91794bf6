#include <string.h>

#include "base/assert.h"
#include "transfer/sender_private.h"

static void
add_part(struct gw_sender *s, const void *p, size_t n)
{
	GW_ASSERT(s->part_n < sizeof s->parts / sizeof s->parts[0]);
	s->parts[s->part_n++] = gw_slice(p, n);
}

static void
add_head(struct gw_sender *s, unsigned which, const struct gw_piece *piece)
{
	gw_piece_encode(piece, s->heads[which]);
	add_part(s, s->heads[which], GW_PIECE_HEADER);
}

static void
emit_failure(struct gw_sender *s, const struct gw_read *r)
{
	size_t n = strnlen(r->reason, sizeof r->reason);

	s->failed_entry = r->entry;
	memcpy(s->fail_reason, r->reason, n);
	add_head(s, 0,
	    &(struct gw_piece){ .kind = GW_PIECE_FAIL,
		.wire_len = (uint32_t)n,
		.entry = r->entry,
		.length = (uint64_t)r->err });
	add_part(s, s->fail_reason, n);
}

static void
emit_xattrs(struct gw_sender *s, const struct gw_read *r)
{
	add_head(s, 1,
	    &(struct gw_piece){ .kind = GW_PIECE_XATTRS,
		.wire_len = (uint32_t)r->xattrs_len,
		.entry = r->entry });
	add_part(s, r->xattrs_bytes, r->xattrs_len);
}

static void
emit_data(struct gw_sender *s, const struct gw_read *r)
{
	bool compressed = r->wire_len < r->got;

	add_head(s, 0,
	    &(struct gw_piece){ .kind = GW_PIECE_DATA,
		.flags = (uint8_t)((compressed ? GW_PIECE_COMPRESSED : 0) |
				   (r->last ? GW_PIECE_LAST : 0)),
		.wire_len = (uint32_t)r->wire_len,
		.entry = r->entry,
		.offset = r->offset,
		.length = r->got });
	add_part(s, compressed ? r->spare : r->buf, r->wire_len);
	add_part(s, r->hash.b, sizeof r->hash.b);
	s->stats.moved += r->got;
}

static void
emit_end(struct gw_sender *s, const struct gw_read *r, uint64_t size)
{
	add_head(s, 0,
	    &(struct gw_piece){
		.kind = GW_PIECE_END, .entry = r->entry, .offset = size });
}

static void
emit_hole(struct gw_sender *s, const struct gw_read *r)
{
	struct gw_entry e;
	uint64_t end = r->data_start;
	bool last;

	gw_manifest_get(s->o.manifest, r->entry, &e);
	last = end >= e.size;
	end = last ? e.size : end / GW_BLOCK * GW_BLOCK;
	if (end <= r->offset)
		return; /* data begins in this very block */
	add_head(s, 0,
	    &(struct gw_piece){ .kind = GW_PIECE_HOLE,
		.flags = last ? GW_PIECE_LAST : 0,
		.entry = r->entry,
		.offset = r->offset,
		.length = end - r->offset });
	s->stats.bytes += end - r->offset;
	s->stats.moved += end - r->offset; /* as the receiver counts it */
}

/* The pieces of a job that was done; there may be none. */
static void
prepare(struct gw_sender *s, const struct gw_read *r)
{
	s->part = s->part_n = 0;
	s->stats.entry = r->entry;
	if (r->entry == s->failed_entry)
		return;
	if (r->err != GW_OK) {
		emit_failure(s, r);
		return;
	}
	if (r->xattrs_len > 0)
		emit_xattrs(s, r);
	s->stats.bytes += r->got;
	if (r->find_data)
		emit_hole(s, r);
	else if (r->got > 0 && !r->same)
		emit_data(s, r);
	else if (r->last)
		emit_end(s, r, r->offset + r->got);
}

struct gw_slice
gw_sender_content(struct gw_sender *s)
{
	while (s->part == s->part_n) {
		struct gw_sender_slot *slot;

		if (s->part_n > 0) {
			gw_sender_release(s, gw_sender_slot(s, s->emitted));
			s->emitted++;
			s->part = s->part_n = 0;
		}
		slot = gw_sender_slot(s, s->emitted);
		if (s->emitted == s->offered || !slot->done)
			return gw_slice(NULL, 0);
		prepare(s, &slot->read);
		if (s->part_n == 0) {
			gw_sender_release(s, slot);
			s->emitted++;
		}
	}
	return s->parts[s->part];
}

void
gw_sender_content_sent(struct gw_sender *s, size_t n)
{
	struct gw_slice *part = &s->parts[s->part];

	GW_ASSERT(s->part < s->part_n);
	GW_ASSERT(n <= part->n);
	part->p += n;
	part->n -= n;
	while (s->part < s->part_n && s->parts[s->part].n == 0)
		s->part++;
}
