#include "crypto/identity.h"

#include <sodium.h>
#include <string.h>

#include "crypto/kdf.h"

static const char head[] = "godwit-identity-1 ";

enum { HEAD_LEN = sizeof head - 1, TEXT_LEN = HEAD_LEN + 2 * GW_DH_LEN + 1 };

size_t
gw_identity_encode(const struct gw_keypair *keys, char out[GW_IDENTITY_TEXT])
{
	memcpy(out, head, HEAD_LEN);
	sodium_bin2hex(
	    out + HEAD_LEN, 2 * GW_DH_LEN + 1, keys->secret, GW_DH_LEN);
	out[TEXT_LEN - 1] = '\n';
	return TEXT_LEN;
}

bool
gw_identity_decode(struct gw_slice text, struct gw_keypair *out)
{
	uint8_t secret[GW_DH_LEN];
	size_t n = 0;
	const char *end = NULL, *hex;
	bool good;

	if (text.n != TEXT_LEN || memcmp(text.p, head, HEAD_LEN) != 0 ||
	    text.p[TEXT_LEN - 1] != '\n')
		return false;
	hex = (const char *)text.p + HEAD_LEN;
	good = sodium_hex2bin(secret, sizeof secret, hex, 2 * GW_DH_LEN, NULL,
		   &n, &end) == 0 &&
	       n == GW_DH_LEN && end == hex + 2 * GW_DH_LEN;
	if (good)
		gw_keypair_from(secret, out);
	gw_wipe(secret, sizeof secret);
	return good;
}

void
gw_identity_hex(const uint8_t key[GW_DH_LEN], char out[65])
{
	sodium_bin2hex(out, 65, key, GW_DH_LEN);
}
