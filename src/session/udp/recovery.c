#include "session/udp/recovery_private.h"

#include <string.h>

#include "base/assert.h"

enum { FORGET_PTOS = 3 };

#define LAN_RTT GW_MSEC

enum gw_err
gw_recovery_init(
    struct gw_recovery *r, const struct gw_recovery_options *o, gw_usec now)
{
	struct gw_sent sent;
	enum gw_err err;

	GW_ASSERT(o->datagram > 0);
	if ((err = gw_sent_init(&sent)) != GW_OK)
		return err;
	memset(r, 0, sizeof(*r));
	r->options = *o;
	r->sent = sent;
	r->datagram = o->datagram;
	r->thin = 1;
	r->asked = (struct gw_ack_frequency){ 2, GW_ACK_DELAY, 1 };
	gw_ecn_init(&r->ecn, o->no_ecn);
	gw_loss_init(&r->loss);
	gw_rtt_init(&r->rtt, GW_ACK_DELAY);
	if (o->rtt != 0)
		gw_rtt_sample(&r->rtt, o->rtt, 0, now);
	gw_rate_init(&r->rate, now);
	gw_cc_init(&r->cc,
	    &(struct gw_cc_options){ .congestion = o->congestion,
		.datagram = o->datagram,
		.seed = o->seed,
		.rtt = o->rtt,
		.trace = o->trace },
	    now);
	gw_pacer_init(&r->pacer, r->cc.rate, r->cc.quantum, now);
	return GW_OK;
}

void
gw_recovery_fini(struct gw_recovery *r)
{
	gw_sent_fini(&r->sent);
}

void
gw_recovery_forget(struct gw_recovery *r, gw_usec now)
{
	const gw_usec wait = FORGET_PTOS * gw_rtt_pto(&r->rtt);

	gw_sent_forget(&r->sent, now > wait ? now - wait : 0);
}

/* ---- sending ---- */

bool
gw_recovery_is_lan(const struct gw_recovery *r)
{
	return gw_rtt_known(&r->rtt) && r->rtt.min < LAN_RTT;
}

/* What the window leaves; 0 where that is less than a datagram. */
static uint64_t
room(const struct gw_recovery *r)
{
	const uint64_t window = r->cc.window;
	uint64_t left;

	if (gw_sent_full(&r->sent))
		return 0;
	left = window > r->sent.in_flight ? window - r->sent.in_flight : 0;
	if (r->sent.in_flight == 0 && left < r->datagram)
		return r->datagram;
	return left < r->datagram ? 0 : left;
}

/* Until the pacer has so much, nothing goes: short trains cost the same. */
static uint64_t
worth(const struct gw_recovery *r, uint64_t left)
{
	return left < r->cc.quantum ? left : r->cc.quantum;
}

uint64_t
gw_recovery_budget(const struct gw_recovery *r, gw_usec now)
{
	const uint64_t left = room(r);
	uint64_t paced;

	if (left == 0)
		return 0;
	if (gw_recovery_is_lan(r))
		return left < GW_PACER_BURST_MAX ? left : GW_PACER_BURST_MAX;
	paced = gw_pacer_budget(&r->pacer, now);
	if (paced < worth(r, left))
		return 0;
	return left < paced ? left : paced;
}

gw_usec
gw_recovery_send_at(const struct gw_recovery *r, gw_usec now)
{
	const uint64_t left = room(r);

	if (left == 0)
		return GW_NEVER;
	return gw_recovery_is_lan(r)
		   ? now
		   : gw_pacer_at(&r->pacer, worth(r, left), now);
}

void
gw_recovery_withdraw(struct gw_recovery *r, uint64_t number)
{
	const struct gw_sent_entry *e;

	if (number < r->sent.base || number >= r->sent.end)
		return;
	e = gw_sent_at(&r->sent, number);
	if (e->state != GW_SENT_OUT)
		return;
	gw_pacer_unsent(&r->pacer, e->bytes);
	gw_sent_lost(&r->sent, number);
}

bool
gw_recovery_ect(const struct gw_recovery *r)
{
	return gw_ecn_mark(&r->ecn);
}

static enum gw_err
add(struct gw_recovery *r, const struct gw_sent_packet *p, gw_usec now)
{
	const struct gw_train *last = gw_sent_last_train(&r->sent);
	const bool starts = p->eliciting && r->sent.eliciting == 0;
	struct gw_rate rate = r->rate;
	struct gw_train train;
	enum gw_err err;

	if (!starts && last != NULL && !r->acked_since_train &&
	    last->sent == now && last->app_limited == (rate.app_limited != 0))
		return gw_sent_add(&r->sent, p, NULL);
	gw_rate_train(&rate, starts, now, &train);
	if ((err = gw_sent_add(&r->sent, p, &train)) != GW_OK)
		return err;
	r->rate = rate;
	r->acked_since_train = false;
	return GW_OK;
}

enum gw_err
gw_recovery_sent(
    struct gw_recovery *r, const struct gw_sent_packet *p, gw_usec now)
{
	const bool idle = r->sent.eliciting == 0;
	enum gw_err err;

	if ((err = add(r, p, now)) != GW_OK)
		return err;
	r->n_sent.packets++;
	r->n_sent.bytes += p->bytes;
	if (p->ect)
		gw_ecn_sent(&r->ecn);
	if (!p->eliciting) {
		gw_recovery_forget(r, now);
		return GW_OK;
	}
	gw_sent_last_train(&r->sent)->in_flight = r->sent.in_flight;
	gw_loss_sent(&r->loss, now);
	if (idle) {
		r->cc.ops->restart(
		    &r->cc, r->rate.app_limited != 0, r->rate.delivered, now);
		gw_pacer_set(&r->pacer, r->cc.rate, r->cc.quantum, now);
	}
	gw_pacer_sent(&r->pacer, p->bytes, now);
	r->sent_since_ack += p->bytes;
	if (r->sent.in_flight + r->datagram > r->cc.window)
		r->limited_end = r->sent.end;
	return GW_OK;
}

void
gw_recovery_app_limited(struct gw_recovery *r)
{
	if (room(r) > 0)
		gw_rate_app_limited(&r->rate, r->sent.in_flight);
}

/* ---- time ---- */

void
gw_recovery_tick(struct gw_recovery *r, gw_usec now)
{
	if (now < gw_recovery_deadline(r))
		return;
	if (r->loss.loss_time != GW_NEVER) {
		gw_trace(
		    r->options.trace, &(struct gw_trace_event){
					  .kind = GW_TRACE_TIMER,
					  .timer = { GW_TRACE_TIMER_LOSS, 1 },
				      });
		gw_recovery_look_for_loss(r, 0, now);
		gw_pacer_set(&r->pacer, r->cc.rate, r->cc.quantum, now);
		return;
	}
	gw_loss_pto(&r->loss);
	r->n_ptos++;
	gw_trace(r->options.trace,
	    &(struct gw_trace_event){
		.kind = GW_TRACE_TIMER,
		.timer = { GW_TRACE_TIMER_PROBE, r->loss.pto_count },
	    });
}

gw_usec
gw_recovery_deadline(const struct gw_recovery *r)
{
	return gw_loss_deadline(&r->loss, &r->sent, &r->rtt);
}

bool
gw_recovery_fate(struct gw_recovery *r, struct gw_fate *out)
{
	return gw_sent_fate(&r->sent, out);
}

unsigned
gw_recovery_probes(const struct gw_recovery *r)
{
	return r->loss.probes;
}

bool
gw_recovery_oldest(const struct gw_recovery *r, struct gw_sent_content *out)
{
	for (uint64_t n = r->sent.oldest; n < r->sent.end; n++) {
		const struct gw_sent_entry *e = gw_sent_at(&r->sent, n);

		if (e->state == GW_SENT_OUT &&
		    (e->flags & GW_SENT_ELICITING) != 0) {
			*out = e->content;
			return true;
		}
	}
	return false;
}

/* ---- what else changes ---- */

void
gw_recovery_new_path(struct gw_recovery *r, bool whole, gw_usec now)
{
	const bool ending = r->loss.ending;

	r->loss.pto_count = 0;
	if (!whole)
		return;
	gw_sent_leave_path(&r->sent);
	gw_loss_init(&r->loss);
	r->loss.ending = ending;
	gw_rtt_init(&r->rtt, r->rtt.max_ack_delay);
	gw_rate_init(&r->rate, now);
	gw_ecn_new_path(&r->ecn);
	gw_cc_init(&r->cc,
	    &(struct gw_cc_options){ .congestion = r->options.congestion,
		.datagram = r->datagram,
		.seed = r->options.seed + r->sent.end,
		.trace = r->options.trace },
	    now);
	gw_pacer_init(&r->pacer, r->cc.rate, r->cc.quantum, now);
	r->acked_since_train = true;
	r->limited_end = 0;
	r->sent_since_ack = 0;
	r->delivery_rate = 0;
}

void
gw_recovery_ending(struct gw_recovery *r)
{
	r->loss.ending = true;
}

void
gw_recovery_datagram(struct gw_recovery *r, uint32_t bytes, gw_usec now)
{
	if (bytes == r->datagram)
		return;
	r->datagram = bytes;
	gw_cc_datagram(&r->cc, bytes);
	gw_pacer_set(&r->pacer, r->cc.rate, r->cc.quantum, now);
}

struct gw_recovery_stats
gw_recovery_stats(const struct gw_recovery *r)
{
	return (struct gw_recovery_stats){
		.srtt = r->rtt.smoothed,
		.rttvar = r->rtt.variance,
		.min_rtt = r->rtt.min,
		.pto = gw_rtt_pto(&r->rtt),
		.window = r->cc.window,
		.in_flight = r->sent.in_flight,
		.pacing_rate = r->cc.rate,
		.delivery_rate = r->delivery_rate,
		.quantum = r->cc.quantum,
		.sent = r->n_sent,
		.acked = r->n_acked,
		.lost = r->n_lost,
		.spurious = r->n_spurious,
		.persistent = r->n_persistent,
		.ptos = r->n_ptos,
		.ce = r->n_ce,
		.lan = gw_recovery_is_lan(r),
		.congestion = r->cc.ops->name,
		.state = r->cc.ops->state(&r->cc),
	};
}
