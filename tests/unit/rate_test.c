#include "run/rate.h"

#include "test.h"

/* How many bytes pass in `seconds`, taking at most `bite` at a time. */
static uint64_t
passes_in(struct gw_bucket *b, gw_usec from, unsigned seconds, uint64_t bite)
{
	uint64_t passed = 0;

	for (gw_usec t = from; t < from + seconds * GW_SEC;) {
		uint64_t n = gw_bucket_allows(b, t);

		n = n < bite ? n : bite;
		gw_bucket_took(b, n);
		passed += n;
		t = n > 0 ? t + 10 : gw_bucket_ready(b, t);
	}
	return passed;
}

static void
a_bucket_keeps_its_rate(void **state)
{
	const uint64_t rates[] = { 50 * 1000, 1000 * 1000, 100 * 1000 * 1000 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct gw_bucket b;
		uint64_t passed;

		gw_bucket_init(&b, rates[i], GW_SEC);
		passed = passes_in(&b, GW_SEC, 20, 65536);
		assert_in_range(
		    passed, rates[i] * 19, rates[i] * 21 + 128 * 1024);
	}
}

static void
idle_time_does_not_add_up(void **state)
{
	struct gw_bucket b;

	(void)state;
	gw_bucket_init(&b, 10 * 1000 * 1000, GW_SEC);
	assert_in_range(gw_bucket_allows(&b, 100 * GW_SEC), 1, 256 * 1024);
}

static void
no_rate_is_no_limit(void **state)
{
	struct gw_bucket b;

	(void)state;
	gw_bucket_init(&b, 0, GW_SEC);
	gw_bucket_took(&b, 1u << 30);
	assert_true(gw_bucket_allows(&b, GW_SEC) == UINT64_MAX);
	assert_true(gw_bucket_ready(&b, 5) == 5);
}

static void
debt_is_waited_for(void **state)
{
	struct gw_bucket b;

	(void)state;
	gw_bucket_init(&b, 1000 * 1000, GW_SEC);
	gw_bucket_took(&b, 1000 * 1000);
	assert_int_equal(gw_bucket_allows(&b, GW_SEC + GW_SEC / 2), 0);
	assert_in_range(
	    gw_bucket_ready(&b, GW_SEC), 2 * GW_SEC, 2 * GW_SEC + 200000);
}

static void
speed_follows_the_total(void **state)
{
	struct gw_speed s = { 0 };
	uint64_t total = 0, rate = 0;

	(void)state;
	for (gw_usec t = GW_SEC; t < 20 * GW_SEC; t += GW_SEC / 5) {
		rate = gw_speed_update(&s, total, t);
		total += 2 * 1000 * 1000;
	}
	assert_in_range(rate, 9900 * 1000, 10100 * 1000);
	for (gw_usec t = 20 * GW_SEC; t < 40 * GW_SEC; t += GW_SEC / 5)
		rate = gw_speed_update(&s, total, t);
	assert_in_range(rate, 0, 20 * 1000);
	/* A new transfer starts from nothing. */
	assert_int_equal(gw_speed_update(&s, 5, 41 * GW_SEC), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_keeps_its_rate),
		cmocka_unit_test(idle_time_does_not_add_up),
		cmocka_unit_test(no_rate_is_no_limit),
		cmocka_unit_test(debt_is_waited_for),
		cmocka_unit_test(speed_follows_the_total),
	};

	return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
