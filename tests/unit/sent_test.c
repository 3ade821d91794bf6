#include "session/udp/sent.h"

#include <string.h>

#include "alloc.h"
#include "test.h"

static struct gw_sent s;
static struct gw_sent_news news;

enum { BYTES = 1200 };

static enum gw_err
add(uint64_t number, bool eliciting, gw_usec now)
{
	const struct gw_train *last = gw_sent_last_train(&s);
	const struct gw_train train = { .sent = now };
	const struct gw_sent_packet p = {
		.number = number,
		.bytes = BYTES,
		.eliciting = eliciting,
		.ect = number % 2 == 0,
		.content = { number * 1000, 1000, 3, 7 },
	};

	return gw_sent_add(
	    &s, &p, last != NULL && last->sent == now ? NULL : &train);
}

static void
start(unsigned packets)
{
	const struct gw_sent_news none = GW_SENT_NEWS_INIT;

	news = none;
	assert_int_equal(gw_sent_init(&s), GW_OK);
	for (unsigned i = 0; i < packets; i++)
		assert_int_equal(add(i, true, 10 + i / 40), GW_OK);
}

static struct gw_fate
fate(void)
{
	struct gw_fate f;

	assert_true(gw_sent_fate(&s, &f));
	return f;
}

static void
what_is_sent_is_in_flight_until_its_fate_is_known(void **state)
{
	struct gw_fate f;

	(void)state;
	start(10);
	assert_int_equal(s.in_flight, 10 * BYTES);
	assert_int_equal(gw_sent_acked(&s, 2, 4, &news), 5);
	gw_sent_lost(&s, 0);
	assert_int_equal(s.in_flight, 6 * BYTES);
	assert_int_equal(s.eliciting, 6);
	assert_int_equal(news.packets, 3);
	assert_int_equal(news.bytes, 3 * BYTES);
	assert_int_equal(news.marked, 2);
	assert_int_equal(news.oldest, 2);
	assert_int_equal(news.newest, 4);
	for (unsigned i = 2; i <= 4; i++) {
		f = fate();
		assert_int_equal(f.kind, GW_FATE_ACKED);
		assert_int_equal(f.number, i);
		assert_int_equal(f.content.offset, i * 1000);
		assert_int_equal(f.content.controls, 7);
		assert_false(f.late);
	}
	f = fate();
	assert_int_equal(f.kind, GW_FATE_LOST);
	assert_int_equal(f.number, 0);
	assert_int_equal(f.bytes, BYTES);
	assert_false(gw_sent_fate(&s, &f));
	gw_sent_fini(&s);
}

static void
an_ack_counts_once(void **state)
{
	(void)state;
	start(10);
	gw_sent_acked(&s, 0, 9, &news);
	gw_sent_acked(&s, 0, 9, &news);
	assert_int_equal(news.packets, 10);
	assert_int_equal(s.in_flight, 0);
	gw_sent_fini(&s);
}

static void
a_lost_packet_that_turns_up_is_late(void **state)
{
	struct gw_fate f;

	(void)state;
	start(3);
	gw_sent_lost(&s, 1);
	assert_int_equal(fate().kind, GW_FATE_LOST);
	/* An ACK stops there, for its finder to be told. */
	assert_int_equal(gw_sent_acked(&s, 0, 2, &news), 1);
	gw_sent_found(&s, 1, &news);
	assert_int_equal(gw_sent_acked(&s, 2, 2, &news), 3);
	assert_int_equal(news.packets, 3);
	assert_int_equal(s.in_flight, 0);
	assert_false(fate().late);
	f = fate();
	assert_int_equal(f.number, 1);
	assert_int_equal(f.kind, GW_FATE_ACKED);
	assert_true(f.late);
	gw_sent_fini(&s);
}

static void
who_has_not_heard_of_a_loss_does_not_hear_of_it(void **state)
{
	struct gw_fate f;

	(void)state;
	start(1);
	gw_sent_lost(&s, 0);
	gw_sent_found(&s, 0, &news);
	f = fate();
	assert_int_equal(f.kind, GW_FATE_ACKED);
	assert_false(f.late);
	assert_false(gw_sent_fate(&s, &f));
	gw_sent_fini(&s);
}

static void
acks_alone_are_not_in_flight_but_have_a_fate(void **state)
{
	(void)state;
	start(0);
	assert_int_equal(add(0, false, 1), GW_OK);
	assert_int_equal(s.in_flight, 0);
	assert_int_equal(s.eliciting, 0);
	gw_sent_acked(&s, 0, 0, &news);
	assert_int_equal(news.packets, 1);
	assert_int_equal(news.bytes, 0);
	assert_true(news.newest_eliciting == GW_SENT_NONE);
	assert_false(fate().eliciting);
	gw_sent_fini(&s);
}

static void
packets_are_let_go_in_order_when_their_fate_was_taken(void **state)
{
	struct gw_fate f;

	(void)state;
	start(5);
	gw_sent_acked(&s, 0, 2, &news);
	gw_sent_lost(&s, 3);
	gw_sent_forget(&s, UINT64_MAX);
	assert_int_equal(s.base, 0);
	fate();
	gw_sent_forget(&s, UINT64_MAX);
	assert_int_equal(s.base, 1);
	while (gw_sent_fate(&s, &f))
		;
	gw_sent_forget(&s, 10);
	assert_int_equal(s.base, 3); /* it may still turn up */
	gw_sent_forget(&s, 11);
	assert_int_equal(s.base, 4); /* not any more; 4 is out */
	gw_sent_forget(&s, UINT64_MAX);
	assert_int_equal(s.base, 4);
	gw_sent_fini(&s);
}

static void
acks_alone_are_forgotten_without_an_answer(void **state)
{
	(void)state;
	start(0);
	for (unsigned i = 0; i < 100000; i++) {
		assert_int_equal(add(i, false, i), GW_OK);
		gw_sent_forget(&s, i > 100 ? i - 100 : 0);
	}
	assert_int_equal(s.cap, 256);
	gw_sent_fini(&s);
}

/* Far apart in number, with a fate each, in odd order. */
static void
it_grows_and_keeps_what_it_knows(void **state)
{
	enum { N = 5000 };
	struct gw_fate f;
	unsigned n = 0;

	(void)state;
	start(N);
	assert_true(s.cap >= N);
	for (unsigned i = N; i-- > 0;)
		if (i % 3 == 0)
			gw_sent_lost(&s, i);
	for (unsigned i = 0; i < N; i++) {
		const struct gw_sent_entry *e = gw_sent_at(&s, i);

		assert_int_equal(e->content.offset, i * 1000);
		assert_int_equal(gw_sent_train(&s, e)->sent, 10 + i / 40);
	}
	for (unsigned i = N; i-- > 0;)
		if (i % 3 == 0) {
			assert_int_equal(
			    add(N + n, true, 10 + N / 40 + n), GW_OK);
			n++;
			assert_true(gw_sent_fate(&s, &f));
			assert_int_equal(f.number, i);
		}
	gw_sent_fini(&s);
}

/* Years of packets in a ring of a few. */
static void
numbers_go_round_the_ring(void **state)
{
	struct gw_fate f;

	(void)state;
	start(0);
	for (uint64_t i = 0; i < 200000; i++) {
		assert_int_equal(add(i, true, i), GW_OK);
		if (i >= 100) {
			gw_sent_acked(&s, i - 100, i - 100, &news);
			assert_true(gw_sent_fate(&s, &f));
			assert_int_equal(f.number, i - 100);
			gw_sent_forget(&s, 0);
		}
	}
	assert_int_equal(s.cap, 256);
	assert_int_equal(s.train_cap, 256);
	assert_int_equal(s.in_flight, 100 * BYTES);
	gw_sent_fini(&s);
}

static void
fates_are_in_order_across_four_billion(void **state)
{
	const uint64_t first = UINT32_MAX - UINT64_C(2);
	struct gw_fate f;

	(void)state;
	start(0);
	s.base = s.oldest = s.end = first;
	for (uint64_t i = 0; i < 6; i++)
		assert_int_equal(add(first + i, true, 1), GW_OK);
	gw_sent_acked(&s, first, first + 5, &news);
	for (uint64_t i = 0; i < 6; i++) {
		f = fate();
		assert_true(f.number == first + i);
	}
	assert_false(gw_sent_fate(&s, &f));
	gw_sent_fini(&s);
}

static void
numbers_left_out_are_known(void **state)
{
	(void)state;
	start(3);
	assert_int_equal(add(4, true, 20), GW_OK);
	assert_int_equal(add(9, true, 21), GW_OK);
	assert_int_equal(gw_sent_at(&s, 3)->state, GW_SENT_LEFT_OUT);
	assert_true(gw_sent_hits_gap(&s, 0, 3));
	assert_true(gw_sent_hits_gap(&s, 3, 3));
	assert_true(gw_sent_hits_gap(&s, 8, 20));
	assert_false(gw_sent_hits_gap(&s, 0, 2));
	assert_false(gw_sent_hits_gap(&s, 4, 4));
	assert_false(gw_sent_hits_gap(&s, 9, 9));
	/* They hold nothing back, and are remembered after that. */
	gw_sent_acked(&s, 0, 2, &news);
	gw_sent_acked(&s, 4, 4, &news);
	for (unsigned i = 0; i < 4; i++)
		fate();
	gw_sent_forget(&s, 0);
	assert_int_equal(s.base, 9);
	assert_true(gw_sent_hits_gap(&s, 3, 3));
	gw_sent_fini(&s);
}

static void
the_last_gaps_are_remembered(void **state)
{
	(void)state;
	start(0);
	for (unsigned i = 1; i <= 20; i++)
		assert_int_equal(add(2 * i, true, i), GW_OK);
	assert_true(gw_sent_hits_gap(&s, 39, 39));
	assert_true(gw_sent_hits_gap(&s, 25, 25));
	assert_false(gw_sent_hits_gap(&s, 23, 23));
	gw_sent_fini(&s);
}

static void
too_many_are_refused_and_nothing_changes(void **state)
{
	uint64_t i = 0;

	(void)state;
	start(0);
	for (; !gw_sent_full(&s); i++)
		assert_int_equal(add(i, true, i / 64), GW_OK);
	for (; s.end - s.base < GW_SENT_MAX; i++)
		assert_int_equal(add(i, true, i / 64), GW_OK);
	assert_int_equal(add(i, true, i / 64), GW_E_LIMIT);
	assert_int_equal(s.end, i);
	assert_int_equal(s.in_flight, i * BYTES);
	gw_sent_fini(&s);
}

static void
a_path_that_is_left_takes_what_was_out_with_it(void **state)
{
	(void)state;
	start(4);
	gw_sent_acked(&s, 1, 1, &news);
	gw_sent_leave_path(&s);
	assert_int_equal(s.in_flight, 0);
	assert_int_equal(s.eliciting, 0);
	fate();
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(fate().kind, GW_FATE_LOST);
	/* Its ACK says nothing of the new path. */
	news.bytes = 0;
	gw_sent_found(&s, 2, &news);
	assert_int_equal(news.bytes, 0);
	assert_true(fate().late);
	gw_sent_fini(&s);
}

static void
without_memory_nothing_changes(void **state)
{
	enum gw_err err = GW_E_MEMORY;

	(void)state;
	for (long n = 0; err != GW_OK; n++) {
		test_fail_alloc(n);
		err = gw_sent_init(&s);
		test_fail_alloc(-1);
		assert_true(err == GW_OK || n < 2);
	}
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(add(i, true, i), GW_OK);
	err = GW_E_MEMORY;
	for (long n = 0; err != GW_OK; n++) {
		test_fail_alloc(n);
		err = add(256, true, 256);
		test_fail_alloc(-1);
		if (err != GW_OK) {
			assert_int_equal(err, GW_E_MEMORY);
			assert_int_equal(s.end, 256);
			assert_int_equal(s.in_flight, 256 * BYTES);
			assert_int_equal(gw_sent_last_train(&s)->sent, 255);
		}
	}
	assert_int_equal(s.end, 257);
	gw_sent_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_is_sent_is_in_flight_until_its_fate_is_known),
		cmocka_unit_test(an_ack_counts_once),
		cmocka_unit_test(a_lost_packet_that_turns_up_is_late),
		cmocka_unit_test(
		    who_has_not_heard_of_a_loss_does_not_hear_of_it),
		cmocka_unit_test(acks_alone_are_not_in_flight_but_have_a_fate),
		cmocka_unit_test(
		    packets_are_let_go_in_order_when_their_fate_was_taken),
		cmocka_unit_test(acks_alone_are_forgotten_without_an_answer),
		cmocka_unit_test(it_grows_and_keeps_what_it_knows),
		cmocka_unit_test(numbers_go_round_the_ring),
		cmocka_unit_test(fates_are_in_order_across_four_billion),
		cmocka_unit_test(numbers_left_out_are_known),
		cmocka_unit_test(the_last_gaps_are_remembered),
		cmocka_unit_test(too_many_are_refused_and_nothing_changes),
		cmocka_unit_test(
		    a_path_that_is_left_takes_what_was_out_with_it),
		cmocka_unit_test(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests_name("sent", tests, NULL, NULL);
}
