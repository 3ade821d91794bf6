/* F25: what came in parts becomes whole, in whatever order, or goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "forward/tunnel_parts.h"

static struct gw_tunnel_datagram
part(uint32_t flow, uint16_t number, uint8_t at, uint8_t parts,
    struct gw_slice data)
{
	return (struct gw_tunnel_datagram){ .flow = flow,
		.part = true,
		.number = number,
		.at = at,
		.parts = parts,
		.data = data };
}

static void
f25_parts_become_whole_in_any_order(void **state)
{
	static const uint8_t orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 },
		{ 1, 2, 0 } };
	static const char *const text[] = { "one", "two", "3" };
	struct gw_tunnel_parts t = { 0 };
	struct gw_slice whole;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned k = 0; k < 3; k++) {
			const uint8_t at = orders[i][k];
			const struct gw_tunnel_datagram d =
			    part(5, (uint16_t)i, at, 3, gw_slice_str(text[at]));

			assert_int_equal(
			    gw_tunnel_parts_add(&t, &d, 1, &whole), k == 2);
			/* The network may double it. */
			if (k < 2)
				assert_false(
				    gw_tunnel_parts_add(&t, &d, 1, &whole));
		}
		assert_true(gw_slice_eq(whole, gw_slice_str("onetwo3")));
	}
	assert_int_equal(t.count, 0);
	assert_int_equal(t.bytes, 0);
	assert_int_equal(t.dropped, 0);
	gw_tunnel_parts_fini(&t);
}

static void
f25_what_stays_incomplete_goes_and_is_counted(void **state)
{
	struct gw_tunnel_parts t = { 0 };
	struct gw_tunnel_datagram d = part(1, 1, 0, 2, gw_slice_str("x"));
	struct gw_tunnel_lost lost;
	struct gw_slice whole;

	(void)state;
	d.opens = true;
	d.rule = 9;
	assert_false(gw_tunnel_parts_lost(&t, &lost));
	assert_true(gw_tunnel_parts_deadline(&t) == GW_NEVER);
	assert_false(gw_tunnel_parts_add(&t, &d, 10, &whole));
	assert_true(
	    gw_tunnel_parts_deadline(&t) == 10 + GW_TUNNEL_PARTIAL_TIME);
	gw_tunnel_parts_tick(&t, 9 + GW_TUNNEL_PARTIAL_TIME);
	assert_int_equal(t.count, 1);
	gw_tunnel_parts_tick(&t, 10 + GW_TUNNEL_PARTIAL_TIME);
	assert_int_equal(t.count, 0);
	assert_int_equal(t.dropped, 1);
	assert_true(gw_tunnel_parts_lost(&t, &lost));
	assert_int_equal(lost.flow, 1);
	assert_true(lost.opens);
	assert_int_equal(lost.rule, 9);
	assert_false(gw_tunnel_parts_lost(&t, &lost));
	/* Its rest comes late and begins nothing: it is lost once. */
	d.at = 1;
	assert_false(gw_tunnel_parts_add(&t, &d, GW_TUNNEL_LOST_TIME, &whole));
	assert_int_equal(t.count, 0);
	/* Numbers come again, of many in a second soon. */
	assert_true(GW_TUNNEL_LOST_TIME <= 2 * GW_SEC);
	assert_false(gw_tunnel_parts_add(
	    &t, &d, 11 + GW_TUNNEL_PARTIAL_TIME + GW_TUNNEL_LOST_TIME, &whole));
	assert_int_equal(t.count, 1);
	gw_tunnel_parts_fini(&t);
}

static void
f25_however_many_begin_room_is_bounded(void **state)
{
	struct gw_tunnel_parts t = { 0 };
	const size_t n = 60000;
	uint8_t *much = calloc(1, n);
	struct gw_slice whole;

	(void)state;
	assert_non_null(much);
	for (unsigned i = 0; i < 3 * GW_TUNNEL_PARTIAL; i++) {
		const struct gw_tunnel_datagram d =
		    part(i, 0, 0, 2, gw_slice(much, i % 2 == 0 ? n : 1));

		assert_false(gw_tunnel_parts_add(&t, &d, i, &whole));
		assert_true(t.count <= GW_TUNNEL_PARTIAL);
		assert_true(t.bytes <= GW_TUNNEL_PARTIAL_BYTES);
	}
	assert_true(t.dropped > 0);
	assert_int_equal(t.dropped + t.count, 3 * GW_TUNNEL_PARTIAL);
	gw_tunnel_parts_fini(&t);
	/* Small ones are bounded by their number. */
	for (unsigned i = 0; i < 3 * GW_TUNNEL_PARTIAL; i++) {
		const struct gw_tunnel_datagram d =
		    part(i, 0, 0, 2, gw_slice(much, 1));

		assert_false(gw_tunnel_parts_add(&t, &d, i, &whole));
		assert_true(t.count <= GW_TUNNEL_PARTIAL);
	}
	assert_int_equal(t.count, GW_TUNNEL_PARTIAL);
	gw_tunnel_parts_fini(&t);
	free(much);
}

/* Numbers come again: a part that is there already, or is one of more, is of
 * another datagram, and the one before never becomes whole. */
static void
f25_parts_that_contradict_are_of_another_datagram(void **state)
{
	struct gw_tunnel_parts t = { 0 };
	const struct gw_tunnel_datagram a = part(1, 1, 0, 3, gw_slice_str("a"));
	const struct gw_tunnel_datagram b = part(1, 1, 0, 2, gw_slice_str("b"));
	const struct gw_tunnel_datagram c = part(1, 1, 0, 2, gw_slice_str("c"));
	const struct gw_tunnel_datagram d = part(1, 1, 1, 2, gw_slice_str("d"));
	struct gw_tunnel_lost lost;
	struct gw_slice whole;

	(void)state;
	assert_false(gw_tunnel_parts_add(&t, &a, 0, &whole));
	assert_false(gw_tunnel_parts_add(&t, &b, 0, &whole));
	assert_int_equal(t.dropped, 1);
	assert_false(gw_tunnel_parts_add(&t, &c, 0, &whole));
	assert_int_equal(t.dropped, 2);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.bytes, 1);
	assert_true(gw_tunnel_parts_add(&t, &d, 0, &whole));
	assert_true(gw_slice_eq(whole, gw_slice_str("cd")));
	for (unsigned i = 0; i < 2; i++) {
		assert_true(gw_tunnel_parts_lost(&t, &lost));
		assert_int_equal(lost.number, 1);
	}
	assert_false(gw_tunnel_parts_lost(&t, &lost));
	gw_tunnel_parts_fini(&t);
}

/* Seeded: parts of many datagrams, lost, doubled and in any order; what comes
 * out is what went in. */
static void
f25_with_loss_and_reordering_only_whole_ones_come_out(void **state)
{
	struct gw_tunnel_parts t = { 0 };
	uint8_t data[64][8];
	unsigned whole_count = 0;
	struct gw_slice whole;

	(void)state;
	srandom(7);
	for (unsigned i = 0; i < 64; i++)
		for (unsigned k = 0; k < 8; k++)
			data[i][k] = (uint8_t)(i * 8 + k);
	for (unsigned n = 0; n < 64 * 8 * 4; n++) {
		const unsigned i = (unsigned)random() % 64;
		const unsigned k = (unsigned)random() % 8;
		const struct gw_tunnel_datagram d = part(i % 3, (uint16_t)i,
		    (uint8_t)k, 8, gw_slice(&data[i][k], 1));

		if (random() % 50 == 0)
			continue;
		if (gw_tunnel_parts_add(&t, &d, n, &whole)) {
			assert_true(gw_slice_eq(whole, gw_slice(data[i], 8)));
			whole_count++;
		}
	}
	assert_true(whole_count >= 64);
	gw_tunnel_parts_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(f25_parts_become_whole_in_any_order),
		cmocka_unit_test(f25_what_stays_incomplete_goes_and_is_counted),
		cmocka_unit_test(f25_however_many_begin_room_is_bounded),
		cmocka_unit_test(
		    f25_parts_that_contradict_are_of_another_datagram),
		cmocka_unit_test(
		    f25_with_loss_and_reordering_only_whole_ones_come_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
