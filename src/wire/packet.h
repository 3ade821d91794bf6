/*
 * packet - what of a UDP datagram is clear, as bytes.
 *
 * Every datagram of a session begins with the connection id of its receiver,
 * which chose it at random: one look tells whose it is.  The ninth byte tells
 * what it is.  A handshake packet:
 *
 *	0  u64 dcid, connection id of the receiver
 *	8  the header of wire/hello: "gdwt", version, type, length of the body
 *	16 u64 scid, connection id of the sender
 *	24 u8  length of the cookie, at most GW_COOKIE_MAX
 *	25 the cookie, the body; in a SYN zeros up to GW_PACKET_MIN
 *
 *	type     dcid   scid   cookie            body
 *	SYN      0      chosen what COOKIE gave  yes; the packet is exactly
 *	                       it, or none       GW_PACKET_MIN bytes
 *	SYN_ACK  SYN's  chosen -                 yes
 *	ACK      both as they are now            yes
 *	COOKIE   SYN's  0      yes               -
 *	RST      the receiver's, or 0 where that is lost; then scid is the id
 *	         under which the packet came that it answers   - yes
 *
 * and a sealed packet, whose first 16 bytes are authenticated with the rest:
 *
 *	0  u64 dcid
 *	8  u8  0x80, or 0x81 in a key phase that is odd
 *	9  u8  0, u16 0
 *	12 u32 low half of the packet number
 *	16 frames (wire/frame), sealed; then the tag
 *
 * The layout of a handshake packet is the same in every version, so that
 * sides of different versions can tell each other so.
 */
#ifndef GW_WIRE_PACKET_H
#define GW_WIRE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "wire/hello.h"
#include "wire/limits.h"

enum gw_packet_kind {
	GW_PACKET_NONE, /* nothing of ours */
	GW_PACKET_HELLO,
	GW_PACKET_SEALED
};

/* Whose a datagram is, and which of the decoders below may know it; *dcid is
 * untouched with NONE. */
enum gw_packet_kind gw_packet_look(struct gw_slice, uint64_t *dcid);

struct gw_hello_packet {
	uint64_t dcid, scid;
	uint8_t version, type;
	struct gw_slice cookie, body;
};

/* Returns the length.  The packet keeps the table above. */
size_t gw_hello_packet_encode(
    const struct gw_hello_packet *, uint8_t out[GW_PACKET_MIN]);
/*
 * Slices point into the packet.  false: not as the table says.  Of another
 * version only the layout is checked, and what follows the body is ignored.
 */
bool gw_hello_packet_decode(struct gw_slice, struct gw_hello_packet *);

struct gw_packet {
	uint64_t dcid;
	bool phase;   /* the key's number is odd */
	uint32_t low; /* half of the number */
};

void gw_packet_encode(const struct gw_packet *, uint8_t out[GW_PACKET_HEADER]);
/* From a whole datagram; false: no sealed packet, or nothing is in it. */
bool gw_packet_decode(struct gw_slice, struct gw_packet *);
/* The whole number: the one nearest to `next`, which is one more than the
 * largest number that was authenticated, or 0 at the beginning. */
uint64_t gw_packet_number(uint32_t low, uint64_t next);

#endif /* GW_WIRE_PACKET_H */
