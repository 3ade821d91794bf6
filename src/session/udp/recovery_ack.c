/* An ACK: what it tells, and whom. */
#include "session/udp/recovery_private.h"

#include <string.h>

enum {
	TRACE_EVERY = 1000, /* us */
	SILENCE_RTTS = 3
};

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
	bool undo, silence;
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
			gw_trace(r->options.trace, &(struct gw_trace_event){
						       .kind = GW_TRACE_FOUND,
						       .found = n,
						   });
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

/* None came for as long as the first probe would wait for one.  (What it waits
 * by now may be much more: one such silence makes the RTT vary.) */
static bool
is_after_silence(const struct gw_recovery *r, gw_usec now)
{
	return gw_rtt_known(&r->rtt) &&
	       now - r->rate.delivered_time >
		   SILENCE_RTTS * r->rtt.min + r->rtt.max_ack_delay;
}

static uint64_t
held_back(const struct gw_recovery *r)
{
	const uint64_t by_count = r->asked.threshold * (uint64_t)r->datagram;
	const uint64_t by_time =
	    gw_rate_bytes(r->delivery_rate, r->asked.max_delay);

	return by_count < by_time ? by_count : by_time;
}

static void
trace_ecn(const struct gw_recovery *r, enum gw_ecn_state was)
{
	static const char *const names[] = {
		[GW_ECN_TESTING] = "testing",
		[GW_ECN_CAPABLE] = "capable",
		[GW_ECN_FAILED] = "failed",
	};

	if (r->ecn.state != was)
		gw_trace(r->options.trace, &(struct gw_trace_event){
					       .kind = GW_TRACE_ECN,
					       .ecn = names[r->ecn.state],
					   });
}

/* Tell the controller what is lost, or marked. */
void
gw_recovery_look_for_loss(struct gw_recovery *r, uint64_t ce, gw_usec now)
{
	const enum gw_ecn_state ecn = r->ecn.state;
	struct gw_cc_loss loss = { .now = now, .ce = ce };
	struct gw_loss_found found;
	const struct gw_train *train;

	gw_loss_detect(&r->loss, &r->sent, &r->rtt, now, &found);
	gw_ecn_lost(&r->ecn, found.marked);
	trace_ecn(r, ecn);
	r->n_lost.packets += found.packets;
	r->n_lost.bytes += found.bytes;
	r->rate.lost += found.bytes;
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
		gw_trace(r->options.trace,
		    &(struct gw_trace_event){ .kind = GW_TRACE_PERSISTENT });
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
		.silence = news->silence,
	};

	gw_rate_acked(
	    &r->rate, news->sent.bytes, train, r->rtt.min, now, &ack.rate);
	ack.rtt += ack.rtt == 0;
	ack.delivered = r->rate.delivered;
	if (ack.rate.rate != 0)
		r->delivery_rate = ack.rate.rate;
	r->sent_since_ack = 0;
	if (news->undo) {
		gw_trace(r->options.trace,
		    &(struct gw_trace_event){ .kind = GW_TRACE_UNDONE });
		r->cc.ops->undo(&r->cc, &ack);
	}
	r->cc.ops->acked(&r->cc, &ack);
	if (r->cc.holding)
		gw_rate_app_limited(&r->rate, r->sent.in_flight);
}

/* Not more often than is worth reading. */
static void
trace_metrics(struct gw_recovery *r, gw_usec now)
{
	if (r->options.trace == NULL || now < r->traced + TRACE_EVERY)
		return;
	r->traced = now;
	gw_trace(r->options.trace,
	    &(struct gw_trace_event){
		.kind = GW_TRACE_METRICS,
		.metrics = {
		    .srtt = r->rtt.smoothed,
		    .latest_rtt = r->rtt.latest,
		    .min_rtt = r->rtt.min,
		    .rttvar = r->rtt.variance,
		    .window = r->cc.window,
		    .in_flight = r->sent.in_flight,
		    .pacing_rate = r->cc.rate,
		    .delivery_rate = r->delivery_rate,
		},
	    });
}

bool
gw_recovery_acked(struct gw_recovery *r, const struct gw_ack *ack, gw_usec now)
{
	const enum gw_ecn_state ecn = r->ecn.state;
	struct news news = { .sent = GW_SENT_NEWS_INIT };
	uint64_t ce = 0;
	bool newer;

	if (!is_honest(r, ack))
		return false;
	newer = ack->v[0].last >= r->loss.acked_end;
	news.silence = is_after_silence(r, now);
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
	trace_ecn(r, ecn);
	r->n_ce += ce;
	gw_recovery_look_for_loss(r, ce, now);
	if (news.sent.newest_eliciting != GW_SENT_NONE)
		tell_acked(r, &news, now);
	gw_pacer_set(&r->pacer, r->cc.rate, r->cc.quantum, now);
	gw_recovery_forget(r, now);
	trace_metrics(r, now);
	return true;
}
