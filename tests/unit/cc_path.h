/*
 * cc_path - a controller on a path that does as the test says: ACKs by the
 * round trip, losses when asked for.
 */
#ifndef GW_TESTS_UNIT_CC_PATH_H
#define GW_TESTS_UNIT_CC_PATH_H

#include "session/udp/cc.h"

enum { CC_DATAGRAM = 1000, CC_MS = 1000, CC_ACKS = 8 };

struct cc_path {
	struct gw_cc cc;
	gw_usec now;
	uint64_t delivered, lost;
	uint64_t left[CC_ACKS]; /* what was delivered as a packet left */
	unsigned next;
	/* of the ACKs to come */
	uint64_t rate; /* delivered, bytes a second */
	gw_usec rtt, min_rtt;
	uint64_t in_flight; /* 0: rate times RTT */
	bool app_limited, unlimited, recovering, silence;
};

void cc_path_init(struct cc_path *, enum gw_congestion, gw_usec rtt);
/* A round trip of CC_ACKS ACKs. */
void cc_path_round(struct cc_path *);
void cc_path_rounds(struct cc_path *, unsigned n);
/* One ACK of so many bytes; it starts a round. */
void cc_path_ack(struct cc_path *, uint64_t bytes);
/* So many bytes are lost, of the newest flight. */
void cc_path_lose(struct cc_path *, uint64_t bytes, bool episode);
void cc_path_mark(struct cc_path *, uint64_t packets, bool episode);

#endif /* GW_TESTS_UNIT_CC_PATH_H */
