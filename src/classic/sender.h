/*
 * sender - one file to a plain receiver: its name, the word of reply, content,
 * FIN.  docs/protocol.md 6.
 *
 * The content does not pass through here: the owner moves it from the file to
 * the socket, and tells how much.  The states:
 *
 *   SAYING -> AWAITING -> GIVING -> CLOSING -> PARTING -> DONE
 *      |          |         ^ |        |          |        ^
 *      +-> PAUSING|---------+ |        |          |        |
 *                 +-----------+--------+----------+--------+
 */
#ifndef GW_CLASSIC_SENDER_H
#define GW_CLASSIC_SENDER_H

#include "base/err.h"
#include "base/slice.h"
#include "base/time.h"
#include "wire/limits.h"

enum gw_classic_sender_state {
	GW_CLASSIC_SAYING,   /* the name is on its way */
	GW_CLASSIC_AWAITING, /* for the word */
	GW_CLASSIC_PAUSING,  /* instead, where no word comes */
	GW_CLASSIC_GIVING,   /* content */
	GW_CLASSIC_CLOSING,  /* FIN went; not all is acknowledged */
	GW_CLASSIC_PARTING,  /* all is; the receiver may close, too */
	GW_CLASSIC_DONE
};

struct gw_classic_sender_options {
	struct gw_slice name; /* one component; outlives the sender */
	const char *reply;    /* the word, at most GW_CLASSIC_REPLY_MAX bytes,
			       * outlives the sender; NULL: none comes */
	gw_usec timeout;      /* without anything moving */
};

struct gw_classic_sender {
	struct gw_classic_sender_options o;
	enum gw_classic_sender_state state;
	size_t said;      /* bytes of the name */
	gw_usec since;    /* of what the state waits for */
	gw_usec probe_at; /* CLOSING */
	gw_usec probe_gap;
	uint64_t unacked; /* CLOSING: when last told; UINT64_MAX: never */
	uint64_t given;   /* bytes of content */
	size_t reply_len;
	uint8_t reply[2 * GW_CLASSIC_REPLY_MAX];
	bool blocked;     /* GIVING: the connection takes nothing */
	bool peer_closed; /* its FIN came */
	bool shut, told;  /* events that were pulled */
	enum gw_err err;
	char why[2 * GW_REASON_MAX];
};

void gw_classic_sender_init(struct gw_classic_sender *,
    const struct gw_classic_sender_options *, gw_usec now);

/* ---- what happened ---- */

/* Anything that the receiver sent; read it all, always: a socket that is
 * closed with bytes unread resets the connection. */
void gw_classic_sender_input(
    struct gw_classic_sender *, struct gw_slice, gw_usec now);
/* Its FIN. */
void gw_classic_sender_input_end(struct gw_classic_sender *, gw_usec now);
/* The connection is no more. */
void gw_classic_sender_lost(struct gw_classic_sender *);
void gw_classic_sender_tick(struct gw_classic_sender *, gw_usec now);

/* May content move now? */
bool gw_classic_sender_gives(const struct gw_classic_sender *);
/* So much of it went into the connection. */
void gw_classic_sender_given(struct gw_classic_sender *, uint64_t n);
/* The connection takes no more just now; it takes some again. */
void gw_classic_sender_blocked(struct gw_classic_sender *, gw_usec now);
void gw_classic_sender_writable(struct gw_classic_sender *);
/* All of the content went. */
void gw_classic_sender_source_end(struct gw_classic_sender *, gw_usec now);
/* The source failed, or the owner wants it to end. */
void gw_classic_sender_fail(
    struct gw_classic_sender *, enum gw_err, const char *why);
/* Bytes that the receiver's kernel has not acknowledged: tell at every
 * deadline, and when something arrived, while _probes. */
bool gw_classic_sender_probes(const struct gw_classic_sender *);
void gw_classic_sender_unacked(
    struct gw_classic_sender *, uint64_t n, gw_usec now);

/* ---- what to do ---- */

/* The name, or what is left of it, in one write; then tell by _sent. */
struct gw_slice gw_classic_sender_output(const struct gw_classic_sender *);
void gw_classic_sender_sent(struct gw_classic_sender *, size_t n, gw_usec now);
/* When to tick; the owner does not while it reads the source. */
gw_usec gw_classic_sender_deadline(const struct gw_classic_sender *);

struct gw_classic_sender_event {
	bool over; /* else: send FIN now */
	/* over: close the connection, by RST where err is not GW_OK */
	enum gw_err err;
	const char *why; /* lives with the sender */
};
bool gw_classic_sender_event(
    struct gw_classic_sender *, struct gw_classic_sender_event *);

#endif /* GW_CLASSIC_SENDER_H */
