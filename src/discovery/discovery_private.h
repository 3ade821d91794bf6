/*
 * discovery_private - what discovery.c and discovery_input.c share.
 */
#ifndef GW_DISCOVERY_DISCOVERY_PRIVATE_H
#define GW_DISCOVERY_DISCOVERY_PRIVATE_H

#include "discovery/allowance.h"
#include "discovery/discovery.h"

enum {
	GW_DISCOVERY_NONCES = 4,   /* questions whose answers still count */
	GW_DISCOVERY_REPLIES = 64, /* that wait */
	GW_DISCOVERY_RECENT = 64,  /* questions that are not answered again */
	GW_DISCOVERY_WHOS = 32     /* whose tags are asked for */
};

/* One that waits for its moment. */
struct gw_reply {
	gw_usec at;
	struct gw_spot to;
	uint64_t nonce;
	int known;     /* whose tag comes first, or GW_NOT_KNOWN */
	bool numbered; /* it was asked by number */
};

/* A question as it came by one interface. */
struct gw_recent {
	uint8_t run[GW_BEACON_RUN_LEN];
	uint64_t nonce;
	unsigned interface;
};

struct gw_who {
	struct gw_beacon beacon;
	uint64_t entry; /* of the roster; of a question 0 */
	struct gw_spot from;
};

struct gw_discovery {
	struct gw_random random;
	uint8_t run[GW_BEACON_RUN_LEN];
	struct gw_tag *tags;
	size_t tag_count, tag_next; /* where the next beacon begins */
	/* What stands where there are no more: always the same, as those
	 * are, so that nobody can count them. */
	struct gw_tag filling[GW_BEACON_TAGS];

	/* what this side says */
	bool announcing;
	struct gw_beacon own; /* a HERE; its number is told by request */
	bool unasked;
	gw_usec here_at;
	unsigned here_round;
	bool farewell; /* to be said */
	struct gw_reply replies[GW_DISCOVERY_REPLIES];
	size_t reply_count;
	struct gw_recent recent[GW_DISCOVERY_RECENT];
	size_t recent_next;
	struct gw_allowance all;
	struct gw_allowances sources;

	/* what it asks */
	bool seeking;
	struct gw_beacon question;
	int wanted; /* KNOWN: the index, or GW_ALL_KNOWN */
	gw_usec ask_at, ask_begun;
	unsigned ask_round;
	uint64_t nonces[GW_DISCOVERY_NONCES];
	size_t nonce_next;
	struct gw_roster roster;
	struct gw_allowance unasked_new;

	struct gw_who whos[GW_DISCOVERY_WHOS]; /* the first is asked first */
	size_t who_count;
	struct gw_allowance recognising;
	uint64_t dropped[GW_DISCOVERY_DROP_COUNT];
};

#endif /* GW_DISCOVERY_DISCOVERY_PRIVATE_H */
