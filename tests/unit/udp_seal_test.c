#include <stdlib.h>
#include <string.h>

#include "crypto/kdf.h"
#include "session/udp/udp_session_private.h"
#include "test.h"

enum { RING = 4096, MOST = 1500 };

static struct gw_udp_session *s;
static struct gw_ring ring;
static uint8_t data[RING], head[GW_RING_FRONT + 16];

static void
start(enum gw_cipher cipher)
{
	static const uint8_t secret[GW_SECRET_LEN] = { 5 };

	s = calloc(1, sizeof(*s));
	assert_non_null(s);
	s->link = calloc(1, sizeof(*s->link));
	assert_non_null(s->link);
	s->peer_cid = 7;
	assert_int_equal(
	    gw_keys_init(&s->link->out, cipher, secret, 1000), GW_OK);
	for (size_t i = 0; i < RING; i++)
		data[i] = (uint8_t)(i * 31 >> 3);
	memset(head, 0xee, sizeof(head));
	gw_ring_init(&ring);
	assert_int_equal(gw_ring_grow(&ring, RING, 0, 0), GW_OK);
	gw_ring_put(&ring, 0, gw_slice(data, RING));
}

static void
stop(void)
{
	gw_ring_fini(&ring);
	gw_keys_fini(&s->link->out);
	free(s->link);
	free(s);
}

/* n bytes of the ring behind a head, sealed in both ways. */
static void
assert_same(uint64_t offset, size_t n, size_t head_len)
{
	uint8_t two[MOST + 200], one[MOST + 200];
	const struct gw_slice text[2] = {
		gw_slice(head, head_len),
		gw_ring_get(&ring, offset, n),
	};
	const size_t len = gw_udp_session_seal(s, 1, text, two);

	assert_int_equal(len, GW_UDP_OVERHEAD + head_len + text[1].n);
	assert_int_equal(gw_udp_session_seal_chunk(
			     s, 1, text, gw_ring_at(&ring, offset), one),
	    len);
	assert_memory_equal(one, two, len);
	assert_int_equal(gw_udp_session_seal_chunk(s, 1, text, NULL, one), len);
	assert_memory_equal(one, two, len);
	assert_memory_equal(ring.buf, data, RING);
}

/* Wherever it stands, also where the ring begins, ends, and wraps; and again,
 * as when it has to be sent once more. */
static void
a_head_in_front_of_a_chunk_is_sealed_as_one_beside_it(void **state)
{
	static const uint64_t offsets[] = { 0, 1, 15, 16, 17, 100, 1392,
		RING - 1400, RING - 16, RING - 1, RING, RING + 5, 3 * RING };
	static const size_t sizes[] = { 1, 15, 16, 1392, MOST };
	const enum gw_cipher ciphers[] = { GW_AES_256_GCM,
		GW_CHACHA20_POLY1305 };

	(void)state;
	for (size_t c = 0; c < 2; c++) {
		start(ciphers[c]);
		for (size_t o = 0; o < sizeof(offsets) / sizeof(*offsets); o++)
			for (size_t i = 0; i < 5; i++)
				for (size_t h = 0; h <= sizeof(head); h += 16)
					assert_same(offsets[o], sizes[i], h);
		stop();
	}
}

static int
start_crypto(void **state)
{
	(void)state;
	return gw_crypto_start() ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_head_in_front_of_a_chunk_is_sealed_as_one_beside_it),
	};

	return cmocka_run_group_tests_name(
	    "udp_seal", tests, start_crypto, NULL);
}
