#include "run/udp_flow_info.h"

#include "run/endpoint.h"

void
gw_udp_flow_info(const struct gw_udp_flows *flows,
    const struct gw_udp_flow *flow, gw_usec now, struct gw_forward_flow *out)
{
	const struct gw_udp_flow_key *k = &flow->key;
	const gw_usec end =
	    flow->over ? now : gw_udp_flow_deadline(flows, flow);

	*out = (struct gw_forward_flow){
		.client = gw_endpoint_at(k->client, k->client_zone, k->port),
		.local = gw_endpoint_at(k->local, k->local_zone, k->local_port),
		.state = gw_udp_flow_is_assured(flow) ? "assured"
			 : flow->answered             ? "replied"
						      : "unreplied",
		.age_ms = (now - flow->opened) / GW_MSEC,
		.idle_left_ms = end > now ? (end - now) / GW_MSEC : 0,
		.bytes_in = flow->requests.bytes,
		.bytes_out = flow->replies.bytes,
		.packets_in = flow->requests.packets,
		.packets_out = flow->replies.packets,
		.one_way = gw_udp_flow_is_one_way(flow),
		.error = flow->last_drop != GW_DROP_NONE
			     ? gw_drop_text(flow->last_drop)
			     : "",
	};
	for (enum gw_drop d = GW_DROP_NONE + 1; d < GW_DROPS; d++)
		out->drops += flow->drops[d];
}
