#include "cli/trace_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"

enum {
	TIME_COLUMNS = 13,
	BARS = 2,
	WIDTH_LEAST = 64,
	WIDTH_MOST = 110,
	LONG = 100 * 1000000 /* us: from here on times are in seconds */
};

struct glyphs {
	const char *bar, *dash, *right, *left, *cross;
};

static const struct glyphs *
glyphs(const struct cli_trace_rows *r)
{
	static const struct glyphs fine = { "│", "─", "▶", "◀", "✗" };
	static const struct glyphs plain = { "|", "-", ">", "<", "X" };

	return r->style->utf8 ? &fine : &plain;
}

static const char *
start_look(const struct cli_trace_rows *r, enum cli_trace_look look)
{
	switch (look) {
	case CLI_TRACE_BOLD:
		return cli_style_bold(r->style);
	case CLI_TRACE_DIM:
		return cli_style_dim(r->style);
	case CLI_TRACE_BAD:
		return cli_style_red(r->style);
	case CLI_TRACE_MENDED:
		return cli_style_yellow(r->style);
	default:
		return "";
	}
}

void
cli_trace_rows_init(struct cli_trace_rows *r, FILE *out,
    const struct cli_style *style, uint64_t start, uint64_t end)
{
	unsigned width = style->columns;

	if (width < WIDTH_LEAST)
		width = WIDTH_LEAST;
	if (width > WIDTH_MOST)
		width = WIDTH_MOST;
	*r = (struct cli_trace_rows){
		.out = out,
		.style = style,
		.start = start,
		.in_seconds = end - start >= LONG,
		.lane = width - TIME_COLUMNS - 1 - CLI_TRACE_STATE_COLUMNS - 1 -
			BARS - 1,
	};
}

static void
repeat(const struct cli_trace_rows *r, const char *what, size_t n)
{
	for (; n > 0; n--)
		fputs(what, r->out);
}

/* However wide a terminal takes a name to be, nothing wraps around. */
static size_t
rest(size_t room, size_t used)
{
	return used < room ? room - used : 0;
}

/* Time, state and the left bar. */
static void
begin(const struct cli_trace_rows *r, const struct cli_trace_line *row)
{
	const uint64_t t = row->t - r->start;
	const char *plain = cli_style_plain(r->style);

	if (r->in_seconds)
		fprintf(r->out, "%s%7" PRIu64 ".%03u s ",
		    cli_style_dim(r->style), t / 1000000,
		    (unsigned)(t / 1000 % 1000));
	else
		fprintf(r->out, "%s%6" PRIu64 ".%03u ms",
		    cli_style_dim(r->style), t / 1000, (unsigned)(t % 1000));
	fprintf(r->out, "%s %s%-*.*s%s %s", plain, cli_style_bold(r->style),
	    CLI_TRACE_STATE_COLUMNS, CLI_TRACE_STATE_COLUMNS, row->state, plain,
	    glyphs(r)->bar);
}

static void
end(const struct cli_trace_rows *r)
{
	fprintf(r->out, "%s\n", glyphs(r)->bar);
}

static void
pad(const struct cli_trace_rows *r, size_t used)
{
	repeat(r, " ", rest(r->lane, used));
}

void
cli_trace_rows_heads(
    const struct cli_trace_rows *r, const char *here, const char *there)
{
	const size_t room = (r->lane + BARS) / 2 - 1;
	char *left = cli_text_fit(here, room, r->style->utf8);
	char *right = cli_text_fit(there, room, r->style->utf8);

	repeat(r, " ", TIME_COLUMNS + 1 + CLI_TRACE_STATE_COLUMNS + 1);
	fprintf(r->out, "%s%s", cli_style_bold(r->style), left);
	repeat(r, " ",
	    rest(r->lane + BARS,
		cli_text_columns(left) + cli_text_columns(right)));
	fprintf(r->out, "%s%s\n", right, cli_style_plain(r->style));
	free(right);
	free(left);
}

/* Columns of dashes and words: the label stands near its sender. */
enum { NEAR = 2, SPACES = 2, HEAD = 1 };

/* One that does not get there ends before the bar. */
static size_t
reach_of(const struct cli_trace_rows *r, bool ends)
{
	return ends ? r->lane : r->lane - r->lane / 8;
}

size_t
cli_trace_rows_room(const struct cli_trace_rows *r, bool ends)
{
	return reach_of(r, ends) - NEAR - SPACES - HEAD - 1;
}

static void
arrow(const struct cli_trace_rows *r, const struct cli_trace_line *row)
{
	const struct glyphs *g = glyphs(r);
	const size_t reach = reach_of(r, row->ends);
	char *label = cli_text_fit(
	    row->text, reach - NEAR - SPACES - HEAD - 1, r->style->utf8);
	const size_t far =
	    rest(reach - NEAR - SPACES - HEAD, cli_text_columns(label));

	begin(r, row);
	fputs(start_look(r, row->look), r->out);
	if (row->out) {
		repeat(r, g->dash, NEAR);
		fprintf(r->out, " %s ", label);
		repeat(r, g->dash, far);
		fputs(row->ends ? g->right : g->cross, r->out);
	} else {
		fputs(g->left, r->out);
		repeat(r, g->dash, far);
		fprintf(r->out, " %s ", label);
		repeat(r, g->dash, NEAR);
	}
	if (row->look != CLI_TRACE_PLAIN)
		fputs(cli_style_plain(r->style), r->out);
	pad(r, reach);
	end(r);
	free(label);
}

static const char *
fold_mark(const struct cli_trace_rows *r)
{
	return r->style->utf8 ? "… " : ": ";
}

static size_t
words_room(const struct cli_trace_rows *r, const char *mark)
{
	return r->lane - 2 - cli_text_columns(mark) - 1;
}

size_t
cli_trace_rows_fold_room(const struct cli_trace_rows *r)
{
	return words_room(r, fold_mark(r));
}

static void
words(const struct cli_trace_rows *r, const struct cli_trace_line *row,
    const char *mark)
{
	const size_t before = 2 + cli_text_columns(mark);
	char *text =
	    cli_text_fit(row->text, words_room(r, mark), r->style->utf8);

	begin(r, row);
	fprintf(r->out, "%s  %s%s", start_look(r, row->look), mark, text);
	if (row->look != CLI_TRACE_PLAIN)
		fputs(cli_style_plain(r->style), r->out);
	pad(r, before + cli_text_columns(text));
	end(r);
	free(text);
}

void
cli_trace_line_put(const struct cli_trace_rows *r, struct cli_trace_line *x)
{
	if (x->how == CLI_TRACE_ARROW_LINE)
		arrow(r, x);
	else if (x->how == CLI_TRACE_NOTE_LINE)
		words(r, x, "");
	else if (x->how == CLI_TRACE_FOLD_LINE)
		words(r, x, fold_mark(r));
	x->how = CLI_TRACE_NO_LINE;
}
