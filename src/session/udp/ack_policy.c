/* How often the peer is to acknowledge: gw_recovery_ack_frequency. */
#include "session/udp/recovery.h"

enum {
	EARLY = 100, /* packets until anything is thinned */
	EARLY_THRESHOLD = 2,
	PARTS = 16, /* ACKs for a window */
	THRESHOLD_MAX = 64,
	DELAY_PARTS = 8, /* of an RTT */
	DELAY_MAX = 25000,
	DELAY_MIN = 500
};

static uint32_t
clamp(uint64_t x, uint32_t least, uint32_t most)
{
	return x < least ? least : x > most ? most : (uint32_t)x;
}

bool
gw_recovery_ack_frequency(struct gw_recovery *r, struct gw_ack_frequency *out)
{
	const uint64_t packets = r->cc.window / r->datagram;
	struct gw_ack_frequency f = {
		.threshold = EARLY_THRESHOLD,
		.max_delay =
		    clamp(r->rtt.smoothed / DELAY_PARTS, DELAY_MIN, DELAY_MAX),
		.reorder = !r->loss.reordering,
	};

	if (r->n_acked.packets >= EARLY)
		f.threshold =
		    clamp(packets / PARTS, EARLY_THRESHOLD, THRESHOLD_MAX);
	/* A little more or less is not worth a frame. */
	if (f.reorder == r->asked.reorder &&
	    f.threshold <= r->asked.threshold * 2 &&
	    f.threshold * 2 >= r->asked.threshold &&
	    f.max_delay <= r->asked.max_delay * 2 &&
	    f.max_delay * 2 >= r->asked.max_delay)
		return false;
	r->asked = f;
	*out = f;
	return true;
}
