/*
 * QR codes: every square of what is drawn is the one that libqrencode made,
 * in each of the ways to draw it; and the program shows it when asked.
 */
#include "cli/qr.h"

#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "program.h"
#include "test.h"

enum { SIDE_MAX = 256 };

#define TEXT "godwit recv 7-crane-otter --from 192.168.1.5:4639"

struct squares {
	bool dark[SIDE_MAX][SIDE_MAX];
	int columns, rows;
};

/* One cell of a drawing; without colours ink is light. */
static void
take_cell(struct squares *s, const char *c, size_t n, bool ink_is_dark)
{
	static const struct {
		const char *cell;
		bool upper, lower;
	} cells[] = { { " ", false, false }, { "\u2580", true, false },
		{ "\u2584", false, true }, { "\u2588", true, true } };

	for (size_t i = 0; i < 4; i++)
		if (strlen(cells[i].cell) == n &&
		    memcmp(c, cells[i].cell, n) == 0) {
			s->dark[s->rows][s->columns] =
			    cells[i].upper == ink_is_dark;
			s->dark[s->rows + 1][s->columns++] =
			    cells[i].lower == ink_is_dark;
			return;
		}
	fail_msg("a cell that nobody draws: %.*s", (int)n, c);
}

static void
read_halves(struct squares *s, const char *text, bool colour)
{
	static const char start[] = "\033[38;5;16;48;5;231m", end[] = "\033[0m";

	while (*text != '\0') {
		s->columns = 0;
		if (colour) {
			assert_memory_equal(text, start, strlen(start));
			text += strlen(start);
		}
		while (*text != '\0' && *text != '\n' && *text != '\033') {
			size_t n = cli_text_utf8_length(text);

			take_cell(s, text, n, colour);
			text += n;
		}
		if (colour) {
			assert_memory_equal(text, end, strlen(end));
			text += strlen(end);
		}
		s->rows += 2;
		text += *text == '\n';
	}
}

static void
read_pairs(struct squares *s, const char *text, bool colour)
{
	static const char dark[] = "\033[48;5;16m  ",
			  light[] = "\033[48;5;231m  ", end[] = "\033[0m";

	for (s->columns = 0; *text != '\0';) {
		const char *d = colour ? dark : "  ",
			   *l = colour ? light : "##";

		if (strncmp(text, d, strlen(d)) == 0) {
			s->dark[s->rows][s->columns++] = true;
			text += strlen(d);
		} else if (strncmp(text, l, strlen(l)) == 0) {
			s->columns++;
			text += strlen(l);
		} else {
			if (colour) {
				assert_memory_equal(text, end, strlen(end));
				text += strlen(end);
			}
			s->rows++;
			if (*text == '\0')
				return;
			assert_int_equal(*text++, '\n');
			s->columns = 0;
		}
	}
	s->rows++;
}

static void
is_the_code(const struct squares *s)
{
	QRcode *code = QRcode_encodeString8bit(TEXT, 0, QR_ECLEVEL_L);
	int side = code->width + 2 * CLI_QR_QUIET;

	assert_int_equal(s->columns, side);
	/* The last line of halves may have one more, which is light. */
	assert_true(s->rows == side || s->rows == side + 1);
	for (int y = 0; y < s->rows; y++)
		for (int x = 0; x < side; x++) {
			int u = x - CLI_QR_QUIET, v = y - CLI_QR_QUIET;
			bool in = u >= 0 && v >= 0 && u < code->width &&
				  v < code->width;

			assert_int_equal(s->dark[y][x],
			    in && (code->data[v * code->width + u] & 1) != 0);
		}
	QRcode_free(code);
}

static void
every_square_is_the_librarys(void **state)
{
	(void)state;
	for (int way = 0; way < 4; way++) {
		struct cli_style style = { .utf8 = way & 1, .colour = way & 2 };
		struct squares *s = calloc(1, sizeof *s);
		char *text = cli_qr_draw(TEXT, &style);

		assert_non_null(text);
		if (style.utf8)
			read_halves(s, text, style.colour);
		else
			read_pairs(s, text, style.colour);
		is_the_code(s);
		free(text);
		free(s);
	}
}

static void
where_there_is_no_room_none_is_drawn(void **state)
{
	struct cli_style style = { .utf8 = true, .terminal = true };
	char much[4000], *text;
	QRcode *code = QRcode_encodeString8bit(TEXT, 0, QR_ECLEVEL_L);

	(void)state;
	style.columns = (unsigned)code->width + 2 * CLI_QR_QUIET;
	QRcode_free(code);
	text = cli_qr_draw(TEXT, &style);
	assert_non_null(text);
	free(text);
	/* Two columns a square: too wide. */
	style.utf8 = false;
	assert_null(cli_qr_draw(TEXT, &style));
	style.utf8 = true;
	style.columns--;
	assert_null(cli_qr_draw(TEXT, &style));
	/* More than a code can hold. */
	style.terminal = false;
	memset(much, 'x', sizeof much - 1);
	much[sizeof much - 1] = '\0';
	assert_null(cli_qr_draw(much, &style));
}

/* As the program without a terminal draws it. */
static char *
qr_code(const char *text)
{
	struct cli_style style;

	cli_style_detect(&style);
	style.terminal = style.colour = false;
	return cli_qr_draw(text, &style);
}

static void
the_command_is_shown_as_a_qr_code_on_request(void **state)
{
	char *code =
	    qr_code("godwit recv 7-crane-otter --from 192.168.1.5:40123");

	(void)state;
	PLAY(transfer);
	assert_int_equal(run("godwit send x --qr"), 0);
	says(result.err, code);
	PLAY(transfer);
	assert_int_equal(run("godwit send -q x --qr"), 0);
	says(result.err, code);
	PLAY(transfer);
	assert_int_equal(run("godwit send x"), 0);
	says_not(result.err, code);
	free(code);
	/* Nor is a secret code in it. */
	code = qr_code("godwit recv - --from 192.168.1.5:40123");
	setenv("GODWIT_CODE", "7-crane-otter", 1);
	PLAY(transfer);
	assert_int_equal(run("godwit send x --qr"), 0);
	says(result.err, code);
	unsetenv("GODWIT_CODE");
	free(code);
	/* The plain protocol has no command for the other side. */
	assert_int_equal(run("godwit recv --classic --listen :1 --qr"), 2);
	says(result.err, "--qr has no meaning with --classic");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_square_is_the_librarys),
		cmocka_unit_test(where_there_is_no_room_none_is_drawn),
		cmocka_unit_test(the_command_is_shown_as_a_qr_code_on_request),
	};

	return cmocka_run_group_tests(tests, program_begin, program_end);
}
