#include "cli/trace_summary.h"

#include <inttypes.h>
#include <string.h>

#include "cli/size.h"
#include "cli/trace_label.h"

/* "2026-11-26T15:12:13.788885Z" as people read it. */
static void
when(const char *time, char out[32])
{
	snprintf(out, 32, "%.19s", time);
	if (strlen(out) == 19 && out[10] == 'T') {
		out[10] = ' ';
		memcpy(out + 19, " UTC", sizeof " UTC");
	}
}

void
cli_trace_title(const struct cli_trace_study *s, char out[CLI_TRACE_TITLE])
{
	const struct cli_trace_session *x = cli_trace_chosen(s);
	const bool out_going = strcmp(x->role, "initiator") == 0;
	char time[32];

	when(s->began.b, time);
	snprintf(out, CLI_TRACE_TITLE, "%s %s %s (%s), %s",
	    x->carrier[0] != '\0' ? x->carrier : "session",
	    out_going ? "to" : "from", x->peer[0] != '\0' ? x->peer : "?",
	    x->remote[0] != '\0' ? x->remote : "?", time);
}

static bool
packets(const struct cli_trace_session *x, unsigned way, char *out)
{
	char n[CLI_TRACE_DIGITS], size[CLI_SIZE_TEXT];

	snprintf(out, CLI_TRACE_TITLE, "%s %s packet%s, %s",
	    way == CLI_TRACE_OUT ? "sent" : "received",
	    cli_trace_digits(n, x->packets[way]),
	    x->packets[way] == 1 ? "" : "s",
	    cli_size_text(size, x->bytes[way]));
	return true;
}

static bool
losses(const struct cli_trace_session *x, char *out)
{
	char n[CLI_TRACE_DIGITS];
	int at;

	if (x->lost == 0)
		return snprintf(out, CLI_TRACE_TITLE, "lost none") > 0;
	at = snprintf(out, CLI_TRACE_TITLE, "lost %s (%.1f %%)",
	    cli_trace_digits(n, x->lost),
	    100.0 * (double)x->lost /
		(double)(x->packets[CLI_TRACE_OUT] > 0
			     ? x->packets[CLI_TRACE_OUT]
			     : 1));
	if (x->found > 0)
		snprintf(out + at, CLI_TRACE_TITLE - (size_t)at,
		    ", of which %s only came late",
		    cli_trace_digits(n, x->found));
	return true;
}

bool
cli_trace_fact(
    const struct cli_trace_study *s, unsigned n, char out[CLI_TRACE_TITLE])
{
	const struct cli_trace_session *x = cli_trace_chosen(s);
	char text[CLI_SIZE_TEXT];

	if (x->carried > 0 && n < 3) {
		snprintf(out, CLI_TRACE_TITLE, "%s",
		    n == 0   ? "carried by the kernel's tcp, whose segments "
			       "are not seen here"
		    : n == 1 ? cli_size_text(text, x->carried)
			     : x->cipher);
		return true;
	}
	switch (n) {
	case 0:
		return packets(x, CLI_TRACE_OUT, out);
	case 1:
		return packets(x, CLI_TRACE_IN, out);
	case 2:
		return losses(x, out);
	case 3:
		snprintf(out, CLI_TRACE_TITLE,
		    "RTT %" PRIu64 ".%" PRIu64 " ms at least, %" PRIu64
		    ".%" PRIu64 " ms at the end",
		    x->min_rtt / 1000, x->min_rtt / 100 % 10, x->srtt / 1000,
		    x->srtt / 100 % 10);
		return true;
	case 4:
		cli_duration_text(text, (double)(x->last - x->first) / 1e6);
		snprintf(out, CLI_TRACE_TITLE, "took %s, %s%s%s", text,
		    x->error[0] == '\0'           ? "no end in the trace"
		    : strcmp(x->error, "ok") == 0 ? "closed in good order"
						  : "ended: ",
		    strcmp(x->error, "ok") == 0 ? "" : x->error,
		    x->cipher[0] != '\0' ? "" : ", never opened");
		return true;
	default:
		return false;
	}
}

void
cli_trace_summary(
    const struct cli_trace_study *s, const struct cli_style *style, FILE *out)
{
	char text[CLI_TRACE_TITLE];

	cli_trace_title(s, text);
	fprintf(out, "%s%s%s\n", cli_style_bold(style), text,
	    cli_style_plain(style));
	if (s->count > 1)
		fprintf(out,
		    "Session %u of %u%s in this trace: --session N for "
		    "another.\n",
		    s->chosen + 1, s->count, s->more ? " and more" : "");
	if (s->dropped > 0)
		fprintf(out,
		    "%s%" PRIu64 " events are missing: the disk was too slow "
		    "for them.%s\n",
		    cli_style_red(style), s->dropped, cli_style_plain(style));
	fputc('\n', out);
}

void
cli_trace_summary_end(
    const struct cli_trace_study *s, const struct cli_style *style, FILE *out)
{
	char text[CLI_TRACE_TITLE];

	(void)style;
	fputc('\n', out);
	for (unsigned n = 0; cli_trace_fact(s, n, text); n++) {
		if (text[0] >= 'a' && text[0] <= 'z')
			text[0] = (char)(text[0] - 'a' + 'A');
		fprintf(out, "%s.\n", text);
	}
	if (!s->ended)
		fputs("The trace has no end: whoever wrote it was killed, or "
		      "still runs.\n",
		    out);
}
