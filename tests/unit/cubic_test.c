/* Names in "neqo:" are those of its tests of congestion control. */
#include "session/udp/cubic.h"

#include "cc_path.h"
#include "test.h"

static struct cc_path p;
static struct gw_cubic *const c = &p.cc.u.cubic;
static const struct gw_cc_ack none;

enum { RTT = 40 * CC_MS, RATE = 10000000, BDP = RATE / 25 };

static void
start(void)
{
	cc_path_init(&p, GW_CONGESTION_CUBIC, RTT);
	p.rate = RATE;
}

/* A window's worth is acknowledged in each round trip. */
static void
round_trips(unsigned n)
{
	while (n-- > 0) {
		p.rate = gw_rate_of(p.cc.window, p.rtt);
		cc_path_round(&p);
	}
}

/* A loss, and all that was in flight then is acknowledged. */
static void
lose_and_recover(void)
{
	cc_path_lose(&p, CC_DATAGRAM, true);
	p.recovering = true;
	round_trips(1);
	p.recovering = false;
	cc_path_ack(&p, CC_DATAGRAM);
}

/* neqo: cc_slow_start */
static void
slow_start_doubles_each_round(void **state)
{
	uint64_t before;

	(void)state;
	start();
	assert_int_equal(p.cc.window, 10 * CC_DATAGRAM);
	for (unsigned i = 0; i < 5; i++) {
		before = p.cc.window;
		round_trips(1);
		assert_in_range(p.cc.window, before * 19 / 10, before * 2);
	}
	assert_string_equal(p.cc.ops->state(&p.cc), "SLOW_START");
}

static void
what_is_not_used_does_not_grow(void **state)
{
	(void)state;
	start();
	p.unlimited = true;
	round_trips(5);
	assert_int_equal(p.cc.window, 10 * CC_DATAGRAM);
}

static void
an_rtt_that_rises_ends_slow_start_without_loss(void **state)
{
	(void)state;
	start();
	round_trips(4);
	for (unsigned i = 0; i < 8; i++) {
		p.rtt += 8 * CC_MS;
		round_trips(1);
	}
	assert_string_equal(p.cc.ops->state(&p.cc), "AVOIDANCE");
}

/* neqo: cc_slow_start_to_cong_avoidance_recovery_period */
static void
a_loss_takes_three_tenths(void **state)
{
	uint64_t before;

	(void)state;
	start();
	round_trips(5);
	before = p.cc.window;
	lose_and_recover();
	assert_in_range(
	    p.cc.window, before * 69 / 100, before * 7 / 10 + 2 * CC_DATAGRAM);
	assert_string_equal(p.cc.ops->state(&p.cc), "AVOIDANCE");
}

/* neqo: cc_cong_avoidance_recovery_period_unchanged */
static void
more_losses_of_the_same_round_trip_take_nothing_more(void **state)
{
	uint64_t threshold;

	(void)state;
	start();
	round_trips(5);
	cc_path_lose(&p, CC_DATAGRAM, true);
	threshold = c->curve.threshold;
	cc_path_lose(&p, 5 * CC_DATAGRAM, false);
	assert_int_equal(c->curve.threshold, threshold);
	assert_string_equal(p.cc.ops->state(&p.cc), "RECOVERY");
}

/* neqo: cc_cong_avoidance_recovery_period_to_cong_avoidance.  W_max is
 * reached after K = cbrt(W_max * 0.3 / 0.4) seconds. */
static void
the_window_comes_back_along_the_curve(void **state)
{
	const double k = 6.69; /* of 400 datagrams */
	uint64_t before;
	gw_usec since;

	(void)state;
	start();
	p.cc.window = before = 400 * CC_DATAGRAM;
	lose_and_recover();
	round_trips(1); /* the epoch begins */
	since = p.now;
	assert_in_range(p.cc.window, 280000, 300000);
	while (p.now < since + (gw_usec)(k * 500000))
		round_trips(1);
	/* Half of the time, seven eighths of the way. */
	assert_in_range(p.cc.window, 380000, 392000);
	while (p.now < since + (gw_usec)(k * 1000000))
		round_trips(1);
	assert_in_range(p.cc.window, before * 97 / 100, before * 103 / 100);
	while (p.now < since + (gw_usec)(k * 2000000))
		round_trips(1);
	assert_in_range(p.cc.window, before * 122 / 100, before * 138 / 100);
	/* However late: by a half in a round trip. */
	p.now += 60 * GW_SEC;
	before = p.cc.window;
	cc_path_ack(&p, before / 100);
	assert_in_range(
	    p.cc.window, before * 1004 / 1000, before * 1005 / 1000);
}

/* RFC 9438, 4.3: where Reno would be faster, as fast as Reno. */
static void
a_short_path_is_used_as_by_reno(void **state)
{
	uint64_t before;

	(void)state;
	cc_path_init(&p, GW_CONGESTION_CUBIC, CC_MS);
	p.cc.window = 20 * CC_DATAGRAM;
	lose_and_recover();
	before = p.cc.window;
	assert_in_range(before, 14 * CC_DATAGRAM, 15 * CC_DATAGRAM);
	round_trips(100);
	/* 0.53 of a datagram a round trip to the 20 of before, then one. */
	assert_in_range(
	    p.cc.window, before + 88 * CC_DATAGRAM, before + 98 * CC_DATAGRAM);
}

static void
a_second_loss_below_the_first_gives_room_to_others(void **state)
{
	(void)state;
	start();
	p.cc.window = 400 * CC_DATAGRAM;
	lose_and_recover();
	assert_true(c->curve.w_max > 399 && c->curve.w_max < 401);
	round_trips(3);
	lose_and_recover();
	/* Fast convergence: 0.85 of what it was. */
	assert_true(c->curve.w_max < 260);
}

static void
recovery_sends_in_proportion(void **state)
{
	uint64_t in_flight = 99 * CC_DATAGRAM;

	(void)state;
	start();
	p.cc.window = 100 * CC_DATAGRAM;
	p.in_flight = in_flight;
	cc_path_lose(&p, CC_DATAGRAM, true);
	p.recovering = true;
	for (unsigned i = 0; i < 20; i++) {
		in_flight -= CC_DATAGRAM;
		p.in_flight = in_flight;
		cc_path_ack(&p, CC_DATAGRAM);
		/* Never a burst, never silence for long. */
		assert_true(p.cc.window <= in_flight + 2 * CC_DATAGRAM);
	}
	assert_true(p.cc.window >= 70 * CC_DATAGRAM);
}

static void
marks_count_like_loss(void **state)
{
	(void)state;
	start();
	p.cc.window = 100 * CC_DATAGRAM;
	cc_path_mark(&p, 3, true);
	assert_int_equal(c->curve.threshold, 70 * CC_DATAGRAM);
	cc_path_mark(&p, 3, false);
	assert_int_equal(c->curve.threshold, 70 * CC_DATAGRAM);
}

static void
a_loss_that_was_none_is_undone(void **state)
{
	(void)state;
	start();
	round_trips(4);
	p.cc.window = 160 * CC_DATAGRAM;
	cc_path_lose(&p, CC_DATAGRAM, true);
	p.recovering = true;
	cc_path_ack(&p, 4 * CC_DATAGRAM);
	p.cc.ops->undo(&p.cc, &none);
	assert_int_equal(p.cc.window, 160 * CC_DATAGRAM);
	assert_string_equal(p.cc.ops->state(&p.cc), "SLOW_START");
	/* Only once. */
	p.cc.window = 10 * CC_DATAGRAM;
	p.cc.ops->undo(&p.cc, &none);
	assert_int_equal(p.cc.window, 10 * CC_DATAGRAM);
}

/* neqo: cc_slow_start_to_persistent_congestion_no_acks */
static void
silence_shuts_the_window(void **state)
{
	(void)state;
	start();
	round_trips(5);
	cc_path_lose(&p, CC_DATAGRAM, true);
	p.cc.ops->persistent(&p.cc, p.now);
	assert_int_equal(p.cc.window, 2 * CC_DATAGRAM);
	/* neqo: cc_persistent_congestion_to_slow_start */
	assert_string_equal(p.cc.ops->state(&p.cc), "SLOW_START");
	round_trips(2);
	assert_in_range(p.cc.window, 7 * CC_DATAGRAM, 8 * CC_DATAGRAM);
}

static void
time_without_data_is_not_on_the_curve(void **state)
{
	uint64_t before;

	(void)state;
	start();
	p.cc.window = 400 * CC_DATAGRAM;
	lose_and_recover();
	round_trips(5);
	before = p.cc.window;
	p.unlimited = true;
	cc_path_ack(&p, CC_DATAGRAM);
	p.now += 60 * GW_SEC;
	p.unlimited = false;
	round_trips(1);
	assert_true(p.cc.window < before * 11 / 10);
}

static void
it_is_paced_above_its_window(void **state)
{
	(void)state;
	start();
	round_trips(3);
	assert_in_range(
	    p.cc.rate, 2 * (p.cc.window * 25 - 2500), 2 * p.cc.window * 25);
	lose_and_recover();
	assert_in_range(p.cc.rate, (p.cc.window * 25 - 2500) * 5 / 4,
	    p.cc.window * 25 * 5 / 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_start_doubles_each_round),
		cmocka_unit_test(what_is_not_used_does_not_grow),
		cmocka_unit_test(
		    an_rtt_that_rises_ends_slow_start_without_loss),
		cmocka_unit_test(a_loss_takes_three_tenths),
		cmocka_unit_test(
		    more_losses_of_the_same_round_trip_take_nothing_more),
		cmocka_unit_test(the_window_comes_back_along_the_curve),
		cmocka_unit_test(a_short_path_is_used_as_by_reno),
		cmocka_unit_test(
		    a_second_loss_below_the_first_gives_room_to_others),
		cmocka_unit_test(recovery_sends_in_proportion),
		cmocka_unit_test(marks_count_like_loss),
		cmocka_unit_test(a_loss_that_was_none_is_undone),
		cmocka_unit_test(silence_shuts_the_window),
		cmocka_unit_test(time_without_data_is_not_on_the_curve),
		cmocka_unit_test(it_is_paced_above_its_window),
	};

	return cmocka_run_group_tests_name("cubic", tests, NULL, NULL);
}
