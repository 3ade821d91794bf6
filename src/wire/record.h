/*
 * record - what flows once a session on tcp is open, as bytes.
 *
 * A record is
 *
 *	0  u32 length of what follows: 16 + data + 16; clear, authenticated
 *	4  one frame, sealed: its header (16 bytes) and its data, then the tag
 *
 * and a frame's header is
 *
 *	0  u8  type
 *	1  u8  flags
 *	2  u16 stream
 *	4  u32 length of the data: exactly what the record holds
 *	8  u64 value
 *
 *	type     flags  stream  value            data
 *	CONFIRM  0      0       0                name, as in ACK
 *	STREAM   END    id      offset of data   1 to GW_RECORD_DATA bytes; may
 *	                                         be none with END
 *	WINDOW   0      id      new end of the   -
 *	                        peer's window
 *	PING     0      0       0                -
 *	FIN      0      0       0                -
 *	RESET    0      id      code of an       -
 *	                        owner, below
 *	                        2^62
 *	DATAGRAM 0      0       0                at most GW_PACKET_MAX bytes
 *	RST      0      0       code (below)     text for people, at most
 *	                                         GW_REASON_MAX bytes
 *
 * The first byte of a record is always 0, so no record looks like a message
 * of wire/hello.  docs/protocol.md, "Records".
 */
#ifndef GW_WIRE_RECORD_H
#define GW_WIRE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "wire/limits.h"

enum gw_frame_type {
	GW_FRAME_CONFIRM = 1,
	GW_FRAME_STREAM = 2,
	GW_FRAME_WINDOW = 3,
	GW_FRAME_PING = 4,
	GW_FRAME_FIN = 5,
	GW_FRAME_RST = 6,
	GW_FRAME_RESET = 7, /* nothing follows on the stream, it is given up */
	GW_FRAME_DATAGRAM = 8
};

enum { GW_FRAME_END = 1 }; /* flag of STREAM: nothing follows on it */

struct gw_frame {
	uint8_t type, flags;
	uint16_t stream;
	uint32_t length;
	uint64_t value;
};

void gw_frame_encode(const struct gw_frame *, uint8_t out[GW_FRAME_HEADER]);
/* From an opened record without its tag.  false: unknown, or a field is not
 * as the table above says. */
bool gw_frame_decode(struct gw_slice opened, struct gw_frame *);

/* Length field of a record for a frame with n bytes of data. */
void gw_record_length_encode(size_t n, uint8_t out[GW_RECORD_HEADER]);
/* Length of what follows these four bytes; false: no record has it. */
bool gw_record_length_decode(
    const uint8_t in[GW_RECORD_HEADER], size_t *length);

/* Code of a sealed RST for an error, and what a peer's code means.  Errors
 * that have no code, and codes that are not known, become GW_E_FAILED. */
uint64_t gw_rst_code(enum gw_err);
enum gw_err gw_rst_code_err(uint64_t code);

#endif /* GW_WIRE_RECORD_H */
