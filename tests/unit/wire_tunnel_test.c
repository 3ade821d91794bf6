/* Messages of a tunnel: each is read as it was written, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/tunnel.h"

static void
each_kind_reads_as_it_was_written(void **state)
{
	uint8_t buf[GW_TUNNEL_MESSAGE];

	(void)state;
	for (unsigned k = GW_TUNNEL_HELLO; k < GW_TUNNEL_KINDS; k++) {
		struct gw_tunnel_message m = { .kind = (enum gw_tunnel_kind)k,
			.id = { 1, 2, 3 },
			.rule = 700,
			.reverse = true,
			.flow = 0x12345678,
			.port = 999,
			.idle_ms = 1000,
			.unreplied_ms = 2000,
			.ip = { 9, 8, 7 },
			.ip_port = 4000,
			.reason = GW_TUNNEL_REFUSED,
			.total = UINT64_C(1) << 40,
			.text = gw_slice_str("some text") };
		struct gw_tunnel_message out;
		uint8_t again[GW_TUNNEL_MESSAGE];
		size_t n, length;

		if (k == GW_TUNNEL_DATA)
			continue;
		n = gw_tunnel_encode(&m, buf, sizeof buf);
		assert_int_not_equal(n, 0);
		assert_true(gw_tunnel_measure(gw_slice(buf, n), &length));
		assert_int_equal(length, n);
		assert_true(gw_tunnel_decode(gw_slice(buf, n), &out));
		assert_int_equal(out.kind, k);
		assert_int_equal(
		    gw_tunnel_encode(&out, again, sizeof again), n);
		assert_memory_equal(again, buf, n);
		/* Cut or longer it is none. */
		assert_false(gw_tunnel_decode(gw_slice(buf, n - 1), &out));
		assert_int_equal(gw_tunnel_encode(&m, buf, n - 1), 0);
	}
}

static void
what_cannot_be_is_refused(void **state)
{
	struct gw_tunnel_message m;
	const uint8_t zero[] = { 0, 0, 0 };
	const uint8_t high[] = { GW_TUNNEL_KINDS, 0, 0 };
	const uint8_t longer[] = { GW_TUNNEL_OPEN, 0xff, 0xff };
	const uint8_t data[] = { GW_TUNNEL_DATA, 0, 3 };
	const uint8_t reason[] = { GW_TUNNEL_OVER, 0, 5, 0, 0, 0, 1, 99 };
	const uint8_t flag[] = { GW_TUNNEL_OPEN, 0, 3, 0, 1, 2 };
	size_t n;

	(void)state;
	assert_false(gw_tunnel_measure(gw_slice(zero, 3), &n));
	assert_false(gw_tunnel_measure(gw_slice(high, 3), &n));
	assert_false(gw_tunnel_measure(gw_slice(longer, 3), &n));
	assert_false(gw_tunnel_measure(gw_slice(data, 3), &n));
	assert_false(gw_tunnel_decode(gw_slice(reason, sizeof reason), &m));
	assert_false(gw_tunnel_decode(gw_slice(flag, sizeof flag), &m));
	assert_false(gw_tunnel_decode(gw_slice(zero, 0), &m));
}

static void
the_head_of_data_says_flow_and_length(void **state)
{
	uint8_t head[GW_TUNNEL_DATA_HEAD];
	size_t n;

	(void)state;
	gw_tunnel_data_head(0x01020304, 500, head);
	assert_true(gw_tunnel_measure(gw_slice(head, sizeof head), &n));
	assert_int_equal(n, GW_TUNNEL_DATA_HEAD + 500);
	assert_int_equal(head[3], 1);
	assert_int_equal(head[6], 4);
}

/* F26: a number stands in each datagram; addresses only while the flow may
 * not be known. */
static void
f26_a_datagram_has_a_number_and_no_address(void **state)
{
	struct gw_tunnel_datagram d = { .flow = 77,
		.data = gw_slice_str("payload") };
	struct gw_tunnel_datagram out;
	uint8_t buf[128];
	size_t n;

	(void)state;
	n = gw_tunnel_datagram_encode(&d, buf, sizeof buf);
	assert_int_equal(n, 5 + 7);
	assert_int_equal(gw_tunnel_datagram_head(&d), 5);
	assert_true(gw_tunnel_datagram_decode(gw_slice(buf, n), &out));
	assert_int_equal(out.flow, 77);
	assert_false(out.opens || out.part);
	assert_int_equal(out.data.n, 7);
	d.opens = d.part = true;
	d.rule = 3;
	d.port = 4;
	d.ip[15] = 5;
	d.ip_port = 6;
	d.number = 8;
	d.at = 1;
	d.parts = 2;
	n = gw_tunnel_datagram_encode(&d, buf, sizeof buf);
	assert_int_equal(gw_tunnel_datagram_head(&d), GW_TUNNEL_DATAGRAM_HEAD);
	assert_int_equal(n, GW_TUNNEL_DATAGRAM_HEAD + 7);
	assert_true(gw_tunnel_datagram_decode(gw_slice(buf, n), &out));
	assert_int_equal(out.rule, 3);
	assert_int_equal(out.port, 4);
	assert_int_equal(out.ip[15], 5);
	assert_int_equal(out.ip_port, 6);
	assert_int_equal(out.number, 8);
	assert_int_equal(out.at, 1);
	assert_int_equal(out.parts, 2);
	assert_false(gw_tunnel_datagram_decode(
	    gw_slice(buf, GW_TUNNEL_DATAGRAM_HEAD - 1), &out));
	buf[29] = 2; /* at == parts */
	assert_false(gw_tunnel_datagram_decode(gw_slice(buf, n), &out));
	buf[0] = 4;
	assert_false(gw_tunnel_datagram_decode(gw_slice(buf, n), &out));
	assert_false(gw_tunnel_datagram_decode(gw_slice(buf, 0), &out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_reads_as_it_was_written),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(the_head_of_data_says_flow_and_length),
		cmocka_unit_test(f26_a_datagram_has_a_number_and_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
