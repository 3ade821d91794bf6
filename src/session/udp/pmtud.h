/*
 * pmtud - the largest datagram that the path carries (DPLPMTUD, RFC 8899).
 *
 * Sizes are bytes of UDP payload.  Begins with GW_PACKET_MIN, tries larger
 * ones by probes that carry nothing else, three of a size, and searches again
 * after ten minutes.  Falls back when large packets vanish: the owner tells
 * of every eliciting packet that was acknowledged or lost.  A burst of losses
 * is suspicious if no packet that was sent later and is as large as the
 * smallest in it has arrived; the fourth such burst is a black hole.  (That
 * needs something small to arrive: a PTO's packets are GW_PACKET_MIN long.)
 * Private to src/session.  Tests: tests/unit/pmtud_test.c.
 */
#ifndef GW_SESSION_UDP_PMTUD_H
#define GW_SESSION_UDP_PMTUD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "wire/limits.h"

enum { GW_PMTUD_BURSTS = 4 }; /* suspicious ones that make a black hole */

struct gw_pmtud_burst {
	uint64_t last;     /* packet number */
	uint32_t smallest; /* bytes */
};

struct gw_pmtud {
	uint32_t size;  /* that passes */
	uint32_t max;   /* the owner's bound */
	uint32_t bad;   /* the smallest that does not pass, or max + 1 */
	uint32_t first; /* to be tried first: what passed before */

	bool searching;
	gw_usec search_at; /* again, when not searching */
	/* The last probe, and how many of that size were lost. */
	uint64_t number;
	uint32_t probe;
	unsigned tries;
	bool in_flight;

	struct gw_pmtud_burst suspicious[GW_PMTUD_BURSTS];
	unsigned count;
	struct gw_pmtud_burst burst; /* goes on, if it began at burst_at */
	gw_usec burst_at;
	bool in_burst;
	/* The largest packet that arrived since a suspicious burst; the last
	 * one of that size. */
	uint64_t acked;
	uint32_t acked_size;
	bool was_hole;
	gw_usec hole_at;
};

/* max: the least of what the peer takes, the interface sends and the owner's
 * buffers hold, at least GW_PACKET_MIN. */
void gw_pmtud_init(struct gw_pmtud *, uint32_t max);
/* max has changed.  A smaller one holds at once. */
void gw_pmtud_set_max(struct gw_pmtud *, uint32_t max, gw_usec now);
/* Another path: all that is known is void. */
void gw_pmtud_new_path(struct gw_pmtud *);
/* A datagram of this size could not leave (EMSGSIZE): nor will larger ones. */
void gw_pmtud_too_large(struct gw_pmtud *, uint32_t bytes);

/* What a datagram may have now. */
uint32_t gw_pmtud_size(const struct gw_pmtud *);

/* Is a probe to be sent, and of which size? */
bool gw_pmtud_probe(struct gw_pmtud *, gw_usec now, uint32_t *size);
/* It left, as packet `number`. */
void gw_pmtud_sent(struct gw_pmtud *, uint64_t number, uint32_t size);
/* What became of it (of any, at any time). */
void gw_pmtud_acked(struct gw_pmtud *, uint64_t number);
void gw_pmtud_lost(struct gw_pmtud *, uint64_t number);

/* Other eliciting packets; losses of one call of the owner have one `now` and
 * come in the order of their numbers. */
void gw_pmtud_packet_acked(struct gw_pmtud *, uint64_t number, uint32_t bytes);
void gw_pmtud_packet_lost(
    struct gw_pmtud *, uint64_t number, uint32_t bytes, gw_usec now);

void gw_pmtud_tick(struct gw_pmtud *, gw_usec now);
gw_usec gw_pmtud_deadline(const struct gw_pmtud *);

#endif /* GW_SESSION_UDP_PMTUD_H */
