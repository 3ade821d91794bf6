/*
 * streams - what may still be sent and received on each stream.
 *
 * Knows offsets and windows only: no bytes, no records.  A stream's window
 * starts at GW_STREAM_WINDOW on both sides and grows to options.window with
 * the first credit, so what the owner does not read stays small;
 * GW_STREAMS_WIDE at a time may grow, so that what a peer makes us hold has a
 * bound. Private to src/session.  Tests: tests/unit/streams_test.c.
 */
#ifndef GW_SESSION_TCP_STREAMS_H
#define GW_SESSION_TCP_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/limits.h"
#include "wire/record.h"

struct gw_stream {
	uint64_t sent, send_max;    /* offsets: next byte, peer's limit */
	uint64_t received, granted; /* next byte, our limit */
	uint64_t credited;          /* dealt with by the owner */
	bool ended_out, ended_in;
	bool wide;    /* has the whole window */
	bool blocked; /* the last write met send_max */
	bool due;     /* a WINDOW is to be sent */
	bool end_due; /* an END is to be sent, or RESET */
	bool reset;   /* given up on this side */
	uint64_t code;
};

enum { GW_STREAMS_WIDE = 4 };

struct gw_streams {
	struct gw_stream v[GW_STREAMS_MAX];
	uint64_t window;
	unsigned wide; /* how many streams are */
	unsigned due;  /* how many WINDOW, END and RESET are to be sent */
};

/* window is at least GW_STREAM_WINDOW. */
void gw_streams_init(struct gw_streams *, uint64_t window);

/* STREAM and WINDOW of the peer.  false: it broke the protocol (wrong
 * offset, over our window, after END; a window that goes back). */
bool gw_streams_data(struct gw_streams *, const struct gw_frame *);
bool gw_streams_window(struct gw_streams *, const struct gw_frame *);

/* Bytes that the peer's window lets us send. */
uint64_t gw_streams_room(const struct gw_streams *, uint16_t stream);
/* n bytes, at most that many, go out; returns their offset. */
uint64_t gw_streams_send(struct gw_streams *, uint16_t stream, size_t n);

/* The owner dealt with n bytes of what was received. */
void gw_streams_credit(struct gw_streams *, uint16_t stream, size_t n);
/* Nothing more goes out on this stream. */
void gw_streams_end(struct gw_streams *, uint16_t stream);
/* Give it up; no-op when its END was sent. */
void gw_streams_reset(struct gw_streams *, uint16_t stream, uint64_t code);
/* RESET of the peer.  false: after its END, or a second one. */
bool gw_streams_reset_in(struct gw_streams *, uint16_t stream);
/* The next WINDOW, END or RESET to send; false: none.  It counts as sent. */
bool gw_streams_next(struct gw_streams *, struct gw_frame *);

#endif /* GW_SESSION_TCP_STREAMS_H */
