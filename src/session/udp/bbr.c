/* The machine: draft-ietf-ccwg-bbr, "State Machine Operation" and "Updating
 * Control Parameters".  Its states are drawn in bbr.h. */
#include "session/udp/bbr_private.h"

#include <stddef.h>

#include "base/assert.h"

enum {
	STARTUP_GAIN = 277, /* percent */
	DRAIN_GAIN = 50,
	DOWN_GAIN = 90,
	UP_GAIN = 125,
	STARTUP_CWND_GAIN = 190,
	CWND_GAIN = 200,
	UP_CWND_GAIN = 150,
	PROBE_RTT_GAIN = 50,
	PACING_SHARE = 99, /* of the bandwidth */
	DRAIN_ROUNDS = 3,
	MIN_RTT_STEP = 16, /* part that it must fall to count as fresh */
	RENO_ROUNDS = 63,
	UP_ROUNDS_MAX = 30
};

#define MIN_RTT_LEN (10 * GW_SEC)
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
	[GW_BBR_STARTUP] = BIT(GW_BBR_DRAIN) | BIT(GW_BBR_PROBE_RTT),
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

struct gwx {
	unsigned pacing, cwnd;
};
__attribute__((visibility("default"))) struct gwx gains[] = {
	[GW_BBR_STARTUP] = { STARTUP_GAIN, STARTUP_CWND_GAIN },
	[GW_BBR_DRAIN] = { DRAIN_GAIN, STARTUP_CWND_GAIN },
	[GW_BBR_DOWN] = { DOWN_GAIN, 150 },
	[GW_BBR_CRUISE] = { 100, 150 },
	[GW_BBR_REFILL] = { 100, 150 },
	[GW_BBR_UP] = { UP_GAIN, UP_CWND_GAIN },
	[GW_BBR_PROBE_RTT] = { 100, PROBE_RTT_GAIN },
};

static uint64_t
max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void
set_state(struct gw_cc *cc, enum gw_bbr_state to)
{
	struct gw_bbr *b = &cc->u.bbr;

	GW_ASSERT((state_next[b->state] & BIT(to)) != 0);
	gw_trace(
	    cc->trace, "bbr %s -> %s", state_name[b->state], state_name[to]);
	b->state = to;
	b->pacing_gain = gains[to].pacing;
	b->cwnd_gain = gains[to].cwnd;
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

/* ---- control parameters ---- */

static void
set_pacing(struct gw_cc *cc, unsigned gain)
{
	const struct gw_bbr *b = &cc->u.bbr;
	const uint64_t rate =
	    gw_bbr_with_stray(b, b->bw * gain / 100 * PACING_SHARE / 100);

	if (b->full_bw_reached || rate > cc->rate)
		gw_cc_set_rate(cc, rate);
}

static void
set_window(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	const struct gw_bbr *b = &cc->u.bbr;
	const uint64_t least = GW_BBR_MIN_PIPE * (uint64_t)cc->datagram;
	const uint64_t most = gw_bbr_max_inflight(cc);
	uint64_t cap = GW_BBR_INFINITE;

	if (b->full_bw_reached)
		cc->window = min_u64(cc->window + ack->acked, most);
	else
		cc->window = min_u64(cc->window + ack->acked,
		    max_u64(most, 2 * b->initial_window));
	cc->window = max_u64(cc->window, least);
	if (b->state == GW_BBR_PROBE_RTT)
		cc->window = min_u64(cc->window, b->probe_rtt_window);

	if (b->state == GW_BBR_PROBE_RTT || b->state == GW_BBR_CRUISE)
		cap = gw_bbr_with_headroom(cc);
	else if (gw_bbr_in_probe_bw(b))
		cap = b->inflight_longterm;
	cap = max_u64(min_u64(cap, b->inflight_shortterm), least);
	cc->window = min_u64(cc->window, cap);
}

static void
save_window(struct gw_cc *cc, bool known_good)
{
	struct gw_bbr *b = &cc->u.bbr;

	b->prior_window =
	    known_good ? cc->window : max_u64(b->prior_window, cc->window);
}

static void
restore_window(struct gw_cc *cc)
{
	cc->window = max_u64(cc->window, cc->u.bbr.prior_window);
}

/* ---- the cycle that probes for bandwidth ---- */

static void
start_down(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	gw_bbr_reset_signals(b);
	b->probe_up_acked_per_inc = GW_BBR_INFINITE;
	b->rounds_since_probe = random_below(b, 2);
	b->probe_wait = PROBE_WAIT + random_below(b, PROBE_WAIT_MORE);
	b->cycle_stamp = ack->now;
	b->acks = GW_BBR_ACKS_STOPPING;
	gw_bbr_start_round(b, ack->delivered);
	set_state(cc, GW_BBR_DOWN);
}

static void
start_refill(struct gw_cc *cc, uint64_t delivered)
{
	struct gw_bbr *b = &cc->u.bbr;

	gw_bbr_reset_short_term(b);
	b->probe_up_rounds = 0;
	b->probe_up_acked = 0;
	b->precautionary = false;
	b->acks = GW_BBR_ACKS_REFILLING;
	gw_bbr_start_round(b, delivered);
	set_state(cc, GW_BBR_REFILL);
}

static void
raise_slope(struct gw_cc *cc)
{
	struct gw_bbr *b = &cc->u.bbr;
	const uint64_t growth = UINT64_C(1) << b->probe_up_rounds;

	if (b->probe_up_rounds < UP_ROUNDS_MAX)
		b->probe_up_rounds++;
	b->probe_up_acked_per_inc = max_u64(cc->window / growth, cc->datagram);
}

static void
start_up(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	b->probe_sample = true;
	b->acks = GW_BBR_ACKS_STARTING;
	gw_bbr_start_round(b, ack->delivered);
	gw_bbr_reset_full_bw(b, ack->rate.rate);
	set_state(cc, GW_BBR_UP);
	raise_slope(cc);
}

static bool
is_time_to_probe(const struct gw_cc *cc, gw_usec now)
{
	const struct gw_bbr *b = &cc->u.bbr;

	return now > b->cycle_stamp + b->probe_wait ||
	       b->rounds_since_probe >=
		   min_u64(gw_bbr_target(cc) / cc->datagram, RENO_ROUNDS);
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
		gw_bbr_reset_full_bw(b, ack->rate.rate);
		return false;
	}
	if (b->acks == GW_BBR_ACKS_FEEDBACK && b->round_samples >= 4 &&
	    gw_bbr_queue_grows(b))
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
			start_refill(cc, ack->delivered);
			return true;
		}
	}
	if (gw_bbr_is_too_high(b, ack->rate.lost, ack->rate.in_flight) ||
	    b->inflight_longterm == GW_BBR_INFINITE)
		return false;
	b->inflight_longterm =
	    max_u64(b->inflight_longterm, ack->rate.in_flight);
	if (b->state == GW_BBR_UP)
		raise_longterm(cc, ack);
	return false;
}

static void
update_cycle(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	if (!b->full_bw_reached || adapt_longterm(cc, ack))
		return;
	switch (b->state) {
	case GW_BBR_DOWN:
		if (is_time_to_probe(cc, ack->now))
			start_refill(cc, ack->delivered);
		else if (is_time_to_cruise(cc, ack->in_flight))
			set_state(cc, GW_BBR_CRUISE);
		break;
	case GW_BBR_CRUISE:
		if (is_time_to_probe(cc, ack->now))
			start_refill(cc, ack->delivered);
		break;
	case GW_BBR_REFILL:
		if (b->round_start)
			start_up(cc, ack);
		break;
	case GW_BBR_UP:
		if (is_time_to_go_down(cc, ack)) {
			b->too_high = false;
			start_down(cc, ack);
		}
		break;
	case GW_BBR_STARTUP:
	case GW_BBR_DRAIN:
	case GW_BBR_PROBE_RTT:
		break;
	}
}

/* ---- PROBE_RTT ---- */

static void
exit_probe_rtt(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	cc->holding = false;
	b->min_rtt_stamp = ack->now;
	restore_window(cc);
	gw_bbr_reset_short_term(b);
	if (!b->full_bw_reached) {
		set_state(cc, GW_BBR_STARTUP);
		return;
	}
	start_down(cc, ack);
	set_state(cc, GW_BBR_CRUISE);
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
		gw_bbr_start_round(b, ack->delivered);
		return;
	}
	if (b->round_start)
		b->probe_rtt_round_done = true;
	if (b->probe_rtt_round_done && ack->now > b->probe_rtt_done)
		exit_probe_rtt(cc, ack);
}

static void
update_min_rtt(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	b->min_rtt_expired = ack->now > b->min_rtt_stamp + MIN_RTT_LEN;
	/* Of the estimate that was, before a larger one takes its place. */
	if (b->min_rtt_expired && b->state != GW_BBR_PROBE_RTT)
		b->probe_rtt_window =
		    max_u64(gw_bbr_bdp(b, b->bw, PROBE_RTT_GAIN),
			GW_BBR_MIN_PIPE * (uint64_t)cc->datagram);
	if (ack->rtt != 0 && (ack->rtt < b->min_rtt || b->min_rtt_expired)) {
		if (b->min_rtt_expired ||
		    ack->rtt < b->min_rtt - b->min_rtt / MIN_RTT_STEP)
			b->min_rtt_stamp = ack->now;
		b->min_rtt = ack->rtt;
	}
	if (b->min_rtt_expired && b->state != GW_BBR_PROBE_RTT &&
	    !b->idle_restart) {
		set_state(cc, GW_BBR_PROBE_RTT);
		save_window(cc, !ack->recovering);
		b->probe_rtt_done = 0;
		b->acks = GW_BBR_ACKS_STOPPING;
		gw_bbr_start_round(b, ack->delivered);
	}
	if (b->state == GW_BBR_PROBE_RTT)
		handle_probe_rtt(cc, ack);
	if (ack->rate.delivered > 0)
		b->idle_restart = false;
}

/* ---- what the interface asks ---- */

static void
bbr_init(struct gw_cc *cc, const struct gw_cc_options *o, gw_usec now)
{
	struct gw_bbr *b = &cc->u.bbr;
	const gw_usec rtt = o->rtt == 0 ? GW_MSEC : o->rtt;

	gw_bbr_model_init(b, o, cc->window, now);
	b->pacing_gain = gains[GW_BBR_STARTUP].pacing;
	b->cwnd_gain = gains[GW_BBR_STARTUP].cwnd;
	gw_cc_set_rate(cc, gw_rate_of(cc->window, rtt) * STARTUP_GAIN / 100);
}

static void
bbr_restart(struct gw_cc *cc, bool app_limited, uint64_t delivered, gw_usec now)
{
	struct gw_bbr *b = &cc->u.bbr;

	if (!app_limited)
		return;
	b->idle_restart = true;
	b->extra_start = now;
	b->extra_delivered = 0;
	if (gw_bbr_in_probe_bw(b))
		set_pacing(cc, 100);
	else if (b->state == GW_BBR_PROBE_RTT && b->probe_rtt_done != 0 &&
		 now > b->probe_rtt_done)
		exit_probe_rtt(cc,
		    &(struct gw_cc_ack){ .now = now, .delivered = delivered });
}

static void
exit_startup_on_loss(struct gw_cc *cc)
{
	struct gw_bbr *b = &cc->u.bbr;

	b->undo_to_state = true;
	b->undo_state = GW_BBR_STARTUP;
	b->full_bw_now = b->full_bw_reached = true;
	b->inflight_longterm =
	    max_u64(gw_bbr_bdp(b, b->bw, 100), b->inflight_latest);
}

static void
bbr_acked(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	gw_bbr_model_acked(cc, ack);
	if (b->restore && !ack->recovering) {
		b->restore = false;
		restore_window(cc);
	}
	if (b->state == GW_BBR_STARTUP) {
		if (b->startup_loss)
			exit_startup_on_loss(cc);
		if (b->full_bw_reached) {
			set_state(cc, GW_BBR_DRAIN);
			b->drain_round = b->round_count;
		}
	}
	if (b->state == GW_BBR_DRAIN &&
	    (ack->in_flight <= gw_bbr_inflight(cc, b->bw, 100) ||
		b->round_count > b->drain_round + DRAIN_ROUNDS)) {
		start_down(cc, ack);
		/* Not even STARTUP made the RTT rise: the lowest came through
		 * somebody's queue. */
		if (!b->rtt_rises && ack->now > MIN_RTT_LEN)
			b->min_rtt_stamp = ack->now - MIN_RTT_LEN - 1;
	}
	update_cycle(cc, ack);
	update_min_rtt(cc, ack);
	gw_bbr_model_advance(b, ack);
	b->bw = min_u64(gw_bbr_max_bw(b), b->bw_shortterm);
	set_pacing(cc, b->pacing_gain);
	set_window(cc, ack);
}

/* At which volume in flight did the loss go past what is borne? */
static uint64_t
inflight_at_loss(const struct gw_cc_loss *loss)
{
	const uint64_t before = loss->sent_in_flight > loss->bytes
				    ? loss->sent_in_flight - loss->bytes
				    : 0;
	const uint64_t lost_before =
	    loss->lost_since > loss->bytes ? loss->lost_since - loss->bytes : 0;
	const uint64_t borne = before * GW_BBR_LOSS_THRESH / 100;

	if (borne <= lost_before)
		return before;
	return before +
	       (borne - lost_before) * 100 / (100 - GW_BBR_LOSS_THRESH);
}

static void
bbr_lost(struct gw_cc *cc, const struct gw_cc_loss *loss)
{
	struct gw_bbr *b = &cc->u.bbr;
	uint64_t inflight;

	gw_bbr_note_loss(cc, loss);
	if (loss->episode) {
		save_window(cc, b->state != GW_BBR_PROBE_RTT);
		b->undo_to_state = false;
		b->undo_bw_shortterm = b->bw_shortterm;
		b->undo_inflight_shortterm = b->inflight_shortterm;
		b->undo_inflight_longterm = b->inflight_longterm;
	}
	if (!b->probe_sample ||
	    (loss->ce == 0 &&
		!gw_bbr_is_too_high(b, loss->lost_since, loss->sent_in_flight)))
		return;
	inflight = loss->ce > 0 ? loss->sent_in_flight : inflight_at_loss(loss);
	b->too_high = true;
	b->probe_sample = false;
	if (!loss->app_limited)
		b->inflight_longterm =
		    max_u64(inflight, gw_bbr_target(cc) / 100 * GW_BBR_BETA);
	if (b->state == GW_BBR_UP) {
		b->undo_to_state = true;
		b->undo_state = GW_BBR_UP;
		start_down(cc, &(struct gw_cc_ack){ .now = loss->now,
				   .delivered = loss->delivered });
	}
}

static void
bbr_undo(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	restore_window(cc);
	b->loss_in_round = false;
	gw_bbr_reset_full_bw(b, 0);
	b->bw_shortterm = max_u64(b->bw_shortterm, b->undo_bw_shortterm);
	b->inflight_shortterm =
	    max_u64(b->inflight_shortterm, b->undo_inflight_shortterm);
	b->inflight_longterm =
	    max_u64(b->inflight_longterm, b->undo_inflight_longterm);
	if (!b->undo_to_state)
		return;
	b->undo_to_state = false;
	if (b->undo_state == GW_BBR_STARTUP) {
		b->full_bw_reached = false;
		if (b->state != GW_BBR_STARTUP && b->state != GW_BBR_PROBE_RTT)
			set_state(cc, GW_BBR_STARTUP);
	} else if (gw_bbr_in_probe_bw(b) && b->state != GW_BBR_UP) {
		start_refill(cc, ack->delivered);
	}
}

static void
bbr_persistent(struct gw_cc *cc, gw_usec now)
{
	struct gw_bbr *b = &cc->u.bbr;

	(void)now;
	save_window(cc, false);
	b->restore = true;
	cc->window = GW_BBR_MIN_PIPE * (uint64_t)cc->datagram;
}

static const char *
bbr_state(const struct gw_cc *cc)
{
	return state_name[cc->u.bbr.state];
}

static bool
bbr_probing(const struct gw_cc *cc)
{
	const enum gw_bbr_state state = cc->u.bbr.state;

	return state == GW_BBR_STARTUP || state == GW_BBR_REFILL ||
	       state == GW_BBR_UP || state == GW_BBR_PROBE_RTT;
}

const struct gw_cc_ops gw_bbr_ops = {
	.name = "bbr",
	.init = bbr_init,
	.restart = bbr_restart,
	.acked = bbr_acked,
	.lost = bbr_lost,
	.undo = bbr_undo,
	.persistent = bbr_persistent,
	.state = bbr_state,
	.probing = bbr_probing,
};
