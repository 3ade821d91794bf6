/* Cookies: for one address, one id, and a while. */
#include "session/udp/cookie.h"

#include "crypto/kdf.h"
#include "test.h"

static void
fill(void *arg, void *out, size_t n)
{
	(void)arg;
	gw_random_bytes(out, n);
}

static const struct gw_random source = { fill, NULL };
static const struct gw_path here = { .ip = { 1 }, .port = 5 };

static bool
check(struct gw_cookies *c, const struct gw_path *p, uint64_t id,
    const uint8_t *cookie, gw_usec now)
{
	return gw_cookies_check(c, p, id, gw_slice(cookie, GW_COOKIE_LEN), now);
}

static void
it_is_for_one_address_and_id(void **state)
{
	struct gw_path other = here, port = here;
	uint8_t cookie[GW_COOKIE_LEN];
	struct gw_cookies c;

	(void)state;
	other.ip[15] = 1;
	port.port = 6;
	gw_cookies_init(&c, &source, 0);
	gw_cookies_make(&c, &here, 7, 0, cookie);
	assert_true(check(&c, &here, 7, cookie, 0));
	assert_false(check(&c, &other, 7, cookie, 0));
	assert_false(check(&c, &port, 7, cookie, 0));
	assert_false(check(&c, &here, 8, cookie, 0));
	assert_false(gw_cookies_check(&c, &here, 7, gw_slice(cookie, 15), 0));
	assert_false(gw_cookies_check(&c, &here, 7, gw_slice(NULL, 0), 0));
	cookie[3] ^= 1;
	assert_false(check(&c, &here, 7, cookie, 0));
	gw_cookies_fini(&c);
}

static void
it_lives_for_two_secrets(void **state)
{
	uint8_t cookie[GW_COOKIE_LEN];
	struct gw_cookies c;

	(void)state;
	gw_cookies_init(&c, &source, 0);
	gw_cookies_make(&c, &here, 7, 100 * GW_SEC, cookie);
	assert_true(check(&c, &here, 7, cookie, 130 * GW_SEC));
	assert_true(check(&c, &here, 7, cookie, 230 * GW_SEC));
	assert_false(check(&c, &here, 7, cookie, 260 * GW_SEC));
	/* Nobody came for long: both are old. */
	gw_cookies_make(&c, &here, 7, 260 * GW_SEC, cookie);
	assert_false(check(&c, &here, 7, cookie, 900 * GW_SEC));
	gw_cookies_fini(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_for_one_address_and_id),
		cmocka_unit_test(it_lives_for_two_secrets),
	};

	if (!gw_crypto_start())
		return 1;
	return cmocka_run_group_tests_name("cookie", tests, NULL, NULL);
}
