/*
 * classic_peer - one connection of a plain receiver: the engine, its socket,
 * its file.
 */
#ifndef GW_RUN_CLASSIC_PEER_H
#define GW_RUN_CLASSIC_PEER_H

#include "classic/receiver.h"
#include "os/addr.h"
#include "run/classic_store.h"
#include "run/rate.h"

struct gw_classic_peer;

/* Both come from the loop. */
struct gw_classic_peer_owner {
	/* Its temporary file is made; the word is sent when this returns,
	 * unless gw_classic_peer_fail was called. */
	void (*named)(void *arg, struct gw_classic_peer *);
	/* It is over: the last call; the peer frees itself.  Its engine and
	 * its file tell the rest. */
	void (*ended)(void *arg, struct gw_classic_peer *,
	    const struct gw_classic_receiver_event *);
	void *arg;
};

struct gw_classic_peer_options {
	struct gw_loop *loop;
	struct gw_classic_store *store;
	struct gw_bucket *bucket; /* shared by all */
	struct gw_classic_receiver_options engine;
	struct gw_classic_peer_owner owner;
};

struct gw_classic_peer {
	struct gw_classic_peer_options o;
	struct gw_classic_receiver engine;
	struct gw_classic_file file;
	char address[GW_ADDR_TEXT];
	uint8_t source[16]; /* as gw_addr_mapped; the /64 in IPv6 */
	gw_usec began;      /* when the word went */
	bool more;          /* the last piece left something, perhaps */
	struct gw_classic_peer *next; /* the owner's */

	/* private */
	int fd;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned handles;
	bool over, held; /* a rate holds it up */
	uint64_t piece;  /* bytes to move at a time */
	gw_usec piece_began;
};

/* Take a connection; on failure it is still the caller's. */
GW_MUST_USE enum gw_err gw_classic_peer_new(
    const struct gw_classic_peer_options *, int fd, const struct gw_addr *,
    struct gw_classic_peer **);
/* End it; ended comes when its disk work is done, from the loop. */
void gw_classic_peer_fail(
    struct gw_classic_peer *, enum gw_err, const char *why);
/* The rate has changed: go on at once if that is possible now. */
void gw_classic_peer_kick(struct gw_classic_peer *);

#endif /* GW_RUN_CLASSIC_PEER_H */
