/*
 * rate - how fast a path delivers: one sample an ACK
 * (draft-ietf-ccwg-bbr, "Delivery Rate Samples").
 *
 * A train remembers how much had been delivered when it left; its ACK tells
 * how much was delivered meanwhile, and in what time.  A sample during which
 * there was nothing to send says what the application did, not the path.
 * Tests: tests/unit/session_rate_test.c.
 */
#ifndef GW_SESSION_UDP_RATE_H
#define GW_SESSION_UDP_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/* Packets that left together; what they share. */
struct gw_train {
	gw_usec sent;
	uint64_t delivered; /* gw_rate.delivered as they left */
	gw_usec delivered_time;
	gw_usec first_sent;
	uint64_t lost;      /* gw_rate.lost as they left */
	uint64_t in_flight; /* with the last of them */
	bool app_limited;
};

struct gw_rate {
	uint64_t delivered;     /* bytes acknowledged, ever */
	gw_usec delivered_time; /* when the last of them were */
	gw_usec first_sent;   /* when the flight now measured began to leave */
	uint64_t lost;        /* bytes called lost, ever; not those found */
	uint64_t app_limited; /* until so much is delivered; 0: it is not */
};

struct gw_rate_sample {
	bool any; /* something was newly acknowledged */
	bool app_limited;
	uint64_t rate;            /* bytes a second; 0: not to be told */
	uint64_t delivered;       /* bytes, within the sample's interval */
	uint64_t prior_delivered; /* gw_rate.delivered at its start */
	uint64_t in_flight;       /* when its packet left */
	uint64_t lost;            /* bytes called lost since then */
};

void gw_rate_init(struct gw_rate *, gw_usec now);
/* A train leaves; nothing else is in flight: `idle`. */
void gw_rate_train(
    struct gw_rate *, bool idle, gw_usec now, struct gw_train *out);
/* `bytes` were newly acknowledged, the newest of them of this train.
 * Intervals below min_rtt give no rate. */
void gw_rate_acked(struct gw_rate *, uint64_t bytes, const struct gw_train *,
    gw_usec min_rtt, gw_usec now, struct gw_rate_sample *out);
/* There is nothing to send although it could be sent. */
void gw_rate_app_limited(struct gw_rate *, uint64_t in_flight);

/* bytes in `time` at `rate`, and the other way round; saturating, without
 * overflow.  rate and time above 0 where divided by. */
uint64_t gw_rate_bytes(uint64_t rate, gw_usec time);
gw_usec gw_rate_time(uint64_t rate, uint64_t bytes);
uint64_t gw_rate_of(uint64_t bytes, gw_usec time);

#endif /* GW_SESSION_UDP_RATE_H */
