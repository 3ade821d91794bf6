/* An open session whose records are attacked, or whose peer is hostile. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "pair.h"
#include "session/tcp/tcp_session_private.h"
#include "unit/test.h"

static void
open_pair(struct pair *p)
{
	pair_init(p, &(struct pair_options){ .aes = { true, true } });
	pair_run(p);
	assert_true(p->side[0].opened);
	assert_true(p->side[1].opened);
}

/* The next record of side 0 with some text on stream 0, taken off the pipe. */
static struct gw_slice
record(struct pair *p, const char *text, uint8_t out[200])
{
	struct gw_session *s = p->side[0].session;
	struct gw_slice bytes;

	assert_int_equal(
	    gw_session_write(s, 0, gw_slice_str(text), p->now), strlen(text));
	bytes = gw_tcp_session_send_buf(s, p->now);
	assert_true(bytes.n <= 200);
	memcpy(out, bytes.p, bytes.n);
	gw_tcp_session_send_ack(s, bytes.n, p->now);
	return gw_slice(out, bytes.n);
}

/* ---- the network attacks ---- */

static void
a_changed_byte_ends_the_session(void **state)
{
	uint8_t bytes[200];
	struct pair p;

	(void)state;
	for (size_t at = 0; at < 36 + 5; at++) {
		open_pair(&p);
		const struct gw_slice r = record(&p, "hello", bytes);

		assert_int_equal(r.n, 36 + 5);
		bytes[at] ^= (uint8_t)(1U << at % 8);
		pair_feed(&p, 1, bytes, r.n);
		/* A changed length may wait for more: it comes, and opens
		 * no better. */
		while (!p.side[1].closed)
			pair_feed(&p, 1, (const uint8_t[4096]){ 0 }, 4096);
		check_end(&p, 1, GW_E_LOST, false);
		assert_int_equal(p.side[1].got_of[0], 0);
		pair_fini(&p);
	}
}

static void
a_repeated_record_ends_the_session(void **state)
{
	uint8_t bytes[200];
	struct pair p;

	(void)state;
	open_pair(&p);
	const struct gw_slice r = record(&p, "hello", bytes);
	pair_feed(&p, 1, r.p, r.n);
	assert_int_equal(p.side[1].got_of[0], 5);
	pair_feed(&p, 1, r.p, r.n);
	check_end(&p, 1, GW_E_LOST, false);
	assert_int_equal(p.side[1].got_of[0], 5);
	pair_fini(&p);
}

static void
records_out_of_order_end_the_session(void **state)
{
	uint8_t first[200], second[200];
	struct pair p;

	(void)state;
	open_pair(&p);
	record(&p, "hello", first);
	const struct gw_slice r = record(&p, "world", second);
	pair_feed(&p, 1, r.p, r.n);
	check_end(&p, 1, GW_E_LOST, false);
	assert_int_equal(p.side[1].got_of[0], 0);
	pair_fini(&p);
}

static void
a_record_that_comes_back_to_its_sender_does_not_open(void **state)
{
	uint8_t bytes[200];
	struct pair p;

	(void)state;
	open_pair(&p);
	const struct gw_slice r = record(&p, "hello", bytes);
	pair_feed(&p, 0, r.p, r.n);
	check_end(&p, 0, GW_E_LOST, false);
	pair_fini(&p);
}

static void
half_a_record_is_nothing(void **state)
{
	uint8_t bytes[200];
	struct pair p;

	(void)state;
	for (size_t n = 0; n < 36 + 5; n++) {
		open_pair(&p);
		record(&p, "hello", bytes);
		pair_feed(&p, 1, bytes, n);
		assert_false(p.side[1].closed);
		pair_cut(&p);
		check_end(&p, 1, GW_E_LOST, false);
		assert_int_equal(p.side[1].got_of[0], 0);
		pair_fini(&p);
	}
}

static void
lengths_that_no_record_has_end_the_session(void **state)
{
	static const uint8_t lengths[][4] = {
		{ 0, 0, 0, 0 },
		{ 0, 0, 0, 31 },
		{ 0, 1, 0, 33 },
		{ 1, 0, 0, 0 },
		{ 0xff, 0xff, 0xff, 0xff },
		{ 'g', 'd', 'w', 't' },
	};
	struct pair p;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		open_pair(&p);
		pair_feed(&p, 1, lengths[i], 4);
		check_end(&p, 1, GW_E_LOST, false);
		pair_fini(&p);
	}
}

/* ---- the peer is hostile ---- */

struct sealed {
	struct gw_frame frame;
	size_t n; /* bytes of data, zeros */
};

/* Seal frames as side 0 would never do, and let side 1 have them. */
static void
send_sealed(struct pair *p, const struct sealed *v, size_t count)
{
	static const uint8_t zeros[GW_RECORD_DATA];
	struct gw_record_out *out =
	    &gw_tcp_session_of(p->side[0].session)->link->out;

	for (size_t i = 0; i < count; i++) {
		assert_true(gw_record_out_put(
		    out, &v[i].frame, gw_slice(zeros, v[i].n)));
		pair_run(p);
	}
}

static void
assert_refused(const struct sealed *v, size_t count)
{
	struct pair p;

	open_pair(&p);
	p.side[1].no_credit = true;
	send_sealed(&p, v, count - 1);
	assert_false(p.side[1].closed);
	send_sealed(&p, v + count - 1, 1);
	check_end(&p, 1, GW_E_PROTOCOL, false);
	check_end(&p, 0, GW_E_PROTOCOL, true);
	pair_fini(&p);
}

#define REFUSED(...)                                                           \
	do {                                                                   \
		const struct sealed v[] = { __VA_ARGS__ };                     \
		assert_refused(v, sizeof(v) / sizeof(*v));                     \
	} while (0)

static void
frames_that_are_not_of_the_protocol_are_refused(void **state)
{
	(void)state;
	REFUSED({ { .type = 0 }, 0 });
	REFUSED({ { .type = 9 }, 0 });
	REFUSED({ { .type = 255 }, 10 });
	REFUSED({ { .type = GW_FRAME_PING, .value = 1 }, 0 });
	REFUSED({ { .type = GW_FRAME_PING, .flags = 1 }, 0 });
	REFUSED({ { .type = GW_FRAME_PING }, 1 });
	REFUSED({ { .type = GW_FRAME_FIN, .stream = 1 }, 0 });
	REFUSED({ { .type = GW_FRAME_RST }, GW_REASON_MAX + 1 });
	REFUSED({ { .type = GW_FRAME_CONFIRM }, 65 }); /* only once */
}

static void
streams_that_break_their_rules_are_refused(void **state)
{
	(void)state;
	REFUSED({ { .type = GW_FRAME_STREAM, .value = 1 }, 1 });
	REFUSED({ { .type = GW_FRAME_STREAM, .value = UINT64_MAX }, 1 });
	REFUSED({ { .type = GW_FRAME_STREAM }, 0 });
	REFUSED({ { .type = GW_FRAME_STREAM, .flags = 2 }, 1 });
	REFUSED({ { .type = GW_FRAME_STREAM, .stream = GW_STREAMS_MAX }, 1 });
	REFUSED({ { .type = GW_FRAME_STREAM, .stream = 65535 }, 1 });
	REFUSED({ { .type = GW_FRAME_STREAM }, 5 },
	    { { .type = GW_FRAME_STREAM, .value = 4 }, 5 });
	REFUSED({ { .type = GW_FRAME_STREAM, .flags = GW_FRAME_END }, 5 },
	    { { .type = GW_FRAME_STREAM, .value = 5 }, 1 });
	REFUSED({ { .type = GW_FRAME_RESET }, 0 },
	    { { .type = GW_FRAME_RESET }, 0 });
	REFUSED({ { .type = GW_FRAME_RESET }, 0 },
	    { { .type = GW_FRAME_STREAM }, 1 });
	REFUSED({ { .type = GW_FRAME_STREAM, .flags = GW_FRAME_END }, 0 },
	    { { .type = GW_FRAME_RESET }, 0 });
	REFUSED(
	    { { .type = GW_FRAME_FIN }, 0 }, { { .type = GW_FRAME_RESET }, 0 });
	REFUSED({ { .type = GW_FRAME_FIN }, 0 },
	    { { .type = GW_FRAME_DATAGRAM }, 0 });
	REFUSED({ { .type = GW_FRAME_STREAM, .flags = GW_FRAME_END }, 0 },
	    { { .type = GW_FRAME_STREAM, .flags = GW_FRAME_END }, 0 });
}

static void
more_than_the_window_is_refused(void **state)
{
	const uint64_t full = GW_RECORD_DATA;

	(void)state;
	REFUSED({ { .type = GW_FRAME_STREAM }, full },
	    { { .type = GW_FRAME_STREAM, .value = full }, full },
	    { { .type = GW_FRAME_STREAM, .value = 2 * full }, full },
	    { { .type = GW_FRAME_STREAM, .value = 3 * full }, full },
	    { { .type = GW_FRAME_STREAM, .value = 4 * full }, 1 });
}

static void
windows_that_go_back_are_refused(void **state)
{
	(void)state;
	REFUSED({ { .type = GW_FRAME_WINDOW, .value = 0 }, 0 });
	REFUSED(
	    { { .type = GW_FRAME_WINDOW, .value = GW_STREAM_WINDOW - 1 }, 0 });
	REFUSED({ { .type = GW_FRAME_WINDOW, .value = UINT64_MAX }, 0 },
	    { { .type = GW_FRAME_WINDOW, .value = UINT64_MAX - 1 }, 0 });
	REFUSED({ { .type = GW_FRAME_WINDOW,
		      .stream = GW_STREAMS_MAX,
		      .value = UINT64_MAX },
	    0 });
	REFUSED({ { .type = GW_FRAME_WINDOW, .value = UINT64_MAX }, 1 });
}

static void
after_fin_there_is_no_stream(void **state)
{
	(void)state;
	REFUSED({ { .type = GW_FRAME_FIN }, 0 },
	    { { .type = GW_FRAME_STREAM }, 1 });
	REFUSED({ { .type = GW_FRAME_FIN }, 0 },
	    { { .type = GW_FRAME_STREAM, .flags = GW_FRAME_END }, 0 });
	REFUSED(
	    { { .type = GW_FRAME_FIN }, 0 }, { { .type = GW_FRAME_FIN }, 0 });
}

static void
the_largest_window_is_one(void **state)
{
	const struct sealed window = {
		{ .type = GW_FRAME_WINDOW, .value = UINT64_MAX }, 0
	};
	uint8_t *data = calloc(1, 1 << 20);
	struct pair p;

	(void)state;
	open_pair(&p);
	send_sealed(&p, &window, 1);
	assert_false(p.side[1].closed);
	assert_int_equal(gw_session_write(p.side[1].session, 0,
			     gw_slice(data, 1 << 20), p.now),
	    1 << 20);
	pair_fini(&p);
	free(data);
}

/* A peer may claim what a peer can know, and not, for example, that the code
 * was wrong. */
static void
a_peer_cannot_claim_any_error(void **state)
{
	static const uint64_t codes[] = { 0, 11, 1000, UINT64_MAX };
	struct pair p;

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		const struct sealed rst = {
			{ .type = GW_FRAME_RST, .value = codes[i] }, 3
		};

		open_pair(&p);
		send_sealed(&p, &rst, 1);
		check_end(&p, 1, GW_E_FAILED, true);
		assert_string_equal(p.side[1].closed_text, "???");
		pair_fini(&p);
	}
	open_pair(&p);
	gw_session_abort(p.side[0].session, GW_E_AUTH, "", p.now);
	pair_run(&p);
	check_end(&p, 1, GW_E_FAILED, true);
	pair_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_changed_byte_ends_the_session),
		cmocka_unit_test(a_repeated_record_ends_the_session),
		cmocka_unit_test(records_out_of_order_end_the_session),
		cmocka_unit_test(
		    a_record_that_comes_back_to_its_sender_does_not_open),
		cmocka_unit_test(half_a_record_is_nothing),
		cmocka_unit_test(lengths_that_no_record_has_end_the_session),
		cmocka_unit_test(
		    frames_that_are_not_of_the_protocol_are_refused),
		cmocka_unit_test(streams_that_break_their_rules_are_refused),
		cmocka_unit_test(more_than_the_window_is_refused),
		cmocka_unit_test(windows_that_go_back_are_refused),
		cmocka_unit_test(after_fin_there_is_no_stream),
		cmocka_unit_test(the_largest_window_is_one),
		cmocka_unit_test(a_peer_cannot_claim_any_error),
	};

	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
