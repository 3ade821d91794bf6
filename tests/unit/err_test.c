#include "base/err.h"

#include <ctype.h>
#include <string.h>

#include "test.h"

static void
every_error_has_a_name_and_a_sentence(void **state)
{
	(void)state;
	for (int i = 0; i < GW_E_COUNT; i++) {
		const char *name = gw_err_name((enum gw_err)i);
		const char *text = gw_err_text((enum gw_err)i);

		assert_non_null(name);
		assert_non_null(text);
		for (const char *p = name; *p != '\0'; p++)
			assert_true(islower((unsigned char)*p) || *p == '-');
		assert_int_equal(text[strlen(text) - 1], '.');
	}
}

static void
names_differ(void **state)
{
	(void)state;
	for (int i = 0; i < GW_E_COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(gw_err_name((enum gw_err)i),
			    gw_err_name((enum gw_err)j));
}

static void
exit_statuses_are_the_published_ones(void **state)
{
	static const struct {
		enum gw_err err;
		int exit;
	} want[] = {
		{ GW_OK, 0 },
		{ GW_E_FAILED, 1 },
		{ GW_E_USAGE, 2 },
		{ GW_E_RESOLVE, 3 },
		{ GW_E_CONNECT, 3 },
		{ GW_E_AUTH, 4 },
		{ GW_E_BURNED, 4 },
		{ GW_E_REFUSED, 5 },
		{ GW_E_SOME_FAILED, 6 },
		{ GW_E_NO_PATH, 7 },
		{ GW_E_DISK, 7 },
		{ GW_E_SPACE, 7 },
		{ GW_E_LOST, 8 },
		{ GW_E_STALLED, 8 },
		{ GW_E_VERSION, 9 },
		{ GW_E_INTERRUPTED, 130 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		assert_int_equal(gw_err_exit(want[i].err), want[i].exit);
	for (int i = 1; i < GW_E_COUNT; i++)
		assert_int_not_equal(gw_err_exit((enum gw_err)i), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_a_name_and_a_sentence),
		cmocka_unit_test(names_differ),
		cmocka_unit_test(exit_statuses_are_the_published_ones),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
