#include "pmtud_fixture.h"
#include "test.h"

static void
found(uint32_t path)
{
	start(JUMBO);
	search_on(path);
	assert_int_equal(gw_pmtud_size(&m), path);
}

static void
four_suspicious_bursts_are_a_black_hole(void **state)
{
	uint32_t next;

	(void)state;
	found(V4);
	arrives(V4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(size(), V4);
		burst(5, 0);
		arrives(BASE);
		arrives(100);
	}
	assert_int_equal(size(), BASE);
	/* It may have been a mistake: what passed is tried first. */
	assert_true(gw_pmtud_probe(&m, now, &next));
	assert_int_equal(next, V4);
	search_on(1400);
	assert_in_range(gw_pmtud_size(&m), 1390, 1400);
}

static void
every_search_has_tries_of_its_own(void **state)
{
	uint32_t next;

	(void)state;
	start(V4);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 2; i++) {
			assert_true(gw_pmtud_probe(&m, now, &next));
			assert_int_equal(next, V4);
			gw_pmtud_sent(&m, number, next);
			gw_pmtud_lost(&m, number++);
		}
		search_on(V4);
		assert_int_equal(size(), V4);
		now += 100 * GW_SEC;
		for (unsigned i = 0; i < 4; i++)
			burst(2, 0);
		assert_int_equal(size(), BASE);
	}
}

static void
a_path_that_was_cut_comes_back_as_it_was(void **state)
{
	(void)state;
	found(JUMBO);
	for (unsigned i = 0; i < 10; i++)
		burst(3, 0); /* nothing arrives at all */
	assert_int_equal(size(), BASE);
	probes = 0;
	search_on(JUMBO);
	assert_int_equal(gw_pmtud_size(&m), JUMBO);
	assert_int_equal(probes, 1);
}

static void
congestion_is_no_black_hole(void **state)
{
	(void)state;
	found(V4);
	for (unsigned i = 0; i < 50; i++) {
		burst(1 + i % 7, 0);
		arrives(V4); /* sent later, as large */
		assert_int_equal(size(), V4);
	}
	/* Or what was sent later is known to have arrived already. */
	for (unsigned i = 0; i < 50; i++) {
		const uint64_t first = number;

		number += 3;
		arrives(V4);
		for (unsigned k = 0; k < 3; k++)
			gw_pmtud_packet_lost(&m, first + k, V4, now);
		assert_int_equal(size(), V4);
	}
}

static void
a_burst_with_something_small_in_it_is_no_proof(void **state)
{
	(void)state;
	found(V4);
	for (unsigned i = 0; i < 50; i++) {
		burst(2, V4);
		gw_pmtud_packet_lost(&m, number++, BASE, now);
		gw_pmtud_packet_lost(&m, number++, V4, now);
		assert_int_equal(size(), V4);
	}
	/* Nor are small ones alone. */
	for (unsigned i = 0; i < 50; i++)
		burst(3, BASE);
	assert_int_equal(size(), V4);
	/* Something between: as large as what arrived, before or after the
	 * loss was known. */
	for (unsigned i = 0; i < 50; i++) {
		burst(3, 1300);
		arrives(1300);
		assert_int_equal(size(), V4);
	}
	for (unsigned i = 0; i < 50; i++) {
		const uint64_t first = number;

		number += 3;
		arrives(1300);
		arrives(1250);
		for (unsigned k = 0; k < 3; k++)
			gw_pmtud_packet_lost(&m, first + k, 1300, now);
		assert_int_equal(size(), V4);
	}
	for (unsigned i = 0; i < 4; i++) {
		burst(3, 1300);
		arrives(1299);
	}
	assert_int_equal(size(), BASE);
}

/* quinn#2791: equal sizes clear what was sent before them, too. */
static void
what_arrives_clears_what_was_sent_before_it(void **state)
{
	(void)state;
	found(V4);
	burst(3, 0);
	burst(3, 0);
	burst(3, 0);
	arrives(V4);
	burst(3, 0);
	assert_int_equal(size(), V4);
	burst(3, 0);
	burst(3, 0);
	assert_int_equal(size(), V4);
	/* But not what was sent after it. */
	gw_pmtud_packet_acked(&m, number - 20, V4);
	burst(3, 0);
	assert_int_equal(size(), BASE);
}

/* Sizes that arrived, the larger ones longer ago. */
static void
it_is_known_what_arrived_of_each_size(void **state)
{
	static const uint32_t sizes[] = { 1400, 1300, 1250 };

	(void)state;
	found(V4);
	for (unsigned i = 0; i < 3; i++) {
		number += 10;
		arrives(sizes[i]);
	}
	number -= 3 * 11;
	for (unsigned i = 0; i < 3; i++) {
		const uint64_t before = number + 11 * i + 9;

		gw_pmtud_packet_lost(&m, before, sizes[i], now);
		assert_int_equal(size(), V4);
		assert_int_equal(m.suspicious_count, i);
		gw_pmtud_packet_lost(&m, before, sizes[i] + 1, now);
		assert_int_equal(size(), V4);
		assert_int_equal(m.suspicious_count, i + 1);
	}
	/* What is as large and newer stands for all of them. */
	number += 100;
	arrives(V4);
	assert_int_equal(m.suspicious_count, 0);
	assert_int_equal(m.arrived_count, 1);
	gw_pmtud_packet_acked(&m, number - 50, 1300); /* late */
	assert_int_equal(m.arrived_count, 1);

	/* The newest are kept. */
	for (unsigned i = 0; i < 10; i++)
		arrives(1400 - i);
	burst(1, 1392);
	assert_int_equal(size(), V4);
	assert_int_equal(m.suspicious_count, 1);
	gw_pmtud_packet_lost(&m, number - 4, 1392, now);
	assert_int_equal(size(), V4);
	assert_int_equal(m.suspicious_count, 1);
}

static void
what_is_larger_than_now_says_nothing(void **state)
{
	(void)state;
	found(JUMBO);
	for (unsigned i = 0; i < 4; i++)
		burst(2, 0);
	assert_int_equal(size(), BASE);
	for (unsigned i = 0; i < 10; i++)
		burst(2, JUMBO);
	search_on(V4);
	for (unsigned i = 0; i < 10; i++)
		burst(2, JUMBO);
	assert_int_equal(size(), V4);
	/* Nor does what was lost before it fell for another reason. */
	burst(2, 0);
	burst(2, 0);
	burst(2, 0);
	gw_pmtud_set_max(&m, 1400);
	burst(2, 0);
	assert_int_equal(size(), 1400);
	burst(2, 0);
	burst(2, 0);
	burst(2, 0);
	gw_pmtud_too_large(&m, 1300);
	assert_int_equal(size(), BASE);
	assert_int_equal(m.suspicious_count, 0);
	search_on(1290);
	assert_int_equal(size(), 1290);
}

static void
losses_of_one_moment_are_one_burst(void **state)
{
	(void)state;
	found(V4);
	burst(1000, 0);
	assert_int_equal(size(), V4);
	assert_int_equal(m.suspicious_count, 1);
	/* Numbers that do not follow are several. */
	now += GW_SEC;
	for (unsigned i = 0; i < 3; i++) {
		number += 2;
		gw_pmtud_packet_lost(&m, number, V4, now);
	}
	assert_int_equal(size(), BASE);
}

static void
a_path_that_falls_again_and_again_is_left_alone(void **state)
{
	uint32_t next;
	gw_usec fell;

	(void)state;
	found(V4);
	for (unsigned i = 0; i < 4; i++)
		burst(2, 0);
	search_on(V4); /* probes pass, packets do not */
	assert_int_equal(size(), V4);
	for (unsigned i = 0; i < 4; i++)
		burst(2, 0);
	assert_int_equal(size(), BASE);
	fell = now;
	assert_false(gw_pmtud_probe(&m, now, &next));
	assert_int_equal(gw_pmtud_deadline(&m), fell + 60 * GW_SEC);
	now = fell + 60 * GW_SEC;
	search_on(V4);
	assert_int_equal(size(), V4);
	now = fell + 200 * GW_SEC;
	for (unsigned i = 0; i < 4; i++)
		burst(2, 0);
	assert_int_equal(size(), BASE);
	assert_true(gw_pmtud_probe(&m, now, &next));
}

static void
a_probe_that_arrives_clears_all(void **state)
{
	uint32_t next;

	(void)state;
	start(JUMBO);
	assert_true(gw_pmtud_probe(&m, now, &next));
	gw_pmtud_sent(&m, number, next);
	gw_pmtud_acked(&m, number++);
	burst(2, 0);
	burst(2, 0);
	burst(2, 0);
	assert_true(gw_pmtud_probe(&m, now, &next));
	gw_pmtud_sent(&m, number, next);
	gw_pmtud_acked(&m, number++);
	burst(2, 0);
	assert_int_equal(size(), JUMBO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_suspicious_bursts_are_a_black_hole),
		cmocka_unit_test(every_search_has_tries_of_its_own),
		cmocka_unit_test(a_path_that_was_cut_comes_back_as_it_was),
		cmocka_unit_test(congestion_is_no_black_hole),
		cmocka_unit_test(
		    a_burst_with_something_small_in_it_is_no_proof),
		cmocka_unit_test(what_arrives_clears_what_was_sent_before_it),
		cmocka_unit_test(it_is_known_what_arrived_of_each_size),
		cmocka_unit_test(what_is_larger_than_now_says_nothing),
		cmocka_unit_test(losses_of_one_moment_are_one_burst),
		cmocka_unit_test(
		    a_path_that_falls_again_and_again_is_left_alone),
		cmocka_unit_test(a_probe_that_arrives_clears_all),
	};

	return cmocka_run_group_tests_name("pmtud_hole", tests, NULL, NULL);
}
