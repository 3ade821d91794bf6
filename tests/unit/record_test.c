#include "wire/record.h"

#include <string.h>

#include "test.h"
#include "wire/hello.h"

static bool
decode(const struct gw_frame *f, size_t data)
{
	static uint8_t bytes[GW_FRAME_HEADER + GW_RECORD_DATA + 1];
	struct gw_frame back = { 0 };
	bool ok;

	gw_frame_encode(f, bytes);
	ok = gw_frame_decode(gw_slice(bytes, GW_FRAME_HEADER + data), &back);
	if (ok) {
		assert_int_equal(back.type, f->type);
		assert_int_equal(back.flags, f->flags);
		assert_int_equal(back.stream, f->stream);
		assert_int_equal(back.length, f->length);
		assert_int_equal(back.value, f->value);
	} else {
		assert_int_equal(back.type, 0);
	}
	return ok;
}

static void
a_frame_header_has_its_layout(void **state)
{
	static const uint8_t want[GW_FRAME_HEADER] = { 2, 1, 0, 7, 0, 0, 0, 3,
		1, 2, 3, 4, 5, 6, 7, 8 };
	const struct gw_frame f = { GW_FRAME_STREAM, GW_FRAME_END, 7, 3,
		UINT64_C(0x0102030405060708) };
	uint8_t bytes[GW_FRAME_HEADER];

	(void)state;
	gw_frame_encode(&f, bytes);
	assert_memory_equal(bytes, want, sizeof(want));
}

static void
legal_frames_come_back(void **state)
{
	static const struct gw_frame legal[] = {
		{ GW_FRAME_CONFIRM, 0, 0, GW_NAME_PAYLOAD, 0 },
		{ GW_FRAME_STREAM, 0, 0, 1, 0 },
		{ GW_FRAME_STREAM, 0, 255, GW_RECORD_DATA, UINT64_MAX },
		{ GW_FRAME_STREAM, GW_FRAME_END, 3, 0, 9 },
		{ GW_FRAME_WINDOW, 0, 255, 0, UINT64_MAX },
		{ GW_FRAME_PING, 0, 0, 0, 0 },
		{ GW_FRAME_FIN, 0, 0, 0, 0 },
		{ GW_FRAME_RST, 0, 0, 0, UINT64_MAX },
		{ GW_FRAME_RST, 0, 0, GW_REASON_MAX, 1 },
		{ GW_FRAME_RESET, 0, 255, 0, GW_OFFSET_MAX },
		{ GW_FRAME_DATAGRAM, 0, 0, 0, 0 },
		{ GW_FRAME_DATAGRAM, 0, 0, GW_PACKET_MAX, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(legal) / sizeof(*legal); i++)
		assert_true(decode(&legal[i], legal[i].length));
}

static void
illegal_frames_are_refused(void **state)
{
	static const struct gw_frame illegal[] = {
		{ 0, 0, 0, 0, 0 },
		{ 9, 0, 0, 0, 0 },
		{ GW_FRAME_CONFIRM, 0, 0, GW_NAME_PAYLOAD - 1, 0 },
		{ GW_FRAME_CONFIRM, 0, 0, GW_NAME_PAYLOAD, 1 },
		{ GW_FRAME_CONFIRM, 0, 1, GW_NAME_PAYLOAD, 0 },
		{ GW_FRAME_CONFIRM, 1, 0, GW_NAME_PAYLOAD, 0 },
		{ GW_FRAME_STREAM, 0, 0, 0, 0 },
		{ GW_FRAME_STREAM, 2, 0, 1, 0 },
		{ GW_FRAME_STREAM, 3, 0, 1, 0 },
		{ GW_FRAME_STREAM, 0, 256, 1, 0 },
		{ GW_FRAME_STREAM, 0, 0, GW_RECORD_DATA + 1, 0 },
		{ GW_FRAME_WINDOW, 1, 0, 0, 0 },
		{ GW_FRAME_WINDOW, 0, 256, 0, 0 },
		{ GW_FRAME_WINDOW, 0, 0, 1, 0 },
		{ GW_FRAME_PING, 0, 0, 0, 1 },
		{ GW_FRAME_PING, 0, 1, 0, 0 },
		{ GW_FRAME_FIN, 1, 0, 0, 0 },
		{ GW_FRAME_FIN, 0, 0, 1, 0 },
		{ GW_FRAME_RST, 0, 0, GW_REASON_MAX + 1, 0 },
		{ GW_FRAME_RST, 0, 1, 0, 0 },
		{ GW_FRAME_RESET, 0, 0, 1, 0 },
		{ GW_FRAME_RESET, 0, 256, 0, 0 },
		{ GW_FRAME_RESET, 1, 0, 0, 0 },
		{ GW_FRAME_RESET, 0, 0, 0, GW_OFFSET_MAX + 1 },
		{ GW_FRAME_DATAGRAM, 0, 0, GW_PACKET_MAX + 1, 0 },
		{ GW_FRAME_DATAGRAM, 0, 1, 1, 0 },
		{ GW_FRAME_DATAGRAM, 0, 0, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(illegal) / sizeof(*illegal); i++)
		assert_false(decode(&illegal[i], illegal[i].length));
}

static void
the_length_must_be_what_is_there(void **state)
{
	const struct gw_frame f = { GW_FRAME_STREAM, 0, 0, 10, 0 };
	uint8_t bytes[GW_FRAME_HEADER];
	struct gw_frame back;

	(void)state;
	for (size_t n = 0; n < 20; n++)
		assert_int_equal(decode(&f, n), n == 10);
	gw_frame_encode(&(struct gw_frame){ .type = GW_FRAME_PING }, bytes);
	for (size_t n = 0; n < GW_FRAME_HEADER; n++)
		assert_false(gw_frame_decode(gw_slice(bytes, n), &back));
}

static void
record_lengths_have_bounds(void **state)
{
	uint8_t bytes[GW_RECORD_HEADER];
	size_t n = 77;

	(void)state;
	gw_record_length_encode(0, bytes);
	assert_memory_equal(bytes, "\0\0\0\x20", 4);
	assert_true(gw_record_length_decode(bytes, &n));
	assert_int_equal(n, 32);
	gw_record_length_encode(GW_RECORD_DATA, bytes);
	assert_memory_equal(bytes, "\0\1\0\x20", 4);
	assert_true(gw_record_length_decode(bytes, &n));
	assert_int_equal(n + GW_RECORD_HEADER, GW_RECORD_MAX);

	n = 77;
	assert_false(
	    gw_record_length_decode((const uint8_t *)"\0\0\0\x1f", &n));
	assert_false(
	    gw_record_length_decode((const uint8_t *)"\0\1\0\x21", &n));
	assert_false(
	    gw_record_length_decode((const uint8_t *)"\xff\0\0\x20", &n));
	assert_int_equal(n, 77);
}

static void
codes_mean_the_same_on_both_sides(void **state)
{
	unsigned known = 0;

	(void)state;
	for (unsigned e = 0; e < GW_E_COUNT; e++) {
		const enum gw_err err = (enum gw_err)e;
		const enum gw_err back = gw_rst_code_err(gw_rst_code(err));

		assert_true(back == err || back == GW_E_FAILED);
		known += back == err;
	}
	assert_int_equal(known, 10);
	assert_int_equal(gw_rst_code_err(0), GW_E_FAILED);
	assert_int_equal(gw_rst_code_err(UINT64_MAX), GW_E_FAILED);
	/* Numbers of the protocol. */
	assert_int_equal(gw_rst_code(GW_E_REFUSED), 5);
	assert_int_equal(gw_rst_code(GW_E_INTERRUPTED), 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_header_has_its_layout),
		cmocka_unit_test(legal_frames_come_back),
		cmocka_unit_test(illegal_frames_are_refused),
		cmocka_unit_test(the_length_must_be_what_is_there),
		cmocka_unit_test(record_lengths_have_bounds),
		cmocka_unit_test(codes_mean_the_same_on_both_sides),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
