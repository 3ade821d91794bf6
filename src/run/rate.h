/*
 * rate - a token bucket, and how fast something went of late.
 */
#ifndef GW_RUN_RATE_H
#define GW_RUN_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

struct gw_bucket {
	uint64_t rate;  /* bytes a second, 0 = no limit */
	int64_t tokens; /* bytes; below 0 = in debt */
	gw_usec at;
};

/* A burst is what 20 ms bring, and at least one block's worth of a record. */
void gw_bucket_init(struct gw_bucket *, uint64_t rate, gw_usec now);
/* How many bytes may go now; UINT64_MAX without a limit. */
uint64_t gw_bucket_allows(struct gw_bucket *, gw_usec now);
void gw_bucket_took(struct gw_bucket *, uint64_t bytes);
/* When something may go again; at most `now` when it may already. */
gw_usec gw_bucket_ready(const struct gw_bucket *, gw_usec now);

/* Speed of late: an average over about the last two seconds. */
struct gw_speed {
	gw_usec at;
	uint64_t total;
	double rate; /* bytes a second */
	bool warm;
};
/* Feed the running total now and then; returns bytes a second. */
uint64_t gw_speed_update(struct gw_speed *, uint64_t total, gw_usec now);

#endif /* GW_RUN_RATE_H */
