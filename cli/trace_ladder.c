#include "cli/trace_ladder.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/trace_fold.h"
#include "cli/trace_label.h"
#include "cli/trace_repairs.h"
#include "cli/trace_rows.h"

enum {
	SHOWN = 3,     /* packets like others, before they are folded */
	BUDGET = 60,   /* lines for losses, repairs, windows */
	MESSAGES = 60, /* lines for what opens and closes */
	REMARKS = 20,  /* lines of the controller */
	AT_ONCE = 500  /* us from a packet to what it changes */
};

struct ladder {
	const struct cli_trace_study *study;
	struct cli_trace_rows rows;
	struct cli_trace_line line;
	bool all;
	char state[CLI_TRACE_TEXT]; /* to be shown with the next line */
	uint64_t state_t;
	struct cli_trace_fold fold;
	struct cli_trace_event *first;             /* of the fold */
	unsigned shown, budget, messages, remarks; /* lines left */
	struct cli_trace_repairs repairs;
};

/* ---- lines ---- */

/* The next line; its text is the caller's to fill. */
static struct cli_trace_line *
next_line(struct ladder *l, enum cli_trace_how how, uint64_t t,
    enum cli_trace_look look)
{
	struct cli_trace_line *x = &l->line;

	cli_trace_line_put(&l->rows, &l->line);
	x->how = how;
	x->t = t;
	x->look = look;
	x->text[0] = x->state[0] = '\0';
	return x;
}

/* The state that waited begins with this line. */
static void
take_state(struct ladder *l, struct cli_trace_line *x)
{
	memcpy(x->state, l->state, sizeof x->state);
	l->state[0] = '\0';
}

/* A packet, as an arrow. */
static void
draw(
    struct ladder *l, const struct cli_trace_event *e, enum cli_trace_look look)
{
	struct cli_trace_line *x =
	    next_line(l, CLI_TRACE_ARROW_LINE, e->t, look);

	x->out = e->kind == CLI_TRACE_SENT;
	x->ends = !x->out || !e->has_number ||
		  !cli_trace_was_lost(l->study, e->number);
	cli_trace_label(x->text, cli_trace_rows_room(&l->rows, x->ends), e,
	    cli_trace_repairs_of(&l->repairs, e));
	take_state(l, x);
}

static void
flush_fold(struct ladder *l)
{
	const struct cli_trace_fold f = l->fold;

	l->fold = (struct cli_trace_fold){ .any = false };
	if (!f.any)
		return;
	if (f.packets[0] + f.packets[1] == 1 && f.lost == 0)
		draw(l, l->first, CLI_TRACE_PLAIN);
	else
		cli_trace_fold_text(&f,
		    next_line(l, CLI_TRACE_FOLD_LINE, f.from, CLI_TRACE_DIM)
			->text,
		    cli_trace_rows_fold_room(&l->rows));
}

/* The state that waited has a line of its own. */
static void
flush_state(struct ladder *l)
{
	if (l->state[0] == '\0')
		return;
	flush_fold(l);
	take_state(
	    l, next_line(l, CLI_TRACE_NOTE_LINE, l->state_t, CLI_TRACE_PLAIN));
}

static void __attribute__((format(printf, 4, 5))) note(struct ladder *l,
    uint64_t t, enum cli_trace_look look, const char *format, ...)
{
	struct cli_trace_line *x;
	va_list args;

	flush_fold(l);
	x = next_line(l, CLI_TRACE_NOTE_LINE, t, look);
	va_start(args, format);
	vsnprintf(x->text, sizeof x->text, format, args);
	va_end(args);
	take_state(l, x);
}

static bool
spend(const struct ladder *l, unsigned *lines)
{
	if (l->all)
		return true;
	if (*lines == 0)
		return false;
	--*lines;
	return true;
}

/* ---- losses and repairs ---- */

static void
on_lost(struct ladder *l, const struct cli_trace_event *e)
{
	const struct cli_trace_frame *f =
	    cli_trace_frame(e, CLI_TRACE_FRAME_STREAM);
	char from[CLI_TRACE_DIGITS], to[CLI_TRACE_DIGITS];

	if (e->mtu_probe) {
		if (spend(l, &l->remarks))
			note(l, e->t, CLI_TRACE_DIM, "%s bytes do not pass",
			    cli_trace_digits(from, e->length));
		return;
	}
	cli_trace_repairs_lost(&l->repairs, e);
	l->fold.lost++;
	if (!spend(l, &l->budget))
		return;
	l->fold.lost--;
	if (f != NULL)
		note(l, e->t, CLI_TRACE_BAD,
		    "#%" PRIu64 " is lost: stream "
		    "%" PRIu64 ", %s-%s",
		    e->number, f->stream, cli_trace_digits(from, f->offset),
		    cli_trace_digits(to, f->offset + f->length));
	else
		note(l, e->t, CLI_TRACE_BAD, "#%" PRIu64 " is lost", e->number);
}

/* ---- packets ---- */

/* What opens, closes or changes the session has its line. */
static bool
is_message(const struct cli_trace_event *e)
{
	if (!e->has_number)
		return true;
	for (unsigned i = 0; i < e->frame_count; i++) {
		const struct cli_trace_frame *f = &e->frames[i];

		if (f->type == CLI_TRACE_FRAME_FIN || f->fin ||
		    (f->type == CLI_TRACE_FRAME_OTHER &&
			strcmp(f->name, "datagram") != 0))
			return true;
	}
	return false;
}

static void
note_gap(struct ladder *l, const struct cli_trace_event *e)
{
	if (e->kind != CLI_TRACE_RECEIVED || !e->has_number)
		return;
	if (e->number > l->repairs.next_in && spend(l, &l->budget)) {
		if (e->number == l->repairs.next_in + 1)
			note(l, e->t, CLI_TRACE_BAD,
			    "#%" PRIu64 " has not come", l->repairs.next_in);
		else
			note(l, e->t, CLI_TRACE_BAD,
			    "#%" PRIu64 " to #%" PRIu64 " have not come",
			    l->repairs.next_in, e->number - 1);
	}
	if (e->number >= l->repairs.next_in)
		l->repairs.next_in = e->number + 1;
}

static void
fold(struct ladder *l, const struct cli_trace_event *e, bool again, bool late)
{
	flush_state(l);
	if (!l->fold.any)
		*l->first = *e;
	cli_trace_fold_packet(&l->fold, e);
	l->fold.again += again;
	l->fold.late += late;
}

/* How it is shown: a line of its own, or not. */
static bool
has_line(struct ladder *l, const struct cli_trace_event *e, bool special)
{
	if (is_message(e) && spend(l, &l->messages)) {
		l->shown = SHOWN;
		return true;
	}
	return special ? spend(l, &l->budget) : spend(l, &l->shown);
}

/* After the packet that says so. */
static void
note_window(struct ladder *l, const struct cli_trace_event *e)
{
	const bool full =
	    cli_trace_frame(e, CLI_TRACE_FRAME_BLOCKED) != NULL ||
	    cli_trace_frame(e, CLI_TRACE_FRAME_SESSION_BLOCKED) != NULL;
	const bool ours = full == (e->kind == CLI_TRACE_SENT);

	if (full)
		note(l, e->t, CLI_TRACE_BAD, "zero window: %s may send no more",
		    ours ? "this side" : "the other side");
	else
		note(l, e->t, CLI_TRACE_MENDED,
		    "the window is open again: %s goes on",
		    ours ? "this side" : "the other side");
}

static void
on_packet(struct ladder *l, const struct cli_trace_event *e)
{
	const bool late = cli_trace_repairs_late(&l->repairs, e);
	const bool gone = e->kind == CLI_TRACE_SENT && e->has_number &&
			  cli_trace_was_lost(l->study, e->number);
	const bool probe = cli_trace_is_probe(e);
	const bool lost = gone && !probe;
	const struct cli_trace_frame *data =
	    cli_trace_frame(e, CLI_TRACE_FRAME_STREAM);
	const bool again = data != NULL && data->again;
	const bool window = cli_trace_repairs_window(&l->repairs, e);

	note_gap(l, e);
	if (!has_line(l, e, lost || again || late || window)) {
		fold(l, e, again, late);
		return;
	}
	flush_fold(l);
	if (lost)
		draw(l, e, CLI_TRACE_BAD);
	else if (again || late)
		draw(l, e, CLI_TRACE_MENDED);
	else
		draw(l, e, gone && probe ? CLI_TRACE_DIM : CLI_TRACE_PLAIN);
	if (window)
		note_window(l, e);
}

/* ---- the others ---- */

/* What this side does by itself, and tells with the packet that follows. */
static bool
is_ours(const char *state)
{
	return strcmp(state, "SYN_SENT") == 0 ||
	       strcmp(state, "FIN_WAIT_1") == 0 ||
	       strcmp(state, "LAST_ACK") == 0;
}

/* A state stands beside the packet that it comes of. */
static void
on_state(struct ladder *l, const struct cli_trace_event *e, const char *state)
{
	struct cli_trace_line *x = &l->line;

	flush_state(l);
	if (!l->fold.any && !is_ours(state) && x->state[0] == '\0' &&
	    (x->how == CLI_TRACE_NOTE_LINE ||
		(x->how == CLI_TRACE_ARROW_LINE && !x->out)) &&
	    e->t - x->t < AT_ONCE) {
		snprintf(x->state, sizeof x->state, "%s", state);
		return;
	}
	snprintf(l->state, sizeof l->state, "%s", state);
	l->state_t = e->t;
}

static void
on_started(struct ladder *l, const struct cli_trace_event *e)
{
	on_state(l, e, cli_trace_first_state(e));
}

/* On tcp nothing else is seen of what is on the way. */
static void
on_metrics(struct ladder *l, const struct cli_trace_event *e)
{
	if (e->carried == 0 || l->all)
		return;
	if (!l->fold.any)
		flush_state(l);
	cli_trace_fold_carried(&l->fold, e);
}

static void
on_closed(struct ladder *l, const struct cli_trace_event *e)
{
	if (strcmp(e->a, "ok") == 0)
		note(l, e->t, CLI_TRACE_DIM, "closed in good order");
	else
		note(l, e->t, CLI_TRACE_BAD, "ended (%s): %s", e->a, e->b);
}

static void
on_timer(struct ladder *l, const struct cli_trace_event *e)
{
	/* The other timer is of losses, which tell themselves. */
	if (strcmp(e->a, "pto") == 0 && spend(l, &l->budget))
		note(l, e->t, CLI_TRACE_BAD,
		    "no ACK in time (PTO %" PRIu64 "): a probe goes out",
		    e->number);
}

static void
on_path(struct ladder *l, const struct cli_trace_event *e)
{
	if (!spend(l, &l->budget))
		return;
	if (strcmp(e->a, "probing_started") == 0)
		note(l, e->t, CLI_TRACE_BOLD,
		    "the other side has another address: it is probed");
	else if (strcmp(e->a, "probing_successful") == 0)
		note(l, e->t, CLI_TRACE_BOLD, "the new address is right");
	else
		note(l, e->t, CLI_TRACE_BAD,
		    "nobody is at the new address: back to the old one");
}

static void
on_remark(struct ladder *l, const struct cli_trace_event *e)
{
	const char *to = l->rows.style->utf8 ? "→" : "->";
	char n[CLI_TRACE_DIGITS];

	if (!spend(l, &l->remarks))
		return;
	switch (e->kind) {
	case CLI_TRACE_CONGESTION:
		note(l, e->t, CLI_TRACE_DIM, "%s: %s %s %s", e->a, e->b, to,
		    e->c);
		break;
	case CLI_TRACE_MTU:
		note(l, e->t, CLI_TRACE_DIM, "the path takes %s bytes",
		    cli_trace_digits(n, e->number));
		break;
	case CLI_TRACE_ECN:
		note(l, e->t, CLI_TRACE_DIM, "ECN: %s", e->a);
		break;
	case CLI_TRACE_KEY:
		note(l, e->t, CLI_TRACE_DIM, "the next key for what %s",
		    strcmp(e->a, "local") == 0 ? "is sent" : "comes");
		break;
	default:
		note(l, e->t, CLI_TRACE_DIM, "those losses were none: undone");
		break;
	}
}

static void
on_event(struct ladder *l, const struct cli_trace_event *e)
{
	switch (e->kind) {
	case CLI_TRACE_STARTED:
		on_started(l, e);
		break;
	case CLI_TRACE_SENT:
	case CLI_TRACE_RECEIVED:
		on_packet(l, e);
		break;
	case CLI_TRACE_LOST:
		on_lost(l, e);
		break;
	case CLI_TRACE_FOUND:
		if (spend(l, &l->budget))
			note(l, e->t, CLI_TRACE_MENDED,
			    "#%" PRIu64 " was not lost, only late", e->number);
		break;
	case CLI_TRACE_STATE:
		on_state(l, e, e->b);
		break;
	case CLI_TRACE_METRICS:
		on_metrics(l, e);
		break;
	case CLI_TRACE_CLOSED:
		on_closed(l, e);
		break;
	default:
		break;
	}
}

/* What is rarer. */
static void
on_rare(struct ladder *l, const struct cli_trace_event *e)
{
	switch (e->kind) {
	case CLI_TRACE_TIMER:
		on_timer(l, e);
		break;
	case CLI_TRACE_PATH:
		on_path(l, e);
		break;
	case CLI_TRACE_PERSISTENT:
		if (spend(l, &l->budget))
			note(l, e->t, CLI_TRACE_BAD, "persistent congestion");
		break;
	case CLI_TRACE_CONGESTION:
	case CLI_TRACE_MTU:
	case CLI_TRACE_ECN:
	case CLI_TRACE_KEY:
	case CLI_TRACE_UNDONE:
		on_remark(l, e);
		break;
	case CLI_TRACE_ILLEGAL:
		if (spend(l, &l->messages))
			note(l, e->t, CLI_TRACE_BAD,
			    "this breaks the protocol: %s", e->a);
		break;
	case CLI_TRACE_DROPPED:
		if (spend(l, &l->budget))
			note(l, e->t, CLI_TRACE_BAD,
			    "(%" PRIu64 " events are missing here)", e->number);
		break;
	default:
		break;
	}
}

static void
heads(struct ladder *l, const struct cli_trace_session *x)
{
	char here[CLI_TRACE_TEXT + 16], there[2 * CLI_TRACE_TEXT + 8];

	snprintf(here, sizeof here, "%s (here)",
	    x->name[0] != '\0' ? x->name : "this side");
	snprintf(there, sizeof there, "%s%s%s",
	    x->peer[0] != '\0' ? x->peer : "", x->peer[0] != '\0' ? ", " : "",
	    x->remote);
	cli_trace_rows_heads(&l->rows, here, there);
}

bool
cli_trace_ladder(const struct cli_trace_study *study,
    struct cli_trace_reader *r, const struct cli_trace_ladder_options *o,
    FILE *out)
{
	const struct cli_trace_session *x = cli_trace_chosen(study);
	struct cli_trace_event *e = cli_alloc(1, sizeof *e);
	struct ladder *l = cli_alloc(1, sizeof *l);

	*l = (struct ladder){ .study = study,
		.all = o->all,
		.shown = SHOWN,
		.budget = BUDGET,
		.messages = MESSAGES,
		.remarks = REMARKS,
		.first = cli_alloc(1, sizeof *l->first) };
	cli_trace_rows_init(&l->rows, out, o->style, x->first, x->last);
	heads(l, x);
	cli_trace_reader_rewind(r);
	while (cli_trace_next(r, e)) {
		if (e->t < x->first || e->t > x->last ||
		    (e->has_session ? e->session != x->id
				    : e->kind != CLI_TRACE_DROPPED))
			continue;
		on_event(l, e);
		on_rare(l, e);
	}
	flush_fold(l);
	flush_state(l);
	cli_trace_line_put(&l->rows, &l->line);
	free(l->first);
	free(l);
	free(e);
	return r->wrong[0] == '\0';
}
