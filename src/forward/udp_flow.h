/*
 * udp_flow - the flows of one UDP listener: who talks to which target, since
 * when, how much, and until when.  Sans-IO.
 *
 * A flow is a client's address, the local address that it hit, and a socket
 * of its own toward one target.  The owner receives datagrams, asks here what
 * becomes of them, and moves them; a burst (datagrams of one size from one
 * sender, as the kernel merges and splits them) is asked for once.
 *
 *	request   what to do with a burst of a client, and in which flow
 *	reply     how much of a burst of a target goes to the client
 *	closed    flows that are over: the owner closes their sockets
 *
 * Nothing is allocated for a datagram of a flow that is there.
 */
#ifndef GW_FORWARD_UDP_FLOW_H
#define GW_FORWARD_UDP_FLOW_H

#include "base/err.h"
#include "base/heap.h"
#include "base/random.h"
#include "forward/drop.h"
#include "forward/rule.h"
#include "forward/targets.h"
#include "forward/udp_source.h"

struct gw_udp_flow_key {
	uint8_t client[16];
	uint8_t local[16]; /* that it sent to */
	uint32_t client_zone;
	uint32_t local_zone; /* where that has a meaning on one link only */
	uint16_t port;       /* the client's */
	uint16_t local_port; /* of the listener */
};

struct gw_udp_count {
	uint64_t packets, bytes;
};

struct gw_udp_flow {
	struct gw_heap_item due; /* first: when to look at it */
	struct gw_udp_flow_key key;
	unsigned target; /* number */
	struct gw_place to;
	gw_usec opened, seen;    /* seen: something in either direction */
	uint64_t asked, answers; /* that came, whatever became of them */
	struct gw_udp_count requests, replies; /* passed on */
	uint64_t drops[GW_DROPS];
	uint64_t refusals; /* ICMP told so often */
	enum gw_drop last_drop;
	bool over; /* and why: */
	enum gw_forward_end end;
	bool answered; /* by its target */
	bool proven;   /* the client has sent after it got something */
	bool retired;  /* takes no more requests, waits for answers */
	struct gw_udp_source *source;
	struct gw_udp_flow *prev, *next; /* of all, the oldest first */
	struct gw_udp_flow *prev_unreplied, *next_unreplied;
	void *user; /* the owner's: NULL until it has opened it */
};

/* What several tables share: descriptors. */
struct gw_udp_flow_budget {
	uint32_t limit, used;
};

enum gw_udp_at_cap {
	GW_UDP_CAP_REJECT, /* new flows */
	GW_UDP_CAP_EVICT   /* the oldest that nobody has answered */
};

enum gw_udp_icmp {
	GW_UDP_ICMP_IGNORE, /* count it; the target is suspect */
	GW_UDP_ICMP_CLOSE   /* and the flow ends */
};

struct gw_udp_flow_options {
	gw_usec idle;         /* until a flow is assured; 0: 60 s */
	gw_usec idle_assured; /* 0: 180 s */
	gw_usec life;         /* at most; 0: no end */
	uint32_t responses;   /* to a request, at most; 0: any number */
	uint32_t requests;    /* in a flow, at most; 0: any number, and if not
				 a load is one datagram */
	uint32_t limit;       /* flows; 0: what the budget allows */
	uint32_t per_source;  /* flows; 0: a quarter of the limit */
	enum gw_udp_at_cap at_cap;
	enum gw_udp_icmp icmp;
	/* To a source that may be forged. */
	uint64_t guard_rate;        /* bytes a second; 0: not limited */
	uint64_t guard_burst;       /* bytes */
	uint32_t ratio;             /* bytes out for one in; 0: any */
	struct gw_targets *targets; /* the owner keeps them and tells where
				       they are */
	const struct gw_rule *rule; /* who may, and which port of a target;
				       the owner keeps it */
};

struct gw_udp_flows {
	struct gw_udp_flow_options o;
	struct gw_udp_flow_budget *budget;
	struct gw_random random;
	uint64_t seed;
	struct gw_map *map;
	struct gw_heap due;
	struct gw_udp_sources sources;
	struct gw_udp_flow *first, *last; /* of all that are open */
	struct gw_udp_flow *first_unreplied, *last_unreplied;
	struct gw_udp_flow *closed, **closed_last;
	uint32_t count;
	/* In total; of requests and replies what was passed on. */
	struct gw_udp_count requests, replies;
	uint64_t opened;
	uint64_t ended[GW_FORWARD_ENDS];
	uint64_t drops[GW_DROPS];
	uint64_t refusals;
};

/* GW_E_MEMORY.  The budget lives longer. */
GW_MUST_USE enum gw_err gw_udp_flows_new(const struct gw_udp_flow_options *,
    struct gw_udp_flow_budget *, const struct gw_random *,
    struct gw_udp_flows **);
/* All flows have been shut and released. */
void gw_udp_flows_free(struct gw_udp_flows *);

/* ---- datagrams ---- */

struct gw_udp_load {
	uint32_t count;   /* datagrams */
	uint32_t bytes;   /* of all */
	uint32_t segment; /* of each but the last */
};

/*
 * A burst of a client.  GW_DROP_NONE: it goes out in *flow, to flow->to; with
 * user NULL the flow is new, and the owner opens its socket or calls
 * gw_udp_flows_fail.  Else it is counted as dropped for that reason, and *flow
 * is untouched.
 */
enum gw_drop gw_udp_flows_request(struct gw_udp_flows *,
    const struct gw_udp_flow_key *, const struct gw_udp_load *, gw_usec now,
    struct gw_udp_flow **flow);
/* The new flow cannot be opened: its burst is dropped, and it ends. */
void gw_udp_flows_fail(struct gw_udp_flows *, struct gw_udp_flow *,
    const struct gw_udp_load *, enum gw_drop, gw_usec now);
/* A burst of the flow's target: how many of its datagrams, from the first on,
 * go to the client; the others are counted as dropped.  It may end the flow,
 * which stays until it is released. */
uint32_t gw_udp_flows_reply(struct gw_udp_flows *, struct gw_udp_flow *,
    const struct gw_udp_load *, gw_usec now);

/* Datagrams that should have been passed on and were not. */
void gw_udp_flows_lost_request(struct gw_udp_flows *, struct gw_udp_flow *,
    const struct gw_udp_load *, enum gw_drop);
void gw_udp_flows_lost_reply(struct gw_udp_flows *, struct gw_udp_flow *,
    const struct gw_udp_load *, enum gw_drop);
/* Datagrams that never came to be asked for; flow may be NULL. */
void gw_udp_flows_drop(
    struct gw_udp_flows *, struct gw_udp_flow *, enum gw_drop, uint32_t count);
/* ICMP says that the target, or the way to it, is not there. */
void gw_udp_flows_refused(
    struct gw_udp_flows *, struct gw_udp_flow *, gw_usec now);
/* May the client be told so as well?  Who may be forged is told no more than
 * a kernel would tell him. */
bool gw_udp_flow_tell(struct gw_udp_flow *, gw_usec now);

/* ---- life ---- */

void gw_udp_flows_tick(struct gw_udp_flows *, gw_usec now);
gw_usec gw_udp_flows_deadline(const struct gw_udp_flows *);
/* No more of them from now on: GW_DROP_CAP. */
void gw_udp_flows_drain(struct gw_udp_flows *);
/* End all of them, for this reason. */
void gw_udp_flows_shut(struct gw_udp_flows *, enum gw_forward_end, gw_usec now);
/* The next flow that is over; NULL: none.  It is the owner's to release. */
struct gw_udp_flow *gw_udp_flows_closed(struct gw_udp_flows *);
void gw_udp_flow_release(struct gw_udp_flow *);

/* ---- looking ---- */

/* When it ends, if nothing comes. */
gw_usec gw_udp_flow_deadline(
    const struct gw_udp_flows *, const struct gw_udp_flow *);
/* A conversation, not a question and its answer. */
bool gw_udp_flow_is_assured(const struct gw_udp_flow *);
/* Nobody has ever answered. */
bool gw_udp_flow_is_one_way(const struct gw_udp_flow *);
/* Is this a port whose service answers small questions at length? */
bool gw_udp_port_amplifies(uint16_t port);

#endif /* GW_FORWARD_UDP_FLOW_H */
