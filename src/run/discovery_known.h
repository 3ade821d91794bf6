/*
 * discovery_known - the remembered devices as discovery sees them: which tags
 * this run bears for them, and whose tags others are.
 */
#ifndef GW_RUN_DISCOVERY_KNOWN_H
#define GW_RUN_DISCOVERY_KNOWN_H

#include "crypto/known_tag.h"
#include "run/device_book.h"
#include "wire/beacon.h"

struct gw_known_device {
	char name[GW_NAME_MAX + 1]; /* that was chosen here */
	uint8_t key[GW_KEY_LEN];
	uint8_t secret[GW_KNOWN_TAG_KEY];
};

/* All zeros: none. */
struct gw_discovery_known {
	struct gw_known_device *v; /* in the order of the book */
	size_t count;
};

/* Out of a book that need not live on.  A key that is none of a device, or our
 * own, is left out.  GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_discovery_known_init(struct gw_discovery_known *,
    const struct gw_keypair *self, const struct gw_device_book *);
/* Wipes the secrets. */
void gw_discovery_known_fini(struct gw_discovery_known *);

/* The index of a device, or GW_NOT_KNOWN. */
int gw_discovery_known_find(
    const struct gw_discovery_known *, const uint8_t key[GW_KEY_LEN]);
/* By what the device with this index knows a run of ours in this period. */
void gw_discovery_known_tag(const struct gw_discovery_known *, size_t index,
    const uint8_t self[GW_KEY_LEN], uint64_t period,
    const uint8_t run[GW_BEACON_RUN_LEN], struct gw_tag *);
/* Whose one of GW_BEACON_TAGS tags is, of this period or of one beside it;
 * GW_NOT_KNOWN: nobody's. */
int gw_discovery_known_whose(const struct gw_discovery_known *,
    const struct gw_tag *, uint64_t period,
    const uint8_t run[GW_BEACON_RUN_LEN]);

#endif /* GW_RUN_DISCOVERY_KNOWN_H */
