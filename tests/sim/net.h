/*
 * net - a virtual network: nodes joined by directed links, in virtual time,
 * from a seed, without a kernel.
 *
 * Hosts have an address and send and receive; routers only join links.
 * Datagrams take the way with the fewest links.  They are opaque bytes with
 * two addresses and an ECN mark.  The caller owns time: it asks net_next when
 * something will happen, and takes what has arrived by then; or it lets
 * net_run do so for nodes that are engines.
 *
 * A run is (seed, what the caller did): everything repeats.  What befalls the
 * k-th datagram on a link depends on the seed, the link and k, so that a
 * probability that is changed leaves the others' fates as they were.
 *
 * Memory that runs out, and calls that make no sense, end the program.
 */
#ifndef GW_TESTS_SIM_NET_H
#define GW_TESTS_SIM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

struct net;

enum {
	NET_DATAGRAM_MAX = 65507, /* bytes */
	NET_NOTICE_BYTES = 64     /* of the datagram that a notice is about */
};

struct net_addr {
	uint8_t ip[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t port;
};

/* 10.0.0.host, or any other of 10/8; port 0 is no address. */
struct net_addr net_addr(uint32_t host, uint16_t port);
bool net_addr_eq(const struct net_addr *, const struct net_addr *);

enum net_ecn { NET_NOT_ECT, NET_ECT1, NET_ECT0, NET_CE }; /* as on the wire */

enum net_kind {
	NET_DATA,
	/* Notices, as ICMP sends them, with the beginning of the datagram.
	 * `from` is whom it was sent to, `to` who sent it. */
	NET_REFUSED, /* nobody has that port */
	NET_TOO_BIG  /* mtu bytes would pass */
};

struct net_datagram {
	enum net_kind kind;
	struct net_addr from; /* sending: port 0 is the node's own address */
	struct net_addr to;
	enum net_ecn ecn;
	uint32_t mtu;   /* NET_TOO_BIG: largest datagram that passes, bytes */
	uint8_t *bytes; /* net_send only reads them */
	size_t len;
};

/* ---- nodes and links ---- */

struct net *net_new(uint64_t seed);
void net_free(struct net *);

/* Return the node's number, from 0 on. */
unsigned net_host(struct net *, const struct net_addr *);
unsigned net_router(struct net *);
/* The address as it is now. */
struct net_addr net_address(const struct net *, unsigned node);

/*
 * A datagram passes in this order: drop, mtu, loss, ECN, duplication,
 * corruption, policer, queue, rate, a cut, delay.  All zeros: a perfect link.
 * Probabilities are of 0 to 1.
 */
struct net_link_options {
	uint64_t rate;       /* bits a second; 0: no limit, and no queue */
	uint32_t overhead;   /* bytes that a datagram weighs beyond its own */
	uint64_t queue;      /* most bytes that wait, weighed; 0: no limit */
	uint64_t mark_above; /* ECT becomes CE where more wait; 0: never */

	gw_usec delay;
	gw_usec jitter;        /* up to so much more, drawn evenly */
	bool in_order;         /* no datagram overtakes another one */
	gw_usec release_every; /* arrivals wait for a multiple of this */
	double reorder;        /* so many come reorder_by later */
	gw_usec reorder_by;

	double loss;           /* share of all that is lost */
	unsigned burst;        /* so many in a row each time; 0 is 1 */
	gw_usec burst_silence; /* so long without any ends a burst; 0: never */
	/* Gilbert-Elliott: each datagram may change the state first; `loss`
	 * holds in the good state, this one in the bad state. */
	double bad_enter, bad_leave, bad_loss;

	double duplicate;
	double corrupt; /* 1 to 8 bits of one byte are flipped */

	uint32_t mtu;  /* larger datagrams vanish; 0: none do */
	bool mtu_told; /* ... and their sender gets NET_TOO_BIG */

	uint64_t police_rate;  /* bits a second that pass; 0: all */
	uint64_t police_burst; /* depth of the token bucket, bytes */

	bool ecn_bleached; /* every mark is taken off */
	bool ecn_lost;     /* what is marked is lost */

	/* True: lose this one.  NULL: none. */
	bool (*drop)(void *arg, const struct net_datagram *, gw_usec now);
	void *drop_arg;
};

/* Returns the link's number, from 0 on. */
unsigned net_link(
    struct net *, unsigned from, unsigned to, const struct net_link_options *);
/* Both ways alike; returns the link from a to b, the other one is next. */
unsigned net_join(
    struct net *, unsigned a, unsigned b, const struct net_link_options *);

/* ---- what the script says ---- */

/* At that time, and before whatever else happens then.  A time that has
 * passed already is now. */
void net_change_link(
    struct net *, unsigned link, const struct net_link_options *, gw_usec at);
/* What leaves the link's queue is lost between these times. */
void net_cut(struct net *, unsigned link, gw_usec from, gw_usec until);
/*
 * NAT rebinding: the node sends from another address, without being told.
 * What is sent to the old one still arrives if `keep`, else vanishes.
 */
void net_change_address(struct net *, unsigned node, const struct net_addr *,
    bool keep, gw_usec at);

enum net_presence {
	NET_THERE,
	NET_CLOSED, /* nobody has the port: senders get NET_REFUSED */
	NET_GONE    /* what is sent to it vanishes */
};
void net_set_presence(
    struct net *, unsigned node, enum net_presence, gw_usec at);

/* Its clock (net_clock) goes forward or back by so many microseconds. */
void net_jump_clock(struct net *, unsigned node, int64_t by, gw_usec at);
/* A laptop that sleeps: its clock stands still, net_run leaves it alone, and
 * what is sent to it is lost. */
void net_sleep(struct net *, unsigned node, gw_usec from, gw_usec until);
/* What the node's clock shows. */
gw_usec net_clock(const struct net *, unsigned node, gw_usec now);

/* ---- datagrams ---- */

/* Time never goes back. */
void net_send(
    struct net *, unsigned node, const struct net_datagram *, gw_usec now);
/* When something happens next; GW_NEVER: nothing does. */
gw_usec net_next(const struct net *);
/*
 * The next datagram that has arrived by now, and where; false: none.  Its
 * bytes are the caller's to change, until the next call.
 */
bool net_deliver(
    struct net *, unsigned *node, struct net_datagram *, gw_usec now);

/* ---- what happened ---- */

struct net_count {
	uint64_t datagrams;
	uint64_t bytes; /* without overhead */
};

struct net_link_counters {
	struct net_count in;         /* that came to the link */
	struct net_count out;        /* that arrived, copies included */
	struct net_count duplicated; /* the copies */
	struct net_count corrupted;  /* that arrived or not, but changed */
	struct net_count late;       /* delayed by reorder_by */
	struct net_count overtaken;  /* arrived after one that came later */
	struct net_count marked;     /* CE set by this link */
	/* Why others never arrived: */
	struct net_count picked; /* by drop() */
	struct net_count too_big;
	struct net_count lost;     /* by chance, singly or in bursts */
	struct net_count ecn_lost; /* because of their mark */
	struct net_count policed;
	struct net_count queue_full;
	struct net_count cut;
	uint64_t queue_most; /* bytes that waited at once, weighed */
};

const struct net_link_counters *net_counters(const struct net *, unsigned link);
/* All that the link lost, for whatever reason. */
struct net_count net_dropped(const struct net *, unsigned link);

struct net_totals {
	struct net_count sent;
	struct net_count delivered;
	struct net_count unroutable; /* no such address, or no way there */
	struct net_count missed;     /* gone, asleep, or no longer there */
	struct net_count notices;
};

const struct net_totals *net_totals(const struct net *);

/* For traces: told of every datagram that is sent, dropped, delivered. */
enum net_fate { NET_SENT, NET_DROPPED, NET_DELIVERED };
struct net_watch {
	/* node: of the sender or receiver; where it was dropped, the link */
	void (*saw)(void *arg, enum net_fate, unsigned node,
	    const struct net_datagram *, gw_usec now);
	void *arg;
};
/* NULL: nobody watches. */
void net_watch(struct net *, const struct net_watch *);

/* ---- nodes that are engines ---- */

/*
 * What net_run does with a node; `now` is what the node's clock shows.  NULL
 * members are left out.  At each moment: input of all that has arrived, tick
 * if the deadline has come, work, then output until it is false.
 */
struct net_node_ops {
	void *arg;
	void (*input)(void *arg, struct net_datagram *, gw_usec now);
	void (*notice)(void *arg, const struct net_datagram *, gw_usec now);
	void (*tick)(void *arg, gw_usec now);
	/* What its user does: take events, write, read, close. */
	void (*work)(void *arg, gw_usec now);
	/* Fill in `to`, bytes, len, ecn; bytes may be borrowed. */
	bool (*output)(void *arg, struct net_datagram *, gw_usec now);
	gw_usec (*deadline)(void *arg); /* GW_NEVER: none */
};

struct net_run {
	const struct net_node_ops *nodes; /* by number; routers all NULL */
	unsigned count;                   /* of the first nodes */
	/* Asked after each moment; true ends the run.  NULL: nothing does. */
	bool (*done)(void *arg, gw_usec now);
	void *arg;
};

/*
 * From now on until done() or `until`; returns when that was, or earlier, if
 * nothing would ever happen again.  A node that asks for a tick at the same
 * moment over and over, or has no end of output, ends the program.
 */
gw_usec net_run(
    struct net *, const struct net_run *, gw_usec now, gw_usec until);

#endif /* GW_TESTS_SIM_NET_H */
