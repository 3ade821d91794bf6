/*
 * piece - the headers on the content stream.
 *
 * A piece is a fixed header of GW_PIECE_HEADER bytes, wire_len bytes, and
 * for DATA the XXH3-128 of the bytes before compression.
 */
#ifndef GW_WIRE_PIECE_H
#define GW_WIRE_PIECE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/limits.h"

enum gw_piece_kind {
	GW_PIECE_DATA = 1,  /* one block, or the last part of a file */
	GW_PIECE_HOLE = 2,  /* nothing is there; may span blocks */
	GW_PIECE_END = 3,   /* the entry ends; offset = its final size */
	GW_PIECE_FAIL = 4,  /* it could not be read; length = enum gw_err,
			       bytes = the reason */
	GW_PIECE_XATTRS = 5 /* before the entry's other pieces */
};

enum { GW_PIECE_COMPRESSED = 1, GW_PIECE_LAST = 2 };

struct gw_piece {
	enum gw_piece_kind kind;
	uint8_t flags;
	uint32_t wire_len;
	uint64_t entry, offset, length;
};

void gw_piece_encode(const struct gw_piece *, uint8_t out[GW_PIECE_HEADER]);
/* false: not a header that a sender may send, or over a limit. */
bool gw_piece_decode(const uint8_t in[GW_PIECE_HEADER], struct gw_piece *);
/* Bytes that follow the header. */
uint32_t gw_piece_tail(const struct gw_piece *);

#endif /* GW_WIRE_PIECE_H */
