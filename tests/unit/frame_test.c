#include "wire/frame.h"

#include <string.h>

#include "test.h"
#include "wire/hello.h"

static uint8_t buf[GW_PACKET_MAX + 100];

/* Encode, decode, encode again: the same bytes, and nothing left over.
 * Returns the length. */
static size_t
round_trip(const struct gw_pframe *f)
{
	static uint8_t again[sizeof(buf)];
	struct gw_writer w = gw_writer(buf, sizeof(buf));
	struct gw_writer w2 = gw_writer(again, sizeof(again));
	struct gw_pframe back;
	struct gw_slice in;

	gw_pframe_encode(&w, f);
	assert_true(gw_writer_ok(&w));
	in = gw_slice(buf, gw_writer_len(&w));
	assert_int_equal(gw_pframe_next(&in, &back), GW_PFRAMES_ONE);
	assert_int_equal(back.type, f->type);
	assert_int_equal(in.n, 0);
	gw_pframe_encode(&w2, &back);
	assert_int_equal(gw_writer_len(&w2), gw_writer_len(&w));
	assert_memory_equal(again, buf, gw_writer_len(&w));

	/* And no shorter one does. */
	for (size_t i = 1; i < gw_writer_len(&w); i++) {
		in = gw_slice(buf, i);
		assert_int_equal(gw_pframe_next(&in, &back), GW_PFRAMES_BAD);
		assert_int_equal(in.n, i);
	}
	return gw_writer_len(&w);
}

static void
assert_bytes(const struct gw_pframe *f, const char *want, size_t n)
{
	assert_int_equal(round_trip(f), n);
	assert_memory_equal(buf, want, n);
}

static void
frames_have_their_layout(void **state)
{
	struct gw_pframe f = { .type = GW_PFRAME_PING };

	(void)state;
	assert_bytes(&f, "\x01", 1);
	f = (struct gw_pframe){ GW_PFRAME_ACK_FREQUENCY,
		.frequency = { 10, 25000, 3 } };
	assert_bytes(&f, "\x04\x0a\x80\x00\x61\xa8\x03", 7);
	f = (struct gw_pframe){ GW_PFRAME_STREAM,
		.stream = { 16, gw_slice("abc", 3), 2, false, true } };
	assert_bytes(&f,
	    "\x0a\x02\x10\x03"
	    "abc",
	    7);
	f.stream.end = true;
	f.stream.data.n = 0;
	assert_bytes(&f, "\x0b\x02\x10\x00", 4);
	f = (struct gw_pframe){ GW_PFRAME_STREAM_RESET,
		.reset = { 7, 300, 255 } };
	assert_bytes(&f, "\x0c\x40\xff\x07\x41\x2c", 6);
	f = (struct gw_pframe){ GW_PFRAME_WINDOW, .window = { 64, 1 } };
	assert_bytes(&f, "\x10\x01\x40\x40", 4);
	f.type = GW_PFRAME_BLOCKED;
	assert_bytes(&f, "\x12\x01\x40\x40", 4);
	f.window.id = 0;
	f.type = GW_PFRAME_SESSION_WINDOW;
	assert_bytes(&f, "\x11\x40\x40", 3);
	f.type = GW_PFRAME_SESSION_BLOCKED;
	assert_bytes(&f, "\x13\x40\x40", 3);
	f = (struct gw_pframe){ GW_PFRAME_DATAGRAM,
		.datagram = { gw_slice("hi", 2), true } };
	assert_bytes(&f, "\x19\x02hi", 4);
	f = (struct gw_pframe){ GW_PFRAME_PATH_CHALLENGE,
		.path = UINT64_C(0x0102030405060708) };
	assert_bytes(&f, "\x20\x01\x02\x03\x04\x05\x06\x07\x08", 9);
	f.type = GW_PFRAME_PATH_RESPONSE;
	assert_bytes(&f, "\x21\x01\x02\x03\x04\x05\x06\x07\x08", 9);
	f = (struct gw_pframe){ GW_PFRAME_FIN, .fin = 5 };
	assert_bytes(&f, "\x28\x05", 2);
	f = (struct gw_pframe){ GW_PFRAME_RST,
		.rst = { 4, gw_slice_str("why") } };
	assert_bytes(&f, "\x29\x04\x03why", 6);
}

static void
a_name_is_as_long_as_the_hello_has_it(void **state)
{
	uint8_t name[GW_NAME_PAYLOAD];
	struct gw_pframe f = { GW_PFRAME_CONFIRM,
		.confirm = gw_slice(name, sizeof(name)) };

	(void)state;
	gw_name_encode("attic", name);
	assert_int_equal(round_trip(&f), 1 + GW_NAME_PAYLOAD);
	assert_int_equal(buf[0], 0x2a);
	assert_memory_equal(buf + 1, name, sizeof(name));
}

/* The last frame of a packet; its data follows what is encoded. */
static void
data_without_a_length_goes_to_the_end(void **state)
{
	struct gw_pframe back, f = { GW_PFRAME_STREAM,
		.stream = { 70000, gw_slice("abcd", 4), 200, true, false } };
	struct gw_writer w = gw_writer(buf, sizeof(buf));
	struct gw_slice in;

	(void)state;
	gw_pframe_encode(&w, &f);
	assert_int_equal(gw_writer_len(&w), gw_pframe_stream_head(200, 70000));
	gw_write_bytes(&w, "abcd", 4);
	in = gw_slice(buf, gw_writer_len(&w));
	assert_int_equal(gw_pframe_next(&in, &back), GW_PFRAMES_ONE);
	assert_int_equal(back.type, GW_PFRAME_STREAM);
	assert_true(gw_slice_eq(back.stream.data, gw_slice("abcd", 4)));
	assert_int_equal(back.stream.offset, 70000);
	assert_int_equal(back.stream.id, 200);
	assert_true(back.stream.end);
	assert_false(back.stream.sized);
	assert_int_equal(gw_pframe_next(&in, &back), GW_PFRAMES_END);

	in = gw_slice("\x18", 1);
	assert_int_equal(gw_pframe_next(&in, &back), GW_PFRAMES_ONE);
	assert_int_equal(back.type, GW_PFRAME_DATAGRAM);
	assert_int_equal(back.datagram.data.n, 0);
	in = gw_slice("\x18hello", 6);
	assert_int_equal(gw_pframe_next(&in, &back), GW_PFRAMES_ONE);
	assert_true(gw_slice_eq(back.datagram.data, gw_slice_str("hello")));
}

static void
frames_follow_one_another_with_padding_between(void **state)
{
	struct gw_slice in = gw_slice("\0\0\x01\0\x28\x05\0\0\0", 9);
	struct gw_pframe f;

	(void)state;
	assert_int_equal(gw_pframe_next(&in, &f), GW_PFRAMES_ONE);
	assert_int_equal(f.type, GW_PFRAME_PING);
	assert_int_equal(gw_pframe_next(&in, &f), GW_PFRAMES_ONE);
	assert_int_equal(f.type, GW_PFRAME_FIN);
	assert_int_equal(f.fin, 5);
	assert_int_equal(gw_pframe_next(&in, &f), GW_PFRAMES_END);
	assert_int_equal(in.n, 0);
	assert_int_equal(gw_pframe_next(&in, &f), GW_PFRAMES_END);
	in = gw_slice(NULL, 0);
	assert_int_equal(gw_pframe_next(&in, &f), GW_PFRAMES_END);
}

static void
an_ack_is_a_frame_like_others(void **state)
{
	struct gw_slice in =
	    gw_slice("\x03\x05\x00\x00\x05\x01\x02\x03\x01", 9);
	struct gw_pframe f;

	(void)state;
	assert_int_equal(gw_pframe_next(&in, &f), GW_PFRAMES_ONE);
	assert_int_equal(f.type, GW_PFRAME_ACK_ECN);
	assert_int_equal(f.ack.count, 1);
	assert_int_equal(f.ack.v[0].last, 5);
	assert_int_equal(f.ack.ce, 3);
	assert_int_equal(gw_pframe_next(&in, &f), GW_PFRAMES_ONE);
	assert_int_equal(f.type, GW_PFRAME_PING);
}

static void
what_breaks_a_limit_is_refused(void **state)
{
#define BYTES(s)                                                               \
	{                                                                      \
		s, sizeof(s) - 1                                               \
	}
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
		BYTES("\x05"),
		BYTES("\x07"),
		BYTES("\x0d"),
		BYTES("\x14"),
		BYTES("\x1a"),
		BYTES("\x22"),
		BYTES("\x2b"),
		BYTES("\xff"),
		BYTES("\x04\x00\x00\x00"),             /* threshold 0 */
		BYTES("\x04\x80\x01\x00\x01\x00\x00"), /* threshold */
		BYTES("\x04\x01\x80\x0f\x42\x41\x00"), /* max_delay */
		BYTES("\x04\x01\x00\x80\x01\x00\x01"), /* reorder */
		BYTES("\x08\x41\x00\x00x"),            /* id 256 */
		BYTES("\x08\x01\x00"),      /* neither data nor END */
		BYTES("\x0a\x01\x00\x00"),  /* likewise */
		BYTES("\x0a\x01\x00\x02x"), /* length past the end */
		BYTES("\x08\x01\xff\xff\xff\xff\xff\xff\xff\xffx"), /* offset */
		BYTES("\x08\x40\x01\x00x"), /* id not in its shortest form */
		BYTES("\x0c\x41\x00\x00\x00"),
		BYTES("\x10\x41\x00\x00"),
		BYTES("\x12\x41\x00\x00"),
		BYTES("\x19\x01"),
	};
	static uint8_t rst[4 + GW_REASON_MAX + 1] = "\x29\x00\x41\x01";
	struct gw_slice long_text = gw_slice(rst, sizeof(rst));
	struct gw_pframe f;

	(void)state;
	assert_int_equal(gw_pframe_next(&long_text, &f), GW_PFRAMES_BAD);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct gw_slice in = gw_slice(bad[i].bytes, bad[i].n);

		assert_int_equal(gw_pframe_next(&in, &f), GW_PFRAMES_BAD);
		assert_int_equal(in.n, bad[i].n);
		assert_ptr_equal(in.p, bad[i].bytes);
	}
}

static void
limits_themselves_are_allowed(void **state)
{
	static uint8_t data[GW_PACKET_MAX];
	struct gw_pframe f = { GW_PFRAME_ACK_FREQUENCY,
		.frequency = { GW_ACK_THRESHOLD_MAX, GW_ACK_DELAY_MAX,
		    GW_ACK_THRESHOLD_MAX } };
	struct gw_slice in;

	(void)state;
	round_trip(&f);
	f = (struct gw_pframe){ GW_PFRAME_STREAM,
		.stream = { GW_OFFSET_MAX - 1, gw_slice("x", 1),
		    GW_STREAMS_MAX - 1, true, true } };
	round_trip(&f);
	f.stream.offset = GW_OFFSET_MAX;
	f.stream.data.n = 0;
	round_trip(&f);
	f = (struct gw_pframe){ GW_PFRAME_RST,
		.rst = { GW_OFFSET_MAX, gw_slice(data, GW_REASON_MAX) } };
	round_trip(&f);
	f = (struct gw_pframe){ GW_PFRAME_STREAM_RESET,
		.reset = { GW_OFFSET_MAX, GW_OFFSET_MAX, GW_STREAMS_MAX - 1 } };
	round_trip(&f);
	data[0] = 0x0a; /* as much as no packet holds */
	data[3] = 0x80;
	data[5] = 0xff;
	in = gw_slice(data, 7 + 0xff00);
	assert_int_equal(gw_pframe_next(&in, &f), GW_PFRAMES_ONE);
	assert_int_equal(f.stream.data.n, 0xff00);
}

static void
only_acks_padding_and_rst_want_no_ack(void **state)
{
	unsigned eliciting = 0;

	(void)state;
	for (unsigned type = 0; type < 256; type++)
		eliciting += gw_pframe_is_eliciting((enum gw_pframe_type)type);
	assert_int_equal(eliciting, 252);
	assert_false(gw_pframe_is_eliciting(GW_PFRAME_PADDING));
	assert_false(gw_pframe_is_eliciting(GW_PFRAME_ACK));
	assert_false(gw_pframe_is_eliciting(GW_PFRAME_ACK_ECN));
	assert_false(gw_pframe_is_eliciting(GW_PFRAME_RST));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_have_their_layout),
		cmocka_unit_test(a_name_is_as_long_as_the_hello_has_it),
		cmocka_unit_test(data_without_a_length_goes_to_the_end),
		cmocka_unit_test(
		    frames_follow_one_another_with_padding_between),
		cmocka_unit_test(an_ack_is_a_frame_like_others),
		cmocka_unit_test(what_breaks_a_limit_is_refused),
		cmocka_unit_test(limits_themselves_are_allowed),
		cmocka_unit_test(only_acks_padding_and_rst_want_no_ack),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
