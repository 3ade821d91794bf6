/* How much may pass, and when it stops. */
#include "test.h"

#include "forward/relay_gate.h"
#include "wire/limits.h"

static struct gw_relay_gate g;

static unsigned
passes(unsigned n, gw_usec at, gw_usec apart)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < n; i++)
		passed += gw_relay_gate_pass(&g, at + i * apart);
	return passed;
}

static void
a_second_of_the_rate_at_once_and_the_rate_after_that(void **state)
{
	(void)state;
	gw_relay_gate_init(&g, 50, 0);
	assert_int_equal(passes(1000, 0, 0), 50);
	assert_int_equal(passes(1000, GW_SEC, 0), 50);
	assert_int_equal(passes(10000, GW_SEC, GW_MSEC), 499);
	/* A day of silence is worth no more than a second. */
	assert_int_equal(passes(1000, 86400 * GW_SEC, 0), 50);
}

/* Returns which of n echoes trips it; 0: none. */
static unsigned
tripped_by(unsigned n, gw_usec at)
{
	for (unsigned i = 1; i <= n; i++)
		if (gw_relay_gate_echo(&g, at))
			return i;
	return 0;
}

static void
a_storm_trips_and_a_pause_ends_it(void **state)
{
	gw_usec at = 10 * GW_SEC;

	(void)state;
	gw_relay_gate_init(&g, 50, 0);
	assert_int_equal(gw_relay_gate_deadline(&g), GW_NEVER);
	assert_int_equal(tripped_by(1000, at), GW_RELAY_STORM);
	assert_int_equal(g.state, GW_RELAY_TRIPPED);
	assert_int_equal(gw_relay_gate_deadline(&g), at + GW_RELAY_PAUSE);
	assert_false(gw_relay_gate_tick(&g, at + GW_RELAY_PAUSE - 1));
	assert_true(gw_relay_gate_tick(&g, at + GW_RELAY_PAUSE));
	assert_int_equal(g.state, GW_RELAY_OPEN);
	assert_false(gw_relay_gate_tick(&g, at + GW_RELAY_PAUSE));
}

static void
each_pause_is_twice_as_long_up_to_a_minute(void **state)
{
	gw_usec at = 10 * GW_SEC, wanted = GW_RELAY_PAUSE;

	(void)state;
	gw_relay_gate_init(&g, 50, 0);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_not_equal(tripped_by(1000, at), 0);
		assert_int_equal(g.until - at, wanted);
		at = g.until;
		assert_true(gw_relay_gate_tick(&g, at));
		wanted = gw_usec_min(2 * wanted, GW_RELAY_PAUSE_MAX);
	}
	at += GW_RELAY_PAUSE_MAX + 1;
	assert_int_not_equal(tripped_by(1000, at), 0);
	assert_int_equal(g.until - at, GW_RELAY_PAUSE);
}

static void
echoes_of_what_was_sent_are_no_storm(void **state)
{
	(void)state;
	gw_relay_gate_init(&g, 50, 0);
	/* Eight relays side by side, at the full rate. */
	for (unsigned i = 0; i < 10000; i++) {
		gw_usec at = GW_SEC + i * (GW_SEC / 500);

		gw_relay_gate_sent(&g, at);
		for (unsigned k = 0; k < GW_RELAY_BESIDE; k++)
			assert_false(gw_relay_gate_echo(&g, at));
	}
	assert_int_equal(g.state, GW_RELAY_OPEN);
}

static void
repetitions_are_a_storm_of_their_own(void **state)
{
	unsigned n = 1;

	(void)state;
	gw_relay_gate_init(&g, 50, 0);
	for (unsigned i = 0; i < 1000; i++)
		gw_relay_gate_sent(&g, GW_SEC);
	while (!gw_relay_gate_repeat(&g, GW_SEC))
		n++;
	assert_int_equal(n, GW_RELAY_STORM);
}

static void
a_few_each_second_are_none(void **state)
{
	(void)state;
	gw_relay_gate_init(&g, 50, 0);
	for (gw_usec at = GW_SEC; at < 100 * GW_SEC; at += GW_SEC)
		assert_int_equal(tripped_by(GW_RELAY_STORM - 1, at), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_second_of_the_rate_at_once_and_the_rate_after_that),
		cmocka_unit_test(a_storm_trips_and_a_pause_ends_it),
		cmocka_unit_test(each_pause_is_twice_as_long_up_to_a_minute),
		cmocka_unit_test(echoes_of_what_was_sent_are_no_storm),
		cmocka_unit_test(repetitions_are_a_storm_of_their_own),
		cmocka_unit_test(a_few_each_second_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
