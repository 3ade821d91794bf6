/*
 * relay_sites - sessions of a relay with those of other sites, each one more
 * interface of its engine.
 *
 * A site is a remembered device: this side connects to it, again and again, or
 * waits for it.  What passes is in wire/relay_link.h.  Datagrams of the session
 * carry what fits into one; the rest goes on its first stream, one message
 * after another, and what finds that taken is dropped: nothing queues here.
 * What was too long under way is dropped where it arrives.
 */
#ifndef GW_RUN_RELAY_SITES_H
#define GW_RUN_RELAY_SITES_H

#include "forward/relay.h"
#include "forward/relay_age.h"
#include "os/why.h"
#include "run/context.h"
#include "wire/relay_link.h"

struct gw_relay;

enum {
	GW_RELAY_STREAM_HEAD = 4, /* a message's length */
	GW_RELAY_STREAM_ROOM = GW_RELAY_STREAM_HEAD + GW_RELAY_MESSAGE_MAX
};

struct gw_relay_far {
	struct gw_relay *r;
	unsigned link; /* of the engine; its name is "@" and the device's */
	bool waits;
	char *host; /* NULL: wherever it is */
	uint16_t port;

	struct gw_connection *c; /* NULL: none */
	bool open;               /* the handshake is complete, ... */
	bool greeted;            /* ... and it has said HELLO */
	gw_usec greet_by;
	/* It has come again, and takes c's place once it has said HELLO, which
	 * it may until then.  NULL: it has not. */
	struct gw_connection *next;
	gw_usec next_by;
	uint8_t next_in[GW_RELAY_STREAM_HEAD + GW_RELAY_HELLO_LEN];
	size_t next_count;
	gw_usec again, pause; /* when to connect; how long to wait then */
	struct gw_relay_age age;

	/* Of the stream: what has come of a message, what is left to go. */
	uint8_t *in, *out; /* GW_RELAY_STREAM_ROOM each */
	size_t in_count, out_count, out_done;

	uint64_t sessions, received, sent, streamed;
	uint64_t malformed; /* dropped: no message, or too early */
	uint64_t foreign;   /* dropped: no rule here has the port or group */
	uint64_t stale;     /* dropped: answers that nobody waits for */
	uint64_t crowded;   /* dropped by sessions before this one: no room */
};

struct gw_relay_sites {
	struct gw_relay_far v[GW_RELAY_LINKS];
	size_t count;
	struct gw_acceptor *acceptor; /* NULL: none of them is waited for */
	bool beacons;
	enum gw_carriers carriers;
	/* GW_RELAY_MESSAGE_MAX each: one that came may have to go on. */
	uint8_t *room_in, *room_out;
};

/* Before the rules are read: the names of sites. */
enum gw_err gw_relay_sites_name(
    struct gw_relay *, const struct gw_relay_options *);
/* When all else stands: listen, and begin to connect. */
enum gw_err gw_relay_sites_start(
    struct gw_relay *, const struct gw_relay_options *);
void gw_relay_sites_fini(struct gw_relay *);
/* Everything that has come, and what it is time for. */
void gw_relay_sites_turn(struct gw_relay *);
gw_usec gw_relay_sites_deadline(const struct gw_relay *);
/* By GW_RELAY_VIA_SITE. */
enum gw_relay_fate gw_relay_sites_send(
    struct gw_relay *, const struct gw_relay_emission *, struct gw_why *);

/* ---- shared by relay_site*.c ---- */

/* Its session is over, because of this. */
void gw_relay_far_lost(struct gw_relay_far *, enum gw_err, const char *text);
/* Its session is this one from now on: say HELLO. */
void gw_relay_far_begin(struct gw_relay_far *, struct gw_connection *);
/* Its HELLO has come: from now on it is an interface. */
void gw_relay_far_greeted(struct gw_relay_far *);
/* What is left to go on the stream. */
void gw_relay_far_flush(struct gw_relay_far *);
/* Everything that its session has for us. */
void gw_relay_far_read(struct gw_relay_far *);
/* What `next` has said by now. */
void gw_relay_far_meet(struct gw_relay_far *, gw_usec now);
/* `next` is not to come in, because of this. */
void gw_relay_far_refuse(struct gw_relay_far *, enum gw_err, const char *text);

#endif /* GW_RUN_RELAY_SITES_H */
