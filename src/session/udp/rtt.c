#include "session/udp/rtt.h"

/* Timers are not finer than this (RFC 9002, kGranularity). */
#define GRANULARITY GW_MSEC

void
gw_rtt_init(struct gw_rtt *r, gw_usec max_ack_delay)
{
	*r = (struct gw_rtt){
		.smoothed = GW_RTT_INITIAL,
		.variance = GW_RTT_INITIAL / 2,
		.max_ack_delay = max_ack_delay,
		.window_min = GW_NEVER,
		.window_min_before = GW_NEVER,
	};
}

static void
note_min(struct gw_rtt *r, gw_usec rtt, gw_usec now)
{
	if (r->min == 0 || now - r->window_start >= GW_RTT_WINDOW) {
		r->window_min_before = r->window_min;
		r->window_min = GW_NEVER;
		r->window_start = now;
	}
	r->window_min = gw_usec_min(r->window_min, rtt);
	r->min = gw_usec_min(r->window_min, r->window_min_before);
}

void
gw_rtt_sample(struct gw_rtt *r, gw_usec rtt, gw_usec ack_delay, gw_usec now)
{
	const bool first = !gw_rtt_known(r);
	gw_usec off;

	rtt += rtt == 0;
	note_min(r, rtt, now);
	r->latest = rtt;
	if (first) {
		r->smoothed = rtt;
		r->variance = rtt / 2;
		return;
	}
	/* What the peer says it waited is no part of the path, as long as
	 * the rest stays possible. */
	ack_delay = gw_usec_min(ack_delay, r->max_ack_delay);
	if (rtt >= r->min + ack_delay)
		rtt -= ack_delay;
	off = rtt > r->smoothed ? rtt - r->smoothed : r->smoothed - rtt;
	r->variance = (3 * r->variance + off) / 4;
	r->smoothed = (7 * r->smoothed + rtt) / 8;
}

bool
gw_rtt_known(const struct gw_rtt *r)
{
	return r->min != 0;
}

gw_usec
gw_rtt_pto(const struct gw_rtt *r)
{
	const gw_usec spread = 4 * r->variance;

	return r->smoothed + (spread > GRANULARITY ? spread : GRANULARITY) +
	       r->max_ack_delay;
}
