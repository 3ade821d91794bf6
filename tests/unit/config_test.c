/*
 * Lines of `key = value`.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/config.h"
#include "test.h"

static enum gw_err
parse(struct cli_config *c, const char *text)
{
	char *copy = strdup(text);
	enum gw_err err;

	*c = (struct cli_config){ .count = 0 };
	err = cli_config_parse(c, copy);
	free(copy);
	return err;
}

static void
keys_and_values_stand_around_an_equals_sign(void **state)
{
	struct cli_config c;

	(void)state;
	assert_int_equal(parse(&c, "# a comment\n"
				   "\n"
				   "limit-rate = 800mbit\n"
				   "  recv.output=/srv/in box \t\n"
				   "exclude = a=b\r\n"
				   "yes = yes"),
	    GW_OK);
	assert_int_equal(c.count, 4);
	assert_null(c.lines[0].command);
	assert_string_equal(c.lines[0].key, "limit-rate");
	assert_string_equal(c.lines[0].value, "800mbit");
	assert_int_equal(c.lines[0].number, 3);
	assert_string_equal(c.lines[1].command, "recv");
	assert_string_equal(c.lines[1].key, "output");
	assert_string_equal(c.lines[1].value, "/srv/in box");
	assert_string_equal(c.lines[2].value, "a=b");
	assert_string_equal(c.lines[3].value, "yes");
	cli_config_fini(&c);
}

static void
a_tilde_is_the_home_directory(void **state)
{
	struct cli_config c;

	(void)state;
	setenv("HOME", "/home/somebody", 1);
	assert_int_equal(
	    parse(&c, "output = ~/inbox\nname = ~x\nexclude = *~"), GW_OK);
	assert_string_equal(c.lines[0].value, "/home/somebody/inbox");
	assert_string_equal(c.lines[1].value, "~x");
	assert_string_equal(c.lines[2].value, "*~");
	cli_config_fini(&c);
}

static void
a_line_that_is_none_is_named_by_its_number(void **state)
{
	static const char *const bad[] = { "\nlimit-rate 800mbit", "\n= 5",
		"\ntwo words = 5" };
	struct cli_config c;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(parse(&c, bad[i]), GW_E_USAGE);
		assert_int_equal(c.wrong_line, 2);
		assert_non_null(c.wrong);
		cli_config_fini(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_values_stand_around_an_equals_sign),
		cmocka_unit_test(a_tilde_is_the_home_directory),
		cmocka_unit_test(a_line_that_is_none_is_named_by_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
