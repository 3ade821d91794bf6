/*
 * candidates - who claims to be the one that is looked for, and whom of them
 * to try next.
 *
 * Whoever is tried with a code may guess it once: so at most GW_FIND_GUESSES
 * are, GW_FIND_GUESSES_HOST of them at one address.  Addresses without a try
 * go first, and among equals chance decides, so that somebody who answers a
 * thousand times does not stand before the right one; nor does it take the room
 * of others.  Who has refused a code is not asked again there; that the program
 * at another address is the same one, its key tells, not its run id, which
 * anybody can repeat.
 *
 * Nobody is reached at an address that was forged: that costs no guess, but
 * time.  So the more there are, the shorter is the turn of each: all of them
 * together have ten seconds, then twice as much, and so on; nobody has a second
 * turn before everybody had a first.
 */
#ifndef GW_RUN_CANDIDATES_H
#define GW_RUN_CANDIDATES_H

#include "base/random.h"
#include "base/time.h"
#include "run/discovery_port.h"

/* As many as a roster has devices: whoever is heard is tried. */
enum { GW_CANDIDATES_MAX = GW_ROSTER_MAX, GW_CANDIDATES_HOST = 8 };

struct gw_candidate {
	struct gw_addr addr;
	uint8_t run[GW_BEACON_RUN_LEN];
	char name[GW_NAME_MAX + 1];
	char interface[IF_NAMESIZE];
	bool refused;       /* not this one: for good */
	unsigned unreached; /* so often */
	gw_usec not_before; /* nobody was reached there: later again */
};

struct gw_candidates {
	struct gw_candidate v[GW_CANDIDATES_MAX];
	size_t count;
	bool proved; /* by keys: nobody can guess anything */
	unsigned tries;
	struct {
		uint8_t ip[16];
		unsigned n;
	} hosts[GW_FIND_TRIES_PROVED]; /* that were tried */
};

/* Each address of it that is new, a few of one host; it may take the place of
 * one that rests, since nobody was reached there.  All zeros is an empty list.
 */
void gw_candidates_add(
    struct gw_candidates *, const struct gw_finding *, gw_usec now);
/* How many devices there are that say so. */
unsigned gw_candidates_devices(const struct gw_candidates *);

/* Has each of them an address of the first one's? */
bool gw_candidates_one_machine(const struct gw_candidates *);

/* Whom to try now; NULL: nobody, or no more may be tried. */
struct gw_candidate *gw_candidates_pick(
    struct gw_candidates *, const struct gw_random *, gw_usec now);
/* For how long it is tried to reach this one, while others wait; GW_NEVER:
 * nobody else is there. */
gw_usec gw_candidates_turn(
    const struct gw_candidates *, const struct gw_candidate *);
/* When the next one can be tried that cannot now; GW_NEVER. */
gw_usec gw_candidates_deadline(const struct gw_candidates *, gw_usec now);
/* No more may be tried, whoever else comes. */
bool gw_candidates_spent(const struct gw_candidates *);

/* It was tried: nobody was reached there ... */
void gw_candidates_unreached(struct gw_candidate *, gw_usec now);
/* ... somebody was, and could have guessed (NULL: elsewhere than at one of
 * these) ... */
void gw_candidates_tried(struct gw_candidates *, const struct gw_candidate *);
/* ... and it is not the right one. */
void gw_candidates_refused(struct gw_candidate *);

/* "kitchen-pc at 192.168.1.7:4639, ...", as much as fits. */
void gw_candidates_text(const struct gw_candidates *, char *out, size_t size);

#endif /* GW_RUN_CANDIDATES_H */
