#include "session/tcp/record_out.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "crypto/kdf.h"
#include "session/session.h"
#include "test.h"

enum { BIG = 4 << 20 };

static const uint8_t secret[GW_SECRET_LEN] = { 1, 2, 3 };
static struct gw_streams streams;
static uint8_t *data;

static struct gw_record_out
start(uint64_t roll)
{
	struct gw_record_out o;

	assert_true(gw_crypto_start());
	gw_streams_init(&streams, GW_STREAM_WINDOW);
	for (unsigned i = 0; i < GW_STREAMS_MAX; i++)
		streams.v[i].send_max = UINT64_MAX;
	assert_int_equal(
	    gw_record_out_init(&o, GW_CHACHA20_POLY1305, secret, roll), GW_OK);
	data = calloc(1, BIG);
	assert_non_null(data);
	return o;
}

static void
stop(struct gw_record_out *o)
{
	gw_record_out_fini(o);
	free(data);
}

static size_t
write_n(struct gw_record_out *o, uint16_t stream, size_t n)
{
	return gw_record_out_write(o, &streams, stream, gw_slice(data, n));
}

static void
little_is_gathered_and_much_is_not(void **state)
{
	struct gw_record_out o = start(1000);

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(write_n(&o, 1, 100), 100);
	assert_int_equal(o.number, 0);
	assert_int_equal(o.staged, 10000);
	assert_int_equal(write_n(&o, 1, GW_RECORD_DATA), GW_RECORD_DATA);
	assert_int_equal(o.number, 2);
	assert_int_equal(o.staged, 0);
	assert_int_equal(gw_outbox_peek(&o.box).n,
	    10000 + GW_RECORD_DATA + 2 * (GW_RECORD_MAX - GW_RECORD_DATA));
	/* Another stream does not wait behind the first. */
	write_n(&o, 1, 10);
	write_n(&o, 2, 10);
	assert_int_equal(o.number, 3);
	assert_int_equal(o.staged_stream, 2);
	gw_record_out_flush(&o);
	gw_record_out_flush(&o);
	assert_int_equal(o.number, 4);
	stop(&o);
}

static void
what_is_staged_always_has_its_room(void **state)
{
	const struct gw_frame ping = { .type = GW_FRAME_PING };
	struct gw_record_out o = start(1000);
	uint64_t total;

	(void)state;
	write_n(&o, 1, 1);
	total = 1 + write_n(&o, 1, BIG);
	assert_true(total < BIG);
	while (write_n(&o, 1, 1000) > 0)
		;
	assert_int_equal(gw_record_out_room(&o, 1), 0);
	assert_int_equal(gw_record_out_room(&o, 2), 0);
	gw_record_out_flush(&o);
	assert_int_equal(o.err, GW_OK);
	/* Small frames still find the rest of the room, then none. */
	while (gw_record_out_put(&o, &ping, gw_slice(NULL, 0)))
		;
	assert_int_equal(o.err, GW_OK);
	stop(&o);
}

static void
a_write_takes_what_was_promised(void **state)
{
	struct gw_record_out o = start(1000);
	uint32_t x = 1;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		const uint16_t stream = (uint16_t)(i / 3 % 2);
		const size_t room = gw_record_out_room(&o, stream);
		size_t n, taken;

		x = x * 1664525 + 1013904223;
		n = 1 + (x >> 8) % (i % 4 == 0 ? 300000 : 2000);
		if (i % 50 == 0)
			n = BIG;
		taken = write_n(&o, stream, n);
		assert_true(taken <= n);
		assert_true(taken >= (n < room ? n : room));
		if (x % 3 == 0) {
			const size_t held = gw_outbox_peek(&o.box).n;

			gw_outbox_drop(&o.box, held - held / (1 + x / 3 % 4));
		}
	}
	stop(&o);
}

static void
the_window_bounds_a_write(void **state)
{
	struct gw_record_out o = start(1000);

	(void)state;
	streams.v[5].send_max = 100000;
	assert_int_equal(write_n(&o, 5, BIG), 100000);
	assert_int_equal(write_n(&o, 5, BIG), 0);
	streams.v[5].send_max = 100010;
	assert_int_equal(write_n(&o, 5, BIG), 10);
	assert_int_equal(streams.v[5].sent, 100010);
	stop(&o);
}

static void
without_memory_there_is_none(void **state)
{
	struct gw_record_out o;
	long n = 0;

	(void)state;
	assert_true(gw_crypto_start());
	for (;; n++) {
		enum gw_err err;

		test_fail_alloc(n);
		err = gw_record_out_init(&o, GW_AES_256_GCM, secret, 10);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		assert_int_equal(err, GW_E_MEMORY);
	}
	assert_true(n >= 3);
	gw_record_out_fini(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_is_gathered_and_much_is_not),
		cmocka_unit_test(what_is_staged_always_has_its_room),
		cmocka_unit_test(a_write_takes_what_was_promised),
		cmocka_unit_test(the_window_bounds_a_write),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests_name("record_out", tests, NULL, NULL);
}
