/*
 * tcp_flow - one forwarded connection.
 *
 *   RESOLVING -> CONNECTING -> OPEN -> HALF -> (gone)
 *
 * RESOLVING waits for the first answer to the targets' names; CONNECTING
 * tries targets until one takes it; in HALF one side has ended and the other
 * goes on.  An end of one side is told to the other one when all bytes before
 * it have been; a reset at once, behind what the other one takes without
 * waiting.
 */
#ifndef GW_RUN_TCP_FLOW_H
#define GW_RUN_TCP_FLOW_H

#include "base/heap.h"
#include "os/conduit.h"
#include "run/forward_names.h"
#include "run/forwarder.h"
#include "run/poller.h"

struct gw_forward_tcp;

enum gw_tcp_flow_state {
	GW_TCP_FLOW_RESOLVING,
	GW_TCP_FLOW_CONNECTING,
	GW_TCP_FLOW_OPEN,
	GW_TCP_FLOW_HALF,
	GW_TCP_FLOW_STATES
};

struct gw_tcp_flow {
	struct gw_heap_item due;            /* first */
	struct gw_poll_item client, target; /* target.fd -1: none yet */
	struct gw_conduit in, out;          /* to the target; to the client */
	struct gw_forward_tcp *t;
	struct gw_tcp_flow *prev, *next; /* of its rule */
	uint64_t id;
	enum gw_tcp_flow_state state;
	struct gw_endpoint from, hit, source, to;
	enum gw_drop why; /* it has no target */
	unsigned number;  /* of the target */
	struct gw_forward_tried tried;
	gw_usec opened, seen; /* seen: bytes moved */
	uint64_t counted_in, counted_out;
	char error[96];
};

/*
 * Begin with a connection that has been accepted; the descriptor is the
 * flow's, and what it counts for has been taken.  False: it is over already.
 */
bool gw_tcp_flow_new(
    struct gw_forward_tcp *, int fd, const struct gw_addr *from);
/* Names have been found: those that wait go on.  May end the flow. */
void gw_tcp_flow_resolved(struct gw_tcp_flow *);
/* It is over: tell, and free it. */
void gw_tcp_flow_end(struct gw_tcp_flow *, enum gw_forward_end);
/* Its time has come: end it, or say when to look again. */
void gw_tcp_flow_due(struct gw_tcp_flow *, gw_usec now);
void gw_tcp_flow_info(const struct gw_tcp_flow *, struct gw_forward_flow *);

#endif /* GW_RUN_TCP_FLOW_H */
