#include <stdlib.h>

#include "ack_out_fixture.h"
#include "test.h"

/* ---- ranges ---- */

/* The ranges are those of a plain array of flags, newest first. */
static void
compare(const bool *model, uint64_t top)
{
	unsigned i = 0;

	assert_true(gw_ack_out_fill(&a, &ack, now));
	for (uint64_t at = top; at > 0 && i < ack.count;) {
		uint64_t last;

		while (at > 0 && !model[at - 1])
			at--;
		if (at == 0)
			break;
		last = at - 1;
		while (at > 0 && model[at - 1])
			at--;
		assert_int_equal(ack.v[i].last, last);
		assert_int_equal(ack.v[i].first, at);
		i++;
	}
	assert_int_equal(i, ack.count);
}

static void
ranges_are_those_of_what_came(void **state)
{
	enum { PACKETS = 400 };
	uint32_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		bool model[PACKETS] = { false };

		start();
		for (unsigned step = 0; step < 3 * PACKETS; step++) {
			uint64_t n;

			seed = seed * 1664525 + 1013904223;
			n = (seed >> 8) % (1 + step % PACKETS);
			assert_int_equal(gw_ack_out_is_new(&a, n), !model[n]);
			if (model[n])
				continue;
			came(n);
			model[n] = true;
			compare(model, PACKETS);
		}
		gw_ack_out_fini(&a);
	}
}

static void
the_oldest_ranges_are_forgotten(void **state)
{
	(void)state;
	start();
	for (uint64_t n = 0; n < GW_ACK_RANGES; n++)
		came(10 + 2 * n);
	assert_true(gw_ack_out_fill(&a, &ack, now));
	assert_int_equal(ack.count, GW_ACK_RANGES);
	assert_int_equal(ack.v[GW_ACK_RANGES - 1].first, 10);
	came(1000);
	assert_true(gw_ack_out_fill(&a, &ack, now));
	assert_int_equal(ack.count, GW_ACK_RANGES);
	assert_int_equal(ack.v[0].last, 1000);
	assert_int_equal(ack.v[GW_ACK_RANGES - 1].first, 12);
	/* In between: the oldest goes for it. */
	came(900);
	assert_true(gw_ack_out_fill(&a, &ack, now));
	assert_int_equal(ack.v[1].last, 900);
	assert_int_equal(ack.v[GW_ACK_RANGES - 1].first, 14);
	/* Older than all: not told, and still no second time. */
	came(2);
	assert_true(gw_ack_out_fill(&a, &ack, now));
	assert_int_equal(ack.v[GW_ACK_RANGES - 1].first, 14);
	assert_false(gw_ack_out_is_new(&a, 2));
	assert_false(gw_ack_out_is_new(&a, 10));
	/* What joins two makes room. */
	came(15);
	assert_true(gw_ack_out_fill(&a, &ack, now));
	assert_int_equal(ack.count, GW_ACK_RANGES - 1);
	gw_ack_out_fini(&a);
}

/* ---- ACKs of ACKs ---- */

static void
what_the_peer_knows_is_not_told_again(void **state)
{
	uint64_t first;

	(void)state;
	start();
	for (uint64_t n = 0; n < 20; n += 2)
		came(n);
	first = tell();
	assert_int_equal(ack.count, 10);
	came(20);
	came(22);
	gw_ack_out_acked(&a, first);
	tell();
	assert_int_equal(ack.count, 2);
	assert_int_equal(ack.v[0].last, 22);
	assert_int_equal(ack.v[1].first, 20);
	/* It is known all the same. */
	assert_false(gw_ack_out_is_new(&a, 18));
	assert_true(gw_ack_out_is_new(&a, 17));
	gw_ack_out_acked(&a, 77); /* carried none */
	tell();
	assert_int_equal(ack.count, 2);
	gw_ack_out_fini(&a);
}

static void
the_largest_is_always_told(void **state)
{
	uint64_t first;

	(void)state;
	start();
	came(0);
	gw_ack_out_acked(&a, tell());
	tell();
	assert_int_equal(ack.v[0].last, 0);
	came(1);
	came(2);
	first = tell();
	gw_ack_out_acked(&a, first);
	gw_ack_out_acked(&a, first);
	tell();
	assert_int_equal(ack.count, 1);
	assert_int_equal(ack.v[0].first, 2);
	assert_int_equal(ack.v[0].last, 2);
	gw_ack_out_acked(&a, tell());
	tell();
	assert_int_equal(ack.v[0].first, 2);
	gw_ack_out_fini(&a);
}

static void
what_came_since_is_told_still(void **state)
{
	uint64_t first, second;

	(void)state;
	start();
	came(1);
	came(3);
	first = tell(); /* 3, 1 */
	came(5);
	second = tell(); /* 5, 3, 1 */
	came(2);
	gw_ack_out_acked(&a, first);
	tell();
	assert_int_equal(ack.count, 2);
	assert_int_equal(ack.v[1].first, 1); /* 2 was not in it */
	assert_int_equal(ack.v[1].last, 2);
	gw_ack_out_acked(&a, second);
	tell();
	assert_int_equal(ack.count, 2);
	gw_ack_out_acked(&a, tell());
	tell();
	assert_int_equal(ack.count, 1);
	gw_ack_out_fini(&a);
}

static void
ranges_that_did_not_fit_are_kept(void **state)
{
	uint64_t first;

	(void)state;
	start();
	for (uint64_t n = 1; n < 20; n += 2)
		came(n);
	assert_true(gw_ack_out_fill(&a, &ack, now));
	ack.count = 3; /* 19, 17, 15 */
	first = carrier++;
	gw_ack_out_sent(&a, first, &ack);
	gw_ack_out_acked(&a, first);
	assert_true(gw_ack_out_fill(&a, &ack, now));
	assert_int_equal(ack.count, 8);
	assert_int_equal(ack.v[0].last, 19);
	assert_int_equal(ack.v[1].last, 13);
	assert_int_equal(ack.v[7].last, 1);
	gw_ack_out_fini(&a);
}

/* A range of which the peer knows the middle. */
static void
a_range_may_be_split(void **state)
{
	uint64_t first;

	(void)state;
	start();
	for (uint64_t n = 10; n < 20; n++)
		came(n);
	first = tell(); /* 10-19 */
	for (uint64_t n = 20; n < 25; n++)
		came(n);
	for (uint64_t n = 5; n < 10; n++)
		came(n);
	gw_ack_out_acked(&a, first);
	tell();
	assert_int_equal(ack.count, 2);
	assert_int_equal(ack.v[0].last, 24);
	assert_int_equal(ack.v[0].first, 20);
	assert_int_equal(ack.v[1].last, 9);
	assert_int_equal(ack.v[1].first, 5);
	gw_ack_out_fini(&a);
}

/* What came late below the largest, or above what an ACK told. */
static void
ranges_stay_apart(void **state)
{
	uint64_t first;

	(void)state;
	start();
	came(5);
	first = tell();
	came(4);
	gw_ack_out_acked(&a, first);
	tell();
	assert_int_equal(ack.count, 1);
	assert_int_equal(ack.v[0].first, 4);
	assert_int_equal(ack.v[0].last, 5);
	gw_ack_out_fini(&a);

	start();
	came(1);
	first = tell();
	came(5);
	came(3);
	gw_ack_out_acked(&a, first);
	tell();
	assert_int_equal(ack.count, 2);
	assert_int_equal(ack.v[1].first, 3);
	gw_ack_out_fini(&a);
}

static void
no_room_to_split_a_range_costs_nothing(void **state)
{
	uint64_t first;

	(void)state;
	start();
	for (uint64_t n = 1000; n < 1010; n++)
		came(n);
	first = tell();
	came(1010);
	came(999);
	for (uint64_t n = 0; n < GW_ACK_RANGES - 1; n++)
		came(10 + 2 * n);
	gw_ack_out_acked(&a, first);
	tell();
	assert_int_equal(ack.count, GW_ACK_RANGES);
	assert_int_equal(ack.v[0].first, 999);
	assert_int_equal(ack.v[GW_ACK_RANGES - 1].first, 10);
	gw_ack_out_fini(&a);
}

/* Every packet is told until the peer knows it: whatever is lost, in either
 * direction, an ACK that arrives later makes up for it. */
static void
every_packet_is_known_in_the_end(void **state)
{
	enum { PACKETS = 3000 };
	bool *known = calloc(PACKETS, sizeof(*known));
	bool *got = calloc(PACKETS, sizeof(*got));
	uint32_t seed = 3;

	(void)state;
	assert_non_null(known);
	assert_non_null(got);
	start();
	for (uint64_t n = 0; n < PACKETS; n++) {
		uint64_t at, number;

		seed = seed * 1664525 + 1013904223;
		at = n > 50 ? n - (seed >> 8) % 50 : n;
		if ((seed >> 28) < 3 || !gw_ack_out_is_new(&a, at))
			continue;
		came(at);
		got[at] = true;
		if (!due())
			continue;
		number = tell();
		if ((seed >> 20) % 4 == 0)
			continue; /* the ACK is lost */
		for (unsigned i = 0; i < ack.count; i++)
			for (uint64_t k = ack.v[i].first; k <= ack.v[i].last;
			     k++)
				known[k] = true;
		if ((seed >> 22) % 4 != 0)
			gw_ack_out_acked(&a, number);
		assert_in_range(a.count, 1, 100);
	}
	tell();
	for (unsigned i = 0; i < ack.count; i++)
		for (uint64_t k = ack.v[i].first; k <= ack.v[i].last; k++)
			known[k] = true;
	for (uint64_t n = 0; n < PACKETS; n++)
		assert_int_equal(known[n], got[n]);
	free(known);
	free(got);
	gw_ack_out_fini(&a);
}

static void
now_and_then_an_answer_is_wanted(void **state)
{
	unsigned wanted = 0;

	(void)state;
	start();
	for (uint64_t n = 0; n < 2000; n += 2) {
		came(n);
		if (n < 30)
			assert_false(gw_ack_out_wants_answer(&a));
		wanted += gw_ack_out_wants_answer(&a);
		tell();
	}
	assert_in_range(wanted, 25, 35);
	gw_ack_out_acked(&a, carrier - 1);
	assert_false(gw_ack_out_wants_answer(&a));
	assert_int_equal(a.count, 1);
	gw_ack_out_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_those_of_what_came),
		cmocka_unit_test(the_oldest_ranges_are_forgotten),
		cmocka_unit_test(what_the_peer_knows_is_not_told_again),
		cmocka_unit_test(the_largest_is_always_told),
		cmocka_unit_test(what_came_since_is_told_still),
		cmocka_unit_test(ranges_that_did_not_fit_are_kept),
		cmocka_unit_test(a_range_may_be_split),
		cmocka_unit_test(ranges_stay_apart),
		cmocka_unit_test(no_room_to_split_a_range_costs_nothing),
		cmocka_unit_test(every_packet_is_known_in_the_end),
		cmocka_unit_test(now_and_then_an_answer_is_wanted),
	};

	return cmocka_run_group_tests_name("ack_out_told", tests, NULL, NULL);
}
