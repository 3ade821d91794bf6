#include "cli/trace_fold.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/size.h"
#include "cli/trace_label.h"

enum { LONG = 10 * 1000 * 1000 }; /* us: told in seconds */

static void
extend(struct cli_trace_fold *f, uint64_t t)
{
	if (!f->any)
		f->from = t;
	f->any = true;
	f->to = t;
}

void
cli_trace_fold_packet(struct cli_trace_fold *f, const struct cli_trace_event *e)
{
	const unsigned way = e->kind == CLI_TRACE_SENT ? 0 : 1;

	extend(f, e->t);
	f->packets[way]++;
	f->bytes[way] += e->length;
}

void
cli_trace_fold_carried(
    struct cli_trace_fold *f, const struct cli_trace_event *e)
{
	extend(f, e->t);
	f->carried = e->carried;
}

static int
add_packets(const struct cli_trace_fold *f, char *text, bool with_bytes)
{
	static const char *const way[] = { "out", "in" };
	const unsigned main = f->bytes[0] >= f->bytes[1] ? 0 : 1;
	const struct {
		uint64_t n;
		const char *what;
	} more[] = { { f->packets[1 - main], way[1 - main] },
		{ f->lost, "lost" }, { f->again, "again" },
		{ f->late, "late" } };
	char n[CLI_TRACE_DIGITS], size[CLI_SIZE_TEXT];
	int at;

	at = snprintf(text, CLI_TRACE_FOLD, "%s packet%s %s",
	    cli_trace_digits(n, f->packets[main]),
	    f->packets[main] == 1 ? "" : "s", way[main]);
	if (with_bytes)
		at += snprintf(text + at, CLI_TRACE_FOLD - (size_t)at, " (%s)",
		    cli_size_text(size, f->bytes[main]));
	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		if (more[i].n > 0)
			at += snprintf(text + at, CLI_TRACE_FOLD - (size_t)at,
			    ", %s %s", cli_trace_digits(n, more[i].n),
			    more[i].what);
	return at;
}

void
cli_trace_fold_text(
    const struct cli_trace_fold *f, char text[CLI_TRACE_FOLD], size_t room)
{
	const uint64_t took = f->to - f->from;
	char size[CLI_SIZE_TEXT], span[32];
	int at;

	if (took >= LONG)
		snprintf(span, sizeof span, "; %" PRIu64 ".%" PRIu64 " s",
		    took / 1000000, took / 100000 % 10);
	else
		snprintf(span, sizeof span, "; %" PRIu64 ".%" PRIu64 " ms",
		    took / 1000, took / 100 % 10);
	if (f->carried > 0)
		at = snprintf(text, CLI_TRACE_FOLD, "%s carried by tcp",
		    cli_size_text(size, f->carried));
	else if ((size_t)(at = add_packets(f, text, true)) > room)
		at = add_packets(f, text, false);
	if ((size_t)at + strlen(span) <= room)
		memcpy(text + at, span, strlen(span) + 1);
}
