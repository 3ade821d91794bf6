/*
 * forward_tcp - the forwarder of a tcp rule: its listeners, and the list of
 * its flows.  What one flow does stands in tcp_flow.
 */
#ifndef GW_RUN_FORWARD_TCP_H
#define GW_RUN_FORWARD_TCP_H

#include "base/heap.h"
#include "base/map.h"
#include "run/forward.h"
#include "run/forward_names.h"
#include "run/tcp_flow.h"

struct gw_tcp_port {
	struct gw_poll_item item;
	struct gw_forward_tcp *t;
	struct gw_addr at; /* with its port */
	bool both;         /* all addresses of both families */
};

struct gw_forward_tcp {
	struct gw_forwarder base; /* first */
	struct gw_forward_names names;
	struct gw_tcp_port *ports;
	size_t port_count;     /* open */
	struct gw_addr source; /* to speak to targets from; len 0: any */
	struct gw_tcp_flow *first, *last; /* the oldest first */
	struct gw_heap due;               /* of flows */
	uv_timer_t timer;
	gw_usec accept_again;   /* there was no descriptor; or GW_NEVER */
	struct gw_map *sources; /* flows a client; NULL: not counted */
	unsigned handles;
};

/* ---- for tcp_flow.c ---- */

/* The timer follows what is due. */
void gw_forward_tcp_arm(struct gw_forward_tcp *);
/* A flow is over: off all lists. */
void gw_forward_tcp_forget(struct gw_forward_tcp *, struct gw_tcp_flow *);

#endif /* GW_RUN_FORWARD_TCP_H */
