/* The two ends of a flow. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bottleneck.h"

void
bn_flow_fini(struct bn_flow *f)
{
	if (f->running)
		gw_recovery_fini(&f->r);
	gw_ranges_fini(&f->got);
	free(f->again);
	free(f->arrived);
}

/* ---- the sender ---- */

static void
start(struct bn *b, struct bn_flow *f)
{
	const enum gw_err err = gw_recovery_init(&f->r,
	    &(struct gw_recovery_options){
		.congestion = f->o.congestion,
		.datagram = BN_DATAGRAM,
		.seed = (uint64_t)(bn_random(b) * 1e9),
		.rtt = f->o.told_rtt
			   ? b->link.rtt + f->o.extra_rtt +
				 gw_rate_time(b->link.rate, bn_queued(b))
			   : 0,
		.no_ecn = b->link.mark == 0,
	    },
	    b->now);

	assert(err == GW_OK);
	(void)err;
	f->running = true;
}

static void
put_again(struct bn_flow *f, uint64_t chunk)
{
	if (f->again_end - f->again_first == f->again_cap) {
		const uint64_t cap = f->again_cap == 0 ? 64 : f->again_cap * 2;
		uint32_t *v = malloc(cap * sizeof(*v));

		assert(v != NULL);
		for (uint64_t i = f->again_first; i < f->again_end; i++)
			v[i & (cap - 1)] = f->again[i & (f->again_cap - 1)];
		free(f->again);
		f->again = v;
		f->again_cap = cap;
	}
	f->again[f->again_end++ & (f->again_cap - 1)] = (uint32_t)chunk;
}

static bool
has_data(const struct bn_flow *f)
{
	return f->again_first != f->again_end || f->fresh < f->written;
}

static bool
take_chunk(struct bn_flow *f, uint64_t *chunk)
{
	if (f->again_first != f->again_end) {
		*chunk = f->again[f->again_first++ & (f->again_cap - 1)];
		f->again_packets++;
		return true;
	}
	if (f->fresh == f->written)
		return false;
	*chunk = f->fresh++;
	return true;
}

static void
send_chunk(struct bn *b, struct bn_flow *f, uint64_t chunk, bool ect)
{
	const struct gw_sent_packet p = {
		.number = f->number++,
		.bytes = BN_DATAGRAM,
		.eliciting = true,
		.ect = ect,
		.content = { .offset = chunk, .length = BN_PAYLOAD },
	};
	const enum gw_err err = gw_recovery_sent(&f->r, &p, b->now);

	assert(err == GW_OK);
	(void)err;
	f->sent_packets++;
	bn_link_send(b, (unsigned)(f - b->flow),
	    (struct bn_packet){ .number = p.number,
		.chunk = chunk,
		.bytes = p.bytes,
		.ect = ect });
}

/* What flow control leaves of it. */
static uint64_t
granted(const struct bn_flow *f, uint64_t bytes)
{
	const uint64_t out = gw_recovery_stats(&f->r).in_flight;

	if (f->o.granted == 0)
		return bytes;
	if (out >= f->o.granted)
		return 0;
	/* Whole datagrams. */
	if (f->o.granted - out < BN_DATAGRAM)
		return 0;
	return bytes < f->o.granted - out ? bytes : f->o.granted - out;
}

static uint64_t
budget(const struct bn *b, const struct bn_flow *f)
{
	if (f->o.unpaced) {
		const struct gw_recovery_stats s = gw_recovery_stats(&f->r);

		return s.window >= s.in_flight + BN_DATAGRAM
			   ? s.window - s.in_flight
			   : 0;
	}
	return granted(f, gw_recovery_budget(&f->r, b->now));
}

/* What the peer wants is a probe; without data, the oldest again. */
static void
send_probes(struct bn *b, struct bn_flow *f)
{
	while (gw_recovery_probes(&f->r) > 0) {
		struct gw_sent_content content = { 0 };
		uint64_t chunk;

		if (!take_chunk(f, &chunk)) {
			if (!gw_recovery_oldest(&f->r, &content))
				return;
			chunk = content.offset;
		}
		send_chunk(b, f, chunk, gw_recovery_ect(&f->r));
	}
}

static void
write_more(struct bn *b, struct bn_flow *f)
{
	if (f->o.app_rate == 0)
		return;
	f->written =
	    gw_rate_bytes(f->o.app_rate, b->now - f->o.start) / BN_PAYLOAD;
	if (f->written > f->chunks)
		f->written = f->chunks;
}

static gw_usec
next_write(const struct bn_flow *f)
{
	if (f->o.app_rate == 0 || f->written >= f->chunks)
		return GW_NEVER;
	return f->o.start +
	       gw_rate_time(f->o.app_rate, (f->written + 1) * BN_PAYLOAD) + 1;
}

static void
pump(struct bn *b, struct bn_flow *f)
{
	struct gw_ack_frequency frequency;
	uint64_t n, chunk;
	gw_usec wake;

	write_more(b, f);
	send_probes(b, f);
	while (has_data(f) && (n = budget(b, f)) > 0) {
		const bool ect = gw_recovery_ect(&f->r);

		for (; n >= BN_DATAGRAM && take_chunk(f, &chunk);
		     n -= BN_DATAGRAM)
			send_chunk(b, f, chunk, ect);
	}
	if (!has_data(f))
		gw_recovery_app_limited(&f->r);
	if (!f->o.unpaced && gw_recovery_ack_frequency(&f->r, &frequency))
		f->frequency = frequency;
	wake = gw_usec_min(gw_recovery_deadline(&f->r), next_write(f));
	if (has_data(f) && !f->o.unpaced && granted(f, BN_DATAGRAM) > 0)
		wake = gw_usec_min(wake, gw_recovery_send_at(&f->r, b->now));
	if (wake != GW_NEVER && f->o.tick != 0)
		wake += (f->o.tick - wake % f->o.tick) % f->o.tick;
	f->wake = wake;
}

static void
take_fates(struct bn *b, struct bn_flow *f)
{
	struct gw_fate fate;

	while (gw_recovery_fate(&f->r, &fate)) {
		const uint64_t chunk = fate.content.offset;

		if (fate.kind == GW_FATE_LOST)
			put_again(f, chunk);
		else
			f->acked++;
	}
	if (!f->done && f->received >= f->chunks) {
		f->done = true;
		f->done_at = b->now;
		f->again_first = f->again_end;
	}
}

void
bn_flow_acked(struct bn *b, unsigned flow, const struct gw_ack *ack)
{
	struct bn_flow *f = &b->flow[flow];
	const bool fine = gw_recovery_acked(&f->r, ack, b->now);

	assert(fine);
	(void)fine;
	take_fates(b, f);
	pump(b, f);
}

void
bn_write(struct bn *b, struct bn_flow *f, uint64_t bytes)
{
	const uint64_t chunks = (bytes + BN_PAYLOAD - 1) / BN_PAYLOAD;

	f->written += chunks;
	f->chunks = f->written;
	f->done = false;
	if (f->running)
		pump(b, f);
}

/* ---- the receiver ---- */

static void
send_ack(struct bn *b, struct bn_flow *f)
{
	struct gw_ack ack;
	size_t n;

	/* What the sender has let go of need not be told again. */
	while (f->got.n > 1 && f->got.v[0].end <= f->r.sent.base) {
		const struct gw_range old = f->got.v[0];
		const enum gw_err err =
		    gw_ranges_remove(&f->got, old.start, old.end);

		assert(err == GW_OK);
		(void)err;
	}
	n = f->got.n < GW_ACK_RANGES ? f->got.n : GW_ACK_RANGES;
	for (size_t i = 0; i < n; i++) {
		const struct gw_range *r = &f->got.v[f->got.n - 1 - i];

		ack.v[i] = (struct gw_ack_range){ r->start, r->end - 1 };
	}
	ack.count = (unsigned)n;
	ack.delay = b->now - f->largest_at;
	ack.ecn = f->ect0 + f->ce > 0;
	ack.ect0 = f->ect0;
	ack.ect1 = 0;
	ack.ce = f->ce;
	f->unacked = 0;
	f->ack_at = GW_NEVER;
	f->acks++;
	bn_link_ack(b, (unsigned)(f - b->flow), &ack);
}

/* As many ranges as an ACK tells; the oldest go. */
static void
note_number(struct bn_flow *f, uint64_t number)
{
	enum gw_err err;

	while (f->got.n >= GW_ACK_RANGES) {
		const struct gw_range old = f->got.v[0];

		err = gw_ranges_remove(&f->got, old.start, old.end);
		assert(err == GW_OK);
	}
	err = gw_ranges_add(&f->got, number, number + 1);
	assert(err == GW_OK);
	(void)err;
}

static void
note_chunk(struct bn_flow *f, uint64_t chunk)
{
	if (chunk / 8 >= f->arrived_cap) {
		const uint64_t cap = (chunk / 8 + 1) * 2;

		f->arrived = realloc(f->arrived, cap);
		assert(f->arrived != NULL);
		memset(f->arrived + f->arrived_cap, 0, cap - f->arrived_cap);
		f->arrived_cap = cap;
	}
	if ((f->arrived[chunk / 8] & (1u << chunk % 8)) != 0)
		return;
	f->arrived[chunk / 8] |= (uint8_t)(1u << chunk % 8);
	f->received++;
}

void
bn_flow_arrived(struct bn *b, unsigned flow, const struct bn_packet *p)
{
	struct bn_flow *f = &b->flow[flow];
	const bool first = f->got.n == 0;
	const bool gap = first ? p->number != 0 : p->number != f->largest + 1;
	note_number(f, p->number);
	note_chunk(f, p->chunk);
	if (p->ce)
		f->ce++;
	else if (p->ect)
		f->ect0++;
	if (first || p->number > f->largest) {
		f->largest = p->number;
		f->largest_at = b->now;
	}
	f->unacked++;
	if (f->unacked >= f->frequency.threshold || p->ce ||
	    (gap && f->frequency.reorder == 1) || f->received == f->chunks)
		send_ack(b, f);
	else if (f->ack_at == GW_NEVER)
		f->ack_at = b->now + f->frequency.max_delay;
}

void
bn_flow_wake(struct bn *b, unsigned flow)
{
	struct bn_flow *f = &b->flow[flow];

	if (b->now >= f->ack_at)
		send_ack(b, f);
	if (b->now < f->wake)
		return;
	if (!f->running)
		start(b, f);
	gw_recovery_tick(&f->r, b->now);
	take_fates(b, f);
	pump(b, f);
}
