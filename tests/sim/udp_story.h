/*
 * udp_story - what the two sessions of a udp_bed went through, state by
 * state: for tests of how they open and close.
 */
#ifndef GW_TESTS_SIM_UDP_STORY_H
#define GW_TESTS_SIM_UDP_STORY_H

#include "udp_bed.h"

enum {
	UDP_STORY_DELAY = 50000,              /* us, of udp_story_quiet */
	UDP_STORY_START = 1000 * 1000 * 1000, /* when every bed begins */
	UDP_STORY_OPEN_STATES = 6
};

/* 50 ms each way, 10 Mbit/s, and nothing ever happens. */
extern const struct udp_bed_options udp_story_quiet;
/* Between the handshake and TIME_WAIT. */
extern const enum gw_udp_state udp_story_open_states[UDP_STORY_OPEN_STATES];

/* How the two sides of a close go on after their first state. */
#define UDP_STORY_ACTIVE(opening)                                              \
	opening " ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT CLOSED"
#define UDP_STORY_PASSIVE(opening)                                             \
	opening " ESTABLISHED CLOSE_WAIT LAST_ACK CLOSED"

struct udp_story {
	struct udp_bed b;
	struct udp_story_side {
		struct udp_bed *bed;
		char text[256]; /* "SYN_SENT ESTABLISHED FIN_WAIT_1" */
		/* when it entered a state; 0: it did not */
		gw_usec at[GW_UDP_STATES];
		/* bits of the states that it went to from each */
		unsigned went[GW_UDP_STATES];
	} side[2];
};

/* Side 0 dials; o says traced.  udp_bed_fini(&t->b) ends it. */
void udp_story_begin(struct udp_story *, const struct udp_bed_options *);
enum gw_udp_state udp_story_state(const struct udp_story *, unsigned side);

/* Each fails the test when it does not come to that. */
void udp_story_open(struct udp_story *); /* both ESTABLISHED */
void udp_story_await(struct udp_story *, unsigned side, enum gw_udp_state);
/* From ESTABLISHED to one of the open states. */
void udp_story_bring(struct udp_story *, unsigned side, enum gw_udp_state);
void udp_story_assert(
    const struct udp_story *, unsigned side, const char *text);
/* It was closed so. */
void udp_story_assert_err(const struct udp_story *, unsigned side, enum gw_err);

/* Its process is killed; whether its machine says so, `how` tells. */
void udp_story_kill(struct udp_story *, unsigned side, enum net_presence how);

#endif /* GW_TESTS_SIM_UDP_STORY_H */
