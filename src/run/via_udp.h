/*
 * via_udp - one side of a rule for datagrams that goes through a peer.
 *
 * Listening, the flows are those of forward/udp_flow: a client is one, and
 * what it sends goes into the tunnel under the flow's number.  Delivering, a
 * flow is a connected socket of its own toward its target.  Either side ends
 * a flow that is idle, after the same time, and tells the other; the side that
 * listens a moment later, since answers may be on their way, and what it sends
 * while the other one may have ended it opens it again.
 *
 * A lost session ends no flow: the side that listens says again what they are,
 * and the other one, if it still has them, goes on with the same sockets.
 *
 * via_udp.c: rules; via_udp_listen.c, via_udp_deliver.c: the two sides.
 */
#ifndef GW_RUN_VIA_UDP_H
#define GW_RUN_VIA_UDP_H

#include "base/heap.h"
#include "forward/udp_flow.h"
#include "os/udp_burst.h"
#include "run/forward_names.h"
#include "run/via.h"

struct gw_via_udp;

struct gw_via_udp_port {
	struct gw_poll_item item; /* first */
	struct gw_via_udp *r;
	struct gw_udp udp;
	struct gw_addr at;
	bool both, wildcard;
};

struct gw_via_udp_flow {
	struct gw_tunnel_flow in; /* first */
	struct gw_via_udp *r;
	uint64_t id;
	/* listening */
	struct gw_udp_flow *flow;
	struct gw_via_udp_port *port;
	struct gw_udp_back client;
	gw_usec heard; /* of it from the other side */
	/* delivering */
	struct gw_poll_item item;
	struct gw_heap_item due;
	struct gw_via_udp_flow *prev, *next;
	struct gw_udp udp;
	struct gw_udp_back target;
	struct gw_endpoint from, to, source;
	struct gw_udp_count requests, replies;
	bool split; /* the kernel takes no bursts for it */
	uint64_t drops;
	enum gw_drop last_drop;
	gw_usec opened, seen;
};

/* Datagrams of one flow that came together and may leave so. */
struct gw_via_udp_train {
	struct gw_via_udp_flow *of; /* NULL: none */
	struct gw_udp_sending sending;
	struct iovec pieces[GW_BURST_SEGMENTS];
};

struct gw_via_udp {
	struct gw_via_rule base;      /* first */
	struct gw_udp_bursts *bursts; /* the set's */
	struct gw_via_udp_train train;
	uv_timer_t timer;
	unsigned handles;
	/* listening */
	struct gw_via_udp_port *ports;
	size_t port_count;
	struct gw_udp_flows *flows;
	struct gw_udp_flow_budget budget;
	struct gw_targets peer; /* one: the other side */
	/* delivering */
	struct gw_forward_names names;
	struct gw_via_udp_flow *first, *last;
	struct gw_heap due;
};

/* ---- via_udp.c ---- */

void gw_via_udp_arm(struct gw_via_udp *);
/* Something was not passed on. */
enum gw_drop gw_via_udp_reason(enum gw_udp_fate);
/* One datagram leaves by the time that all which came with it is told. */
void gw_via_udp_send(struct gw_via_udp_flow *, struct gw_slice);
/* It leaves now, if it was not sent yet. */
void gw_via_udp_flush(struct gw_via_udp *);

/* ---- via_udp_listen.c ---- */

enum gw_err gw_via_udp_listen(struct gw_via_udp *, struct gw_why *);
/* What both sides hold by now, here and a moment more. */
void gw_via_udp_agreed(struct gw_via_rule *);
void gw_via_udp_close_ports(struct gw_via_udp *);
void gw_via_udp_reap(struct gw_via_udp *);
void gw_via_udp_settle(struct gw_via_udp *);
/* What became of datagrams to its client. */
void gw_via_udp_replied(
    struct gw_via_udp_flow *, const struct gw_udp_sending *);
void gw_via_udp_client_info(const struct gw_via_udp *,
    const struct gw_udp_flow *, struct gw_forward_flow *);

/* ---- via_udp_deliver.c ---- */

void gw_via_udp_asked(
    struct gw_via_rule *, const struct gw_tunnel_datagram *, struct gw_slice);
void gw_via_udp_end(struct gw_via_udp_flow *, enum gw_forward_end, bool tell);
void gw_via_udp_due(struct gw_via_udp_flow *, gw_usec now);
/* What became of datagrams to its target. */
void gw_via_udp_delivered(
    struct gw_via_udp_flow *, const struct gw_udp_sending *);
void gw_via_udp_target_info(
    const struct gw_via_udp_flow *, struct gw_forward_flow *);

#endif /* GW_RUN_VIA_UDP_H */
