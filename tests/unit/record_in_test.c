#include "session/tcp/record_in.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "crypto/kdf.h"
#include "session/tcp/record_out.h"
#include "test.h"

static const uint8_t secret[GW_SECRET_LEN] = { 1, 2, 3 };

struct both {
	struct gw_record_out out;
	struct gw_record_in in;
};

static void
start(struct both *b, uint64_t roll)
{
	assert_true(gw_crypto_start());
	assert_int_equal(
	    gw_record_out_init(&b->out, GW_CHACHA20_POLY1305, secret, roll),
	    GW_OK);
	assert_int_equal(
	    gw_record_in_init(&b->in, GW_CHACHA20_POLY1305, secret, roll),
	    GW_OK);
}

static void
stop(struct both *b)
{
	gw_record_out_fini(&b->out);
	gw_record_in_fini(&b->in);
}

/* Seal a STREAM of n bytes with this value in each. */
static void
put(struct both *b, size_t n, uint8_t value)
{
	static uint8_t bytes[GW_RECORD_DATA];
	const struct gw_frame f = { .type = GW_FRAME_STREAM };

	memset(bytes, value, n);
	assert_true(gw_record_out_put(&b->out, &f, gw_slice(bytes, n)));
}

/* Move at most n bytes across; returns how many. */
static size_t
move(struct both *b, size_t n)
{
	const struct gw_slice s = gw_outbox_peek(&b->out.box);
	size_t cap;
	uint8_t *at = gw_record_in_space(&b->in, &cap);

	n = n < s.n ? n : s.n;
	n = n < cap ? n : cap;
	if (n == 0)
		return 0;
	memcpy(at, s.p, n);
	gw_record_in_added(&b->in, n);
	gw_outbox_drop(&b->out.box, n);
	return n;
}

static void
records_come_back_byte_by_byte(void **state)
{
	struct both b;
	struct gw_frame f;
	struct gw_slice data;

	(void)state;
	start(&b, 1000);
	put(&b, 3, 7);
	for (size_t i = 0; i < 36 + 3; i++) {
		assert_int_equal(
		    gw_record_in_next(&b.in, &f, &data), GW_RECORD_NONE);
		assert_int_equal(move(&b, 1), 1);
	}
	assert_int_equal(gw_record_in_next(&b.in, &f, &data), GW_RECORD_FRAME);
	assert_int_equal(f.type, GW_FRAME_STREAM);
	assert_int_equal(f.length, 3);
	assert_int_equal(data.n, 3);
	assert_memory_equal(data.p, "\7\7\7", 3);
	assert_int_equal(gw_record_in_next(&b.in, &f, &data), GW_RECORD_NONE);
	stop(&b);
}

/* What was lent stays until there is asked for space. */
static void
many_records_are_lent_at_once(void **state)
{
	struct gw_slice lent[5];
	struct gw_frame f;
	struct both b;
	size_t cap;

	(void)state;
	start(&b, 1000);
	for (uint8_t i = 0; i < 5; i++)
		put(&b, 100, i);
	move(&b, SIZE_MAX);
	/* No space while whole records wait. */
	assert_null(gw_record_in_space(&b.in, &cap));
	assert_int_equal(cap, 0);
	for (uint8_t i = 0; i < 5; i++)
		assert_int_equal(
		    gw_record_in_next(&b.in, &f, &lent[i]), GW_RECORD_FRAME);
	for (uint8_t i = 0; i < 5; i++)
		assert_int_equal(lent[i].p[99], i);
	assert_non_null(gw_record_in_space(&b.in, &cap));
	stop(&b);
}

/* Pieces of all sizes, so that records end anywhere in the buffer. */
static void
there_is_always_space_for_the_record_that_began(void **state)
{
	struct gw_frame f;
	struct gw_slice data;
	uint8_t value = 0;
	struct both b;

	(void)state;
	start(&b, 10);
	for (size_t piece = 1; piece < 200000; piece = piece * 3 + 1) {
		unsigned got = 0, sent = 0;

		while (got < (piece < 100 ? 2 : 60)) {
			if (sent < (piece < 100 ? 2 : 60) &&
			    gw_outbox_fits(&b.out.box, GW_RECORD_MAX) > 0) {
				put(&b, GW_RECORD_DATA - sent, (uint8_t)sent);
				sent++;
			}
			assert_true(move(&b, piece) > 0);
			while (gw_record_in_next(&b.in, &f, &data) ==
			       GW_RECORD_FRAME) {
				assert_int_equal(data.n, GW_RECORD_DATA - got);
				value = (uint8_t)got;
				assert_int_equal(data.p[0], value);
				assert_int_equal(data.p[data.n - 1], value);
				got++;
			}
		}
	}
	stop(&b);
}

static void
bad_records_are_told_apart(void **state)
{
	const struct gw_frame unknown = { .type = 99 };
	struct gw_frame f;
	struct gw_slice data;
	struct both b;

	(void)state;
	start(&b, 1000);
	assert_true(gw_record_out_put(&b.out, &unknown, gw_slice(NULL, 0)));
	move(&b, SIZE_MAX);
	assert_int_equal(
	    gw_record_in_next(&b.in, &f, &data), GW_RECORD_ILLEGAL);
	put(&b, 10, 1);
	b.out.box.buf[20] ^= 1;
	move(&b, SIZE_MAX);
	assert_int_equal(
	    gw_record_in_next(&b.in, &f, &data), GW_RECORD_DAMAGED);
	stop(&b);
}

static void
without_memory_there_is_none(void **state)
{
	struct gw_record_in in;
	long n = 0;

	(void)state;
	assert_true(gw_crypto_start());
	for (;; n++) {
		enum gw_err err;

		test_fail_alloc(n);
		err = gw_record_in_init(&in, GW_AES_256_GCM, secret, 10);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		assert_int_equal(err, GW_E_MEMORY);
	}
	assert_true(n >= 2);
	gw_record_in_fini(&in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_back_byte_by_byte),
		cmocka_unit_test(many_records_are_lent_at_once),
		cmocka_unit_test(
		    there_is_always_space_for_the_record_that_began),
		cmocka_unit_test(bad_records_are_told_apart),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests_name("record_in", tests, NULL, NULL);
}
