#include "session/udp/recovery.h"

#include <string.h>

#include "alloc.h"
#include "recovery_fixture.h"
#include "test.h"

/* ---- budget ---- */

static void
the_first_window_is_ten_datagrams_paced(void **state)
{
	uint64_t all = 0, n;

	(void)state;
	start(RTT);
	while ((n = gw_recovery_budget(&r, now)) > 0) {
		assert_in_range(n, 2 * D, 10 * D);
		send_full((unsigned)(n / D));
		all += n / D * D;
		if (gw_recovery_budget(&r, now) == 0 &&
		    gw_recovery_send_at(&r, now) != GW_NEVER) {
			assert_true(gw_recovery_send_at(&r, now) > now);
			now = gw_recovery_send_at(&r, now);
		}
	}
	assert_int_equal(all, 10 * D);
	assert_true(gw_recovery_send_at(&r, now) == GW_NEVER);
	assert_int_equal(gw_recovery_stats(&r).in_flight, 10 * D);
	assert_true(now > 10 * GW_SEC);
	finish();
}

static void
it_waits_for_a_whole_train(void **state)
{
	gw_usec at;

	(void)state;
	start(RTT);
	gw_cc_set_rate(&r.cc, 10000000);
	r.cc.window = 1000 * D;
	gw_pacer_set(&r.pacer, r.cc.rate, r.cc.quantum, now);
	while (gw_recovery_budget(&r, now) > 0)
		send_full(1);
	at = gw_recovery_send_at(&r, now);
	assert_in_range(at - now, 1, MS);
	assert_int_equal(gw_recovery_budget(&r, at - 1), 0);
	assert_true(gw_recovery_budget(&r, at) >= 10000);
	/* Unless the window leaves less than a train. */
	r.cc.window = r.sent.in_flight + 2 * D;
	assert_true(gw_recovery_send_at(&r, now) < at);
	finish();
}

static void
less_than_a_datagram_is_nothing(void **state)
{
	(void)state;
	start(RTT);
	now += GW_SEC;
	r.cc.window = 2 * D;
	send_full(1);
	assert_int_equal(gw_recovery_budget(&r, now), D);
	r.cc.window = 2 * D - 1;
	assert_int_equal(gw_recovery_budget(&r, now), 0);
	assert_true(gw_recovery_send_at(&r, now) == GW_NEVER);
	finish();
}

static void
below_a_millisecond_nothing_is_paced(void **state)
{
	(void)state;
	start(500);
	assert_true(gw_recovery_stats(&r).lan);
	gw_cc_set_rate(&r.cc, 1000);
	gw_pacer_set(&r.pacer, r.cc.rate, r.cc.quantum, now);
	r.cc.window = 100 * D;
	send_full(50);
	assert_int_equal(gw_recovery_budget(&r, now), 50 * D);
	assert_int_equal(gw_recovery_send_at(&r, now), now);
	/* A train at a time. */
	r.cc.window = 1000 * D;
	assert_int_equal(gw_recovery_budget(&r, now), GW_PACER_BURST_MAX);
	finish();
	start(RTT);
	assert_false(gw_recovery_stats(&r).lan);
	assert_true(gw_recovery_budget(&r, now) > D);
	finish();
}

static void
too_many_packets_stop_it(void **state)
{
	(void)state;
	start(500);
	r.cc.window = UINT64_MAX;
	while (gw_recovery_budget(&r, now) > 0)
		send_full(32);
	assert_in_range(number, GW_SENT_MAX - 1000, GW_SENT_MAX);
	assert_true(gw_recovery_send_at(&r, now) == GW_NEVER);
	send_full(2); /* probes still go */
	finish();
}

/* ---- a program without data ---- */

static void
what_an_ack_brings_starts_another_train(void **state)
{
	(void)state;
	start(RTT);
	send_full(2);
	now += RTT;
	send_full(1);
	assert_int_equal(gw_sent_last_train(&r.sent)->delivered, 0);
	send_full(1);
	assert_int_equal(r.sent.train_end - r.sent.train_base, 2);
	assert_true(acked(0, 1));
	send_full(1);
	assert_int_equal(gw_sent_last_train(&r.sent)->delivered, 2 * D);
	finish();
}

static void
what_comes_while_there_is_no_more_data_says_little_of_the_path(void **state)
{
	(void)state;
	start(RTT);
	send_full(2);
	assert_false(gw_sent_last_train(&r.sent)->app_limited);
	gw_recovery_app_limited(&r);
	send_full(2);
	assert_true(gw_sent_last_train(&r.sent)->app_limited);
	/* Once that is there, packets count again. */
	now += RTT;
	assert_true(acked(0, 3));
	send_full(1);
	assert_false(gw_sent_last_train(&r.sent)->app_limited);
	finish();
}

static void
with_a_full_window_it_is_not_the_program_that_limits(void **state)
{
	(void)state;
	start(RTT);
	send_full(10);
	gw_recovery_app_limited(&r);
	now += MS;
	send_full(1);
	assert_false(gw_sent_last_train(&r.sent)->app_limited);
	finish();
}

/* ---- ECN ---- */

static void
what_a_controller_holds_down_says_little_either(void **state)
{
	(void)state;
	start(RTT);
	send_full(4);
	now += RTT;
	assert_true(acked(0, 1));
	send_full(1);
	assert_false(gw_sent_last_train(&r.sent)->app_limited);
	r.cc.holding = true;
	assert_true(acked(0, 2));
	send_full(1);
	assert_true(gw_sent_last_train(&r.sent)->app_limited);
	finish();
}

static void
marks_are_validated_and_then_counted(void **state)
{
	(void)state;
	start(RTT);
	assert_true(gw_recovery_ect(&r));
	send_full(10);
	assert_false(gw_recovery_ect(&r)); /* it waits for the proof */
	now += RTT;
	memset(&ack, 0, sizeof(ack));
	ack.v[0] = (struct gw_ack_range){ 0, 9 };
	ack.count = 1;
	ack.ecn = true;
	ack.ect0 = 10;
	assert_true(gw_recovery_acked(&r, &ack, now));
	assert_true(gw_recovery_ect(&r));
	send_full(10);
	now += RTT;
	ack.v[0].last = 19;
	ack.ect0 = 18;
	ack.ce = 2;
	assert_true(gw_recovery_acked(&r, &ack, now));
	assert_int_equal(gw_recovery_stats(&r).ce, 2);
	assert_string_equal(gw_recovery_stats(&r).state, "RECOVERY");
	finish();
}

static void
an_old_ack_does_not_take_marks_back(void **state)
{
	(void)state;
	start(RTT);
	send_full(10);
	now += RTT;
	memset(&ack, 0, sizeof(ack));
	ack.v[0] = (struct gw_ack_range){ 5, 9 };
	ack.count = 1;
	ack.ecn = true;
	ack.ect0 = 5;
	assert_true(gw_recovery_acked(&r, &ack, now));
	/* One that was sent before, and came after. */
	ack.v[0] = (struct gw_ack_range){ 0, 4 };
	ack.ect0 = 3;
	assert_true(gw_recovery_acked(&r, &ack, now));
	assert_true(gw_recovery_ect(&r));
	finish();
}

static void
a_bleached_path_is_not_marked_any_more(void **state)
{
	(void)state;
	start(RTT);
	send_full(10);
	now += RTT;
	assert_true(acked(0, 9));
	assert_false(gw_recovery_ect(&r));
	finish();
	start_with(
	    &(struct gw_recovery_options){ .datagram = D, .no_ecn = true });
	assert_false(gw_recovery_ect(&r));
	finish();
}

/* ---- paths ---- */

static void
another_path_starts_anew(void **state)
{
	struct gw_fate f = { 0 };
	struct gw_recovery_stats s;

	(void)state;
	start(RTT);
	send_full(10);
	now += RTT;
	assert_true(acked(0, 4));
	assert_int_equal(fates(GW_FATE_ACKED, &f), 5);
	gw_recovery_new_path(&r, true, now);
	/* What was out is given up, and is no congestion. */
	assert_int_equal(fates(GW_FATE_LOST, &f), 5);
	s = gw_recovery_stats(&r);
	assert_int_equal(s.in_flight, 0);
	assert_int_equal(s.window, 10 * D);
	assert_int_equal(s.min_rtt, 0);
	assert_int_equal(s.lost.packets, 0);
	assert_true(gw_recovery_deadline(&r) == GW_NEVER);
	assert_true(gw_recovery_ect(&r));
	/* It turns up, and says nothing of the new one. */
	now += 500 * MS;
	assert_true(acked(0, 9));
	assert_int_equal(fates(GW_FATE_ACKED, &f), 5);
	assert_true(f.late);
	assert_int_equal(gw_recovery_stats(&r).min_rtt, 0);
	assert_int_equal(gw_recovery_stats(&r).window, 10 * D);
	send_full(2);
	now += 2 * RTT;
	assert_true(acked(0, number - 1));
	assert_int_equal(gw_recovery_stats(&r).min_rtt, 2 * RTT);
	finish();
}

static void
another_port_changes_nothing(void **state)
{
	struct gw_fate f = { 0 };

	(void)state;
	start(RTT);
	send_full(10);
	now = gw_recovery_deadline(&r);
	gw_recovery_tick(&r, now);
	gw_recovery_new_path(&r, false, now);
	assert_int_equal(fates(GW_FATE_LOST, &f), 0);
	assert_int_equal(gw_recovery_stats(&r).min_rtt, RTT);
	assert_int_equal(gw_recovery_stats(&r).in_flight, 10 * D);
	/* The probe timer starts from the beginning. */
	assert_int_equal(r.loss.pto_count, 0);
	finish();
}

static void
larger_datagrams_are_taken_up(void **state)
{
	(void)state;
	start(RTT);
	now += GW_SEC;
	r.cc.window = 12000;
	send_full(1);
	gw_recovery_datagram(&r, 8900, now);
	assert_int_equal(gw_recovery_stats(&r).quantum, 17800);
	assert_true(gw_recovery_budget(&r, now) >= 8900 ||
		    gw_recovery_send_at(&r, now) != GW_NEVER);
	r.cc.window = 9000;
	assert_int_equal(gw_recovery_budget(&r, now), 0);
	finish();
}

/* ---- any order of things ---- */

enum { FUZZ_PACKETS = 20000 };
static uint8_t told[FUZZ_PACKETS]; /* 1: acked, 2: lost, 4: lost, then acked */
static uint64_t seed;

static uint64_t
random_below(uint64_t bound)
{
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	return (z ^ (z >> 31)) % bound;
}

static void
check_fates(void)
{
	struct gw_fate f = { 0 };

	while (gw_recovery_fate(&r, &f)) {
		assert_true(f.number < number);
		assert_int_equal(f.content.offset, f.number * 1000);
		if (f.kind == GW_FATE_LOST) {
			assert_int_equal(told[f.number], 0);
			told[f.number] = 2;
		} else if (f.late) {
			assert_int_equal(told[f.number], 2);
			told[f.number] = 4;
		} else {
			assert_int_equal(told[f.number], 0);
			told[f.number] = 1;
		}
	}
}

/* Any ranges of what was sent; packets arrive or not as the seed says. */
static void
random_ack(void)
{
	uint64_t last = number - 1 - random_below(number < 40 ? number : 40);

	memset(&ack, 0, sizeof(ack));
	while (ack.count < 20) {
		const uint64_t length = random_below(30);
		const uint64_t first = last > length ? last - length : 0;

		ack.v[ack.count++] = (struct gw_ack_range){ first, last };
		if (first < 40)
			break;
		last = first - 2 - random_below(30);
	}
	assert_true(gw_recovery_acked(&r, &ack, now));
}

static void
check_in_flight(void)
{
	uint64_t in_flight = 0;

	for (uint64_t n = r.sent.base; n < r.sent.end; n++)
		if (gw_sent_at(&r.sent, n)->state == GW_SENT_OUT)
			in_flight += D;
	assert_int_equal(gw_recovery_stats(&r).in_flight, in_flight);
}

static void
whatever_happens_each_packet_has_one_fate(void **state)
{
	(void)state;
	for (unsigned run = 0; run < 12; run++) {
		seed = run;
		memset(told, 0, sizeof(told));
		start_with(&(struct gw_recovery_options){
		    .congestion = (enum gw_congestion)(run % 3),
		    .datagram = D,
		    .rtt = run % 2 == 0 ? 0 : 30 * MS });
		while (number < FUZZ_PACKETS - 50) {
			now += random_below(3 * MS);
			if (random_below(3) != 0)
				send_full((unsigned)random_below(10));
			if (number > 0 && random_below(2) == 0)
				random_ack();
			if (random_below(100) == 0)
				now += random_below(GW_SEC);
			if (random_below(2000) == 0)
				gw_recovery_new_path(
				    &r, random_below(2) == 0, now);
			gw_recovery_tick(&r, now);
			if (random_below(4) != 0)
				check_fates();
			if (random_below(50) == 0)
				check_in_flight();
			assert_true(r.cc.window >= 2 * D);
			assert_true(gw_recovery_deadline(&r) != GW_NEVER ||
				    gw_recovery_stats(&r).in_flight == 0);
		}
		now += GW_SEC;
		assert_true(acked(0, number - 1));
		check_fates();
		assert_int_equal(gw_recovery_stats(&r).in_flight, 0);
		finish();
	}
}

static void
without_memory_it_does_not_start(void **state)
{
	const struct gw_recovery_options o = { .datagram = D };
	enum gw_err err = GW_E_MEMORY;

	(void)state;
	for (long n = 0; err != GW_OK; n++) {
		test_fail_alloc(n);
		err = gw_recovery_init(&r, &o, 0);
		test_fail_alloc(-1);
		assert_true(err == GW_OK || err == GW_E_MEMORY);
	}
	finish();
}

static void
a_packet_without_memory_was_not_sent(void **state)
{
	struct gw_recovery_stats before;
	enum gw_err err = GW_OK;

	(void)state;
	start(RTT);
	test_fail_alloc(0);
	while (err == GW_OK) {
		before = gw_recovery_stats(&r);
		err = gw_recovery_sent(&r,
		    &(struct gw_sent_packet){
			.number = number++, .bytes = D, .eliciting = true },
		    now++);
	}
	test_fail_alloc(-1);
	assert_int_equal(err, GW_E_MEMORY);
	assert_int_equal(gw_recovery_stats(&r).in_flight, before.in_flight);
	assert_int_equal(
	    gw_recovery_stats(&r).sent.packets, before.sent.packets);
	number--;
	send_full(1);
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_window_is_ten_datagrams_paced),
		cmocka_unit_test(it_waits_for_a_whole_train),
		cmocka_unit_test(less_than_a_datagram_is_nothing),
		cmocka_unit_test(below_a_millisecond_nothing_is_paced),
		cmocka_unit_test(too_many_packets_stop_it),
		cmocka_unit_test(what_an_ack_brings_starts_another_train),
		cmocka_unit_test(
		    what_comes_while_there_is_no_more_data_says_little_of_the_path),
		cmocka_unit_test(
		    with_a_full_window_it_is_not_the_program_that_limits),
		cmocka_unit_test(
		    what_a_controller_holds_down_says_little_either),
		cmocka_unit_test(marks_are_validated_and_then_counted),
		cmocka_unit_test(an_old_ack_does_not_take_marks_back),
		cmocka_unit_test(a_bleached_path_is_not_marked_any_more),
		cmocka_unit_test(another_path_starts_anew),
		cmocka_unit_test(another_port_changes_nothing),
		cmocka_unit_test(larger_datagrams_are_taken_up),
		cmocka_unit_test(whatever_happens_each_packet_has_one_fate),
		cmocka_unit_test(without_memory_it_does_not_start),
		cmocka_unit_test(a_packet_without_memory_was_not_sent),
	};

	return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
