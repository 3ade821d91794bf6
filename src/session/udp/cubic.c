#include "session/udp/cc.h"

enum {
	MIN_DATAGRAMS = 2,
	SLOW_START_GAIN = 200, /* percent of window / RTT */
	STEADY_GAIN = 125
};

/* RFC 9438, 4.1, 4.3, 4.6. */
static const double C = 0.4, BETA = 0.7, ALPHA = 3 * (1 - 0.7) / (1 + 0.7);

static double
in_datagrams(const struct gw_cc *cc, uint64_t bytes)
{
	return (double)bytes / cc->datagram;
}

static uint64_t
in_bytes(const struct gw_cc *cc, double datagrams)
{
	return (uint64_t)(datagrams * cc->datagram);
}

/* Newton's; only at the start of an epoch. */
static double
cube_root(double x)
{
	double r = x > 1 ? x : 1;

	if (x <= 0)
		return 0;
	for (unsigned i = 0; i < 100; i++) {
		const double next = (2 * r + x / (r * r)) / 3;

		if (next >= r)
			break;
		r = next;
	}
	return r;
}

static void
set_rate(struct gw_cc *cc, gw_usec rtt)
{
	const bool slow_start = cc->window < cc->u.cubic.curve.threshold;
	const uint64_t rate = gw_rate_of(cc->window, rtt == 0 ? GW_MSEC : rtt);

	gw_cc_set_rate(
	    cc, rate / 100 * (slow_start ? SLOW_START_GAIN : STEADY_GAIN));
}

static void
cubic_init(struct gw_cc *cc, const struct gw_cc_options *o, gw_usec now)
{
	struct gw_cubic *c = &cc->u.cubic;

	(void)now;
	*c = (struct gw_cubic){
		.curve = { .threshold = UINT64_MAX, .epoch = GW_NEVER },
		.idle_since = GW_NEVER,
	};
	gw_hystart_init(&c->hystart);
	set_rate(cc, o->rtt);
}

static void
cubic_restart(
    struct gw_cc *cc, bool app_limited, uint64_t delivered, gw_usec now)
{
	(void)delivered;
	if (app_limited && cc->u.cubic.idle_since == GW_NEVER)
		cc->u.cubic.idle_since = now;
}

static void
start_epoch(struct gw_cc *cc, gw_usec now)
{
	struct gw_cubic_curve *v = &cc->u.cubic.curve;
	const double w = in_datagrams(cc, cc->window);

	v->epoch = now;
	v->w_est = w;
	if (w < v->w_max) {
		v->k = cube_root((v->w_max - w) / C);
	} else {
		v->w_max = w;
		v->k = 0;
	}
}

static double
w_cubic(const struct gw_cubic_curve *v, gw_usec after)
{
	const double t = (double)after / (double)GW_SEC - v->k;

	return C * t * t * t + v->w_max;
}

/* Congestion avoidance: 4.2 to 4.5. */
static void
avoid(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_cubic_curve *v = &cc->u.cubic.curve;
	const double w = in_datagrams(cc, cc->window);
	const double acked = in_datagrams(cc, ack->acked);
	gw_usec elapsed;
	double target;

	if (v->epoch == GW_NEVER)
		start_epoch(cc, ack->now);
	elapsed = ack->now - v->epoch;
	v->w_est += (v->w_est < v->prior ? ALPHA : 1) * acked / w;
	if (w_cubic(v, elapsed) < v->w_est) {
		if (v->w_est > w)
			cc->window = in_bytes(cc, v->w_est);
		return;
	}
	target = w_cubic(v, elapsed + ack->smoothed_rtt);
	if (target > 1.5 * w)
		target = 1.5 * w;
	if (target > w)
		cc->window += in_bytes(cc, (target - w) / w * acked);
}

static void
slow_start(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_cubic *c = &cc->u.cubic;
	const bool round_over = ack->rate.prior_delivered >= c->round_end;
	bool done;

	if (round_over)
		c->round_end = ack->delivered;
	if (c->started) {
		cc->window += ack->acked;
		return;
	}
	cc->window += gw_hystart_acked(
	    &c->hystart, ack->acked, ack->rtt, round_over, &done);
	if (done) {
		c->started = true;
		c->curve.threshold = cc->window;
		gw_trace(cc->trace,
		    &(struct gw_trace_event){
			.kind = GW_TRACE_CONGESTION,
			.congestion = { "cubic", "SLOW_START", "AVOIDANCE" },
		    });
	}
}

/* What was not used does not make the window grow, nor time pass (5.8). */
static bool
is_used(struct gw_cubic *c, const struct gw_cc_ack *ack)
{
	if (!ack->window_limited) {
		if (c->idle_since == GW_NEVER)
			c->idle_since = ack->now;
		return false;
	}
	if (c->idle_since != GW_NEVER) {
		if (c->curve.epoch != GW_NEVER)
			c->curve.epoch += ack->now - c->idle_since;
		c->idle_since = GW_NEVER;
	}
	return true;
}

static void
cubic_acked(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_cubic *c = &cc->u.cubic;

	if (c->recovering && !ack->recovering) {
		c->recovering = false;
		cc->window = c->curve.threshold;
	}
	if (c->recovering) {
		cc->window = gw_prr_acked(&c->prr,
		    &(struct gw_prr_ack){ .acked = ack->acked,
			.sent = ack->sent,
			.in_flight = ack->in_flight,
			.lost = c->lost,
			.datagram = cc->datagram },
		    c->curve.threshold);
		c->lost = false;
	} else if (is_used(c, ack)) {
		if (cc->window < c->curve.threshold)
			slow_start(cc, ack);
		else
			avoid(cc, ack);
	}
	set_rate(cc, ack->smoothed_rtt);
}

/* 4.6 and 4.7. */
static void
decrease(struct gw_cc *cc)
{
	struct gw_cubic_curve *v = &cc->u.cubic.curve;
	const double w = in_datagrams(cc, cc->window);
	const double least = MIN_DATAGRAMS;

	v->prior = w;
	v->w_max = w < v->w_max ? w * (1 + BETA) / 2 : w;
	v->threshold = in_bytes(cc, w * BETA > least ? w * BETA : least);
	v->epoch = GW_NEVER;
	cc->u.cubic.started = true;
}

static void
trace_window(const struct gw_cc *cc, uint64_t was, uint64_t is)
{
	gw_trace(cc->trace, &(struct gw_trace_event){
				.kind = GW_TRACE_WINDOW,
				.window = { "cubic", was, is },
			    });
}

static void
cubic_lost(struct gw_cc *cc, const struct gw_cc_loss *loss)
{
	struct gw_cubic *c = &cc->u.cubic;

	c->lost = true;
	if (!loss->episode)
		return;
	c->undo_curve = c->curve;
	c->undo_window = cc->window;
	decrease(cc);
	c->recovering = true;
	gw_prr_begin(&c->prr, loss->in_flight + loss->bytes);
	trace_window(cc, cc->window, c->curve.threshold);
}

static void
cubic_undo(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_cubic *c = &cc->u.cubic;
	const uint64_t was = cc->window;

	(void)ack;
	if (c->undo_window == 0)
		return;
	if (cc->window < c->undo_window || c->recovering)
		cc->window = c->undo_window;
	c->curve = c->undo_curve;
	c->recovering = false;
	c->undo_window = 0;
	trace_window(cc, was, cc->window);
}

static void
cubic_persistent(struct gw_cc *cc, gw_usec now)
{
	struct gw_cubic *c = &cc->u.cubic;

	(void)now;
	cc->window = MIN_DATAGRAMS * (uint64_t)cc->datagram;
	c->curve.epoch = GW_NEVER;
	c->recovering = false;
	c->undo_window = 0;
}

static const char *
cubic_state(const struct gw_cc *cc)
{
	if (cc->u.cubic.recovering)
		return "RECOVERY";
	return cc->window < cc->u.cubic.curve.threshold ? "SLOW_START"
							: "AVOIDANCE";
}

const struct gw_cc_ops gw_cubic_ops = {
	.name = "cubic",
	.init = cubic_init,
	.restart = cubic_restart,
	.acked = cubic_acked,
	.lost = cubic_lost,
	.undo = cubic_undo,
	.persistent = cubic_persistent,
	.state = cubic_state,
};
