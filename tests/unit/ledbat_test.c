#include "session/udp/ledbat.h"

#include "cc_path.h"
#include "test.h"

static struct cc_path p;
static struct gw_ledbat *const l = &p.cc.u.ledbat;
static const struct gw_cc_ack none;

enum { RTT = 60 * CC_MS, D = CC_DATAGRAM };

static void
start(void)
{
	cc_path_init(&p, GW_CONGESTION_LEDBAT, RTT);
}

static void
round_trips(unsigned n)
{
	while (n-- > 0) {
		p.rate = gw_rate_of(p.cc.window, p.rtt);
		cc_path_round(&p);
	}
}

/* To STEADY, through the first slow-down. */
static void
steady(void)
{
	start();
	round_trips(10);
	p.rtt = RTT + 50 * CC_MS;
	round_trips(1);
	p.rtt = RTT;
	while (l->state != GW_LEDBAT_STEADY)
		round_trips(1);
}

static void
it_starts_with_two_datagrams_and_less_than_doubles(void **state)
{
	(void)state;
	start();
	assert_int_equal(p.cc.window, 2 * D);
	round_trips(1);
	/* GAIN is 1/2 at 60 ms. */
	assert_in_range(p.cc.window, 2800, 3300);
	assert_string_equal(p.cc.ops->state(&p.cc), "STARTUP");
}

static void
startup_ends_at_three_quarters_of_the_target(void **state)
{
	(void)state;
	start();
	round_trips(10);
	p.rtt = RTT + 44 * CC_MS;
	round_trips(2);
	assert_int_equal(l->state, GW_LEDBAT_STARTUP);
	p.rtt = RTT + 46 * CC_MS;
	round_trips(1);
	assert_int_equal(l->state, GW_LEDBAT_WAIT);
}

static void
the_first_slow_down_comes_two_round_trips_later(void **state)
{
	uint64_t before;
	gw_usec since;

	(void)state;
	start();
	round_trips(10);
	p.rtt = RTT + 50 * CC_MS;
	while (l->state != GW_LEDBAT_WAIT)
		round_trips(1);
	since = p.now;
	before = p.cc.window;
	while (l->state != GW_LEDBAT_SLOW)
		round_trips(1);
	assert_in_range(p.now - since, 2 * p.rtt, 3 * p.rtt);
	assert_int_equal(p.cc.window, 2 * D);
	while (l->state != GW_LEDBAT_STEADY)
		round_trips(1);
	assert_in_range(p.cc.window, before * 95 / 100, before * 3 / 2);
}

static void
slow_downs_take_a_tenth_of_the_time(void **state)
{
	gw_usec down, steady_for;

	(void)state;
	steady();
	while (l->state != GW_LEDBAT_SLOW)
		round_trips(1);
	down = p.now;
	while (l->state != GW_LEDBAT_STEADY)
		round_trips(1);
	steady_for = p.now;
	down = p.now - down;
	while (l->state != GW_LEDBAT_SLOW)
		round_trips(1);
	assert_in_range(p.now - steady_for, 8 * down, 11 * down);
}

static void
it_grows_while_nobody_waits(void **state)
{
	uint64_t before;

	(void)state;
	steady();
	before = p.cc.window;
	p.rtt = RTT + 30 * CC_MS;
	round_trips(8);
	/* Half a datagram a round trip. */
	assert_in_range(p.cc.window, before + 3 * D, before + 5 * D);
}

static void
it_gives_way_in_proportion_to_the_delay(void **state)
{
	uint64_t before;

	(void)state;
	steady();
	p.cc.window = 400 * D;
	p.rtt = RTT + 66 * CC_MS;
	round_trips(2);
	/* A tenth too much takes a tenth in a round trip. */
	assert_in_range(p.cc.window, 310 * D, 370 * D);
	p.cc.window = before = 400 * D;
	p.rtt = RTT + 200 * CC_MS;
	round_trips(1);
	/* Never more than half, and a little before the samples tell. */
	assert_in_range(p.cc.window, before / 2, before * 8 / 10);
	for (unsigned i = 0; i < 20 && l->state == GW_LEDBAT_STEADY; i++)
		round_trips(1);
	assert_true(p.cc.window >= 2 * D);
}

/* The stated change. */
static void
loss_in_a_short_queue_lowers_the_target(void **state)
{
	(void)state;
	steady();
	assert_int_equal(l->target, 60 * CC_MS);
	p.rtt = RTT + 30 * CC_MS;
	round_trips(1);
	p.cc.window = 100 * D;
	cc_path_lose(&p, D, true);
	assert_int_equal(p.cc.window, 50 * D);
	assert_int_equal(l->target, 15 * CC_MS);
	/* Loss without a queue lowers it to 5 ms, not to nothing. */
	p.rtt = RTT;
	round_trips(1);
	cc_path_lose(&p, D, true);
	assert_int_equal(l->target, 5 * CC_MS);
	/* It is not for ever. */
	while (l->state != GW_LEDBAT_BACK)
		round_trips(1);
	while (l->state != GW_LEDBAT_STEADY)
		round_trips(1);
	assert_true(l->target > 5 * CC_MS);
}

static void
a_round_trip_of_losses_counts_once(void **state)
{
	(void)state;
	steady();
	p.cc.window = 100 * D;
	cc_path_lose(&p, D, true);
	cc_path_lose(&p, 9 * D, false);
	assert_int_equal(p.cc.window, 50 * D);
}

static void
a_loss_that_was_none_is_undone(void **state)
{
	(void)state;
	steady();
	p.cc.window = 100 * D;
	cc_path_lose(&p, D, true);
	p.cc.ops->undo(&p.cc, &none);
	assert_int_equal(p.cc.window, 100 * D);
	assert_int_equal(l->target, 60 * CC_MS);
}

static void
silence_shuts_the_window(void **state)
{
	(void)state;
	steady();
	p.cc.window = 100 * D;
	p.cc.ops->persistent(&p.cc, p.now);
	assert_int_equal(p.cc.window, 2 * D);
}

static void
a_path_that_got_longer_is_learned_within_ten_minutes(void **state)
{
	gw_usec since;

	(void)state;
	steady();
	p.rtt = 3 * RTT;
	since = p.now;
	p.unlimited = true;
	while (p.now < since + 11 * 60 * GW_SEC) {
		p.now += GW_SEC;
		cc_path_ack(&p, D);
	}
	p.unlimited = false;
	p.cc.window = 100 * D;
	l->state = GW_LEDBAT_STEADY;
	l->until = GW_NEVER;
	round_trips(3);
	assert_true(p.cc.window > 100 * D);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    it_starts_with_two_datagrams_and_less_than_doubles),
		cmocka_unit_test(startup_ends_at_three_quarters_of_the_target),
		cmocka_unit_test(
		    the_first_slow_down_comes_two_round_trips_later),
		cmocka_unit_test(slow_downs_take_a_tenth_of_the_time),
		cmocka_unit_test(it_grows_while_nobody_waits),
		cmocka_unit_test(it_gives_way_in_proportion_to_the_delay),
		cmocka_unit_test(loss_in_a_short_queue_lowers_the_target),
		cmocka_unit_test(a_round_trip_of_losses_counts_once),
		cmocka_unit_test(a_loss_that_was_none_is_undone),
		cmocka_unit_test(silence_shuts_the_window),
		cmocka_unit_test(
		    a_path_that_got_longer_is_learned_within_ten_minutes),
	};

	return cmocka_run_group_tests_name("ledbat", tests, NULL, NULL);
}
