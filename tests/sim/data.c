#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "pair.h" /* pair_byte */

enum {
	WIRE = 8192,    /* packets under way, at most */
	PAUSE_MS = 3000 /* of DATA_PAUSED */
};

struct data_wire {
	struct data_packet v[WIRE];
	unsigned limit; /* above all that were used */
};

/* splitmix64 */
static void
fill(void *arg, void *out, size_t n)
{
	uint64_t *state = arg;
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++) {
		uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		p[i] = (uint8_t)(z ^ z >> 31);
	}
}

uint64_t
data_below(struct data *d, uint64_t bound)
{
	return gw_random_below(&d->random, bound);
}

static bool
chance(struct data *d, unsigned per_mille)
{
	return data_below(d, 1000) < per_mille;
}

uint16_t
data_name(unsigned from, unsigned id)
{
	return (uint16_t)(from * DATA_STREAMS + id);
}

static void
start_stream(struct data *d, struct data_stream *s, bool used)
{
	gw_send_stream_init(&s->send, d->o.send_max);
	gw_recv_stream_init(&s->recv);
	gw_flow_stream_init(&s->flow);
	s->size = used ? d->o.size / 2 + data_below(d, d->o.size) : 0;
	s->reset_at = UINT64_MAX;
	if (d->o.resets && data_below(d, 3) == 0)
		s->reset_at = data_below(d, s->size + 1);
	s->reader = (enum data_reader)data_below(d, DATA_READERS);
}

struct data *
data_new(const struct data_options *o)
{
	struct data *d = calloc(1, sizeof(*d));

	GW_ASSERT(d != NULL);
	d->o = *o;
	d->random_state = o->seed;
	d->random = (struct gw_random){ fill, &d->random_state };
	d->now = 1000 * GW_SEC;
	d->wire = calloc(1, sizeof(*d->wire));
	GW_ASSERT(d->wire != NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct data_end *e = &d->end[i];

		gw_flow_init(&e->flow, o->stream_max, o->session_max);
		gw_flow_set_rtt(&e->flow, 2 * o->delay * GW_MSEC);
		GW_ASSERT(gw_ack_out_init(&e->acks) == GW_OK);
		for (unsigned k = 0; k < DATA_STREAMS; k++)
			start_stream(d, &e->v[k], i == 0 || o->both);
	}
	return d;
}

void
data_free(struct data *d)
{
	for (unsigned i = 0; i < 2; i++) {
		gw_ack_out_fini(&d->end[i].acks);
		for (unsigned k = 0; k < DATA_STREAMS; k++) {
			gw_send_stream_fini(&d->end[i].v[k].send);
			gw_recv_stream_fini(&d->end[i].v[k].recv);
		}
	}
	free(d->wire);
	free(d);
}

/* ---- the network ---- */

static void
deliver_later(struct data *d, unsigned to, const struct data_packet *p)
{
	const uint64_t ms = d->o.delay + data_below(d, d->o.jitter + 1);
	unsigned i = 0;

	while (d->wire->v[i].used)
		GW_ASSERT(++i < WIRE);
	d->wire->v[i] = *p;
	d->wire->v[i].used = true;
	d->wire->v[i].to = to;
	d->wire->v[i].at = d->now + ms * GW_MSEC;
	if (i >= d->wire->limit)
		d->wire->limit = i + 1;
}

void
data_post(struct data *d, unsigned from, const struct data_packet *p)
{
	if (d->bursting == 0 && chance(d, d->o.loss))
		d->bursting = 1 + (unsigned)data_below(d, d->o.burst);
	if (d->bursting > 0) {
		d->bursting--;
		return;
	}
	deliver_later(d, 1 - from, p);
	if (chance(d, d->o.repeat))
		deliver_later(d, 1 - from, p);
}

static void
arrivals(struct data *d)
{
	for (unsigned i = 0; i < d->wire->limit; i++) {
		struct data_packet *p = &d->wire->v[i];

		if (!p->used || p->at > d->now)
			continue;
		p->used = false;
		data_arrive(d, p);
	}
	for (unsigned i = 0; i < 2; i++)
		gw_ack_out_batch_end(&d->end[i].acks, d->now);
}

/* ---- owners ---- */

static void
write_some(struct data *d, unsigned from, unsigned id)
{
	uint8_t bytes[5000];
	struct data_end *e = &d->end[from];
	struct data_stream *s = &e->v[id];
	const uint64_t left = s->size - s->send.end;
	size_t n = 1 + (size_t)data_below(d, sizeof(bytes)), taken = 0;

	if (s->send.ended || s->send.reset)
		return;
	if (s->send.end >= s->reset_at) {
		gw_send_stream_reset(&s->send, DATA_CODE);
		gw_flow_end_out(&e->flow, &s->flow);
		return;
	}
	n = n < left ? n : (size_t)left;
	for (size_t i = 0; i < n; i++)
		bytes[i] = pair_byte(data_name(from, id), s->send.end + i);
	GW_ASSERT(gw_send_stream_write(&s->send, gw_slice(bytes, n), &taken) ==
		  GW_OK);
	if (s->send.end == s->size)
		gw_send_stream_end(&s->send);
}

static void
credit(struct data *d, struct data_end *e, unsigned id, uint64_t n)
{
	e->v[id].held -= n;
	gw_flow_credit(&e->flow, &e->v[id].flow, n, d->now);
}

static void
read_some(struct data *d, unsigned at, unsigned id)
{
	struct data_end *e = &d->end[at];
	struct data_stream *s = &e->v[id];
	struct gw_slice waits;
	bool now = true;

	switch (s->reader) {
	case DATA_SLOW:
	case DATA_LAZY:
		now = data_below(d, 20) == 0;
		break;
	case DATA_PAUSED:
		now = d->now > 1000 * GW_SEC + PAUSE_MS * GW_MSEC;
		break;
	default:
		break;
	}
	if (!now)
		return;
	if (s->reader == DATA_LAZY && gw_recv_stream_next(&s->recv, &waits)) {
		const uint64_t n = 1 + data_below(d, waits.n);

		data_give(e, 1 - at, id, gw_slice(waits.p, (size_t)n));
		gw_recv_stream_take(&s->recv, (size_t)n);
		s->ended = gw_recv_stream_ended(&s->recv);
	}
	credit(d, e, id,
	    s->reader == DATA_SLOW ? data_below(d, s->held + 1) : s->held);
}

/* ---- time ---- */

static void
note_memory(struct data_end *e)
{
	uint64_t held = 0;

	for (unsigned i = 0; i < DATA_STREAMS; i++)
		held += e->v[i].recv.ring.size;
	if (held > e->most_held)
		e->most_held = held;
}

void
data_step(struct data *d)
{
	d->now += GW_MSEC;
	arrivals(d);
	for (unsigned i = 0; i < 2; i++) {
		struct data_end *e = &d->end[i];

		for (unsigned k = 0; k < DATA_STREAMS; k++) {
			write_some(d, i, k);
			read_some(d, i, k);
		}
		note_memory(e);
		data_find_losses(d, e);
		gw_flow_tick(&e->flow, d->now);
		for (unsigned k = 0; k < 20 && data_send(d, i, true); k++)
			;
		/* ACKs are not held up by data. */
		data_send(d, i, false);
	}
}

bool
data_done(const struct data *d)
{
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = 0; k < DATA_STREAMS; k++) {
			const struct data_stream *s = &d->end[i].v[k];

			if (!gw_send_stream_done(&s->send) ||
			    (!s->ended && !s->recv.reset))
				return false;
		}
	return true;
}

void
data_run(struct data *d, gw_usec most)
{
	const gw_usec until = d->now + most;

	while (!data_done(d)) {
		if (d->now >= until)
			fprintf(stderr, "seed %llu: it came to a stop\n",
			    (unsigned long long)d->o.seed);
		GW_ASSERT(d->now < until);
		data_step(d);
	}
}
