#include "cli/trace_label.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MORE = 4 }; /* columns of " ..." */

struct label {
	char *text;
	size_t n;
	size_t room; /* what comes past it is left out */
	size_t part; /* where the part under way begins */
	bool any;    /* something stands after the number */
	bool full;
};

const char *
cli_trace_digits(char out[CLI_TRACE_DIGITS], uint64_t v)
{
	char plain[24];
	const int n = snprintf(plain, sizeof plain, "%" PRIu64, v);
	char *at = out;

	for (int i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			*at++ = ',';
		*at++ = plain[i];
	}
	*at = '\0';
	return out;
}

bool
cli_trace_is_probe(const struct cli_trace_event *e)
{
	return cli_trace_frame(e, CLI_TRACE_FRAME_PING) != NULL &&
	       cli_trace_frame(e, CLI_TRACE_FRAME_PADDING) != NULL;
}

const char *
cli_trace_first_state(const struct cli_trace_event *e)
{
	const bool first = strcmp(e->b, "initiator") == 0;

	if (strcmp(e->a, "udp") == 0)
		return first ? "SYN_SENT" : "SYN_RCVD";
	return first ? "await-syn-ack" : "await-syn";
}

const struct cli_trace_frame *
cli_trace_frame(const struct cli_trace_event *e, enum cli_trace_frame_type type)
{
	for (unsigned i = 0; i < e->frame_count; i++)
		if (e->frames[i].type == type)
			return &e->frames[i];
	return NULL;
}

static void __attribute__((format(printf, 2, 3)))
add(struct label *l, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->text + l->n, CLI_TRACE_LABEL - l->n, format, args);
	va_end(args);
	if (n > 0)
		l->n += (size_t)n;
	if (l->n >= CLI_TRACE_LABEL)
		l->n = CLI_TRACE_LABEL - 1;
}

/* A thing that it carries begins; and ends: the first has its place in any
 * case, what finds none is told by dots. */
static void
begin(struct label *l)
{
	l->part = l->n;
	if (l->any)
		add(l, ", ");
}

static void
end(struct label *l)
{
	if (l->any && (l->full || l->n > l->room)) {
		l->n = l->part;
		l->text[l->n] = '\0';
		if (!l->full)
			add(l, " ...");
		l->full = true;
	}
	l->any = true;
}

static void
add_stream(struct label *l, const struct cli_trace_frame *f)
{
	char from[CLI_TRACE_DIGITS], to[CLI_TRACE_DIGITS];

	begin(l);
	add(l, "stream %" PRIu64 ": %s-%s%s", f->stream,
	    cli_trace_digits(from, f->offset),
	    cli_trace_digits(to, f->offset + f->length), f->fin ? " END" : "");
	end(l);
}

/* As many of its ranges as there is room for, the newest first. */
static void
add_ack(struct label *l, const struct cli_trace_frame *f)
{
	bool more = f->more_ranges;

	begin(l);
	add(l, "ACK");
	for (unsigned i = 0; i < f->range_count; i++) {
		const size_t before = l->n;
		const uint64_t first = f->ranges[i].first;
		const uint64_t last = f->ranges[i].last;

		add(l, first == last ? " %" PRIu64 : " %" PRIu64 "-%" PRIu64,
		    first, last);
		if (i == 0 || l->n + MORE <= l->room)
			continue;
		l->n = before;
		l->text[before] = '\0';
		more = true;
		break;
	}
	if (more)
		add(l, " ...");
	end(l);
}

static void
add_window(struct label *l, const struct cli_trace_frame *f)
{
	char limit[CLI_TRACE_DIGITS];
	const bool blocked = f->type == CLI_TRACE_FRAME_BLOCKED ||
			     f->type == CLI_TRACE_FRAME_SESSION_BLOCKED;
	const bool session = f->type == CLI_TRACE_FRAME_SESSION_WINDOW ||
			     f->type == CLI_TRACE_FRAME_SESSION_BLOCKED;

	begin(l);
	add(l, "%s", blocked ? "BLOCKED at " : "WINDOW ");
	cli_trace_digits(limit, f->limit);
	if (session)
		add(l, "%s", limit);
	else
		add(l, "%s (stream %" PRIu64 ")", limit, f->stream);
	end(l);
}

static void
add_other(struct label *l, const struct cli_trace_frame *f)
{
	begin(l);
	for (const char *p = f->name; *p != '\0'; p++)
		add(l, "%c", *p == '_' ? ' ' : toupper((unsigned char)*p));
	end(l);
}

static bool
is_window(enum cli_trace_frame_type type)
{
	return type == CLI_TRACE_FRAME_WINDOW ||
	       type == CLI_TRACE_FRAME_SESSION_WINDOW ||
	       type == CLI_TRACE_FRAME_BLOCKED ||
	       type == CLI_TRACE_FRAME_SESSION_BLOCKED;
}

/* FIN and the like first, then data, then what is told of the other way. */
static void
add_frames(struct label *l, const struct cli_trace_event *e)
{
	for (unsigned i = 0; i < e->frame_count; i++) {
		const struct cli_trace_frame *f = &e->frames[i];

		if (f->type == CLI_TRACE_FRAME_OTHER ||
		    f->type == CLI_TRACE_FRAME_FIN ||
		    f->type == CLI_TRACE_FRAME_PING)
			add_other(l, f);
	}
	for (unsigned i = 0; i < e->frame_count; i++)
		if (e->frames[i].type == CLI_TRACE_FRAME_STREAM)
			add_stream(l, &e->frames[i]);
	for (unsigned i = 0; i < e->frame_count; i++)
		if (e->frames[i].type == CLI_TRACE_FRAME_ACK)
			add_ack(l, &e->frames[i]);
	for (unsigned i = 0; i < e->frame_count; i++)
		if (is_window(e->frames[i].type))
			add_window(l, &e->frames[i]);
	for (unsigned i = 0; i < e->frame_count; i++)
		if (e->frames[i].type == CLI_TRACE_FRAME_FREQUENCY)
			add_other(l, &e->frames[i]);
}

static void
add_message(struct label *l, const struct cli_trace_event *e)
{
	char bytes[CLI_TRACE_DIGITS];

	add(l, "%s", strcmp(e->a, "SYN_ACK") == 0 ? "SYN+ACK" : e->a);
	if (e->again)
		add(l, " again");
	if (e->length > 0)
		add(l, ", %s bytes", cli_trace_digits(bytes, e->length));
}

void
cli_trace_label(char out[CLI_TRACE_LABEL], size_t room,
    const struct cli_trace_event *e, uint64_t again)
{
	struct label l = { .text = out, .room = room > MORE ? room - MORE : 0 };
	char bytes[CLI_TRACE_DIGITS];

	out[0] = '\0';
	if (!e->has_number) {
		add_message(&l, e);
		return;
	}
	add(&l, "#%" PRIu64 " ", e->number);
	if (again != UINT64_MAX) {
		add(&l, "again #%" PRIu64, again);
		l.any = true;
	}
	if (cli_trace_is_probe(e)) {
		add(&l, "do %s bytes pass?",
		    cli_trace_digits(bytes, e->length));
		return;
	}
	add_frames(&l, e);
	if (!l.any)
		add(&l, "%s bytes", cli_trace_digits(bytes, e->length));
}
