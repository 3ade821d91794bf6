#include "session/udp/recovery.h"

#include <string.h>

#include "base/assert.h"

enum {
	ACK_DELAY_MAX = 25000, /* us; what we ever ask for */
	FORGET_PTOS = 3,
	LAN_DATAGRAMS = 64 /* in flight there, at least */
};

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
	r->peer_buffer = UINT64_MAX;
	r->asked = (struct gw_ack_frequency){ 2, ACK_DELAY_MAX, 1 };
	gw_ecn_init(&r->ecn, o->no_ecn);
	gw_loss_init(&r->loss);
	gw_rtt_init(&r->rtt, ACK_DELAY_MAX);
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

/* ---- sending ---- */

static bool
is_lan(const struct gw_recovery *r)
{
	return gw_rtt_known(&r->rtt) && r->rtt.min < LAN_RTT;
}

/* What the window leaves; 0 where that is less than a datagram. */
static uint64_t
room(const struct gw_recovery *r)
{
	uint64_t window = r->cc.window, left;

	if (gw_sent_full(&r->sent))
		return 0;
	if (is_lan(r)) {
		/* Hosts, not the path, are what takes time here. */
		const uint64_t hosts = gw_rate_bytes(r->delivery_rate, LAN_RTT);
		const uint64_t least = LAN_DATAGRAMS * (uint64_t)r->datagram;

		window = window > hosts ? window : hosts;
		window = window > least ? window : least;
		window = window < r->peer_buffer ? window : r->peer_buffer;
	}
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
	if (is_lan(r))
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
	return is_lan(r) ? now : gw_pacer_at(&r->pacer, worth(r, left), now);
}

bool
gw_recovery_ect(const struct gw_recovery *r)
{
	/* Perhaps the path loses what is marked: then nothing tells so. */
	if (r->ecn.state == GW_ECN_TESTING && r->loss.pto_count > 0)
		return false;
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
	    last->sent == now &&
	    last->app_limited == (rate.app_limited != 0))
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
		gw_sent_forget(&r->sent,
		    now - gw_usec_min(now, FORGET_PTOS * gw_rtt_pto(&r->rtt)));
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
	gw_rate_app_limited(&r->rate, r->sent.in_flight);
}

/* ---- ACKs ---- */

/* Of packets that were sent, in order, as the decoder gives them. */
static bool
is_honest(const struct gw_recovery *r, const struct gw_ack *ack)
{
	uint64_t end = r->sent.end;

	if (ack->count == 0 || ack->count > GW_ACK_RANGES)
		return false;
	for (unsigned i = 0; i < ack->count; i++) {
		const struct gw_ack_range *a = &ack->v[i];

		if (a->last >= end || a->first > a->last ||
		    gw_sent_hits_gap(&r->sent, a->first, a->last))
			return false;
		end = a->first;
	}
	return true;
}

struct news {
	struct gw_sent_news sent;
	uint64_t late;
	bool undo;
};

static void
take(struct gw_recovery *r, uint64_t first, uint64_t last, gw_usec now,
    struct news *news)
{
	uint64_t n = first > r->sent.base ? first : r->sent.base;

	while (n <= last &&
	       (n = gw_sent_acked(&r->sent, n, last, &news->sent)) <= last) {
		const struct gw_sent_entry *e = gw_sent_at(&r->sent, n);

		news->undo |= gw_loss_late(&r->loss, &r->sent, n, &r->rtt, now);
		if ((e->flags & GW_SENT_ELICITING) != 0) {
			r->n_spurious.packets++;
			r->n_spurious.bytes += e->bytes;
			if ((e->flags & GW_SENT_ELSEWHERE) == 0)
				news->late += e->bytes;
		}
		gw_sent_found(&r->sent, n++, &news->sent);
	}
}

/* One ACK repeats most of the one before: only what is in it and was not in
 * that one is looked at. */
static void
take_ranges(struct gw_recovery *r, const struct gw_ack *ack, gw_usec now,
    struct news *news)
{
	unsigned j = 0;

	for (unsigned i = 0; i < ack->count; i++) {
		uint64_t last = ack->v[i].last;
		const uint64_t first = ack->v[i].first;

		if (last < r->sent.base)
			break;
		while (j < r->last_count && r->last[j].first > last)
			j++;
		/* Known ranges within this one, from above. */
		for (;; j++) {
			const struct gw_ack_range *known = &r->last[j];

			if (j == r->last_count || known->last < first) {
				take(r, first, last, now, news);
				break;
			}
			if (known->last < last)
				take(r, known->last + 1, last, now, news);
			if (known->first <= first)
				break;
			last = known->first - 1;
		}
	}
	if (r->last_count > 0 && r->last[0].last > ack->v[0].last)
		return;
	memcpy(r->last, ack->v, ack->count * sizeof(*r->last));
	r->last_count = ack->count;
}

static uint64_t
held_back(const struct gw_recovery *r)
{
	const uint64_t by_count = r->asked.threshold * (uint64_t)r->datagram;
	const uint64_t by_time =
	    gw_rate_bytes(r->delivery_rate, r->asked.max_delay);

	return by_count < by_time ? by_count : by_time;
}

/* Tell the controller what is lost, or marked. */
static void
look_for_loss(struct gw_recovery *r, uint64_t ce, gw_usec now)
{
	struct gw_cc_loss loss = { .now = now, .ce = ce };
	struct gw_loss_found found;
	const struct gw_train *train;

	gw_loss_detect(&r->loss, &r->sent, &r->rtt, now, &found);
	gw_ecn_lost(&r->ecn, found.marked);
	r->n_lost.packets += found.packets;
	r->n_lost.bytes += found.bytes;
	r->rate.lost += found.bytes;
	if (found.packets > 0)
		gw_trace(r->options.trace, "lost %llu packets of %llu bytes",
		    (unsigned long long)found.packets,
		    (unsigned long long)found.bytes);
	if (found.packets == 0 && ce == 0)
		return;
	train = found.packets > 0 ? gw_sent_train(&r->sent,
					gw_sent_at(&r->sent, found.newest))
				  : gw_sent_last_train(&r->sent);
	loss.bytes = found.bytes;
	loss.ranges = found.ranges;
	loss.in_flight = r->sent.in_flight;
	loss.delivered = r->rate.delivered;
	loss.lost = r->rate.lost;
	loss.sent_in_flight = train->in_flight;
	loss.lost_since =
	    r->rate.lost > train->lost ? r->rate.lost - train->lost : 0;
	loss.app_limited = train->app_limited;
	loss.episode = found.episode;
	if (ce > 0)
		loss.episode |= gw_loss_begin(&r->loss, &r->sent);
	r->cc.ops->lost(&r->cc, &loss);
	if (found.persistent) {
		r->n_persistent++;
		gw_trace(r->options.trace, "persistent congestion");
		r->cc.ops->persistent(&r->cc, now);
	}
}

static void
sample_rtt(struct gw_recovery *r, const struct gw_ack *ack,
    const struct news *news, gw_usec now)
{
	const struct gw_sent_entry *e = gw_sent_at(&r->sent, news->sent.newest);

	/* The newest of them is the one that made the peer answer now. */
	if (news->sent.newest_eliciting == GW_SENT_NONE ||
	    news->sent.newest != ack->v[0].last ||
	    (e->flags & GW_SENT_ELSEWHERE) != 0)
		return;
	gw_rtt_sample(
	    &r->rtt, now - gw_sent_train(&r->sent, e)->sent, ack->delay, now);
}

static void
tell_acked(struct gw_recovery *r, const struct news *news, gw_usec now)
{
	const uint64_t newest = news->sent.newest_eliciting;
	const struct gw_train *train =
	    gw_sent_train(&r->sent, gw_sent_at(&r->sent, newest));
	struct gw_cc_ack ack = {
		.now = now,
		.acked = news->sent.bytes,
		.sent = r->sent_since_ack,
		.in_flight = r->sent.in_flight,
		.rtt = now - train->sent,
		.min_rtt = r->rtt.min,
		.smoothed_rtt = r->rtt.smoothed,
		.lost = r->rate.lost,
		.held_back = held_back(r),
		.window_limited = newest < r->limited_end,
		.recovering = r->loss.recovering,
	};

	gw_rate_acked(
	    &r->rate, news->sent.bytes, train, r->rtt.min, now, &ack.rate);
	ack.rtt += ack.rtt == 0;
	ack.delivered = r->rate.delivered;
	if (ack.rate.rate != 0)
		r->delivery_rate = ack.rate.rate;
	r->sent_since_ack = 0;
	if (news->undo) {
		gw_trace(r->options.trace, "loss undone");
		r->cc.ops->undo(&r->cc, &ack);
	}
	r->cc.ops->acked(&r->cc, &ack);
	if (r->cc.holding)
		gw_rate_app_limited(&r->rate, r->sent.in_flight);
}

bool
gw_recovery_acked(struct gw_recovery *r, const struct gw_ack *ack, gw_usec now)
{
	struct news news = { .sent = GW_SENT_NEWS_INIT };
	uint64_t ce = 0;
	bool newer;

	if (!is_honest(r, ack))
		return false;
	newer = ack->v[0].last >= r->loss.acked_end;
	take_ranges(r, ack, now, &news);
	if (news.sent.packets == 0)
		return true;
	r->acked_since_train = true;
	r->n_acked.packets += news.sent.packets;
	r->n_acked.bytes += news.sent.bytes;
	r->rate.lost -= news.late < r->rate.lost ? news.late : r->rate.lost;
	if (news.sent.oldest != GW_SENT_NONE) {
		sample_rtt(r, ack, &news, now);
		gw_loss_acked(&r->loss, news.sent.oldest, news.sent.newest);
	}
	if (newer)
		ce = gw_ecn_acked(&r->ecn, ack, news.sent.marked);
	r->n_ce += ce;
	look_for_loss(r, ce, now);
	if (news.sent.newest_eliciting != GW_SENT_NONE)
		tell_acked(r, &news, now);
	gw_pacer_set(&r->pacer, r->cc.rate, r->cc.quantum, now);
	gw_sent_forget(&r->sent,
	    now - gw_usec_min(now, FORGET_PTOS * gw_rtt_pto(&r->rtt)));
	return true;
}

/* ---- time ---- */

void
gw_recovery_tick(struct gw_recovery *r, gw_usec now)
{
	if (now < gw_recovery_deadline(r))
		return;
	if (r->loss.loss_time != GW_NEVER) {
		look_for_loss(r, 0, now);
		gw_pacer_set(&r->pacer, r->cc.rate, r->cc.quantum, now);
		return;
	}
	gw_loss_pto(&r->loss);
	r->n_ptos++;
	gw_trace(r->options.trace, "pto %u", r->loss.pto_count);
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
	r->loss.pto_count = 0;
	if (!whole)
		return;
	gw_sent_leave_path(&r->sent);
	gw_loss_init(&r->loss);
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
gw_recovery_datagram(struct gw_recovery *r, uint32_t bytes, gw_usec now)
{
	if (r->datagram == bytes)
		return;
	r->datagram = bytes;
	gw_cc_datagram(&r->cc, bytes);
	gw_pacer_set(&r->pacer, r->cc.rate, r->cc.quantum, now);
}

void
gw_recovery_peer_buffer(struct gw_recovery *r, uint64_t bytes)
{
	r->peer_buffer = bytes;
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
		.lan = is_lan(r),
		.congestion = r->cc.ops->name,
		.state = r->cc.ops->state(&r->cc),
	};
}
