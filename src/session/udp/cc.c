#include "session/udp/cc.h"

#include <stddef.h>

#include "base/assert.h"
#include "session/udp/pacer.h"

static const struct gw_cc_ops *
ops_of(enum gw_congestion congestion)
{
	switch (congestion) {
	case GW_CONGESTION_BBR:
		return &gw_bbr_ops;
	case GW_CONGESTION_CUBIC:
		return &gw_cubic_ops;
	case GW_CONGESTION_LEDBAT:
		return &gw_ledbat_ops;
	}
	return NULL;
}

void
gw_cc_init(struct gw_cc *cc, const struct gw_cc_options *o, gw_usec now)
{
	GW_ASSERT(o->datagram > 0);
	*cc = (struct gw_cc){
		.ops = ops_of(o->congestion),
		.trace = o->trace,
		.datagram = o->datagram,
		.window = GW_CC_INITIAL_DATAGRAMS * (uint64_t)o->datagram,
	};
	GW_ASSERT(cc->ops != NULL);
	cc->ops->init(cc, o, now);
}

void
gw_cc_datagram(struct gw_cc *cc, uint32_t bytes)
{
	GW_ASSERT(bytes > 0);
	cc->datagram = bytes;
	gw_cc_set_rate(cc, cc->rate);
}

void
gw_cc_set_rate(struct gw_cc *cc, uint64_t rate)
{
	cc->rate = rate > cc->datagram ? rate : cc->datagram;
	cc->quantum = gw_pacer_quantum(cc->rate, cc->datagram);
}

const char *
gw_congestion_name(enum gw_congestion congestion)
{
	return ops_of(congestion)->name;
}
