/*
 * beacon - by what devices find each other, as bytes.
 *
 * One datagram each, all of them GW_BEACON_LEN long, so that no answer is
 * larger than its question:
 *
 *	0   "gdwb", u8 version
 *	5   u8 kind
 *	6   u8 what is asked, 0 if nothing is
 *	7   u8 what is offered: 1 receives, 2 sends; of a question 0
 *	8   the run id of the sender, 16 random bytes, not all of them zero
 *	24  u64 nonce: of a question and, the same, its answers; else 0
 *	32  u32 number of a code; 0: none
 *	36  u16 port of sessions, udp and tcp; of a question 0
 *	38  the name, as in an ACK (wire/hello): 65 bytes
 *	103 u8 0
 *	104 GW_BEACON_TAGS tags of GW_BEACON_TAG_LEN bytes
 *	232 zeros, which nobody looks at
 *
 *	kind      to         asks   number         port  name
 *	QUESTION  everybody  yes    asked for      0     asked for
 *	ANSWER    who asked  no     its own        yes   its own
 *	HERE      everybody  no     0              yes   its own
 *	BYE       everybody  no     0              0     none
 *
 * Tags are random to everybody but a device that shares a secret with the
 * sender; where there are fewer devices than tags, the others are random.
 */
#ifndef GW_WIRE_BEACON_H
#define GW_WIRE_BEACON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "wire/limits.h"

enum gw_beacon_kind {
	GW_BEACON_QUESTION = 1,
	GW_BEACON_ANSWER,
	GW_BEACON_HERE,
	GW_BEACON_BYE
};

enum gw_beacon_ask {
	GW_ASK_NOTHING, /* of what is no question */
	GW_ASK_EVERYBODY,
	GW_ASK_NUMBER, /* who waits with a code of this number? */
	GW_ASK_NAME,   /* who has this name? */
	GW_ASK_KNOWN   /* who shares a secret that makes one of these tags? */
};

enum { GW_BEACON_PORT_AT = 36 }; /* where the port stands, for relays */

struct gw_tag {
	uint8_t b[GW_BEACON_TAG_LEN];
};

struct gw_beacon {
	enum gw_beacon_kind kind;
	enum gw_beacon_ask ask;
	bool receives, sends;
	uint8_t run[GW_BEACON_RUN_LEN];
	uint64_t nonce;
	uint32_t number;
	uint16_t port;
	char name[GW_NAME_MAX + 1]; /* fit for a terminal when decoded */
	struct gw_tag tags[GW_BEACON_TAGS];
};

/* It must be what the table above allows. */
void gw_beacon_encode(const struct gw_beacon *, uint8_t out[GW_BEACON_LEN]);

enum gw_beacon_status {
	GW_BEACON_OK,
	GW_BEACON_STRANGER, /* nothing of ours */
	GW_BEACON_VERSION,  /* of another version */
	GW_BEACON_MALFORMED
};

/* *out is written with OK alone. */
enum gw_beacon_status gw_beacon_decode(struct gw_slice, struct gw_beacon *out);

/* The same name, whatever the case of its ASCII letters. */
bool gw_beacon_same_name(const char *, const char *);

#endif /* GW_WIRE_BEACON_H */
