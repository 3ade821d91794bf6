#include "session/udp/ack_out.h"

#include "ack_out_fixture.h"
#include "alloc.h"
#include "test.h"

enum { CE = 3, ECT0 = 2, ECT1 = 1 };

static void
frequency(uint64_t in, uint32_t threshold, uint32_t max_delay, uint32_t reorder)
{
	gw_ack_out_frequency(&a, in,
	    &(struct gw_ack_frequency){ threshold, max_delay, reorder });
}

/* ---- which came ---- */

static void
a_packet_is_new_once(void **state)
{
	(void)state;
	start();
	came(5);
	assert_false(gw_ack_out_is_new(&a, 5));
	assert_true(gw_ack_out_is_new(&a, 4));
	assert_true(gw_ack_out_is_new(&a, 6));
	came(4);
	assert_false(gw_ack_out_is_new(&a, 4));
	assert_false(gw_ack_out_is_new(&a, 5));
	assert_true(gw_ack_out_is_new(&a, GW_OFFSET_MAX));
	assert_false(gw_ack_out_is_new(&a, GW_OFFSET_MAX + 1));
	gw_ack_out_fini(&a);
}

static void
what_lies_deep_counts_as_seen(void **state)
{
	static const uint64_t deep = GW_ACK_OUT_SEEN;

	(void)state;
	start();
	came(3);
	came(deep);
	assert_false(gw_ack_out_is_new(&a, 0)); /* deep + 1 below the next */
	assert_true(gw_ack_out_is_new(&a, 1));
	assert_false(gw_ack_out_is_new(&a, 3));
	came(1);
	/* Their bits are used again. */
	came(deep + 2);
	assert_false(gw_ack_out_is_new(&a, 1));
	assert_true(gw_ack_out_is_new(&a, deep + 1));
	came(deep + 1);
	came(deep + 5);
	assert_true(gw_ack_out_is_new(&a, deep + 3));
	assert_true(gw_ack_out_is_new(&a, deep + 4));
	/* A jump farther than all that is known. */
	came(10 * deep + 7);
	assert_false(gw_ack_out_is_new(&a, deep + 3));
	for (uint64_t n = 9 * deep + 8; n < 10 * deep + 7; n++)
		if (!gw_ack_out_is_new(&a, n))
			fail_msg("%llu", (unsigned long long)n);
	gw_ack_out_fini(&a);
}

static void
marks_are_counted(void **state)
{
	static const unsigned marks[] = { 0, ECT0, ECT0, ECT1, CE, 0, CE };

	(void)state;
	start();
	for (uint64_t n = 0; n < 7; n++) {
		gw_ack_out_received(
		    &a, &(struct gw_ack_in){ n, false, false, marks[n] }, now);
		assert_true(gw_ack_out_fill(&a, &ack, now));
		assert_int_equal(ack.ecn, n > 0);
	}
	assert_int_equal(ack.ect0, 2);
	assert_int_equal(ack.ect1, 1);
	assert_int_equal(ack.ce, 2);
	gw_ack_out_fini(&a);
}

static void
the_delay_is_that_of_the_largest(void **state)
{
	(void)state;
	start();
	assert_false(gw_ack_out_fill(&a, &ack, now));
	came(5);
	now += 700;
	came(4);
	now += 50;
	assert_true(gw_ack_out_fill(&a, &ack, now));
	assert_int_equal(ack.delay, 750);
	came(6);
	now += 3;
	assert_true(gw_ack_out_fill(&a, &ack, now));
	assert_int_equal(ack.delay, 3);
	gw_ack_out_fini(&a);
}

/* ---- when to tell ---- */

static void
an_ack_is_due_after_so_many_packets(void **state)
{
	(void)state;
	start();
	for (uint64_t n = 0; n < 100; n++) {
		came(n);
		assert_int_equal(due(), n % 2 == 1);
		if (due())
			tell();
	}
	for (uint64_t n = 100; n < 200; n++) {
		came(n);
		assert_int_equal(due(), n % 10 == 9);
		if (due())
			tell();
	}
	frequency(200, 3, 1000, 1);
	for (uint64_t n = 200; n < 300; n++) {
		came(n);
		assert_int_equal(due(), n % 3 == 1);
		if (due())
			tell();
	}
	gw_ack_out_fini(&a);
}

static void
an_ack_is_due_after_so_long(void **state)
{
	(void)state;
	start();
	assert_int_equal(gw_ack_out_deadline(&a), GW_NEVER);
	assert_false(gw_ack_out_pending(&a));
	came(0);
	assert_true(gw_ack_out_pending(&a));
	assert_false(due());
	assert_int_equal(gw_ack_out_deadline(&a), now + GW_ACK_DELAY);
	now += GW_ACK_DELAY - 1;
	assert_false(due());
	now++;
	assert_true(due());
	tell();
	frequency(1, 10, 700, 1);
	came(1);
	now += 100;
	came(2); /* the first counts */
	assert_int_equal(gw_ack_out_deadline(&a), now + 600);
	now += 600;
	came(3);
	assert_int_equal(gw_ack_out_deadline(&a), 0);
	tell();
	assert_int_equal(gw_ack_out_deadline(&a), GW_NEVER);
	gw_ack_out_fini(&a);
}

static void
a_batch_has_one_decision(void **state)
{
	(void)state;
	start();
	for (uint64_t n = 0; n < 50; n++) {
		gw_ack_out_received(
		    &a, &(struct gw_ack_in){ n, true, n == 7, CE }, now);
		assert_false(due());
	}
	gw_ack_out_batch_end(&a, now);
	assert_true(due());
	tell();
	gw_ack_out_batch_end(&a, now);
	assert_false(due());
	gw_ack_out_fini(&a);
}

static void
packets_that_want_no_ack_get_none(void **state)
{
	(void)state;
	start();
	for (uint64_t n = 0; n < 500; n += 2) {
		gw_ack_out_received(
		    &a, &(struct gw_ack_in){ n, false, true, CE }, now);
		gw_ack_out_batch_end(&a, now);
		now += GW_SEC;
		assert_false(due());
		assert_false(gw_ack_out_pending(&a));
	}
	assert_int_equal(gw_ack_out_deadline(&a), GW_NEVER);
	gw_ack_out_fini(&a);
}

static void
a_gap_is_told_at_once_and_one_time(void **state)
{
	(void)state;
	start();
	frequency(0, 100, 100000, 1);
	came(0);
	assert_false(due());
	came(2);
	assert_true(due());
	tell();
	came(3);
	came(4);
	assert_false(due());
	came(6);
	assert_true(due());
	tell();
	/* The hole closes: the sender is about to take it for lost. */
	came(5);
	assert_true(due());
	tell();
	/* One that nobody was told of. */
	came(7);
	assert_false(due());
	gw_ack_out_fini(&a);

	/* The very first one is missing. */
	start();
	came(1);
	assert_true(due());
	gw_ack_out_fini(&a);
}

static void
a_gap_that_closes_before_it_is_told_is_none(void **state)
{
	(void)state;
	start();
	frequency(0, 100, 100000, 1);
	came(0);
	gw_ack_out_received(&a, &(struct gw_ack_in){ 2, false, false, 0 }, now);
	gw_ack_out_received(&a, &(struct gw_ack_in){ 1, true, false, 0 }, now);
	gw_ack_out_batch_end(&a, now);
	assert_false(due());
	came(3);
	assert_false(due());
	gw_ack_out_fini(&a);
}

/* The example of draft-ietf-quic-ack-frequency, 6.2.1: the threshold is 3. */
static void
reordering_is_borne_as_asked(void **state)
{
	static const struct {
		uint64_t number;
		bool due;
	} steps[] = { { 0, false }, { 1, false }, { 3, false }, { 4, false },
		{ 5, true }, { 8, false }, { 9, true }, { 10, true } };

	(void)state;
	start();
	frequency(0, 100, 100000, 3);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		came(steps[i].number);
		assert_int_equal(due(), steps[i].due);
		if (due())
			tell();
	}
	frequency(11, 100, 100000, 0);
	came(20);
	came(15);
	assert_false(due());
	gw_ack_out_fini(&a);
}

static void
what_its_sender_waits_for_is_told_at_once(void **state)
{
	(void)state;
	start();
	gw_ack_out_received(&a, &(struct gw_ack_in){ 0, true, true, 0 }, now);
	assert_false(due());
	gw_ack_out_batch_end(&a, now);
	assert_true(due());
	tell();
	came(1);
	assert_false(due());
	gw_ack_out_fini(&a);
}

static void
the_first_ce_of_a_run_is_told_at_once(void **state)
{
	(void)state;
	start();
	frequency(0, 100, 100000, 1);
	for (uint64_t n = 0; n < 6; n++) {
		const unsigned ecn = n == 2 || n == 3 || n == 5 ? CE : ECT0;

		gw_ack_out_received(
		    &a, &(struct gw_ack_in){ n, true, false, ecn }, now);
		gw_ack_out_batch_end(&a, now);
		assert_int_equal(due(), n == 2 || n == 5);
		if (due())
			tell();
	}
	gw_ack_out_fini(&a);
}

static void
what_was_asked_last_counts(void **state)
{
	(void)state;
	start();
	frequency(10, 5, 1000, 1);
	frequency(9, 2, 100, 1); /* overtaken */
	frequency(10, 2, 100, 1);
	for (uint64_t n = 0; n < 5; n++) {
		assert_false(due());
		came(n);
	}
	assert_true(due());
	frequency(11, 7, 1000, 1);
	tell();
	for (uint64_t n = 5; n < 12; n++) {
		assert_false(due());
		came(n);
	}
	assert_true(due());
	gw_ack_out_fini(&a);
}

static void
without_memory_there_is_none(void **state)
{
	(void)state;
	for (long n = 0; n < 2; n++) {
		test_fail_alloc(n);
		assert_int_equal(gw_ack_out_init(&a), GW_E_MEMORY);
		test_fail_alloc(-1);
		gw_ack_out_fini(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_is_new_once),
		cmocka_unit_test(what_lies_deep_counts_as_seen),
		cmocka_unit_test(marks_are_counted),
		cmocka_unit_test(the_delay_is_that_of_the_largest),
		cmocka_unit_test(an_ack_is_due_after_so_many_packets),
		cmocka_unit_test(an_ack_is_due_after_so_long),
		cmocka_unit_test(a_batch_has_one_decision),
		cmocka_unit_test(packets_that_want_no_ack_get_none),
		cmocka_unit_test(a_gap_is_told_at_once_and_one_time),
		cmocka_unit_test(a_gap_that_closes_before_it_is_told_is_none),
		cmocka_unit_test(reordering_is_borne_as_asked),
		cmocka_unit_test(what_its_sender_waits_for_is_told_at_once),
		cmocka_unit_test(the_first_ce_of_a_run_is_told_at_once),
		cmocka_unit_test(what_was_asked_last_counts),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests_name("ack_out", tests, NULL, NULL);
}
