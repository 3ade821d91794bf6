/*
 * ack_out - which packets came, and when to acknowledge them.
 *
 * Knows packet numbers only.  Tells duplicates apart, keeps the ranges that
 * an ACK is made of (the newest GW_ACK_RANGES), counts ECN marks, and decides
 * once after a batch of packets whether an ACK is due: the sender asks how
 * often (ACK_FREQUENCY), and a gap, a packet that closes one, CE, FIN and
 * PING want it at once.  Once the peer has an ACK, what it told is not told
 * again.  Private to src/session.  Tests: tests/unit/ack_out_test.c,
 * ack_out_told_test.c.
 */
#ifndef GW_SESSION_UDP_ACK_OUT_H
#define GW_SESSION_UDP_ACK_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/time.h"
#include "wire/ack.h"

enum {
	/* Numbers so far below the largest are told apart; what lies deeper
	 * counts as seen. */
	GW_ACK_OUT_SEEN = 1 << 16,
	GW_ACK_OUT_TOLD = 64 /* ACKs under way that are remembered */
};

/* A packet that was opened. */
struct gw_ack_in {
	uint64_t number;
	bool eliciting; /* it wants an ACK, */
	bool at_once;   /* and its sender waits for that: PING, FIN */
	/* The two bits of the IP header (RFC 3168): 1 ECT(1), 2 ECT(0), 3 CE;
	 * 0: none. */
	unsigned ecn;
};

struct gw_ack_out {
	struct gw_bits seen; /* from `next` - GW_ACK_OUT_SEEN on */
	uint64_t next;       /* one more than the largest that came */
	gw_usec largest_at;  /* when that came */
	struct gw_ack_range v[GW_ACK_RANGES]; /* to tell; oldest first */
	unsigned count;
	uint64_t ect0, ect1, ce;
	bool last_was_ce;

	/* since the last ACK */
	uint64_t eliciting; /* packets */
	gw_usec since;      /* when the first of them came */
	bool at_once, due;

	uint64_t eliciting_next; /* one more than the largest eliciting */
	uint64_t told_next;      /* one more than the largest ever told */

	struct gw_ack_frequency f;
	bool asked;        /* f is what the peer asked for, ... */
	uint64_t asked_in; /* ... in this packet */
	uint64_t elicited; /* packets, ever */

	/* ACKs under way, by the packets that carry them: numbers from low to
	 * high were told, and nothing between them came since. */
	struct {
		uint64_t number, low, high;
	} told[GW_ACK_OUT_TOLD];
	unsigned told_count, told_at;
	unsigned unanswered; /* ACKs since one was acknowledged */
};

GW_MUST_USE enum gw_err gw_ack_out_init(struct gw_ack_out *);
void gw_ack_out_fini(struct gw_ack_out *);

/* false: it came before, or lies too deep to know. */
bool gw_ack_out_is_new(const struct gw_ack_out *, uint64_t number);
/* A packet that is new came, and all its frames were taken. */
void gw_ack_out_received(
    struct gw_ack_out *, const struct gw_ack_in *, gw_usec now);
/* All packets that were there have been taken: now an ACK may become due. */
void gw_ack_out_batch_end(struct gw_ack_out *, gw_usec now);

/* Something eliciting came since the last ACK: a packet that leaves anyway
 * may as well carry one. */
bool gw_ack_out_pending(const struct gw_ack_out *);
/* An ACK is to leave now. */
bool gw_ack_out_due(const struct gw_ack_out *, gw_usec now);
/* When it is due; 0: it is, GW_NEVER: nothing waits. */
gw_usec gw_ack_out_deadline(const struct gw_ack_out *);
/* What an ACK says now.  false: nothing has come yet. */
bool gw_ack_out_fill(const struct gw_ack_out *, struct gw_ack *, gw_usec now);
/* Packet `number` carries this ACK, as it was encoded. */
void gw_ack_out_sent(
    struct gw_ack_out *, uint64_t number, const struct gw_ack *);
/* Packet `number`, if it carried an ACK, was acknowledged. */
void gw_ack_out_acked(struct gw_ack_out *, uint64_t number);
/* The next ACK should go in a packet that is itself eliciting (a PING does):
 * many ranges are told again and again, for nothing that was sent was ever
 * acknowledged. */
bool gw_ack_out_wants_answer(const struct gw_ack_out *);

/* The peer asked for this in packet `number`; what it asked in an earlier
 * one no longer counts. */
void gw_ack_out_frequency(
    struct gw_ack_out *, uint64_t number, const struct gw_ack_frequency *);

#endif /* GW_SESSION_UDP_ACK_OUT_H */
