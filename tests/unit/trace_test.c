#include "base/trace.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

static void
keep_line(void *arg, const char *text)
{
	snprintf(arg, 1024, "%s", text);
}

static void
a_line_is_formatted(void **state)
{
	char got[1024] = "";
	struct gw_trace t = { keep_line, got };

	(void)state;
	gw_trace(&t, "%s -> %d", "opening", 7);
	assert_string_equal(got, "opening -> 7");
}

static void
off_does_nothing(void **state)
{
	struct gw_trace off = { NULL, NULL };

	(void)state;
	gw_trace(NULL, "nobody %s", "listens");
	gw_trace(&off, "nobody %s", "listens");
}

static void
a_long_line_is_cut(void **state)
{
	char got[1024] = "", longer[800];
	struct gw_trace t = { keep_line, got };

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	gw_trace(&t, "%s", longer);
	assert_int_equal(strlen(got), 511);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_formatted),
		cmocka_unit_test(off_does_nothing),
		cmocka_unit_test(a_long_line_is_cut),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
