#include "session/udp/ecn.h"

#include "test.h"

static struct gw_ecn e;

static uint64_t
acked(uint64_t marked, uint64_t ect0, uint64_t ce)
{
	const struct gw_ack ack = { .ecn = true, .ect0 = ect0, .ce = ce };

	return gw_ecn_acked(&e, &ack, marked);
}

static unsigned
send_while_marked(unsigned most)
{
	unsigned n = 0;

	for (; n < most && gw_ecn_mark(&e); n++)
		gw_ecn_sent(&e);
	return n;
}

static void
the_first_packets_are_marked_and_then_it_waits(void **state)
{
	(void)state;
	gw_ecn_init(&e, false);
	assert_int_equal(send_while_marked(100), 10);
	assert_int_equal(e.state, GW_ECN_TESTING);
}

static void
counts_that_agree_keep_it_on(void **state)
{
	(void)state;
	gw_ecn_init(&e, false);
	send_while_marked(100);
	assert_int_equal(acked(3, 3, 0), 0);
	assert_int_equal(e.state, GW_ECN_CAPABLE);
	assert_int_equal(send_while_marked(100), 100);
	assert_int_equal(acked(10, 11, 2), 2);
	assert_int_equal(acked(5, 12, 6), 4);
	assert_int_equal(e.state, GW_ECN_CAPABLE);
	/* An ACK was lost: more are counted than newly acknowledged. */
	assert_int_equal(acked(1, 20, 6), 0);
	assert_int_equal(e.state, GW_ECN_CAPABLE);
}

static void
bleached_marks_end_it(void **state)
{
	(void)state;
	gw_ecn_init(&e, false);
	send_while_marked(100);
	assert_int_equal(acked(3, 2, 0), 0);
	assert_int_equal(e.state, GW_ECN_FAILED);
	assert_false(gw_ecn_mark(&e));
	assert_int_equal(acked(3, 100, 100), 0);
}

static void
a_peer_that_does_not_tell_ends_it(void **state)
{
	const struct gw_ack none = { .ecn = false };

	(void)state;
	gw_ecn_init(&e, false);
	send_while_marked(100);
	gw_ecn_acked(&e, &none, 0);
	assert_int_equal(e.state, GW_ECN_TESTING);
	gw_ecn_acked(&e, &none, 1);
	assert_int_equal(e.state, GW_ECN_FAILED);
}

static void
marks_that_nobody_set_end_it(void **state)
{
	const struct gw_ack ect1 = { .ecn = true, .ect0 = 3, .ect1 = 1 };

	(void)state;
	gw_ecn_init(&e, false);
	send_while_marked(100);
	gw_ecn_acked(&e, &ect1, 1);
	assert_int_equal(e.state, GW_ECN_FAILED);
}

static void
counts_that_go_back_end_it(void **state)
{
	(void)state;
	gw_ecn_init(&e, false);
	send_while_marked(100);
	acked(5, 5, 3);
	acked(0, 5, 2);
	assert_int_equal(e.state, GW_ECN_FAILED);
}

static void
all_marked_packets_lost_end_it(void **state)
{
	(void)state;
	gw_ecn_init(&e, false);
	send_while_marked(100);
	gw_ecn_lost(&e, 9);
	assert_int_equal(e.state, GW_ECN_TESTING);
	gw_ecn_lost(&e, 1);
	assert_int_equal(e.state, GW_ECN_FAILED);
	assert_false(gw_ecn_mark(&e));
}

static void
another_path_is_tried_anew(void **state)
{
	(void)state;
	gw_ecn_init(&e, false);
	send_while_marked(100);
	acked(5, 5, 1);
	acked(1, 5, 1);
	assert_int_equal(e.state, GW_ECN_FAILED);
	gw_ecn_new_path(&e);
	assert_int_equal(send_while_marked(100), 10);
	/* The peer's counts went on. */
	assert_int_equal(acked(4, 9, 1), 0);
	assert_int_equal(e.state, GW_ECN_CAPABLE);
}

static void
off_is_off(void **state)
{
	(void)state;
	gw_ecn_init(&e, true);
	assert_false(gw_ecn_mark(&e));
	assert_int_equal(acked(0, 0, 7), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_first_packets_are_marked_and_then_it_waits),
		cmocka_unit_test(counts_that_agree_keep_it_on),
		cmocka_unit_test(bleached_marks_end_it),
		cmocka_unit_test(a_peer_that_does_not_tell_ends_it),
		cmocka_unit_test(marks_that_nobody_set_end_it),
		cmocka_unit_test(counts_that_go_back_end_it),
		cmocka_unit_test(all_marked_packets_lost_end_it),
		cmocka_unit_test(another_path_is_tried_anew),
		cmocka_unit_test(off_is_off),
	};

	return cmocka_run_group_tests_name("ecn", tests, NULL, NULL);
}
