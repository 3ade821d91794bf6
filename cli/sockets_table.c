#include "cli/sockets_table.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/text.h"

enum { GAP = 2, INDENT = 6, LEAST_ADDRESS = 6 };

static const struct {
	const char *title;
	bool right;
} columns[CLI_COLUMNS] = {
	[CLI_COLUMN_PROTO] = { "PROTO", false },
	[CLI_COLUMN_STATE] = { "STATE", false },
	[CLI_COLUMN_RECV_Q] = { "RECV-Q", true },
	[CLI_COLUMN_SEND_Q] = { "SEND-Q", true },
	[CLI_COLUMN_LOCAL] = { "LOCAL", false },
	[CLI_COLUMN_REMOTE] = { "REMOTE", false },
	[CLI_COLUMN_RTT] = { "RTT", true },
	[CLI_COLUMN_CWND] = { "CWND", true },
	[CLI_COLUMN_RETRANS] = { "RETRANS", true },
	[CLI_COLUMN_RATE] = { "RATE", true },
	[CLI_COLUMN_DROPS] = { "DROPS", true },
	[CLI_COLUMN_PROCESS] = { "PROCESS", false },
};

/* What goes first when there is no room. */
static const enum cli_sockets_column dispensable[] = { CLI_COLUMN_CWND,
	CLI_COLUMN_RATE, CLI_COLUMN_RETRANS, CLI_COLUMN_DROPS, CLI_COLUMN_RTT,
	CLI_COLUMN_SEND_Q, CLI_COLUMN_RECV_Q, CLI_COLUMN_PROCESS };

/* And what goes when even that does not suffice; the state stays. */
static const enum cli_sockets_column narrow[] = { CLI_COLUMN_PROTO,
	CLI_COLUMN_REMOTE, CLI_COLUMN_LOCAL };

/* All cells, made once: a row's one after the other, each ended by NUL. */
struct cells {
	char *text;
	size_t used, room;
	unsigned width[CLI_COLUMNS]; /* of the widest */
	bool shown[CLI_COLUMNS];
	bool filled[CLI_COLUMNS]; /* has any row something there? */
};

static unsigned
columns_of(enum cli_sockets_column c, const char *text, size_t n)
{
	/* Names are others' and may be wide; the rest is ASCII. */
	return (unsigned)(c == CLI_COLUMN_PROCESS || c == CLI_COLUMN_LOCAL ||
				  c == CLI_COLUMN_REMOTE
			      ? cli_text_columns(text)
			      : n);
}

static void
add_cell(
    struct cells *cells, enum cli_sockets_column c, const char *text, size_t n)
{
	unsigned width = columns_of(c, text, n);

	if (cells->text == NULL || cells->room - cells->used < n + 1) {
		cells->room = 2 * cells->room + CLI_SOCKETS_TEXT * CLI_COLUMNS;
		cells->text = cli_resize(cells->text, cells->room, 1);
	}
	memcpy(cells->text + cells->used, text, n + 1);
	cells->used += n + 1;
	if (width > cells->width[c])
		cells->width[c] = width;
	cells->filled[c] = cells->filled[c] || n > 0;
}

static void
make_cells(struct cells *cells, const struct gw_socket *v, size_t count,
    const struct cli_sockets_table_options *o)
{
	char text[CLI_SOCKETS_TEXT];

	for (size_t i = 0; i < count; i++)
		for (unsigned c = 0; c < CLI_COLUMNS; c++) {
			size_t n = cli_sockets_cell(text, c, &v[i], o->names);

			if (n == 0 && o->width == 0) {
				text[n++] = '-';
				text[n] = '\0';
			}
			add_cell(cells, c, text, n);
		}
}

/* ---- what fits ---- */

static unsigned
total(const struct cells *cells)
{
	unsigned sum = 0;

	for (unsigned c = 0; c < CLI_COLUMNS; c++)
		if (cells->shown[c])
			sum += cells->width[c] + GAP;
	return sum - GAP;
}

/* The last resort: addresses are cut. */
static void
shrink_addresses(struct cells *cells, unsigned width)
{
	unsigned *local = &cells->width[CLI_COLUMN_LOCAL];
	unsigned *remote = &cells->width[CLI_COLUMN_REMOTE];

	while (total(cells) > width) {
		unsigned *longer = *local > *remote ? local : remote;

		if (*longer <= LEAST_ADDRESS)
			return;
		--*longer;
	}
}

static void
choose_columns(struct cells *cells, const struct cli_sockets_table_options *o)
{
	for (unsigned c = 0; c < CLI_COLUMNS; c++) {
		unsigned title = (unsigned)strlen(columns[c].title);

		if (cells->width[c] < title)
			cells->width[c] = title;
		cells->shown[c] =
		    o->width == 0 || cells->filled[c] || c == CLI_COLUMN_REMOTE;
	}
	cells->shown[CLI_COLUMN_PROCESS] = o->processes;
	if (o->width == 0)
		return;
	for (size_t i = 0; i < sizeof dispensable / sizeof *dispensable &&
			   total(cells) > o->width;
	     i++)
		cells->shown[dispensable[i]] = false;
	shrink_addresses(cells, o->width);
	/* On a very narrow one. */
	for (size_t i = 0;
	     i < sizeof narrow / sizeof *narrow && total(cells) > o->width; i++)
		cells->shown[narrow[i]] = false;
	if (total(cells) > o->width)
		cells->width[CLI_COLUMN_STATE] = o->width;
}

/* ---- printing ---- */

static void
spaces(unsigned n)
{
	while (n-- > 0)
		putchar_unlocked(' ');
}

/* One cell; `last` has nothing behind it. */
static void
print_cell(const struct cells *cells, enum cli_sockets_column c,
    const char *text, bool last, const struct cli_style *style)
{
	unsigned room = cells->width[c];
	unsigned width = columns_of(c, text, strlen(text));
	char *cut = NULL;

	if (width > room) {
		text = cut = cli_text_fit(text, room, style->utf8);
		width = (unsigned)cli_text_columns(text);
	}
	if (columns[c].right)
		spaces(room - width);
	fputs(text, stdout);
	if (!columns[c].right && !last)
		spaces(room - width);
	if (!last)
		spaces(GAP);
	free(cut);
}

static unsigned
last_shown(const struct cells *cells)
{
	unsigned c = CLI_COLUMNS - 1;

	while (!cells->shown[c])
		c--;
	return c;
}

static void
print_header(const struct cells *cells, const struct cli_style *style)
{
	unsigned last = last_shown(cells);

	fputs(cli_style_bold(style), stdout);
	for (unsigned c = 0; c <= last; c++)
		if (cells->shown[c])
			print_cell(
			    cells, c, columns[c].title, c == last, style);
	fputs(cli_style_plain(style), stdout);
	putchar('\n');
}

const char *
cli_sockets_look(const struct cli_style *style, enum gw_socket_state state)
{
	switch (state) {
	case GW_SOCKET_ESTABLISHED:
	case GW_SOCKET_CONNECTED:
		return cli_style_green(style);
	case GW_SOCKET_LISTEN:
	case GW_SOCKET_UNCONNECTED:
		return cli_style_bold(style);
	case GW_SOCKET_TIME_WAIT:
	case GW_SOCKET_CLOSED:
	case GW_SOCKET_GONE:
		return cli_style_dim(style);
	default:
		return cli_style_yellow(style);
	}
}

/* What else is known, below the row. */
static void
print_details(const struct gw_socket *s, unsigned width)
{
	char text[CLI_SOCKETS_TEXT];
	unsigned indent = width != 0 && width < 2 * INDENT ? 0 : INDENT;
	size_t at = 0;

	for (unsigned i = 0; cli_sockets_detail(text, s, i); i++) {
		size_t n = strlen(text);

		if (n == 0)
			continue;
		if (at != 0 && width != 0 && at + GAP + n > width) {
			putchar('\n');
			at = 0;
		}
		spaces(at == 0 ? indent : GAP);
		if (width != 0 && indent + n > width)
			n = width - indent;
		at += (at == 0 ? indent : GAP) + n;
		fwrite(text, 1, n, stdout);
	}
	putchar('\n');
}

void
cli_sockets_table(const struct gw_socket *v, size_t count,
    const struct cli_sockets_table_options *o, const struct cli_style *style)
{
	struct cells cells = { .text = NULL };
	const char *text;
	unsigned last;

	make_cells(&cells, v, count, o);
	choose_columns(&cells, o);
	last = last_shown(&cells);
	print_header(&cells, style);
	text = cells.text;
	for (size_t i = 0; i < count; i++) {
		for (unsigned c = 0; c < CLI_COLUMNS; c++) {
			bool looks = c == CLI_COLUMN_STATE && style->colour;

			if (looks)
				fputs(cli_sockets_look(style, v[i].state),
				    stdout);
			if (cells.shown[c])
				print_cell(&cells, c, text, c == last, style);
			if (looks)
				fputs(cli_style_plain(style), stdout);
			text += strlen(text) + 1;
		}
		putchar('\n');
		if (o->details)
			print_details(&v[i], o->width);
	}
	free(cells.text);
}
