#include "bottleneck.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ACK_FRAME = 42 + 16 + 16 + 12, ACK_RANGE = 3 };

#define NS UINT64_C(1000)
#define BURST_SILENCE (20 * GW_MSEC)

struct bn_event {
	gw_usec at;
	uint64_t order;
	unsigned flow;
	struct gw_ack *ack; /* NULL: a packet */
	struct bn_packet packet;
};

struct bn_link
bn_link_of(double mbit, double rtt_ms, double queue)
{
	const double rate = mbit * 125000;

	return (struct bn_link){ .rate = (uint64_t)rate,
		.rtt = (gw_usec)(rtt_ms * 1000),
		.queue = (uint64_t)(rate * rtt_ms / 1000 * queue / 100) };
}

struct bn *
bn_new(const struct bn_link *link, uint64_t seed)
{
	struct bn *b = calloc(1, sizeof(*b));

	assert(b != NULL);
	b->link = *link;
	b->random = seed * 2 + 1;
	b->policer_tokens = link->police_burst;
	return b;
}

void
bn_free(struct bn *b)
{
	for (size_t i = 0; i < b->heap_n; i++)
		free(b->heap[i].ack);
	for (unsigned i = 0; i < b->flows; i++)
		bn_flow_fini(&b->flow[i]);
	free(b->heap);
	free(b);
}

double
bn_random(struct bn *b)
{
	uint64_t z = b->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static bool
happens(struct bn *b, unsigned ppm)
{
	return ppm > 0 && bn_random(b) * BN_PPM < ppm;
}

/* ---- events ---- */

static bool
before(const struct bn_event *a, const struct bn_event *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void
push(struct bn *b, struct bn_event e)
{
	size_t i = b->heap_n++;

	if (b->heap_n > b->heap_cap) {
		b->heap_cap = b->heap_cap == 0 ? 1024 : b->heap_cap * 2;
		b->heap = realloc(b->heap, b->heap_cap * sizeof(*b->heap));
		assert(b->heap != NULL);
	}
	e.order = b->order++;
	for (; i > 0 && before(&e, &b->heap[(i - 1) / 2]); i = (i - 1) / 2)
		b->heap[i] = b->heap[(i - 1) / 2];
	b->heap[i] = e;
}

static struct bn_event
pop(struct bn *b)
{
	const struct bn_event top = b->heap[0], last = b->heap[--b->heap_n];
	size_t i = 0, child;

	for (; (child = 2 * i + 1) < b->heap_n; i = child) {
		if (child + 1 < b->heap_n &&
		    before(&b->heap[child + 1], &b->heap[child]))
			child++;
		if (!before(&b->heap[child], &last))
			break;
		b->heap[i] = b->heap[child];
	}
	b->heap[i] = last;
	return top;
}

/* ---- the link ---- */

static bool
is_lost(struct bn *b)
{
	const unsigned burst = b->link.burst == 0 ? 1 : b->link.burst;

	if (b->now - b->last_packet > BURST_SILENCE)
		b->burst_left = 0;
	b->last_packet = b->now;
	if (b->burst_left == 0 && happens(b, b->link.loss / burst))
		b->burst_left = burst;
	if (b->burst_left == 0)
		return false;
	b->burst_left--;
	return true;
}

static bool
is_policed(struct bn *b, uint32_t bytes)
{
	if (b->link.police == 0)
		return false;
	b->policer_tokens +=
	    gw_rate_bytes(b->link.police, b->now - b->policer_at);
	b->policer_at = b->now;
	if (b->policer_tokens > b->link.police_burst)
		b->policer_tokens = b->link.police_burst;
	if (b->policer_tokens < bytes)
		return true;
	b->policer_tokens -= bytes;
	return false;
}

uint64_t
bn_queued(const struct bn *b)
{
	const uint64_t now = b->now * NS;

	return b->free_at <= now
		   ? 0
		   : (b->free_at - now) * (b->link.rate / 1000) / 1000000;
}

void
bn_link_send(struct bn *b, unsigned flow, struct bn_packet p)
{
	struct bn_flow *f = &b->flow[flow];
	const uint32_t frame = p.bytes + (BN_FRAME - BN_DATAGRAM);
	const uint64_t queued = bn_queued(b), now = b->now * NS;
	gw_usec at;

	if (is_lost(b)) {
		f->link_lost++;
		return;
	}
	if (is_policed(b, frame) || queued + frame > b->link.queue) {
		f->queue_lost++;
		return;
	}
	p.ce = p.ect && b->link.mark != 0 && queued > b->link.mark;
	b->queue_sum += gw_rate_time(b->link.rate, queued);
	b->queue_samples++;
	if (queued > b->queue_max)
		b->queue_max = queued;
	if (b->free_at < now)
		b->free_at = now;
	b->free_at += frame * UINT64_C(1000000000) / b->link.rate;
	at = b->free_at / NS + (b->link.rtt + f->o.extra_rtt) / 2;
	if (b->link.jitter > 0) {
		at += (gw_usec)(bn_random(b) * (double)b->link.jitter);
		if (at < b->last_arrival)
			at = b->last_arrival;
		b->last_arrival = at;
	}
	if (happens(b, b->link.reorder))
		at += b->link.late;
	push(b, (struct bn_event){ .at = at, .flow = flow, .packet = p });
}

void
bn_link_ack(struct bn *b, unsigned flow, const struct gw_ack *ack)
{
	const struct bn_flow *f = &b->flow[flow];
	const uint64_t frame = ACK_FRAME + ack->count * ACK_RANGE;
	struct gw_ack *copy;
	gw_usec at = b->now;

	if (happens(b, b->link.ack_loss))
		return;
	if (b->link.ack_rate != 0) {
		if (b->ack_free_at < b->now * NS)
			b->ack_free_at = b->now * NS;
		b->ack_free_at +=
		    frame * UINT64_C(1000000000) / b->link.ack_rate;
		at = b->ack_free_at / NS;
	}
	at += (b->link.rtt + f->o.extra_rtt + 1) / 2;
	if (b->link.lump != 0)
		at += b->link.lump - at % b->link.lump;
	copy = malloc(sizeof(*copy));
	assert(copy != NULL);
	memcpy(copy, ack, sizeof(*copy));
	push(b, (struct bn_event){ .at = at, .flow = flow, .ack = copy });
}

/* ---- running ---- */

struct bn_flow *
bn_add(struct bn *b, const struct bn_flow_options *o)
{
	struct bn_flow *f = &b->flow[b->flows];

	assert(b->flows < BN_FLOWS);
	b->flows++;
	memset(f, 0, sizeof(*f));
	f->o = *o;
	f->wake = o->start;
	f->ack_at = GW_NEVER;
	f->chunks = o->bytes == 0 ? UINT64_MAX
				  : (o->bytes + BN_PAYLOAD - 1) / BN_PAYLOAD;
	f->written = o->app_rate == 0 ? f->chunks : 0;
	f->frequency = (struct gw_ack_frequency){ 2, 25000, 1 };
	gw_ranges_init(&f->got, 4096);
	return f;
}

static gw_usec
next_timer(const struct bn *b, unsigned *flow)
{
	gw_usec at = GW_NEVER;

	for (unsigned i = 0; i < b->flows; i++) {
		const gw_usec t =
		    gw_usec_min(b->flow[i].wake, b->flow[i].ack_at);

		if (t < at) {
			at = t;
			*flow = i;
		}
	}
	return at;
}

static bool
step(struct bn *b, gw_usec until)
{
	const gw_usec event = b->heap_n > 0 ? b->heap[0].at : GW_NEVER;
	unsigned flow = 0;
	const gw_usec timer = next_timer(b, &flow);
	struct bn_event e;

	if (gw_usec_min(event, timer) == GW_NEVER ||
	    gw_usec_min(event, timer) > until)
		return false;
	if (timer < event) {
		b->now = timer > b->now ? timer : b->now;
		bn_flow_wake(b, flow);
		return true;
	}
	e = pop(b);
	b->now = e.at > b->now ? e.at : b->now;
	if (e.ack == NULL) {
		bn_flow_arrived(b, e.flow, &e.packet);
	} else {
		bn_flow_acked(b, e.flow, e.ack);
		free(e.ack);
	}
	return true;
}

bool
bn_step(struct bn *b)
{
	return step(b, GW_NEVER - 1);
}

void
bn_run(struct bn *b, gw_usec until)
{
	while (step(b, until))
		;
	b->now = until;
}

bool
bn_run_flow(struct bn *b, const struct bn_flow *f, gw_usec until)
{
	while (!f->done && step(b, until))
		;
	return f->done;
}

uint64_t
bn_received(const struct bn_flow *f)
{
	return f->received * BN_PAYLOAD;
}

double
bn_goodput(struct bn *b, const struct bn_flow *f, gw_usec time)
{
	const uint64_t before = bn_received(f);

	bn_run(b, b->now + time);
	return (double)(bn_received(f) - before) * 8 / (double)time;
}

double
bn_queueing(const struct bn *b)
{
	return (double)b->queue_sum / (double)b->queue_samples /
	       (double)b->link.rtt;
}
