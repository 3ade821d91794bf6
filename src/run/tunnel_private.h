/*
 * What the files of a tunnel share.
 */
#ifndef GW_RUN_TUNNEL_PRIVATE_H
#define GW_RUN_TUNNEL_PRIVATE_H

#include "run/tunnel.h"

enum {
	GW_TUNNEL_FRESH = 1 << 18 /* bytes that leave before more is made: they
				     are still in the CPU's cache */
};

struct gw_tunnel_lane {
	struct gw_bytes in;  /* of a message that is not whole yet */
	size_t left;         /* of the data that comes */
	uint32_t flow;       /* whose that is */
	struct gw_bytes out; /* what the session had no room for */
};

/* The rule in which the peer may begin a flow that comes from this place in its
 * range of ports; NULL: it may not. */
struct gw_via_rule *gw_tunnel_delivers(
    const struct gw_tunnel *, uint16_t rule, uint16_t port);
/* NULL: no memory. */
struct gw_tunnel_lane *gw_tunnel_lane(struct gw_tunnel *, uint16_t);
void gw_tunnel_arm(struct gw_tunnel *);
/* The session is no more: tell flows and owner. */
void gw_tunnel_lose(struct gw_tunnel *, enum gw_err, const char *text);
/* The same, if it is broken; returns whether it was. */
bool gw_tunnel_lose_broken(struct gw_tunnel *);

/* ---- tunnel_flows.c ---- */

struct gw_tunnel_flow *gw_tunnel_find(const struct gw_tunnel *, uint32_t id);
void gw_tunnel_row_enter(struct gw_tunnel_flow *, enum gw_tunnel_row);
void gw_tunnel_row_clear(struct gw_tunnel *, enum gw_tunnel_row);
/* Those who wait for room, in turn and each once at most, until what they
 * write is to leave. */
void gw_tunnel_let_write(struct gw_tunnel *);
/* Those who wanted it. */
void gw_tunnel_settle(struct gw_tunnel *);
void gw_tunnel_rings_fini(struct gw_tunnel *);

/* ---- tunnel_in.c ---- */

/* Take what the session has.  False: it has gone. */
bool gw_tunnel_pull(struct gw_tunnel *);

/* ---- tunnel_datagrams.c ---- */

/* Send what waits, as far as the session takes it. */
void gw_tunnel_pump(struct gw_tunnel *);
void gw_tunnel_on_datagram(struct gw_tunnel *, struct gw_slice);
/* Those that wait in the session will not be sent: it is lost. */
void gw_tunnel_drop_given(struct gw_tunnel *);
/* Those of a flow that wait will not be sent. */
void gw_tunnel_drop_waiting(struct gw_tunnel_flow *, enum gw_drop);
/* Drop what has lacked parts for too long. */
void gw_tunnel_tick_parts(struct gw_tunnel *, gw_usec now);

#endif /* GW_RUN_TUNNEL_PRIVATE_H */
