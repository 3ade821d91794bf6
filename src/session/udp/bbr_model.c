/* The model of the path: draft-ietf-ccwg-bbr, "Updating Network Path Model
 * Parameters". */
#include "session/udp/bbr_private.h"

#include "base/assert.h"

enum {
	EXTRA_ROUNDS = 5,   /* of a filter of two such */
	HEADROOM = 15,      /* percent left to others */
	RTT_RAISED = 125,   /* percent of the lowest */
	RTT_LOW = 104,      /* the same */
	DOUBLING = 225,     /* percent of the BDP, which lags behind */
	STARTUP_RANGES = 6, /* lost apart in a round */
	STRAY_WEIGHT = 8,
	JITTERS = 2,
	JITTER_WEIGHT = 16,
	FOLLOW = 90 /* percent of what it was, at least */
};

/* A CUBIC flow fills the queue again within some seconds. */
#define PUSHED_TIME (12 * GW_SEC)

static uint64_t
percent(uint64_t x, unsigned share)
{
	return x / 100 * share + x % 100 * share / 100;
}

void
gw_bbr_model_init(struct gw_bbr *b, const struct gw_cc_options *o,
    uint64_t window, gw_usec now)
{
	*b = (struct gw_bbr){
		.random = o->seed,
		.initial_window = window,
		.min_rtt = o->rtt == 0 ? GW_NEVER : o->rtt,
		.min_rtt_stamp = now,
		.recent_rtt = GW_NEVER,
		.recent_stamp = now,
		.probe_rtt_window = window,
		.extra_start = now,
		.inflight_longterm = GW_BBR_INFINITE,
		.probe_up_acked_per_inc = GW_BBR_INFINITE,
		.round_rtt = GW_NEVER,
		.last_round_rtt = GW_NEVER,
		.loss_round_rtt = GW_NEVER,
	};
	gw_bbr_reset_short_term(b);
}

/* ---- volumes ---- */

uint64_t
gw_bbr_bdp(const struct gw_bbr *b, uint64_t bw, unsigned share)
{
	if (b->min_rtt == GW_NEVER)
		return b->initial_window;
	/* What gets lost on the way is in flight too. */
	return gw_bbr_with_stray(
	    b, percent(gw_rate_bytes(bw, b->min_rtt), share));
}

/* No less than hosts need to move it in batches. */
static uint64_t
quantized(const struct gw_cc *cc, uint64_t inflight)
{
	const struct gw_bbr *b = &cc->u.bbr;

	inflight = gw_bbr_max(inflight, cc->quantum + b->held_back);
	inflight =
	    gw_bbr_max(inflight, GW_BBR_MIN_PIPE * (uint64_t)cc->datagram);
	if (b->state == GW_BBR_UP)
		inflight += 2 * (uint64_t)cc->datagram;
	return inflight;
}

uint64_t
gw_bbr_inflight(const struct gw_cc *cc, uint64_t bw, unsigned share)
{
	return quantized(cc, gw_bbr_bdp(&cc->u.bbr, bw, share));
}

/* In STARTUP, while nothing waits anywhere and little is lost, it grows by all
 * that is acknowledged. */
static unsigned
window_gain(const struct gw_bbr *b)
{
	const bool low = b->min_rtt != GW_NEVER &&
			 b->last_rtt <= percent(b->min_rtt, RTT_LOW) &&
			 b->loss_round_ranges < STARTUP_RANGES;

	return b->state == GW_BBR_STARTUP && low ? DOUBLING : b->window_gain;
}

uint64_t
gw_bbr_max_inflight(const struct gw_cc *cc)
{
	const struct gw_bbr *b = &cc->u.bbr;
	const uint64_t extra = gw_bbr_max(b->extra[0], b->extra[1]);
	const uint64_t by_gain = gw_bbr_bdp(b, b->bw, window_gain(b));
	const uint64_t in_lumps =
	    gw_bbr_max(by_gain, gw_bbr_bdp(b, b->bw, 100) + extra);
	const uint64_t jitter =
	    gw_rate_bytes(b->bw, b->jitter * JITTERS / JITTER_WEIGHT);

	/* While it grows, ACKs come faster than expected anyway. */
	if (b->state <= GW_BBR_DRAIN)
		return quantized(cc, in_lumps);
	if (b->crowded)
		return quantized(cc, in_lumps + jitter);
	return quantized(cc, by_gain + extra + jitter);
}

uint64_t
gw_bbr_with_headroom(const struct gw_cc *cc)
{
	const struct gw_bbr *b = &cc->u.bbr;
	uint64_t headroom;

	if (b->inflight_longterm == GW_BBR_INFINITE)
		return GW_BBR_INFINITE;
	headroom =
	    gw_bbr_max(cc->datagram, percent(b->inflight_longterm, HEADROOM));
	return gw_bbr_max(b->inflight_longterm > headroom
			      ? b->inflight_longterm - headroom
			      : 0,
	    GW_BBR_MIN_PIPE * (uint64_t)cc->datagram);
}

uint64_t
gw_bbr_target(const struct gw_cc *cc)
{
	return gw_bbr_min(
	    gw_bbr_bdp(&cc->u.bbr, cc->u.bbr.bw, 100), cc->window);
}

/* ---- what loss means ---- */

static bool
is_heavy(uint64_t lost, uint64_t of)
{
	return lost > percent(of, GW_BBR_LOSS_ALWAYS);
}

/* Through an empty queue it would not have taken so long. */
static bool
is_raised(const struct gw_bbr *b, gw_usec rtt)
{
	return rtt != GW_NEVER && b->min_rtt != GW_NEVER &&
	       rtt > percent(b->min_rtt, RTT_RAISED);
}

/* Loss that is not heavy: what says that it is more than the path's own? */
static bool
is_congestion(const struct gw_bbr *b, uint64_t lost, uint64_t of, gw_usec rtt)
{
	/* No more than it always loses. */
	if (lost <= of * 2 * b->stray / GW_BBR_STRAY_ONE)
		return false;
	if (!b->rtt_rises)
		return b->saturated;
	return is_raised(b, rtt);
}

bool
gw_bbr_queue_grows(const struct gw_bbr *b)
{
	return is_raised(b, b->round_rtt);
}

bool
gw_bbr_is_too_high(
    const struct gw_bbr *b, uint64_t lost, uint64_t in_flight, bool app_limited)
{
	const gw_usec rtt =
	    b->round_rtt == GW_NEVER ? b->last_round_rtt : b->round_rtt;

	/* A program that sends in bursts shows neither a queue nor whether
	 * more would arrive; and it loses nothing by a probe that ends. */
	return lost > percent(in_flight, GW_BBR_LOSS_THRESH) &&
	       (app_limited || is_heavy(lost, in_flight) ||
		   is_congestion(b, lost, in_flight, rtt));
}

void
gw_bbr_note_loss(struct gw_cc *cc, const struct gw_cc_loss *loss)
{
	struct gw_bbr *b = &cc->u.bbr;

	if (!b->loss_in_round) {
		b->loss_round_end = loss->delivered;
		b->loss_round_lost =
		    loss->lost > loss->bytes ? loss->lost - loss->bytes : 0;
		b->loss_round_delivered = loss->delivered;
		b->loss_round_rtt = GW_NEVER;
		b->loss_round_ranges = 0;
		b->loss_round_ce = false;
	}
	b->loss_in_round = true;
	b->loss_round_ranges += loss->ranges;
	b->loss_round_ce |= loss->ce > 0;
}

/* The share of what is lost although nothing is too full, smoothed: the
 * sender puts as much on top.  What a probe loses is none of it. */
static void
note_stray(struct gw_bbr *b, const struct gw_cc_ack *ack)
{
	const uint64_t lost =
	    ack->lost > b->round_lost ? ack->lost - b->round_lost : 0;
	const uint64_t of = lost + (ack->delivered - b->round_delivered);
	uint64_t share;

	if (of == 0 || b->state == GW_BBR_UP ||
	    b->acks == GW_BBR_ACKS_STOPPING ||
	    is_raised(b, b->last_round_rtt) || is_heavy(lost, of))
		return;
	share = lost * GW_BBR_STRAY_ONE / of;
	b->stray = (b->stray * (STRAY_WEIGHT - 1) + share + STRAY_WEIGHT / 2) /
		   STRAY_WEIGHT;
}

/* ---- who else is there ---- */

static void
note_push(struct gw_bbr *b, const struct gw_cc_ack *ack)
{
	const uint64_t lost =
	    ack->lost > b->round_lost ? ack->lost - b->round_lost : 0;
	const uint64_t of = lost + (ack->delivered - b->round_delivered);

	if (lost > of * 2 * b->stray / GW_BBR_STRAY_ONE &&
	    is_raised(b, b->last_round_rtt))
		b->pushed = ack->now;
	b->crowded = is_raised(b, b->last_round_rtt) &&
		     (b->pushed == 0 || ack->now - b->pushed > PUSHED_TIME);
}

/* A queue stood for two rounds, and nobody pushes: it is of flows like this
 * one, and what came through is its part. */
static void
follow_delivery(struct gw_bbr *b, const struct gw_cc_ack *ack, uint64_t came)
{
	const uint64_t bw = gw_bbr_min(b->bw_shortterm, gw_bbr_max_bw(b));

	if (!b->full_bw_reached || ack->rate.app_limited ||
	    (b->state != GW_BBR_CRUISE && b->state != GW_BBR_DOWN))
		return;
	b->bw_shortterm = gw_bbr_min(bw, gw_bbr_max(came, percent(bw, FOLLOW)));
}

/* ---- rounds and signals ---- */

void
gw_bbr_start_round(struct gw_bbr *b, uint64_t delivered)
{
	b->round_end = delivered;
}

static void
begin_round(struct gw_bbr *b, const struct gw_cc_ack *ack)
{
	const uint64_t bw = gw_bbr_round_bw(b);
	const bool crowded = b->crowded;

	gw_bbr_start_round(b, ack->delivered);
	b->round_count++;
	b->rounds_since_probe++;
	b->last_round_rtt = b->round_rtt;
	b->round_rtt = GW_NEVER;
	b->last_round_bw = b->round_bw;
	b->round_bw = 0;
	b->round_samples = 0;
	if (b->state <= GW_BBR_DRAIN)
		b->rtt_rises |= is_raised(b, b->last_round_rtt);
	note_stray(b, ack);
	note_push(b, ack);
	if (crowded && b->crowded)
		follow_delivery(b, ack, bw);
	b->round_lost = ack->lost;
	b->round_delivered = ack->delivered;
}

static void
update_round(struct gw_bbr *b, const struct gw_cc_ack *ack)
{
	b->round_start = ack->rate.prior_delivered >= b->round_end;
	if (b->round_start)
		begin_round(b, ack);
	b->round_bw = gw_bbr_max(b->round_bw, ack->rate.rate);
	if (ack->rtt != 0) {
		b->round_rtt = gw_usec_min(b->round_rtt, ack->rtt);
		b->round_samples++;
		if (b->last_rtt != 0)
			b->jitter +=
			    (ack->rtt > b->last_rtt ? ack->rtt - b->last_rtt
						    : b->last_rtt - ack->rtt) -
			    b->jitter / JITTER_WEIGHT;
		b->last_rtt = ack->rtt;
		b->loss_round_rtt = gw_usec_min(b->loss_round_rtt, ack->rtt);
	}
}

void
gw_bbr_reset_signals(struct gw_bbr *b)
{
	b->loss_in_round = false;
	b->bw_latest = 0;
	b->inflight_latest = 0;
}

void
gw_bbr_reset_short_term(struct gw_bbr *b)
{
	b->bw_shortterm = GW_BBR_INFINITE;
	b->inflight_shortterm = GW_BBR_INFINITE;
}

uint64_t
gw_bbr_max_bw(const struct gw_bbr *b)
{
	return gw_bbr_max(b->max_bw[0], b->max_bw[1]);
}

static void
update_max_bw(struct gw_bbr *b, const struct gw_rate_sample *rate)
{
	uint64_t *slot = &b->max_bw[b->cycle & 1];

	if (rate->rate == 0 ||
	    (rate->app_limited && rate->rate < gw_bbr_max_bw(b)))
		return;
	*slot = gw_bbr_max(*slot, rate->rate);
}

/* When it is not looking for more, what it does follows what the last round
 * delivered. */
static void
adapt_lower_bounds(struct gw_cc *cc)
{
	struct gw_bbr *b = &cc->u.bbr;

	if (b->state == GW_BBR_STARTUP || b->state == GW_BBR_REFILL ||
	    b->state == GW_BBR_UP)
		return;
	if (b->bw_shortterm == GW_BBR_INFINITE)
		b->bw_shortterm = gw_bbr_max_bw(b);
	if (b->inflight_shortterm == GW_BBR_INFINITE)
		b->inflight_shortterm = cc->window;
	b->bw_shortterm =
	    gw_bbr_max(b->bw_latest, percent(b->bw_shortterm, GW_BBR_BETA));
	b->inflight_shortterm = gw_bbr_max(
	    b->inflight_latest, percent(b->inflight_shortterm, GW_BBR_BETA));
}

static void
end_loss_round(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;
	const uint64_t lost =
	    ack->lost > b->loss_round_lost ? ack->lost - b->loss_round_lost : 0;
	const uint64_t of = lost + (ack->delivered - b->loss_round_delivered);
	/* A round of a short path is few packets: once proves nothing. */
	const bool heavy = b->loss_in_round && is_heavy(lost, of);
	const bool congestion = b->loss_round_ce ||
				(heavy && b->heavy_before) ||
				is_congestion(b, lost, of, b->loss_round_rtt);

	b->heavy_before = heavy;
	if (!b->loss_in_round)
		return;
	if (congestion)
		adapt_lower_bounds(cc);
	b->startup_loss =
	    congestion && b->state == GW_BBR_STARTUP && ack->recovering &&
	    (b->loss_round_ce || (b->loss_round_ranges >= STARTUP_RANGES &&
				     lost > percent(of, GW_BBR_LOSS_THRESH)));
	b->loss_in_round = false;
}

/* ACKs that come in lumps let the window run dry between two of them, so it
 * is larger by what comes at once. */
static void
update_aggregation(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;
	const unsigned rounds = b->full_bw_reached ? EXTRA_ROUNDS : 1;
	uint64_t expected = gw_rate_bytes(b->bw, ack->now - b->extra_start);
	uint64_t extra;

	if (b->extra_delivered <= expected) {
		b->extra_delivered = 0;
		b->extra_start = ack->now;
		expected = 0;
	}
	b->extra_delivered += ack->acked;
	extra = gw_bbr_min(b->extra_delivered - expected, cc->window);
	if (b->round_count >= b->extra_round + rounds) {
		b->extra_round = b->round_count;
		b->extra[0] = b->full_bw_reached ? b->extra[1] : 0;
		b->extra[1] = 0;
	}
	b->extra[1] = gw_bbr_max(b->extra[1], extra);
}

void
gw_bbr_reset_full_bw(struct gw_bbr *b, uint64_t base)
{
	b->full_bw = base;
	b->full_bw_count = 0;
	b->full_bw_now = false;
}

uint64_t
gw_bbr_round_bw(const struct gw_bbr *b)
{
	return gw_bbr_max(b->round_bw, b->last_round_bw);
}

static void
check_full_bw(struct gw_bbr *b, const struct gw_cc_ack *ack)
{
	const struct gw_rate_sample *rate = &ack->rate;

	/* A machine or a link stood still.  What came through is little then,
	 * and yet says nothing of what the path carries: it begins anew. */
	if (ack->silence && b->state == GW_BBR_STARTUP) {
		gw_bbr_reset_full_bw(b, 0);
		b->round_bw = rate->rate;
		b->last_round_bw = 0;
	}
	if (b->full_bw_now || !b->round_start || rate->app_limited)
		return;
	/* Of the round, not of this one ACK: where ACKs come in lumps, the
	 * first of a lump covers little of it. */
	if (gw_bbr_round_bw(b) >= percent(b->full_bw, 125)) {
		gw_bbr_reset_full_bw(b, gw_bbr_round_bw(b));
		return;
	}
	if (++b->full_bw_count >= 3) {
		b->full_bw_now = true;
		b->full_bw_reached = true;
	}
}

void
gw_bbr_model_acked(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;
	const struct gw_rate_sample *rate = &ack->rate;

	b->held_back = ack->held_back;
	b->loss_round_start = false;
	b->bw_latest = gw_bbr_max(b->bw_latest, rate->rate);
	b->inflight_latest = gw_bbr_max(b->inflight_latest, rate->delivered);
	if (rate->prior_delivered >= b->loss_round_end) {
		b->loss_round_end = ack->delivered;
		b->loss_round_start = true;
	}
	update_round(b, ack);
	update_max_bw(b, rate);
	b->startup_loss = false;
	if (b->loss_round_start)
		end_loss_round(cc, ack);
	update_aggregation(cc, ack);
	check_full_bw(b, ack);
}

void
gw_bbr_model_advance(struct gw_bbr *b, const struct gw_cc_ack *ack)
{
	if (!b->loss_round_start)
		return;
	b->bw_latest = ack->rate.rate;
	b->inflight_latest = ack->rate.delivered;
}
