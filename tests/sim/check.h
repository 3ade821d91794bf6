/*
 * check - what several tests assert of a pair, or do with it.
 */
#ifndef GW_TESTS_SIM_CHECK_H
#define GW_TESTS_SIM_CHECK_H

#include "pair.h"
#include "wire/hello.h"

/* Lengths of the messages. */
enum {
	SYN_LEN = GW_HELLO_HEADER + 32 + GW_SYN_PAYLOAD + 16,
	SYN_ACK_LEN = GW_HELLO_HEADER + 32 + 48 + GW_SYN_ACK_PAYLOAD + 16,
	ACK_LEN = GW_HELLO_HEADER + 48 + GW_NAME_PAYLOAD + 16,
	ACK_PAYLOAD_AT = SYN_LEN + GW_HELLO_HEADER + 48
};

/* Both are open, and agree with whom and how. */
void check_open(const struct pair *);
/* A side closed without ever opening, with this error and some text. */
void check_closed(const struct pair *, unsigned side, enum gw_err);
void check_flags(const struct pair *, unsigned side, bool guess, bool by_peer,
    bool unknown_ticket);

/* ---- open sessions ---- */

/* Open it, and check from now on that bytes are those of pair_byte. */
void check_open_pair(struct pair *, const struct pair_options *);
/* n bytes as they stand at an offset of a stream; free them. */
uint8_t *pair_bytes(uint16_t stream, uint64_t offset, size_t n);
/* Send the next n bytes of a stream, all the way. */
void check_send(struct pair *, unsigned from, uint16_t stream, size_t n);
/* A side is over in this way. */
void check_end(const struct pair *, unsigned side, enum gw_err, bool by_peer);

#endif /* GW_TESTS_SIM_CHECK_H */
