#include "run/rate.h"

enum { BURST_MIN = 128 * 1024 };

static int64_t
burst(const struct gw_bucket *b)
{
	uint64_t n = b->rate / 50;

	return n < BURST_MIN ? BURST_MIN : (int64_t)n;
}

void
gw_bucket_init(struct gw_bucket *b, uint64_t rate, gw_usec now)
{
	b->rate = rate;
	b->tokens = 0;
	b->at = now;
}

static void
refill(struct gw_bucket *b, gw_usec now)
{
	double more = (double)b->rate * (double)(now - b->at) / 1e6;
	int64_t most = burst(b);

	if (more < 1)
		return; /* keep the fraction for later */
	b->at = now;
	if (more >= (double)(most - b->tokens))
		b->tokens = most;
	else
		b->tokens += (int64_t)more;
}

uint64_t
gw_bucket_allows(struct gw_bucket *b, gw_usec now)
{
	if (b->rate == 0)
		return UINT64_MAX;
	refill(b, now);
	return b->tokens > 0 ? (uint64_t)b->tokens : 0;
}

void
gw_bucket_took(struct gw_bucket *b, uint64_t bytes)
{
	if (b->rate != 0)
		b->tokens -= (int64_t)bytes;
}

gw_usec
gw_bucket_ready(const struct gw_bucket *b, gw_usec now)
{
	double wait;

	if (b->rate == 0 || b->tokens > 0)
		return now;
	/* Until half a burst is there: fewer, larger wake-ups. */
	wait =
	    ((double)burst(b) / 2 - (double)b->tokens) * 1e6 / (double)b->rate;
	return b->at + (gw_usec)wait + 1;
}

uint64_t
gw_speed_update(struct gw_speed *s, uint64_t total, gw_usec now)
{
	double dt = (double)(now - s->at) / 1e6, rate, weight;

	if (s->at == 0 || total < s->total) {
		s->at = now;
		s->total = total;
		s->rate = 0;
		s->warm = false;
		return 0;
	}
	if (dt < 0.05)
		return (uint64_t)s->rate;
	rate = (double)(total - s->total) / dt;
	weight = s->warm ? dt / (dt + 2) : 1;
	s->rate += (rate - s->rate) * weight;
	s->warm = true;
	s->at = now;
	s->total = total;
	return (uint64_t)s->rate;
}
