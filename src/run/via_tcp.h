/*
 * via_tcp - one side of a rule for connections that goes through a peer: where
 * they come in, or where they are delivered.
 *
 * A flow has one socket here and a stream of messages to the other side:
 *
 *	listening   accept -> FLOW; READY: the target has taken it
 *	delivering  FLOW -> look up, connect -> READY, or RESET with the reason
 *
 * then both move bytes as far as the other's window lets them, say END when
 * their socket has ended and RESET when it was reset.
 *
 * via_tcp.c: rules; via_tcp_begin.c: how a flow begins; via_tcp_flow.c: bytes
 * to the other side, and its end; via_tcp_in.c: bytes from it.
 */
#ifndef GW_RUN_VIA_TCP_H
#define GW_RUN_VIA_TCP_H

#include "base/heap.h"
#include "base/ring.h"
#include "run/forward_names.h"
#include "run/via.h"

struct gw_via_tcp;

enum gw_via_tcp_state {
	GW_VIA_TCP_WAITING,    /* for the other side, or for a name */
	GW_VIA_TCP_CONNECTING, /* delivering */
	GW_VIA_TCP_OPEN,
	GW_VIA_TCP_STATES
};

struct gw_via_tcp_flow {
	struct gw_tunnel_flow in; /* first */
	struct gw_poll_item item; /* fd -1: none yet */
	struct gw_heap_item due;
	struct gw_via_tcp *r;
	struct gw_via_tcp_flow *prev, *next;
	uint64_t id;
	enum gw_via_tcp_state state;
	struct gw_endpoint from, hit, source, to;
	uint16_t came_at; /* port of the rule */
	unsigned number;
	struct gw_forward_tried tried;
	/* to the other side */
	uint64_t sent, sent_max;
	bool readable, ended_out;
	/* from it */
	struct gw_ring ring; /* [gone, came): the socket had no room */
	uint64_t came, gone, granted, window;
	uint64_t most; /* that waited since the window was told */
	bool fell;     /* the window has been larger than need be */
	bool writable, ended_in, shut;
	gw_usec opened, seen;
	char error[128];
};

struct gw_via_tcp_port {
	struct gw_poll_item item; /* first */
	struct gw_via_tcp *r;
	struct gw_addr at;
	bool both;
};

struct gw_via_tcp {
	struct gw_via_rule base;       /* first */
	struct gw_forward_names names; /* delivering */
	struct gw_via_tcp_port *ports; /* listening */
	size_t port_count;
	struct gw_via_tcp_flow *first, *last;
	struct gw_heap due;
	uv_timer_t timer;
	unsigned handles;
};

/* ---- via_tcp.c ---- */

void gw_via_tcp_arm(struct gw_via_tcp *);

/* ---- via_tcp_begin.c ---- */

/* A connection was accepted; the descriptor is the flow's, and counted.
 * False: it was not taken. */
bool gw_via_tcp_accepted(
    struct gw_via_tcp_port *, int fd, const struct gw_addr *from);
/* The peer has one. */
void gw_via_tcp_asked(
    struct gw_via_rule *, const struct gw_tunnel_message *, uint16_t lane);
/* Names have been found. */
void gw_via_tcp_resolved(struct gw_via_tcp_flow *);

/* ---- via_tcp_flow.c ---- */

extern const struct gw_tunnel_flow_ops gw_via_tcp_flow_ops;
/* Of its socket, once it is connected. */
void gw_via_tcp_on_item(struct gw_poll_item *, uint32_t events);
/* Both sides are there. */
void gw_via_tcp_opened(struct gw_via_tcp_flow *);
/* Move what can be moved; it may end. */
void gw_via_tcp_pump(struct gw_via_tcp_flow *);
void gw_via_tcp_say(struct gw_via_tcp_flow *, enum gw_tunnel_kind);
void gw_via_tcp_close_socket(struct gw_via_tcp_flow *, bool reset);
void gw_via_tcp_due(struct gw_via_tcp_flow *, gw_usec now);
/* It is over; the peer is told, unless that has told us or is gone. */
void gw_via_tcp_end(struct gw_via_tcp_flow *, enum gw_forward_end, bool tell);
/* Both directions have ended, and all was written: it is over.  True: it is
 * gone. */
bool gw_via_tcp_over(struct gw_via_tcp_flow *);
/* Its socket is: it ends. */
void gw_via_tcp_broken(struct gw_via_tcp_flow *, const char *why);
void gw_via_tcp_moved(struct gw_via_tcp_flow *, bool out, size_t n);
void gw_via_tcp_info(const struct gw_via_tcp_flow *, struct gw_forward_flow *);

/* ---- via_tcp_in.c: bytes from the other side ---- */

/* What waits for the socket, as far as that takes it.  True: it is gone. */
bool gw_via_tcp_write(struct gw_via_tcp_flow *);
void gw_via_tcp_data(struct gw_tunnel_flow *, struct gw_slice);
void gw_via_tcp_settle(struct gw_tunnel_flow *);

#endif /* GW_RUN_VIA_TCP_H */
