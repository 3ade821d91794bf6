/*
 * relay_link - what two broadcast relays say to each other on a session.
 *
 * HELLO goes first, both ways, on the first stream.  Then a DATAGRAM is one
 * that was sent to all hosts or to a group at the other site, and an ANSWER one
 * that came back to who asked there.  They are datagrams of the session; what
 * is longer than those may be goes on the stream.  On the stream each message
 * has its length in front, u32.
 *
 *   HELLO     kind, version, 2 zeros, origin[16]
 *   DATAGRAM  kind, cast (1 broadcast, 2 group), sites, hops, u32 sent,
 *             origin[16], u64 number, u64 question, from, to, data
 *   ANSWER    kind, 3 zeros, u32 sent, u64 question, from, data
 *
 * An address is ip[16], u16 port; IPv4 as ::ffff:a.b.c.d.
 */
#ifndef GW_WIRE_RELAY_LINK_H
#define GW_WIRE_RELAY_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "wire/limits.h"

enum gw_relay_message_kind {
	GW_RELAY_HELLO = 1,
	GW_RELAY_DATAGRAM = 2,
	GW_RELAY_ANSWER = 3
};

struct gw_relay_message {
	enum gw_relay_message_kind kind;
	uint8_t version; /* HELLO */
	/* HELLO: the relay that speaks.  DATAGRAM: the one that heard it
	 * first, and how many it had heard before. */
	uint8_t origin[GW_RELAY_ORIGIN_LEN];
	uint64_t number;
	uint8_t sites;     /* DATAGRAM: sessions that it has passed, this too */
	uint8_t hops;      /* TTL; 0: not known */
	bool group;        /* to one; else to all hosts */
	uint32_t sent;     /* ms, by the clock of who sent it */
	uint64_t question; /* what an answer to it has to name; 0: none */
	struct gw_endpoint from, to; /* zone 0; ANSWER: from who answered */
	struct gw_slice data;
};

/* What stands before the data. */
enum {
	GW_RELAY_HELLO_LEN = 4 + GW_RELAY_ORIGIN_LEN,
	GW_RELAY_DATAGRAM_HEAD = 8 + GW_RELAY_ORIGIN_LEN + 16 + 36,
	GW_RELAY_ANSWER_HEAD = 8 + 8 + 18,
	GW_RELAY_MESSAGE_MAX = GW_RELAY_DATAGRAM_HEAD + GW_DATAGRAM_MAX
};

/* Its length.  The data have at most GW_DATAGRAM_MAX bytes. */
size_t gw_relay_message_encode(
    const struct gw_relay_message *, uint8_t out[GW_RELAY_MESSAGE_MAX]);
/* False: it is none that a relay may send.  The data stay where they are. */
bool gw_relay_message_decode(struct gw_slice, struct gw_relay_message *);

#endif /* GW_WIRE_RELAY_LINK_H */
