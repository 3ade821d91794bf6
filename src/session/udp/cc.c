#include "session/udp/cc.h"

#include <stddef.h>

#include "base/assert.h"
#include "session/udp/pacer.h"
#include "session/udp/rate.h"

enum {
	FIRST_RATE = 625000, /* bytes a second: 5 Mbit/s */
	FIRST_MOST = 32      /* datagrams */
};

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

/* Ten datagrams; on a long path, where that is very slow, as many as make
 * FIRST_RATE. */
static uint64_t
first_window(const struct gw_cc_options *o)
{
	const uint64_t least = GW_CC_INITIAL_DATAGRAMS * (uint64_t)o->datagram;
	const uint64_t most = FIRST_MOST * (uint64_t)o->datagram;
	const uint64_t by_rate = gw_rate_bytes(FIRST_RATE, o->rtt);

	if (o->congestion != GW_CONGESTION_BBR || by_rate < least)
		return least;
	return by_rate < most ? by_rate : most;
}

void
gw_cc_init(struct gw_cc *cc, const struct gw_cc_options *o, gw_usec now)
{
	GW_ASSERT(o->datagram > 0);
	*cc = (struct gw_cc){
		.ops = ops_of(o->congestion),
		.trace = o->trace,
		.datagram = o->datagram,
		.window = first_window(o),
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
