#include "cli/qr.h"

#include <qrencode.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "cli/memory.h"

/* Black and white of the 256 colours: no theme of a terminal changes these. */
#define BLACK "16"
#define WHITE "231"

/* How squares are drawn: in a cell one, or two, one above the other. */
struct pen {
	const char *start, *end; /* of a line */
	const char *cells[2][2]; /* [the upper is dark][the lower one] */
	unsigned columns;        /* of a cell */
	unsigned squares;        /* in it */
};

static const struct pen pens[2][2] = { /* [UTF-8][colours] */
	{
	    { "", "", { { "##" }, { "  " } }, 2, 1 },
	    { "", "\033[0m",
		{ { "\033[48;5;" WHITE "m  " }, { "\033[48;5;" BLACK "m  " } },
		2, 1 },
	},
	{
	    { "", "", { { "\u2588", "\u2580" }, { "\u2584", " " } }, 1, 2 },
	    { "\033[38;5;" BLACK ";48;5;" WHITE "m", "\033[0m",
		{ { " ", "\u2584" }, { "\u2580", "\u2588" } }, 1, 2 },
	}
};

/* Outside of the code all is light. */
static bool
is_dark(const QRcode *code, int x, int y)
{
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
	       (code->data[y * code->width + x] & 1) != 0;
}

static char *
draw(const QRcode *code, const struct pen *pen)
{
	const int first = -CLI_QR_QUIET, end = code->width + CLI_QR_QUIET;
	const size_t side = (size_t)(end - first);
	/* "\033[48;5;231m  " is the longest cell. */
	char *out = cli_alloc(side * (side + 1) * 16 + 64 * side, 1), *at = out;

	for (int y = first; y < end; y += (int)pen->squares) {
		if (y > first)
			*at++ = '\n';
		at = stpcpy(at, pen->start);
		for (int x = first; x < end; x++)
			at = stpcpy(at, pen->cells[is_dark(code, x, y)]
						  [pen->squares == 2 &&
						      is_dark(code, x, y + 1)]);
		at = stpcpy(at, pen->end);
	}
	return out;
}

char *
cli_qr_draw(const char *text, const struct cli_style *s)
{
	const struct pen *pen = &pens[s->utf8][s->colour];
	char *out = NULL;
	QRcode *code;

	/* Screens have no stains: the least correction makes the smallest. */
	code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
	if (code == NULL)
		return NULL;
	if (!s->terminal ||
	    (unsigned)(code->width + 2 * CLI_QR_QUIET) * pen->columns <=
		s->columns)
		out = draw(code, pen);
	QRcode_free(code);
	return out;
}
