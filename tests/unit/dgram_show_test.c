/* Bytes on their way to a person. */
#include "cli/dgram_show.h"

#include <stdlib.h>
#include <string.h>

#include "cli/json_build.h"
#include "cli/text.h"
#include "test.h"

static void
reads(const void *data, size_t n, const char *text)
{
	char *got = cli_dgram_payload(data, n);

	assert_string_equal(got, text);
	free(got);
}

#define READS(literal, text) reads(literal, sizeof(literal) - 1, text)

static void
text_is_shown_as_it_is(void **state)
{
	(void)state;
	READS("", "");
	READS("hello", "hello");
	READS("caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac",
	    "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac");
}

static void
what_acts_on_a_terminal_is_escaped(void **state)
{
	(void)state;
	READS("a\nb\r\tc", "a\\nb\\r\\tc");
	READS("\n", "\\n");
	READS("\033[2J\a", "\\x1b[2J\\x07");
	READS("back\\slash", "back\\x5cslash");
	READS("\xff\xfe", "\\xff\\xfe");
	READS("\xe2\x80\xae"
	      "evil",
	    "\\u{202e}evil");
	/* A character that is cut by the end, or by a NUL. */
	READS("\xe6\x97", "\\xe6\\x97");
	READS("\xe6\0\x97", "\\xe6\\x00\\x97");
}

static void
zeros_are_shown_and_many_are_counted(void **state)
{
	char padded[1024] = "hello";

	(void)state;
	READS("a\0b", "a\\x00b");
	READS("a\0", "a\\x00");
	READS("a\0\0\0", "a\\x00\\x00\\x00");
	READS("a\0\0\0\0", "a\\x00{4}");
	READS("\0\0\0\0", "\\x00{4}");
	READS("\n\0", "\\n\\x00");
	reads(padded, sizeof padded, "hello\\x00{1019}");
	/* Not what is not at the end. */
	READS("\0\0\0\0x", "\\x00\\x00\\x00\\x00x");
}

static void
dumps(const void *data, size_t n, const char *text)
{
	char *got = cli_dgram_hexdump(data, n);

	assert_string_equal(got, text);
	free(got);
}

static void
hexadecimal_is_that_of_xxd(void **state)
{
	(void)state;
	dumps("", 0, "");
	dumps("hello\n", 6,
	    "00000000: 6865 6c6c 6f0a                           hello.\n");
	dumps("0123456789abcdef\xff", 17,
	    "00000000: 3031 3233 3435 3637 3839 6162 6364 6566  "
	    "0123456789abcdef\n"
	    "00000010: ff                                       .\n");
}

static void
lasts(uint64_t usec, const char *text)
{
	char out[CLI_DGRAM_MS_TEXT];

	assert_string_equal(cli_dgram_ms(out, usec), text);
}

static void
durations_have_three_digits_or_so(void **state)
{
	(void)state;
	lasts(0, "0.00 ms");
	lasts(312, "0.31 ms");
	lasts(9990, "9.99 ms");
	lasts(12345, "12 ms");
	lasts(999400, "999 ms");
	lasts(1234567, "1.2 s");
}

static void
is_json(const void *data, size_t n, const char *line)
{
	cJSON *o = cli_json_begin(NULL);
	char *got;

	cli_json_bytes(o, data, n);
	got = cli_json_finish(o);
	assert_string_equal(got, line);
	free(got);
}

static void
json_has_text_where_it_is_text_and_digits_always(void **state)
{
	(void)state;
	is_json("", 0, "{\"text\":\"\",\"hex\":\"\"}");
	is_json("a\"\\\n\0z", 6,
	    "{\"text\":\"a\\\"\\\\\\u000a\\u0000z\",\"hex\":\"61225c0a007a\"}");
	is_json("\xc3\xa9\x7f", 3,
	    "{\"text\":\"\xc3\xa9\\u007f\",\"hex\":\"c3a97f\"}");
	is_json("\xe2\x80\xae", 3, "{\"text\":\"\\u202e\",\"hex\":\"e280ae\"}");
	is_json("\xff", 1, "{\"text\":null,\"hex\":\"ff\"}");
	is_json("\xc3", 1, "{\"text\":null,\"hex\":\"c3\"}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_shown_as_it_is),
		cmocka_unit_test(what_acts_on_a_terminal_is_escaped),
		cmocka_unit_test(zeros_are_shown_and_many_are_counted),
		cmocka_unit_test(hexadecimal_is_that_of_xxd),
		cmocka_unit_test(durations_have_three_digits_or_so),
		cmocka_unit_test(
		    json_has_text_where_it_is_text_and_digits_always),
	};

	cli_text_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
