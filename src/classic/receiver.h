/*
 * receiver - one connection of a plain sender: a name, our word, content
 * until FIN.  docs/protocol.md 6.
 *
 * The content does not pass through here: the owner moves it from the socket
 * to the file, and tells how much.  The states:
 *
 *   NAMING -> CREATING -> REPLYING -> TAKING -> KEEPING ---> OVER
 *      |          |           |          |                    ^
 *      |          +-----------+----------+----> DROPPING -----+
 *      +------------------------------------------------------+
 */
#ifndef GW_CLASSIC_RECEIVER_H
#define GW_CLASSIC_RECEIVER_H

#include "base/err.h"
#include "base/slice.h"
#include "base/time.h"
#include "wire/limits.h"

enum gw_classic_receiver_state {
	GW_CLASSIC_NAMING,   /* its name is to come, or coming */
	GW_CLASSIC_CREATING, /* the owner makes the temporary file */
	GW_CLASSIC_REPLYING, /* the word is on its way */
	GW_CLASSIC_TAKING,   /* content */
	GW_CLASSIC_KEEPING,  /* all came: the owner gives it its name */
	GW_CLASSIC_DROPPING, /* it failed: the owner removes what came */
	GW_CLASSIC_OVER
};

struct gw_classic_receiver_options {
	const char *reply; /* the word, at most GW_CLASSIC_REPLY_MAX bytes;
			    * outlives the receiver */
	uint64_t max_size; /* bytes of content; 0: no limit */
	gw_usec timeout;   /* without anything moving */
	bool keep_partial; /* what came of one that failed */
};

struct gw_classic_receiver {
	struct gw_classic_receiver_options o;
	enum gw_classic_receiver_state state;
	gw_usec began;    /* NAMING: the connection, then the name */
	gw_usec moved_at; /* when anything came or went last */
	uint64_t got;     /* bytes of content */
	size_t replied;   /* bytes of the word */
	size_t raw_len;
	uint8_t raw[GW_CLASSIC_NAME_RAW + 1];
	char name[GW_COMPONENT_MAX + 1];
	bool cut;        /* the name came with a path before it */
	bool named;      /* there is a name */
	bool told;       /* the event of this state was pulled */
	bool reset;      /* end the connection by RST */
	enum gw_err err; /* why it failed; GW_OK: it did not */
	char why[GW_REASON_MAX];
};

void gw_classic_receiver_init(struct gw_classic_receiver *,
    const struct gw_classic_receiver_options *, gw_usec now);

/* ---- what happened ---- */

/* How many bytes to read and give to _input: 0, or the rest of the name. */
size_t gw_classic_receiver_wants(const struct gw_classic_receiver *);
void gw_classic_receiver_input(
    struct gw_classic_receiver *, struct gw_slice, gw_usec now);
/* How many bytes of content the owner may move now, then tell by _taken; 0
 * in TAKING: as many came as may, and it looks (without taking) whether the
 * next thing is a byte, _excess, or FIN, _end. */
uint64_t gw_classic_receiver_room(const struct gw_classic_receiver *);
void gw_classic_receiver_taken(
    struct gw_classic_receiver *, uint64_t n, gw_usec now);
/* It is the owner who takes nothing just now: no stall. */
void gw_classic_receiver_held(struct gw_classic_receiver *, gw_usec now);
void gw_classic_receiver_excess(struct gw_classic_receiver *, gw_usec now);
/* The sender's FIN; not while something before it has not been taken.  The
 * owner looks for it, without taking, before it sends the word, too: who has
 * closed by then did not wait for it. */
void gw_classic_receiver_end(struct gw_classic_receiver *, gw_usec now);
/* The connection is no more. */
void gw_classic_receiver_lost(struct gw_classic_receiver *, gw_usec now);
void gw_classic_receiver_tick(struct gw_classic_receiver *, gw_usec now);

/* It has to end: the file could not be written, or the owner wants it so.
 * What is whole by now is kept all the same. */
void gw_classic_receiver_fail(
    struct gw_classic_receiver *, enum gw_err, const char *why);
/* Answer to CREATE.  GW_E_AGAIN: the name is taken, and is to be left alone;
 * any error: there is no temporary file. */
void gw_classic_receiver_created(
    struct gw_classic_receiver *, enum gw_err, const char *why, gw_usec now);
/* Answer to KEEP, KEEP_PARTIAL or DROP.  GW_E_AGAIN as above. */
void gw_classic_receiver_stored(
    struct gw_classic_receiver *, enum gw_err, const char *why);

/* ---- what to do ---- */

/* The word, or what is left of it, in one segment; then tell by _sent. */
struct gw_slice gw_classic_receiver_output(const struct gw_classic_receiver *);
void gw_classic_receiver_sent(
    struct gw_classic_receiver *, size_t n, gw_usec now);
/* When to tick; the owner does not while its disk is at work for this one. */
gw_usec gw_classic_receiver_deadline(const struct gw_classic_receiver *);

enum gw_classic_receiver_event_kind {
	GW_CLASSIC_CREATE,       /* make the temporary file for `name` */
	GW_CLASSIC_KEEP,         /* make it durable, give it its name */
	GW_CLASSIC_KEEP_PARTIAL, /* the same, under a name that says so */
	GW_CLASSIC_DROP,         /* remove the temporary file */
	GW_CLASSIC_END           /* over: close the connection */
};
struct gw_classic_receiver_event {
	enum gw_classic_receiver_event_kind kind;
	const char *name; /* one component; NULL: END before there was one */
	/* END; lives with the receiver */
	enum gw_err err; /* GW_E_AGAIN: left alone, see _created */
	const char *why;
	bool reset; /* by RST, not FIN */
};
bool gw_classic_receiver_event(
    struct gw_classic_receiver *, struct gw_classic_receiver_event *);

#endif /* GW_CLASSIC_RECEIVER_H */
