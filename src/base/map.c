#include "base/map.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/assert.h"

enum { FIRST_CAP = 16 }; /* capacities are powers of two */

/*
 * Linear probing.  A slot is taken when its tag is not 0; deleting moves
 * later slots of the run back, so that there are no tombstones.
 */
struct gw_map {
	uint64_t seed;
	size_t cap, count;
	uint8_t *tags;
	struct gw_key *keys;
	uintptr_t *values;
};

enum gw_err
gw_map_new(uint64_t seed, struct gw_map **out)
{
	struct gw_map *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return GW_E_MEMORY;
	m->seed = seed;
	*out = m;
	return GW_OK;
}

static void
free_slots(struct gw_map *m)
{
	free(m->tags);
	free(m->keys);
	free(m->values);
}

void
gw_map_free(struct gw_map *m)
{
	if (m == NULL)
		return;
	free_slots(m);
	free(m);
}

static uint64_t
hash_of(const struct gw_map *m, const struct gw_key *key)
{
	return XXH3_64bits_withSeed(key->b, sizeof(key->b), m->seed);
}

/* From the top bits, which do not choose the slot; never 0. */
static uint8_t
tag_of(uint64_t hash)
{
	return (uint8_t)(hash >> 57 | 0x80);
}

/* The slot that has the key, or the free one where it belongs.  There is
 * always a free one. */
static size_t
find(const struct gw_map *m, const struct gw_key *key, uint64_t hash)
{
	const size_t mask = m->cap - 1;
	const uint8_t tag = tag_of(hash);
	size_t i = (size_t)hash & mask;

	for (; m->tags[i] != 0; i = (i + 1) & mask)
		if (m->tags[i] == tag &&
		    memcmp(m->keys[i].b, key->b, sizeof(key->b)) == 0)
			break;
	return i;
}

static void
put(struct gw_map *m, size_t i, const struct gw_key *key, uintptr_t value)
{
	m->tags[i] = tag_of(hash_of(m, key));
	m->keys[i] = *key;
	m->values[i] = value;
}

static enum gw_err
grow(struct gw_map *m)
{
	struct gw_map old = *m;
	struct gw_map next = old;

	if (old.cap > SIZE_MAX / 2 / sizeof(*old.keys))
		return GW_E_MEMORY;
	next.cap = old.cap == 0 ? FIRST_CAP : old.cap * 2;
	next.tags = calloc(next.cap, sizeof(*next.tags));
	next.keys = malloc(next.cap * sizeof(*next.keys));
	next.values = malloc(next.cap * sizeof(*next.values));
	if (next.tags == NULL || next.keys == NULL || next.values == NULL) {
		free_slots(&next);
		return GW_E_MEMORY;
	}
	*m = next;
	for (size_t i = 0; i < old.cap; i++) {
		if (old.tags[i] == 0)
			continue;
		const uint64_t hash = hash_of(m, &old.keys[i]);

		put(m, find(m, &old.keys[i], hash), &old.keys[i],
		    old.values[i]);
	}
	free_slots(&old);
	return GW_OK;
}

enum gw_err
gw_map_set(struct gw_map *m, const struct gw_key *key, uintptr_t value)
{
	const uint64_t hash = hash_of(m, key);
	enum gw_err err;
	size_t i;

	/* Replacing needs no room. */
	if (m->cap > 0 && m->tags[i = find(m, key, hash)] != 0) {
		m->values[i] = value;
		return GW_OK;
	}
	/* At most three quarters full. */
	if (m->count + 1 > m->cap / 4 * 3 && (err = grow(m)) != GW_OK)
		return err;
	put(m, find(m, key, hash), key, value);
	m->count++;
	return GW_OK;
}

bool
gw_map_get(const struct gw_map *m, const struct gw_key *key, uintptr_t *value)
{
	size_t i;

	if (m->count == 0)
		return false;
	i = find(m, key, hash_of(m, key));
	if (m->tags[i] == 0)
		return false;
	*value = m->values[i];
	return true;
}

bool
gw_map_del(struct gw_map *m, const struct gw_key *key)
{
	const size_t mask = m->cap - 1;
	size_t hole, i;

	if (m->count == 0)
		return false;
	hole = find(m, key, hash_of(m, key));
	if (m->tags[hole] == 0)
		return false;

	for (i = (hole + 1) & mask; m->tags[i] != 0; i = (i + 1) & mask) {
		const size_t home = (size_t)hash_of(m, &m->keys[i]) & mask;

		/* It may move back only if that is not before its home. */
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		m->tags[hole] = m->tags[i];
		m->keys[hole] = m->keys[i];
		m->values[hole] = m->values[i];
		hole = i;
	}
	m->tags[hole] = 0;
	GW_ASSERT(m->count > 0);
	m->count--;
	return true;
}

size_t
gw_map_count(const struct gw_map *m)
{
	return m->count;
}

bool
gw_map_next(
    const struct gw_map *m, size_t *pos, struct gw_key *key, uintptr_t *value)
{
	for (; *pos < m->cap; ++*pos) {
		if (m->tags[*pos] == 0)
			continue;
		*key = m->keys[*pos];
		*value = m->values[*pos];
		++*pos;
		return true;
	}
	return false;
}
