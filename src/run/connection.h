/*
 * connection - a session of a program, on the loop: what godwit.h calls
 * struct gw_connection.
 *
 * Takes everything out of the session as it comes, so that no carrier waits
 * for the program: data of streams into rings, which their windows bound, and
 * datagrams into a queue, which drops what it cannot hold.  The program pulls
 * events and reads when it likes.  Private to src/run and its tests.
 */
#ifndef GW_RUN_CONNECTION_H
#define GW_RUN_CONNECTION_H

#include "base/queue.h"
#include "base/ring.h"
#include "run/context.h"
#include "run/dial.h"
#include "run/known.h"
#include "run/quest.h"

enum {
	GW_CONNECTION_MESSAGES = 1 << 18, /* bytes of datagrams that wait */
	GW_CONNECTION_UNSENT = 1 << 20,   /* bytes of a stream, likewise */
	GW_CONNECTION_CODE_MAX = 128
};

/* One direction each of a stream, as the program has it. */
struct gw_program_stream {
	struct gw_ring ring; /* what came and was not read: [from, to) */
	uint64_t from, to;
	bool ended_in, reset_in; /* nothing follows */
	uint32_t code;           /* of the reset */
	bool ended_out;
	bool short_of_room; /* the last write was cut: WRITABLE will come */
	bool blocked;       /* BLOCKED was told, and still holds */
	/* events that wait */
	bool readable_due, writable_due, blocked_due, reset_due;
};

struct gw_connection {
	struct gw *g;
	struct gw_connection *next; /* of the context */
	struct gw_dial *dial;       /* until it is open, or has failed, ... */
	struct gw_quest *quest;     /* ... or this */
	char notice[GW_QUEST_NOTICE_MAX]; /* what it says */
	struct gw_conn *conn;             /* then; NULL: gone */
	bool initiator;
	bool released;    /* the program is done with it */
	gw_usec leave_by; /* then, whatever the peer does */
	gw_usec idle;
	uv_timer_t timer;

	/* who is there */
	bool open;
	char peer[GW_NAME_MAX + 1], key[2 * GW_KEY_LEN + 1];
	uint8_t peer_key[GW_KEY_LEN];
	bool remember, asks, by_code;  /* this side, the peer; how it came */
	char device[GW_NAME_MAX + 1];  /* "": not remembered */
	struct gw_known_device pinned; /* whom the dial means; name "": any */
	char address[GW_ADDRESS_TEXT];
	const char *cipher, *carrier;

	struct gw_program_stream *v[GW_STREAMS_MAX]; /* NULL: not there */
	unsigned next_id;
	bool shut; /* our direction */
	struct gw_queue in;
	uint64_t dropped;
	unsigned queue_was; /* messages that waited when there was no room; 0 */

	/* states: the one that was told last, and since when */
	const char *state;
	gw_usec since;
	gw_usec entered[GW_UDP_STATES]; /* udp: 0: never */
	unsigned told;                  /* of them, a bit each */
	const char *seen;               /* tcp: by the kernel, a moment ago */
	gw_usec seen_at;

	/* events that wait */
	bool notice_due, opened_due, fin_due, closed_due, datagram_due,
	    sendable_due;
	bool any_due; /* of some stream */
	bool fin, closed;
	enum gw_err err;
	bool by_peer;
	char text[GW_QUEST_NOTICE_MAX + GW_ADDRESS_TEXT + 2];
};

/* What gw_connection_options mean, checked; code is "" where there is none. */
struct gw_connection_terms {
	char code[GW_CONNECTION_CODE_MAX + 1];
	struct gw_known_device device; /* connecting; name "": by the code */
	enum gw_carriers carriers;
	bool remember, beacons, by_number;
	uint64_t window;
	gw_usec idle;
	struct gw_udp_tuning udp;
};

/* ---- connection.c ---- */

/* GW_E_USAGE: told by gw_context_error. */
GW_MUST_USE enum gw_err gw_connection_terms(struct gw *,
    const struct gw_connection_options *, struct gw_connection_terms *);
/* A session that came in; the conn is its own from here on.  NULL: no
 * memory, and the conn is still the caller's. */
struct gw_connection *gw_connection_of(struct gw *,
    const struct gw_connection_terms *, struct gw_conn *,
    const struct gw_session_event *opened);
/* End it wherever it stands, now. */
void gw_connection_free(struct gw_connection *);
/* What was written, credited or ended is to leave. */
void gw_connection_kick(struct gw_connection *);
/* NULL: no memory. */
struct gw_program_stream *gw_connection_stream(
    struct gw_connection *, unsigned id);
/* Look soon whether it is over. */
void gw_connection_wake(struct gw_connection *);

/* ---- connection_in.c: what the session tells ---- */

bool gw_connection_ready(struct gw_conn *, void *connection);
/* It is over, as far as the program is concerned. */
void gw_connection_over(
    struct gw_connection *, enum gw_err, bool by_peer, const char *text);

/* ---- connection_events.c ---- */

/* Is it in TIME_WAIT? */
bool gw_connection_lingers(const struct gw_connection *);
/* It is open: since when was it under way? */
void gw_connection_note_begin(struct gw_connection *);
/* Note which states it has entered by now. */
void gw_connection_note_states(struct gw_connection *);

#endif /* GW_RUN_CONNECTION_H */
