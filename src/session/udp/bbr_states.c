/* The states: draft-ietf-ccwg-bbr, "State Machine Operation".  They are drawn
 * in bbr.h. */
#include "session/udp/bbr_private.h"

#include "base/assert.h"

/* Percent of the bandwidth, and of the bandwidth-delay product. */
enum {
	STARTUP_GAIN = GW_BBR_STARTUP_GAIN,
	STARTUP_WINDOW = 190,
	DRAIN_GAIN = 50,
	DOWN_GAIN = 90,
	DOWN_WINDOW = 130,
	CRUISE_WINDOW = 115,
	UP_GAIN = 125,
	UP_WINDOW = 150,
	UP_WINDOW_MAX = 200, /* where a queue stands already */
	PROBE_RTT_WINDOW = 50
};

enum {
	LOW_RTT = 64, /* part that it may be above the lowest */
	PROBE_RTT_ROUNDS = 20,
	RENO_ROUNDS = 63,
	UP_ROUNDS_MAX = 30,
	UP_SAMPLES = 4, /* of a round, before UP ends by them */
	UP_QUEUE = 8,   /* part of an RTT that the queue is longer by */
	QUEUE_RTTS = 2, /* the lowest RTT of a round, for a standing queue */
	UP_GREW = 110   /* percent: more sending delivered more */
};

#define MIN_RTT_LEN (10 * GW_SEC)
#define PROBE_RTT_WAIT (5 * GW_SEC)
#define PROBE_RTT_TIME (200 * GW_MSEC)
#define PROBE_WAIT (2 * GW_SEC)
#define PROBE_WAIT_MORE GW_SEC

static const char *const state_name[] = {
	[GW_BBR_STARTUP] = "STARTUP",
	[GW_BBR_DRAIN] = "DRAIN",
	[GW_BBR_DOWN] = "PROBE_DOWN",
	[GW_BBR_CRUISE] = "PROBE_CRUISE",
	[GW_BBR_REFILL] = "PROBE_REFILL",
	[GW_BBR_UP] = "PROBE_UP",
	[GW_BBR_PROBE_RTT] = "PROBE_RTT",
};

#define BIT(state) (1u << (state))

static const unsigned state_next[] = {
	[GW_BBR_STARTUP] =
	    BIT(GW_BBR_STARTUP) | BIT(GW_BBR_DRAIN) | BIT(GW_BBR_PROBE_RTT),
	[GW_BBR_DRAIN] =
	    BIT(GW_BBR_DOWN) | BIT(GW_BBR_STARTUP) | BIT(GW_BBR_PROBE_RTT),
	[GW_BBR_DOWN] = BIT(GW_BBR_CRUISE) | BIT(GW_BBR_REFILL) |
			BIT(GW_BBR_STARTUP) | BIT(GW_BBR_PROBE_RTT),
	[GW_BBR_CRUISE] =
	    BIT(GW_BBR_REFILL) | BIT(GW_BBR_STARTUP) | BIT(GW_BBR_PROBE_RTT),
	[GW_BBR_REFILL] = BIT(GW_BBR_UP) | BIT(GW_BBR_REFILL) |
			  BIT(GW_BBR_STARTUP) | BIT(GW_BBR_PROBE_RTT),
	[GW_BBR_UP] =
	    BIT(GW_BBR_DOWN) | BIT(GW_BBR_STARTUP) | BIT(GW_BBR_PROBE_RTT),
	[GW_BBR_PROBE_RTT] = BIT(GW_BBR_DOWN) | BIT(GW_BBR_STARTUP),
};

static const struct {
	unsigned pacing, window;
} gains[] = {
	[GW_BBR_STARTUP] = { STARTUP_GAIN, STARTUP_WINDOW },
	[GW_BBR_DRAIN] = { DRAIN_GAIN, STARTUP_WINDOW },
	[GW_BBR_DOWN] = { DOWN_GAIN, DOWN_WINDOW },
	[GW_BBR_CRUISE] = { 100, CRUISE_WINDOW },
	[GW_BBR_REFILL] = { 100, CRUISE_WINDOW },
	[GW_BBR_UP] = { UP_GAIN, UP_WINDOW },
	[GW_BBR_PROBE_RTT] = { 100, PROBE_RTT_WINDOW },
};

void
gw_bbr_set_state(struct gw_cc *cc, enum gw_bbr_state to)
{
	struct gw_bbr *b = &cc->u.bbr;

	GW_ASSERT((state_next[b->state] & BIT(to)) != 0);
	if (b->state != to)
		gw_trace(
		    cc->trace, &(struct gw_trace_event){
				   .kind = GW_TRACE_CONGESTION,
				   .congestion = { "bbr", state_name[b->state],
				       state_name[to] },
			       });
	b->state = to;
	b->pacing_gain = gains[to].pacing;
	b->window_gain = gains[to].window;
}

/* splitmix64 */
static uint64_t
random_below(struct gw_bbr *b, uint64_t bound)
{
	uint64_t z = b->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % bound;
}

void
gw_bbr_save_window(struct gw_cc *cc, bool known_good)
{
	struct gw_bbr *b = &cc->u.bbr;

	b->prior_window =
	    known_good ? cc->window : gw_bbr_max(b->prior_window, cc->window);
}

void
gw_bbr_restore_window(struct gw_cc *cc)
{
	cc->window = gw_bbr_max(cc->window, cc->u.bbr.prior_window);
}

const char *
gw_bbr_state_name(enum gw_bbr_state state)
{
	return state_name[state];
}

/* ---- the cycle that probes for bandwidth ---- */

void
gw_bbr_start_down(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	gw_bbr_reset_signals(b);
	b->probe_up_acked_per_inc = GW_BBR_INFINITE;
	b->rounds_since_probe = random_below(b, 2);
	b->probe_wait = PROBE_WAIT + random_below(b, PROBE_WAIT_MORE);
	b->cycle_stamp = ack->now;
	b->acks = GW_BBR_ACKS_STOPPING;
	gw_bbr_start_round(b, ack->delivered);
	gw_bbr_set_state(cc, GW_BBR_DOWN);
}

void
gw_bbr_start_refill(struct gw_cc *cc, uint64_t delivered)
{
	struct gw_bbr *b = &cc->u.bbr;

	gw_bbr_reset_short_term(b);
	b->probe_up_rounds = 0;
	b->probe_up_acked = 0;
	b->precautionary = false;
	b->acks = GW_BBR_ACKS_REFILLING;
	gw_bbr_start_round(b, delivered);
	gw_bbr_set_state(cc, GW_BBR_REFILL);
}

static void
raise_slope(struct gw_cc *cc)
{
	struct gw_bbr *b = &cc->u.bbr;
	const uint64_t growth = UINT64_C(1) << b->probe_up_rounds;

	if (b->probe_up_rounds < UP_ROUNDS_MAX)
		b->probe_up_rounds++;
	b->probe_up_acked_per_inc =
	    gw_bbr_max(cc->window / growth, cc->datagram);
}

/* So that it can send faster than before through the queue that is there. */
static unsigned
up_window(const struct gw_bbr *b)
{
	const uint64_t gain = b->min_rtt == GW_NEVER || b->min_rtt == 0
				  ? 0
				  : UP_GAIN * b->up_rtt / b->min_rtt;

	return (unsigned)gw_bbr_min(gw_bbr_max(gain, UP_WINDOW), UP_WINDOW_MAX);
}

static void
start_up(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	b->probe_sample = true;
	b->acks = GW_BBR_ACKS_STARTING;
	gw_bbr_start_round(b, ack->delivered);
	b->up_bw = gw_bbr_round_bw(b);
	b->up_rtt = b->last_round_rtt == GW_NEVER ? 0 : b->last_round_rtt;
	gw_bbr_reset_full_bw(b, b->up_bw);
	gw_bbr_set_state(cc, GW_BBR_UP);
	b->window_gain = up_window(b);
	raise_slope(cc);
}

static bool
is_time_to_probe(const struct gw_cc *cc, gw_usec now)
{
	const struct gw_bbr *b = &cc->u.bbr;

	if (b->acks == GW_BBR_ACKS_STOPPING)
		return false;
	return now > b->cycle_stamp + b->probe_wait ||
	       b->rounds_since_probe >=
		   gw_bbr_min(gw_bbr_target(cc) / cc->datagram, RENO_ROUNDS);
}

static bool
is_time_to_cruise(const struct gw_cc *cc, uint64_t in_flight)
{
	return in_flight <= gw_bbr_with_headroom(cc) &&
	       in_flight <= gw_bbr_inflight(cc, gw_bbr_max_bw(&cc->u.bbr), 100);
}

static bool
is_time_to_go_down(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	if (b->too_high && ack->in_flight >= b->inflight_longterm) {
		b->precautionary = true;
		return true;
	}
	if (ack->window_limited && cc->window >= b->inflight_longterm) {
		gw_bbr_reset_full_bw(b, gw_bbr_round_bw(b));
		return false;
	}
	if (b->acks == GW_BBR_ACKS_FEEDBACK && b->round_samples >= UP_SAMPLES &&
	    gw_bbr_queue_grows(b) &&
	    b->round_rtt >= b->up_rtt + b->min_rtt / UP_QUEUE)
		return true;
	return b->full_bw_now;
}

static void
raise_longterm(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	if (!ack->window_limited || cc->window < b->inflight_longterm)
		return;
	b->probe_up_acked += ack->acked;
	if (b->probe_up_acked >= b->probe_up_acked_per_inc) {
		const uint64_t steps =
		    b->probe_up_acked / b->probe_up_acked_per_inc;

		b->probe_up_acked -= steps * b->probe_up_acked_per_inc;
		b->inflight_longterm += steps * cc->datagram;
	}
	if (b->round_start)
		raise_slope(cc);
}

/* True: it changed the state. */
static bool
adapt_longterm(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	if (b->acks == GW_BBR_ACKS_STARTING && b->round_start)
		b->acks = GW_BBR_ACKS_FEEDBACK;
	if (b->acks == GW_BBR_ACKS_STOPPING && b->round_start) {
		b->probe_sample = false;
		b->acks = GW_BBR_ACKS_INIT;
		if (gw_bbr_in_probe_bw(b) && !ack->rate.app_limited)
			b->max_bw[++b->cycle & 1] = 0;
		if (gw_bbr_in_probe_bw(b) && b->precautionary && !b->too_high) {
			gw_bbr_start_refill(cc, ack->delivered);
			return true;
		}
	}
	if (gw_bbr_is_too_high(b, ack->rate.lost, ack->rate.in_flight,
		ack->rate.app_limited) ||
	    b->inflight_longterm == GW_BBR_INFINITE)
		return false;
	b->inflight_longterm =
	    gw_bbr_max(b->inflight_longterm, ack->rate.in_flight);
	if (b->state == GW_BBR_UP)
		raise_longterm(cc, ack);
	return false;
}

void
gw_bbr_update_cycle(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	if (!b->full_bw_reached || adapt_longterm(cc, ack))
		return;
	switch (b->state) {
	case GW_BBR_DOWN:
		if (is_time_to_probe(cc, ack->now))
			gw_bbr_start_refill(cc, ack->delivered);
		else if (is_time_to_cruise(cc, ack->in_flight))
			gw_bbr_set_state(cc, GW_BBR_CRUISE);
		break;
	case GW_BBR_CRUISE:
		if (is_time_to_probe(cc, ack->now))
			gw_bbr_start_refill(cc, ack->delivered);
		break;
	case GW_BBR_REFILL:
		if (b->round_start)
			start_up(cc, ack);
		break;
	case GW_BBR_UP:
		if (is_time_to_go_down(cc, ack)) {
			b->too_high = false;
			if (!b->precautionary)
				b->rtt_rises = gw_bbr_queue_grows(b);
			b->saturated =
			    gw_bbr_round_bw(b) < b->up_bw / 100 * UP_GREW;
			gw_bbr_start_down(cc, ack);
		}
		break;
	case GW_BBR_STARTUP:
	case GW_BBR_DRAIN:
	case GW_BBR_PROBE_RTT:
		break;
	}
}

/* ---- PROBE_RTT ---- */

void
gw_bbr_exit_probe_rtt(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	cc->holding = false;
	b->recent_stamp = ack->now;
	gw_bbr_restore_window(cc);
	gw_bbr_reset_short_term(b);
	/* It was a queue of our own, so what came through it is all that the
	 * path carries now. */
	if (b->queued_bw != 0 && b->queued_rtt > b->min_rtt * QUEUE_RTTS &&
	    !b->prior_app_limited)
		b->max_bw[0] = b->max_bw[1] = b->queued_bw;
	if (!b->full_bw_reached) {
		gw_bbr_set_state(cc, GW_BBR_STARTUP);
		return;
	}
	gw_bbr_start_down(cc, ack);
	gw_bbr_set_state(cc, GW_BBR_CRUISE);
}

/* Of the RTT that was, not of one that includes a queue. */
static uint64_t
probe_rtt_window(const struct gw_cc *cc, uint64_t bw)
{
	const struct gw_bbr *b = &cc->u.bbr;
	const uint64_t bdp = gw_rate_bytes(bw, b->prior_min_rtt);

	return gw_bbr_max(gw_bbr_with_stray(b, bdp / 100 * PROBE_RTT_WINDOW),
	    GW_BBR_MIN_PIPE * (uint64_t)cc->datagram);
}

static void
start_probe_rtt(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	b->prior_min_rtt = b->min_rtt == GW_NEVER ? 0 : b->min_rtt;
	b->prior_app_limited = ack->rate.app_limited;
	b->queued_bw = 0;
	b->queued_rtt = GW_NEVER;
	b->probe_rtt_window = probe_rtt_window(cc, b->bw);
	b->probe_rtt_done = 0;
	b->acks = GW_BBR_ACKS_STOPPING;
	gw_bbr_set_state(cc, GW_BBR_PROBE_RTT);
	gw_bbr_save_window(cc, !ack->recovering);
	gw_bbr_start_round(b, ack->delivered);
}

/* Half of what it took for the path's product, and yet an RTT as of a queue?
 * Then the path carries less by now, or is longer: with half of that again it
 * is seen which, for then the queue becomes shorter. */
static bool
hold_less(struct gw_cc *cc)
{
	struct gw_bbr *b = &cc->u.bbr;
	const uint64_t least = GW_BBR_MIN_PIPE * (uint64_t)cc->datagram;

	if (b->hold_rtt == GW_NEVER ||
	    b->hold_rtt <= b->prior_min_rtt * QUEUE_RTTS ||
	    b->hold_rtt > b->queued_rtt / 8 * 7 || b->probe_rtt_window == least)
		return false;
	b->queued_bw = b->hold_bw;
	b->queued_rtt = b->hold_rtt;
	b->probe_rtt_window = gw_bbr_max(gw_bbr_min(b->probe_rtt_window / 2,
					     probe_rtt_window(cc, b->hold_bw)),
	    least);
	b->probe_rtt_done = 0;
	return true;
}

static void
handle_probe_rtt(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	cc->holding = true;
	if (b->probe_rtt_done == 0) {
		if (ack->in_flight > b->probe_rtt_window)
			return;
		b->probe_rtt_done = ack->now + PROBE_RTT_TIME;
		b->probe_rtt_round_done = false;
		b->hold_rtt = GW_NEVER;
		b->hold_bw = 0;
		gw_bbr_start_round(b, ack->delivered);
		return;
	}
	if (ack->rtt != 0)
		b->hold_rtt = gw_usec_min(b->hold_rtt, ack->rtt);
	b->hold_bw = gw_bbr_max(b->hold_bw, ack->rate.rate);
	if (b->round_start)
		b->probe_rtt_round_done = true;
	if (b->probe_rtt_round_done && ack->now > b->probe_rtt_done &&
	    !hold_less(cc))
		gw_bbr_exit_probe_rtt(cc, ack);
}

/* Flows that share a queue come to do this at the same time: who sees it
 * shorter than since last time, because another one does, waits from then
 * on. */
static bool
is_time_for_probe_rtt(const struct gw_bbr *b, gw_usec now)
{
	gw_usec wait = PROBE_RTT_WAIT;

	if (b->min_rtt_doubtful)
		return true;
	if (now <= b->low_stamp + PROBE_RTT_WAIT)
		wait += PROBE_RTT_WAIT;
	if (b->min_rtt != GW_NEVER && b->min_rtt * PROBE_RTT_ROUNDS > wait)
		wait = b->min_rtt * PROBE_RTT_ROUNDS;
	return now > b->recent_stamp + wait;
}

static bool
is_min_rtt_old(const struct gw_bbr *b, gw_usec now)
{
	return now > b->min_rtt_stamp + MIN_RTT_LEN &&
	       (b->min_rtt == GW_NEVER ||
		   now > b->min_rtt_stamp + 2 * b->min_rtt * PROBE_RTT_ROUNDS);
}

void
gw_bbr_update_min_rtt(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;
	const bool due = is_time_for_probe_rtt(b, ack->now);

	if (due && b->state != GW_BBR_PROBE_RTT && !b->idle_restart)
		start_probe_rtt(cc, ack);
	if (ack->rtt != 0) {
		if (due || ack->rtt < b->recent_rtt) {
			b->recent_rtt = ack->rtt;
			b->recent_stamp = ack->now;
		}
		if (b->min_rtt_doubtful || b->recent_rtt < b->min_rtt ||
		    is_min_rtt_old(b, ack->now)) {
			b->min_rtt = b->recent_rtt;
			b->min_rtt_stamp = b->recent_stamp;
		}
		if (ack->rtt <= b->min_rtt + b->min_rtt / LOW_RTT)
			b->low_stamp = ack->now;
	}
	b->min_rtt_doubtful = false;
	if (b->state == GW_BBR_PROBE_RTT)
		handle_probe_rtt(cc, ack);
	if (ack->rate.delivered > 0)
		b->idle_restart = false;
}
