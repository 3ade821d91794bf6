/*
 * session - an authenticated, encrypted connection between two devices.
 *
 * Sans-IO: time is passed in, events are pulled.  Three messages open it
 * (docs/protocol.md, "Handshake"); then it has streams with their own
 * windows, and one FIN each way.
 *
 * This is what is the same on every carrier.  How a session is made, and how
 * its bytes go in and out, is the carrier's: tcp/tcp_session.h.
 */
#ifndef GW_SESSION_SESSION_H
#define GW_SESSION_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/random.h"
#include "base/slice.h"
#include "base/time.h"
#include "crypto/aead.h"
#include "crypto/noise.h"
#include "session/door.h"
#include "session/trace.h"
#include "wire/hello.h" /* enum gw_mode */
#include "wire/limits.h"

struct gw_session;

/* What a session runs on. */
enum gw_carrier { GW_CARRIER_TCP, GW_CARRIER_UDP };

/* What lets a device come back without the code. */
struct gw_ticket {
	uint8_t id[GW_PSK_ID_LEN];
	uint8_t psk[GW_KEY_LEN];
};

/* Whose the code was not. */
struct gw_refused_keys {
	unsigned count;
	uint8_t key[GW_FIND_GUESSES][GW_KEY_LEN];
};

struct gw_session_options {
	bool initiator;
	const struct gw_keypair *self;
	const char *name;             /* of this device, at most GW_NAME_MAX */
	bool remember;                /* it asks to be remembered */
	bool prefer_aes;              /* gw_cipher_has_aes() of this machine */
	uint64_t window;              /* of one stream's unread bytes, at least
					 GW_STREAM_WINDOW */
	struct gw_random random;      /* cryptographic, but in the simulator */
	const struct gw_trace *trace; /* NULL: none */

	/* initiator only */
	enum gw_mode mode;
	const char *code;               /* GW_MODE_CODE, normalised */
	const struct gw_ticket *ticket; /* GW_MODE_RESUMED */
	const uint8_t *peer;            /* GW_MODE_KNOWN: pinned key; else
					   NULL, or the key expected */
	/* GW_MODE_CODE: keys that have had a guess already, and get no other;
	 * lent for as long as the session is. */
	const struct gw_refused_keys *refused;
	/* responder only */
	struct gw_door *door;
};

enum { GW_STREAM_WINDOW = 1 << 18 }; /* what a stream starts with, bytes */

/* Whatever its owner wants to find again; NULL at first. */
void gw_session_set_user(struct gw_session *, void *);
void *gw_session_user(const struct gw_session *);
/* Whom it tells what it does; NULL: nobody.  For what its owner can add. */
const struct gw_trace *gw_session_trace(const struct gw_session *);
/* Wipes its secrets; NULL is fine. */
void gw_session_free(struct gw_session *);

/* ---- time ---- */

void gw_session_tick(struct gw_session *, gw_usec now);
/* When to call tick, pull events and send; 0: at once, an event waits. */
gw_usec gw_session_deadline(const struct gw_session *);
/* When bytes last arrived: a live peer sends at least a ping every 2 s. */
gw_usec gw_session_heard(const struct gw_session *);

/* ---- events ---- */

enum gw_session_event_kind {
	GW_SESSION_OPENED, /* both sides are authenticated */
	GW_SESSION_DATA,   /* stream bytes, lent until the next event is
			      pulled or bytes come in; take them all */
	GW_SESSION_RESET,  /* the peer gave a stream up: nothing of it follows,
			      and what came and was not told is lost */
	GW_SESSION_DATAGRAM, /* lent until bytes come in: several at once */
	GW_SESSION_FIN,      /* the peer sends no more, all was delivered */
	GW_SESSION_CLOSED    /* over; the last event */
};

struct gw_session_event {
	enum gw_session_event_kind kind;
	union {
		struct {
			const uint8_t *peer; /* key */
			const char *name;    /* checked: printable UTF-8 or
						escaped by the receiver */
			bool remember;       /* it asks to be remembered */
			enum gw_cipher cipher;
			enum gw_mode mode;
			struct gw_ticket ticket; /* to come back with */
		} opened;
		struct {
			uint16_t stream;
			struct gw_slice bytes;
			bool end; /* nothing follows on this stream */
		} data;
		struct {
			uint16_t stream;
			uint64_t code; /* what the peer's owner gave */
		} reset;
		struct gw_slice datagram;
		struct {
			/*
			 * GW_OK: FIN both ways.  GW_E_LOST, GW_E_PROTOCOL,
			 * GW_E_STRANGER, GW_E_VERSION, GW_E_AUTH (wrong code
			 * or key), GW_E_BURNED, GW_E_REFUSED (taken),
			 * GW_E_STALLED (handshake too slow), GW_E_CONNECT
			 * (initiator: connected, but nothing answered).  A
			 * reset of the peer: its code.
			 */
			enum gw_err err;
			bool guess;          /* responder: a wrong guess */
			bool by_peer;        /* it told us */
			bool unknown_ticket; /* use the code again */
			bool forgotten; /* a handshake, which may begin anew */
			bool answered;  /* of a dial: somebody was there, who
					   may know now if the code is right */
			bool refused;   /* initiator: one of those keys, which
					   got nothing */
			const uint8_t *peer; /* its key, if it has shown it */
			const char *text;    /* detail for people, may be "" */
		} closed;
	};
};

bool gw_session_event(struct gw_session *, struct gw_session_event *);

/* ---- streams: once opened, ids below GW_STREAMS_MAX need no ceremony ---- */

/* How many bytes gw_session_write would take now, at least. */
size_t gw_session_writable(const struct gw_session *, uint16_t stream);
/*
 * Take bytes for a stream: returns how many were taken, bounded by the
 * peer's window and by room to send.  What was taken may be forgotten.
 */
size_t gw_session_write(
    struct gw_session *, uint16_t stream, struct gw_slice, gw_usec now);
/* True when the last gw_session_write on it was bounded by the peer's
 * window: the other side's disk or program is what limits. */
bool gw_session_blocked(const struct gw_session *, uint16_t stream);
/* Bytes that were taken and have never left; *held: it is the peer's window
 * that they wait for, or the next would. */
uint64_t gw_session_unsent(
    const struct gw_session *, uint16_t stream, bool *held);
/* n bytes of a stream were dealt with: the window opens by that much.  The
 * first call, be it with 0, opens it from GW_STREAM_WINDOW to all of it. */
void gw_session_credit(struct gw_session *, uint16_t stream, size_t n);
/* Nothing follows on this stream. */
void gw_session_end(struct gw_session *, uint16_t stream);
/* Give a stream up: what has not arrived may never do, and the peer is told
 * the code (below 2^62).  No-op where all of it, and its end, has arrived. */
void gw_session_reset(struct gw_session *, uint16_t stream, uint64_t code);

/* ---- datagrams: unreliable messages in a session ---- */

/* Bytes that one may have just now; 0: none can be sent. */
size_t gw_session_datagram_max(const struct gw_session *);
/*
 * Send one; it is copied.  It leaves before data of streams, when congestion
 * control lets it; what is lost is lost.  GW_E_LIMIT: longer than that; a
 * path that has become narrower drops what it was asked before.  GW_E_AGAIN:
 * too many wait already.  GW_E_LOST: the session is not open that way.
 */
GW_MUST_USE enum gw_err gw_session_datagram(
    struct gw_session *, struct gw_slice, gw_usec now);
/* How many wait to leave. */
unsigned gw_session_datagrams(const struct gw_session *);

/* ---- closing ---- */

/* Send FIN after all that was written; once opened only.  CLOSED comes when
 * both have. */
void gw_session_finish(struct gw_session *, gw_usec now);
/* End at once, telling the peer an error and a sentence where there are keys
 * to seal them with.  CLOSED comes with both.  Send what is left to send,
 * then close. */
void gw_session_abort(
    struct gw_session *, enum gw_err, const char *text, gw_usec now);
bool gw_session_is_open(const struct gw_session *);

#endif /* GW_SESSION_SESSION_H */
