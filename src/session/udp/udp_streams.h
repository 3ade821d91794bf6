/*
 * udp_streams - the streams of a session over UDP: their data both ways,
 * their windows, and whose turn it is.
 *
 * Composes send_stream, recv_stream and flow; knows frames and chunks, but
 * no packets.  A stream exists from its first use on.
 * Private to src/session/udp.  Tests: tests/sim/udp_test.c.
 */
#ifndef GW_SESSION_UDP_UDP_STREAMS_H
#define GW_SESSION_UDP_UDP_STREAMS_H

#include "session/session.h"
#include "session/udp/flow.h"
#include "session/udp/recv_stream.h"
#include "session/udp/send_stream.h"
#include "session/udp/sent.h"
#include "wire/frame.h"

enum {
	/* Pieces that wait for their owner; a packet brings 8 at most, and
	 * each may end its stream. */
	GW_UDP_PENDING = 512,
	GW_UDP_PENDING_PACKET = 16
};

struct gw_udp_stream {
	struct gw_send_stream send;
	struct gw_recv_stream recv;
	struct gw_flow_stream flow;
	bool blocked;  /* the last write met a limit of the peer */
	bool end_told; /* the owner knows that nothing follows */
};

/* What waits for the owner: bytes in order, a reset, a datagram. */
struct gw_udp_pending {
	enum gw_session_event_kind kind;
	uint16_t stream;
	bool end;
	struct gw_slice bytes;
	uint64_t code; /* of a reset */
};

struct gw_udp_streams {
	struct gw_udp_stream *v[GW_STREAMS_MAX]; /* NULL: never used */
	struct gw_flow flow;
	uint64_t memory; /* for what is sent and not acknowledged, bytes */
	uint64_t taken;  /* bytes given in order, of all streams */
	unsigned ends;   /* of streams, that were given */
	uint16_t turn;   /* whose chunk came last */
	uint16_t limit;  /* above all streams that were used */
	struct gw_udp_pending pending[GW_UDP_PENDING];
	unsigned pending_at, pending_n;
	bool no_memory;   /* for the stream of the last write or credit */
	uint8_t *kept;    /* what of pending its packets hold no more */
	size_t lent;      /* of a ring, by the last event */
	uint16_t lent_of; /* stream */
};

/* window: of one stream's unread bytes, at most. */
void gw_udp_streams_init(
    struct gw_udp_streams *, uint64_t window, uint64_t memory);
void gw_udp_streams_fini(struct gw_udp_streams *);

/* It exists from here on.  NULL: no memory. */
struct gw_udp_stream *gw_udp_streams_get(struct gw_udp_streams *, uint16_t id);

/* ---- what comes ---- */

enum gw_udp_data { GW_UDP_DATA_OK, GW_UDP_DATA_ILLEGAL, GW_UDP_DATA_MEMORY };
/* Room for whatever one more packet may bring. */
bool gw_udp_streams_can_take(const struct gw_udp_streams *);
/* A STREAM frame, whose data stays where it is until it is pulled. */
enum gw_udp_data gw_udp_streams_data(
    struct gw_udp_streams *, const struct gw_pframe *);
/* STREAM_RESET. */
enum gw_udp_data gw_udp_streams_reset_in(
    struct gw_udp_streams *, const struct gw_pframe *, gw_usec now);
/* The data of a DATAGRAM, which stays where it is until it is pulled.  Where
 * things are kept for an owner who does not pull it is dropped. */
void gw_udp_streams_datagram(struct gw_udp_streams *, struct gw_slice);
/* WINDOW, BLOCKED and those of the session.  false: illegal. */
bool gw_udp_streams_window(
    struct gw_udp_streams *, const struct gw_pframe *, gw_usec now);
/* What waits to be pulled is copied: its packets go.  Until it has been, what
 * comes waits behind it.  GW_E_MEMORY: nothing changed. */
GW_MUST_USE enum gw_err gw_udp_streams_keep(struct gw_udp_streams *);
/* Nothing of it is news. */
bool gw_udp_streams_is_old(
    const struct gw_udp_streams *, const struct gw_pframe *);
/* Its end or its reset was given. */
bool gw_udp_streams_is_over_in(const struct gw_udp_streams *, uint16_t stream);
/* The next GW_SESSION_DATA, _RESET or _DATAGRAM; false: none. */
bool gw_udp_streams_event(struct gw_udp_streams *, struct gw_session_event *);
bool gw_udp_streams_has_event(const struct gw_udp_streams *);
/* As FIN counts: bytes of all streams, and one for each end of one; given in
 * order, and up to the farthest that came. */
uint64_t gw_udp_streams_taken(const struct gw_udp_streams *);
uint64_t gw_udp_streams_received(const struct gw_udp_streams *);
void gw_udp_streams_credit(
    struct gw_udp_streams *, uint16_t stream, size_t n, gw_usec now);

/* ---- what goes (udp_streams_out.c) ---- */

/* Bytes that wait, of all streams. */
uint64_t gw_udp_streams_unsent(const struct gw_udp_streams *);
/* `ahead`: so much may wait unsent, bytes. */
size_t gw_udp_streams_writable(
    const struct gw_udp_streams *, uint16_t stream, uint64_t ahead);
size_t gw_udp_streams_write(
    struct gw_udp_streams *, uint16_t stream, uint64_t ahead, struct gw_slice);
bool gw_udp_streams_blocked(const struct gw_udp_streams *, uint16_t stream);
uint64_t gw_udp_streams_unsent_of(
    const struct gw_udp_streams *, uint16_t stream, bool *held);
void gw_udp_streams_end(struct gw_udp_streams *, uint16_t stream);
void gw_udp_streams_reset(
    struct gw_udp_streams *, uint16_t stream, uint64_t code);
/* A STREAM_RESET is due; the next one, which counts as sent; what became of
 * the packet that carried it. */
bool gw_udp_streams_has_reset(const struct gw_udp_streams *);
bool gw_udp_streams_next_reset(struct gw_udp_streams *, struct gw_pframe *);
void gw_udp_streams_reset_told(
    struct gw_udp_streams *, uint16_t stream, bool arrived);

struct gw_udp_chunk {
	uint16_t stream;
	struct gw_chunk chunk;
};
bool gw_udp_streams_has_chunk(const struct gw_udp_streams *);
/* The next one, of at most `most` bytes; it counts as sent. */
bool gw_udp_streams_chunk(
    struct gw_udp_streams *, size_t most, struct gw_udp_chunk *);
void gw_udp_streams_acked(
    struct gw_udp_streams *, const struct gw_sent_content *, bool end);
void gw_udp_streams_lost(
    struct gw_udp_streams *, const struct gw_sent_content *, bool end);
/* All that was written, as FIN counts; of use when nothing more will be. */
uint64_t gw_udp_streams_total(const struct gw_udp_streams *);
bool gw_udp_streams_all_acked(const struct gw_udp_streams *);

/* ---- windows, as frames (udp_windows.c) ---- */

/* There are WINDOW or BLOCKED frames to send. */
bool gw_udp_streams_due(const struct gw_udp_streams *);
/* The next of them, for packet `number`; it counts as sent.  false: none. */
bool gw_udp_streams_next_window(
    struct gw_udp_streams *, uint64_t number, struct gw_pframe *);
enum { GW_UDP_WINDOW_FRAME = 1 + 2 + 8 }; /* bytes of one, at most */
/* Packet `number`, which carried some, was lost. */
void gw_udp_streams_windows_lost(struct gw_udp_streams *, uint64_t number);
/* Nothing leaves any more although something waits: whoever waits for the
 * peer's window tells it so. */
void gw_udp_streams_held_up(struct gw_udp_streams *, gw_usec now);
void gw_udp_streams_tick(struct gw_udp_streams *, gw_usec rtt, gw_usec now);
gw_usec gw_udp_streams_deadline(const struct gw_udp_streams *);

#endif /* GW_SESSION_UDP_UDP_STREAMS_H */
