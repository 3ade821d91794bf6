#include "os/resolve.h"

#include <string.h>

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

static void
the_name_of_an_address(void **state)
{
	char name[GW_RESOLVE_NAME] = "unchanged";
	struct gw_addr a;

	(void)state;
	assert_int_equal(gw_addr_parse(&a, "127.0.0.1", 9, &why), GW_OK);
	assert_int_equal(gw_resolve_name(&a, name), GW_OK);
	assert_non_null(strstr(name, "localhost"));
	/* An address that the look-up cannot even be asked about. */
	strcpy(name, "unchanged");
	a.len = 1;
	assert_int_equal(gw_resolve_name(&a, name), GW_E_RESOLVE);
	assert_string_equal(name, "unchanged");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looking_up),
		cmocka_unit_test(the_name_of_an_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
