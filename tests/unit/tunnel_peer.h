/*
 * tunnel_peer - the other side of a tunnel, played by a test: a session whose
 * carrier is this script, into which it says what a good, odd or hostile
 * device may say, and out of which it hears what is answered.
 *
 * What dials or listens for sessions is taken by surprise: the linker's --wrap
 * gives gw_dial_start, gw_dial_cancel and gw_listener_new to this file, and
 * whoever waits for a session gets one of these.  Time stands still but when a
 * test says otherwise: clock_gettime is ours, for libuv, too.
 *
 * Nothing here is allocated by malloc: where a test lets that fail (alloc.h),
 * it is the code under test that it fails for.
 */
#ifndef GW_TESTS_UNIT_TUNNEL_PEER_H
#define GW_TESTS_UNIT_TUNNEL_PEER_H

#include "run/tunnel.h"
#include "session/carrier.h"

struct peer_said;

/* Bytes, from `at` on not read yet. */
struct peer_bytes {
	uint8_t *b;
	size_t n, at, room;
};

struct peer {
	struct gw_conn conn;       /* first */
	struct gw_session session; /* of that */
	struct peer_said *first, **last;
	struct peer_said *lent, *kept; /* data until the next event, datagrams
					  for as long as the peer is */
	struct peer_bytes heard[GW_STREAMS_MAX];
	struct peer_bytes datagrams; /* each after its length, a size_t */
	uint64_t credited;           /* bytes that were dealt with */
	size_t takes;                /* bytes of streams; SIZE_MAX: all */
	bool takes_datagrams;
	bool full; /* few of them wait, but there is no room for their bytes */
	size_t datagram_max;
	size_t narrows; /* what that becomes, and they are taken, when it is
			   kicked or flushed; 0: all stays as it is */
	gw_usec heard_at;
	bool kicked;
	bool wants;  /* it has more to write, it says */
	bool closed; /* the session was given up: */
	enum gw_err err;
	char why[256];
};

void peer_init(struct peer *);
void peer_fini(struct peer *);

/* ---- what it says, which comes with the next turn ---- */

void peer_say(struct peer *, uint16_t lane, const struct gw_tunnel_message *);
void peer_bytes(struct peer *, uint16_t lane, const void *, size_t n);
void peer_data(
    struct peer *, uint16_t lane, uint32_t flow, const void *, size_t n);
void peer_datagram(struct peer *, const struct gw_tunnel_datagram *);
/* Any event of a session; its bytes are copied. */
void peer_event(struct peer *, const struct gw_session_event *);
/* The session is over. */
void peer_leave(struct peer *, enum gw_err, const char *text);
/* Let the tunnel take it, and write. */
void peer_turn(struct peer *);

/* ---- what it hears ---- */

/* The next message on a lane; of DATA, text is the bytes.  False: none. */
bool peer_hear(struct peer *, uint16_t lane, struct gw_tunnel_message *);
bool peer_hear_datagram(struct peer *, struct gw_tunnel_datagram *);

/* ---- whoever waits for a session ---- */

/* A dial waits: it has found this one, or failed so. */
bool peer_is_dialled(void);
void peer_answer(struct peer *, const uint8_t key[GW_KEY_LEN]);
void peer_fail(enum gw_err, const char *text);
/* It comes to the listener that was opened last. */
void peer_come(struct peer *, const uint8_t key[GW_KEY_LEN]);

/* ---- time ---- */

/* So much later; whoever dispatches then notices. */
void peer_leap(gw_usec);

/* ---- devices ---- */

/* A context in directories of this name below the working directory, which
 * remembers devices "peer-0", "peer-1" ..., with keys of bytes 1, 2 ... */
struct gw *peer_context(const char *name, unsigned devices);

#endif /* GW_TESTS_UNIT_TUNNEL_PEER_H */
