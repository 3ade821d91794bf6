/*
 * roster - the devices that one believes in: a bounded table.
 *
 * An entry is what a beacon says of its sender: run id, port, name.  One that
 * says anything else is another entry, so that nobody changes what somebody
 * else has said.  Entries that answered a question of ours, or are known by a
 * secret, never make room for others.
 */
#ifndef GW_DISCOVERY_ROSTER_H
#define GW_DISCOVERY_ROSTER_H

#include "base/time.h"
#include "wire/beacon.h"

/* Where somebody is: an address as seen through an interface. */
struct gw_spot {
	uint8_t ip[16];     /* IPv4 as ::ffff:a.b.c.d */
	unsigned interface; /* index */
	uint16_t port;      /* of the socket that beacons come from */
};

enum { GW_NOT_KNOWN = -1 };

struct gw_roster_entry {
	uint64_t id; /* never used again; 0: the entry is free */
	uint8_t run[GW_BEACON_RUN_LEN];
	char name[GW_NAME_MAX + 1];
	uint16_t port;   /* of sessions, at each spot */
	uint32_t number; /* of its code; 0: not told */
	bool receives, sends;
	struct gw_spot spots[GW_ROSTER_SPOTS]; /* in the order they came */
	gw_usec spots_seen[GW_ROSTER_SPOTS];
	size_t spot_count;
	int known;     /* index of a known device, or GW_NOT_KNOWN */
	bool answered; /* a question of ours */
	bool changed;  /* to be told */
	bool told;     /* its owner knows of it */
	gw_usec seen;
	gw_usec looked_at; /* for whose tags it bears; 0: not yet */
	uint64_t gone;     /* who had this place, and whose owner must still be
			      told that he has gone; 0: nobody */
};

struct gw_roster {
	struct gw_roster_entry v[GW_ROSTER_MAX];
	uint64_t last_id;
};

/* All zeros is an empty roster.  The one that has this spot, or else room for
 * it: who repeats, at many addresses, what somebody says does not hide him. */
struct gw_roster_entry *gw_roster_find(
    struct gw_roster *, const struct gw_beacon *, const struct gw_spot *);
/*
 * A new one, with this spot.  NULL: there is no room for it, in all or for
 * its address.  `answered` may take the place of one that is neither answered
 * nor known; so may others, but for their own address alone.
 */
struct gw_roster_entry *gw_roster_add(struct gw_roster *,
    const struct gw_beacon *, const struct gw_spot *, bool answered,
    gw_usec now);
/* It was seen again at this spot; a new spot is a change.  False: it has
 * too many already. */
bool gw_roster_seen(
    struct gw_roster_entry *, const struct gw_spot *, gw_usec now);
bool gw_roster_has_spot(const struct gw_roster_entry *, const struct gw_spot *);
/* It goes, and leaves `gone` if its owner knows of it. */
void gw_roster_drop(struct gw_roster_entry *);
/* Spots, and entries without any, that were not seen for GW_BEACON_LIFE. */
void gw_roster_expire(struct gw_roster *, gw_usec now);
/* When that next does something. */
gw_usec gw_roster_deadline(const struct gw_roster *);

#endif /* GW_DISCOVERY_ROSTER_H */
