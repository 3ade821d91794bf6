/*
 * map - hash table from a 16-byte key to a pointer-sized value.
 *
 * Keys are hashes or random numbers already; a per-map random seed keeps a
 * peer from choosing colliding ones.  Open addressing, grows by doubling.
 */
#ifndef GW_BASE_MAP_H
#define GW_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct gw_key {
	uint8_t b[16];
};

struct gw_map;

GW_MUST_USE enum gw_err gw_map_new(uint64_t seed, struct gw_map **);
void gw_map_free(struct gw_map *);
/* Set, replacing.  GW_E_MEMORY: never when the key is there already. */
GW_MUST_USE enum gw_err gw_map_set(
    struct gw_map *, const struct gw_key *, uintptr_t value);
bool gw_map_get(const struct gw_map *, const struct gw_key *, uintptr_t *value);
bool gw_map_del(struct gw_map *, const struct gw_key *);
size_t gw_map_count(const struct gw_map *);
/* Walk in no order: start with *pos = 0; false at the end.  Do not change
 * the map while walking. */
bool gw_map_next(
    const struct gw_map *, size_t *pos, struct gw_key *, uintptr_t *value);

#endif /* GW_BASE_MAP_H */
