#include "crypto/identity.h"

#include <string.h>

#include "crypto/kdf.h"
#include "test.h"

/* RFC 7748, 6.1: Alice's key pair. */
static const char alice[] = "godwit-identity-1 "
			    "77076d0a7318a57d3c16c17251b26645"
			    "df4c2f87ebc0992ab177fba51db92c2a\n";
static const char alice_public[] = "8520f0098930a754748b7ddcb43ef75a"
				   "0dbf3a0d26381af4eba4a98eaa9b4e6a";

static void
a_published_pair_is_read(void **state)
{
	struct gw_keypair keys;
	char hex[65];

	(void)state;
	assert_true(gw_identity_decode(gw_slice_str(alice), &keys));
	gw_identity_hex(keys.public, hex);
	assert_string_equal(hex, alice_public);
}

static void
what_is_written_is_read(void **state)
{
	struct gw_keypair keys, again;
	char text[GW_IDENTITY_TEXT];
	uint8_t secret[GW_DH_LEN];

	(void)state;
	gw_random_bytes(secret, sizeof secret);
	gw_keypair_from(secret, &keys);
	const size_t n = gw_identity_encode(&keys, text);
	assert_true(n < sizeof text);
	assert_int_equal(text[n - 1], '\n');
	assert_true(gw_identity_decode(gw_slice(text, n), &again));
	assert_memory_equal(again.secret, keys.secret, GW_DH_LEN);
	assert_memory_equal(again.public, keys.public, GW_DH_LEN);
}

static void
anything_else_is_refused(void **state)
{
	struct gw_keypair keys, before;
	char text[sizeof alice];

	(void)state;
	memset(&keys, 7, sizeof keys);
	before = keys;
	for (size_t n = 0; n < strlen(alice); n++)
		assert_false(gw_identity_decode(gw_slice(alice, n), &keys));
	assert_false(gw_identity_decode(gw_slice(alice, sizeof alice), &keys));
	for (size_t i = 0; i < strlen(alice); i++) {
		memcpy(text, alice, sizeof text);
		text[i] = 'x';
		assert_false(gw_identity_decode(gw_slice_str(text), &keys));
	}
	assert_memory_equal(&keys, &before, sizeof keys);
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
		cmocka_unit_test(a_published_pair_is_read),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(anything_else_is_refused),
	};

	return cmocka_run_group_tests_name("identity", tests, start, NULL);
}
