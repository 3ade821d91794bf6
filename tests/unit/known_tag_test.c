#include "crypto/known_tag.h"

#include <string.h>

#include "crypto/kdf.h"
#include "test.h"

struct pair {
	struct gw_keypair a, b;
	uint8_t key[GW_KNOWN_TAG_KEY];
};

static void
make(uint8_t fill, struct gw_keypair *out)
{
	uint8_t secret[GW_DH_LEN];

	memset(secret, fill, sizeof secret);
	gw_keypair_from(secret, out);
}

static int
start(void **state)
{
	static struct pair p;

	if (!gw_crypto_start())
		return -1;
	make(1, &p.a);
	make(2, &p.b);
	*state = &p;
	return gw_known_tag_key(&p.a, p.b.public, p.key) ? 0 : -1;
}

static void
both_sides_have_one_key(void **state)
{
	struct pair *p = *state;
	uint8_t theirs[GW_KNOWN_TAG_KEY];

	assert_true(gw_known_tag_key(&p->b, p->a.public, theirs));
	assert_memory_equal(p->key, theirs, sizeof theirs);
}

static void
another_pair_has_another_key(void **state)
{
	struct pair *p = *state;
	struct gw_keypair c;
	uint8_t other[GW_KNOWN_TAG_KEY];

	make(3, &c);
	assert_true(gw_known_tag_key(&p->a, c.public, other));
	assert_memory_not_equal(p->key, other, sizeof other);
	assert_true(gw_known_tag_key(&c, p->b.public, other));
	assert_memory_not_equal(p->key, other, sizeof other);
}

static void
a_point_without_order_is_no_device(void **state)
{
	static const uint8_t zero[GW_DH_LEN];
	struct pair *p = *state;
	uint8_t key[GW_KNOWN_TAG_KEY];

	assert_false(gw_known_tag_key(&p->a, zero, key));
}

static void
a_tag_differs_by_hour_run_and_side(void **state)
{
	static const char run[] = "0123456789abcdef",
			  other[] = "0123456789abcdeg";
	struct pair *p = *state;
	uint8_t tag[GW_KNOWN_TAG], again[GW_KNOWN_TAG];

	gw_known_tag(p->key, p->a.public, 490000, gw_slice_str(run), tag);
	gw_known_tag(p->key, p->a.public, 490000, gw_slice_str(run), again);
	assert_memory_equal(tag, again, sizeof tag);
	gw_known_tag(p->key, p->a.public, 490001, gw_slice_str(run), again);
	assert_memory_not_equal(tag, again, sizeof tag);
	gw_known_tag(p->key, p->a.public, 490000, gw_slice_str(other), again);
	assert_memory_not_equal(tag, again, sizeof tag);
	gw_known_tag(p->key, p->b.public, 490000, gw_slice_str(run), again);
	assert_memory_not_equal(tag, again, sizeof tag);
}

/* The bytes of docs/protocol.md, computed apart from this code. */
static void
the_bytes_are_those_of_the_protocol(void **state)
{
	static const uint8_t want[GW_KNOWN_TAG] = { 0xf4, 0xe2, 0x9a, 0x65,
		0xbb, 0xe7, 0xf7, 0x79 };
	struct pair *p = *state;
	uint8_t tag[GW_KNOWN_TAG];

	gw_known_tag(
	    p->key, p->a.public, 490000, gw_slice_str("0123456789abcdef"), tag);
	assert_memory_equal(tag, want, sizeof want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_have_one_key),
		cmocka_unit_test(another_pair_has_another_key),
		cmocka_unit_test(a_point_without_order_is_no_device),
		cmocka_unit_test(a_tag_differs_by_hour_run_and_side),
		cmocka_unit_test(the_bytes_are_those_of_the_protocol),
	};

	return cmocka_run_group_tests_name("known_tag", tests, start, NULL);
}
