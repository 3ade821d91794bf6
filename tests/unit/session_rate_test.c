#include "session/udp/rate.h"

#include "test.h"

static struct gw_rate r;
static struct gw_rate_sample s;

enum { TRAIN = 10000, MS = 1000 };

/* A train every 10 ms, its ACK 50 ms later. */
static void
a_steady_flow_is_measured_as_it_is(void **state)
{
	struct gw_train t[20];

	(void)state;
	gw_rate_init(&r, 0);
	for (unsigned i = 0; i < 25; i++) {
		const gw_usec now = 1 + i * 10 * MS;

		if (i >= 5) {
			gw_rate_acked(&r, TRAIN, &t[i - 5], 50 * MS, now, &s);
			assert_true(s.any);
			if (i >= 10)
				assert_int_equal(s.rate, TRAIN * 100);
		}
		if (i < 20)
			gw_rate_train(&r, i == 0, now, &t[i]);
	}
	assert_int_equal(r.delivered, 20 * TRAIN);
	assert_int_equal(s.delivered, 5 * TRAIN);
}

/* ACKs of 50 ms all at once: the rate is the one at which it was sent. */
static void
acks_that_come_together_do_not_make_it_faster(void **state)
{
	struct gw_train t[6];

	(void)state;
	gw_rate_init(&r, 0);
	for (unsigned i = 0; i < 6; i++)
		gw_rate_train(&r, i == 0, 1 + i * 10 * MS, &t[i]);
	for (unsigned i = 0; i < 6; i++)
		gw_rate_acked(&r, TRAIN, &t[i], 50 * MS, 100 * MS + 1, &s);
	assert_int_equal(s.delivered, 6 * TRAIN);
	/* 60 kB in the 100 ms from the first train to the ACKs. */
	assert_int_equal(s.rate, 600000);
}

static void
an_interval_below_the_rtt_gives_no_rate(void **state)
{
	struct gw_train t;

	(void)state;
	gw_rate_init(&r, 0);
	gw_rate_train(&r, true, 100 * MS, &t);
	gw_rate_acked(&r, TRAIN, &t, 50 * MS, 149 * MS, &s);
	assert_true(s.any);
	assert_int_equal(s.rate, 0);
	assert_int_equal(s.delivered, TRAIN);
}

static void
silence_does_not_count_as_slowness(void **state)
{
	struct gw_train t;

	(void)state;
	gw_rate_init(&r, 0);
	gw_rate_train(&r, true, MS, &t);
	gw_rate_acked(&r, TRAIN, &t, 10 * MS, 11 * MS, &s);
	assert_int_equal(s.rate, TRAIN * 100);
	gw_rate_train(&r, true, 60 * GW_SEC, &t);
	gw_rate_acked(&r, TRAIN, &t, 10 * MS, 60 * GW_SEC + 10 * MS, &s);
	assert_int_equal(s.rate, TRAIN * 100);
}

static void
samples_of_a_program_without_data_are_marked(void **state)
{
	struct gw_train before, during, after;

	(void)state;
	gw_rate_init(&r, 0);
	gw_rate_train(&r, true, MS, &before);
	gw_rate_app_limited(&r, TRAIN);
	gw_rate_train(&r, false, 2 * MS, &during);
	gw_rate_acked(&r, TRAIN, &before, 0, 11 * MS, &s);
	assert_false(s.app_limited);
	assert_int_not_equal(r.app_limited, 0);
	gw_rate_acked(&r, TRAIN, &during, 0, 12 * MS, &s);
	assert_true(s.app_limited);
	/* What was in flight then has arrived, and more. */
	assert_int_equal(r.app_limited, 0);
	gw_rate_train(&r, true, 20 * MS, &after);
	assert_false(after.app_limited);
}

static void
an_idle_start_is_marked_too(void **state)
{
	(void)state;
	gw_rate_init(&r, 0);
	gw_rate_app_limited(&r, 0);
	assert_int_not_equal(r.app_limited, 0);
}

static void
losses_since_a_train_left_are_told(void **state)
{
	struct gw_train t;

	(void)state;
	gw_rate_init(&r, 0);
	r.lost = 3000;
	gw_rate_train(&r, true, MS, &t);
	t.in_flight = 7 * TRAIN;
	r.lost = 8000;
	gw_rate_acked(&r, TRAIN, &t, 0, 11 * MS, &s);
	assert_int_equal(s.lost, 5000);
	assert_int_equal(s.in_flight, 7 * TRAIN);
	/* They turned up. */
	r.lost = 0;
	gw_rate_acked(&r, TRAIN, &t, 0, 12 * MS, &s);
	assert_int_equal(s.lost, 0);
}

static void
products_do_not_overflow(void **state)
{
	(void)state;
	assert_int_equal(gw_rate_bytes(1000, GW_SEC), 1000);
	assert_int_equal(gw_rate_bytes(3, GW_SEC / 2), 1);
	assert_int_equal(gw_rate_bytes(UINT64_MAX, 0), 0);
	assert_true(gw_rate_bytes(UINT64_MAX, GW_SEC) > UINT64_MAX / 2);
	assert_true(gw_rate_bytes(UINT64_MAX, UINT64_MAX) == UINT64_MAX);
	assert_int_equal(gw_rate_time(1000, 500), GW_SEC / 2);
	assert_true(gw_rate_time(1, UINT64_MAX) == UINT64_MAX);
	assert_int_equal(gw_rate_of(500, GW_SEC / 2), 1000);
	assert_true(gw_rate_of(UINT64_MAX, 1) == UINT64_MAX);
	assert_true(gw_rate_of(UINT64_MAX, GW_SEC) > UINT64_MAX / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_flow_is_measured_as_it_is),
		cmocka_unit_test(acks_that_come_together_do_not_make_it_faster),
		cmocka_unit_test(an_interval_below_the_rtt_gives_no_rate),
		cmocka_unit_test(silence_does_not_count_as_slowness),
		cmocka_unit_test(samples_of_a_program_without_data_are_marked),
		cmocka_unit_test(an_idle_start_is_marked_too),
		cmocka_unit_test(losses_since_a_train_left_are_told),
		cmocka_unit_test(products_do_not_overflow),
	};

	return cmocka_run_group_tests_name("session_rate", tests, NULL, NULL);
}
