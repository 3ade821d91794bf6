/*
 * frame - what is in a sealed packet, as bytes.
 *
 * (gw_pframe: frames of packets.  Those of records are gw_frame, in
 * wire/record.)  A frame is one byte of type and varints, unless the table
 * says otherwise; frames follow one another to the end of the packet.
 *
 *	00     PADDING          nothing
 *	01     PING             nothing: wants an ACK at once
 *	02 03  ACK, ACK_ECN     wire/ack
 *	04     ACK_FREQUENCY    threshold, max_delay us, reorder
 *	08-0b  STREAM           id, offset, with bit 1 (SIZED) length, data;
 *	                        without, data to the end of the packet.  Bit 0:
 *	                        END, nothing follows on the stream.  No data
 *	                        only with END
 *	0c     STREAM_RESET     id, code, final size
 *	10     WINDOW           id, end: how far the stream may be sent
 *	11     SESSION_WINDOW   end: how much all streams together may have
 *	12     BLOCKED          id, at: the end that holds its sender up
 *	13     SESSION_BLOCKED  at
 *	18-19  DATAGRAM         with bit 0 (SIZED) length, data; without, data
 *	                        to the end of the packet
 *	20     PATH_CHALLENGE   u64
 *	21     PATH_RESPONSE    the same u64
 *	28     FIN              total: sum of the final sizes of all streams
 *	                        that were sent, and one more for each that was
 *	                        ended; takes effect when all of it came.
 *	                        u8 seen, 0 or 1: the FIN of the other side has
 *	                        taken effect, so all of its data is there
 *	29     RST              code (wire/record), string text, at most
 *	                        GW_REASON_MAX bytes
 *	2a     CONFIRM          name, GW_NAME_PAYLOAD bytes (wire/hello)
 *
 * docs/protocol.md, "Packets".
 */
#ifndef GW_WIRE_FRAME_H
#define GW_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/slice.h"
#include "wire/ack.h"
#include "wire/limits.h"

enum gw_pframe_type {
	GW_PFRAME_PADDING = 0x00, /* never comes out of gw_pframe_next */
	GW_PFRAME_PING = 0x01,
	GW_PFRAME_ACK = 0x02,
	GW_PFRAME_ACK_ECN = 0x03,
	GW_PFRAME_ACK_FREQUENCY = 0x04,
	GW_PFRAME_STREAM = 0x08,
	GW_PFRAME_STREAM_RESET = 0x0c,
	GW_PFRAME_WINDOW = 0x10,
	GW_PFRAME_SESSION_WINDOW = 0x11,
	GW_PFRAME_BLOCKED = 0x12,
	GW_PFRAME_SESSION_BLOCKED = 0x13,
	GW_PFRAME_DATAGRAM = 0x18,
	GW_PFRAME_PATH_CHALLENGE = 0x20,
	GW_PFRAME_PATH_RESPONSE = 0x21,
	GW_PFRAME_FIN = 0x28,
	GW_PFRAME_RST = 0x29,
	GW_PFRAME_CONFIRM = 0x2a
};

struct gw_pframe {
	enum gw_pframe_type type; /* STREAM and DATAGRAM without their bits */
	union {
		struct gw_ack ack; /* ACK and ACK_ECN */
		struct gw_ack_frequency frequency;
		struct {
			uint64_t offset;
			struct gw_slice data;
			uint16_t id;
			bool end, sized;
		} stream;
		struct {
			uint64_t code, size;
			uint16_t id;
		} reset;
		struct {
			uint64_t at;
			uint16_t id; /* 0 with SESSION_ */
		} window;            /* WINDOW, BLOCKED, SESSION_ of them */
		struct {
			struct gw_slice data;
			bool sized;
		} datagram;
		uint64_t path; /* CHALLENGE, RESPONSE */
		struct {
			uint64_t total;
			bool seen;
		} fin;
		struct {
			uint64_t code;
			struct gw_slice text;
		} rst;
		struct gw_slice confirm;
	};
};

enum gw_pframes { GW_PFRAMES_END, GW_PFRAMES_ONE, GW_PFRAMES_BAD };

/*
 * Take the next frame, past any PADDING, off the front of an opened packet;
 * its data is lent from there.  END: nothing is left.  BAD: malformed or over
 * a limit, which only a peer that breaks the protocol sends; *in is untouched,
 * *out of no use.
 */
enum gw_pframes gw_pframe_next(struct gw_slice *in, struct gw_pframe *out);

/*
 * Write a frame but ACK (gw_ack_encode).  The data of STREAM and DATAGRAM is
 * written where they are sized; else it has to follow, up to the end of the
 * packet.  Fields keep the limits that decoding has.
 */
void gw_pframe_encode(struct gw_writer *, const struct gw_pframe *);
/* Bytes before the data of a STREAM frame that is not sized. */
size_t gw_pframe_stream_head(uint16_t id, uint64_t offset);
/* "PATH_CHALLENGE"; "?" for what is none. */
const char *gw_pframe_name(enum gw_pframe_type);
/* Does a packet with it have to be acknowledged? */
bool gw_pframe_is_eliciting(enum gw_pframe_type);

#endif /* GW_WIRE_FRAME_H */
