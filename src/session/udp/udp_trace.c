/* What packets a session tells of, where it is traced. */
#include "session/udp/udp_session_private.h"

void
gw_udp_session_trace_packet(const struct gw_udp_session *s, uint64_t number,
    size_t bytes, const struct gw_udp_told *told)
{
	gw_trace(s->base.trace,
	    &(struct gw_trace_event){
		.kind = GW_TRACE_PACKET,
		.packet = {
		    .frames = told->frames,
		    .count = told->count,
		    .number = number,
		    .bytes = bytes,
		    .out = told->out,
		    .again = told->again,
		},
	    });
}

void
gw_udp_session_trace_probe(
    const struct gw_udp_session *s, uint64_t number, size_t bytes)
{
	static const struct gw_pframe frames[] = {
		{ .type = GW_PFRAME_PING },
		{ .type = GW_PFRAME_PADDING },
	};

	gw_trace(s->base.trace,
	    &(struct gw_trace_event){
		.kind = GW_TRACE_PACKET,
		.packet = { frames, 2, number, bytes, true, false },
	    });
}

void
gw_udp_session_trace_lost(
    const struct gw_udp_session *s, const struct gw_fate *f)
{
	gw_trace(s->base.trace,
	    &(struct gw_trace_event){
		.kind = GW_TRACE_LOST,
		.lost = {
		    .number = f->number,
		    .bytes = f->bytes,
		    .stream = f->content.stream,
		    .offset = f->content.offset,
		    .length = f->content.length,
		    .mtu_probe = f->mtu_probe,
		},
	    });
}

void
gw_udp_session_trace_key(const struct gw_udp_session *s, bool out, uint64_t was)
{
	const uint64_t is = out ? s->link->out.epoch : s->link->in.epoch;

	if (is == was)
		return;
	gw_trace(s->base.trace, &(struct gw_trace_event){
				    .kind = GW_TRACE_KEY,
				    .key = { out, is },
				});
}
