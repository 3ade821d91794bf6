#include "crypto/aead.h"

#include <gcrypt.h>
#include <string.h>

#include "alloc.h"
#include "crypto/kdf.h"
#include "test.h"

enum { TEXT_MAX = 100, NONCE_LEN = 12 };

static const enum gw_cipher ciphers[] = { GW_AES_256_GCM,
	GW_CHACHA20_POLY1305 };
static const uint8_t secret[GW_SECRET_LEN] = "a secret of thirty-two bytes ...";
static const uint8_t plain[TEXT_MAX + 1] =
    "One hundred bytes of text that is sealed, opened, changed and cut, "
    "so that every length has its turn.";

static struct gw_aead *
make(enum gw_cipher cipher)
{
	struct gw_aead *a = NULL;

	assert_int_equal(gw_aead_new(cipher, secret, &a), GW_OK);
	return a;
}

/* The same by another road: libgcrypt for both, the nonce by hand. */
static void
seal_otherwise(enum gw_cipher cipher, uint64_t number, struct gw_slice aad,
    struct gw_slice text, uint8_t *out)
{
	const int gcm = cipher == GW_AES_256_GCM;
	struct gw_slice none = { NULL, 0 }, s = { secret, sizeof secret };
	uint8_t key[32], nonce[NONCE_LEN];
	gcry_cipher_hd_t h;

	gw_hkdf(none, s, gw_slice_str("godwit key"), key, sizeof key);
	gw_hkdf(none, s, gw_slice_str("godwit iv"), nonce, sizeof nonce);
	for (int i = 0; i < 8; i++)
		nonce[NONCE_LEN - 8 + i] ^= (uint8_t)(number >> (56 - 8 * i));
	assert_int_equal(
	    gcry_cipher_open(&h,
		gcm ? GCRY_CIPHER_AES256 : GCRY_CIPHER_CHACHA20,
		gcm ? GCRY_CIPHER_MODE_GCM : GCRY_CIPHER_MODE_POLY1305, 0),
	    0);
	assert_int_equal(gcry_cipher_setkey(h, key, sizeof key), 0);
	assert_int_equal(gcry_cipher_setiv(h, nonce, sizeof nonce), 0);
	assert_int_equal(gcry_cipher_authenticate(h, aad.p, aad.n), 0);
	assert_int_equal(gcry_cipher_final(h), 0);
	assert_int_equal(
	    gcry_cipher_encrypt(h, out, text.n, text.p, text.n), 0);
	assert_int_equal(gcry_cipher_gettag(h, out + text.n, GW_AEAD_TAG), 0);
	gcry_cipher_close(h);
}

static void
another_library_seals_the_same(void **state)
{
	static const size_t heads[] = { 0, 16, 32 };
	static const uint64_t numbers[] = { 0, 1, UINT64_C(0x0102030405060708),
		UINT64_MAX };
	struct gw_slice aad = gw_slice_str("head");

	(void)state;
	for (size_t c = 0; c < 2; c++)
		for (size_t h = 0; h < 3; h++)
			for (size_t i = 0; i < 4; i++) {
				uint8_t got[TEXT_MAX + GW_AEAD_TAG];
				uint8_t want[TEXT_MAX + GW_AEAD_TAG];
				struct gw_aead *a = make(ciphers[c]);
				const size_t rest = TEXT_MAX - heads[h];

				gw_aead_seal(a, numbers[i], aad,
				    gw_slice(plain, heads[h]),
				    gw_slice(plain + heads[h], rest), got);
				seal_otherwise(ciphers[c], numbers[i], aad,
				    gw_slice(plain, TEXT_MAX), want);
				assert_memory_equal(got, want, sizeof got);
				gw_aead_free(a);
			}
}

/* Long ones go other ways through a cipher than short ones do. */
static void
another_library_seals_long_texts_the_same(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 127, 128, 129, 255,
		256, 257, 1392, 1408, 1419, 4095, 8871, 16000 };
	static uint8_t text[16000], got[16000 + GW_AEAD_TAG];
	static uint8_t want[16000 + GW_AEAD_TAG];
	struct gw_slice aad = gw_slice_str("sixteen bytes...");

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i * 7 >> 2);
	for (size_t c = 0; c < 2; c++)
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			struct gw_aead *a = make(ciphers[c]);
			const size_t n = sizes[i], head = n / 2 & ~15U;

			seal_otherwise(
			    ciphers[c], i, aad, gw_slice(text, n), want);
			gw_aead_seal(a, i, aad, gw_slice(NULL, 0),
			    gw_slice(text, n), got);
			assert_memory_equal(got, want, n + GW_AEAD_TAG);
			gw_aead_seal(a, i, aad, gw_slice(text, head),
			    gw_slice(text + head, n - head), got);
			assert_memory_equal(got, want, n + GW_AEAD_TAG);
			assert_true(
			    gw_aead_open(a, i, aad, got, n + GW_AEAD_TAG));
			assert_memory_equal(got, text, n);
			gw_aead_free(a);
		}
}

static void
what_is_sealed_opens(void **state)
{
	struct gw_slice aad = gw_slice_str("four");

	(void)state;
	for (size_t c = 0; c < 2; c++)
		for (size_t n = 0; n <= TEXT_MAX; n++) {
			const size_t head = n < 16 ? 0 : 16;
			uint8_t buf[TEXT_MAX + GW_AEAD_TAG];
			struct gw_aead *a = make(ciphers[c]);
			struct gw_aead *b = make(ciphers[c]);

			gw_aead_seal(a, n, aad, gw_slice(plain, head),
			    gw_slice(plain + head, n - head), buf);
			assert_true(
			    gw_aead_open(b, n, aad, buf, n + GW_AEAD_TAG));
			assert_memory_equal(buf, plain, n);
			gw_aead_free(a);
			gw_aead_free(b);
		}
}

static void
one_changed_bit_does_not_open(void **state)
{
	const size_t n = 20 + GW_AEAD_TAG;
	uint8_t sealed[20 + GW_AEAD_TAG], buf[20 + GW_AEAD_TAG];
	struct gw_slice aad = gw_slice_str("head");

	(void)state;
	for (size_t c = 0; c < 2; c++) {
		struct gw_aead *a = make(ciphers[c]);

		gw_aead_seal(
		    a, 5, aad, gw_slice(NULL, 0), gw_slice(plain, 20), sealed);
		for (size_t bit = 0; bit < 8 * n; bit++) {
			memcpy(buf, sealed, n);
			buf[bit / 8] ^= (uint8_t)(1U << (bit % 8));
			assert_false(gw_aead_open(a, 5, aad, buf, n));
		}
		for (size_t cut = 0; cut < n; cut++) {
			memcpy(buf, sealed, n);
			assert_false(gw_aead_open(a, 5, aad, buf, cut));
		}
		memcpy(buf, sealed, n);
		assert_false(gw_aead_open(a, 6, aad, buf, n));
		memcpy(buf, sealed, n);
		assert_false(gw_aead_open(a, 5, gw_slice_str("heaf"), buf, n));
		memcpy(buf, sealed, n);
		assert_true(gw_aead_open(a, 5, aad, buf, n));
		gw_aead_free(a);
	}
}

static void
a_roll_changes_the_key_on_both_sides(void **state)
{
	uint8_t first[4 + GW_AEAD_TAG], second[4 + GW_AEAD_TAG];
	struct gw_slice none = { NULL, 0 }, text = gw_slice_str("text");

	(void)state;
	for (size_t c = 0; c < 2; c++) {
		struct gw_aead *a = make(ciphers[c]), *b = make(ciphers[c]);

		gw_aead_seal(a, 1, text, none, text, first);
		assert_int_equal(gw_aead_roll(a), GW_OK);
		gw_aead_seal(a, 1, text, none, text, second);
		assert_memory_not_equal(first, second, sizeof first);
		assert_false(gw_aead_open(b, 1, text, second, sizeof second));
		gw_aead_seal(a, 2, text, none, text, second);
		assert_int_equal(gw_aead_roll(b), GW_OK);
		assert_true(gw_aead_open(b, 2, text, second, sizeof second));
		gw_aead_free(a);
		gw_aead_free(b);
	}
}

static void
names_and_no_memory(void **state)
{
	struct gw_aead *a = NULL;

	(void)state;
	assert_string_equal(gw_cipher_name(GW_AES_256_GCM), "AES-256-GCM");
	assert_string_equal(
	    gw_cipher_name(GW_CHACHA20_POLY1305), "ChaCha20-Poly1305");
	test_fail_alloc(0);
	assert_int_equal(gw_aead_new(GW_AES_256_GCM, secret, &a), GW_E_MEMORY);
	test_fail_alloc(-1);
	assert_null(a);
	gw_aead_free(NULL);
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
		cmocka_unit_test(another_library_seals_the_same),
		cmocka_unit_test(another_library_seals_long_texts_the_same),
		cmocka_unit_test(what_is_sealed_opens),
		cmocka_unit_test(one_changed_bit_does_not_open),
		cmocka_unit_test(a_roll_changes_the_key_on_both_sides),
		cmocka_unit_test(names_and_no_memory),
	};

	return cmocka_run_group_tests_name("aead", tests, start, NULL);
}
