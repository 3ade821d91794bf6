#include "session/udp/send_stream.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base/assert.h"
#include "test.h"
#include "wire/limits.h"

enum { MAX = 1 << 16, FIRST = GW_SEND_STREAM_MIN, PACKET = 1000 };

static const uint64_t all = UINT64_MAX; /* no window */

static struct gw_send_stream s;
static struct gw_chunk c;

static uint8_t
byte_at(uint64_t offset)
{
	return (uint8_t)((offset * UINT64_C(0x9e3779b97f4a7c15)) >> 56);
}

/* Write the next n bytes; returns how many were taken. */
static size_t
put(size_t n)
{
	uint8_t *data = malloc(n + 1);
	size_t taken = 77;

	assert_non_null(data);
	for (size_t i = 0; i < n; i++)
		data[i] = byte_at(s.end + i);
	assert_int_equal(
	    gw_send_stream_write(&s, gw_slice(data, n), &taken), GW_OK);
	free(data);
	return taken;
}

/* The next chunk is this one; it is sent. */
static void
sends(uint64_t offset, size_t n, bool end)
{
	assert_true(gw_send_stream_has(&s, all));
	assert_true(gw_send_stream_next(&s, PACKET, all, &c));
	assert_int_equal(c.offset, offset);
	assert_int_equal(c.data.n, n);
	assert_int_equal(c.end, end);
	assert_int_equal(c.again, offset < s.next);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(c.data.p[i], byte_at(offset + i));
	if (n > 0)
		assert_ptr_equal(c.at, c.data.p);
	gw_send_stream_sent(&s, &c);
}

static void
sends_nothing(void)
{
	assert_false(gw_send_stream_has(&s, all));
	assert_false(gw_send_stream_next(&s, PACKET, all, &c));
}

static void
lost(uint64_t offset, uint64_t n, bool end)
{
	gw_send_stream_lost(&s, offset, n, end);
}

static void
acked(uint64_t offset, uint64_t n, bool end)
{
	gw_send_stream_acked(&s, offset, n, end);
}

static void
new_data_leaves_in_order(void **state)
{
	(void)state;
	gw_send_stream_init(&s, MAX);
	sends_nothing();
	assert_int_equal(put(2500), 2500);
	assert_int_equal(gw_send_stream_unsent(&s), 2500);
	sends(0, 1000, false);
	sends(1000, 1000, false);
	assert_int_equal(put(100), 100);
	sends(2000, 600, false);
	sends_nothing();
	assert_int_equal(gw_send_stream_unsent(&s), 0);
	assert_int_equal(gw_send_stream_size(&s), 2600);
	gw_send_stream_fini(&s);
}

static void
a_window_stops_what_is_new(void **state)
{
	(void)state;
	gw_send_stream_init(&s, MAX);
	put(3000);
	assert_true(gw_send_stream_has(&s, 1));
	assert_true(gw_send_stream_next(&s, PACKET, 700, &c));
	assert_int_equal(c.data.n, 700);
	gw_send_stream_sent(&s, &c);
	assert_false(gw_send_stream_has(&s, 700));
	assert_false(gw_send_stream_next(&s, PACKET, 700, &c));
	assert_false(gw_send_stream_next(&s, PACKET, 0, &c));
	/* Not what is sent again, nor END alone. */
	lost(100, 200, false);
	assert_true(gw_send_stream_next(&s, PACKET, 0, &c));
	assert_int_equal(c.offset, 100);
	assert_true(c.again);
	gw_send_stream_sent(&s, &c);
	assert_false(gw_send_stream_has(&s, 700));
	gw_send_stream_end(&s);
	assert_false(gw_send_stream_has(&s, 700));
	while (gw_send_stream_next(&s, PACKET, 3000, &c))
		gw_send_stream_sent(&s, &c);
	lost(0, 0, true);
	assert_true(gw_send_stream_next(&s, PACKET, 0, &c));
	assert_int_equal(c.offset, 3000);
	assert_int_equal(c.data.n, 0);
	assert_true(c.end);
	gw_send_stream_fini(&s);
}

static void
the_end_goes_with_the_last_data(void **state)
{
	(void)state;
	gw_send_stream_init(&s, MAX);
	put(1500);
	gw_send_stream_end(&s);
	assert_int_equal(gw_send_stream_room(&s), 0);
	sends(0, 1000, false);
	sends(1000, 500, true);
	sends_nothing();
	acked(1000, 500, true);
	assert_false(gw_send_stream_done(&s));
	acked(0, 1000, false);
	assert_true(gw_send_stream_done(&s));
	assert_null(s.ring.buf);
	assert_int_equal(gw_send_stream_size(&s), 1500);
	/* Whatever comes later about it is old news. */
	acked(1000, 500, true);
	lost(0, 1000, false);
	lost(1000, 500, true);
	sends_nothing();
	assert_true(gw_send_stream_done(&s));
	gw_send_stream_fini(&s);
}

static void
the_end_goes_alone_when_data_has_gone(void **state)
{
	(void)state;
	gw_send_stream_init(&s, MAX);
	put(10);
	sends(0, 10, false);
	gw_send_stream_end(&s);
	sends(10, 0, true);
	sends_nothing();
	lost(10, 0, true);
	sends(10, 0, true);
	/* With data that is lost as well it goes together. */
	lost(10, 0, true);
	lost(0, 10, false);
	sends(0, 10, true);
	sends_nothing();
	acked(0, 10, true);
	assert_true(gw_send_stream_done(&s));
	gw_send_stream_fini(&s);

	/* Of a stream with nothing in it. */
	gw_send_stream_init(&s, MAX);
	gw_send_stream_end(&s);
	sends(0, 0, true);
	acked(0, 0, true);
	assert_true(gw_send_stream_done(&s));
	gw_send_stream_fini(&s);
}

static void
lost_data_goes_first_and_lowest_first(void **state)
{
	(void)state;
	gw_send_stream_init(&s, MAX);
	put(6000);
	for (uint64_t at = 0; at < 5000; at += 1000)
		sends(at, 1000, false);
	lost(3000, 1000, false);
	lost(1000, 500, false);
	sends(1000, 500, false);
	lost(0, 1000, false);
	sends(0, 1000, false);
	sends(3000, 1000, false);
	sends(5000, 1000, false);
	sends_nothing();
	/* What touches goes together; what is too long goes in pieces. */
	lost(1000, 700, false);
	lost(1700, 800, false);
	sends(1000, 1000, false);
	sends(2000, 500, false);
	sends_nothing();
	gw_send_stream_fini(&s);
}

static void
what_arrived_all_the_same_is_not_sent(void **state)
{
	(void)state;
	gw_send_stream_init(&s, MAX);
	put(5000);
	gw_send_stream_end(&s);
	for (uint64_t at = 0; at < 5000; at += 1000)
		sends(at, 1000, at == 4000);
	lost(0, 1000, false);
	lost(1000, 1000, false);
	lost(4000, 1000, true);
	acked(1000, 1000, false); /* late */
	sends(0, 1000, false);
	acked(4000, 1000, true);
	sends_nothing();
	/* Lost is one of two that were sent. */
	lost(1000, 1000, false);
	lost(0, 3000, false);
	sends(0, 1000, false);
	sends(2000, 1000, false);
	lost(3500, 1500, true);
	sends(3500, 500, false);
	sends_nothing();
	acked(0, 5000, false);
	assert_true(gw_send_stream_done(&s));
	gw_send_stream_fini(&s);
}

/* A chunk that the owner could not take whole. */
static void
a_chunk_may_be_cut(void **state)
{
	(void)state;
	gw_send_stream_init(&s, MAX);
	put(1000);
	gw_send_stream_end(&s);
	assert_true(gw_send_stream_next(&s, PACKET, all, &c));
	assert_true(c.end);
	c.data.n = 300;
	c.end = false;
	gw_send_stream_sent(&s, &c);
	lost(0, 300, false);
	assert_true(gw_send_stream_next(&s, PACKET, all, &c));
	c.data.n = 100;
	gw_send_stream_sent(&s, &c);
	sends(100, 200, false);
	sends(300, 700, true);
	/* All but the first byte arrived. */
	acked(1, 999, true);
	assert_int_equal(s.base, 0);
	lost(0, 1, false);
	sends(0, 1, false);
	gw_send_stream_fini(&s);
}

static void
it_holds_what_is_not_acknowledged(void **state)
{
	(void)state;
	gw_send_stream_init(&s, MAX);
	assert_int_equal(gw_send_stream_room(&s), MAX);
	assert_int_equal(put(MAX - 10), MAX - 10);
	assert_int_equal(put(100), 10);
	assert_int_equal(put(1), 0);
	assert_int_equal(s.ring.size, MAX);
	sends(0, 1000, false);
	sends(1000, 1000, false);
	acked(1000, 1000, false);
	assert_int_equal(gw_send_stream_room(&s), 0);
	acked(0, 1000, false);
	assert_int_equal(gw_send_stream_room(&s), 2000);
	assert_int_equal(put(3000), 2000);
	/* No chunk goes around the end of the ring. */
	for (uint64_t at = 2000; at < MAX - 1000; at += 1000)
		sends(at, 1000, false);
	sends(65000, 536, false);
	sends(65536, 1000, false);
	sends(66536, 1000, false);
	sends_nothing();
	gw_send_stream_fini(&s);
}

static void
its_bound_may_change(void **state)
{
	(void)state;
	gw_send_stream_init(&s, FIRST + 1);
	assert_int_equal(gw_send_stream_room(&s), FIRST);
	put(FIRST);
	gw_send_stream_set_max(&s, 4 * FIRST);
	assert_int_equal(gw_send_stream_room(&s), 3 * FIRST);
	assert_int_equal(put(4 * FIRST), 3 * FIRST);
	/* What it has it keeps. */
	gw_send_stream_set_max(&s, FIRST);
	assert_int_equal(gw_send_stream_room(&s), 0);
	sends(0, 1000, false);
	acked(0, 1000, false);
	assert_int_equal(put(2000), 1000);
	while (gw_send_stream_next(&s, PACKET, all, &c)) {
		for (size_t i = 0; i < c.data.n; i++)
			assert_int_equal(c.data.p[i], byte_at(c.offset + i));
		gw_send_stream_sent(&s, &c);
	}
	assert_int_equal(s.next, 4 * FIRST + 1000);
	gw_send_stream_fini(&s);
}

/* Bits that say what is lost and what arrived move along. */
static void
a_ring_that_grows_forgets_nothing(void **state)
{
	(void)state;
	gw_send_stream_init(&s, MAX);
	put(FIRST);
	for (uint64_t at = 0; at < 16000; at += 1000)
		sends(at, 1000, false);
	acked(0, 5000, false);
	acked(6000, 1000, false);
	lost(5000, 1000, false);
	lost(9000, 1000, false);
	put(FIRST);
	put(FIRST);
	assert_int_equal(s.ring.size, 4 * FIRST);
	sends(5000, 1000, false);
	sends(9000, 1000, false);
	acked(5000, 1000, false);
	assert_int_equal(s.base, 7000);
	sends(16000, 1000, false);
	gw_send_stream_fini(&s);
}

static void
a_reset_is_told_until_it_is_known(void **state)
{
	uint64_t code, size;

	(void)state;
	gw_send_stream_init(&s, MAX);
	put(3000);
	sends(0, 1000, false);
	lost(0, 500, false);
	assert_false(gw_send_stream_reset_next(&s, &code, &size));
	gw_send_stream_reset(&s, 7);
	gw_send_stream_reset(&s, 8);
	assert_null(s.ring.buf);
	sends_nothing();
	assert_int_equal(gw_send_stream_room(&s), 0);
	assert_int_equal(gw_send_stream_unsent(&s), 0);
	assert_int_equal(gw_send_stream_size(&s), 1000);
	assert_true(gw_send_stream_reset_next(&s, &code, &size));
	assert_int_equal(code, 7);
	assert_int_equal(size, 1000);
	gw_send_stream_reset_sent(&s);
	assert_false(gw_send_stream_reset_next(&s, &code, &size));
	gw_send_stream_reset_lost(&s);
	assert_true(gw_send_stream_reset_next(&s, &code, &size));
	gw_send_stream_reset_sent(&s);
	acked(0, 1000, false);
	assert_false(gw_send_stream_done(&s));
	gw_send_stream_reset_acked(&s);
	assert_true(gw_send_stream_done(&s));
	gw_send_stream_reset_lost(&s);
	assert_false(gw_send_stream_reset_next(&s, &code, &size));
	gw_send_stream_fini(&s);

	/* Too late: all of it is there. */
	gw_send_stream_init(&s, MAX);
	gw_send_stream_end(&s);
	sends(0, 0, true);
	acked(0, 0, true);
	gw_send_stream_reset(&s, 7);
	assert_false(gw_send_stream_reset_next(&s, &code, &size));
	assert_true(gw_send_stream_done(&s));
	gw_send_stream_fini(&s);
}

static void
without_memory_it_goes_on_with_what_it_has(void **state)
{
	static uint8_t data[2 * FIRST];
	size_t taken;

	(void)state;
	for (long n = 0; n < 5; n++) {
		taken = 77;
		gw_send_stream_init(&s, MAX);
		test_fail_alloc(n);
		assert_int_equal(
		    gw_send_stream_write(&s, gw_slice(data, 10), &taken),
		    GW_E_MEMORY);
		test_fail_alloc(-1);
		assert_int_equal(taken, 77);
		assert_int_equal(s.end, 0);
		assert_int_equal(put(FIRST - 100), FIRST - 100);
		sends(0, 1000, false);
		lost(0, 1000, false);
		test_fail_alloc(n);
		assert_int_equal(
		    gw_send_stream_write(&s, gw_slice(data, 300), &taken),
		    GW_OK);
		test_fail_alloc(-1);
		assert_int_equal(taken, 100);
		sends(0, 1000, false);
		acked(0, 1000, false);
		assert_int_equal(put(FIRST), FIRST);
		gw_send_stream_fini(&s);
	}
}

/* Many times around the ring: chunks under way are lost or arrive in any
 * order; what has arrived is never sent again. */
static void
whatever_is_lost_every_byte_arrives(void **state)
{
	enum { TOTAL = 40 * FIRST, FLIGHT = 12 };
	bool *arrived = calloc(TOTAL, sizeof(*arrived));
	struct gw_chunk flight[FLIGHT];
	unsigned flying = 0;
	uint32_t seed = 5;

	(void)state;
	assert_non_null(arrived);
	gw_send_stream_init(&s, FIRST);
	while (!gw_send_stream_done(&s)) {
		unsigned i;

		seed = seed * 1664525 + 1013904223;
		if (!s.ended) {
			put(s.end + 3000 < TOTAL ? 3000 : TOTAL - s.end);
			if (s.end == TOTAL)
				gw_send_stream_end(&s);
		}
		if (flying < FLIGHT && (seed >> 31 == 0 || flying == 0) &&
		    gw_send_stream_has(&s, all)) {
			assert_true(gw_send_stream_next(
			    &s, 1 + (seed >> 8) % 1500, all, &c));
			for (size_t k = 0; k < c.data.n; k++) {
				assert_false(arrived[c.offset + k]);
				assert_int_equal(
				    c.data.p[k], byte_at(c.offset + k));
			}
			gw_send_stream_sent(&s, &c);
			flight[flying++] = c;
			continue;
		}
		GW_ASSERT(flying > 0);
		i = (seed >> 4) % flying;
		c = flight[i];
		flight[i] = flight[--flying];
		if ((seed >> 20) % 3 == 0) {
			lost(c.offset, c.data.n, c.end);
			continue;
		}
		memset(arrived + c.offset, 1, c.data.n);
		acked(c.offset, c.data.n, c.end);
	}
	for (size_t k = 0; k < TOTAL; k++)
		assert_true(arrived[k]);
	free(arrived);
	gw_send_stream_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_data_leaves_in_order),
		cmocka_unit_test(a_window_stops_what_is_new),
		cmocka_unit_test(the_end_goes_with_the_last_data),
		cmocka_unit_test(the_end_goes_alone_when_data_has_gone),
		cmocka_unit_test(lost_data_goes_first_and_lowest_first),
		cmocka_unit_test(what_arrived_all_the_same_is_not_sent),
		cmocka_unit_test(a_chunk_may_be_cut),
		cmocka_unit_test(it_holds_what_is_not_acknowledged),
		cmocka_unit_test(its_bound_may_change),
		cmocka_unit_test(a_ring_that_grows_forgets_nothing),
		cmocka_unit_test(a_reset_is_told_until_it_is_known),
		cmocka_unit_test(whatever_is_lost_every_byte_arrives),
		cmocka_unit_test(without_memory_it_goes_on_with_what_it_has),
	};

	return cmocka_run_group_tests_name("send_stream", tests, NULL, NULL);
}
