/* What an ACK tells, and what is lost. */
#include <string.h>

#include "recovery_fixture.h"
#include "test.h"

/* ---- ACKs ---- */

static void
an_ack_gives_back_what_packets_carried(void **state)
{
	struct gw_fate f = { 0 };

	(void)state;
	start(0);
	send_full(5);
	now += RTT;
	assert_true(acked(0, 4));
	assert_int_equal(fates(GW_FATE_ACKED, &f), 5);
	assert_int_equal(f.number, 4);
	assert_int_equal(f.content.offset, 4000);
	assert_int_equal(f.content.stream, 5);
	assert_int_equal(gw_recovery_stats(&r).in_flight, 0);
	assert_int_equal(gw_recovery_stats(&r).srtt, RTT);
	assert_int_equal(gw_recovery_stats(&r).min_rtt, RTT);
	assert_int_equal(gw_recovery_stats(&r).acked.bytes, 5 * D);
	assert_int_equal(
	    gw_recovery_stats(&r).delivery_rate, 5 * D * GW_SEC / RTT);
	/* It may come again. */
	assert_true(acked(0, 4));
	assert_int_equal(fates(GW_FATE_ACKED, &f), 0);
	assert_int_equal(gw_recovery_stats(&r).acked.packets, 5);
	finish();
}

static void
what_was_never_sent_cannot_be_acknowledged(void **state)
{
	struct gw_fate f = { 0 };

	(void)state;
	start(RTT);
	assert_false(acked(0, 0));
	send_full(3);
	number++;
	send_full(3);
	assert_false(acked(0, 7));
	assert_false(acked(7, 7));
	assert_false(acked(2, 4)); /* 3 was left out */
	assert_false(acked(3, 3));
	assert_false(acked(UINT64_MAX, UINT64_MAX));
	assert_int_equal(fates(GW_FATE_ACKED, &f), 0);
	assert_int_equal(gw_recovery_stats(&r).in_flight, 6 * D);
	assert_true(acked(0, 2));
	/* Not even after those before it are done with. */
	assert_int_equal(fates(GW_FATE_ACKED, &f), 3);
	assert_true(acked(4, 6));
	assert_false(acked(0, 6));
	finish();
}

static void
ranges_out_of_order_are_refused(void **state)
{
	(void)state;
	start(RTT);
	send_full(10);
	memset(&ack, 0, sizeof(ack));
	assert_false(gw_recovery_acked(&r, &ack, now));
	ack.count = 2;
	ack.v[0] = (struct gw_ack_range){ 5, 9 };
	ack.v[1] = (struct gw_ack_range){ 3, 5 };
	assert_false(gw_recovery_acked(&r, &ack, now));
	ack.v[1] = (struct gw_ack_range){ 4, 3 };
	assert_false(gw_recovery_acked(&r, &ack, now));
	ack.v[1] = (struct gw_ack_range){ 3, 3 };
	ack.count = GW_ACK_RANGES + 1;
	assert_false(gw_recovery_acked(&r, &ack, now));
	ack.count = 2;
	assert_true(gw_recovery_acked(&r, &ack, now));
	finish();
}

/* optimistic_ack: the window does not grow by what was never delivered. */
static void
an_ack_of_nothing_new_changes_nothing(void **state)
{
	uint64_t window;

	(void)state;
	start(0);
	send_full(10);
	now += RTT;
	assert_true(acked(0, 9));
	window = gw_recovery_stats(&r).window;
	for (unsigned i = 0; i < 100; i++) {
		now += MS;
		assert_true(acked(0, 9));
	}
	assert_int_equal(gw_recovery_stats(&r).window, window);
	assert_int_equal(gw_recovery_stats(&r).srtt, RTT);
	finish();
}

/* ack_disorder: ACK frames that overtake each other. */
static void
acks_in_any_order_come_to_the_same(void **state)
{
	struct gw_fate f = { 0 };

	(void)state;
	start(RTT);
	send_full(30);
	now += RTT;
	assert_true(acked(10, 19));
	assert_true(acked(0, 9));
	assert_true(acked(10, 19));
	assert_true(acked(0, 29));
	assert_true(acked(5, 12));
	assert_true(acked(0, 29));
	assert_int_equal(fates(GW_FATE_ACKED, &f), 30);
	assert_int_equal(gw_recovery_stats(&r).in_flight, 0);
	finish();
}

static void
only_the_newest_packet_measures_the_round_trip(void **state)
{
	(void)state;
	start(RTT);
	send_full(1);
	now += MS;
	send_full(1);
	now += RTT;
	assert_true(acked(1, 1));
	assert_int_equal(r.rtt.latest, RTT);
	now += 5 * MS;
	ack.v[0] = (struct gw_ack_range){ 0, 1 };
	assert_true(gw_recovery_acked(&r, &ack, now));
	assert_int_equal(r.rtt.latest, RTT);
	finish();
}

static void
acks_alone_are_not_in_flight(void **state)
{
	struct gw_fate f = { 0 };

	(void)state;
	start(RTT);
	send_as((struct gw_sent_packet){ .bytes = 60 });
	assert_int_equal(gw_recovery_stats(&r).in_flight, 0);
	assert_true(gw_recovery_deadline(&r) == GW_NEVER);
	now += 10 * RTT;
	assert_true(acked(0, 0));
	/* And measure nothing: nobody hurries to acknowledge them. */
	assert_int_equal(gw_recovery_stats(&r).srtt, RTT);
	assert_int_equal(fates(GW_FATE_ACKED, &f), 1);
	assert_false(f.eliciting);
	finish();
}

/* ---- loss ---- */

static void
a_lost_packet_is_told_and_may_still_turn_up(void **state)
{
	struct gw_fate f = { 0 };
	uint64_t window;

	(void)state;
	start(RTT);
	send_full(10);
	now += RTT;
	window = gw_recovery_stats(&r).window;
	assert_true(acked(1, 9));
	assert_int_equal(fates(GW_FATE_LOST, &f), 1);
	assert_int_equal(f.number, 0);
	assert_int_equal(f.content.offset, 0);
	assert_int_equal(gw_recovery_stats(&r).lost.packets, 1);
	assert_string_equal(gw_recovery_stats(&r).state, "RECOVERY");
	now += MS;
	assert_true(acked(0, 0));
	assert_int_equal(fates(GW_FATE_ACKED, &f), 1);
	assert_true(f.late);
	assert_int_equal(gw_recovery_stats(&r).spurious.packets, 1);
	assert_int_equal(r.rate.lost, 0);
	/* It was none: as if nothing had happened. */
	assert_string_equal(gw_recovery_stats(&r).state, "SLOW_START");
	assert_true(gw_recovery_stats(&r).window >= window);
	finish();
}

static void
the_loss_timer_finds_what_no_ack_does(void **state)
{
	struct gw_fate f = { 0 };
	gw_usec at;

	(void)state;
	start(RTT);
	send_full(1);
	now += MS;
	send_full(1);
	now += RTT;
	assert_true(acked(1, 1));
	assert_int_equal(fates(GW_FATE_LOST, &f), 0);
	at = gw_recovery_deadline(&r);
	assert_true(at != GW_NEVER);
	now = at - 1;
	gw_recovery_tick(&r, now);
	assert_int_equal(fates(GW_FATE_LOST, &f), 0);
	now = at;
	gw_recovery_tick(&r, now);
	assert_int_equal(fates(GW_FATE_LOST, &f), 1);
	assert_true(gw_recovery_deadline(&r) == GW_NEVER);
	finish();
}

/* quinn: congested_tail_loss */
static void
silence_is_probed_whatever_the_window_says(void **state)
{
	struct gw_sent_content content;
	struct gw_fate f = { 0 };

	(void)state;
	start(RTT);
	send_full(10);
	assert_int_equal(gw_recovery_budget(&r, now), 0);
	assert_int_equal(gw_recovery_probes(&r), 0);
	now = gw_recovery_deadline(&r);
	gw_recovery_tick(&r, now);
	assert_int_equal(gw_recovery_probes(&r), 2);
	assert_int_equal(fates(GW_FATE_LOST, &f), 0);
	assert_true(gw_recovery_oldest(&r, &content));
	assert_int_equal(content.offset, 0);
	send_full(1);
	assert_int_equal(gw_recovery_probes(&r), 1);
	send_full(1);
	assert_int_equal(gw_recovery_probes(&r), 0);
	assert_int_equal(gw_recovery_stats(&r).ptos, 1);
	now += RTT;
	assert_true(acked(11, 11));
	assert_true(fates(GW_FATE_LOST, &f) >= 8);
	finish();
}

static void
the_oldest_is_the_oldest_that_is_out(void **state)
{
	struct gw_sent_content content;

	(void)state;
	start(RTT);
	assert_false(gw_recovery_oldest(&r, &content));
	send_full(2);
	send_as((struct gw_sent_packet){ .bytes = 60 });
	send_full(2);
	assert_true(acked(0, 1));
	assert_true(gw_recovery_oldest(&r, &content));
	assert_int_equal(content.offset, 3000);
	finish();
}

static void
a_long_silence_is_persistent_congestion(void **state)
{
	(void)state;
	start(RTT);
	send_full(2);
	now += RTT;
	assert_true(acked(0, 1));
	for (unsigned i = 0; i < 10; i++) {
		send_full(2);
		now = gw_recovery_deadline(&r);
		gw_recovery_tick(&r, now);
	}
	send_full(1);
	now += RTT;
	assert_true(acked(number - 1, number - 1));
	assert_int_equal(gw_recovery_stats(&r).persistent, 1);
	assert_in_range(gw_recovery_stats(&r).window, 2 * D, 4 * D);
	finish();
}

static void
full_round(gw_usec time)
{
	send_full(10);
	now += time;
	assert_true(acked(number - 10, number - 1));
}

/* What comes at the end of it is no measure of the path. */
static void
the_controller_hears_of_a_silence(void **state)
{
	const struct gw_bbr *b = &r.cc.u.bbr;

	(void)state;
	start_with(&(struct gw_recovery_options){ .datagram = D, .rtt = RTT });
	for (unsigned i = 0; i < 3; i++)
		full_round(RTT);
	assert_int_equal(b->full_bw_count, 2);
	full_round(3 * RTT + GW_ACK_DELAY + 1);
	assert_int_equal(b->full_bw_count, 0);
	/* Now it is much more than that until a probe. */
	full_round(3 * RTT + GW_ACK_DELAY + 1);
	assert_int_equal(b->full_bw_count, 0);
	full_round(3 * RTT + GW_ACK_DELAY);
	assert_int_equal(b->full_bw_count, 1);
	assert_int_equal(b->state, GW_BBR_STARTUP);
	finish();
}

/* quinn: connect_lost_mtu_probes_do_not_trigger_congestion_control */
static void
a_lost_mtu_probe_is_told_and_costs_nothing(void **state)
{
	struct gw_fate f = { 0 };
	uint64_t window;

	(void)state;
	start(RTT);
	send_as((struct gw_sent_packet){
	    .bytes = 1400, .eliciting = true, .mtu_probe = true });
	send_full(4);
	now += RTT;
	window = gw_recovery_stats(&r).window;
	assert_true(acked(1, 4));
	assert_int_equal(fates(GW_FATE_LOST, &f), 1);
	assert_true(f.mtu_probe);
	assert_int_equal(gw_recovery_stats(&r).lost.packets, 0);
	assert_true(gw_recovery_stats(&r).window >= window);
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ack_gives_back_what_packets_carried),
		cmocka_unit_test(what_was_never_sent_cannot_be_acknowledged),
		cmocka_unit_test(ranges_out_of_order_are_refused),
		cmocka_unit_test(an_ack_of_nothing_new_changes_nothing),
		cmocka_unit_test(acks_in_any_order_come_to_the_same),
		cmocka_unit_test(
		    only_the_newest_packet_measures_the_round_trip),
		cmocka_unit_test(acks_alone_are_not_in_flight),
		cmocka_unit_test(a_lost_packet_is_told_and_may_still_turn_up),
		cmocka_unit_test(the_loss_timer_finds_what_no_ack_does),
		cmocka_unit_test(silence_is_probed_whatever_the_window_says),
		cmocka_unit_test(the_oldest_is_the_oldest_that_is_out),
		cmocka_unit_test(a_long_silence_is_persistent_congestion),
		cmocka_unit_test(the_controller_hears_of_a_silence),
		cmocka_unit_test(a_lost_mtu_probe_is_told_and_costs_nothing),
	};

	return cmocka_run_group_tests_name("recovery_ack", tests, NULL, NULL);
}
