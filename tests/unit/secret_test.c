/*
 * The code: where it comes from, and that it is gone from there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/secret.h"
#include "test.h"

static void
taking_a_code_overwrites_where_it_stood(void **state)
{
	struct cli_secret s = { .given = false };
	char argv[] = "7-crane-otter";

	(void)state;
	assert_null(cli_secret_take(&s, argv));
	assert_string_equal(s.text, "7-crane-otter");
	assert_true(s.given);
	assert_true(s.shown);
	assert_string_equal(argv, "*************");
}

static void
a_dash_is_no_code_and_stays(void **state)
{
	struct cli_secret s = { .given = false };
	char argv[] = "-";

	(void)state;
	assert_null(cli_secret_take(&s, argv));
	assert_true(s.given);
	assert_string_equal(argv, "-");
}

static void
a_bad_code_is_overwritten_too(void **state)
{
	struct cli_secret s = { .given = false };
	char longer[CLI_SECRET_MAX + 2];

	(void)state;
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	assert_non_null(cli_secret_take(&s, longer));
	assert_null(strchr(longer, 'x'));
	assert_false(s.given);
	longer[0] = ' ';
	longer[1] = '\0';
	assert_non_null(cli_secret_take(&s, longer));
}

static void
the_environment_forgets(void **state)
{
	static char variable[] = "GODWIT_CODE=7-crane-otter";
	struct cli_secret s;

	(void)state;
	putenv(variable);
	cli_secret_from_environment(&s);
	assert_string_equal(s.text, "7-crane-otter");
	assert_true(s.given);
	assert_false(s.shown);
	assert_null(getenv("GODWIT_CODE"));
	/* The bytes too, which /proc/PID/environ would show. */
	assert_string_equal(variable, "GODWIT_CODE=");
	assert_int_equal(variable[sizeof variable - 2], 0);
	cli_secret_from_environment(&s);
	assert_false(s.given);
}

static void
a_file_gives_its_first_line(void **state)
{
	char path[] = "/tmp/godwit-secret-XXXXXX";
	struct cli_secret s = { .given = false };
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, " correct horse \r\nsecond\n", 24), 24);
	close(fd);
	assert_int_equal(cli_secret_from_file(&s, path), GW_OK);
	assert_string_equal(s.text, "correct horse");
	assert_false(s.shown);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(cli_secret_from_file(&s, path), GW_E_USAGE);
	unlink(path);
	assert_int_equal(cli_secret_from_file(&s, path), GW_E_DISK);
}

static void
only_spoken_codes_may_be_short(void **state)
{
	static const struct {
		const char *code;
		int fine;
	} rows[] = { { "7-ox-ant", 1 }, { "7-crane-otter", 1 }, { "secret", 0 },
		{ "1234567", 0 }, { "12345678", 1 },
		/* seven characters in fourteen bytes */
		{ "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
		    0 } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cli_secret s = { .given = true };

		snprintf(s.text, sizeof s.text, "%s", rows[i].code);
		assert_int_equal(cli_secret_check(&s) == NULL, rows[i].fine);
	}
}

static void
wiping_leaves_nothing(void **state)
{
	struct cli_secret s = { .given = true, .text = "7-crane-otter" };
	static const struct cli_secret none;

	(void)state;
	cli_secret_wipe(&s);
	assert_memory_equal(s.text, none.text, sizeof s.text);
	assert_false(s.given);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taking_a_code_overwrites_where_it_stood),
		cmocka_unit_test(a_dash_is_no_code_and_stays),
		cmocka_unit_test(a_bad_code_is_overwritten_too),
		cmocka_unit_test(the_environment_forgets),
		cmocka_unit_test(a_file_gives_its_first_line),
		cmocka_unit_test(only_spoken_codes_may_be_short),
		cmocka_unit_test(wiping_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
