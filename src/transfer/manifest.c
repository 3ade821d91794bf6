#include "transfer/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { CHUNK = 1 << 18 };

/* Encoded entries, one after the other. */
struct chunk {
	struct chunk *next;
	size_t used;
	uint8_t bytes[CHUNK];
};

struct gw_manifest {
	struct chunk *chunks; /* the newest first */
	const uint8_t **index;
	uint64_t count, cap;
	struct gw_totals totals;
};

enum gw_err
gw_manifest_new(struct gw_manifest **out)
{
	struct gw_manifest *m = calloc(1, sizeof *m);

	if (m == NULL)
		return GW_E_MEMORY;
	*out = m;
	return GW_OK;
}

void
gw_manifest_free(struct gw_manifest *m)
{
	struct chunk *c;

	if (m == NULL)
		return;
	while ((c = m->chunks) != NULL) {
		m->chunks = c->next;
		free(c);
	}
	free(m->index);
	free(m);
}

static enum gw_err
grow_index(struct gw_manifest *m)
{
	uint64_t cap = m->cap != 0 ? m->cap * 2 : 64;
	const uint8_t **index;

	index = realloc(m->index, (size_t)cap * sizeof *index);
	if (index == NULL)
		return GW_E_MEMORY;
	m->index = index;
	m->cap = cap;
	return GW_OK;
}

static enum gw_err
grow_chunks(struct gw_manifest *m)
{
	struct chunk *c = malloc(sizeof *c);

	if (c == NULL)
		return GW_E_MEMORY;
	c->used = 0;
	c->next = m->chunks;
	m->chunks = c;
	return GW_OK;
}

static void
add_up(struct gw_totals *t, const struct gw_entry *e)
{
	switch (e->kind) {
	case GW_KIND_FILE:
		t->files++;
		t->bytes += e->size;
		t->stored += gw_entry_stored(e);
		if (e->hardlink_of != GW_NO_LINK)
			t->linked += gw_entry_stored(e);
		break;
	case GW_KIND_DIR:
		t->dirs++;
		break;
	default:
		t->others++;
	}
}

enum gw_err
gw_manifest_add(struct gw_manifest *m, const struct gw_entry *e)
{
	struct gw_writer w;
	enum gw_err err;

	if (m->count == GW_ENTRIES_MAX)
		return GW_E_LIMIT;
	if (m->count == m->cap && (err = grow_index(m)) != GW_OK)
		return err;
	if ((m->chunks == NULL || CHUNK - m->chunks->used < GW_ENTRY_MAX) &&
	    (err = grow_chunks(m)) != GW_OK)
		return err;
	w = gw_writer(m->chunks->bytes + m->chunks->used, GW_ENTRY_MAX);
	gw_entry_encode(&w, e);
	GW_ASSERT(gw_writer_ok(&w));
	m->index[m->count++] = w.start;
	m->chunks->used += gw_writer_len(&w);
	add_up(&m->totals, e);
	return GW_OK;
}

uint64_t
gw_manifest_count(const struct gw_manifest *m)
{
	return m->count;
}

/* Entries say themselves where they end. */
static struct gw_reader
entry_at(const struct gw_manifest *m, uint64_t number)
{
	GW_ASSERT(number < m->count);
	return gw_reader(gw_slice(m->index[number], GW_ENTRY_MAX));
}

void
gw_manifest_get(
    const struct gw_manifest *m, uint64_t number, struct gw_entry *out)
{
	struct gw_reader r = entry_at(m, number);

	GW_ASSERT(gw_entry_decode(&r, out));
}

struct gw_slice
gw_manifest_encoded(const struct gw_manifest *m, uint64_t number)
{
	struct gw_reader r = entry_at(m, number);
	struct gw_entry e;

	GW_ASSERT(gw_entry_decode(&r, &e));
	return gw_slice(m->index[number], (size_t)(r.p - m->index[number]));
}

struct gw_totals
gw_manifest_totals(const struct gw_manifest *m)
{
	return m->totals;
}
