/*
 * udp_flow_info - what a program sees of a flow of datagrams, as far as the
 * engine knows it.
 */
#ifndef GW_RUN_UDP_FLOW_INFO_H
#define GW_RUN_UDP_FLOW_INFO_H

#include "forward/udp_flow.h"
#include "godwit.h"

/* All but its number, rule, source and target. */
void gw_udp_flow_info(const struct gw_udp_flows *, const struct gw_udp_flow *,
    gw_usec now, struct gw_forward_flow *);

#endif /* GW_RUN_UDP_FLOW_INFO_H */
