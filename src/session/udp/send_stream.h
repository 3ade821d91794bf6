/*
 * send_stream - the data of one stream on its way out.
 *
 * Holds all that is not yet acknowledged in a ring that grows by doubling, and
 * knows of each byte whether it is under way, lost or acknowledged.  Gives
 * out chunks: what was lost first, then what is new, as far as the owner says
 * that the peer's windows go.  Knows nothing of packets.
 * Private to src/session.  Tests: tests/unit/send_stream_test.c,
 * tests/sim/data_test.c.
 */
#ifndef GW_SESSION_UDP_SEND_STREAM_H
#define GW_SESSION_UDP_SEND_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/ring.h"
#include "base/slice.h"

enum { GW_SEND_STREAM_MIN = 1 << 14 }; /* bytes that it may always hold */

struct gw_send_stream {
	struct gw_ring ring;
	struct gw_bits acked, lost; /* a bit for each byte from base on */
	uint64_t max;               /* bytes that the ring may grow to */
	uint64_t base;              /* all below is acknowledged */
	uint64_t early;             /* bytes above it that are, too */
	uint64_t next;              /* all below was sent */
	uint64_t end;               /* all below was written */
	uint64_t lost_from;         /* nothing below is lost */
	uint64_t lost_bytes;
	bool ended;                         /* nothing is written any more */
	bool end_sent, end_lost, end_acked; /* END of the stream */

	uint64_t code; /* of a reset */
	bool reset, reset_due, reset_acked;
};

/* Something to send. */
struct gw_chunk {
	uint64_t offset;
	/* One piece of the ring; lent until data is written or acknowledged.
	 * Empty only with end. */
	struct gw_slice data;
	uint8_t *at; /* of data, in front of which one may write: gw_ring_at */
	bool end;    /* nothing follows */
	bool again;  /* was sent before: no window counts it again */
};

/* It may hold max bytes, at least GW_SEND_STREAM_MIN; nothing is allocated
 * until it is written to (and then an eighth more, twice, for the bits). */
void gw_send_stream_init(struct gw_send_stream *, uint64_t max);
void gw_send_stream_fini(struct gw_send_stream *);
/* What it holds already it goes on holding. */
void gw_send_stream_set_max(struct gw_send_stream *, uint64_t max);

/* ---- the writer ---- */

/* Bytes that a write would take. */
uint64_t gw_send_stream_room(const struct gw_send_stream *);
/* Copy in as much as there is room for; not after end or reset.
 * GW_E_MEMORY: not even the first buffer was to be had. */
GW_MUST_USE enum gw_err gw_send_stream_write(
    struct gw_send_stream *, struct gw_slice, size_t *taken);
/* Nothing follows. */
void gw_send_stream_end(struct gw_send_stream *);
/* Give up: nothing that is not acknowledged counts any more, and the peer is
 * told the code.  No-op on a stream that is done. */
void gw_send_stream_reset(struct gw_send_stream *, uint64_t code);

/* ---- what leaves ---- */

/* Has it a chunk, if new data may be sent up to offset `limit`? */
bool gw_send_stream_has(const struct gw_send_stream *, uint64_t limit);
/* The next one, of at most `most` bytes (more than 0).  false: none. */
bool gw_send_stream_next(const struct gw_send_stream *, size_t most,
    uint64_t limit, struct gw_chunk *);
/* It, or its first data.n bytes if the owner cut it (then without end), is
 * under way. */
void gw_send_stream_sent(struct gw_send_stream *, const struct gw_chunk *);
/* Bytes that were written and never sent. */
uint64_t gw_send_stream_unsent(const struct gw_send_stream *);

/* ---- what became of it: a chunk that was sent, as often as it was ---- */

void gw_send_stream_acked(
    struct gw_send_stream *, uint64_t offset, uint64_t n, bool end);
void gw_send_stream_lost(
    struct gw_send_stream *, uint64_t offset, uint64_t n, bool end);

/* STREAM_RESET: is one to be sent, with which code and final size? */
bool gw_send_stream_reset_next(
    const struct gw_send_stream *, uint64_t *code, uint64_t *size);
void gw_send_stream_reset_sent(struct gw_send_stream *);
void gw_send_stream_reset_acked(struct gw_send_stream *);
void gw_send_stream_reset_lost(struct gw_send_stream *);

/* Everything, and its end or its reset, is acknowledged. */
bool gw_send_stream_done(const struct gw_send_stream *);
/* As far as it goes: what was written, or with a reset what was sent. */
uint64_t gw_send_stream_size(const struct gw_send_stream *);

#endif /* GW_SESSION_UDP_SEND_STREAM_H */
