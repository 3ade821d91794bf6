/* Keys that roll by the number of the packet. */
#include "session/udp/keys.h"

#include <string.h>

#include "alloc.h"
#include "crypto/kdf.h"
#include "test.h"

enum { ROLL = 10, TEXT = 4, SEALED = TEXT + GW_AEAD_TAG };

static const uint8_t secret[GW_SECRET_LEN] = { 1, 2, 3 };

static void
make(struct gw_keys *k)
{
	assert_int_equal(
	    gw_keys_init(k, GW_CHACHA20_POLY1305, secret, ROLL), GW_OK);
}

static void
seal(struct gw_keys *k, uint64_t number, uint8_t out[SEALED])
{
	const struct gw_slice text[2] = { gw_slice(NULL, 0),
		gw_slice("text", TEXT) };

	assert_int_equal(gw_keys_prepare(k, number), GW_OK);
	gw_keys_seal(k, number, gw_slice("head", 4), text, out);
}

static bool
opens(struct gw_keys *k, uint64_t number, const uint8_t sealed[SEALED])
{
	uint8_t buf[SEALED];

	memcpy(buf, sealed, SEALED);
	return gw_keys_open(k, number, gw_slice("head", 4), buf, SEALED) &&
	       memcmp(buf, "text", TEXT) == 0;
}

static void
the_number_says_which_key(void **state)
{
	uint8_t sealed[SEALED];
	struct gw_keys out, in;

	(void)state;
	make(&out);
	make(&in);
	for (uint64_t n = 0; n < 5 * ROLL; n += 3) {
		seal(&out, n, sealed);
		assert_int_equal(gw_keys_phase(&out, n), n / ROLL % 2);
		assert_true(opens(&in, n, sealed));
		assert_int_equal(in.epoch, n / ROLL);
	}
	gw_keys_fini(&out);
	gw_keys_fini(&in);
}

static void
the_key_before_still_opens(void **state)
{
	uint8_t v[4][SEALED];
	struct gw_keys out, in;

	(void)state;
	make(&out);
	make(&in);
	for (unsigned i = 0; i < 4; i++)
		seal(&out, i * ROLL, v[i]);
	assert_true(opens(&in, ROLL, v[1]));
	assert_true(opens(&in, 0, v[0]));
	assert_true(opens(&in, 2 * ROLL, v[2]));
	assert_true(opens(&in, ROLL, v[1]));
	assert_false(opens(&in, 0, v[0])); /* two keys ago */
	gw_keys_fini(&out);
	gw_keys_fini(&in);
}

/* A number that somebody made up moves nothing. */
static void
a_forged_number_rolls_no_key(void **state)
{
	uint8_t sealed[SEALED];
	struct gw_keys out, in;

	(void)state;
	make(&out);
	make(&in);
	seal(&out, 3, sealed);
	assert_false(opens(&in, ROLL + 3, sealed));
	assert_false(opens(&in, 2 * ROLL + 3, sealed));
	assert_false(opens(&in, UINT64_MAX, sealed));
	assert_int_equal(in.epoch, 0);
	assert_true(opens(&in, 3, sealed));
	gw_keys_fini(&out);
	gw_keys_fini(&in);
}

static void
without_memory_nothing_changes(void **state)
{
	uint8_t sealed[SEALED];
	struct gw_keys out, in;

	(void)state;
	make(&out);
	make(&in);
	test_fail_alloc(0);
	assert_int_equal(gw_keys_prepare(&out, ROLL), GW_E_MEMORY);
	test_fail_alloc(-1);
	seal(&out, ROLL, sealed);
	test_fail_alloc(0);
	assert_false(opens(&in, ROLL, sealed));
	test_fail_alloc(-1);
	assert_true(opens(&in, ROLL, sealed));
	gw_keys_fini(&out);
	gw_keys_fini(&in);
}

static int
start(void **state)
{
	(void)state;
	return gw_crypto_start() ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_number_says_which_key),
		cmocka_unit_test(the_key_before_still_opens),
		cmocka_unit_test(a_forged_number_rolls_no_key),
		cmocka_unit_test(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests_name("keys", tests, start, NULL);
}
