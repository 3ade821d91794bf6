/*
 * noise against the published vectors, and against bad packets.
 */
#include "crypto/noise.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "crypto/kdf.h"
#include "test.h"
#include "vectors.h"

static const struct {
	const char *name;
	enum gw_noise_pattern pattern;
} names[] = {
	{ "Noise_NN_25519_ChaChaPoly_SHA256", GW_NOISE_NN },
	{ "Noise_NNpsk0_25519_ChaChaPoly_SHA256", GW_NOISE_NNPSK0 },
	{ "Noise_XX_25519_ChaChaPoly_SHA256", GW_NOISE_XX },
	{ "Noise_XXpsk3_25519_ChaChaPoly_SHA256", GW_NOISE_XXPSK3 },
	{ "Noise_XXpsk0+psk3_25519_ChaChaPoly_SHA256", GW_NOISE_XXPSK0_PSK3 },
	{ "Noise_KK_25519_ChaChaPoly_SHA256", GW_NOISE_KK },
	{ "Noise_KKpsk0_25519_ChaChaPoly_SHA256", GW_NOISE_KKPSK0 },
};

static struct gw_keypair
pair(const cJSON *v, const char *side, const char *what)
{
	struct gw_keypair out = { { 0 }, { 0 } };
	char member[64];
	struct bytes secret;

	snprintf(member, sizeof member, "%s_%s", side, what);
	secret = vectors_hex(v, member);
	if (secret.n == GW_DH_LEN)
		gw_keypair_from(secret.b, &out);
	return out;
}

static void
start(struct gw_noise *n, const cJSON *v, enum gw_noise_pattern pattern,
    const char *side)
{
	char member[64];
	struct gw_keypair self = pair(v, side, "static");
	struct gw_keypair ephemeral = pair(v, side, "ephemeral");
	struct bytes prologue, peer;
	const cJSON *psks, *psk;

	snprintf(member, sizeof member, "%s_prologue", side);
	prologue = vectors_hex(v, member);
	snprintf(member, sizeof member, "%s_remote_static", side);
	peer = vectors_hex(v, member);
	gw_noise_init(n, &(struct gw_noise_options){ .pattern = pattern,
			     .initiator = side[0] == 'i',
			     .prologue = slice_of(&prologue),
			     .self = &self,
			     .peer = peer.n == GW_DH_LEN ? peer.b : NULL,
			     .ephemeral = &ephemeral });
	snprintf(member, sizeof member, "%s_psks", side);
	psks = cJSON_GetObjectItemCaseSensitive(v, member);
	cJSON_ArrayForEach(psk, psks)
	{
		struct bytes b = vectors_hex_item(psk);

		gw_noise_psk(n, b.b);
	}
}

/* After the handshake: plain ChaChaPoly under the split keys. */
static void
check_transport(const struct gw_noise_keys *keys, bool from_initiator,
    uint64_t number, const struct bytes *text, const struct bytes *sealed)
{
	uint8_t nonce[12] = { 0 }, out[600];
	unsigned long long len;

	nonce[4] = (uint8_t)number;
	crypto_aead_chacha20poly1305_ietf_encrypt(out, &len, text->b, text->n,
	    NULL, 0, NULL, nonce,
	    from_initiator ? keys->from_initiator : keys->from_responder);
	assert_int_equal(len, sealed->n);
	assert_memory_equal(out, sealed->b, sealed->n);
}

static void
run_vector(const cJSON *v, enum gw_noise_pattern pattern)
{
	struct gw_noise side[2], *from, *to;
	struct gw_noise_keys keys;
	const cJSON *m;
	struct bytes hash = vectors_hex(v, "handshake_hash");
	uint64_t count[2] = { 0, 0 };
	unsigned turn = 0;
	size_t len;
	uint8_t out[600];

	start(&side[0], v, pattern, "init");
	start(&side[1], v, pattern, "resp");
	cJSON_ArrayForEach(m, cJSON_GetObjectItem(v, "messages"))
	{
		struct bytes text = vectors_hex(m, "payload");
		struct bytes sealed = vectors_hex(m, "ciphertext");

		from = &side[turn % 2];
		to = &side[(turn + 1) % 2];
		if (gw_noise_complete(from)) {
			gw_noise_split(from, &keys);
			check_transport(&keys, turn % 2 == 0, count[turn % 2]++,
			    &text, &sealed);
			turn++;
			continue;
		}
		assert_true(gw_noise_my_turn(from));
		assert_false(gw_noise_my_turn(to));
		assert_true(gw_noise_write(
		    from, slice_of(&text), out, sizeof out, &len));
		assert_int_equal(len, sealed.n);
		assert_memory_equal(out, sealed.b, len);
		assert_int_equal(
		    gw_noise_read(to, slice_of(&sealed), out, sizeof out, &len),
		    GW_NOISE_OK);
		assert_int_equal(len, text.n);
		assert_memory_equal(out, text.b, len);
		turn++;
	}
	assert_true(gw_noise_complete(&side[0]));
	assert_memory_equal(
	    gw_noise_hash(&side[0]), gw_noise_hash(&side[1]), 32);
	if (hash.n == 32)
		assert_memory_equal(gw_noise_hash(&side[0]), hash.b, 32);
	gw_noise_fini(&side[0]);
	gw_noise_fini(&side[1]);
}

static void
published_vectors(void **state)
{
	cJSON *all = vectors_load("noise.json");
	const cJSON *v;
	unsigned seen[sizeof names / sizeof names[0]] = { 0 };

	(void)state;
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(all, "vectors"))
	{
		const char *name = cJSON_GetStringValue(
		    cJSON_GetObjectItem(v, "protocol_name"));
		bool known = false;

		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
			if (strcmp(name, names[i].name) != 0)
				continue;
			run_vector(v, names[i].pattern);
			seen[i]++;
			known = true;
		}
		assert_true(known);
	}
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_true(seen[i] > 0);
	cJSON_Delete(all);
}

/* ---- bad packets ---- */

struct two {
	struct gw_noise initiator, responder;
};

static void
two_start(struct two *t, uint8_t psk_initiator, uint8_t psk_responder)
{
	uint8_t seed[4][32], psk[32];
	struct gw_keypair keys[4];

	for (int i = 0; i < 4; i++) {
		memset(seed[i], i + 1, 32);
		gw_keypair_from(seed[i], &keys[i]);
	}
	for (int i = 0; i < 2; i++) {
		struct gw_noise *n = i == 0 ? &t->initiator : &t->responder;

		gw_noise_init(
		    n, &(struct gw_noise_options){ .pattern = GW_NOISE_XXPSK3,
			   .initiator = i == 0,
			   .prologue = gw_slice_str("test"),
			   .self = &keys[i],
			   .ephemeral = &keys[2 + i] });
		memset(psk, i == 0 ? psk_initiator : psk_responder, 32);
		gw_noise_psk(n, psk);
	}
}

/* Take the handshake up to message `upto`; leaves that one in out. */
static size_t
two_until(struct two *t, int upto, uint8_t *out, size_t cap)
{
	uint8_t text[300];
	size_t len = 0, n;

	for (int i = 0; i <= upto; i++) {
		struct gw_noise *from = i % 2 ? &t->responder : &t->initiator;
		struct gw_noise *to = i % 2 ? &t->initiator : &t->responder;

		assert_true(gw_noise_write(
		    from, gw_slice_str("hello"), out, cap, &len));
		if (i < upto)
			assert_int_equal(gw_noise_read(to, gw_slice(out, len),
					     text, sizeof text, &n),
			    GW_NOISE_OK);
	}
	return len;
}

static void
every_flipped_byte_is_refused(void **state)
{
	uint8_t msg[300], text[300];
	struct two t;
	size_t n;

	(void)state;
	for (int m = 0; m < 3; m++) {
		size_t len;
		struct gw_noise *to;

		two_start(&t, 7, 7);
		len = two_until(&t, m, msg, sizeof msg);
		to = m % 2 ? &t.initiator : &t.responder;
		for (size_t i = 0; i < len; i++) {
			enum gw_noise_result r;

			/* X25519 ignores the top bit of a key: skip it. */
			msg[i] ^= 1;
			r = gw_noise_read(
			    to, gw_slice(msg, len), text, sizeof text, &n);
			assert_int_not_equal(r, GW_NOISE_OK);
			msg[i] ^= 1;
		}
		for (size_t cut = 0; cut < len; cut++)
			assert_int_not_equal(
			    gw_noise_read(
				to, gw_slice(msg, cut), text, sizeof text, &n),
			    GW_NOISE_OK);
		/* The state is as it was: the right one still opens. */
		assert_int_equal(gw_noise_read(to, gw_slice(msg, len), text,
				     sizeof text, &n),
		    GW_NOISE_OK);
		assert_int_equal(n, 5);
		assert_memory_equal(text, "hello", 5);
	}
}

static void
a_wrong_psk_is_a_bad_payload(void **state)
{
	uint8_t msg[300], text[300];
	struct two t;
	size_t len, n;

	(void)state;
	two_start(&t, 7, 8);
	len = two_until(&t, 2, msg, sizeof msg);
	assert_int_equal(gw_noise_read(&t.responder, gw_slice(msg, len), text,
			     sizeof text, &n),
	    GW_NOISE_BAD_PAYLOAD);
	assert_null(gw_noise_peer(&t.responder));
	/* A broken static key is noise, not a guess. */
	msg[3] ^= 4;
	assert_int_equal(gw_noise_read(&t.responder, gw_slice(msg, len), text,
			     sizeof text, &n),
	    GW_NOISE_BAD);
}

static void
keys_that_yield_nothing_are_refused(void **state)
{
	uint8_t msg[300] = { 0 }, text[300];
	struct two t;
	size_t len, n;

	(void)state;
	two_start(&t, 7, 7);
	len = two_until(&t, 1, msg, sizeof msg);
	memset(msg, 0, 32); /* the responder's ephemeral: order 1 */
	assert_int_equal(gw_noise_read(&t.initiator, gw_slice(msg, len), text,
			     sizeof text, &n),
	    GW_NOISE_BAD);
}

static void
too_small_a_buffer_changes_nothing(void **state)
{
	uint8_t msg[300];
	struct two t;
	size_t len;

	(void)state;
	two_start(&t, 7, 7);
	assert_false(
	    gw_noise_write(&t.initiator, gw_slice_str("hello"), msg, 52, &len));
	assert_true(
	    gw_noise_write(&t.initiator, gw_slice_str("hello"), msg, 53, &len));
	assert_int_equal(len, 53);
}

static void
what_is_bound_must_be_the_same(void **state)
{
	const struct gw_slice text = gw_slice_str("text");

	(void)state;
	for (unsigned differ = 0; differ < 2; differ++) {
		struct gw_keypair keys[4];
		struct gw_noise n[2];
		uint8_t msg[256], out[256];
		enum gw_noise_result result;
		size_t len, got;

		for (uint8_t i = 0; i < 4; i++)
			gw_keypair_from((const uint8_t[32]){ i }, &keys[i]);
		for (unsigned i = 0; i < 2; i++)
			gw_noise_init(&n[i], &(struct gw_noise_options){
						 .pattern = GW_NOISE_XX,
						 .initiator = i == 0,
						 .self = &keys[i],
						 .ephemeral = &keys[2 + i],
					     });
		assert_true(gw_noise_write(&n[0], text, msg, sizeof msg, &len));
		assert_int_equal(gw_noise_read(&n[1], gw_slice(msg, len), out,
				     sizeof out, &got),
		    GW_NOISE_OK);
		gw_noise_bind(&n[1], gw_slice_str("here"));
		assert_true(gw_noise_write(&n[1], text, msg, sizeof msg, &len));
		gw_noise_bind(
		    &n[0], gw_slice_str(differ ? "elsewhere" : "here"));
		result = gw_noise_read(
		    &n[0], gw_slice(msg, len), out, sizeof out, &got);
		assert_int_equal(result == GW_NOISE_OK, differ == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors),
		cmocka_unit_test(every_flipped_byte_is_refused),
		cmocka_unit_test(a_wrong_psk_is_a_bad_payload),
		cmocka_unit_test(keys_that_yield_nothing_are_refused),
		cmocka_unit_test(what_is_bound_must_be_the_same),
		cmocka_unit_test(too_small_a_buffer_changes_nothing),
	};

	if (!gw_crypto_start())
		return 1;
	return cmocka_run_group_tests_name("noise", tests, NULL, NULL);
}
