#include "cli/trace_svg.h"

#include <stdlib.h>
#include <string.h>

#include "cli/trace_panel.h"
#include "cli/trace_summary.h"

enum {
	WIDTH = 960,
	TOP = 146, /* of the first panel */
	STATES_Y = 88,
	STATES_H = 24,
	GAP = 44, /* between panels: room for a title */
	BAR_BINS = 6
};

static const char style[] =
    "<style>\n"
    ".bg{fill:#fff}.ink{fill:#1c2733}.soft{fill:#5b6b7a}\n"
    "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,"
    "'DejaVu Sans',sans-serif}\n"
    ".h{font-size:17px;font-weight:600}.p{font-size:13px;font-weight:600}\n"
    ".e{text-anchor:end}.m{text-anchor:middle}\n"
    ".grid{stroke:#e6eaee;fill:none}.frame{stroke:#b9c3cd;fill:none}\n"
    ".l{fill:none;stroke-width:1.6;stroke-linejoin:round}\n"
    ".data{stroke:#2f6fde}.ack{stroke:#199068}.lost{stroke:#d1242f}\n"
    ".again{stroke:#c77700}.win{stroke:#7a4fd0}.fly{stroke:#2f6fde}\n"
    ".f-data{fill:#2f6fde}.f-ack{fill:#199068}.f-lost{fill:#d1242f}\n"
    ".f-again{fill:#c77700}.f-win{fill:#7a4fd0}.f-fly{fill:#2f6fde}\n"
    ".f-rate{fill:#9dbdf2}.f-range{fill:#b9a3e8;opacity:.55}\n"
    ".s-open{fill:#f3c969}.s-est{fill:#7fcfa6}.s-fin{fill:#9fbbe6}\n"
    ".s-wait{fill:#c3ccd5}.s-end{fill:#8896a5}.st{fill:#14202c}\n"
    "@media(prefers-color-scheme:dark){\n"
    ".bg{fill:#11161c}.ink{fill:#e3e9ef}.soft{fill:#93a2b1}\n"
    ".grid{stroke:#242d36}.frame{stroke:#46535f}\n"
    ".data,.fly{stroke:#6ea8ff}.ack{stroke:#4cc99a}.lost{stroke:#ff6b6b}\n"
    ".again{stroke:#ffb347}.win{stroke:#b394ff}\n"
    ".f-data,.f-fly{fill:#6ea8ff}.f-ack{fill:#4cc99a}.f-lost{fill:#ff6b6b}\n"
    ".f-again{fill:#ffb347}.f-win{fill:#b394ff}\n"
    ".f-rate{fill:#35598f}.f-range{fill:#7d62bd}\n"
    ".s-open{fill:#d2a43b}.s-est{fill:#4ba57a}.s-fin{fill:#6f92c9}\n"
    ".s-wait{fill:#8592a0}.s-end{fill:#66727f}.st{fill:#0b1116}}\n"
    "</style>\n";

/* ---- states ---- */

static const char *
state_class(const char *state)
{
	static const struct {
		const char *part, *class;
	} known[] = {
		{ "SYN_", "s-open" },
		{ "await", "s-open" },
		{ "opening", "s-open" },
		{ "ESTABLISHED", "s-est" },
		{ "established", "s-est" },
		{ "TIME_WAIT", "s-wait" },
		{ "CLOSED", "s-end" },
		{ "over", "s-end" },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strncmp(state, known[i].part, strlen(known[i].part)) == 0)
			return known[i].class;
	return "s-fin";
}

static void
states(const struct cli_trace_page *p)
{
	const struct cli_trace_chart *c = p->c;

	for (unsigned i = 0; i < c->span_count; i++) {
		const struct cli_trace_span *s = &c->spans[i];
		const double x = cli_trace_x(p, s->from);
		const double end = i + 1 < c->span_count
				       ? cli_trace_x(p, c->spans[i + 1].from)
				       : CLI_TRACE_LEFT + CLI_TRACE_PLOT;
		const double w = end - x > 1 ? end - x : 1;

		fprintf(p->out,
		    "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" "
		    "height=\"%d\"><title>",
		    state_class(s->state), x, STATES_Y, w, STATES_H);
		cli_trace_escape(p->out, s->state);
		fputs("</title></rect>\n", p->out);
		if (w < 8.2 * (double)strlen(s->state) + 6)
			continue;
		fprintf(p->out, "<text class=\"st m\" x=\"%.1f\" y=\"%d\">",
		    x + w / 2, STATES_Y + 16);
		cli_trace_escape(p->out, s->state);
		fputs("</text>\n", p->out);
	}
	fprintf(p->out,
	    "<text class=\"soft e\" x=\"%d\" y=\"%d\">state</text>\n",
	    CLI_TRACE_LEFT - 8, STATES_Y + 16);
}

/* ---- panels ---- */

static bool
acked(const struct cli_trace_bin *b, uint64_t *v)
{
	*v = b->acked;
	return b->acks;
}

static bool
carried(const struct cli_trace_bin *b, uint64_t *v)
{
	*v = b->high;
	return b->data;
}

static void
marks(const struct cli_trace_page *p, const struct cli_trace_panel *n)
{
	for (unsigned i = 0; i < p->c->mark_count; i++) {
		const struct cli_trace_mark *m = &p->c->marks[i];
		const double x = cli_trace_x(p, m->t),
			     y = cli_trace_y(n, m->at);

		if (m->again)
			fprintf(p->out,
			    "<circle class=\"l again\" cx=\"%.1f\" "
			    "cy=\"%.1f\" r=\"3.2\"/>\n",
			    x, y);
		else
			fprintf(p->out,
			    "<path class=\"l lost\" d=\"M%.1f %.1fl7 7m0-7"
			    "l-7 7\"/>\n",
			    x - 3.5, y - 3.5);
	}
}

static void
sequence(const struct cli_trace_page *p, struct cli_trace_panel *n)
{
	static const char *const ours[][2] = { { "f-data", "sent" },
		{ "f-ack", "acknowledged" }, { "f-lost", "lost" },
		{ "f-again", "sent again" }, { NULL, NULL } };
	static const char *const theirs[][2] = { { "f-data", "received" },
		{ "f-again", "late" }, { NULL, NULL } };
	static const char *const none[][2] = { { NULL, NULL } };
	char title[80];

	for (unsigned i = 0; i < CLI_TRACE_BINS; i++)
		if (p->c->bins[i].data && (double)p->c->bins[i].high > n->most)
			n->most = (double)p->c->bins[i].high;
	snprintf(
	    title, sizeof title, "Sequence: bytes of stream %u", p->c->stream);
	n->title = p->c->has_stream ? title : "Bytes on the connection";
	cli_trace_panel_begin(p, n, false);
	cli_trace_legend(p, n,
	    !p->c->has_stream                  ? none
	    : p->c->direction == CLI_TRACE_OUT ? ours
					       : theirs);
	if (!p->c->has_stream) {
		cli_trace_line(p, n, "data", carried);
		return;
	}
	cli_trace_line(p, n, "ack", acked);
	fputs("<path class=\"data\" stroke-width=\"2.6\" d=\"", p->out);
	for (unsigned i = 0; i < CLI_TRACE_BINS; i++) {
		const struct cli_trace_bin *b = &p->c->bins[i];
		const double low = cli_trace_y(n, b->low),
			     high = cli_trace_y(n, b->high);

		if (b->data)
			fprintf(p->out, "M%.1f %.1fV%.1f", cli_trace_bin_x(i),
			    low, low - high < 1.6 ? low - 1.6 : high);
	}
	fputs("\"/>\n", p->out);
	marks(p, n);
}

static bool
srtt(const struct cli_trace_bin *b, uint64_t *v)
{
	*v = b->srtt;
	return b->metrics && b->srtt > 0;
}

static void
rtts(const struct cli_trace_page *p, struct cli_trace_panel *n)
{
	static const char *const names[][2] = { { "f-win", "smoothed" },
		{ "f-range", "samples" }, { NULL, NULL } };

	for (unsigned i = 0; i < CLI_TRACE_BINS; i++)
		if ((double)p->c->bins[i].rtt_high > n->most)
			n->most = (double)p->c->bins[i].rtt_high;
	cli_trace_panel_begin(p, n, false);
	cli_trace_legend(p, n, names);
	for (unsigned i = 0; i < CLI_TRACE_BINS; i++) {
		const struct cli_trace_bin *b = &p->c->bins[i];
		const double high = cli_trace_y(n, b->rtt_high);

		if (b->rtts)
			fprintf(p->out,
			    "<rect class=\"f-range\" x=\"%.1f\" y=\"%.1f\" "
			    "width=\"2\" height=\"%.1f\"/>\n",
			    cli_trace_bin_x(i) - 1, high - 1,
			    cli_trace_y(n, b->rtt_low) - high + 2);
	}
	cli_trace_line(p, n, "win", srtt);
}

static bool
window(const struct cli_trace_bin *b, uint64_t *v)
{
	*v = b->window;
	return b->metrics;
}

static bool
in_flight(const struct cli_trace_bin *b, uint64_t *v)
{
	*v = b->in_flight;
	return b->metrics;
}

static void
windows(const struct cli_trace_page *p, struct cli_trace_panel *n)
{
	static const char *const names[][2] = { { "f-win",
						    "congestion window" },
		{ "f-fly", "in flight" }, { NULL, NULL } };

	for (unsigned i = 0; i < CLI_TRACE_BINS; i++) {
		const struct cli_trace_bin *b = &p->c->bins[i];
		const uint64_t most =
		    b->window > b->in_flight ? b->window : b->in_flight;

		if ((double)most > n->most)
			n->most = (double)most;
	}
	cli_trace_panel_begin(p, n, false);
	cli_trace_legend(p, n, names);
	cli_trace_line(p, n, "win", window);
	cli_trace_line(p, n, "fly", in_flight);
}

static bool
delivery(const struct cli_trace_bin *b, uint64_t *v)
{
	*v = b->delivery;
	return b->metrics && b->delivery > 0;
}

/* Bits a second over a few bins, and whole pixels. */
static double
bar(const struct cli_trace_page *p, unsigned from)
{
	const double seconds = (double)(p->c->to - p->c->from + 1) / 1e6 *
			       BAR_BINS / CLI_TRACE_BINS;
	double bits = 0;

	for (unsigned i = from; i < from + BAR_BINS; i++)
		bits += 8.0 * (double)p->c->bins[i].bytes;
	return bits / seconds;
}

static void
rates(const struct cli_trace_page *p, struct cli_trace_panel *n)
{
	static const char *const names[][2] = { { "f-rate", "packets" },
		{ "f-ack", "delivered, by ACKs" }, { NULL, NULL } };

	for (unsigned i = 0; i < CLI_TRACE_BINS; i += BAR_BINS)
		if (bar(p, i) > n->most)
			n->most = bar(p, i);
	for (unsigned i = 0; i < CLI_TRACE_BINS; i++)
		if ((double)p->c->bins[i].delivery > n->most)
			n->most = (double)p->c->bins[i].delivery;
	cli_trace_panel_begin(p, n, true);
	cli_trace_legend(p, n, names);
	for (unsigned i = 0; i < CLI_TRACE_BINS; i += BAR_BINS) {
		const double h = n->height * bar(p, i) / n->most;

		if (h > 0)
			fprintf(p->out,
			    "<rect class=\"f-rate\" x=\"%.1f\" y=\"%.1f\" "
			    "width=\"%d\" height=\"%.1f\"/>\n",
			    cli_trace_bin_x(i) - 1, n->y + n->height - h,
			    2 * BAR_BINS - 1, h);
	}
	cli_trace_line(p, n, "ack", delivery);
}

/* ---- the page ---- */

/* In two lines, below the title. */
static void
facts(const struct cli_trace_study *s, FILE *out)
{
	enum { FIRST = 3 };
	char text[CLI_TRACE_TITLE];

	for (unsigned n = 0; cli_trace_fact(s, n, text); n++) {
		if (n == 0 || n == FIRST)
			fprintf(out,
			    "%s<text class=\"soft\" x=\"%d\" y=\"%d\">",
			    n == 0 ? "" : "</text>\n", CLI_TRACE_LEFT,
			    n == 0 ? 51 : 69);
		else
			fputs(" · ", out);
		cli_trace_escape(out, text);
	}
	fputs("</text>\n", out);
}

void
cli_trace_svg(
    const struct cli_trace_study *s, const struct cli_trace_chart *c, FILE *out)
{
	const struct cli_trace_page p = { out, c };
	struct cli_trace_panel a = { TOP, 260, "", CLI_TRACE_BYTES, 0 };
	struct cli_trace_panel b = { a.y + a.height + GAP, 100,
		"Round trip time", CLI_TRACE_TIME, 0 };
	struct cli_trace_panel w = { b.y + b.height + GAP, 120, "Window",
		CLI_TRACE_BYTES, 0 };
	struct cli_trace_panel r = { w.y + w.height + GAP, 110, "Rate",
		CLI_TRACE_RATE, 0 };
	const int height = r.y + r.height + 36;
	char text[CLI_TRACE_TITLE];

	fprintf(out,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
	    "role=\"img\">\n<title>",
	    WIDTH, height);
	cli_trace_title(s, text);
	cli_trace_escape(out, text);
	fprintf(out,
	    "</title>\n%s<rect class=\"bg\" width=\"%d\" height=\"%d\"/>\n"
	    "<text class=\"ink h\" x=\"%d\" y=\"30\">",
	    style, WIDTH, height, CLI_TRACE_LEFT);
	cli_trace_escape(out, text);
	fputs("</text>\n", out);
	facts(s, out);
	states(&p);
	sequence(&p, &a);
	rtts(&p, &b);
	windows(&p, &w);
	rates(&p, &r);
	fputs("</svg>\n", out);
}

bool
cli_trace_svg_page(
    const struct cli_trace_study *s, struct cli_trace_reader *r, FILE *out)
{
	struct cli_trace_chart *c = cli_trace_chart(s, r);

	if (c == NULL)
		return false;
	cli_trace_svg(s, c, out);
	free(c);
	return true;
}
