#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum {
	PATH_ROOM = GW_PATH_MAX + GW_TEMP_NAME + 1,
	DISK_FILE = 16 << 20 /* the largest file that it takes */
};

void
disk_init(struct disk *d, uint64_t seed)
{
	memset(d, 0, sizeof *d);
	d->random = seed * 2 + 1;
	d->next_ino = 1;
	d->space = UINT64_MAX;
	d->largest = DISK_FILE;
}

uint64_t
disk_random(struct disk *d, uint64_t bound)
{
	/* splitmix64 */
	uint64_t z = d->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % bound;
}

static void
forget(struct disk_node *n)
{
	free(n->data);
	free(n->durable);
	memset(n, 0, sizeof *n);
}

void
disk_fini(struct disk *d)
{
	for (unsigned i = 0; i < DISK_NODES; i++)
		forget(&d->node[i]);
	gw_bytes_fini(&d->journal);
}

/* One step of work; false: the disk died, and it was not done. */
static bool
step(struct disk *d)
{
	if (d->dead)
		return false;
	d->steps++;
	d->dead = d->dies_at != 0 && d->steps == d->dies_at;
	return !d->dead;
}

/* ---- nodes ---- */

struct disk_node *
disk_find(struct disk *d, struct gw_slice path)
{
	for (unsigned i = 0; i < DISK_NODES; i++)
		if (path.n > 0 && strlen(d->node[i].path) == path.n &&
		    memcmp(d->node[i].path, path.p, path.n) == 0)
			return &d->node[i];
	return NULL;
}

/* The path of a name beside `path`. */
static struct gw_slice
beside(struct gw_slice path, const char *name, char out[PATH_ROOM])
{
	size_t n = path.n;

	while (n > 0 && path.p[n - 1] != '/')
		n--;
	memcpy(out, path.p, n);
	memcpy(out + n, name, strlen(name) + 1);
	return gw_slice(out, n + strlen(name));
}

static bool
has_parent(struct disk *d, struct gw_slice path)
{
	size_t n = path.n;
	struct disk_node *parent;

	while (n > 0 && path.p[n - 1] != '/')
		n--;
	if (n == 0)
		return true;
	parent = disk_find(d, gw_slice(path.p, n - 1));
	return parent != NULL && parent->kind == GW_KIND_DIR;
}

/* NULL: it has no room, or no directory, for it. */
static struct disk_node *
make(struct disk *d, struct gw_slice path, enum gw_kind kind)
{
	struct disk_node *n = d->node;

	GW_ASSERT(gw_path_is_clean(path));
	while (n < d->node + DISK_NODES && n->path[0] != '\0')
		n++;
	if (n == d->node + DISK_NODES || path.n >= DISK_PATH ||
	    !has_parent(d, path))
		return NULL;
	memcpy(n->path, path.p, path.n);
	n->kind = kind;
	n->ino = d->next_ino++;
	return n;
}

static void
see(struct gw_seen *s, const struct disk_node *n)
{
	if (n == NULL)
		return;
	*s = (struct gw_seen){ .there = true,
		.kind = n->kind,
		.dev = 1,
		.ino = n->ino,
		.nlink = 1,
		.size = n->size,
		.mtime_s = n->mtime_s,
		.mtime_ns = n->mtime_ns };
}

static bool
resize(struct disk_node *n, uint64_t size)
{
	uint8_t *data = realloc(n->data, size + 1);

	GW_ASSERT(data != NULL);
	if (size > n->size)
		memset(data + n->size, 0, size - n->size);
	n->data = data;
	n->size = size;
	return true;
}

/* ---- tasks ---- */

static void
fail(struct gw_task *t, enum gw_err err, const char *reason)
{
	t->err = err;
	snprintf(t->reason, sizeof t->reason, "%s", reason);
}

static void
look(struct disk *d, struct gw_look *l)
{
	struct disk_node *n = disk_find(d, l->e.path);
	char path[PATH_ROOM];

	if (l->e.kind == GW_KIND_DIR && n == NULL && step(d)) {
		n = make(d, l->e.path, GW_KIND_DIR);
		l->made = n != NULL;
		l->err = n != NULL ? GW_OK : GW_E_FAILED;
	}
	see(&l->final, n);
	if (l->e.kind == GW_KIND_DIR)
		return;
	if (l->e.kind == GW_KIND_SYMLINK) {
		l->same_target =
		    n != NULL && n->kind == GW_KIND_SYMLINK &&
		    strlen(n->target) == l->e.target.n &&
		    memcmp(n->target, l->e.target.p, l->e.target.n) == 0;
		return;
	}
	see(&l->partial, disk_find(d, beside(l->e.path, l->temp, path)));
	if (l->find_ino != 0 && n != NULL && n->ino == l->find_ino)
		see(&l->found, n);
}

/* Is it what it should be, and will the disk have it? */
static bool
takes(struct disk *d, struct gw_task *t)
{
	struct gw_hash hash = gw_hash_of(gw_slice(t->data, t->length));

	if (t->length > 0 && !gw_hash_eq(&hash, &t->hash))
		fail(t, GW_E_PROTOCOL, "another hash");
	else if (t->offset + t->length > d->largest)
		fail(t, GW_E_FAILED, "it is too large");
	else if (t->length > d->space)
		fail(t, GW_E_SPACE, "no space left");
	return t->err == GW_OK;
}

static void
write_bytes(struct disk *d, struct disk_node *n, const struct gw_task *t)
{
	n->synced = false;
	n->entry = t->entry + 1;
	if (t->offset + t->length > n->size)
		resize(n, t->offset + t->length);
	if (t->length > 0)
		memcpy(n->data + t->offset, t->data, t->length);
	d->space -= t->length;
	d->written += t->length;
}

static void
write_task(struct disk *d, struct gw_task *t)
{
	char path[PATH_ROOM];
	struct gw_slice temp = beside(t->e.path, t->temp, path);
	struct disk_node *n = disk_find(d, temp);

	GW_ASSERT(t->kind == GW_TASK_WRITE || t->length <= GW_BLOCK);
	if (!takes(d, t))
		return;
	if (n != NULL && t->kind == GW_TASK_WHOLE && step(d)) {
		forget(n);
		n = NULL;
	}
	if (n == NULL && step(d) && (n = make(d, temp, GW_KIND_FILE)) == NULL)
		fail(t, GW_E_FAILED, "no room for another name");
	if (n == NULL || !step(d))
		return;
	write_bytes(d, n, t);
	if (t->kind == GW_TASK_WHOLE) {
		n->mode = t->e.mode;
		n->mtime_s = t->e.mtime_s;
		n->mtime_ns = t->e.mtime_ns;
	}
	see(&t->seen, n);
}

static void
append(struct disk *d, const struct gw_task *t)
{
	size_t n = t->journal.n;

	if (n == 0 || d->dead)
		return;
	if (!step(d)) /* torn */
		n = (size_t)disk_random(d, n);
	GW_ASSERT(gw_bytes_add(&d->journal, t->journal.p, n) == GW_OK);
}

static void
sync_node(struct disk_node *n)
{
	n->durable = realloc(n->durable, n->size + 1);
	GW_ASSERT(n->durable != NULL);
	if (n->size > 0)
		memcpy(n->durable, n->data, n->size);
	n->durable_size = n->size;
	n->synced = true;
}

static void
sync_temp(struct disk *d, struct gw_slice path, const char *name)
{
	char buf[PATH_ROOM];
	struct disk_node *n = disk_find(d, beside(path, name, buf));

	if (n != NULL && step(d))
		sync_node(n);
}

static void
sync_entries(struct disk *d, const struct gw_task *t)
{
	for (size_t i = 0; i < t->count; i++)
		for (unsigned k = 0; k < DISK_NODES; k++)
			if (d->node[k].entry == t->entries[i] + 1 && step(d))
				sync_node(&d->node[k]);
}

static void
rename_temp(struct disk *d, struct gw_finish *f)
{
	char buf[PATH_ROOM];
	struct disk_node *n = disk_find(d, beside(f->e.path, f->temp, buf));
	struct disk_node *old = disk_find(d, f->e.path);

	if (n == NULL || !step(d))
		return;
	GW_ASSERT(n->synced);
	if (old != NULL && f->put == GW_PUT_SKIP) {
		f->skipped = true;
		forget(n);
		return;
	}
	GW_ASSERT(old == NULL || f->put == GW_PUT_REPLACE);
	if (old != NULL)
		forget(old);
	memset(n->path, 0, sizeof n->path);
	n->entry = 0;
	memcpy(n->path, f->e.path.p, f->e.path.n);
	if (d->placed != NULL)
		d->placed(d->arg, n, f->entry);
}

static void
commit(struct disk *d, struct gw_task *t)
{
	char buf[PATH_ROOM];

	for (size_t i = 0; i < t->count; i++) {
		struct gw_finish *f = &t->finish[i];
		struct gw_slice temp = beside(f->e.path, f->temp, buf);
		struct disk_node *n = disk_find(d, temp);

		if (f->large && n != NULL && f->size > DISK_FILE) {
			f->err = GW_E_FAILED;
		} else if (f->large && n != NULL && step(d)) {
			resize(n, f->size);
			n->mode = f->e.mode;
			n->mtime_s = f->e.mtime_s;
			n->mtime_ns = f->e.mtime_ns;
		}
	}
	for (size_t i = 0; i < t->count; i++)
		sync_temp(d, t->finish[i].e.path, t->finish[i].temp);
	append(d, t);
	for (size_t i = 0; i < t->count; i++)
		if (t->finish[i].err == GW_OK)
			rename_temp(d, &t->finish[i]);
}

static void
copy_node(struct disk *d, struct gw_finish *f)
{
	struct disk_node *from = disk_find(d, f->link_path), *n;

	GW_ASSERT(from != NULL);
	if ((n = make(d, f->e.path, GW_KIND_FILE)) == NULL) {
		f->err = GW_E_FAILED;
		return;
	}
	resize(n, from->size);
	memcpy(n->data, from->data, from->size);
	n->ino = from->ino;
	n->mode = from->mode;
	n->mtime_s = from->mtime_s;
	n->mtime_ns = from->mtime_ns;
	n->synced = true;
}

static void
make_symlink(struct disk *d, struct gw_finish *f)
{
	struct disk_node *n = NULL;

	if (f->e.target.n < sizeof n->target)
		n = make(d, f->e.path, GW_KIND_SYMLINK);
	if (n != NULL)
		memcpy(n->target, f->e.target.p, f->e.target.n);
	else
		f->err = GW_E_FAILED;
}

static void
links(struct disk *d, struct gw_task *t)
{
	append(d, t);
	for (size_t i = 0; i < t->count; i++) {
		struct gw_finish *f = &t->finish[i];
		struct disk_node *n = disk_find(d, f->e.path);

		if (!step(d))
			return;
		if (f->e.kind == GW_KIND_DIR && f->ino != 0) {
			GW_ASSERT(n != NULL && n->ino == f->ino);
			n->mode = f->e.mode;
			n->mtime_s = f->e.mtime_s;
			n->mtime_ns = f->e.mtime_ns;
		} else if (f->e.kind == GW_KIND_SYMLINK && n == NULL) {
			make_symlink(d, f);
		} else if (f->e.kind == GW_KIND_FILE && n == NULL) {
			copy_node(d, f);
		}
	}
}

static void
verify(struct disk *d, struct gw_task *t)
{
	char buf[PATH_ROOM];
	struct disk_node *n = disk_find(d, beside(t->e.path, t->temp, buf));
	size_t k = 0;

	GW_ASSERT(n != NULL);
	for (size_t i = 0; i < t->block_ranges; i++)
		for (uint64_t b = t->blocks[i].start; b < t->blocks[i].end;
		     b++) {
			uint64_t left = t->e.size - b * GW_BLOCK;

			t->hashes[k++] =
			    gw_hash_of(gw_slice(n->data + b * GW_BLOCK,
				left < GW_BLOCK ? left : GW_BLOCK));
		}
}

void
disk_do(struct disk *d, struct gw_task *t)
{
	char buf[PATH_ROOM];
	struct disk_node *n;

	switch (t->kind) {
	case GW_TASK_LOOK:
		for (size_t i = 0; i < t->count; i++)
			look(d, &t->looks[i]);
		break;
	case GW_TASK_WHOLE:
	case GW_TASK_WRITE:
		write_task(d, t);
		break;
	case GW_TASK_VERIFY:
		verify(d, t);
		break;
	case GW_TASK_DROP:
		n = disk_find(d, beside(t->e.path, t->temp, buf));
		if (n != NULL && step(d))
			forget(n);
		break;
	case GW_TASK_SYNC:
		sync_entries(d, t);
		append(d, t);
		break;
	case GW_TASK_COMMIT:
		commit(d, t);
		break;
	case GW_TASK_LINKS:
		for (unsigned i = 0; t->stale && i < DISK_NODES; i++)
			if (strstr(d->node[i].path, ".godwit-") != NULL)
				forget(&d->node[i]);
		links(d, t);
		break;
	case GW_TASK_OUT:
		break;
	}
}

/* ---- crashes ---- */

void
disk_restart(struct disk *d, bool power_lost)
{
	for (unsigned i = 0; power_lost && i < DISK_NODES; i++) {
		struct disk_node *n = &d->node[i];

		if (n->kind != GW_KIND_FILE || n->synced || n->size == 0)
			continue;
		if (n->durable == NULL && disk_random(d, 2) == 0) {
			forget(n);
			continue;
		}
		/* The size may be there before the bytes are. */
		memset(n->data, 0, n->size);
		if (n->durable != NULL)
			memcpy(n->data, n->durable, n->durable_size);
	}
	d->dead = false;
	d->dies_at = 0;
	d->steps = 0;
}

unsigned
disk_left_overs(const struct disk *d)
{
	unsigned n = 0;

	for (unsigned i = 0; i < DISK_NODES; i++)
		n += strstr(d->node[i].path, ".godwit-") != NULL;
	return n;
}
