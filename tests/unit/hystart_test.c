#include "session/udp/hystart.h"

#include "test.h"

static struct gw_hystart h;
static bool done;

enum { MS = 1000, ACKED = 1000 };

/* A round of so many samples; returns what the last ACK was worth. */
static uint64_t
a_round(gw_usec rtt, unsigned samples)
{
	uint64_t grown = 0;

	for (unsigned i = 0; i < samples && !done; i++)
		grown = gw_hystart_acked(&h, ACKED, rtt, i == 0, &done);
	return grown;
}

static void
start(void)
{
	gw_hystart_init(&h);
	done = false;
}

static void
a_steady_rtt_doubles_for_ever(void **state)
{
	(void)state;
	start();
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(a_round(40 * MS, 20), ACKED);
	assert_false(done);
}

static void
an_rtt_that_rises_by_an_eighth_slows_it_down(void **state)
{
	(void)state;
	start();
	a_round(40 * MS, 20);
	assert_int_equal(a_round(44 * MS, 20), ACKED);
	start();
	a_round(40 * MS, 20);
	assert_int_equal(a_round(45 * MS, 20), ACKED / 4);
	assert_false(done);
}

static void
five_slow_rounds_end_it(void **state)
{
	unsigned rounds = 0;

	(void)state;
	start();
	a_round(40 * MS, 20);
	for (; !done; rounds++)
		a_round(60 * MS, 20);
	assert_int_equal(rounds, 6);
}

static void
an_rtt_that_falls_again_was_jitter(void **state)
{
	(void)state;
	start();
	a_round(40 * MS, 20);
	assert_int_equal(a_round(50 * MS, 20), ACKED / 4);
	assert_int_equal(a_round(41 * MS, 20), ACKED);
	for (unsigned i = 0; i < 20; i++)
		a_round(41 * MS, 20);
	assert_false(done);
}

static void
few_samples_prove_nothing(void **state)
{
	(void)state;
	start();
	a_round(40 * MS, 20);
	assert_int_equal(a_round(90 * MS, 7), ACKED);
	start();
	a_round(40 * MS, 20);
	assert_int_equal(a_round(90 * MS, 8), ACKED / 4);
}

static void
the_threshold_stays_within_4_and_16_ms(void **state)
{
	(void)state;
	start();
	a_round(1 * MS, 20);
	assert_int_equal(a_round(4 * MS, 20), ACKED);
	start();
	a_round(1 * MS, 20);
	assert_int_equal(a_round(5 * MS, 20), ACKED / 4);
	start();
	a_round(400 * MS, 20);
	assert_int_equal(a_round(415 * MS, 20), ACKED);
	start();
	a_round(400 * MS, 20);
	assert_int_equal(a_round(416 * MS, 20), ACKED / 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_rtt_doubles_for_ever),
		cmocka_unit_test(an_rtt_that_rises_by_an_eighth_slows_it_down),
		cmocka_unit_test(five_slow_rounds_end_it),
		cmocka_unit_test(an_rtt_that_falls_again_was_jitter),
		cmocka_unit_test(few_samples_prove_nothing),
		cmocka_unit_test(the_threshold_stays_within_4_and_16_ms),
	};

	return cmocka_run_group_tests_name("hystart", tests, NULL, NULL);
}
