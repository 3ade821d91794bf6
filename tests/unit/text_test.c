/*
 * Strings on their way to a person.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "test.h"

static void
equal(char *made, const char *expected)
{
	assert_string_equal(made, expected);
	free(made);
}

static void
sentences_keep_escapes_and_lose_what_acts(void **state)
{
	(void)state;
	equal(cli_text_sentence("a\\x1bb: no such file"),
	    "a\\x1bb: no such file");
	equal(cli_text_sentence("a\033[2Jb\\"), "a\\x1b[2Jb\\");
	equal(cli_text_sentence(""), "");
	equal(cli_text_sentence("\\\n\\"), "\\\\x0a\\");
	equal(cli_text_escape("a\\b\n"), "a\\x5cb\\x0a");
}

static void
columns_know_wide_and_combining_characters(void **state)
{
	(void)state;
	assert_int_equal(cli_text_columns("abc"), 3);
	assert_int_equal(cli_text_columns("\xe6\x97\xa5\xe6\x9c\xac"), 4);
	assert_int_equal(cli_text_columns("e\xcc\x81"), 1);
	assert_int_equal(cli_text_columns(""), 0);
}

static void
the_middle_is_cut_out(void **state)
{
	(void)state;
	equal(cli_text_fit("holiday-picture-0042.jpg", 13, true),
	    "holida\xe2\x80\xa6"
	    "42.jpg");
	equal(cli_text_fit("holiday-picture-0042.jpg", 13, false),
	    "holid...2.jpg");
	equal(cli_text_fit("short", 5, true), "short");
	equal(cli_text_fit("short", 0, true), "");
	equal(cli_text_fit("short", 2, false), "sh");
	equal(cli_text_begin("short", 3), "sho");
	equal(cli_text_begin("short", 5), "short");
	/* No accent without its letter. */
	equal(cli_text_fit("abcde\xcc\x81"
			   "f",
		  3, true),
	    "a\xe2\x80\xa6"
	    "f");
}

static void
no_cut_is_wider_than_asked_for_or_splits_a_character(void **state)
{
	static const char *const texts[] = { "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa"
					     "\x9e\xe3\x81\xae.jpg",
		"a\xcc\x81"
		"b\xcc\x81"
		"c\xcc\x81"
		"d\xcc\x81"
		"e\xcc\x81",
		"plain-enough-name" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		for (size_t columns = 0; columns < 20; columns++)
			for (int utf8 = 0; utf8 < 2; utf8++) {
				char *cut =
				    cli_text_fit(texts[i], columns, utf8);

				assert_true(cli_text_columns(cut) <= columns);
				assert_true(cli_text_is_utf8(cut));
				free(cut);
				cut = cli_text_begin(texts[i], columns);
				assert_true(cli_text_columns(cut) <= columns);
				assert_true(cli_text_is_utf8(cut));
				free(cut);
			}
}

static void
words_are_quoted_for_a_shell_where_they_must_be(void **state)
{
	(void)state;
	equal(cli_text_quote("7-crane-otter"), "7-crane-otter");
	equal(cli_text_quote("10.0.0.1:4639"), "10.0.0.1:4639");
	/* zsh takes bare brackets for a pattern and fails. */
	equal(cli_text_quote("[fd00::1]:4639"), "'[fd00::1]:4639'");
	equal(cli_text_quote("two words"), "'two words'");
	equal(cli_text_quote("it's $HOME"), "'it'\\''s $HOME'");
	equal(cli_text_quote(""), "''");
	equal(cli_text_quote("a\033b'c"), "$'a\\033b\\'c'");
}

static void
utf8_is_known_from_what_is_not(void **state)
{
	static const char *const good[] = { "", "plain", "\xc3\xa9",
		"\xe0\xa0\x80", "\xed\x9f\xbf", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc0\xaf", "\xc1\x81",
		"\xc3", "\xc3z", "\xe0\x9f\xbf", "\xe6\x97", "\xed\xa0\x80",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xff", "ok\xfe" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(cli_text_is_utf8(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(cli_text_is_utf8(bad[i]));
}

static int
set_up(void **state)
{
	(void)state;
	cli_text_init();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sentences_keep_escapes_and_lose_what_acts),
		cmocka_unit_test(columns_know_wide_and_combining_characters),
		cmocka_unit_test(the_middle_is_cut_out),
		cmocka_unit_test(
		    no_cut_is_wider_than_asked_for_or_splits_a_character),
		cmocka_unit_test(
		    words_are_quoted_for_a_shell_where_they_must_be),
		cmocka_unit_test(utf8_is_known_from_what_is_not),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
