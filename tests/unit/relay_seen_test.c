#include "forward/relay_seen.h"

#include <string.h>

#include "test.h"

static struct gw_relay_seen seen;

static int
begin(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof seen);
	return 0;
}

static void
what_was_added_is_there(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < GW_RELAY_SEEN; n++) {
		assert_false(gw_relay_seen_has(&seen, n));
		gw_relay_seen_add(&seen, n);
		assert_true(gw_relay_seen_has(&seen, n));
	}
	for (uint64_t n = 0; n < GW_RELAY_SEEN; n++)
		assert_true(gw_relay_seen_has(&seen, n));
	assert_false(gw_relay_seen_has(&seen, UINT64_MAX));
}

static void
the_oldest_gives_way(void **state)
{
	const uint64_t step = GW_RELAY_SEEN_SETS; /* the same set */

	(void)state;
	for (uint64_t n = 1; n <= 100; n++) {
		gw_relay_seen_add(&seen, n * step);
		for (uint64_t k = 1; k <= n; k++)
			assert_true(gw_relay_seen_has(&seen, k * step) ==
				    (n - k < GW_RELAY_SEEN_WAYS));
	}
	/* Other sets are not touched. */
	assert_false(gw_relay_seen_has(&seen, 1));
	gw_relay_seen_add(&seen, 1);
	assert_true(gw_relay_seen_has(&seen, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_added_is_there, begin),
		cmocka_unit_test_setup(the_oldest_gives_way, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
