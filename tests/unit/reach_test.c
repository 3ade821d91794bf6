#include "run/reach.h"

#include <string.h>

#include "test.h"

static void
what_is_bound_to_one_address_is_found_there(void **state)
{
	char out[8][GW_ADDR_TEXT];

	(void)state;
	assert_int_equal(gw_reach_addresses("127.0.0.1", out, 8), 1);
	assert_string_equal(out[0], "127.0.0.1");
	assert_int_equal(gw_reach_addresses("fe80::1%eth0", out, 8), 1);
	assert_string_equal(out[0], "fe80::1%eth0");
	assert_int_equal(gw_reach_addresses("127.0.0.1", out, 0), 0);
}

static void
what_is_bound_to_none_is_found_at_all(void **state)
{
	static const char *const any[] = { NULL, "0.0.0.0", "::" };
	char out[8][GW_ADDR_TEXT];
	bool loopback;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		n = gw_reach_addresses(any[i], out, 8);
		assert_true(n >= 1);
		loopback = n == 8; /* it comes last */
		for (size_t k = 0; k < n; k++) {
			assert_null(strstr(out[k], "0.0.0.0"));
			loopback |= strcmp(out[k], "127.0.0.1") == 0;
		}
		assert_true(loopback);
		assert_int_equal(gw_reach_addresses(any[i], out, 1), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_bound_to_one_address_is_found_there),
		cmocka_unit_test(what_is_bound_to_none_is_found_at_all),
	};

	return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
