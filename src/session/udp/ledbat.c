#include "session/udp/cc.h"

enum {
	MIN_DATAGRAMS = 2,
	GAIN_MAX = 16,      /* a window grows by 1/GAIN_MAX, at least */
	STARTUP_GAIN = 200, /* percent of window / RTT */
	STEADY_GAIN = 125,
	SLOW_ROUNDS = 2,
	SLOW_EVERY = 9 /* times as long as a slow-down took */
};

#define TARGET (60 * GW_MSEC)
#define TARGET_MIN (5 * GW_MSEC)
#define MINUTE (60 * GW_SEC)

static const char *const state_name[] = {
	[GW_LEDBAT_STARTUP] = "STARTUP",
	[GW_LEDBAT_WAIT] = "WAIT",
	[GW_LEDBAT_STEADY] = "STEADY",
	[GW_LEDBAT_SLOW] = "SLOW",
	[GW_LEDBAT_BACK] = "BACK",
};

static void
set_state(struct gw_cc *cc, enum gw_ledbat_state to)
{
	gw_trace(
	    cc->trace, &(struct gw_trace_event){
			   .kind = GW_TRACE_CONGESTION,
			   .congestion = { "ledbat",
			       state_name[cc->u.ledbat.state], state_name[to] },
		       });
	cc->u.ledbat.state = to;
}

static void
set_rate(struct gw_cc *cc, gw_usec rtt)
{
	const enum gw_ledbat_state state = cc->u.ledbat.state;
	const uint64_t rate = gw_rate_of(cc->window, rtt == 0 ? GW_MSEC : rtt);
	const bool fast = state == GW_LEDBAT_STARTUP || state == GW_LEDBAT_BACK;

	gw_cc_set_rate(cc, rate / 100 * (fast ? STARTUP_GAIN : STEADY_GAIN));
}

static void
ledbat_init(struct gw_cc *cc, const struct gw_cc_options *o, gw_usec now)
{
	struct gw_ledbat *l = &cc->u.ledbat;

	*l = (struct gw_ledbat){
		.state = GW_LEDBAT_STARTUP,
		.minute_start = now,
		.target = TARGET,
		.threshold = UINT64_MAX,
	};
	for (unsigned i = 0; i < GW_LEDBAT_BASE; i++)
		l->base[i] = GW_NEVER;
	for (unsigned i = 0; i < GW_LEDBAT_RECENT; i++)
		l->recent[i] = GW_NEVER;
	cc->window = MIN_DATAGRAMS * (uint64_t)cc->datagram;
	set_rate(cc, o->rtt);
}

static void
ledbat_restart(
    struct gw_cc *cc, bool app_limited, uint64_t delivered, gw_usec now)
{
	(void)cc;
	(void)app_limited;
	(void)delivered;
	(void)now;
}

/* ---- delay ---- */

static void
note_rtt(struct gw_ledbat *l, gw_usec rtt, gw_usec now)
{
	if (now - l->minute_start >= MINUTE) {
		l->minute_start = now;
		l->minute = (l->minute + 1) % GW_LEDBAT_BASE;
		l->base[l->minute] = GW_NEVER;
	}
	l->base[l->minute] = gw_usec_min(l->base[l->minute], rtt);
	l->recent[l->next] = rtt;
	l->next = (l->next + 1) % GW_LEDBAT_RECENT;
}

static gw_usec
lowest(const gw_usec *v, unsigned n)
{
	gw_usec low = GW_NEVER;

	for (unsigned i = 0; i < n; i++)
		low = gw_usec_min(low, v[i]);
	return low;
}

static gw_usec
queueing(const struct gw_ledbat *l)
{
	const gw_usec base = lowest(l->base, GW_LEDBAT_BASE);
	const gw_usec recent = lowest(l->recent, GW_LEDBAT_RECENT);

	return recent == GW_NEVER ? 0 : recent - base;
}

/* Slower than Reno where the path is short: 1/2 at 60 ms, 1/16 below 8. */
static double
gain(const struct gw_ledbat *l)
{
	const gw_usec base = lowest(l->base, GW_LEDBAT_BASE);
	const gw_usec parts =
	    base == GW_NEVER ? 1 : (2 * TARGET + base - 1) / base;

	return 1.0 / (double)(parts < GAIN_MAX ? parts : GAIN_MAX);
}

/* ---- window ---- */

static void
change(struct gw_cc *cc, double bytes)
{
	struct gw_ledbat *l = &cc->u.ledbat;
	const double least = MIN_DATAGRAMS * (double)cc->datagram;
	double window;

	l->growth += bytes;
	window = (double)cc->window + l->growth;
	if (window < least)
		window = least;
	l->growth = window - (double)(uint64_t)window;
	cc->window = (uint64_t)window;
}

static void
steady(struct gw_cc *cc, const struct gw_cc_ack *ack, gw_usec delay)
{
	struct gw_ledbat *l = &cc->u.ledbat;
	const double share = (double)ack->acked / (double)cc->window;
	double step = gain(l) * cc->datagram;

	if (delay > l->target) {
		const double over =
		    (double)(delay - l->target) / (double)l->target;

		step -= (double)cc->window * (over < 0.5 ? over : 0.5);
	} else if (!ack->window_limited) {
		return;
	}
	change(cc, step * share);
}

static void
slow_down(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_ledbat *l = &cc->u.ledbat;

	l->threshold = cc->window;
	cc->window = MIN_DATAGRAMS * (uint64_t)cc->datagram;
	l->growth = 0;
	l->slowed = ack->now;
	l->until = ack->now + SLOW_ROUNDS * ack->smoothed_rtt;
	set_state(cc, GW_LEDBAT_SLOW);
}

static void
settle(struct gw_cc *cc, gw_usec now)
{
	struct gw_ledbat *l = &cc->u.ledbat;

	l->until = now + SLOW_EVERY * (now - l->slowed);
	/* Perhaps the queue holds more than when it last overflowed. */
	l->target = gw_usec_min(l->target + l->target / 8, TARGET);
	set_state(cc, GW_LEDBAT_STEADY);
}

static void
ledbat_acked(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_ledbat *l = &cc->u.ledbat;
	gw_usec delay;

	if (ack->rtt != 0)
		note_rtt(l, ack->rtt, ack->now);
	delay = queueing(l);
	switch (l->state) {
	case GW_LEDBAT_STARTUP:
		if (ack->window_limited)
			change(cc, gain(l) * (double)ack->acked);
		if (delay > l->target * 3 / 4) {
			l->until = ack->now + SLOW_ROUNDS * ack->smoothed_rtt;
			set_state(cc, GW_LEDBAT_WAIT);
		}
		break;
	case GW_LEDBAT_WAIT:
	case GW_LEDBAT_STEADY:
		steady(cc, ack, delay);
		if (ack->now >= l->until)
			slow_down(cc, ack);
		break;
	case GW_LEDBAT_SLOW:
		if (ack->now >= l->until)
			set_state(cc, GW_LEDBAT_BACK);
		break;
	case GW_LEDBAT_BACK:
		if (ack->window_limited)
			change(cc, (double)ack->acked);
		if (cc->window >= l->threshold)
			settle(cc, ack->now);
		break;
	}
	set_rate(cc, ack->smoothed_rtt);
}

static void
ledbat_lost(struct gw_cc *cc, const struct gw_cc_loss *loss)
{
	struct gw_ledbat *l = &cc->u.ledbat;
	const gw_usec delay = queueing(l);

	if (!loss->episode)
		return;
	l->undo_window = cc->window;
	l->undo_threshold = l->threshold;
	l->undo_target = l->target;
	if (delay / 2 < l->target)
		l->target = delay / 2 > TARGET_MIN ? delay / 2 : TARGET_MIN;
	cc->window /= 2;
	if (l->threshold != UINT64_MAX)
		l->threshold /= 2;
	if (l->state == GW_LEDBAT_STARTUP) {
		l->until = loss->now;
		set_state(cc, GW_LEDBAT_WAIT);
	}
	change(cc, 0);
}

static void
ledbat_undo(struct gw_cc *cc, const struct gw_cc_ack *ack)
{
	struct gw_ledbat *l = &cc->u.ledbat;

	(void)ack;
	if (l->undo_window == 0)
		return;
	if (l->state != GW_LEDBAT_SLOW && cc->window < l->undo_window)
		cc->window = l->undo_window;
	l->threshold = l->undo_threshold;
	l->target = l->undo_target;
	l->undo_window = 0;
}

static void
ledbat_persistent(struct gw_cc *cc, gw_usec now)
{
	(void)now;
	cc->window = MIN_DATAGRAMS * (uint64_t)cc->datagram;
	cc->u.ledbat.growth = 0;
	cc->u.ledbat.undo_window = 0;
}

static const char *
ledbat_state(const struct gw_cc *cc)
{
	return state_name[cc->u.ledbat.state];
}

const struct gw_cc_ops gw_ledbat_ops = {
	.name = "ledbat",
	.init = ledbat_init,
	.restart = ledbat_restart,
	.acked = ledbat_acked,
	.lost = ledbat_lost,
	.undo = ledbat_undo,
	.persistent = ledbat_persistent,
	.state = ledbat_state,
};
