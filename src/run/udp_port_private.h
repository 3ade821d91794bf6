/*
 * udp_port_private - shared by udp_port.c (conns, how a port begins and ends)
 * and udp_port_turn.c (what happens in a turn of the loop).
 */
#ifndef GW_RUN_UDP_PORT_PRIVATE_H
#define GW_RUN_UDP_PORT_PRIVATE_H

#include "run/udp_board.h"
#include "run/udp_port.h"
#include "run/udp_socket.h"

struct udp_conn {
	struct gw_conn base;
	struct gw_udp_port *port;
	struct udp_conn *next, *prev;
	struct udp_conn *next_touched;
	struct udp_conn *next_hungry;
	bool touched, closing;
	bool hungry; /* has more to write than there was room for */
};

struct gw_udp_port {
	struct gw_udp_port_options o;
	struct gw_udp_socket socket;
	bool filled; /* datagrams of the last call wait in it */
	struct gw_udp_endpoint *endpoint;
	struct gw_udp_board *board;
	struct udp_conn *conns, *touched, **touched_last;
	struct udp_conn *hungry;
	struct udp_conn *dead; /* freed when the turn is over */
	bool in_turn, closing;
	gw_usec close_by;

	uv_poll_t poll, alarm;
	uv_prepare_t before; /* each wait of the loop, once it is closing */
	uv_idle_t soon;      /* a turn is due */
	int timer;
	gw_usec armed; /* when that fires, as far as it matters */
	unsigned handles;
	int interest;

	struct gw_burst burst; /* what the socket did not take yet */
	size_t burst_at;
	uint8_t *out;
};

/* udp_port.c */
/* NULL: no memory. */
struct udp_conn *gw_udp_port_conn(
    struct gw_udp_port *, struct gw_session *, const struct gw_path *);
/* The next turn: 0 or in the past: soon. */
void gw_udp_port_wake_at(struct gw_udp_port *, gw_usec at);
/* Its owner is to be asked. */
void gw_udp_port_touch(struct udp_conn *);

/* udp_port_turn.c: callbacks of its handles */
void gw_udp_port_watch(struct gw_udp_port *, int events);
void gw_udp_port_on_poll(uv_poll_t *, int status, int events);
void gw_udp_port_on_alarm(uv_poll_t *, int status, int events);
void gw_udp_port_on_soon(uv_idle_t *);
/* Send what may leave.  Returns whether anything has. */
bool gw_udp_port_flush(struct gw_udp_port *);
/* Free conns that were closed. */
void gw_udp_port_bury(struct gw_udp_port *);

#endif /* GW_RUN_UDP_PORT_PRIVATE_H */
