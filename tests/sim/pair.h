/*
 * pair - two sessions joined by a virtual pipe, on a virtual clock.
 *
 * The initiator is side 0.  What each side's owner would see is recorded; a
 * side that is over sends what is left and then ends the pipe, as an owner
 * would.  The pipe can be made to deliver little by little and to change
 * bytes on their way.
 */
#ifndef GW_TESTS_SIM_PAIR_H
#define GW_TESTS_SIM_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "session/door.h"
#include "session/session.h"

struct pair_side {
	struct gw_session *session;
	struct gw_keypair keys;

	/* what its owner saw */
	bool opened, fin, closed;
	struct gw_session_event opened_event, closed_event;
	char peer_name[GW_NAME_MAX + 1];
	char closed_text[GW_REASON_MAX + 1];
	uint8_t peer[GW_KEY_LEN];
	struct gw_bytes got; /* of all streams, in order */
	uint64_t got_of[GW_STREAMS_MAX];
	bool ended[GW_STREAMS_MAX];
	bool reset[GW_STREAMS_MAX];
	uint64_t reset_code;
	unsigned datagrams;
	uint64_t datagram_bytes;

	struct gw_bytes wire; /* under way from this side */
	uint64_t wire_sent;   /* bytes that left this side */
	uint64_t wire_got;    /* bytes that reached this side */
	bool ended_wire;      /* this side closed the pipe */
	bool no_credit;       /* its owner deals with nothing */
	bool no_store;        /* its owner counts only */
	bool check;           /* bytes must be those of pair_byte */
};

struct pair {
	struct pair_side side[2];
	struct gw_door *door;
	struct gw_random random;
	uint64_t random_state;
	gw_usec now;
	size_t chunk; /* most bytes a delivery; 0: as many as fit */

	/* XOR this into byte `flip_at` of what leaves flip_from */
	bool flip;
	unsigned flip_from;
	uint64_t flip_at;
	uint8_t flip_mask;
};

struct pair_options {
	enum gw_mode mode;   /* 0: CODE */
	const char *code[2]; /* NULL: "7-crane-otter" */
	const char *name[2]; /* NULL: "kitchen", "attic" */
	bool aes[2], remember[2];
	uint64_t window[2]; /* 0: GW_STREAM_WINDOW */
	const struct gw_ticket *ticket;
	bool pin_right, pin_wrong;
	uint64_t seed;
};

/* All zeros are good options. */
void pair_init(struct pair *, const struct pair_options *);
/* New sessions through the same door, with the same keys. */
void pair_again(struct pair *, const struct pair_options *);
void pair_fini(struct pair *);

/* Move bytes and pull events until nothing moves any more. */
void pair_run(struct pair *);
/* Move once from a side; true: something moved. */
bool pair_move(struct pair *, unsigned from);
void pair_pull(struct pair *, unsigned side);
/* Let time pass: both tick at their deadlines until then. */
void pair_sleep(struct pair *, gw_usec);
/* The pipe breaks; what is under way is lost. */
void pair_cut(struct pair *);
/* Bytes to a side at once, while the other one does nothing. */
void pair_feed(struct pair *, unsigned to, const void *, size_t n);
/* Bytes to a side from nowhere, as the next of the pipe. */
void pair_inject(struct pair *, unsigned to, const void *, size_t n);
/* What stands at an offset of a stream, for tests that check much. */
uint8_t pair_byte(uint16_t stream, uint64_t offset);
/* Write it all, running the pipe as needed. */
void pair_write(
    struct pair *, unsigned from, uint16_t stream, const void *, size_t n);

#endif /* GW_TESTS_SIM_PAIR_H */
