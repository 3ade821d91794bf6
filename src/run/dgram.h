/*
 * dgram - one UDP socket of a program, on the loop: what godwit.h calls
 * struct gw_dgram.
 *
 * The loop fills a batch of buffers; the program pulls events out of it.  As
 * long as it does not, the kernel's buffer is what holds the rest, and counts
 * what finds no room there.
 */
#ifndef GW_RUN_DGRAM_H
#define GW_RUN_DGRAM_H

#include "os/interfaces.h"
#include "os/udp.h"
#include "run/context.h"
#include "run/lookup.h"

/* A name that was looked up a moment ago. */
struct gw_dgram_name {
	unsigned index;
	gw_usec until;
	char name[IF_NAMESIZE];
};

enum { GW_DGRAM_NAMES = 8 };

struct gw_dgram {
	struct gw *g;
	struct gw_dgram *next; /* of the context */
	struct gw_udp udp;
	struct gw_addr group; /* only what is sent to it counts; or len 0 */

	struct gw_udp_datagram v[GW_UDP_BATCH];
	uint8_t *rooms;      /* their buffers */
	size_t first, count; /* of v: what the program has not pulled yet */
	uint64_t lost, lost_told;

	uv_poll_t poll;
	bool errors;   /* in the queue: nothing is watched until they are out */
	bool refill;   /* the batch was not empty when more came */
	bool blocked;  /* gw_dgram_send had no room */
	bool writable; /* and has now; to be told */
	unsigned handles;

	struct gw_lookup *lookup;
	struct gw_helper_answer found;
	struct gw_endpoint endpoints[GW_RESOLVE_MAX];
	bool found_ready; /* to be told */

	struct gw_dgram_name names[GW_DGRAM_NAMES];
	unsigned names_next;
	struct gw_netifs own; /* to know what came from here */
	gw_usec own_until;
	char reason[256]; /* of the last event */
};

/* ---- shared with dgram_events.c ---- */

/* Watch the socket for what there is to wait for now. */
void gw_dgram_watch(struct gw_dgram *);

#endif /* GW_RUN_DGRAM_H */
