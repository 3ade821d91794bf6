#include "cli/trace_panel.h"

#include <string.h>

void
cli_trace_escape(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*text, out);
		}
}

double
cli_trace_x(const struct cli_trace_page *p, uint64_t t)
{
	const double span = (double)(p->c->to - p->c->from + 1);

	return CLI_TRACE_LEFT +
	       (double)(t - p->c->from) * CLI_TRACE_PLOT / span;
}

double
cli_trace_bin_x(unsigned i)
{
	return CLI_TRACE_LEFT + 2.0 * i + 1;
}

double
cli_trace_y(const struct cli_trace_panel *n, uint64_t value)
{
	double part = (double)value / n->most;

	if (part > 1)
		part = 1;
	return n->y + n->height * (1 - part);
}

/* ---- frames and axes ---- */

static void
time_axis(const struct cli_trace_page *p, const struct cli_trace_panel *n,
    bool labels)
{
	const double span = (double)(p->c->to - p->c->from + 1);
	const double step = cli_trace_step(span, 10);
	char tick[CLI_TRACE_TICK];

	for (unsigned i = 0; i <= 20 && i * step <= span; i++) {
		const double x =
		    CLI_TRACE_LEFT + i * step * CLI_TRACE_PLOT / span;

		fprintf(p->out, "<path class=\"grid\" d=\"M%.1f %dv%d\"/>\n", x,
		    n->y, n->height);
		if (!labels)
			continue;
		cli_trace_tick(tick, CLI_TRACE_TIME, i * step, step);
		fprintf(p->out,
		    "<text class=\"soft m\" x=\"%.1f\" y=\"%d\">%s</text>\n", x,
		    n->y + n->height + 18, tick);
	}
}

static void
value_axis(const struct cli_trace_page *p, const struct cli_trace_panel *n)
{
	const double step = cli_trace_step(n->most, n->height > 150 ? 8 : 5);
	char tick[CLI_TRACE_TICK];

	for (unsigned i = 0; i <= 12 && i * step <= n->most * 1.001; i++) {
		const double y = n->y + n->height * (1 - i * step / n->most);

		fprintf(p->out,
		    "<path class=\"grid\" d=\"M%d %.1fh%d\"/>\n"
		    "<text class=\"soft e\" x=\"%d\" y=\"%.1f\">",
		    CLI_TRACE_LEFT, y, CLI_TRACE_PLOT, CLI_TRACE_LEFT - 8,
		    y + 4);
		cli_trace_tick(tick, n->unit, i * step, step);
		fprintf(p->out, "%s</text>\n", tick);
	}
}

void
cli_trace_panel_begin(
    const struct cli_trace_page *p, struct cli_trace_panel *n, bool last)
{
	if (n->most <= 0)
		n->most = 1;
	n->most *= 1.06;
	time_axis(p, n, last);
	value_axis(p, n);
	fprintf(p->out,
	    "<rect class=\"frame\" x=\"%d\" y=\"%d\" width=\"%d\" "
	    "height=\"%d\"/>\n<text class=\"ink p\" x=\"%d\" y=\"%d\">",
	    CLI_TRACE_LEFT, n->y, CLI_TRACE_PLOT, n->height, CLI_TRACE_LEFT,
	    n->y - 10);
	cli_trace_escape(p->out, n->title);
	fputs("</text>\n", p->out);
}

void
cli_trace_legend(const struct cli_trace_page *p,
    const struct cli_trace_panel *n, const char *const (*entries)[2])
{
	enum { SWATCH = 16, LETTER = 7, BETWEEN = 14 };
	int x = CLI_TRACE_LEFT + CLI_TRACE_PLOT + BETWEEN;

	for (unsigned i = 0; entries[i][0] != NULL; i++)
		x -= SWATCH + LETTER * (int)strlen(entries[i][1]) + BETWEEN;
	for (; (*entries)[0] != NULL; entries++) {
		fprintf(p->out,
		    "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"10\" "
		    "height=\"10\" rx=\"2\"/>\n"
		    "<text class=\"soft\" x=\"%d\" y=\"%d\">%s</text>\n",
		    (*entries)[0], x, n->y - 19, x + SWATCH, n->y - 10,
		    (*entries)[1]);
		x += SWATCH + LETTER * (int)strlen((*entries)[1]) + BETWEEN;
	}
}

void
cli_trace_line(const struct cli_trace_page *p, const struct cli_trace_panel *n,
    const char *class, bool (*value)(const struct cli_trace_bin *, uint64_t *))
{
	bool begun = false;
	uint64_t v;

	for (unsigned i = 0; i < CLI_TRACE_BINS; i++) {
		if (!value(&p->c->bins[i], &v))
			continue;
		if (!begun)
			fprintf(p->out, "<path class=\"l %s\" d=\"", class);
		fprintf(p->out, "%c%.1f %.1f", begun ? 'L' : 'M',
		    cli_trace_bin_x(i), cli_trace_y(n, v));
		begun = true;
	}
	if (begun)
		fputs("\"/>\n", p->out);
}
