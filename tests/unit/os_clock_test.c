#include "os/clock.h"

#include "test.h"

static void
the_clock_goes_on(void **state)
{
	gw_usec a = gw_clock_now(), b = gw_clock_now();

	(void)state;
	assert_true(a > 0);
	assert_true(b >= a);
	assert_true(gw_clock_wall() > 1700000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
