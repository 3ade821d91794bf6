/*
 * udp_rig - two endpoints, one that dials (0) and one that waits (1), with
 * nothing between them but whoever fuzzes them.
 */
#ifndef GW_TESTS_FUZZ_UDP_RIG_H
#define GW_TESTS_FUZZ_UDP_RIG_H

#include "session/udp/udp_endpoint.h"
#include "session/udp/udp_session_private.h"

enum { UDP_RIG_KEPT = 16, UDP_RIG_BYTES = 1500 };

struct udp_rig_side {
	struct gw_udp_endpoint *endpoint;
	struct gw_keypair keys;
	struct gw_session *session; /* that opened; NULL: none, or over */
	bool opened, fin, no_credit;
	uint64_t got[GW_STREAMS_MAX], owed;
	bool ended[GW_STREAMS_MAX];
};

struct udp_rig {
	struct udp_rig_side side[2];
	struct gw_door *door;
	struct gw_random random;
	uint64_t random_state;
	gw_usec now;
	/* What was sent, the newest UDP_RIG_KEPT of it. */
	struct udp_rig_kept {
		unsigned side; /* that sent it */
		size_t n;
		uint8_t b[UDP_RIG_BYTES];
	} kept[UDP_RIG_KEPT];
	unsigned kept_n; /* ever */
};

/* Side 0 has dialed, and nothing has arrived. */
void udp_rig_init(struct udp_rig *);
void udp_rig_fini(struct udp_rig *);
/* Carry all that both say until both are open. */
void udp_rig_open(struct udp_rig *);
struct gw_path udp_rig_path(unsigned host);
/* A datagram arrives at a side; its bytes are copied.  What comes of it is
 * dealt with, and what it answers is kept, and goes nowhere. */
void udp_rig_input(struct udp_rig *, unsigned side, const struct gw_path *from,
    struct gw_slice);
/* Pull the events of a side, and take what it sends. */
void udp_rig_work(struct udp_rig *, unsigned side);
/* Time passes, in which nothing arrives. */
void udp_rig_sleep(struct udp_rig *, gw_usec);
/* So long that every session must be over: none is left, on either side. */
void udp_rig_ends(struct udp_rig *);

#endif /* GW_TESTS_FUZZ_UDP_RIG_H */
