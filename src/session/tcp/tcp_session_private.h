/*
 * tcp_session_private - what a session on tcp is made of, for its own files
 * and for tests that play a hostile peer.
 */
#ifndef GW_SESSION_TCP_TCP_SESSION_PRIVATE_H
#define GW_SESSION_TCP_TCP_SESSION_PRIVATE_H

#include "base/queue.h"
#include "session/carrier.h"
#include "session/handshake.h"
#include "session/tcp/record_in.h"
#include "session/tcp/record_out.h"
#include "session/tcp/streams.h"
#include "session/tcp/tcp_session.h"

enum gw_tcp_session_state {
	GW_TCP_SESSION_AWAIT_SYN,
	GW_TCP_SESSION_AWAIT_ACK,
	GW_TCP_SESSION_AWAIT_SYN_ACK,
	GW_TCP_SESSION_AWAIT_CONFIRM,
	GW_TCP_SESSION_ESTABLISHED,
	GW_TCP_SESSION_CLOSING, /* a FIN went one way at least */
	GW_TCP_SESSION_OVER,
	GW_TCP_SESSION_STATES
};

enum {
	GW_TCP_MESSAGES = 1 << 18, /* bytes of DATAGRAM frames that wait */
	GW_LAST_MAX =
	    GW_RECORD_HEADER + GW_FRAME_HEADER + GW_REASON_MAX + GW_TAG_LEN
};

/* What exists once there are keys. */
struct gw_tcp_session_link {
	struct gw_record_out out;
	struct gw_record_in in;
	struct gw_streams streams;
	struct gw_queue messages; /* DATAGRAM frames that wait */
	/* A sealed RST, which needs no room in the outbox. */
	uint8_t last[GW_LAST_MAX];
	size_t last_len, last_sent;
};

struct gw_tcp_session {
	struct gw_session base; /* first: the session is it */
	enum gw_tcp_session_state state;
	bool initiator;
	uint64_t window;
	uint64_t roll; /* records under one key: GW_REKEY_RECORDS */
	gw_usec open_by;
	gw_usec heard, sent_at;

	struct gw_handshake *handshake;   /* until it is of no use any more */
	struct gw_tcp_session_link *link; /* NULL until there are keys */

	uint8_t peer[GW_KEY_LEN];
	bool shown; /* the peer has shown that key */
	struct gw_intro peer_intro;
	enum gw_cipher cipher;
	enum gw_mode mode;
	struct gw_ticket ticket;
	struct gw_close close;

	bool opened_due, closed_due; /* events that wait */
	bool carrier_ended;
	bool fin_wanted, fin_sent, fin_received;
};

/* What became of bytes that were looked at. */
enum gw_progress {
	GW_PROGRESS_NONE, /* nothing whole is there */
	GW_PROGRESS_SOME, /* look again */
	GW_PROGRESS_EVENT /* *ev is filled */
};

/* tcp_session.c */
/* The session, which must be one on tcp, from within. */
struct gw_tcp_session *gw_tcp_session_of(struct gw_session *);
void gw_tcp_session_set_state(
    struct gw_tcp_session *, enum gw_tcp_session_state);
bool gw_tcp_session_is_open(const struct gw_tcp_session *);

bool gw_tcp_session_is_opening(const struct gw_tcp_session *);

/* A message of the handshake, or FIN, goes out or came. */
void gw_tcp_session_trace(
    const struct gw_tcp_session *, const char *message, bool out);

/* closing.c: every way to the end. */
void gw_tcp_session_close(struct gw_tcp_session *, const struct gw_close *);
/* Close with text, and tell the peer the other one if there are keys. */
void gw_tcp_session_reset(
    struct gw_tcp_session *, enum gw_err, const char *text, const char *told);
/* Before anything of a godwit came, this was no connection at all. */
bool gw_tcp_session_is_unanswered(const struct gw_tcp_session *);
/* What can be said only when nothing more is to be read or sent. */
void gw_tcp_session_settle(struct gw_tcp_session *);

/* opening.c: from bytes of the handshake to a link. */
void gw_tcp_session_advance(struct gw_tcp_session *);

/* frames.c: what the peer sealed, and what is to be told to it. */
enum gw_progress gw_tcp_session_read(
    struct gw_tcp_session *, struct gw_session_event *);
void gw_tcp_session_put_controls(struct gw_tcp_session *, gw_usec now);
gw_usec gw_tcp_session_ping_at(const struct gw_tcp_session *);

/* datagrams.c: of session.h. */
size_t gw_tcp_session_datagram_max(const struct gw_session *);
GW_MUST_USE enum gw_err gw_tcp_session_datagram(
    struct gw_session *, struct gw_slice, gw_usec now);
unsigned gw_tcp_session_datagrams(const struct gw_session *);

#endif /* GW_SESSION_TCP_TCP_SESSION_PRIVATE_H */
