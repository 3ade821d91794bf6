#include "os/random.h"

#include "test.h"

static void
random_bytes_fill_everything(void **state)
{
	struct gw_random r = gw_random_os();
	uint8_t a[1000] = { 0 }, b[1000] = { 0 };
	unsigned zeros = 0;

	(void)state;
	gw_random_fill(&r, a, sizeof a);
	gw_random_fill(&r, b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
	for (size_t i = 0; i < sizeof a; i++)
		zeros += a[i] == 0;
	assert_true(zeros < 100); /* about four */
	gw_random_fill(&r, a, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_bytes_fill_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
