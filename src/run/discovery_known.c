#include "run/discovery_known.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/kdf.h"
#include "discovery/roster.h"

static_assert((int)GW_DEVICES_MAX <= (int)GW_KNOWN_MAX, "all have tags");
static_assert((int)GW_KNOWN_TAG == (int)GW_BEACON_TAG_LEN, "tags are tags");
static_assert((int)GW_DH_LEN == (int)GW_KEY_LEN, "keys are keys");

enum gw_err
gw_discovery_known_init(struct gw_discovery_known *k,
    const struct gw_keypair *self, const struct gw_device_book *book)
{
	struct gw_discovery_known all = { .count = 0 };

	/* Never an allocation of nothing. */
	all.v = calloc(book->count + 1, sizeof *all.v);
	if (all.v == NULL)
		return GW_E_MEMORY;
	for (size_t i = 0; i < book->count; i++) {
		const struct gw_device_entry *e = &book->entries[i];
		struct gw_known_device *one = &all.v[all.count];

		if (gw_equal(e->key, self->public, GW_KEY_LEN) ||
		    !gw_known_tag_key(self, e->key, one->secret))
			continue;
		memcpy(one->name, e->name, sizeof one->name);
		memcpy(one->key, e->key, sizeof one->key);
		all.count++;
	}
	*k = all;
	return GW_OK;
}

void
gw_discovery_known_fini(struct gw_discovery_known *k)
{
	if (k->v != NULL)
		gw_wipe(k->v, k->count * sizeof *k->v);
	free(k->v);
	*k = (struct gw_discovery_known){ .count = 0 };
}

int
gw_discovery_known_find(
    const struct gw_discovery_known *k, const uint8_t key[GW_KEY_LEN])
{
	for (size_t i = 0; i < k->count; i++)
		if (gw_equal(k->v[i].key, key, GW_KEY_LEN))
			return (int)i;
	return GW_NOT_KNOWN;
}

void
gw_discovery_known_tag(const struct gw_discovery_known *k, size_t index,
    const uint8_t self[GW_KEY_LEN], uint64_t period,
    const uint8_t run[GW_BEACON_RUN_LEN], struct gw_tag *tag)
{
	gw_known_tag(k->v[index].secret, self, period,
	    gw_slice(run, GW_BEACON_RUN_LEN), tag->b);
}

static bool
has_tag(const struct gw_tag *tags, const struct gw_tag *one)
{
	bool has = false;

	for (size_t i = 0; i < GW_BEACON_TAGS; i++)
		has |= gw_equal(tags[i].b, one->b, sizeof one->b);
	return has;
}

int
gw_discovery_known_whose(const struct gw_discovery_known *k,
    const struct gw_tag *tags, uint64_t period,
    const uint8_t run[GW_BEACON_RUN_LEN])
{
	/* Most clocks are right. */
	static const int order[] = { 0, -1, 1 };

	for (size_t o = 0; o < sizeof order / sizeof *order; o++)
		for (size_t i = 0; i < k->count; i++) {
			struct gw_tag tag;

			gw_discovery_known_tag(k, i, k->v[i].key,
			    period + (uint64_t)order[o], run, &tag);
			if (has_tag(tags, &tag))
				return (int)i;
		}
	return GW_NOT_KNOWN;
}
