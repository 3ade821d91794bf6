#include "session/udp/recv_stream.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "test.h"
#include "wire/limits.h"

enum { BYTES = 1 << 18 };

static struct gw_recv_stream s;
static struct gw_slice lent;
static uint8_t bytes[BYTES];

static void
start(void)
{
	uint32_t seed = 1;

	for (size_t i = 0; i < BYTES; i++) {
		seed = seed * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(seed >> 24);
	}
	gw_recv_stream_init(&s);
}

static enum gw_err
came(uint64_t offset, size_t n, bool end)
{
	return gw_recv_stream_data(
	    &s, offset, gw_slice(bytes + offset, n), end, &lent);
}

/* It came, and the bytes [from, from + n) of it are lent, from the packet. */
static void
lends(uint64_t offset, size_t n, uint64_t from, size_t lent_n)
{
	assert_int_equal(came(offset, n, false), GW_OK);
	assert_int_equal(lent.n, lent_n);
	if (lent_n > 0)
		assert_ptr_equal(lent.p, bytes + from);
}

/* What waits and is next begins at an offset and has n bytes; they are
 * taken. */
static void
takes(uint64_t offset, size_t n)
{
	while (n > 0) {
		struct gw_slice waits;

		assert_true(gw_recv_stream_next(&s, &waits));
		assert_in_range(waits.n, 1, n);
		assert_memory_equal(waits.p, bytes + offset, waits.n);
		gw_recv_stream_take(&s, waits.n);
		offset += waits.n;
		n -= waits.n;
	}
	assert_false(gw_recv_stream_next(&s, &lent));
}

static void
what_is_in_order_is_lent(void **state)
{
	(void)state;
	start();
	lends(0, 1000, 0, 1000);
	lends(1000, 1, 1000, 1);
	lends(1001, 500, 1001, 500);
	takes(0, 0);
	assert_null(s.ring.buf);
	/* Again, or in part: only what is new. */
	lends(0, 1000, 0, 0);
	lends(1000, 501, 0, 0);
	lends(1400, 200, 1501, 99);
	gw_recv_stream_fini(&s);
}

static void
what_is_early_waits(void **state)
{
	(void)state;
	start();
	lends(1000, 1000, 0, 0);
	lends(3000, 1000, 0, 0);
	takes(0, 0);
	lends(0, 1000, 0, 1000);
	takes(1000, 1000);
	/* A hole that closes from behind. */
	lends(2500, 500, 0, 0);
	takes(0, 0);
	lends(2000, 500, 2000, 500);
	takes(2500, 1500);
	assert_int_equal(s.waiting, 0);
	gw_recv_stream_fini(&s);
}

static void
overlaps_are_harmless(void **state)
{
	(void)state;
	start();
	lends(100, 100, 0, 0);
	lends(150, 100, 0, 0);
	lends(50, 300, 0, 0);
	lends(60, 10, 0, 0);
	assert_int_equal(s.waiting, 300);
	/* What waits and is lent now does not wait any longer. */
	lends(0, 120, 0, 120);
	assert_int_equal(s.waiting, 230);
	lends(10, 200, 120, 90);
	takes(210, 140);
	lends(0, 400, 350, 50);
	/* A packet larger than the ring. */
	lends(500, 100, 0, 0);
	assert_int_equal(s.ring.size, GW_BITS_MIN);
	lends(400, 2 * GW_BITS_MIN, 400, 2 * GW_BITS_MIN);
	assert_int_equal(s.waiting, 0);
	gw_recv_stream_fini(&s);
}

/* While something that is next still waits, what follows it waits, too. */
static void
the_order_is_kept_when_the_owner_waits(void **state)
{
	(void)state;
	start();
	lends(1000, 1000, 0, 0);
	lends(0, 1000, 0, 1000);
	lends(2000, 1000, 0, 0);
	takes(1000, 2000);
	lends(3000, 1000, 3000, 1000);
	gw_recv_stream_fini(&s);
}

static void
all_may_wait(void **state)
{
	(void)state;
	start();
	assert_int_equal(
	    gw_recv_stream_data(&s, 0, gw_slice(bytes, 5000), false, NULL),
	    GW_OK);
	assert_int_equal(gw_recv_stream_data(
			     &s, 5000, gw_slice(bytes + 5000, 100), true, NULL),
	    GW_OK);
	assert_int_equal(s.waiting, 5100);
	assert_false(gw_recv_stream_ended(&s));
	takes(0, 5100);
	assert_true(gw_recv_stream_ended(&s));
	gw_recv_stream_fini(&s);
}

static void
the_ring_is_as_large_as_is_needed(void **state)
{
	(void)state;
	start();
	lends(100, 10, 0, 0);
	assert_int_equal(s.ring.size, GW_BITS_MIN);
	lends(5000, 10, 0, 0);
	assert_int_equal(s.ring.size, 2 * GW_BITS_MIN);
	lends(100000, 10, 0, 0);
	assert_int_equal(s.ring.size, 1 << 17);
	lends(0, 100, 0, 100);
	takes(100, 10);
	lends(110, 4890, 110, 4890);
	takes(5000, 10);
	assert_non_null(s.ring.buf);
	lends(5010, 94990, 5010, 94990);
	takes(100000, 10);
	/* It is given back, if it was large. */
	assert_null(s.ring.buf);
	lends(100020, 10, 0, 0);
	lends(100010, 10, 100010, 10);
	takes(100020, 10);
	assert_int_equal(s.ring.size, GW_BITS_MIN);
	gw_recv_stream_fini(&s);
}

static void
a_ring_that_wraps_gives_two_pieces(void **state)
{
	struct gw_slice waits;

	(void)state;
	start();
	lends(0, GW_BITS_MIN - 100, 0, GW_BITS_MIN - 100);
	lends(GW_BITS_MIN - 90, 1000, 0, 0);
	lends(GW_BITS_MIN - 100, 10, GW_BITS_MIN - 100, 10);
	assert_true(gw_recv_stream_next(&s, &waits));
	assert_int_equal(waits.n, 90);
	/* A part of a piece may be taken. */
	gw_recv_stream_take(&s, 50);
	takes(GW_BITS_MIN - 40, 950);
	gw_recv_stream_fini(&s);
}

static void
a_stream_ends_when_all_of_it_was_had(void **state)
{
	(void)state;
	start();
	assert_int_equal(came(1000, 500, true), GW_OK);
	assert_false(gw_recv_stream_ended(&s));
	lends(0, 1000, 0, 1000);
	assert_false(gw_recv_stream_ended(&s));
	takes(1000, 500);
	assert_true(gw_recv_stream_ended(&s));
	assert_null(s.ring.buf);
	/* Again. */
	assert_int_equal(came(1000, 500, true), GW_OK);
	assert_int_equal(lent.n, 0);
	lends(0, 1500, 0, 0);
	assert_true(gw_recv_stream_ended(&s));
	gw_recv_stream_fini(&s);

	/* With an END of its own, also of nothing. */
	start();
	lends(0, 10, 0, 10);
	assert_int_equal(came(10, 0, true), GW_OK);
	assert_true(gw_recv_stream_ended(&s));
	gw_recv_stream_fini(&s);
	start();
	assert_int_equal(came(0, 0, true), GW_OK);
	assert_true(gw_recv_stream_ended(&s));
	gw_recv_stream_fini(&s);
}

/* END alone comes long before the data. */
static void
an_early_end_needs_no_room(void **state)
{
	(void)state;
	start();
	assert_int_equal(came(100000, 0, true), GW_OK);
	assert_null(s.ring.buf);
	lends(100, 100, 0, 0);
	assert_int_equal(s.ring.size, GW_BITS_MIN);
	takes(0, 0);
	lends(0, 100, 0, 100);
	takes(100, 100);
	lends(200, 99800, 200, 99800);
	assert_true(gw_recv_stream_ended(&s));
	gw_recv_stream_fini(&s);
}

static void
the_final_size_is_final(void **state)
{
	(void)state;
	start();
	lends(100, 100, 0, 0);
	assert_int_equal(came(0, 199, true), GW_E_PROTOCOL);
	assert_int_equal(came(150, 0, true), GW_E_PROTOCOL);
	assert_int_equal(s.size, GW_SIZE_UNKNOWN);
	assert_int_equal(came(200, 100, true), GW_OK);
	assert_int_equal(came(200, 101, false), GW_E_PROTOCOL);
	assert_int_equal(came(300, 1, false), GW_E_PROTOCOL);
	assert_int_equal(came(200, 101, true), GW_E_PROTOCOL);
	assert_int_equal(came(200, 99, true), GW_E_PROTOCOL);
	assert_int_equal(s.waiting, 200);
	assert_int_equal(came(200, 100, true), GW_OK);
	assert_int_equal(came(290, 10, false), GW_OK);
	assert_int_equal(gw_recv_stream_reset(&s, 1, 299), GW_E_PROTOCOL);
	assert_int_equal(gw_recv_stream_reset(&s, 1, 301), GW_E_PROTOCOL);
	assert_false(s.reset);
	gw_recv_stream_fini(&s);

	start();
	lends(100, 100, 0, 0);
	assert_int_equal(gw_recv_stream_reset(&s, 1, 199), GW_E_PROTOCOL);
	assert_int_equal(gw_recv_stream_reset(&s, 1, 200), GW_OK);
	gw_recv_stream_fini(&s);
}

static void
a_reset_drops_what_waits(void **state)
{
	(void)state;
	start();
	lends(0, 10, 0, 10);
	lends(100, 100, 0, 0);
	assert_int_equal(gw_recv_stream_reset(&s, 9, 1000), GW_OK);
	assert_true(s.reset);
	assert_int_equal(s.code, 9);
	assert_int_equal(s.size, 1000);
	assert_null(s.ring.buf);
	assert_false(gw_recv_stream_next(&s, &lent));
	assert_false(gw_recv_stream_ended(&s));
	/* What was under way. */
	lends(10, 90, 0, 0);
	assert_int_equal(came(900, 100, true), GW_OK);
	assert_int_equal(came(900, 101, false), GW_E_PROTOCOL);
	assert_int_equal(came(900, 99, true), GW_E_PROTOCOL);
	assert_false(gw_recv_stream_ended(&s));
	assert_int_equal(gw_recv_stream_reset(&s, 8, 1000), GW_OK);
	assert_int_equal(gw_recv_stream_reset(&s, 8, 1001), GW_E_PROTOCOL);
	assert_int_equal(s.code, 9);
	gw_recv_stream_fini(&s);

	/* It is no end, even where nothing is missing. */
	start();
	lends(0, 100, 0, 100);
	assert_int_equal(gw_recv_stream_reset(&s, 9, 100), GW_OK);
	assert_true(s.reset);
	assert_false(gw_recv_stream_ended(&s));
	gw_recv_stream_fini(&s);
}

static void
a_reset_of_what_is_all_there_is_too_late(void **state)
{
	(void)state;
	start();
	assert_int_equal(
	    gw_recv_stream_data(&s, 0, gw_slice(bytes, 100), true, NULL),
	    GW_OK);
	assert_int_equal(gw_recv_stream_reset(&s, 9, 100), GW_OK);
	assert_false(s.reset);
	takes(0, 100);
	assert_true(gw_recv_stream_ended(&s));
	assert_int_equal(gw_recv_stream_reset(&s, 9, 100), GW_OK);
	assert_true(gw_recv_stream_ended(&s));
	gw_recv_stream_fini(&s);
}

static void
without_memory_nothing_came(void **state)
{
	(void)state;
	for (long n = 0; n < 3; n++) {
		start();
		test_fail_alloc(n);
		assert_int_equal(came(100, 100, true), GW_E_MEMORY);
		test_fail_alloc(-1);
		assert_int_equal(s.size, GW_SIZE_UNKNOWN);
		assert_int_equal(s.highest, 0);
		assert_int_equal(s.waiting, 0);
		/* What needs no room is taken. */
		lends(0, 50, 0, 50);
		lends(100, 100, 0, 0);
		test_fail_alloc(n);
		assert_int_equal(came(10000, 100, false), GW_E_MEMORY);
		test_fail_alloc(-1);
		assert_int_equal(s.highest, 200);
		lends(10000, 100, 0, 0);
		lends(50, 50, 50, 50);
		takes(100, 100);
		gw_recv_stream_fini(&s);
	}
}

/* Pieces of all sizes in any order, some of them often. */
static void
whatever_the_order_every_byte_comes_once(void **state)
{
	uint32_t seed = 99;
	uint64_t done = 0;

	(void)state;
	start();
	for (unsigned step = 0; !gw_recv_stream_ended(&s); step++) {
		uint64_t at;
		size_t n;

		seed = seed * 1664525 + 1013904223;
		at = done + (seed >> 8) % 30000;
		seed = seed * 1664525 + 1013904223;
		n = (seed >> 8) % 3000;
		if (seed >> 29 == 0)
			at = done > 100 ? done - 100 : 0;
		if (at >= BYTES)
			continue;
		if (at + n > BYTES)
			n = (size_t)(BYTES - at);
		assert_int_equal(came(at, n, at + n == BYTES), GW_OK);
		if (lent.n > 0)
			assert_ptr_equal(lent.p, bytes + done);
		done += lent.n;
		assert_true(s.ring.size <= 65536);
		while (gw_recv_stream_next(&s, &lent)) {
			assert_memory_equal(lent.p, bytes + done, lent.n);
			done += lent.n;
			gw_recv_stream_take(&s, lent.n);
		}
		assert_int_equal(done, s.next);
		assert_true(step < 100000);
	}
	assert_int_equal(done, BYTES);
	gw_recv_stream_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_in_order_is_lent),
		cmocka_unit_test(what_is_early_waits),
		cmocka_unit_test(overlaps_are_harmless),
		cmocka_unit_test(the_order_is_kept_when_the_owner_waits),
		cmocka_unit_test(all_may_wait),
		cmocka_unit_test(the_ring_is_as_large_as_is_needed),
		cmocka_unit_test(a_ring_that_wraps_gives_two_pieces),
		cmocka_unit_test(a_stream_ends_when_all_of_it_was_had),
		cmocka_unit_test(an_early_end_needs_no_room),
		cmocka_unit_test(the_final_size_is_final),
		cmocka_unit_test(a_reset_drops_what_waits),
		cmocka_unit_test(a_reset_of_what_is_all_there_is_too_late),
		cmocka_unit_test(without_memory_nothing_came),
		cmocka_unit_test(whatever_the_order_every_byte_comes_once),
	};

	return cmocka_run_group_tests_name("recv_stream", tests, NULL, NULL);
}
