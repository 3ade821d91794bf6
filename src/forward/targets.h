/*
 * targets - where the flows of a rule go to: one target or several, of
 * which each flow gets one for life.
 *
 * A target that refused is suspect for a while: new flows go to another one,
 * if there is one that is not.  Anybody can make up an ICMP message, so that
 * suspicion is all that one brings about.
 */
#ifndef GW_FORWARD_TARGETS_H
#define GW_FORWARD_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

enum { GW_TARGETS_MAX = 16 };

/* An address with its port; IPv4 as ::ffff:a.b.c.d. */
struct gw_place {
	uint8_t ip[16];
	uint32_t zone; /* an interface's index; 0: none */
	uint16_t port;
};

bool gw_place_eq(const struct gw_place *, const struct gw_place *);

enum gw_targets_choice {
	GW_TARGETS_ROUND,  /* one after the other */
	GW_TARGETS_RANDOM, /* any */
	GW_TARGETS_FIRST,  /* the first that works */
	GW_TARGETS_HASH    /* the same for the same client */
};

struct gw_targets_one {
	struct gw_place at;
	bool known;     /* it has an address */
	bool loop;      /* that is the listener's own */
	unsigned fails; /* since it last answered or became suspect */
	gw_usec suspect_until;
	uint64_t flows, refusals;
};

struct gw_targets {
	struct gw_targets_one v[GW_TARGETS_MAX];
	unsigned count;
	unsigned next; /* in turn */
	enum gw_targets_choice choice;
	unsigned max_fails; /* before it is suspect */
	gw_usec rest;       /* how long it then is */
};

/* None is known yet; the caller sets what says how to choose. */
void gw_targets_init(struct gw_targets *, unsigned count);
/* For new flows; NULL: it has no address any more. */
void gw_targets_set(
    struct gw_targets *, unsigned i, const struct gw_place *, bool loop);
/* For a new flow; number is a hash of the client, or random.  False: none has
 * an address, or *loop: only one that leads back here. */
bool gw_targets_choose(
    struct gw_targets *, uint64_t number, gw_usec now, unsigned *i, bool *loop);
/* It refused; true: and there is another one to go to. */
bool gw_targets_refused(struct gw_targets *, unsigned i, gw_usec now);
/* It answered. */
void gw_targets_answered(struct gw_targets *, unsigned i);

#endif /* GW_FORWARD_TARGETS_H */
