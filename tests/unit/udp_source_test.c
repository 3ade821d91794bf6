#include "forward/udp_source.h"

#include <string.h>

#include "alloc.h"
#include "test.h"

static const uint8_t v4_a[16] = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 };
static const uint8_t v4_b[16] = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 2 };
static const uint8_t v6_a[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
static const uint8_t v6_near[16] = { 0x20, 1, 0xd, 0xb8, [15] = 2 };
static const uint8_t v6_far[16] = { 0x20, 1, 0xd, 0xb8, [7] = 1, [15] = 1 };

static void
init(struct gw_udp_sources *s, uint64_t rate, uint64_t burst)
{
	assert_int_equal(gw_udp_sources_init(s, 7, rate, burst), GW_OK);
}

static void
a_source_is_an_ipv4_address_or_64_bits_of_ipv6(void **state)
{
	struct gw_udp_source *a, *b, *c, *d, *e;
	struct gw_udp_sources s;

	(void)state;
	init(&s, 0, 0);
	a = gw_udp_source_get(&s, v4_a, 0);
	b = gw_udp_source_get(&s, v4_b, 0);
	c = gw_udp_source_get(&s, v6_a, 0);
	d = gw_udp_source_get(&s, v6_near, 0);
	e = gw_udp_source_get(&s, v6_far, 0);
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(c, d);
	assert_ptr_not_equal(c, e);
	assert_int_equal(c->flows, 2);
	assert_int_equal(gw_udp_sources_count(&s), 4);
	gw_udp_source_put(&s, a, 0);
	gw_udp_source_put(&s, b, 0);
	gw_udp_source_put(&s, c, 0);
	gw_udp_source_put(&s, d, 0);
	gw_udp_source_put(&s, e, 0);
	assert_int_equal(gw_udp_sources_count(&s), 0);
	gw_udp_sources_fini(&s);
}

static void
what_is_taken_comes_back_with_time_and_no_more_than_fits(void **state)
{
	struct gw_udp_sources s;
	struct gw_udp_source *a;

	(void)state;
	init(&s, 1000, 3000);
	a = gw_udp_source_get(&s, v4_a, 0);
	assert_true(gw_udp_source_take(&s, a, 3000, 0));
	assert_false(gw_udp_source_take(&s, a, 1, 0));
	/* A byte comes each millisecond, however often one asks. */
	for (gw_usec now = 0; now < 100 * GW_MSEC; now += 100)
		assert_false(gw_udp_source_take(&s, a, 101, now));
	assert_true(gw_udp_source_take(&s, a, 100, 100 * GW_MSEC));
	assert_false(gw_udp_source_take(&s, a, 3001, 100 * GW_SEC));
	assert_true(gw_udp_source_take(&s, a, 3000, 100 * GW_SEC));
	gw_udp_source_put(&s, a, 100 * GW_SEC);
	gw_udp_sources_fini(&s);
}

static void
without_a_rate_everything_may_be_taken(void **state)
{
	struct gw_udp_sources s;
	struct gw_udp_source *a;

	(void)state;
	init(&s, 0, 0);
	a = gw_udp_source_get(&s, v4_a, 0);
	assert_true(gw_udp_source_take(&s, a, UINT64_MAX, 0));
	gw_udp_source_put(&s, a, 0);
	gw_udp_sources_fini(&s);
}

static void
an_empty_bucket_outlives_the_flow_that_emptied_it(void **state)
{
	struct gw_udp_sources s;
	struct gw_udp_source *a;

	(void)state;
	init(&s, 1000, 3000);
	a = gw_udp_source_get(&s, v4_a, 0);
	assert_true(gw_udp_source_take(&s, a, 3000, 0));
	gw_udp_source_put(&s, a, 0);
	assert_int_equal(gw_udp_sources_count(&s), 1);
	a = gw_udp_source_get(&s, v4_a, GW_SEC);
	assert_int_equal(gw_udp_sources_deadline(&s), GW_NEVER);
	assert_false(gw_udp_source_take(&s, a, 1001, GW_SEC));
	gw_udp_source_put(&s, a, GW_SEC);
	gw_udp_sources_tick(&s, 3 * GW_SEC - 1);
	assert_int_equal(gw_udp_sources_count(&s), 1);
	assert_true(gw_udp_sources_deadline(&s) <= 3 * GW_SEC + GW_MSEC);
	gw_udp_sources_tick(&s, gw_udp_sources_deadline(&s));
	assert_int_equal(gw_udp_sources_count(&s), 0);
	gw_udp_sources_fini(&s);
}

static void
bad_news_is_told_as_rarely_as_kernels_do(void **state)
{
	struct gw_udp_sources s;
	struct gw_udp_source *a;
	gw_usec now = 5;
	unsigned told = 0;

	(void)state;
	init(&s, 0, 0);
	a = gw_udp_source_get(&s, v4_a, now);
	while (gw_udp_source_tell(a, now))
		told++;
	assert_int_equal(told, GW_UDP_SOURCE_NEWS);
	/* One a second from then on, however often one asks. */
	for (told = 0; now < 10 * GW_SEC; now += GW_MSEC)
		told += gw_udp_source_tell(a, now);
	assert_int_equal(told, 9);
	now += 3600 * GW_SEC;
	for (told = 0; gw_udp_source_tell(a, now);)
		told++;
	assert_int_equal(told, GW_UDP_SOURCE_NEWS);
	gw_udp_source_put(&s, a, now);
	gw_udp_sources_fini(&s);
}

static void
a_source_that_was_told_much_is_remembered_without_flows(void **state)
{
	struct gw_udp_sources s;
	struct gw_udp_source *a;

	(void)state;
	init(&s, 0, 0);
	a = gw_udp_source_get(&s, v4_a, 0);
	while (gw_udp_source_tell(a, 0))
		;
	gw_udp_source_put(&s, a, 0);
	assert_int_equal(gw_udp_sources_count(&s), 1);
	a = gw_udp_source_get(&s, v4_a, GW_MSEC);
	assert_false(gw_udp_source_tell(a, GW_MSEC));
	gw_udp_source_put(&s, a, GW_MSEC);
	gw_udp_sources_tick(&s, GW_UDP_SOURCE_NEWS * GW_SEC - 1);
	assert_int_equal(gw_udp_sources_count(&s), 1);
	gw_udp_sources_tick(&s, GW_UDP_SOURCE_NEWS * GW_SEC + 1);
	assert_int_equal(gw_udp_sources_count(&s), 0);
	gw_udp_sources_fini(&s);
}

static void
no_more_than_so_many_are_remembered_without_flows(void **state)
{
	struct gw_udp_sources s;

	(void)state;
	init(&s, 1, 1000);
	for (uint32_t i = 0; i < GW_UDP_SOURCES_IDLE + 100; i++) {
		uint8_t ip[16] = { [10] = 0xff, [11] = 0xff };
		struct gw_udp_source *a;

		memcpy(ip + 12, &i, sizeof i);
		a = gw_udp_source_get(&s, ip, i);
		assert_true(gw_udp_source_take(&s, a, 1000, i));
		gw_udp_source_put(&s, a, i);
	}
	assert_int_equal(gw_udp_sources_count(&s), GW_UDP_SOURCES_IDLE);
	gw_udp_sources_fini(&s);
}

static void
without_memory_there_is_no_source(void **state)
{
	struct gw_udp_source *a = NULL;
	struct gw_udp_sources s;

	(void)state;
	init(&s, 0, 0);
	for (long n = 0; a == NULL; n++) {
		test_fail_alloc(n);
		a = gw_udp_source_get(&s, v4_a, 0);
		test_fail_alloc(-1);
		assert_int_equal(gw_udp_sources_count(&s), a != NULL);
		assert_true(n < 10);
	}
	gw_udp_source_put(&s, a, 0);
	gw_udp_sources_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_source_is_an_ipv4_address_or_64_bits_of_ipv6),
		cmocka_unit_test(
		    what_is_taken_comes_back_with_time_and_no_more_than_fits),
		cmocka_unit_test(without_a_rate_everything_may_be_taken),
		cmocka_unit_test(
		    an_empty_bucket_outlives_the_flow_that_emptied_it),
		cmocka_unit_test(bad_news_is_told_as_rarely_as_kernels_do),
		cmocka_unit_test(
		    a_source_that_was_told_much_is_remembered_without_flows),
		cmocka_unit_test(
		    no_more_than_so_many_are_remembered_without_flows),
		cmocka_unit_test(without_memory_there_is_no_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
