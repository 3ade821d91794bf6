/*
 * discovery - asking who is there, answering who asks, and whom one believes
 * in.
 *
 * Its owner has the two sockets of docs/protocol.md, 8: the shared port, of
 * which it hands in everything, and its own, from which everything leaves and
 * to which answers come.  It sends what is for everybody on each interface,
 * and knows the secrets of known devices: it makes their tags, and is asked
 * whose a tag is.
 */
#ifndef GW_DISCOVERY_DISCOVERY_H
#define GW_DISCOVERY_DISCOVERY_H

#include "base/err.h"
#include "base/random.h"
#include "base/slice.h"
#include "discovery/roster.h"

struct gw_discovery;

GW_MUST_USE enum gw_err gw_discovery_new(
    const struct gw_random *, struct gw_discovery **);
void gw_discovery_free(struct gw_discovery *); /* NULL is fine */

/* The id of this run, GW_BEACON_RUN_LEN bytes. */
const uint8_t *gw_discovery_run(const struct gw_discovery *);

/* ---- what this side says ---- */

struct gw_announcement {
	const char *name; /* of this device, not empty; copied */
	uint16_t port;    /* of sessions */
	uint32_t number;  /* of the code that it waits with; 0: none.  Told to
			     those alone who ask for it */
	bool receives, sends; /* what it waits for */
	/* Be heard now and then without being asked: for who waits for
	 * whoever comes, or for known devices. */
	bool unasked;
};

/* From now on answer with this; NULL: nothing more, and a farewell. */
void gw_discovery_announce(
    struct gw_discovery *, const struct gw_announcement *, gw_usec now);

enum { GW_ALL_KNOWN = -1 };

struct gw_question {
	enum gw_beacon_ask ask; /* not NOTHING */
	uint32_t number;        /* NUMBER: not 0 */
	const char *name;       /* NAME: not empty; copied, and cut to
				   GW_NAME_MAX */
	int known;              /* KNOWN: this one, or GW_ALL_KNOWN */
};

/* From now on ask this, often at first, until it is asked something else;
 * NULL: nothing.  What an earlier question has found goes without a word. */
void gw_discovery_seek(
    struct gw_discovery *, const struct gw_question *, gw_usec now);

/* There are other interfaces than before: ask, and be heard, anew. */
void gw_discovery_again(struct gw_discovery *, gw_usec now);

/* By what each known device knows this run just now; also when there are
 * none, whenever others get new ones: every beacon looks alike.  Copied, at
 * most GW_KNOWN_MAX; the index names the device.  GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_discovery_tags(
    struct gw_discovery *, const struct gw_tag *, size_t n);

/* ---- what comes and goes ---- */

struct gw_discovery_in {
	struct gw_slice data;
	struct gw_spot from;
	bool shared;  /* it came to the shared port */
	bool to_all;  /* its destination was a broadcast address or a group */
	bool on_link; /* its source is on the link that it came by */
};
void gw_discovery_input(
    struct gw_discovery *, const struct gw_discovery_in *, gw_usec now);
void gw_discovery_tick(struct gw_discovery *, gw_usec now);
/* When tick or output has something to do. */
gw_usec gw_discovery_deadline(const struct gw_discovery *);

struct gw_discovery_out {
	bool to_all;       /* to everybody on every interface */
	struct gw_spot to; /* else, through its interface */
	uint8_t data[GW_BEACON_LEN];
};
/* The next datagram; false: none now. */
bool gw_discovery_output(
    struct gw_discovery *, struct gw_discovery_out *, gw_usec now);

/* ---- what its owner must do or know ---- */

/* Whose tags are these? */
struct gw_discovery_who {
	const uint8_t *run;        /* the sender's */
	const struct gw_tag *tags; /* GW_BEACON_TAGS */
};
/* The next of these questions; false: none.  It stays until it is answered:
 * before output and event are called again. */
bool gw_discovery_who(const struct gw_discovery *, struct gw_discovery_who *);
/* The answer: the index of a known device, or GW_NOT_KNOWN. */
void gw_discovery_recognise(struct gw_discovery *, int known, gw_usec now);

struct gw_discovery_event {
	/* A device is there, or something of it is new; lent until the next
	 * call.  NULL: one has gone. */
	const struct gw_roster_entry *entry;
	uint64_t id;
};
bool gw_discovery_event(struct gw_discovery *, struct gw_discovery_event *);
/* When a device was last heard; false: it has gone. */
bool gw_discovery_seen(const struct gw_discovery *, uint64_t id, gw_usec *);
/* Does one wait? */
bool gw_discovery_has_event(const struct gw_discovery *);

/* Why a datagram was dropped. */
enum gw_discovery_drop {
	GW_DISCOVERY_DROP_STRANGER,  /* no beacon */
	GW_DISCOVERY_DROP_VERSION,   /* of another version */
	GW_DISCOVERY_DROP_MALFORMED, /* breaks a rule of its kind */
	GW_DISCOVERY_DROP_UNICAST,   /* to the shared port, but not to all */
	GW_DISCOVERY_DROP_OFF_LINK,  /* from another network */
	GW_DISCOVERY_DROP_RATE, /* more than is answered, or believed, a second
				 */
	GW_DISCOVERY_DROP_UNASKED, /* an answer to no question of ours */
	GW_DISCOVERY_DROP_FULL,    /* no room in the roster */
	GW_DISCOVERY_DROP_COUNT
};
uint64_t gw_discovery_dropped(
    const struct gw_discovery *, enum gw_discovery_drop);
const char *gw_discovery_drop_name(enum gw_discovery_drop);

#endif /* GW_DISCOVERY_DISCOVERY_H */
