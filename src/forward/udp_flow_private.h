/*
 * udp_flow_private - shared by udp_flow.c (life) and udp_flow_traffic.c (what
 * passes).
 */
#ifndef GW_FORWARD_UDP_FLOW_PRIVATE_H
#define GW_FORWARD_UDP_FLOW_PRIVATE_H

#include "forward/udp_flow.h"

struct gw_key gw_udp_flow_hash(
    const struct gw_udp_flows *, const struct gw_udp_flow_key *);

/* GW_DROP_NONE: *flow is new.  The key is not in the table. */
enum gw_drop gw_udp_flow_begin(struct gw_udp_flows *,
    const struct gw_udp_flow_key *, gw_usec now, struct gw_udp_flow **flow);
/* It is found by its key no more, and waits for answers only. */
void gw_udp_flow_retire(struct gw_udp_flows *, struct gw_udp_flow *);
void gw_udp_flow_close(struct gw_udp_flows *, struct gw_udp_flow *,
    enum gw_forward_end, gw_usec now);
/* For the first time. */
void gw_udp_flow_answered(struct gw_udp_flows *, struct gw_udp_flow *);

#endif /* GW_FORWARD_UDP_FLOW_PRIVATE_H */
