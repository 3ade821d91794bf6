#include "cli/trace_html.h"

#include <stdlib.h>

#include "cli/memory.h"
#include "cli/trace_ladder.h"
#include "cli/trace_panel.h"
#include "cli/trace_summary.h"
#include "cli/trace_svg.h"

enum { COLUMNS = 104 };

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n<style>\n"
    "body{max-width:62rem;margin:1.5rem auto;padding:0 1rem;"
    "background:#fff;color:#1c2733;"
    "font:15px/1.5 system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
    "svg{width:100%;height:auto}\n"
    "h2{font-size:1.1rem;margin:2rem 0 .3rem}\n"
    "pre{overflow-x:auto;font:13px/1.25 'DejaVu Sans Mono',Menlo,Consolas,"
    "monospace}\n"
    "@media(prefers-color-scheme:dark){"
    "body{background:#11161c;color:#e3e9ef}}\n</style>\n<title>";

/* The ladder as text without colours, in storage of its own; NULL: the trace
 * is wrong. */
static char *
ladder(const struct cli_trace_study *s, struct cli_trace_reader *r)
{
	const struct cli_style style = {
		.fd = -1, .utf8 = true, .columns = COLUMNS
	};
	const struct cli_trace_ladder_options o = { .style = &style };
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	bool ok;

	if (f == NULL)
		return cli_copy("");
	ok = cli_trace_ladder(s, r, &o, f);
	if (fclose(f) == 0 && ok)
		return text;
	free(text);
	return NULL;
}

bool
cli_trace_html(
    const struct cli_trace_study *s, struct cli_trace_reader *r, FILE *out)
{
	char *rungs = ladder(s, r), title[CLI_TRACE_TITLE];
	struct cli_trace_chart *c;

	if (rungs == NULL)
		return false;
	if ((c = cli_trace_chart(s, r)) == NULL) {
		free(rungs);
		return false;
	}
	cli_trace_title(s, title);
	fputs(head, out);
	cli_trace_escape(out, title);
	fputs("</title>\n<body>\n", out);
	cli_trace_svg(s, c, out);
	fputs("<h2>Ladder</h2>\n<p>Time goes down; this side is on the left. "
	      "What is alike is folded.</p>\n<pre>",
	    out);
	cli_trace_escape(out, rungs);
	fputs("</pre>\n</body>\n</html>\n", out);
	free(c);
	free(rungs);
	return true;
}
