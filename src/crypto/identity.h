/*
 * identity - this device's key pair as the text of its file.
 *
 * One line, "godwit-identity-1 " and 64 hexadecimal digits of the secret
 * key.  The file itself is read and written elsewhere.
 */
#ifndef GW_CRYPTO_IDENTITY_H
#define GW_CRYPTO_IDENTITY_H

#include "crypto/noise.h"

enum { GW_IDENTITY_TEXT = 128 };

/* Returns the length of the text; it holds a secret: wipe it. */
size_t gw_identity_encode(
    const struct gw_keypair *, char out[GW_IDENTITY_TEXT]);
/* false: anything but such a line; the pair is untouched. */
bool gw_identity_decode(struct gw_slice text, struct gw_keypair *);
/* 64 hexadecimal digits and a NUL of a public key. */
void gw_identity_hex(const uint8_t key[GW_DH_LEN], char out[65]);

#endif /* GW_CRYPTO_IDENTITY_H */
