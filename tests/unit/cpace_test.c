#include "crypto/cpace.h"

#include <string.h>

#include "crypto/kdf.h"
#include "test.h"
#include "vectors.h"

static void
published_vectors(void **state)
{
	cJSON *all = vectors_load("cpace.json");
	const cJSON *v = cJSON_GetObjectItem(all, "G_Coffee25519");
	struct bytes prs = vectors_hex(v, "PRS"), ci = vectors_hex(v, "CI"),
		     sid = vectors_hex(v, "sid"), ada = vectors_hex(v, "ADa"),
		     adb = vectors_hex(v, "ADb"),
		     isk = vectors_hex(v, "ISK_IR"),
		     share_a = vectors_hex(v, "Ya"),
		     share_b = vectors_hex(v, "Yb");
	struct gw_cpace_input in = { slice_of(&prs), slice_of(&ci),
		slice_of(&sid) };
	struct gw_cpace a, b;
	uint8_t random[64] = { 0 }, out[GW_CPACE_ISK];

	(void)state;
	/* A scalar below the group's order survives the reduction. */
	memcpy(random, vectors_hex(v, "ya").b, 32);
	gw_cpace_start(&a, &in, random);
	assert_memory_equal(a.share, share_a.b, 32);
	memcpy(random, vectors_hex(v, "yb").b, 32);
	gw_cpace_start(&b, &in, random);
	assert_memory_equal(b.share, share_b.b, 32);
	assert_true(gw_cpace_finish(
	    &a, &in, true, slice_of(&ada), b.share, slice_of(&adb), out));
	assert_memory_equal(out, isk.b, sizeof out);
	memset(out, 0, sizeof out);
	assert_true(gw_cpace_finish(
	    &b, &in, false, slice_of(&adb), a.share, slice_of(&ada), out));
	assert_memory_equal(out, isk.b, sizeof out);
	gw_cpace_fini(&a);
	cJSON_Delete(all);
}

static const struct gw_cpace_input input = { { (const uint8_t *)"7-a-b", 5 },
	{ (const uint8_t *)"godwit/1", 8 }, { (const uint8_t *)"sid", 3 } };

static void
invalid_shares_are_refused(void **state)
{
	cJSON *all = vectors_load("cpace.json");
	const cJSON *v = cJSON_GetObjectItem(all, "G_Coffee25519_points");
	const char *const names[] = { "Invalid Y1", "Invalid Y2" };
	struct gw_cpace c;
	uint8_t random[64], out[GW_CPACE_ISK] = { 42 };
	struct gw_slice none = { NULL, 0 };

	(void)state;
	memset(random, 9, sizeof random);
	gw_cpace_start(&c, &input, random);
	for (int i = 0; i < 2; i++) {
		struct bytes y = vectors_hex(v, names[i]);

		assert_int_equal(y.n, 32);
		assert_false(
		    gw_cpace_finish(&c, &input, true, none, y.b, none, out));
		assert_int_equal(out[0], 42);
	}
	cJSON_Delete(all);
}

static void
another_password_gives_another_key(void **state)
{
	struct gw_cpace_input other = input;
	struct gw_slice none = { NULL, 0 };
	struct gw_cpace a, b;
	uint8_t random[64], one[GW_CPACE_ISK], two[GW_CPACE_ISK];

	(void)state;
	other.password = gw_slice_str("7-a-c");
	memset(random, 9, sizeof random);
	gw_cpace_start(&a, &input, random);
	memset(random, 10, sizeof random);
	gw_cpace_start(&b, &other, random);
	assert_true(
	    gw_cpace_finish(&a, &input, true, none, b.share, none, one));
	assert_true(
	    gw_cpace_finish(&b, &other, false, none, a.share, none, two));
	assert_memory_not_equal(one, two, sizeof one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors),
		cmocka_unit_test(invalid_shares_are_refused),
		cmocka_unit_test(another_password_gives_another_key),
	};

	if (!gw_crypto_start())
		return 1;
	return cmocka_run_group_tests_name("cpace", tests, NULL, NULL);
}
