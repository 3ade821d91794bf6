#include "session/udp/hystart.h"

enum {
	SAMPLES = 8, /* of a round, before it is judged */
	CSS_DIVISOR = 4,
	CSS_ROUNDS = 5,
	RTT_DIVISOR = 8
};

#define THRESHOLD_MIN (4 * GW_MSEC)
#define THRESHOLD_MAX (16 * GW_MSEC)

void
gw_hystart_init(struct gw_hystart *h)
{
	*h = (struct gw_hystart){
		.last_rtt = GW_NEVER,
		.this_rtt = GW_NEVER,
	};
}

/* By how much the RTT of a round may exceed that of the one before. */
static gw_usec
threshold(gw_usec last)
{
	const gw_usec part = last / RTT_DIVISOR;

	if (part < THRESHOLD_MIN)
		return THRESHOLD_MIN;
	return gw_usec_min(part, THRESHOLD_MAX);
}

static void
judge(struct gw_hystart *h)
{
	if (h->samples < SAMPLES || h->last_rtt == GW_NEVER)
		return;
	if (h->baseline == 0) {
		if (h->this_rtt >= h->last_rtt + threshold(h->last_rtt)) {
			h->baseline = h->this_rtt;
			h->css_rounds = 0;
		}
	} else if (h->this_rtt < h->baseline) {
		h->baseline = 0; /* it was jitter */
	}
}

uint64_t
gw_hystart_acked(struct gw_hystart *h, uint64_t acked, gw_usec rtt,
    bool round_over, bool *done)
{
	*done = false;
	if (round_over) {
		h->last_rtt = h->this_rtt;
		h->this_rtt = GW_NEVER;
		h->samples = 0;
		if (h->baseline != 0 && ++h->css_rounds >= CSS_ROUNDS)
			*done = true;
	}
	if (rtt != 0) {
		h->this_rtt = gw_usec_min(h->this_rtt, rtt);
		h->samples++;
	}
	judge(h);
	return h->baseline != 0 ? acked / CSS_DIVISOR : acked;
}
