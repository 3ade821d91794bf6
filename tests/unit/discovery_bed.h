/*
 * discovery_bed - devices on one link, on a clock of its own.
 */
#ifndef GW_TESTS_UNIT_DISCOVERY_BED_H
#define GW_TESTS_UNIT_DISCOVERY_BED_H

#include "discovery/discovery.h"
#include "test.h"

enum { BED_MAX = 64, BED_SEEN = 512 };

/* What a device has been told: who is there now, and what was said last. */
struct bed_view {
	uint64_t ids[BED_SEEN];
	unsigned there, gone, known, numbered, events;
	unsigned real; /* events of devices of the bed */
	struct gw_roster_entry last;
};

struct bed {
	gw_usec now;
	struct gw_discovery *d[BED_MAX];
	struct bed_view view[BED_MAX];
	size_t count;
	unsigned loss_permille;
	struct gw_random random;
	uint64_t seed;
	uint64_t sent, sent_to_all; /* datagrams */
	unsigned whos;              /* questions whose tags these are */
	unsigned secrets;           /* that every device shares with all */
};

void bed_init(struct bed *, size_t devices);
void bed_fini(struct bed *);

/* Where a device is. */
struct gw_spot bed_spot(size_t device);
/* Devices share a secret with each other; tags of these. */
void bed_make_tags(struct bed *, size_t device, unsigned secrets);
/* Let time pass, and datagrams go where they go. */
void bed_run(struct bed *, gw_usec duration);
/* Hand this in as if it came from a device; `shared`: to all. */
void bed_give(struct bed *, size_t to, const struct gw_beacon *,
    const struct gw_spot *from, bool shared);

/* Every device's announcement: a waiting `recv` named "dev<i>". */
void bed_announce(struct bed *, size_t device, uint32_t number, bool unasked);
void bed_seek(struct bed *, size_t device, enum gw_beacon_ask);

#endif /* GW_TESTS_UNIT_DISCOVERY_BED_H */
