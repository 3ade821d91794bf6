#include "crypto/kdf.h"

#include <gcrypt.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "base/assert.h"

static bool
start_gcrypt(void)
{
	/* The program that we are in may use libgcrypt as well. */
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P) != 0)
		return true;
	if (gcry_check_version("1.9.0") == NULL)
		return false;
	/* Keys live in ordinary memory and are wiped; locked pages would run
	 * out with many sessions. */
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	return true;
}

bool
gw_crypto_start(void)
{
	/* libsodium guards its start against other threads; libgcrypt does
	 * not.  Waiting takes less than a millisecond, once. */
	static atomic_flag starting = ATOMIC_FLAG_INIT;
	bool good;

	if (sodium_init() < 0)
		return false;
	while (atomic_flag_test_and_set(&starting))
		;
	good = start_gcrypt();
	atomic_flag_clear(&starting);
	return good;
}

void
gw_hmac(struct gw_slice key, struct gw_slice text, uint8_t out[32])
{
	crypto_auth_hmacsha256_state s;

	crypto_auth_hmacsha256_init(&s, key.p, key.n);
	crypto_auth_hmacsha256_update(&s, text.p, text.n);
	crypto_auth_hmacsha256_final(&s, out);
	gw_wipe(&s, sizeof s);
}

void
gw_hkdf(struct gw_slice salt, struct gw_slice ikm, struct gw_slice info,
    void *out, size_t n)
{
	static const uint8_t no_salt[32];
	crypto_auth_hmacsha256_state s;
	uint8_t prk[32], block[32], *at = out, count = 0;

	GW_ASSERT(n <= (size_t)255 * 32);
	if (salt.n == 0)
		salt = gw_slice(no_salt, sizeof no_salt);
	gw_hmac(salt, ikm, prk);
	while (n > 0) {
		size_t take = n < sizeof block ? n : sizeof block;

		crypto_auth_hmacsha256_init(&s, prk, sizeof prk);
		if (count > 0)
			crypto_auth_hmacsha256_update(&s, block, sizeof block);
		crypto_auth_hmacsha256_update(&s, info.p, info.n);
		count++;
		crypto_auth_hmacsha256_update(&s, &count, 1);
		crypto_auth_hmacsha256_final(&s, block);
		memcpy(at, block, take);
		at += take;
		n -= take;
	}
	gw_wipe(&s, sizeof s);
	gw_wipe(prk, sizeof prk);
	gw_wipe(block, sizeof block);
}

bool
gw_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

void
gw_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

void
gw_random_bytes(void *out, size_t n)
{
	randombytes_buf(out, n);
}
