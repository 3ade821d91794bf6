#include "classic/name.h"

#include <stdio.h>

#include "test.h"

static void
becomes(const void *raw, size_t n, const char *name, bool cut)
{
	char out[GW_COMPONENT_MAX + 1];
	bool was_cut = !cut;
	const char *wrong = gw_classic_name(gw_slice(raw, n), out, &was_cut);

	if (wrong != NULL)
		fail_msg("%s: %s", name, wrong);
	assert_string_equal(out, name);
	assert_int_equal(was_cut, cut);
}

#define BECOMES(raw, name, cut) becomes(raw, sizeof(raw) - 1, name, cut)

static void
is_none(const void *raw, size_t n)
{
	char out[GW_COMPONENT_MAX + 1] = "untouched";
	bool cut = true;

	assert_non_null(gw_classic_name(gw_slice(raw, n), out, &cut));
	assert_string_equal(out, "untouched");
	assert_true(cut);
}

#define IS_NONE(raw) is_none(raw, sizeof(raw) - 1)

static void
a_base_name_stays_as_it_is(void **state)
{
	(void)state;
	BECOMES("a", "a", false);
	BECOMES("two words.txt", "two words.txt", false);
	BECOMES(" .hidden ", " .hidden ", false);
	BECOMES("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", false);
	BECOMES("\xff\xfe", "\xff\xfe", false);
	BECOMES("esc\033[2Jape", "esc\033[2Jape", false);
	BECOMES("...", "...", false);
	BECOMES("..a", "..a", false);
}

static void
padding_and_one_end_of_a_line_go(void **state)
{
	char padded[GW_CLASSIC_NAME_RAW] = "padded.bin";

	(void)state;
	BECOMES("a\0", "a", false);
	becomes(padded, sizeof padded, "padded.bin", false);
	BECOMES("a\n", "a", false);
	BECOMES("a\r\n", "a", false);
	BECOMES("a\r\n\0\0", "a", false);
	BECOMES("a \n", "a ", false);
	IS_NONE("a\n\n");
	IS_NONE("a\n\r");
}

static void
a_path_loses_all_but_its_last_part(void **state)
{
	(void)state;
	BECOMES("../x", "x", true);
	BECOMES("/etc/passwd", "passwd", true);
	BECOMES("a/b/../c.txt\n", "c.txt", true);
	BECOMES("C:\\Users\\me\\c.txt", "c.txt", true);
	BECOMES("..\\..\\x", "x", true);
	BECOMES("a\\b/c", "c", true);
	BECOMES("a/b\\c", "c", true);
}

static void
what_names_no_file_is_refused(void **state)
{
	(void)state;
	is_none(NULL, 0);
	IS_NONE("\0\0\0");
	IS_NONE("\n");
	IS_NONE("\r\n");
	IS_NONE(".");
	IS_NONE("..");
	IS_NONE("/");
	IS_NONE("a/");
	IS_NONE("a/..");
	IS_NONE("a\\.");
	IS_NONE("../");
}

static void
what_may_be_more_than_a_name_is_refused(void **state)
{
	(void)state;
	IS_NONE("a\0b");
	IS_NONE("a\0\0\0content");
	IS_NONE("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	IS_NONE("a\rb");
	IS_NONE("\x16\x03\x01\x00\x05hello");
}

static void
a_name_has_255_bytes_at_most(void **state)
{
	char raw[1000], most[GW_COMPONENT_MAX + 1];

	(void)state;
	memset(raw, 'x', sizeof raw);
	memset(most, 'x', GW_COMPONENT_MAX);
	most[GW_COMPONENT_MAX] = '\0';
	becomes(raw, GW_COMPONENT_MAX, most, false);
	is_none(raw, GW_COMPONENT_MAX + 1);
	/* Only what is kept of it counts. */
	raw[sizeof raw - GW_COMPONENT_MAX - 1] = '/';
	becomes(raw, sizeof raw, most, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_base_name_stays_as_it_is),
		cmocka_unit_test(padding_and_one_end_of_a_line_go),
		cmocka_unit_test(a_path_loses_all_but_its_last_part),
		cmocka_unit_test(what_names_no_file_is_refused),
		cmocka_unit_test(what_may_be_more_than_a_name_is_refused),
		cmocka_unit_test(a_name_has_255_bytes_at_most),
	};

	return cmocka_run_group_tests_name("classic_name", tests, NULL, NULL);
}
