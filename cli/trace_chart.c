#include "cli/trace_chart.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/trace_label.h"

enum { REMEMBERED = 1 << 16 }; /* packets that an ACK may be of */

/* Where the data of a packet ended. */
struct cli_trace_sent {
	uint64_t number, end;
};

static struct cli_trace_bin *
bin_at(struct cli_trace_chart *c, uint64_t t)
{
	const uint64_t span = c->to - c->from + 1;
	/* In doubles: a product of both may not fit. */
	const double at = (double)(t - c->from) * CLI_TRACE_BINS / (double)span;
	const unsigned i = (unsigned)at;

	return &c->bins[i < CLI_TRACE_BINS ? i : CLI_TRACE_BINS - 1];
}

static void
mark(struct cli_trace_chart *c, uint64_t t, uint64_t at, bool again)
{
	uint8_t *marks = &bin_at(c, t)->marks[again];

	if (*marks == CLI_TRACE_BIN_MARKS)
		return;
	++*marks;
	c->marks[c->mark_count++] = (struct cli_trace_mark){ t, at, again };
}

static void
take_data(struct cli_trace_chart *c, const struct cli_trace_event *e,
    const struct cli_trace_frame *f, bool lost)
{
	struct cli_trace_bin *b = bin_at(c, e->t);
	const uint64_t end = f->offset + f->length;

	if (c->direction == CLI_TRACE_OUT && e->has_number)
		c->sent[e->number % REMEMBERED] =
		    (struct cli_trace_sent){ e->number, end };
	if (lost)
		mark(c, e->t, f->offset, false);
	if (f->again ||
	    (c->direction == CLI_TRACE_IN && f->length > 0 && end <= c->high)) {
		mark(c, e->t, f->offset, true);
		return;
	}
	if (end > c->high)
		c->high = end;
	if (!b->data || f->offset < b->low)
		b->low = f->offset;
	if (!b->data || end > b->high)
		b->high = end;
	b->data = true;
}

static void
take_ack(struct cli_trace_chart *c, const struct cli_trace_event *e)
{
	const struct cli_trace_frame *f =
	    cli_trace_frame(e, CLI_TRACE_FRAME_ACK);
	const struct cli_trace_sent *sent;
	struct cli_trace_bin *b = bin_at(c, e->t);

	if (f == NULL || f->range_count == 0)
		return;
	sent = &c->sent[f->ranges[0].last % REMEMBERED];
	if (sent->end == 0 || sent->number != f->ranges[0].last)
		return;
	/* What was repaired lies behind what others had reached. */
	if (sent->end > c->acked)
		c->acked = sent->end;
	b->acked = c->acked;
	b->acks = true;
}

static void
take_packet(struct cli_trace_chart *c, const struct cli_trace_study *s,
    const struct cli_trace_event *e)
{
	const unsigned way =
	    e->kind == CLI_TRACE_SENT ? CLI_TRACE_OUT : CLI_TRACE_IN;

	if (way != c->direction) {
		take_ack(c, e);
		return;
	}
	bin_at(c, e->t)->bytes += e->length;
	for (unsigned i = 0; c->has_stream && i < e->frame_count; i++) {
		const struct cli_trace_frame *f = &e->frames[i];

		if (f->type == CLI_TRACE_FRAME_STREAM && f->stream == c->stream)
			take_data(c, e, f,
			    way == CLI_TRACE_OUT && e->has_number &&
				cli_trace_was_lost(s, e->number));
	}
}

static void
take_metrics(struct cli_trace_chart *c, const struct cli_trace_event *e)
{
	struct cli_trace_bin *b = bin_at(c, e->t);
	const uint64_t rtt = e->rtt > 0 ? e->rtt : e->srtt;

	if (rtt > 0 && (!b->rtts || rtt < b->rtt_low))
		b->rtt_low = rtt;
	if (rtt > b->rtt_high)
		b->rtt_high = rtt;
	b->rtts = b->rtts || rtt > 0;
	b->srtt = e->srtt;
	b->window = e->window;
	if (e->in_flight > b->in_flight)
		b->in_flight = e->in_flight;
	b->delivery = e->delivery;
	b->metrics = true;
	if (c->has_stream || e->carried == 0)
		return;
	/* On tcp, bytes of the carrier are all that is known. */
	if (!b->data)
		b->low = e->carried;
	b->high = e->carried;
	b->data = true;
}

static void
take_state(struct cli_trace_chart *c, const struct cli_trace_event *e,
    const char *name)
{
	struct cli_trace_span *span;

	if (c->span_count == CLI_TRACE_SPANS)
		return;
	span = &c->spans[c->span_count++];
	span->from = e->t;
	snprintf(span->state, sizeof span->state, "%s", name);
}

static void
take(struct cli_trace_chart *c, const struct cli_trace_study *s,
    const struct cli_trace_event *e)
{
	switch (e->kind) {
	case CLI_TRACE_STARTED:
		take_state(c, e, cli_trace_first_state(e));
		break;
	case CLI_TRACE_STATE:
		take_state(c, e, e->b);
		break;
	case CLI_TRACE_SENT:
	case CLI_TRACE_RECEIVED:
		take_packet(c, s, e);
		break;
	case CLI_TRACE_METRICS:
		take_metrics(c, e);
		break;
	default:
		break;
	}
}

struct cli_trace_chart *
cli_trace_chart(const struct cli_trace_study *s, struct cli_trace_reader *r)
{
	const struct cli_trace_session *x = cli_trace_chosen(s);
	struct cli_trace_chart *c = cli_alloc(1, sizeof *c);
	struct cli_trace_event *e = cli_alloc(1, sizeof *e);

	c->from = x->first;
	c->to = x->last;
	c->has_stream = cli_trace_main_stream(x, &c->direction, &c->stream);
	c->sent = cli_alloc(REMEMBERED, sizeof *c->sent);
	cli_trace_reader_rewind(r);
	while (cli_trace_next(r, e))
		if (e->has_session && e->session == x->id && e->t >= c->from &&
		    e->t <= c->to)
			take(c, s, e);
	free(e);
	free(c->sent);
	c->sent = NULL;
	if (r->wrong[0] == '\0')
		return c;
	free(c);
	return NULL;
}
