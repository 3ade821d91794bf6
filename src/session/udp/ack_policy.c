/* How often the peer is to acknowledge: gw_recovery_ack_frequency. */
#include "session/udp/recovery.h"

enum {
	EARLY = 100, /* packets until anything is thinned */
	EARLY_THRESHOLD = 2,
	PARTS = 16, /* ACKs for a window */
	THRESHOLD_MAX = 64,
	DELAY_PARTS = 8, /* of an RTT */
	DELAY_MIN = 500,
	THIN_MAX = 4,
	RTT_RAISED = 150, /* percent of the lowest */
	RTT_FINE = 125
};

static uint32_t
clamp(uint64_t x, uint64_t least, uint64_t most)
{
	return (uint32_t)(x < least ? least : x > most ? most : x);
}

/* Where the RTT is much raised, the way back may be the narrow one: then
 * fewer ACKs come sooner. */
static void
judge_way_back(struct gw_recovery *r)
{
	const gw_usec rtt = r->rtt.smoothed, low = r->rtt.min;

	if (r->sent.oldest < r->thinned)
		return;
	r->thinned = r->sent.end; /* once a round trip */
	if (rtt > low * RTT_RAISED / 100 && r->thin < THIN_MAX)
		r->thin *= 2;
	else if (rtt < low * RTT_FINE / 100 && r->thin > 1)
		r->thin /= 2;
}

bool
gw_recovery_ack_frequency(struct gw_recovery *r, struct gw_ack_frequency *out)
{
	const uint64_t packets = r->cc.window / r->datagram;
	struct gw_ack_frequency f = {
		.threshold = EARLY_THRESHOLD,
		.max_delay = clamp(
		    r->rtt.smoothed / DELAY_PARTS, DELAY_MIN, GW_ACK_DELAY),
		.reorder = !r->loss.reordering,
	};

	if (r->n_acked.packets >= EARLY) {
		judge_way_back(r);
		f.threshold =
		    clamp(packets / PARTS, EARLY_THRESHOLD, THRESHOLD_MAX);
		if (f.threshold < EARLY_THRESHOLD * r->thin)
			f.threshold = EARLY_THRESHOLD * r->thin;
		if (r->thin > 1 && r->delivery_rate > 0)
			f.max_delay =
			    clamp(gw_rate_time(r->delivery_rate,
				      f.threshold * (uint64_t)r->datagram),
				f.max_delay, GW_ACK_DELAY);
	}
	/* A little more or less is not worth a frame. */
	if (f.reorder == r->asked.reorder &&
	    f.threshold < r->asked.threshold * 2 &&
	    f.threshold * 2 > r->asked.threshold &&
	    f.max_delay < r->asked.max_delay * 2 &&
	    f.max_delay * 2 > r->asked.max_delay)
		return false;
	if (f.reorder == r->asked.reorder &&
	    f.threshold == r->asked.threshold &&
	    f.max_delay == r->asked.max_delay)
		return false;
	r->asked = f;
	*out = f;
	return true;
}
