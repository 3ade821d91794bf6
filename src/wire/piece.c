#include "wire/piece.h"

#include "base/cursor.h"

void
gw_piece_encode(const struct gw_piece *p, uint8_t out[GW_PIECE_HEADER])
{
	struct gw_writer w = gw_writer(out, GW_PIECE_HEADER);

	gw_write_u8(&w, (uint8_t)p->kind);
	gw_write_u8(&w, p->flags);
	gw_write_u16(&w, 0);
	gw_write_u32(&w, p->wire_len);
	gw_write_u64(&w, p->entry);
	gw_write_u64(&w, p->offset);
	gw_write_u64(&w, p->length);
}

static bool
data_is_sane(const struct gw_piece *p)
{
	bool compressed = p->flags & GW_PIECE_COMPRESSED;

	return p->length > 0 && p->length <= GW_BLOCK &&
	       p->offset % GW_BLOCK == 0 &&
	       (compressed ? p->wire_len > 0 && p->wire_len < p->length
			   : p->wire_len == p->length);
}

static bool
is_sane(const struct gw_piece *p)
{
	bool last_only = (p->flags & ~GW_PIECE_LAST) == 0;

	if (p->entry >= GW_ENTRIES_MAX || p->offset >= GW_SIZE_MAX ||
	    p->length > GW_SIZE_MAX - p->offset)
		return false;
	switch (p->kind) {
	case GW_PIECE_DATA:
		return data_is_sane(p);
	case GW_PIECE_HOLE:
		return last_only && p->wire_len == 0 && p->length > 0 &&
		       p->offset % GW_BLOCK == 0;
	case GW_PIECE_END:
		return p->flags == 0 && p->wire_len == 0 && p->length == 0;
	case GW_PIECE_FAIL:
		return p->flags == 0 && p->wire_len <= GW_REASON_MAX;
	case GW_PIECE_XATTRS:
		return p->flags == 0 && p->wire_len > 0 &&
		       p->wire_len <= GW_XATTRS_MAX && p->offset == 0 &&
		       p->length == 0;
	}
	return false;
}

bool
gw_piece_decode(const uint8_t in[GW_PIECE_HEADER], struct gw_piece *out)
{
	struct gw_reader r = gw_reader(gw_slice(in, GW_PIECE_HEADER));
	struct gw_piece p;

	p.kind = (enum gw_piece_kind)gw_read_u8(&r);
	p.flags = gw_read_u8(&r);
	if (gw_read_u16(&r) != 0 ||
	    p.flags > (GW_PIECE_COMPRESSED | GW_PIECE_LAST))
		return false;
	p.wire_len = gw_read_u32(&r);
	p.entry = gw_read_u64(&r);
	p.offset = gw_read_u64(&r);
	p.length = gw_read_u64(&r);
	if (!gw_reader_done(&r) || !is_sane(&p))
		return false;
	*out = p;
	return true;
}

uint32_t
gw_piece_tail(const struct gw_piece *p)
{
	return p->wire_len + (p->kind == GW_PIECE_DATA ? GW_HASH_LEN : 0);
}
