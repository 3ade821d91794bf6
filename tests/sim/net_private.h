/*
 * net_private - what the files net_*.c share: nodes, links, and the events
 * that will come, by time.
 *
 * Inside, time is in nanoseconds: at 10 Gbit/s a datagram takes 1.2 us.
 */
#ifndef GW_TESTS_SIM_NET_PRIVATE_H
#define GW_TESTS_SIM_NET_PRIVATE_H

#include "base/assert.h"
#include "base/pool.h"
#include "net.h"

typedef uint64_t net_nsec;

#define NET_NEVER_NSEC UINT64_MAX

enum { NET_NONE = 0xffff }; /* no node, no link */

struct net_packet {
	struct net_packet *next; /* in a queue */
	struct net_datagram d;   /* its bytes stand behind this struct */
	bool large;              /* which pool it is from */
	unsigned destination;    /* a node */
	uint64_t weight;         /* bytes with the link's overhead */
	uint64_t fate;           /* state of its generator on this link */
	uint64_t order;          /* that it came in, on this link */
};

struct net_packets {
	struct net_packet *first, *last;
};

void net_packets_put(struct net_packets *, struct net_packet *);
/* NULL: empty */
struct net_packet *net_packets_take(struct net_packets *);

enum net_change_kind {
	NET_CHANGE_LINK,
	NET_CHANGE_CUT,
	NET_CHANGE_ADDRESS,
	NET_CHANGE_PRESENCE,
	NET_CHANGE_CLOCK,
	NET_CHANGE_SLEEP
};

struct net_change {
	enum net_change_kind kind;
	unsigned index; /* node or link */
	union {
		struct net_link_options options;
		struct {
			struct net_addr addr;
			bool keep;
		} address;
		enum net_presence presence;
		int64_t clock_by;
		bool on; /* CUT, SLEEP */
	} u;
};

struct net_event {
	net_nsec at;
	uint64_t order; /* of those at one time */
	/* Exactly one of these; both NULL: the link's queue lets one go. */
	struct net_packet *packet; /* arrives at the end of the link */
	struct net_change *change;
	unsigned link;
};

/* A binary heap, the earliest first. */
struct net_events {
	struct net_event *heap;
	size_t count, room;
	uint64_t orders;
};

/* Sets its order. */
void net_events_push(struct net_events *, struct net_event);
/* There must be one. */
struct net_event net_events_pop(struct net_events *);

struct net_link {
	struct net_link_options o;
	unsigned from, to;
	uint64_t seed;
	unsigned cuts; /* that are in force */

	uint64_t orders;    /* of datagrams that came in */
	net_nsec last_in;   /* when the last one came; for burst_silence */
	unsigned in_burst;  /* still to be lost */
	bool bad;           /* Gilbert-Elliott */
	net_nsec police_at; /* tokens are those of this time */
	double tokens;      /* bytes */

	struct net_packets queue;
	uint64_t waiting;     /* bytes of it, weighed */
	net_nsec last_out;    /* latest arrival given out; for in_order */
	uint64_t latest_seen; /* order of the newest that arrived, plus 1 */
	struct net_link_counters counters;
};

struct net_node {
	bool host;
	struct net_addr addr;
	enum net_presence presence;
	int64_t clock_by; /* its clock minus time */
	unsigned sleeps;  /* that are in force */
	net_nsec asleep_since;
	bool stirred; /* its clock changed: net_run looks at it again */
};

/* Open addressing; a node of NET_NONE is an address that was given up. */
struct net_place {
	struct net_addr addr; /* port 0: free */
	unsigned node;
};

struct net {
	uint64_t seed;
	net_nsec now;
	struct net_node *nodes;
	unsigned node_count, node_room;
	struct net_link *links;
	unsigned link_count, link_room;
	uint16_t *next_link; /* [from * node_count + to]; NULL: to be made */
	struct net_place *places;
	size_t place_count, place_room;
	struct net_events events;
	struct net_packets ready;
	struct net_packet *lent; /* the last that net_deliver gave */
	struct gw_pool small, large;
	struct net_totals totals;
	struct net_watch watch;
};

struct net_packet *net_packet_new(struct net *, const struct net_datagram *);
void net_packet_free(struct net *, struct net_packet *);

void net_count(struct net_count *, const struct net_packet *);
/* The end of a packet that is not delivered; where: a link or NET_NONE. */
void net_drop(
    struct net *, struct net_count *, struct net_packet *, unsigned where);
/* On from this node: over the next link, or there already. */
void net_forward(struct net *, unsigned node, struct net_packet *);
/* Something about this datagram to its sender, from this node. */
void net_notice(struct net *, unsigned node, const struct net_datagram *,
    enum net_kind, uint32_t mtu);
/* NET_NONE: nobody's.  *place, if not NULL: where it stands or would. */
unsigned net_find(const struct net *, const struct net_addr *, size_t *place);
void net_take_address(struct net *, const struct net_addr *, unsigned node);
/* What the script says comes true. */
void net_apply(struct net *, struct net_change *);

/* ---- net_link.c ---- */
void net_link_enter(struct net *, unsigned link, struct net_packet *);
/* The queue lets its first go. */
void net_link_depart(struct net *, unsigned link);
/* It has come to the end of the link. */
void net_link_arrive(struct net *, unsigned link, struct net_packet *);
/* One more number of a generator: splitmix64. */
uint64_t net_random(uint64_t *state);

#endif /* GW_TESTS_SIM_NET_PRIVATE_H */
