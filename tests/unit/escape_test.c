#include "base/escape.h"

#include <string.h>

#include "test.h"

static void
hostile_names_are_shown_harmless(void **state)
{
	static const struct {
		const char *name, *shown;
	} cases[] = {
		{ "", "" },
		{ "plain name.txt", "plain name.txt" },
		{ "a\nb\tc", "a\\x0ab\\x09c" },
		{ "\033[2J", "\\x1b[2J" },
		{ "\x7f", "\\x7f" },
		{ "back\\slash", "back\\x5cslash" },
		{ "\xc2\x9b"
		  "2J",
		    "\\u{009b}2J" }, /* the C1 form of ESC [ */
		{ "cod\xe2\x80\xae"
		  "txt.exe",
		    "cod\\u{202e}txt.exe" },
		{ "\xe2\x81\xa6", "\\u{2066}" },
		{ "\xf3\xa0\x80\x81", "\\u{e0001}" },
		{ "gr\xc3\xb6\xc3\x9f"
		  "e",
		    "gr\xc3\xb6\xc3\x9f"
		    "e" },
		{ "\xe4\xb8\xad\xf0\x9f\x90\xa6",
		    "\xe4\xb8\xad\xf0\x9f\x90\xa6" },
		/* not UTF-8: alone, cut, too long, surrogate, too high */
		{ "\xff", "\\xff" },
		{ "\x80", "\\x80" },
		{ "\xe4\xb8", "\\xe4\\xb8" },
		{ "\xc0\xaf", "\\xc0\\xaf" },
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	};
	char out[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const size_t n = gw_escape(out, sizeof(out), cases[i].name);

		assert_string_equal(out, cases[i].shown);
		assert_int_equal(n, strlen(out));
	}
}

static void
nothing_is_cut_in_the_middle(void **state)
{
	char out[16];

	(void)state;
	memset(out, '#', sizeof(out));
	assert_int_equal(gw_escape(out, 5, "abc\nd"), 8);
	assert_string_equal(out, "abc");
	assert_int_equal(out[5], '#');

	assert_int_equal(gw_escape(out, 4, "ab\xe4\xb8\xad"), 5);
	assert_string_equal(out, "ab");

	assert_int_equal(gw_escape(out, 4, "abc"), 3);
	assert_string_equal(out, "abc");

	out[0] = '#';
	assert_int_equal(gw_escape(out, 0, "abc"), 3);
	assert_int_equal(out[0], '#');
	assert_int_equal(gw_escape(NULL, 0, "\xff"), 4);
	assert_int_equal(gw_escape(out, 1, "abc"), 3);
	assert_string_equal(out, "");
}

static void
columns_are_those_of_the_terminal(void **state)
{
	(void)state;
	assert_int_equal(gw_escape_columns(""), 0);
	assert_int_equal(gw_escape_columns("\\x1b[2J"), 7);
	assert_int_equal(gw_escape_columns("\xe4\xb8\xad\xe6\x96\x87.c"), 6);
	assert_int_equal(gw_escape_columns("e\xcc\x81"), 1);
	assert_int_equal(gw_escape_columns("\xff"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_names_are_shown_harmless),
		cmocka_unit_test(nothing_is_cut_in_the_middle),
		cmocka_unit_test(columns_are_those_of_the_terminal),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
