#include "session/udp/recovery.h"

#include <string.h>

#include "alloc.h"
#include "test.h"

static struct gw_recovery r;
static struct gw_ack ack;
static gw_usec now;
static uint64_t number;

enum { D = 1200, MS = 1000, RTT = 40 * MS };

static void
start_with(const struct gw_recovery_options *o)
{
	now = 10 * GW_SEC;
	number = 0;
	assert_int_equal(gw_recovery_init(&r, o, now), GW_OK);
}

static void
start(gw_usec rtt)
{
	start_with(&(struct gw_recovery_options){
	    .congestion = GW_CONGESTION_CUBIC, .datagram = D, .rtt = rtt });
}

static void
end(void)
{
	gw_recovery_fini(&r);
}

static void
send_as(struct gw_sent_packet p)
{
	p.number = number++;
	assert_int_equal(gw_recovery_sent(&r, &p, now), GW_OK);
}

/* n full packets in one train. */
static void
send(unsigned n)
{
	while (n-- > 0)
		send_as((struct gw_sent_packet){ .bytes = D,
		    .eliciting = true,
		    .ect = gw_recovery_ect(&r),
		    .content = { number * 1000, 1000, 5, 0 } });
}

static bool
acked(uint64_t first, uint64_t last)
{
	memset(&ack, 0, sizeof(ack));
	ack.v[0] = (struct gw_ack_range){ first, last };
	ack.count = 1;
	return gw_recovery_acked(&r, &ack, now);
}

/* How many fates there are of this kind; the last of them. */
static unsigned
fates(enum gw_fate_kind kind, struct gw_fate *last)
{
	struct gw_fate f = { 0 };
	unsigned n = 0;

	while (gw_recovery_fate(&r, &f))
		if (f.kind == kind) {
			n++;
			*last = f;
		}
	return n;
}

/* ---- budget ---- */

static void
the_first_window_is_ten_datagrams_paced(void **state)
{
	uint64_t all = 0, n;

	(void)state;
	start(RTT);
	while ((n = gw_recovery_budget(&r, now)) > 0) {
		assert_in_range(n, 2 * D, 10 * D);
		send((unsigned)(n / D));
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
	end();
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
		send(1);
	at = gw_recovery_send_at(&r, now);
	assert_in_range(at - now, 1, MS);
	assert_int_equal(gw_recovery_budget(&r, at - 1), 0);
	assert_true(gw_recovery_budget(&r, at) >= 10000);
	/* Unless the window leaves less than a train. */
	r.cc.window = r.sent.in_flight + 2 * D;
	assert_true(gw_recovery_send_at(&r, now) < at);
	end();
}

static void
less_than_a_datagram_is_nothing(void **state)
{
	(void)state;
	start(RTT);
	now += GW_SEC;
	r.cc.window = 2 * D;
	send(1);
	assert_int_equal(gw_recovery_budget(&r, now), D);
	r.cc.window = 2 * D - 1;
	assert_int_equal(gw_recovery_budget(&r, now), 0);
	assert_true(gw_recovery_send_at(&r, now) == GW_NEVER);
	end();
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
	send(50);
	assert_int_equal(gw_recovery_budget(&r, now), 50 * D);
	assert_int_equal(gw_recovery_send_at(&r, now), now);
	/* A train at a time. */
	r.cc.window = 1000 * D;
	assert_int_equal(gw_recovery_budget(&r, now), GW_PACER_BURST_MAX);
	/* And no more than the peer's socket holds. */
	gw_recovery_peer_buffer(&r, 60 * D);
	assert_int_equal(gw_recovery_budget(&r, now), 10 * D);
	end();
	start(RTT);
	assert_false(gw_recovery_stats(&r).lan);
	gw_recovery_peer_buffer(&r, D);
	assert_true(gw_recovery_budget(&r, now) > D);
	end();
}

static void
too_many_packets_stop_it(void **state)
{
	(void)state;
	start(500);
	r.cc.window = UINT64_MAX;
	while (gw_recovery_budget(&r, now) > 0)
		send(32);
	assert_in_range(number, GW_SENT_MAX - 1000, GW_SENT_MAX);
	assert_true(gw_recovery_send_at(&r, now) == GW_NEVER);
	send(2); /* probes still go */
	end();
}

/* ---- ACKs ---- */

static void
an_ack_gives_back_what_packets_carried(void **state)
{
	struct gw_fate f = { 0 };

	(void)state;
	start(0);
	send(5);
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
	end();
}

static void
what_was_never_sent_cannot_be_acknowledged(void **state)
{
	struct gw_fate f = { 0 };

	(void)state;
	start(RTT);
	assert_false(acked(0, 0));
	send(3);
	number++;
	send(3);
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
	end();
}

static void
ranges_out_of_order_are_refused(void **state)
{
	(void)state;
	start(RTT);
	send(10);
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
	end();
}

/* optimistic_ack: the window does not grow by what was never delivered. */
static void
an_ack_of_nothing_new_changes_nothing(void **state)
{
	uint64_t window;

	(void)state;
	start(0);
	send(10);
	now += RTT;
	assert_true(acked(0, 9));
	window = gw_recovery_stats(&r).window;
	for (unsigned i = 0; i < 100; i++) {
		now += MS;
		assert_true(acked(0, 9));
	}
	assert_int_equal(gw_recovery_stats(&r).window, window);
	assert_int_equal(gw_recovery_stats(&r).srtt, RTT);
	end();
}

/* ack_disorder: ACK frames that overtake each other. */
static void
acks_in_any_order_come_to_the_same(void **state)
{
	struct gw_fate f = { 0 };

	(void)state;
	start(RTT);
	send(30);
	now += RTT;
	assert_true(acked(10, 19));
	assert_true(acked(0, 9));
	assert_true(acked(10, 19));
	assert_true(acked(0, 29));
	assert_true(acked(5, 12));
	assert_true(acked(0, 29));
	assert_int_equal(fates(GW_FATE_ACKED, &f), 30);
	assert_int_equal(gw_recovery_stats(&r).in_flight, 0);
	end();
}

static void
only_the_newest_packet_measures_the_round_trip(void **state)
{
	(void)state;
	start(RTT);
	send(1);
	now += 10 * MS;
	send(1);
	now += RTT;
	assert_true(acked(1, 1));
	assert_int_equal(r.rtt.latest, RTT);
	now += 5 * MS;
	ack.v[0] = (struct gw_ack_range){ 0, 1 };
	assert_true(gw_recovery_acked(&r, &ack, now));
	assert_int_equal(r.rtt.latest, RTT);
	end();
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
	end();
}

/* ---- loss ---- */

static void
a_lost_packet_is_told_and_may_still_turn_up(void **state)
{
	struct gw_fate f = { 0 };
	uint64_t window;

	(void)state;
	start(RTT);
	send(10);
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
	/* It was none: as if nothing had happened. */
	assert_string_equal(gw_recovery_stats(&r).state, "SLOW_START");
	assert_true(gw_recovery_stats(&r).window >= window);
	end();
}

static void
the_loss_timer_finds_what_no_ack_does(void **state)
{
	struct gw_fate f = { 0 };
	gw_usec at;

	(void)state;
	start(RTT);
	send(1);
	now += MS;
	send(1);
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
	end();
}

/* quinn: congested_tail_loss */
static void
silence_is_probed_whatever_the_window_says(void **state)
{
	struct gw_sent_content content;
	struct gw_fate f = { 0 };

	(void)state;
	start(RTT);
	send(10);
	assert_int_equal(gw_recovery_budget(&r, now), 0);
	assert_int_equal(gw_recovery_probes(&r), 0);
	now = gw_recovery_deadline(&r);
	gw_recovery_tick(&r, now);
	assert_int_equal(gw_recovery_probes(&r), 2);
	assert_int_equal(fates(GW_FATE_LOST, &f), 0);
	assert_true(gw_recovery_oldest(&r, &content));
	assert_int_equal(content.offset, 0);
	send(1);
	assert_int_equal(gw_recovery_probes(&r), 1);
	send(1);
	assert_int_equal(gw_recovery_probes(&r), 0);
	assert_int_equal(gw_recovery_stats(&r).ptos, 1);
	now += RTT;
	assert_true(acked(11, 11));
	assert_true(fates(GW_FATE_LOST, &f) >= 8);
	end();
}

static void
the_oldest_is_the_oldest_that_is_out(void **state)
{
	struct gw_sent_content content;

	(void)state;
	start(RTT);
	assert_false(gw_recovery_oldest(&r, &content));
	send(2);
	send_as((struct gw_sent_packet){ .bytes = 60 });
	send(2);
	assert_true(acked(0, 1));
	assert_true(gw_recovery_oldest(&r, &content));
	assert_int_equal(content.offset, 3000);
	end();
}

static void
a_long_silence_is_persistent_congestion(void **state)
{
	(void)state;
	start(RTT);
	send(2);
	now += RTT;
	assert_true(acked(0, 1));
	for (unsigned i = 0; i < 10; i++) {
		send(2);
		now = gw_recovery_deadline(&r);
		gw_recovery_tick(&r, now);
	}
	send(1);
	now += RTT;
	assert_true(acked(number - 1, number - 1));
	assert_int_equal(gw_recovery_stats(&r).persistent, 1);
	assert_in_range(gw_recovery_stats(&r).window, 2 * D, 4 * D);
	end();
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
	send(4);
	now += RTT;
	window = gw_recovery_stats(&r).window;
	assert_true(acked(1, 4));
	assert_int_equal(fates(GW_FATE_LOST, &f), 1);
	assert_true(f.mtu_probe);
	assert_int_equal(gw_recovery_stats(&r).lost.packets, 0);
	assert_true(gw_recovery_stats(&r).window >= window);
	end();
}

/* ---- ECN ---- */

static void
marks_are_validated_and_then_counted(void **state)
{
	(void)state;
	start(RTT);
	assert_true(gw_recovery_ect(&r));
	send(10);
	assert_false(gw_recovery_ect(&r)); /* it waits for the proof */
	now += RTT;
	memset(&ack, 0, sizeof(ack));
	ack.v[0] = (struct gw_ack_range){ 0, 9 };
	ack.count = 1;
	ack.ecn = true;
	ack.ect0 = 10;
	assert_true(gw_recovery_acked(&r, &ack, now));
	assert_true(gw_recovery_ect(&r));
	send(10);
	now += RTT;
	ack.v[0].last = 19;
	ack.ect0 = 18;
	ack.ce = 2;
	assert_true(gw_recovery_acked(&r, &ack, now));
	assert_int_equal(gw_recovery_stats(&r).ce, 2);
	assert_string_equal(gw_recovery_stats(&r).state, "RECOVERY");
	end();
}

static void
a_bleached_path_is_not_marked_any_more(void **state)
{
	(void)state;
	start(RTT);
	send(10);
	now += RTT;
	assert_true(acked(0, 9));
	assert_false(gw_recovery_ect(&r));
	end();
	start_with(
	    &(struct gw_recovery_options){ .datagram = D, .no_ecn = true });
	assert_false(gw_recovery_ect(&r));
	end();
}

/* ---- paths ---- */

static void
another_path_starts_anew(void **state)
{
	struct gw_fate f = { 0 };
	struct gw_recovery_stats s;

	(void)state;
	start(RTT);
	send(10);
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
	send(2);
	now += 2 * RTT;
	assert_true(acked(0, number - 1));
	assert_int_equal(gw_recovery_stats(&r).min_rtt, 2 * RTT);
	end();
}

static void
another_port_changes_nothing(void **state)
{
	struct gw_fate f = { 0 };

	(void)state;
	start(RTT);
	send(10);
	now = gw_recovery_deadline(&r);
	gw_recovery_tick(&r, now);
	gw_recovery_new_path(&r, false, now);
	assert_int_equal(fates(GW_FATE_LOST, &f), 0);
	assert_int_equal(gw_recovery_stats(&r).min_rtt, RTT);
	assert_int_equal(gw_recovery_stats(&r).in_flight, 10 * D);
	/* The probe timer starts from the beginning. */
	assert_int_equal(r.loss.pto_count, 0);
	end();
}

static void
larger_datagrams_are_taken_up(void **state)
{
	(void)state;
	start(RTT);
	now += GW_SEC;
	r.cc.window = 12000;
	send(1);
	gw_recovery_datagram(&r, 8900, now);
	assert_int_equal(gw_recovery_stats(&r).quantum, 17800);
	assert_true(gw_recovery_budget(&r, now) >= 8900 ||
		    gw_recovery_send_at(&r, now) != GW_NEVER);
	r.cc.window = 9000;
	assert_int_equal(gw_recovery_budget(&r, now), 0);
	end();
}

/* ---- what the peer is asked ---- */

/* quinn: ack_frequency_* */
static void
acks_are_thinned_as_the_window_grows(void **state)
{
	struct gw_ack_frequency f;

	(void)state;
	start(RTT);
	assert_true(gw_recovery_ack_frequency(&r, &f));
	assert_int_equal(f.threshold, 2);
	assert_int_equal(f.max_delay, RTT / 8);
	assert_int_equal(f.reorder, 1);
	assert_false(gw_recovery_ack_frequency(&r, &f));
	r.cc.window = 1600 * D;
	assert_false(gw_recovery_ack_frequency(&r, &f)); /* too early */
	r.n_acked.packets = 100;
	assert_true(gw_recovery_ack_frequency(&r, &f));
	assert_int_equal(f.threshold, 64);
	r.cc.window = 640 * D;
	assert_false(gw_recovery_ack_frequency(&r, &f)); /* not worth it */
	r.cc.window = 320 * D;
	assert_true(gw_recovery_ack_frequency(&r, &f));
	assert_int_equal(f.threshold, 20);
	r.loss.reordering = true;
	assert_true(gw_recovery_ack_frequency(&r, &f));
	assert_int_equal(f.reorder, 0);
	end();
}

/* picoquic: bbr_asym100 */
static void
a_raised_rtt_thins_them_more(void **state)
{
	struct gw_ack_frequency f;
	uint32_t last = 0;

	(void)state;
	start(2 * MS);
	r.n_acked.packets = 100;
	r.delivery_rate = 1000000;
	for (unsigned i = 0; i < 5; i++) {
		send(1);
		now += 2 * MS;
		r.rtt.smoothed = 20 * MS;
		assert_true(acked(number - 1, number - 1));
		gw_loss_detect(&r.loss, &r.sent, &r.rtt, now,
		    &(struct gw_loss_found){ 0 });
		r.rtt.smoothed = 20 * MS;
		if (gw_recovery_ack_frequency(&r, &f))
			last = f.threshold;
	}
	assert_int_equal(last, 8);
	/* Time for so many to come. */
	assert_in_range(f.max_delay, 8 * D - 10, 25000);
	end();
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
				send((unsigned)random_below(10));
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
		end();
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
	end();
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
	send(1);
	end();
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
		cmocka_unit_test(a_lost_mtu_probe_is_told_and_costs_nothing),
		cmocka_unit_test(marks_are_validated_and_then_counted),
		cmocka_unit_test(a_bleached_path_is_not_marked_any_more),
		cmocka_unit_test(another_path_starts_anew),
		cmocka_unit_test(another_port_changes_nothing),
		cmocka_unit_test(larger_datagrams_are_taken_up),
		cmocka_unit_test(acks_are_thinned_as_the_window_grows),
		cmocka_unit_test(a_raised_rtt_thins_them_more),
		cmocka_unit_test(whatever_happens_each_packet_has_one_fate),
		cmocka_unit_test(without_memory_it_does_not_start),
		cmocka_unit_test(a_packet_without_memory_was_not_sent),
	};

	return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
