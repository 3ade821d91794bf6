#include "cli/trace_repairs.h"

#include "cli/trace_label.h"

enum { WHOLE = CLI_TRACE_STREAMS };

void
cli_trace_repairs_lost(
    struct cli_trace_repairs *r, const struct cli_trace_event *e)
{
	const struct cli_trace_frame *f =
	    cli_trace_frame(e, CLI_TRACE_FRAME_STREAM);

	if (f == NULL)
		return;
	r->lost[r->at].number = e->number;
	r->lost[r->at].stream = f->stream;
	r->lost[r->at].offset = f->offset;
	r->lost[r->at].length = f->length;
	r->at = (r->at + 1) % CLI_TRACE_REPAIRS;
}

uint64_t
cli_trace_repairs_of(
    const struct cli_trace_repairs *r, const struct cli_trace_event *e)
{
	const struct cli_trace_frame *f =
	    cli_trace_frame(e, CLI_TRACE_FRAME_STREAM);

	if (f == NULL || !f->again || f->length == 0)
		return UINT64_MAX;
	/* The newest first: a repair may be lost, too. */
	for (unsigned i = 1; i <= CLI_TRACE_REPAIRS; i++) {
		const unsigned at =
		    (r->at + CLI_TRACE_REPAIRS - i) % CLI_TRACE_REPAIRS;

		if (r->lost[at].length > 0 && r->lost[at].stream == f->stream &&
		    f->offset >= r->lost[at].offset &&
		    f->offset - r->lost[at].offset < r->lost[at].length)
			return r->lost[at].number;
	}
	return UINT64_MAX;
}

bool
cli_trace_repairs_late(
    struct cli_trace_repairs *r, const struct cli_trace_event *e)
{
	bool late = e->number < r->next_in;

	if (e->kind != CLI_TRACE_RECEIVED || !e->has_number)
		return false;
	for (unsigned i = 0; i < e->frame_count; i++) {
		const struct cli_trace_frame *f = &e->frames[i];
		const uint64_t end = f->offset + f->length;

		if (f->type != CLI_TRACE_FRAME_STREAM ||
		    f->stream >= CLI_TRACE_STREAMS || f->length == 0)
			continue;
		late = late || end <= r->in_end[f->stream];
		if (end > r->in_end[f->stream])
			r->in_end[f->stream] = end;
	}
	return late;
}

static unsigned
whose(const struct cli_trace_frame *f)
{
	if (f->type == CLI_TRACE_FRAME_SESSION_WINDOW ||
	    f->type == CLI_TRACE_FRAME_SESSION_BLOCKED)
		return WHOLE;
	return f->stream < CLI_TRACE_STREAMS ? (unsigned)f->stream : WHOLE;
}

bool
cli_trace_repairs_window(
    struct cli_trace_repairs *r, const struct cli_trace_event *e)
{
	bool told = false;

	for (unsigned i = 0; i < e->frame_count; i++) {
		const struct cli_trace_frame *f = &e->frames[i];

		if (f->type == CLI_TRACE_FRAME_BLOCKED ||
		    f->type == CLI_TRACE_FRAME_SESSION_BLOCKED) {
			r->full[whose(f)] = told = true;
		} else if (f->type == CLI_TRACE_FRAME_WINDOW ||
			   f->type == CLI_TRACE_FRAME_SESSION_WINDOW) {
			told = told || r->full[whose(f)];
			r->full[whose(f)] = false;
		}
	}
	return told;
}
