#include "os/resolve.h"

#include "test.h"

static struct gw_why why;

static void
looking_up(void **state)
{
	struct gw_resolved found;

	(void)state;
	assert_int_equal(gw_resolve("localhost", 99, &why, &found), GW_OK);
	assert_true(found.count >= 1);
	for (size_t i = 0; i < found.count; i++) {
		assert_true(gw_addr_is_loopback(&found.v[i]));
		assert_int_equal(gw_addr_port(&found.v[i]), 99);
	}
	assert_int_equal(gw_resolve("192.0.2.9", 1, &why, &found), GW_OK);
	assert_int_equal(found.count, 1);
	assert_int_equal(gw_resolve("fe80::1", 1, &why, &found), GW_E_ADDRESS);
	found.count = 77;
	assert_int_equal(
	    gw_resolve("a name that cannot be", 1, &why, &found), GW_E_RESOLVE);
	assert_int_equal(found.count, 77);
	assert_memory_equal(why.text, "a name that cannot be: ", 23);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looking_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
