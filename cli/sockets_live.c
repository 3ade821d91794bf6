#include "cli/sockets_live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sockets_explain.h"
#include "cli/sockets_table.h"
#include "cli/text.h"

/* How long a row is marked after it has changed. */
#define FRESH (2 * GW_SEC)

enum { GAP = 2, MARK = 2, LEAST_PATH = 24, LEAST_CELL = 8 };

/* Cells before the path, in order. */
static const struct {
	enum cli_sockets_column column;
	const char *title;
} columns[] = { { CLI_COLUMN_PROTO, "PROTO" }, { CLI_COLUMN_LOCAL, "LOCAL" },
	{ CLI_COLUMN_REMOTE, "REMOTE" }, { CLI_COLUMN_PROCESS, "PROCESS" } };

enum { PROTO, LOCAL, REMOTE, PROCESS, COLUMNS };

/* What goes last where there is hardly any room. */
static const unsigned narrow[] = { PROTO, REMOTE, LOCAL };

/* What is drawn in one go. */
struct frame {
	struct cli_sockets_live *live;
	gw_usec now;
	unsigned width; /* columns that may be used */
	unsigned cells[COLUMNS];
};

static const struct gw_history_step *
last(const struct gw_history_entry *e)
{
	return &e->steps[e->step_count - 1];
}

/* ---- what is shown ---- */

static int
by_change(const void *va, const void *vb)
{
	const struct gw_history_entry *a =
	    *(const struct gw_history_entry *const *)va;
	const struct gw_history_entry *b =
	    *(const struct gw_history_entry *const *)vb;

	if (last(a)->since != last(b)->since)
		return last(a)->since > last(b)->since ? -1 : 1;
	return gw_socket_compare(&a->socket, &b->socket);
}

static int
by_socket(const void *va, const void *vb)
{
	const struct gw_history_entry *a =
	    *(const struct gw_history_entry *const *)va;
	const struct gw_history_entry *b =
	    *(const struct gw_history_entry *const *)vb;
	int d = gw_socket_compare(&a->socket, &b->socket);

	if (d != 0)
		return d;
	return a->steps[0].since < b->steps[0].since ? -1 : 1;
}

/* All rows; the first `most` of them are those to show, in order. */
static size_t
choose(struct cli_sockets_live *l, const struct gw_socket_watch *w, size_t most)
{
	const struct gw_history_entry *e = NULL;
	size_t count = 0, shown;

	while ((e = gw_socket_watch_next(w, e)) != NULL) {
		if (count == l->room) {
			l->room = l->room != 0 ? 2 * l->room : 64;
			l->rows = cli_resize(l->rows, l->room, sizeof *l->rows);
		}
		l->rows[count++] = e;
	}
	if (count > most)
		qsort(l->rows, count, sizeof *l->rows, by_change);
	shown = count < most ? count : most;
	if (shown > 0)
		qsort(l->rows, shown, sizeof *l->rows, by_socket);
	return count;
}

static size_t
cell(const struct frame *f, const struct gw_history_entry *e, unsigned c,
    char out[CLI_SOCKETS_TEXT])
{
	return cli_sockets_cell(
	    out, columns[c].column, &e->socket, f->live->c->names);
}

static unsigned
used(const struct frame *f)
{
	unsigned sum = MARK;

	for (unsigned c = 0; c < COLUMNS; c++)
		if (f->cells[c] != 0)
			sum += f->cells[c] + GAP;
	return sum;
}

/* So that the path has room: the longer ends are cut, then processes go. */
static void
measure(struct frame *f, size_t count)
{
	char text[CLI_SOCKETS_TEXT];

	for (unsigned c = 0; c < COLUMNS; c++) {
		f->cells[c] = (unsigned)strlen(columns[c].title);
		for (size_t i = 0; i < count; i++) {
			unsigned n;

			cell(f, f->live->rows[i], c, text);
			n = (unsigned)cli_text_columns(text);
			if (n > f->cells[c])
				f->cells[c] = n;
		}
	}
	if (!f->live->c->o.processes || used(f) + LEAST_PATH > f->width)
		f->cells[PROCESS] = 0;
	while (used(f) + LEAST_PATH > f->width) {
		unsigned *longer = f->cells[LOCAL] > f->cells[REMOTE]
				       ? &f->cells[LOCAL]
				       : &f->cells[REMOTE];

		if (*longer <= LEAST_CELL)
			break;
		--*longer;
	}
	for (size_t i = 0; i < sizeof narrow / sizeof *narrow &&
			   used(f) + LEAST_PATH > f->width;
	     i++)
		f->cells[narrow[i]] = 0;
}

/* Columns for a path. */
static unsigned
room_of(const struct frame *f)
{
	return f->width > used(f) ? f->width - used(f) : 1;
}

/* ---- drawing ---- */

static void
end_line(struct frame *f)
{
	fputs(cli_style_plain(&f->live->c->style), stdout);
	fputs("\033[K\n", stdout);
	f->live->lines++;
}

/* Text of one line, cut to fit. */
static void
draw_text(struct frame *f, const char *look, const char *text)
{
	char *cut = cli_text_fit(text, f->width, f->live->c->style.utf8);

	fputs(look, stdout);
	fputs(cut, stdout);
	free(cut);
	end_line(f);
}

static void
draw_cell(const struct frame *f, unsigned c, const char *text)
{
	char *cut = cli_text_fit(text, f->cells[c], f->live->c->style.utf8);

	printf(
	    "%s%*s", cut, (int)(f->cells[c] - cli_text_columns(cut) + GAP), "");
	free(cut);
}

/* How many bytes of a path go onto a line of so many columns: up to an arrow,
 * which begins the next one. */
static size_t
piece_of(const char *path, unsigned room)
{
	static const char arrow[] = " -> ";
	size_t n = strlen(path), best = 0;
	const char *at = path;

	if (n <= room)
		return n;
	while (
	    (at = strstr(at + 1, arrow)) != NULL && (size_t)(at - path) <= room)
		best = (size_t)(at - path);
	return best != 0 ? best : n;
}

static unsigned
lines_of(const struct frame *f, const struct gw_history_entry *e)
{
	char text[CLI_SOCKETS_TEXT];
	const char *at = text;
	unsigned n = 0;

	cli_sockets_path(text, e, e->step_count - 1, f->now);
	while (*at != '\0') {
		at += piece_of(at, room_of(f));
		at += *at == ' ';
		n++;
	}
	return n;
}

/* The end of a path that is too long: from an arrow on. */
static const char *
tail_of(const char *path, unsigned room, bool *cut)
{
	static const char arrow[] = "-> ";

	*cut = false;
	while (strlen(path) + (*cut ? 4 : 0) > room) {
		const char *next = strstr(path + 1, arrow);

		if (next == NULL)
			return path;
		*cut = true;
		path = next;
	}
	return path;
}

/* On as many lines as it takes. */
static void
draw_whole_path(struct frame *f, const char *look, const char *path)
{
	unsigned at = used(f), room = room_of(f);

	for (;;) {
		size_t n = piece_of(path, room);

		printf("%s%.*s", look, (int)(n < room ? n : room), path);
		end_line(f);
		path += n;
		if (*path++ == '\0')
			return;
		printf("%*s", (int)at, "");
	}
}

/* As much as one line takes, the latest of it. */
static void
draw_tail(struct frame *f, const char *look, const char *path)
{
	unsigned room = room_of(f);
	bool cut;

	path = tail_of(path, room, &cut);
	printf("%s%s%.*s", look, cut ? "... " : "",
	    (int)(cut && room > 4 ? room - 4 : room), path);
	end_line(f);
}

static void
draw_row(struct frame *f, const struct gw_history_entry *e, bool whole)
{
	const struct cli_style *style = &f->live->c->style;
	/* The first sight of what was there is no change. */
	bool fresh = e->step_count != e->old && last(e)->since + FRESH > f->now;
	const char *look = cli_sockets_look(style, last(e)->state);
	char text[CLI_SOCKETS_TEXT];

	if (gw_history_is_gone(e))
		fputs(cli_style_dim(style), stdout);
	fputs(fresh ? "* " : "  ", stdout);
	for (unsigned c = 0; c < COLUMNS; c++)
		if (f->cells[c] != 0) {
			cell(f, e, c, text);
			draw_cell(f, c, text);
		}
	if (fresh)
		look = cli_style_bold(style);
	cli_sockets_path(text, e, e->step_count - 1, f->now);
	(whole ? draw_whole_path : draw_tail)(f, look, text);
}

static void
draw_header(struct frame *f)
{
	fputs(cli_style_bold(&f->live->c->style), stdout);
	fputs("  ", stdout);
	for (unsigned c = 0; c < COLUMNS; c++)
		if (f->cells[c] != 0)
			draw_cell(f, c, columns[c].title);
	fputs("STATES", stdout);
	end_line(f);
}

/* Sentences about the latest change, at most so many lines. */
static char *
explanation(const struct frame *f, unsigned most, unsigned *lines)
{
	char *text, *at;

	*lines = 0;
	if (!f->live->explains || most < 2)
		return NULL;
	text = cli_sockets_sentences(
	    f->live->latest, f->live->of_session, 2, f->width);
	*lines = 2;
	for (at = text; (at = strchr(at, '\n')) != NULL; at++)
		if (++*lines > most) {
			*at = '\0';
			*lines = most;
			break;
		}
	return text;
}

static void
draw_explanation(struct frame *f, char *text)
{
	char *line, *rest = text;

	draw_text(f, cli_style_bold(&f->live->c->style),
	    gw_socket_state_name(f->live->latest));
	while ((line = strsep(&rest, "\n")) != NULL)
		draw_text(f, "", line);
}

static void
go_back(struct cli_sockets_live *l)
{
	if (l->lines > 0)
		printf("\033[%uA\r", l->lines);
	l->lines = 0;
}

void
cli_sockets_live_draw(
    struct cli_sockets_live *l, const struct gw_socket_watch *w)
{
	struct frame f = { .live = l,
		.now = gw_socket_watch_now(),
		.width = cli_sockets_width(l->c) };
	/* One for the status, one for titles, one where the cursor rests. */
	unsigned lines, rows = l->c->style.rows - 3, needed = 0;
	char *text = explanation(&f, rows / 2, &lines), *status;
	size_t count, shown;

	rows -= lines;
	count = choose(l, w, rows);
	shown = count < rows ? count : rows;
	go_back(l);
	status = cli_format("%zu socket%s%s; %s. Ctrl-C ends.", count,
	    count == 1 ? "" : "s",
	    count > shown ? ", those that changed last" : "", l->how);
	draw_text(&f, cli_style_dim(&l->c->style), status);
	free(status);
	measure(&f, shown);
	draw_header(&f);
	for (size_t i = 0; i < shown; i++)
		needed += lines_of(&f, l->rows[i]);
	for (size_t i = 0; i < shown; i++)
		draw_row(&f, l->rows[i], needed <= rows);
	if (text != NULL)
		draw_explanation(&f, text);
	fputs("\033[J", stdout);
	fflush(stdout);
	free(text);
}

void
cli_sockets_live_resize(struct cli_sockets_live *l)
{
	cli_style_resize(&l->c->style);
	fputs("\033[H\033[2J", stdout);
	l->lines = 0;
}

void
cli_sockets_live_fini(struct cli_sockets_live *l)
{
	free(l->rows);
	*l = (struct cli_sockets_live){ .c = l->c };
}
