/* What a controller is asked, and draft-ietf-ccwg-bbr, "Updating Control
 * Parameters". */
#include "session/udp/bbr_private.h"

enum {
	PACING_SHARE = 99, /* percent of the bandwidth */
	DRAIN_ROUNDS = 3
};

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
		cc->window = gw_bbr_min(cc->window + ack->acked, most);
	else
		cc->window = gw_bbr_min(cc->window + ack->acked,
		    gw_bbr_max(most, 2 * b->initial_window));
	cc->window = gw_bbr_max(cc->window, least);
	if (b->state == GW_BBR_PROBE_RTT)
		cc->window = gw_bbr_min(cc->window, b->probe_rtt_window);

	if (b->state == GW_BBR_PROBE_RTT || b->state == GW_BBR_CRUISE)
		cap = gw_bbr_with_headroom(cc);
	else if (gw_bbr_in_probe_bw(b))
		cap = b->inflight_longterm;
	cap = gw_bbr_max(gw_bbr_min(cap, b->inflight_shortterm), least);
	cc->window = gw_bbr_min(cc->window, cap);
}

/* ---- what the interface asks ---- */

static void
bbr_init(struct gw_cc *cc, const struct gw_cc_options *o, gw_usec now)
{
	struct gw_bbr *b = &cc->u.bbr;
	const gw_usec rtt = o->rtt == 0 ? GW_MSEC : o->rtt;

	gw_bbr_model_init(b, o, cc->window, now);
	gw_bbr_set_state(cc, GW_BBR_STARTUP);
	gw_cc_set_rate(
	    cc, gw_rate_of(cc->window, rtt) / 100 * GW_BBR_STARTUP_GAIN);
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
		gw_bbr_exit_probe_rtt(cc,
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
	    gw_bbr_max(gw_bbr_bdp(b, b->bw, 100), b->inflight_latest);
}

static void
bbr_acked(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	gw_bbr_model_acked(cc, ack);
	if (b->restore && !ack->recovering) {
		b->restore = false;
		gw_bbr_restore_window(cc);
	}
	if (b->state == GW_BBR_STARTUP) {
		if (b->startup_loss)
			exit_startup_on_loss(cc);
		if (b->full_bw_reached) {
			gw_bbr_set_state(cc, GW_BBR_DRAIN);
			b->saturated = true;
			b->drain_round = b->round_count;
		}
	}
	if (b->state == GW_BBR_DRAIN &&
	    (ack->in_flight <= gw_bbr_inflight(cc, b->bw, 100) ||
		b->round_count > b->drain_round + DRAIN_ROUNDS)) {
		gw_bbr_start_down(cc, ack);
		/* Not even STARTUP made the RTT rise: the lowest came through
		 * somebody's queue. */
		b->min_rtt_doubtful = !b->rtt_rises;
	}
	gw_bbr_update_cycle(cc, ack);
	gw_bbr_update_min_rtt(cc, ack);
	gw_bbr_model_advance(b, ack);
	b->bw = gw_bbr_min(gw_bbr_max_bw(b), b->bw_shortterm);
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
		gw_bbr_save_window(cc, b->state != GW_BBR_PROBE_RTT);
		b->undo_to_state = false;
		b->undo_bw_shortterm = b->bw_shortterm;
		b->undo_inflight_shortterm = b->inflight_shortterm;
		b->undo_inflight_longterm = b->inflight_longterm;
	}
	if (!b->probe_sample ||
	    (loss->ce == 0 && !gw_bbr_is_too_high(b, loss->lost_since,
				  loss->sent_in_flight, loss->app_limited)))
		return;
	inflight = loss->ce > 0 ? loss->sent_in_flight : inflight_at_loss(loss);
	b->too_high = true;
	b->probe_sample = false;
	if (!loss->app_limited) {
		b->saturated = true;
		b->inflight_longterm =
		    gw_bbr_max(inflight, gw_bbr_target(cc) / 100 * GW_BBR_BETA);
	}
	if (b->state == GW_BBR_UP) {
		b->undo_to_state = true;
		b->undo_state = GW_BBR_UP;
		gw_bbr_start_down(cc, &(struct gw_cc_ack){ .now = loss->now,
					  .delivered = loss->delivered });
	}
}

static void
bbr_undo(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_bbr *b = &cc->u.bbr;

	gw_bbr_restore_window(cc);
	b->loss_in_round = false;
	gw_bbr_reset_full_bw(b, 0);
	b->bw_shortterm = gw_bbr_max(b->bw_shortterm, b->undo_bw_shortterm);
	b->inflight_shortterm =
	    gw_bbr_max(b->inflight_shortterm, b->undo_inflight_shortterm);
	b->inflight_longterm =
	    gw_bbr_max(b->inflight_longterm, b->undo_inflight_longterm);
	if (!b->undo_to_state)
		return;
	b->undo_to_state = false;
	if (b->undo_state == GW_BBR_STARTUP) {
		b->full_bw_reached = false;
		if (b->state != GW_BBR_STARTUP && b->state != GW_BBR_PROBE_RTT)
			gw_bbr_set_state(cc, GW_BBR_STARTUP);
	} else if (gw_bbr_in_probe_bw(b) && b->state != GW_BBR_UP) {
		gw_bbr_start_refill(cc, ack->delivered);
	}
}

static void
bbr_persistent(struct gw_cc *cc, gw_usec now)
{
	struct gw_bbr *b = &cc->u.bbr;

	(void)now;
	gw_bbr_save_window(cc, false);
	b->restore = true;
	cc->window = GW_BBR_MIN_PIPE * (uint64_t)cc->datagram;
}

static const char *
bbr_state(const struct gw_cc *cc)
{
	return gw_bbr_state_name(cc->u.bbr.state);
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
};
