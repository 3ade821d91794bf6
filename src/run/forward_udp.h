/*
 * forward_udp - a rule for datagrams at work: its engine (forward/udp_flow) on
 * sockets.
 *
 * A listener for each port, and for each flow a connected socket of its own
 * toward its target.  Bursts go through as they come.  Where a queue of the
 * kernel is full the datagram is dropped and counted: nobody waits for anybody
 * else, and nothing is queued here.
 *
 *	poll -> requests: bursts in, each to its flow, flows send in turn
 *	     -> replies:  bursts in, each to its client, together
 *	     -> errors:   what ICMP said
 *
 * forward_udp.c: how it begins and ends; forward_udp_flow.c: sockets of flows;
 * forward_udp_turn.c: datagrams.
 */
#ifndef GW_RUN_FORWARD_UDP_H
#define GW_RUN_FORWARD_UDP_H

#include "forward/udp_flow.h"
#include "os/icmp_reply.h"
#include "os/udp_burst.h"
#include "os/watch.h"
#include "run/forward_names.h"

enum {
	GW_FORWARD_HEADER = 64, /* what may stand before a datagram, bytes */
	GW_FORWARD_NONE = 0xffff
};

/* What is watched: the first member of both that there are. */
struct gw_udp_watched {
	bool is_port;
};

/* A listener. */
struct gw_udp_port_open {
	struct gw_udp_watched w;
	struct gw_udp udp;
	struct gw_addr at;
	bool both;     /* families */
	bool wildcard; /* the kernel tells which address was hit */
};

/* The socket of a flow, toward its target. */
struct gw_udp_upstream {
	struct gw_udp_watched w;
	uint64_t id;
	struct gw_udp udp;
	struct gw_udp_flow *flow;
	struct gw_udp_port_open *port; /* where its client is */
	struct gw_udp_back target, client;
	bool target_split, client_split; /* nothing is merged toward them */
	bool announced;                  /* the target knows the client */
	bool told;       /* the client may be, of what ICMP says */
	uint8_t *header; /* that tells it; NULL: none does */
	size_t header_len;
	/* Bursts for it in the batch that is in the buffers. */
	struct gw_udp_upstream *next_pending;
	bool pending;
	uint16_t first, last;
};

/* Datagrams that wait to leave one listener together. */
struct gw_udp_outgoing {
	struct gw_udp_port_open *port;
	struct gw_udp_sending v[GW_BURSTS];
	struct gw_udp_upstream *of[GW_BURSTS];
	struct iovec pieces[GW_BURSTS];
	unsigned count, piece_count;
	unsigned buffers; /* that hold them */
};

struct gw_forward_udp {
	struct gw_forwarder base;
	struct gw_forward_names names;
	struct gw_udp_flows *flows;
	struct gw_udp_flow_budget budget; /* what the set has left */
	struct gw_udp_port_open *ports;
	size_t port_count;
	struct gw_watch watch;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned handles;
	bool listening;
	struct gw_addr source; /* to speak to targets from; or len 0 */
	struct gw_raw icmp;    /* open if `reflects` */
	bool reflects;
	struct gw_udp_bursts *bursts; /* the set's */
	struct gw_udp_outgoing out;
	uint16_t next[GW_BURSTS]; /* burst of the same flow in the batch */
};

/* ---- forward_udp.c ---- */

/* After something has happened: the rule's figures, and whether it is done. */
void gw_forward_udp_settle(struct gw_forward_udp *);
/* Set the timer for what is next. */
void gw_forward_udp_arm(struct gw_forward_udp *);

/* ---- forward_udp_flow.c ---- */

/* The socket of a new flow that a burst has opened; false: it has been failed,
 * and counted. */
bool gw_forward_udp_connect(struct gw_forward_udp *, struct gw_udp_port_open *,
    struct gw_udp_flow *, const struct gw_udp_burst *);
/* Close the sockets of flows that are over. */
void gw_forward_udp_reap(struct gw_forward_udp *);
void gw_forward_udp_info(const struct gw_forward_udp *,
    const struct gw_udp_flow *, gw_usec now, struct gw_forward_flow *);

/* ---- forward_udp_turn.c ---- */

void gw_forward_udp_on_poll(uv_poll_t *, int status, int events);

#endif /* GW_RUN_FORWARD_UDP_H */
