/*
 * net_bed - what the tests of the virtual network share: numbered datagrams
 * from one host to another, and what became of them.
 */
#ifndef GW_TESTS_SIM_NET_BED_H
#define GW_TESTS_SIM_NET_BED_H

#include "net.h"

enum { BED_START = 1000 * 1000 * 1000 }; /* us */

struct bed {
	struct net *net;
	unsigned a, b;
	unsigned ab, ba; /* links */
	gw_usec now;
	uint32_t sent;

	/* What has arrived at b, of numbered datagrams. */
	uint32_t got;       /* all */
	uint32_t changed;   /* with other bytes than were sent */
	uint32_t order[64]; /* the numbers of the first ones */
	gw_usec at[64];     /* and when */
	uint32_t *times;    /* how often each number came */
	uint32_t room;
};

/* Two hosts, joined by links with these options, both ways alike. */
void bed_init(struct bed *, uint64_t seed, const struct net_link_options *);
void bed_fini(struct bed *);

/* The next number, in so many bytes (at least 4), from a to b, now. */
void bed_send(struct bed *, size_t len, enum net_ecn);
/* n of them, this far apart; what arrives meanwhile is taken. */
void bed_send_many(struct bed *, uint32_t n, size_t len, gw_usec every);
/* Let time pass and take what arrives at b. */
void bed_run(struct bed *, gw_usec until);
/* Until nothing is under way. */
void bed_drain(struct bed *);

/* Numbers that never came. */
uint32_t bed_lost(const struct bed *);
/* x is within so many of what is expected. */
void bed_about(double x, double expected, double within);

#endif /* GW_TESTS_SIM_NET_BED_H */
