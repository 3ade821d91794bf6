/*
 * pmtud - the largest datagram that the path carries (DPLPMTUD, RFC 8899).
 *
 * Sizes are bytes of UDP payload.  Begins with GW_PACKET_MIN, tries larger
 * ones by probes that carry nothing else, three of a size, and searches again
 * after ten minutes.  Falls back when large packets vanish: the owner tells
 * of every other eliciting packet that was acknowledged or lost.  A burst of
 * losses is suspicious if nothing that was sent later and is as large as the
 * smallest packet in it has arrived; the fourth such burst is a black hole.
 * (Without an acknowledgement nothing is called lost: in a black hole that
 * takes something small which arrives, so a PTO's packets are to have
 * GW_PACKET_MIN bytes.)
 * Private to src/session.  Tests: tests/unit/pmtud_test.c,
 * pmtud_hole_test.c.
 */
#ifndef GW_SESSION_UDP_PMTUD_H
#define GW_SESSION_UDP_PMTUD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "wire/limits.h"

enum {
	GW_PMTUD_BURSTS = 4, /* suspicious ones that make a black hole */
	GW_PMTUD_ARRIVED = 4
};

struct gw_pmtud_seen {
	uint64_t number; /* of the last packet */
	uint32_t bytes;  /* of the smallest */
};

struct gw_pmtud {
	uint32_t size;  /* that passes */
	uint32_t max;   /* the owner's bound */
	uint32_t bad;   /* the smallest that does not pass, or max + 1 */
	uint32_t first; /* passed before a black hole; 0: none */

	bool searching;
	gw_usec search_at; /* again, when not searching */
	uint64_t number;   /* of the last probe; UINT64_MAX: void */
	uint32_t probe;    /* its size, ... */
	unsigned tries;    /* ... and how many of that size were lost */
	bool in_flight;

	struct gw_pmtud_seen suspicious[GW_PMTUD_BURSTS];
	unsigned suspicious_count;
	struct gw_pmtud_seen burst; /* goes on, if it began at burst_at */
	gw_usec burst_at;
	bool in_burst;
	/* What arrived: none is both older and smaller than another. */
	struct gw_pmtud_seen arrived[GW_PMTUD_ARRIVED];
	unsigned arrived_count;
	gw_usec calm_at; /* a black hole before that is one too many */
};

/* max: the least of what the peer takes, the interface sends and the owner's
 * buffers hold, at least GW_PACKET_MIN. */
void gw_pmtud_init(struct gw_pmtud *, uint32_t max);
/* max has changed.  A smaller one holds at once. */
void gw_pmtud_set_max(struct gw_pmtud *, uint32_t max);
/* Another path: all that is known is void. */
void gw_pmtud_new_path(struct gw_pmtud *);
/* A datagram of this size could not leave (EMSGSIZE): nor will larger ones. */
void gw_pmtud_too_large(struct gw_pmtud *, uint32_t bytes);
/* The number of a probe that is under way, and of that size or larger. */
bool gw_pmtud_probing(
    const struct gw_pmtud *, uint32_t bytes, uint64_t *number);

/* What a datagram may have now. */
uint32_t gw_pmtud_size(const struct gw_pmtud *);

/* Is a probe to be sent, and of which size? */
bool gw_pmtud_probe(struct gw_pmtud *, gw_usec now, uint32_t *size);
/* It left, as packet `number`. */
void gw_pmtud_sent(struct gw_pmtud *, uint64_t number, uint32_t size);
/* What became of a probe, at any time: one that was called lost may still
 * arrive. */
void gw_pmtud_acked(struct gw_pmtud *, uint64_t number);
void gw_pmtud_lost(struct gw_pmtud *, uint64_t number);

/* Other eliciting packets; losses that are found at one moment have one
 * `now` and come in the order of their numbers. */
void gw_pmtud_packet_acked(struct gw_pmtud *, uint64_t number, uint32_t bytes);
void gw_pmtud_packet_lost(
    struct gw_pmtud *, uint64_t number, uint32_t bytes, gw_usec now);

void gw_pmtud_tick(struct gw_pmtud *, gw_usec now);
gw_usec gw_pmtud_deadline(const struct gw_pmtud *);

#endif /* GW_SESSION_UDP_PMTUD_H */
