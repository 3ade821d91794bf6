#include "session/udp/loss.h"

#include "test.h"

static struct gw_loss l;
static struct gw_sent s;
static struct gw_rtt rtt;
static struct gw_loss_found found;
static gw_usec now;

enum { BYTES = 1200, MS = 1000, RTT = 40 * MS, ACK_DELAY = 25 * MS };

static void
start(void)
{
	gw_loss_init(&l);
	gw_rtt_init(&rtt, ACK_DELAY);
	gw_rtt_sample(&rtt, RTT, 0, 0);
	assert_int_equal(gw_sent_init(&s), GW_OK);
	now = GW_SEC;
}

static void
send_one(bool eliciting, bool probe)
{
	const struct gw_train train = { .sent = now };
	const struct gw_sent_packet p = { .number = s.end,
		.bytes = BYTES,
		.eliciting = eliciting,
		.mtu_probe = probe };

	assert_int_equal(gw_sent_add(&s, &p, &train), GW_OK);
	if (eliciting)
		gw_loss_sent(&l, now);
}

/* n packets, a millisecond apart; `now` is when the last left. */
static void
send(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		now += MS;
		send_one(true, false);
	}
}

/* An ACK for first..last; what it shows to be lost is in `found`.  True: an
 * episode is undone. */
static bool
ack(uint64_t first, uint64_t last)
{
	struct gw_sent_news news = GW_SENT_NEWS_INIT;
	bool undone = false;

	for (uint64_t n = first; n <= last;) {
		n = gw_sent_acked(&s, n, last, &news);
		if (n <= last) {
			undone |= gw_loss_late(&l, &s, n, &rtt, now);
			gw_sent_found(&s, n++, &news);
		}
	}
	if (news.oldest != GW_SENT_NONE)
		gw_loss_acked(&l, news.oldest, news.newest);
	gw_loss_detect(&l, &s, &rtt, now, &found);
	return undone;
}

static void
detect(void)
{
	gw_loss_detect(&l, &s, &rtt, now, &found);
}

static void
three_later_packets_are_enough_at_first(void **state)
{
	(void)state;
	start();
	send(10);
	now += RTT / 2;
	ack(1, 2);
	assert_int_equal(found.packets, 0);
	ack(3, 3);
	assert_int_equal(found.packets, 1);
	assert_int_equal(found.newest, 0);
	assert_int_equal(found.bytes, BYTES);
	assert_true(found.episode);
	gw_sent_fini(&s);
}

static void
time_makes_a_packet_lost(void **state)
{
	(void)state;
	start();
	send(2);
	now += RTT;
	ack(1, 1);
	assert_int_equal(found.packets, 0);
	/* A round trip and a quarter from its sending. */
	assert_int_equal(
	    gw_loss_deadline(&l, &s, &rtt), GW_SEC + MS + RTT + RTT / 4);
	now = gw_loss_deadline(&l, &s, &rtt) - 1;
	detect();
	assert_int_equal(found.packets, 0);
	now++;
	detect();
	assert_int_equal(found.packets, 1);
	gw_sent_fini(&s);
}

static void
nothing_is_lost_before_a_later_one_arrives(void **state)
{
	(void)state;
	start();
	send(10);
	now += 100 * RTT;
	detect();
	assert_int_equal(found.packets, 0);
	ack(0, 0);
	assert_int_equal(found.packets, 0);
	gw_sent_fini(&s);
}

static void
reordering_ends_the_threshold_for_good(void **state)
{
	(void)state;
	start();
	send(20);
	ack(1, 1);
	assert_false(l.reordering);
	ack(0, 0);
	assert_true(l.reordering);
	ack(10, 19);
	assert_int_equal(found.packets, 0);
	now += RTT + RTT / 4;
	detect();
	assert_int_equal(found.packets, 8);
	assert_int_equal(found.ranges, 1);
	gw_sent_fini(&s);
}

/* neqo#1472 */
static void
one_fast_packet_does_not_shorten_the_wait_for_others(void **state)
{
	(void)state;
	start();
	l.reordering = true;
	send(2);
	now += MS;
	ack(1, 1);
	gw_rtt_sample(&rtt, MS, 0, now);
	assert_true(gw_loss_delay(&l, &rtt) > RTT * 3 / 4);
	detect();
	assert_int_equal(found.packets, 0);
	gw_sent_fini(&s);
}

static void
each_round_trip_with_a_late_packet_widens_the_window(void **state)
{
	gw_usec before;

	(void)state;
	start();
	before = gw_loss_delay(&l, &rtt);
	for (unsigned i = 0; i < 10; i++) {
		const uint64_t n = s.end;
		uint64_t lost;

		send(10);
		ack(n + 5, n + 9);
		lost = found.packets;
		now += 2 * RTT;
		detect();
		assert_int_equal(lost + found.packets, 5);
		ack(n, n + 4);
		assert_int_equal(l.window_steps, i < 3 ? i + 2 : 4);
	}
	/* Up to a round trip, whatever comes. */
	assert_int_equal(gw_loss_delay(&l, &rtt), RTT + rtt.smoothed);
	assert_true(before < gw_loss_delay(&l, &rtt));
	l.window_steps = 100;
	assert_int_equal(gw_loss_delay(&l, &rtt), RTT + rtt.smoothed);
	gw_sent_fini(&s);
}

static void
the_window_falls_back_after_sixteen_calm_episodes(void **state)
{
	(void)state;
	start();
	l.window_steps = 3;
	for (unsigned i = 0; i < 16; i++) {
		const uint64_t n = s.end;

		assert_int_equal(l.window_steps, 3);
		send(2);
		ack(n + 1, n + 1);
		now += 3 * RTT;
		detect();
		assert_true(found.episode);
	}
	assert_int_equal(l.window_steps, 1);
	gw_sent_fini(&s);
}

static void
losses_of_one_round_trip_are_one_episode(void **state)
{
	(void)state;
	start();
	send(20);
	ack(3, 3);
	assert_true(found.episode);
	assert_int_equal(found.packets, 1);
	ack(5, 10);
	assert_false(found.episode);
	assert_int_equal(found.packets, 3);
	assert_true(l.recovering);
	send(10);
	ack(20, 24);
	assert_false(l.recovering);
	ack(29, 29);
	assert_true(found.episode);
	gw_sent_fini(&s);
}

static void
an_episode_of_packets_that_all_turn_up_is_undone(void **state)
{
	(void)state;
	start();
	send(20);
	ack(5, 9);
	assert_int_equal(found.packets, 5);
	assert_false(ack(0, 1));
	assert_true(l.recovering);
	assert_false(ack(3, 4));
	assert_true(ack(2, 2));
	assert_false(l.recovering);
	/* Once. */
	send(5);
	assert_false(ack(2, 24));
	gw_sent_fini(&s);
}

static void
one_real_loss_keeps_the_episode(void **state)
{
	(void)state;
	start();
	send(20);
	ack(5, 9);
	assert_false(ack(0, 3));
	gw_sent_fini(&s);
}

static void
marks_begin_an_episode_too(void **state)
{
	(void)state;
	start();
	send(5);
	assert_true(gw_loss_begin(&l, &s));
	assert_false(gw_loss_begin(&l, &s));
	send(5);
	ack(0, 4);
	assert_true(l.recovering);
	ack(5, 5);
	assert_false(l.recovering);
	gw_sent_fini(&s);
}

static void
a_lost_mtu_probe_is_no_congestion(void **state)
{
	struct gw_fate f;

	(void)state;
	start();
	now += MS;
	send_one(true, true);
	send(5);
	ack(1, 5);
	assert_int_equal(found.packets, 0);
	assert_false(found.episode);
	for (unsigned i = 0; i < 5; i++)
		gw_sent_fate(&s, &f);
	assert_true(gw_sent_fate(&s, &f));
	assert_int_equal(f.kind, GW_FATE_LOST);
	assert_true(f.mtu_probe);
	gw_sent_fini(&s);
}

/* ---- PTO ---- */

static void
the_probe_timer_runs_from_the_last_packet_and_backs_off(void **state)
{
	gw_usec pto;

	(void)state;
	start();
	assert_true(gw_loss_deadline(&l, &s, &rtt) == GW_NEVER);
	send(3);
	pto = gw_rtt_pto(&rtt);
	assert_int_equal(gw_loss_deadline(&l, &s, &rtt), now + pto);
	gw_loss_pto(&l);
	assert_int_equal(l.probes, 2);
	assert_int_equal(gw_loss_deadline(&l, &s, &rtt), now + 2 * pto);
	send(2);
	assert_int_equal(l.probes, 0);
	gw_loss_pto(&l);
	assert_int_equal(gw_loss_deadline(&l, &s, &rtt), now + 4 * pto);
	for (unsigned i = 0; i < 100; i++)
		gw_loss_pto(&l);
	assert_int_equal(gw_loss_deadline(&l, &s, &rtt), now + GW_SEC);
	ack(4, 4);
	assert_int_equal(l.pto_count, 0);
	gw_sent_fini(&s);
}

static void
at_the_end_two_ptos_come_without_back_off(void **state)
{
	static const unsigned ptos[] = { 1, 1, 2, 4 };

	(void)state;
	start();
	l.ending = true;
	send(1);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(gw_loss_deadline(&l, &s, &rtt),
		    now + ptos[i] * gw_rtt_pto(&rtt));
		gw_loss_pto(&l);
	}
	gw_sent_fini(&s);
}

static void
a_path_slower_than_the_cap_keeps_its_own_pto(void **state)
{
	(void)state;
	start();
	for (unsigned i = 0; i < 100; i++)
		gw_rtt_sample(&rtt, 2 * GW_SEC, 0, i);
	send(1);
	for (unsigned i = 0; i < 10; i++)
		gw_loss_pto(&l);
	assert_int_equal(
	    gw_loss_deadline(&l, &s, &rtt), now + gw_rtt_pto(&rtt));
	gw_sent_fini(&s);
}

static void
acks_alone_start_no_timer(void **state)
{
	(void)state;
	start();
	send_one(false, false);
	assert_true(gw_loss_deadline(&l, &s, &rtt) == GW_NEVER);
	gw_sent_fini(&s);
}

/* ---- persistent congestion, RFC 9002 7.6 ---- */

/* Packets over so long a time, then one that arrives. */
static void
silence_of(gw_usec time)
{
	const uint64_t n = s.end;

	now += MS;
	send_one(true, false);
	now += time;
	send_one(true, false);
	now += MS;
	send_one(true, false);
	now += 3 * RTT;
	ack(n + 2, n + 2);
	assert_int_equal(found.packets, 2);
}

static void
three_ptos_of_loss_are_persistent_congestion(void **state)
{
	gw_usec three;

	(void)state;
	start();
	three = 3 * gw_rtt_pto(&rtt);
	silence_of(three);
	assert_false(found.persistent);
	silence_of(three + 1);
	assert_true(found.persistent);
	gw_sent_fini(&s);
}

static void
an_ack_between_them_breaks_the_run(void **state)
{
	(void)state;
	start();
	send(1);
	now += 2 * GW_SEC;
	send(1);
	now += 2 * GW_SEC;
	send(5);
	ack(1, 1);
	now += 2 * RTT;
	ack(3, 6);
	assert_int_equal(found.packets, 1);
	assert_false(found.persistent);
	gw_sent_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_later_packets_are_enough_at_first),
		cmocka_unit_test(time_makes_a_packet_lost),
		cmocka_unit_test(nothing_is_lost_before_a_later_one_arrives),
		cmocka_unit_test(reordering_ends_the_threshold_for_good),
		cmocka_unit_test(
		    one_fast_packet_does_not_shorten_the_wait_for_others),
		cmocka_unit_test(
		    each_round_trip_with_a_late_packet_widens_the_window),
		cmocka_unit_test(
		    the_window_falls_back_after_sixteen_calm_episodes),
		cmocka_unit_test(losses_of_one_round_trip_are_one_episode),
		cmocka_unit_test(
		    an_episode_of_packets_that_all_turn_up_is_undone),
		cmocka_unit_test(one_real_loss_keeps_the_episode),
		cmocka_unit_test(marks_begin_an_episode_too),
		cmocka_unit_test(a_lost_mtu_probe_is_no_congestion),
		cmocka_unit_test(
		    the_probe_timer_runs_from_the_last_packet_and_backs_off),
		cmocka_unit_test(at_the_end_two_ptos_come_without_back_off),
		cmocka_unit_test(a_path_slower_than_the_cap_keeps_its_own_pto),
		cmocka_unit_test(acks_alone_start_no_timer),
		cmocka_unit_test(three_ptos_of_loss_are_persistent_congestion),
		cmocka_unit_test(an_ack_between_them_breaks_the_run),
	};

	return cmocka_run_group_tests_name("loss", tests, NULL, NULL);
}
