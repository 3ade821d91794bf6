/*
 * udp_source - who opens flows: one IPv4 address, or one IPv6 /64.
 *
 * A source has at most so many flows, and as long as its address may be a
 * forged one, at most so many bytes are sent to it, and little news of targets
 * that are not there: token buckets, which outlive its flows until they are
 * full again.
 */
#ifndef GW_FORWARD_UDP_SOURCE_H
#define GW_FORWARD_UDP_SOURCE_H

#include <stdbool.h>

#include "base/heap.h"
#include "base/map.h"

enum {
	GW_UDP_SOURCES_IDLE = 65536, /* kept without flows, at most */
	GW_UDP_SOURCE_NEWS = 6 /* at once; then one a second, as Linux does */
};

struct gw_udp_source {
	struct gw_heap_item full; /* when its buckets are; first */
	struct gw_key prefix;
	uint32_t flows;
	uint64_t tokens; /* bytes */
	gw_usec filled;  /* when tokens was true */
	gw_usec calm;    /* when no news counts any more */
};

struct gw_udp_sources {
	struct gw_map *map;
	struct gw_heap idle; /* those without flows */
	uint64_t rate;       /* bytes a second; 0: nothing is limited */
	uint64_t burst;      /* bytes */
};

GW_MUST_USE enum gw_err gw_udp_sources_init(
    struct gw_udp_sources *, uint64_t seed, uint64_t rate, uint64_t burst);
void gw_udp_sources_fini(struct gw_udp_sources *);

/* The source of an address; it is given back by gw_udp_source_put.  NULL: no
 * memory. */
struct gw_udp_source *gw_udp_source_get(
    struct gw_udp_sources *, const uint8_t ip[16], gw_usec now);
void gw_udp_source_put(
    struct gw_udp_sources *, struct gw_udp_source *, gw_usec now);

/* Take so many bytes out of the bucket; false: they are not in it. */
bool gw_udp_source_take(struct gw_udp_sources *, struct gw_udp_source *,
    uint64_t bytes, gw_usec now);
/* One more piece of news, in one message?  False: it was told enough. */
bool gw_udp_source_tell(struct gw_udp_source *, gw_usec now);
/* Forget those whose buckets are full. */
void gw_udp_sources_tick(struct gw_udp_sources *, gw_usec now);
gw_usec gw_udp_sources_deadline(const struct gw_udp_sources *);
size_t gw_udp_sources_count(const struct gw_udp_sources *);

#endif /* GW_FORWARD_UDP_SOURCE_H */
