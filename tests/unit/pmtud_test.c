#include "session/udp/pmtud.h"

#include "pmtud_fixture.h"
#include "test.h"

static void
common_paths_are_found_at_once(void **state)
{
	static const struct {
		uint32_t max, path, found;
		unsigned probes;
	} cases[] = {
		{ V4, V4, V4, 1 },
		{ V6, V6, V6, 1 },
		{ JUMBO, JUMBO, JUMBO, 2 },
		{ 16000, 16000, 16000, 3 },
		{ GW_PACKET_MAX, GW_PACKET_MAX, GW_PACKET_MAX, 4 },
		{ 1300, 1300, 1300, 1 },
		{ BASE, BASE, BASE, 0 },
		/* lost probes: three a size */
		{ V4, V6, V6, 3 + 1 + 2 * 3 },
		{ V4, 1464, 1462, 3 + 1 + 1 + 3 }, /* PPPoE */
		{ JUMBO, V4, V4, 1 + 5 * 3 },
		{ V4, BASE, BASE, 7 * 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		start(cases[i].max);
		search_on(cases[i].path);
		assert_int_equal(gw_pmtud_size(&m), cases[i].found);
		assert_in_range(probes, 0, cases[i].probes);
	}
}

static void
any_path_is_found_nearly(void **state)
{
	static const uint32_t maxes[] = { V4, JUMBO, GW_PACKET_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(maxes) / sizeof(*maxes); i++)
		for (uint32_t path = BASE; path <= maxes[i]; path += 3) {
			uint32_t found;

			start(maxes[i]);
			search_on(path);
			found = gw_pmtud_size(&m);
			assert_true(found <= path);
			if (path < 1500)
				assert_in_range(path - found, 0, 27);
			else
				assert_in_range(path - found, 0, path / 3);
			assert_in_range(lost_probes, 0, 8 * 3);
			assert_in_range(probes, 0, 36);
		}
}

static void
one_lost_probe_ends_nothing(void **state)
{
	uint32_t next;

	(void)state;
	start(V4);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(gw_pmtud_probe(&m, now, &next));
		assert_int_equal(next, V4);
		gw_pmtud_sent(&m, number, next);
		gw_pmtud_lost(&m, number + 7); /* something else */
		assert_false(gw_pmtud_probe(&m, now, &next));
		gw_pmtud_lost(&m, number++);
	}
	search_on(V4);
	assert_int_equal(gw_pmtud_size(&m), V4);

	/* The next size has three of its own. */
	start(JUMBO);
	assert_true(gw_pmtud_probe(&m, now, &next));
	gw_pmtud_sent(&m, 0, next);
	gw_pmtud_lost(&m, 0);
	gw_pmtud_sent(&m, 1, next);
	gw_pmtud_acked(&m, 1);
	for (unsigned i = 2; i < 4; i++) {
		assert_true(gw_pmtud_probe(&m, now, &next));
		assert_int_equal(next, JUMBO);
		gw_pmtud_sent(&m, i, next);
		gw_pmtud_lost(&m, i);
	}
	assert_true(gw_pmtud_probe(&m, now, &next));
	assert_int_equal(next, JUMBO);
}

static void
a_probe_that_was_called_lost_may_arrive(void **state)
{
	uint32_t next;

	(void)state;
	start(JUMBO);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(gw_pmtud_probe(&m, now, &next));
		gw_pmtud_sent(&m, i, next);
		gw_pmtud_lost(&m, i);
	}
	gw_pmtud_acked(&m, 1); /* forgotten by now */
	assert_int_equal(gw_pmtud_size(&m), BASE);
	gw_pmtud_acked(&m, 2);
	assert_int_equal(gw_pmtud_size(&m), V4);
	number = 3;
	search_on(JUMBO);
	assert_int_equal(gw_pmtud_size(&m), JUMBO);
}

static void
it_searches_again_after_ten_minutes(void **state)
{
	gw_usec rested;

	(void)state;
	start(V4);
	assert_int_equal(gw_pmtud_deadline(&m), GW_NEVER);
	search_on(1300);
	assert_in_range(gw_pmtud_size(&m), 1290, 1300);
	rested = now;
	assert_int_equal(gw_pmtud_deadline(&m), rested + 600 * GW_SEC);
	now = rested + 600 * GW_SEC - 1;
	gw_pmtud_tick(&m, now);
	search_on(V4);
	assert_in_range(gw_pmtud_size(&m), 1290, 1300);
	now++;
	gw_pmtud_tick(&m, now);
	search_on(V4);
	assert_int_equal(gw_pmtud_size(&m), V4);
	/* As large as may be: that was it. */
	assert_int_equal(gw_pmtud_deadline(&m), GW_NEVER);
	now += 10000 * GW_SEC;
	gw_pmtud_tick(&m, now);
	probes = 0;
	search_on(V4);
	assert_int_equal(probes, 0);
}

static void
bounds_may_change(void **state)
{
	uint32_t next;

	(void)state;
	start(V4);
	search_on(JUMBO);
	gw_pmtud_set_max(&m, JUMBO);
	assert_int_equal(gw_pmtud_size(&m), V4);
	search_on(JUMBO);
	assert_int_equal(gw_pmtud_size(&m), JUMBO);
	gw_pmtud_set_max(&m, 1400);
	assert_int_equal(gw_pmtud_size(&m), 1400);
	assert_false(gw_pmtud_probe(&m, now, &next));
	assert_int_equal(gw_pmtud_deadline(&m), GW_NEVER);

	/* While a larger probe is under way. */
	start(V4);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(gw_pmtud_probe(&m, now, &next));
		gw_pmtud_sent(&m, i, next);
		if (i < 2)
			gw_pmtud_lost(&m, i);
	}
	gw_pmtud_set_max(&m, 1300);
	gw_pmtud_acked(&m, 2);
	assert_int_equal(gw_pmtud_size(&m), BASE);
	gw_pmtud_lost(&m, 2);
	number = 3;
	search_on(JUMBO);
	assert_int_equal(gw_pmtud_size(&m), 1300);

	/* While it rests below the bound. */
	start(V4);
	search_on(1300);
	gw_pmtud_set_max(&m, 1460);
	assert_int_equal(gw_pmtud_deadline(&m), now + 600 * GW_SEC);
	gw_pmtud_set_max(&m, gw_pmtud_size(&m));
	assert_int_equal(gw_pmtud_deadline(&m), GW_NEVER);

	/* After a black hole. */
	start(JUMBO);
	search_on(JUMBO);
	for (unsigned i = 0; i < 4; i++)
		burst(2, 0);
	assert_int_equal(size(), BASE);
	gw_pmtud_set_max(&m, 1400);
	search_on(JUMBO);
	assert_int_equal(gw_pmtud_size(&m), 1400);
}

static void
what_cannot_leave_is_not_tried_again(void **state)
{
	uint32_t next;

	(void)state;
	start(JUMBO);
	assert_true(gw_pmtud_probe(&m, now, &next));
	gw_pmtud_sent(&m, 0, next);
	gw_pmtud_too_large(&m, next);
	assert_true(gw_pmtud_probe(&m, now, &next));
	assert_int_equal(next, V6);
	gw_pmtud_acked(&m, 0); /* it cannot be */
	assert_int_equal(gw_pmtud_size(&m), BASE);
	gw_pmtud_too_large(&m, 2000); /* that is known */
	assert_true(gw_pmtud_probe(&m, now, &next));
	assert_int_equal(next, V6);
	start(JUMBO);
	search_on(JUMBO);
	/* The interface changed. */
	gw_pmtud_too_large(&m, JUMBO);
	assert_int_equal(gw_pmtud_size(&m), BASE);
	probes = 0;
	search_on(V4);
	assert_int_equal(gw_pmtud_size(&m), V4);
	assert_in_range(probes, 1, 20);
	gw_pmtud_too_large(&m, BASE);
	assert_int_equal(gw_pmtud_size(&m), V4);
}

static void
another_path_begins_anew(void **state)
{
	uint32_t next;

	(void)state;
	start(JUMBO);
	search_on(JUMBO);
	gw_pmtud_new_path(&m);
	assert_int_equal(gw_pmtud_size(&m), BASE);
	assert_true(gw_pmtud_probe(&m, now, &next));
	assert_int_equal(next, V4);
	gw_pmtud_sent(&m, 1000, next);
	gw_pmtud_new_path(&m);
	gw_pmtud_acked(&m, 1000); /* of the path before */
	assert_int_equal(gw_pmtud_size(&m), BASE);
	number = 1001;
	search_on(V6);
	assert_int_equal(gw_pmtud_size(&m), V6);

	/* Black holes of the path before are forgotten. */
	start(JUMBO);
	search_on(JUMBO);
	for (unsigned i = 0; i < 4; i++)
		burst(2, 0);
	assert_int_equal(size(), BASE);
	gw_pmtud_new_path(&m);
	assert_true(gw_pmtud_probe(&m, now, &next));
	assert_int_equal(next, V4);
	search_on(V4);
	for (unsigned i = 0; i < 4; i++)
		burst(2, 0);
	assert_int_equal(size(), BASE);
	assert_true(gw_pmtud_probe(&m, now, &next));

	/* And so is what was lost there. */
	start(V4);
	search_on(V4);
	for (unsigned i = 0; i < 4; i++)
		burst(2, 0);
	gw_pmtud_new_path(&m);
	gw_pmtud_tick(&m, now);
	assert_int_equal(m.first, 0);
	assert_int_equal(m.suspicious_count, 0);
	assert_int_equal(m.arrived_count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(common_paths_are_found_at_once),
		cmocka_unit_test(any_path_is_found_nearly),
		cmocka_unit_test(one_lost_probe_ends_nothing),
		cmocka_unit_test(a_probe_that_was_called_lost_may_arrive),
		cmocka_unit_test(it_searches_again_after_ten_minutes),
		cmocka_unit_test(bounds_may_change),
		cmocka_unit_test(what_cannot_leave_is_not_tried_again),
		cmocka_unit_test(another_path_begins_anew),
	};

	return cmocka_run_group_tests_name("pmtud", tests, NULL, NULL);
}
