#include "tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

static struct gw_entry *
add(struct tree *t, enum gw_kind kind, const char *path, uint64_t size)
{
	static struct gw_entry e;
	uint64_t n = gw_manifest_count(t->manifest);

	memset(&e, 0, sizeof e);
	e.kind = kind;
	e.path = gw_slice_str(path);
	e.size = size;
	e.mode = kind == GW_KIND_DIR ? 0750 : 0640;
	e.mtime_s = 1000000 + (int64_t)n;
	e.mtime_ns = 5;
	e.ctime_s = t->version;
	e.ino = 100 + n;
	e.hardlink_of = GW_NO_LINK;
	GW_ASSERT(n < TREE_MAX);
	return &e;
}

static void
put(struct tree *t, const struct gw_entry *e)
{
	GW_ASSERT(gw_manifest_add(t->manifest, e) == GW_OK);
}

void
tree_init(struct tree *t, unsigned version)
{
	struct gw_entry *e;

	memset(t, 0, sizeof *t);
	t->version = version;
	GW_ASSERT(gw_manifest_new(&t->manifest) == GW_OK);
	GW_ASSERT(gw_offer_add_name(&t->names, gw_slice_str("in")) == GW_OK);
	put(t, add(t, GW_KIND_DIR, "in", 0));
	put(t, add(t, GW_KIND_FILE, "in/empty", 0));
	put(t, add(t, GW_KIND_FILE, "in/one", 1));
	put(t, add(t, GW_KIND_DIR, "in/d", 0));
	put(t, add(t, GW_KIND_FILE, "in/d/block", GW_BLOCK));
	put(t, add(t, GW_KIND_FILE, "in/d/less", GW_BLOCK - 1));
	put(t, add(t, GW_KIND_FILE, "in/d/more", GW_BLOCK + 1));
	e = add(t, GW_KIND_FILE, "in/d/sparse", 5 * GW_BLOCK + 7);
	e->flags = GW_ENTRY_SPARSE;
	e->stored = 2 * GW_BLOCK + 7;
	t->hole[gw_manifest_count(t->manifest)] = 3;
	put(t, e);
	e = add(t, GW_KIND_FILE, "in/d/nothing", 2 * GW_BLOCK);
	e->flags = GW_ENTRY_SPARSE;
	t->hole[gw_manifest_count(t->manifest)] = 2;
	put(t, e);
	e = add(t, GW_KIND_SYMLINK, "in/link", 0);
	e->target = gw_slice_str("../elsewhere");
	put(t, e);
	put(t, add(t, GW_KIND_FILE, "in/large", 3 * GW_BLOCK + 100));
	if (version != TREE_WITHOUT) {
		e = add(t, GW_KIND_FILE, "in/same", 3 * GW_BLOCK + 100);
		e->hardlink_of = gw_manifest_count(t->manifest) - 1;
		put(t, e);
	}
	put(t, add(t, GW_KIND_FILE, "in/last", 10));
}

void
tree_fini(struct tree *t)
{
	gw_manifest_free(t->manifest);
	gw_bytes_fini(&t->names);
}

/* n bytes of one block, from `offset` on. */
static void
fill_block(const struct tree *t, uint64_t entry, uint64_t offset, uint8_t *out,
    size_t n)
{
	uint64_t block = offset / GW_BLOCK;
	uint8_t first = (uint8_t)(entry * 7 + t->version * 31 + block);

	if (block < t->hole[entry]) {
		memset(out, 0, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(first + (offset + i) % 65521) | 1;
}

static void
fill(const struct tree *t, uint64_t entry, uint64_t offset, uint8_t *out,
    size_t n)
{
	struct gw_entry e;

	gw_manifest_get(t->manifest, entry, &e);
	if (e.hardlink_of != GW_NO_LINK)
		entry = e.hardlink_of;
	for (size_t part; n > 0; n -= part, out += part, offset += part) {
		part = GW_BLOCK - offset % GW_BLOCK;
		part = part < n ? part : n;
		fill_block(t, entry, offset, out, part);
	}
}

bool
tree_is(const struct tree *t, uint64_t entry, struct gw_slice content)
{
	uint8_t *want = malloc(content.n + 1);
	struct gw_entry e;
	bool is;

	GW_ASSERT(want != NULL);
	gw_manifest_get(t->manifest, entry, &e);
	fill(t, entry, 0, want, content.n);
	is = content.n == e.size &&
	     (content.n == 0 || memcmp(want, content.p, content.n) == 0);
	free(want);
	return is;
}

static void
fail(struct gw_read *r, const char *reason)
{
	r->err = GW_E_FAILED;
	snprintf(r->reason, sizeof r->reason, "%s", reason);
}

void
tree_read(const struct tree *t, struct gw_read *r)
{
	uint64_t hole = t->hole[r->entry] * GW_BLOCK;
	struct gw_entry e;

	gw_manifest_get(t->manifest, r->entry, &e);
	if (t->unreadable[r->entry]) {
		fail(r, "cannot be read");
		return;
	}
	if (r->find_data) {
		r->data_start = r->offset < hole ? hole : r->offset;
		if (r->data_start > e.size)
			r->data_start = e.size;
		r->data_end = e.size;
	}
	GW_ASSERT(r->want == 0 || r->offset + r->want <= e.size);
	fill(t, r->entry, r->offset, r->buf, r->want);
	if (r->last && t->changing[r->entry]) {
		fail(r, "it changed while it was sent");
		return;
	}
	r->got = r->wire_len = r->want;
	if (r->got == 0)
		return;
	r->hash = gw_hash_of(gw_slice(r->buf, r->got));
	r->same = r->check != NULL && gw_hash_eq(&r->hash, r->check);
}
