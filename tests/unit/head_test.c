#include "wire/head.h"

#include <string.h>

#include "test.h"

static struct gw_head h;

static const struct gw_pframe ping = { .type = GW_PFRAME_PING };

static struct gw_pframe
stream(size_t n, bool sized)
{
	static const uint8_t data[GW_PACKET_MAX] = { 1, 2, 3 };

	return (struct gw_pframe){ GW_PFRAME_STREAM,
		.stream = { 0, gw_slice(data, n), 1, false, sized } };
}

static void
padding_stands_in_front(void **state)
{
	struct gw_slice s;

	(void)state;
	gw_head_init(&h, GW_PACKET_MIN);
	assert_true(gw_head_empty(&h));
	assert_int_equal(gw_head_slice(&h).n, 0);
	for (size_t n = 1; n <= 40; n++) {
		assert_true(gw_head_put(&h, &ping));
		s = gw_head_slice(&h);
		assert_int_equal(s.n % GW_HEAD_UNIT, 0);
		assert_in_range(s.n, n, n + GW_HEAD_UNIT - 1);
		for (size_t i = 0; i < s.n; i++)
			assert_int_equal(s.p[i],
			    i < s.n - n ? GW_PFRAME_PADDING : GW_PFRAME_PING);
	}
	assert_false(gw_head_empty(&h));
}

static void
head_and_body_fill_the_packet(void **state)
{
	(void)state;
	for (size_t size = 100; size < 3000; size++) {
		struct gw_pframe f = stream(0, false);
		struct gw_slice s;

		gw_head_init(&h, size);
		assert_true(gw_head_put(&h, &ping));
		f.stream.data.n = gw_head_body(&h, gw_pframe_stream_head(1, 0));
		assert_int_equal(f.stream.data.n, size - 32 - GW_HEAD_UNIT);
		f.stream.data.n++;
		assert_false(gw_head_put(&h, &f));
		f.stream.data.n--;
		assert_true(gw_head_put(&h, &f));
		s = gw_head_slice(&h);
		assert_int_equal(s.n + f.stream.data.n + 32, size);
		assert_memory_equal(s.p + s.n - 4, "\x01\x08\x01\x00", 4);
	}
}

static void
what_has_no_room_changes_nothing(void **state)
{
	const struct gw_pframe f = stream(1000, true);
	struct gw_slice before, after;

	(void)state;
	gw_head_init(&h, GW_PACKET_MIN);
	assert_true(gw_head_put(&h, &f));
	before = gw_head_slice(&h);
	assert_false(gw_head_put(&h, &f));
	after = gw_head_slice(&h);
	assert_int_equal(before.n, after.n);
	assert_ptr_equal(before.p, after.p);
	assert_true(gw_head_put(&h, &ping));
}

static void
a_head_alone_fills_what_is_there(void **state)
{
	(void)state;
	for (size_t size = 0; size <= GW_PACKET_MIN + 50; size++) {
		size_t n = 0;

		gw_head_init(&h, size);
		while (gw_head_put(&h, &ping))
			n++;
		assert_true(gw_head_slice(&h).n + 32 <= size || n == 0);
		if (size <= 32)
			assert_int_equal(n, 0);
		else
			assert_int_equal(n, size > GW_PACKET_MIN
						? GW_HEAD_MAX
						: (size - 32) / 16 * 16);
		if (n == GW_HEAD_MAX)
			assert_int_equal(gw_head_body(&h, 1), 0);
	}
	assert_int_equal(gw_head_body(&h, 0), 50);
}

static void
a_datagram_ends_a_packet_as_well(void **state)
{
	static uint8_t data[GW_PACKET_MAX];
	struct gw_pframe f = { GW_PFRAME_DATAGRAM,
		.datagram = { gw_slice(data, 0), false } };

	(void)state;
	gw_head_init(&h, GW_PACKET_MAX);
	f.datagram.data.n = gw_head_body(&h, 1) + 1;
	assert_false(gw_head_put(&h, &f));
	f.datagram.data.n--;
	assert_true(gw_head_put(&h, &f));
	assert_int_equal(gw_head_slice(&h).n, 16);
	assert_int_equal(f.datagram.data.n, GW_PACKET_MAX - 32 - 16);
}

static void
an_ack_takes_the_room_that_is_left(void **state)
{
	struct gw_ack ack = { .count = GW_ACK_RANGES };
	const struct gw_pframe f = stream(GW_HEAD_MAX - 104, true);

	(void)state;
	for (unsigned i = 0; i < GW_ACK_RANGES; i++) {
		const uint64_t at = 1000 - 2 * i;

		ack.v[i] = (struct gw_ack_range){ at, at };
	}
	gw_head_init(&h, GW_PACKET_MIN);
	assert_true(gw_head_put(&h, &f));
	assert_true(gw_head_put_ack(&h, &ack));
	assert_in_range(ack.count, 40, 50);
	assert_int_equal(gw_head_slice(&h).n, GW_HEAD_MAX);
	assert_false(gw_head_put_ack(&h, &ack));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(padding_stands_in_front),
		cmocka_unit_test(head_and_body_fill_the_packet),
		cmocka_unit_test(what_has_no_room_changes_nothing),
		cmocka_unit_test(a_head_alone_fills_what_is_there),
		cmocka_unit_test(a_datagram_ends_a_packet_as_well),
		cmocka_unit_test(an_ack_takes_the_room_that_is_left),
	};

	return cmocka_run_group_tests_name("head", tests, NULL, NULL);
}
