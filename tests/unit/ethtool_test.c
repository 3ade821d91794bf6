#include "diag/ethtool.h"

#include "test.h"

static void
loopback_has_features(void **state)
{
	bool on = false;

	(void)state;
	if (!gw_ethtool_feature("lo", "loopback", &on)) {
		print_message("no ethtool here\n");
		skip();
	}
	/* That is what it is. */
	assert_true(on);
}

static void
what_is_not_known_is_not_told(void **state)
{
	bool on = true;

	(void)state;
	assert_false(gw_ethtool_feature("lo", "no-such-feature", &on));
	assert_false(gw_ethtool_feature("no-such-if", "rx-gro", &on));
	assert_false(gw_ethtool_feature(
	    "a-name-that-is-longer-than-any", "rx-gro", &on));
	assert_true(on);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_has_features),
		cmocka_unit_test(what_is_not_known_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
