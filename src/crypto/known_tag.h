/*
 * known_tag - by what two devices that know each other's key recognise each
 * other's beacons, and nobody else does.
 *
 * Both derive the same key from their static keys (X25519, then HKDF); a tag
 * is an HMAC under it, another one every hour, for every run of a program and
 * from either side.  A tag proves nothing (whoever hears it can repeat it):
 * it says only whom a session is worth trying with.
 */
#ifndef GW_CRYPTO_KNOWN_TAG_H
#define GW_CRYPTO_KNOWN_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/noise.h"

enum { GW_KNOWN_TAG_KEY = 32, GW_KNOWN_TAG = 8 };

#define GW_KNOWN_TAG_SECONDS 3600 /* how long a period lasts */

/* The key of this pair of devices, the same on both; a secret: wipe it.
 * false: that is no public key of a device. */
bool gw_known_tag_key(const struct gw_keypair *self,
    const uint8_t peer[GW_DH_LEN], uint8_t key[GW_KNOWN_TAG_KEY]);

/*
 * What the device `from` (a public key) sends of itself in this period:
 * seconds since 1970 / GW_KNOWN_TAG_SECONDS.  Clocks differ: whoever looks for
 * a tag tries the period before and the one after as well.  run: the id of
 * the run that sends it, as it stands in the beacon.
 */
void gw_known_tag(const uint8_t key[GW_KNOWN_TAG_KEY],
    const uint8_t from[GW_DH_LEN], uint64_t period, struct gw_slice run,
    uint8_t tag[GW_KNOWN_TAG]);

#endif /* GW_CRYPTO_KNOWN_TAG_H */
