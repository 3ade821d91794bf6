#include "cli/dgram_probe.h"

#include <stdlib.h>

void
cli_probe_fini(struct cli_probe *p)
{
	for (size_t i = 0; i < p->count; i++)
		gw_dgram_close(p->slots[i].socket);
	free(p->round_trips);
	*p = (struct cli_probe){ .count = 0 };
}

struct cli_probe_slot *
cli_probe_slot(
    struct cli_probe *p, struct gw *g, const struct gw_dgram_options *o)
{
	struct cli_probe_slot *longest = NULL;

	for (size_t i = 0; i < p->count; i++) {
		struct cli_probe_slot *s = &p->slots[i];

		if (!s->waiting)
			return s;
		if (longest == NULL || s->at < longest->at)
			longest = s;
	}
	if (p->count < CLI_PROBE_SOCKETS &&
	    gw_dgram_open(g, o, &p->slots[p->count].socket) == GW_OK)
		return &p->slots[p->count++];
	return longest;
}

void
cli_probe_sent(
    struct cli_probe *p, struct cli_probe_slot *s, uint64_t now, uint64_t until)
{
	s->request = ++p->sum.sent;
	s->at = now;
	s->until = until;
	s->waiting = until > now;
	s->answered = false;
}

uint64_t
cli_probe_answered(struct cli_probe *p, struct cli_probe_slot *s, uint64_t at)
{
	uint64_t took = at > s->at ? at - s->at : 0;

	p->sum.replies++;
	s->waiting = false;
	if (s->answered)
		return took;
	s->answered = true;
	p->round_trips = cli_resize(
	    p->round_trips, p->round_trip_count + 1, sizeof *p->round_trips);
	p->round_trips[p->round_trip_count++] =
	    took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
	p->sum.answered++;
	return took;
}

void
cli_probe_expire(struct cli_probe *p, uint64_t now)
{
	for (size_t i = 0; i < p->count; i++)
		if (now >= p->slots[i].until)
			p->slots[i].waiting = false;
}

bool
cli_probe_waits(const struct cli_probe *p)
{
	return cli_probe_until(p) != UINT64_MAX;
}

uint64_t
cli_probe_until(const struct cli_probe *p)
{
	uint64_t until = UINT64_MAX;

	for (size_t i = 0; i < p->count; i++)
		if (p->slots[i].waiting && p->slots[i].until < until)
			until = p->slots[i].until;
	return until;
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

const struct cli_dgram_sum *
cli_probe_sum(struct cli_probe *p)
{
	size_t n = p->round_trip_count;

	if (n != 0) {
		qsort(p->round_trips, n, sizeof *p->round_trips, by_size);
		p->sum.least = p->round_trips[0];
		p->sum.median = ((uint64_t)p->round_trips[(n - 1) / 2] +
				    p->round_trips[n / 2]) /
				2;
		p->sum.most = p->round_trips[n - 1];
	}
	return &p->sum;
}
