#include "crypto/known_tag.h"

#include <sodium.h>
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "crypto/kdf.h"

enum { RUN_MAX = 32, TEXT_MAX = 128 };

static const char key_info[] = "godwit known tag";

/* Both keys, in an order that both sides have. */
static void
write_pair(struct gw_writer *w, const uint8_t *a, const uint8_t *b)
{
	const bool swap = memcmp(a, b, GW_DH_LEN) > 0;

	gw_write_bytes(w, swap ? b : a, GW_DH_LEN);
	gw_write_bytes(w, swap ? a : b, GW_DH_LEN);
}

bool
gw_known_tag_key(const struct gw_keypair *self, const uint8_t peer[GW_DH_LEN],
    uint8_t key[GW_KNOWN_TAG_KEY])
{
	uint8_t shared[GW_DH_LEN], info[TEXT_MAX];
	struct gw_writer w = gw_writer(info, sizeof info);

	if (crypto_scalarmult(shared, self->secret, peer) != 0)
		return false;
	gw_write_bytes(&w, key_info, sizeof key_info - 1);
	write_pair(&w, self->public, peer);
	GW_ASSERT(gw_writer_ok(&w));
	gw_hkdf(gw_slice(NULL, 0), gw_slice(shared, sizeof shared),
	    gw_slice(info, gw_writer_len(&w)), key, GW_KNOWN_TAG_KEY);
	gw_wipe(shared, sizeof shared);
	return true;
}

void
gw_known_tag(const uint8_t key[GW_KNOWN_TAG_KEY], const uint8_t from[GW_DH_LEN],
    uint64_t period, struct gw_slice run, uint8_t tag[GW_KNOWN_TAG])
{
	uint8_t text[TEXT_MAX], full[32];
	struct gw_writer w = gw_writer(text, sizeof text);

	GW_ASSERT(run.n <= RUN_MAX);
	gw_write_bytes(&w, from, GW_DH_LEN);
	gw_write_u64(&w, period);
	gw_write_bytes(
	    &w, run.p, run.n); /* last: its length need not be told */
	GW_ASSERT(gw_writer_ok(&w));
	gw_hmac(gw_slice(key, GW_KNOWN_TAG_KEY),
	    gw_slice(text, gw_writer_len(&w)), full);
	memcpy(tag, full, GW_KNOWN_TAG);
}
