#include "session/udp/loss.h"

#include "base/assert.h"

enum {
	WINDOW_PARTS = 4, /* of the lowest RTT */
	CALM_EPISODES = 16,
	PACKET_THRESHOLD = 3,
	PROBES = 2,
	PERSISTENT_PTOS = 3,
	BACKOFF_MAX = 10
};

/* However far it has backed off: a link that is back is used again soon. */
#define PTO_MAX GW_SEC

void
gw_loss_init(struct gw_loss *l)
{
	*l = (struct gw_loss){ .window_steps = 1, .loss_time = GW_NEVER };
}

void
gw_loss_sent(struct gw_loss *l, gw_usec now)
{
	l->last_sent = now;
	if (l->probes > 0)
		l->probes--;
}

void
gw_loss_acked(struct gw_loss *l, uint64_t oldest, uint64_t newest)
{
	if (oldest + 1 < l->acked_end)
		l->reordering = true;
	if (newest >= l->acked_end)
		l->acked_end = newest + 1;
	if (newest >= l->episode_end)
		l->recovering = false;
	l->pto_count = 0;
	l->probes = 0;
}

static gw_usec
window(const struct gw_loss *l, const struct gw_rtt *rtt)
{
	return gw_usec_min(
	    l->window_steps * (rtt->min / WINDOW_PARTS), rtt->smoothed);
}

static void
grow_window(struct gw_loss *l, const struct gw_rtt *rtt, gw_usec now)
{
	l->reordering = true;
	l->calm = 0;
	/* Packets late together are one proof. */
	if (l->window_grown != 0 && now - l->window_grown < rtt->smoothed)
		return;
	l->window_grown = now;
	if (window(l, rtt) < rtt->smoothed)
		l->window_steps++;
}

bool
gw_loss_late(struct gw_loss *l, const struct gw_sent *s, uint64_t number,
    const struct gw_rtt *rtt, gw_usec now)
{
	const struct gw_sent_entry *e = gw_sent_at(s, number);

	if ((e->flags & GW_SENT_ELSEWHERE) != 0)
		return false;
	grow_window(l, rtt, now);
	l->run = false;
	if ((e->flags & GW_SENT_ELICITING) == 0 ||
	    (e->flags & GW_SENT_MTU_PROBE) != 0 || l->episode_lost == 0 ||
	    number < l->episode_first || number >= l->episode_end)
		return false;
	if (++l->episode_late < l->episode_lost)
		return false;
	l->episode_lost = l->episode_late = 0;
	l->recovering = false;
	return true;
}

static void
begin(struct gw_loss *l, const struct gw_sent *s, uint64_t first)
{
	if (++l->calm >= CALM_EPISODES) {
		l->calm = 0;
		l->window_steps = 1;
	}
	l->recovering = true;
	l->episode_first = first;
	l->episode_end = s->end;
	l->episode_lost = l->episode_late = 0;
}

bool
gw_loss_begin(struct gw_loss *l, const struct gw_sent *s)
{
	if (l->recovering)
		return false;
	begin(l, s, s->end);
	return true;
}

/* An eliciting packet of this path is lost. */
static void
note_lost(struct gw_loss *l, const struct gw_sent *s, uint64_t number,
    const struct gw_rtt *rtt, struct gw_loss_found *found)
{
	const struct gw_sent_entry *e = gw_sent_at(s, number);
	const gw_usec sent = gw_sent_train(s, e)->sent;

	if (number >= l->episode_end) {
		begin(l, s, number);
		found->episode = true;
	}
	l->episode_lost++;
	if (found->packets == 0 || number != found->newest + 1)
		found->ranges++;
	found->packets++;
	found->bytes += e->bytes;
	found->newest = number;
	if (!l->run) {
		l->run = true;
		l->run_since = sent;
	} else if (gw_rtt_known(rtt) &&
		   sent - l->run_since > PERSISTENT_PTOS * gw_rtt_pto(rtt)) {
		found->persistent = true;
		l->run = false;
	}
}

gw_usec
gw_loss_delay(const struct gw_loss *l, const struct gw_rtt *rtt)
{
	/* The smoothed RTT too: one fast packet proves nothing about the
	 * others. */
	const gw_usec round =
	    rtt->latest > rtt->smoothed ? rtt->latest : rtt->smoothed;

	return round + window(l, rtt);
}

void
gw_loss_detect(struct gw_loss *l, struct gw_sent *s, const struct gw_rtt *rtt,
    gw_usec now, struct gw_loss_found *found)
{
	const gw_usec delay = gw_loss_delay(l, rtt);
	uint64_t n = s->oldest;

	*found = (struct gw_loss_found){ 0 };
	l->loss_time = GW_NEVER;
	for (; n + 1 < l->acked_end; n++) {
		const struct gw_sent_entry *e = gw_sent_at(s, n);
		gw_usec sent;

		if (e->state == GW_SENT_ACKED)
			l->run = false;
		if (e->state != GW_SENT_OUT)
			continue;
		sent = gw_sent_train(s, e)->sent;
		if (sent + delay > now &&
		    (l->reordering ||
			l->acked_end - 1 - n < PACKET_THRESHOLD)) {
			l->loss_time = sent + delay;
			break;
		}
		gw_sent_lost(s, n);
		if ((e->flags & GW_SENT_ECT) != 0)
			found->marked++;
		if ((e->flags & (GW_SENT_ELICITING | GW_SENT_MTU_PROBE)) ==
		    GW_SENT_ELICITING)
			note_lost(l, s, n, rtt, found);
	}
	s->oldest = n;
}

gw_usec
gw_loss_deadline(
    const struct gw_loss *l, const struct gw_sent *s, const struct gw_rtt *rtt)
{
	const unsigned count =
	    l->pto_count > 0 && l->ending ? l->pto_count - 1 : l->pto_count;
	const unsigned backoff = count < BACKOFF_MAX ? count : BACKOFF_MAX;
	const gw_usec pto = gw_rtt_pto(rtt);
	gw_usec wait = pto << backoff;

	if (s->eliciting == 0)
		return GW_NEVER;
	if (l->loss_time != GW_NEVER)
		return l->loss_time;
	if (wait > PTO_MAX)
		wait = pto > PTO_MAX ? pto : PTO_MAX;
	return l->last_sent + wait;
}

void
gw_loss_pto(struct gw_loss *l)
{
	l->pto_count++;
	l->probes = PROBES;
}
