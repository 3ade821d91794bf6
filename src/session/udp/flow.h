/*
 * flow - how far each side may send: the windows of streams and session.
 *
 * Knows amounts only, no bytes and no packets but by number.  A window is
 * what one side may send and the other has not dealt with yet.
 *
 * Ours: they begin small, open with the owner's first credit, and double, up
 * to what memory allows, when more than half of one is used up within two
 * round trips, or when the peer says that it holds it up (BLOCKED) though our
 * owner keeps up.  An update goes out for a quarter of it.  Who does not
 * read lets no window grow, and stops the peer.
 *
 * The peer's: what was sent and how far it may go; when that is not enough
 * the peer is told, and told again by a timer until it answers.
 *
 * What is due is pulled as frames; the packet that carries one is named, so
 * that its loss makes it due again.  A stream's part is the owner's storage;
 * the owner calls for each stream that it has.
 * Private to src/session.  Tests: tests/unit/flow_test.c,
 * flow_growth_test.c, tests/sim/data_test.c.
 */
#ifndef GW_SESSION_UDP_FLOW_H
#define GW_SESSION_UDP_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "wire/frame.h"

/* One window in both directions: of a stream, or of the session. */
struct gw_window {
	/* the peer's */
	uint64_t sent, limit;
	bool blocked;     /* something waits for more of it */
	unsigned said;    /* BLOCKED: in which round of the timer, ... */
	uint64_t said_in; /* ... in which packet */

	/* ours */
	uint64_t received;   /* as far as it came */
	uint64_t credited;   /* of that, dealt with */
	uint64_t granted;    /* as far as the peer knows it may go */
	uint64_t window;     /* how far that is to lie past credited, ... */
	uint64_t ahead;      /* ... and at most past received */
	uint64_t granted_in; /* packet that told it */
	bool open;           /* the owner began to deal with it */
	bool due;            /* an update */

	/* since when, and from where on, its use is looked at */
	gw_usec epoch;
	uint64_t epoch_received, epoch_credited;
};

struct gw_flow_stream {
	struct gw_window w;
	bool in_over; /* its size is known: it needs no more updates */
	bool reset;   /* by the peer: nothing of it is dealt with any more */
};

struct gw_flow {
	struct gw_window w;
	uint64_t stream_max, session_max;
	gw_usec rtt;
	unsigned updates; /* windows with an update due */
	unsigned blocked; /* windows that hold something up, ... */
	unsigned unsaid;  /* ... and the peer is to be told of */
	unsigned round;   /* of the timer */
	gw_usec probe_at, probe_after;
};

/* Most unread bytes of one stream (at least GW_STREAM_WINDOW), and of all
 * together (at least GW_SESSION_WINDOW). */
void gw_flow_init(struct gw_flow *, uint64_t stream_max, uint64_t session_max);
void gw_flow_stream_init(struct gw_flow_stream *);
/* No window shrinks that is larger already. */
void gw_flow_set_max(
    struct gw_flow *, uint64_t stream_max, uint64_t session_max);
/* The round trip time; 100 ms until it is told. */
void gw_flow_set_rtt(struct gw_flow *, gw_usec rtt);

/* No more than this is to be under way to us: what the kernel can hold, where
 * the path holds nothing.  GW_OFFSET_MAX: whatever the windows let. */
void gw_flow_set_ahead(struct gw_flow *, uint64_t bytes);

/* ---- what we send ---- */

/* How far the stream may send new data now. */
uint64_t gw_flow_limit(const struct gw_flow *, const struct gw_flow_stream *);
/* n new bytes of it leave, within that. */
void gw_flow_sent(struct gw_flow *, struct gw_flow_stream *, uint64_t n);
/* It has new data, and gw_flow_limit has come to nothing: the peer is told
 * BLOCKED. */
void gw_flow_blocked(struct gw_flow *, struct gw_flow_stream *, gw_usec now);
/* It has no new data to send any more: it ended, or was given up. */
void gw_flow_end_out(struct gw_flow *, struct gw_flow_stream *);
/* WINDOW, SESSION_WINDOW came: true when it goes further than before. */
bool gw_flow_window(struct gw_flow *, struct gw_flow_stream *, uint64_t end);
bool gw_flow_session_window(struct gw_flow *, uint64_t end);

/* ---- what we receive ---- */

/* Data up to this offset came, or the stream is as long as that.  false: it
 * passes what was granted, and nothing changed. */
bool gw_flow_received(struct gw_flow *, struct gw_flow_stream *, uint64_t end);
/* n bytes of what came were dealt with.  The first call for a stream, be it
 * with 0, opens its window. */
void gw_flow_credit(
    struct gw_flow *, struct gw_flow_stream *, uint64_t n, gw_usec now);
/* Its final size is known, and came. */
void gw_flow_end_in(struct gw_flow *, struct gw_flow_stream *);
/* The peer reset it, after gw_flow_received with its final size: whatever
 * came of it is dealt with, and later credits count for nothing. */
void gw_flow_reset_in(struct gw_flow *, struct gw_flow_stream *, gw_usec now);
/* What a BLOCKED says, and what its receiver knows. */
struct gw_flow_there {
	uint64_t at;    /* the frame's */
	uint64_t taken; /* bytes, of the stream or of all of them, that our
			   owner was given in order */
};
/* BLOCKED, SESSION_BLOCKED came.  false: further than it was granted. */
bool gw_flow_blocked_there(struct gw_flow *, struct gw_flow_stream *,
    const struct gw_flow_there *, gw_usec now);
bool gw_flow_session_blocked_there(
    struct gw_flow *, const struct gw_flow_there *, gw_usec now);

/* ---- frames ---- */

/* Is any due, of session or streams? */
bool gw_flow_due(const struct gw_flow *);
/* The next one of the session, or of stream `id`, for packet `number`; it
 * counts as sent.  false: none. */
bool gw_flow_session_next(
    struct gw_flow *, uint64_t number, struct gw_pframe *);
bool gw_flow_stream_next(struct gw_flow *, struct gw_flow_stream *, uint16_t id,
    uint64_t number, struct gw_pframe *);
/* Packet `number`, which carried such frames, was lost. */
void gw_flow_session_lost(struct gw_flow *, uint64_t number);
void gw_flow_stream_lost(
    struct gw_flow *, struct gw_flow_stream *, uint64_t number);

/* BLOCKED is said again while it is true. */
void gw_flow_tick(struct gw_flow *, gw_usec now);
gw_usec gw_flow_deadline(const struct gw_flow *);

#endif /* GW_SESSION_UDP_FLOW_H */
