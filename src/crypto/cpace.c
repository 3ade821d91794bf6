/*
 * cpace - the draft's sections 4 to 7 for the suite CPACE-RISTR255-SHA512.
 */
#include "crypto/cpace.h"

#include <sodium.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"

static const char dsi[] = "CPaceRistretto255";
static const char dsi_isk[] = "CPaceRistretto255_ISK";

enum { HASH_BLOCK = 128 /* of SHA-512 */ };

/* prepend_len: LEB128 length, then the bytes. */
static void
hash_lv(crypto_hash_sha512_state *h, struct gw_slice s)
{
	uint8_t len[10];
	size_t n = 0, rest = s.n;

	do {
		len[n] = (uint8_t)(rest & 0x7f);
		rest >>= 7;
		if (rest > 0)
			len[n] |= 0x80;
		n++;
	} while (rest > 0);
	crypto_hash_sha512_update(h, len, n);
	if (s.n > 0)
		crypto_hash_sha512_update(h, s.p, s.n);
}

static size_t
leb128_len(size_t v)
{
	size_t n = 1;

	while (v >>= 7)
		n++;
	return n;
}

/* calculate_generator: the zero pad fills the first hash block after the
 * domain separator and the password. */
static void
generator(const struct gw_cpace_input *in, uint8_t g[32])
{
	static const uint8_t zeros[HASH_BLOCK];
	struct gw_slice tag = gw_slice_str(dsi);
	size_t used = leb128_len(tag.n) + tag.n + leb128_len(in->password.n) +
		      in->password.n,
	       pad;
	crypto_hash_sha512_state h;
	uint8_t digest[64];

	pad = used < HASH_BLOCK - 1 ? HASH_BLOCK - 1 - used : 0;
	crypto_hash_sha512_init(&h);
	hash_lv(&h, tag);
	hash_lv(&h, in->password);
	hash_lv(&h, gw_slice(zeros, pad));
	hash_lv(&h, in->ci);
	hash_lv(&h, in->sid);
	crypto_hash_sha512_final(&h, digest);
	crypto_core_ristretto255_from_hash(g, digest);
	gw_wipe(&h, sizeof h);
	gw_wipe(digest, sizeof digest);
}

void
gw_cpace_start(struct gw_cpace *c, const struct gw_cpace_input *in,
    const uint8_t random[64])
{
	uint8_t g[32];

	generator(in, g);
	crypto_core_ristretto255_scalar_reduce(c->scalar, random);
	/* Fails for the scalar zero only: one in 2^252. */
	GW_ASSERT(crypto_scalarmult_ristretto255(c->share, c->scalar, g) == 0);
	gw_wipe(g, sizeof g);
}

bool
gw_cpace_finish(const struct gw_cpace *c, const struct gw_cpace_input *in,
    bool initiator, struct gw_slice own_ad,
    const uint8_t peer_share[GW_CPACE_SHARE], struct gw_slice peer_ad,
    uint8_t isk[GW_CPACE_ISK])
{
	struct gw_slice own = gw_slice(c->share, GW_CPACE_SHARE);
	struct gw_slice theirs = gw_slice(peer_share, GW_CPACE_SHARE);
	crypto_hash_sha512_state h;
	uint8_t k[32];

	/* Also refuses invalid encodings and the neutral element. */
	if (crypto_scalarmult_ristretto255(k, c->scalar, peer_share) != 0)
		return false;
	crypto_hash_sha512_init(&h);
	hash_lv(&h, gw_slice_str(dsi_isk));
	hash_lv(&h, in->sid);
	hash_lv(&h, gw_slice(k, sizeof k));
	hash_lv(&h, initiator ? own : theirs);
	hash_lv(&h, initiator ? own_ad : peer_ad);
	hash_lv(&h, initiator ? theirs : own);
	hash_lv(&h, initiator ? peer_ad : own_ad);
	crypto_hash_sha512_final(&h, isk);
	gw_wipe(&h, sizeof h);
	gw_wipe(k, sizeof k);
	return true;
}

void
gw_cpace_fini(struct gw_cpace *c)
{
	gw_wipe(c, sizeof *c);
}
