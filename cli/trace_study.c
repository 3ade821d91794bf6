#include "cli/trace_study.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

static struct cli_trace_session *
session_of(struct cli_trace_study *s, const struct cli_trace_event *e)
{
	struct cli_trace_session *x;

	for (unsigned i = s->count; i > 0; i--)
		if (s->sessions[i - 1].id == e->session)
			return &s->sessions[i - 1];
	if (s->count == CLI_TRACE_SESSIONS) {
		s->more = true;
		return NULL;
	}
	x = &s->sessions[s->count++];
	x->id = e->session;
	x->first = e->t;
	return x;
}

static void
copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%.*s", (int)size - 1, text);
}

#define COPY(field, text) copy(field, sizeof(field), text)

static void
take_packet(
    struct cli_trace_session *x, const struct cli_trace_event *e, unsigned way)
{
	x->packets[way]++;
	x->bytes[way] += e->length;
	for (unsigned i = 0; i < e->frame_count; i++) {
		const struct cli_trace_frame *f = &e->frames[i];
		const uint64_t end = f->offset + f->length;

		if (f->type != CLI_TRACE_FRAME_STREAM)
			continue;
		if (f->stream < CLI_TRACE_STREAMS &&
		    end > x->ends[way][f->stream])
			x->ends[way][f->stream] = end;
	}
}

static void
take_loss(struct cli_trace_study *s, struct cli_trace_session *x,
    const struct cli_trace_event *e)
{
	const uint16_t at = (uint16_t)(x - s->sessions);

	x->lost += !e->mtu_probe;
	if (s->loss_count == CLI_TRACE_LOSSES)
		return;
	if (s->losses == NULL || (s->loss_count & (s->loss_count - 1)) == 0)
		s->losses = cli_resize(
		    s->losses, 2 * s->loss_count + 1, sizeof *s->losses);
	s->losses[s->loss_count++] =
	    (struct cli_trace_loss){ .number = e->number, .session = at };
}

/* It is among the last ones, if at all. */
static void
take_found(struct cli_trace_study *s, struct cli_trace_session *x,
    const struct cli_trace_event *e)
{
	enum { LOOK = 4096 };
	const uint16_t at = (uint16_t)(x - s->sessions);

	x->found++;
	for (size_t i = s->loss_count, n = 0; i > 0 && n < LOOK; i--, n++)
		if (s->losses[i - 1].number == e->number &&
		    s->losses[i - 1].session == at) {
			s->losses[i - 1].found = true;
			return;
		}
}

static void
take_of_session(struct cli_trace_study *s, struct cli_trace_session *x,
    const struct cli_trace_event *e)
{
	x->last = e->t;
	x->events++;
	switch (e->kind) {
	case CLI_TRACE_STARTED:
		COPY(x->carrier, e->a);
		COPY(x->role, e->b);
		COPY(x->name, e->c);
		break;
	case CLI_TRACE_ADDRESS:
		COPY(x->remote, e->a);
		break;
	case CLI_TRACE_OPENED:
		COPY(x->peer, e->a);
		COPY(x->cipher, e->b);
		break;
	case CLI_TRACE_SENT:
		take_packet(x, e, CLI_TRACE_OUT);
		break;
	case CLI_TRACE_RECEIVED:
		take_packet(x, e, CLI_TRACE_IN);
		break;
	case CLI_TRACE_LOST:
		take_loss(s, x, e);
		break;
	case CLI_TRACE_FOUND:
		take_found(s, x, e);
		break;
	case CLI_TRACE_METRICS:
		x->min_rtt = e->min_rtt;
		x->srtt = e->srtt;
		x->carried = e->carried;
		break;
	case CLI_TRACE_CLOSED:
		COPY(x->error, e->a);
		COPY(x->reason, e->b);
		break;
	default:
		break;
	}
}

bool
cli_trace_study(struct cli_trace_study *s, struct cli_trace_reader *r)
{
	struct cli_trace_event *e = cli_alloc(1, sizeof *e);

	*s = (struct cli_trace_study){ .count = 0 };
	s->sessions = cli_alloc(CLI_TRACE_SESSIONS, sizeof *s->sessions);
	while (cli_trace_next(r, e)) {
		struct cli_trace_session *x;

		if (e->kind == CLI_TRACE_BEGAN)
			s->began = *e;
		else if (e->kind == CLI_TRACE_DROPPED)
			s->dropped += e->number;
		s->ended = e->kind == CLI_TRACE_ENDED;
		if (e->has_session && (x = session_of(s, e)) != NULL)
			take_of_session(s, x, e);
	}
	free(e);
	return r->wrong[0] == '\0';
}

void
cli_trace_study_fini(struct cli_trace_study *s)
{
	free(s->sessions);
	free(s->losses);
	*s = (struct cli_trace_study){ .count = 0 };
}

static int
by_number(const void *a, const void *b)
{
	const struct cli_trace_loss *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

bool
cli_trace_study_choose(struct cli_trace_study *s, unsigned number)
{
	size_t kept = 0;

	if (number > s->count || s->count == 0)
		return false;
	s->chosen = number > 0 ? number - 1 : 0;
	for (unsigned i = 0; number == 0 && i < s->count; i++)
		if (s->sessions[i].events > s->sessions[s->chosen].events)
			s->chosen = i;
	for (size_t i = 0; i < s->loss_count; i++)
		if (s->losses[i].session == s->chosen && !s->losses[i].found)
			s->losses[kept++] = s->losses[i];
	s->loss_count = kept;
	if (kept > 1)
		qsort(s->losses, kept, sizeof *s->losses, by_number);
	return true;
}

const struct cli_trace_session *
cli_trace_chosen(const struct cli_trace_study *s)
{
	return &s->sessions[s->chosen];
}

bool
cli_trace_was_lost(const struct cli_trace_study *s, uint64_t number)
{
	const struct cli_trace_loss key = { .number = number };

	return s->loss_count > 0 && bsearch(&key, s->losses, s->loss_count,
					sizeof key, by_number) != NULL;
}

bool
cli_trace_main_stream(
    const struct cli_trace_session *x, unsigned *direction, unsigned *stream)
{
	uint64_t most = 0;

	for (unsigned way = 0; way < 2; way++)
		for (unsigned i = 0; i < CLI_TRACE_STREAMS; i++)
			if (x->ends[way][i] > most) {
				most = x->ends[way][i];
				*direction = way;
				*stream = i;
			}
	return most > 0;
}
