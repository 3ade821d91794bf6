#include "os/dir_cache.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"

enum { SLOTS = 32 };

struct gw_dir_cache {
	pthread_mutex_t lock;
	struct gw_dir *slots[SLOTS]; /* unused ones are NULL */
	uint64_t clock;
	int (*open_dir)(void *arg, struct gw_slice path);
	void *arg;
};

enum gw_err
gw_dir_cache_new(int (*open_dir)(void *arg, struct gw_slice path), void *arg,
    struct gw_dir_cache **out)
{
	struct gw_dir_cache *c = calloc(1, sizeof *c);

	if (c == NULL)
		return GW_E_MEMORY;
	pthread_mutex_init(&c->lock, NULL);
	c->open_dir = open_dir;
	c->arg = arg;
	*out = c;
	return GW_OK;
}

static void
close_dir(struct gw_dir *d)
{
	close(d->fd);
	free(d);
}

/* Take a slot's directory out; its holders keep it. */
static void
evict(struct gw_dir_cache *c, size_t slot)
{
	struct gw_dir *d = c->slots[slot];

	c->slots[slot] = NULL;
	if (d == NULL)
		return;
	d->cached = false;
	if (d->refs == 0)
		close_dir(d);
}

void
gw_dir_cache_free(struct gw_dir_cache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++) {
		GW_ASSERT(c->slots[i] == NULL || c->slots[i]->refs == 0);
		evict(c, i);
	}
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static struct gw_dir *
find(struct gw_dir_cache *c, struct gw_slice path)
{
	struct gw_dir *d;

	for (size_t i = 0; i < SLOTS; i++) {
		d = c->slots[i];
		if (d == NULL ||
		    !gw_slice_eq(gw_slice(d->path, d->path_len), path))
			continue;
		d->refs++;
		d->used = ++c->clock;
		return d;
	}
	return NULL;
}

static void
insert(struct gw_dir_cache *c, struct gw_dir *d)
{
	size_t oldest = 0;

	for (size_t i = 0; i < SLOTS; i++) {
		if (c->slots[i] == NULL) {
			oldest = i;
			break;
		}
		if (c->slots[i]->used < c->slots[oldest]->used)
			oldest = i;
	}
	evict(c, oldest);
	c->slots[oldest] = d;
	d->cached = true;
	d->used = ++c->clock;
}

static struct gw_dir *
open_new(struct gw_dir_cache *c, struct gw_slice path)
{
	struct gw_dir *d = malloc(sizeof *d + path.n);
	struct stat st;
	int saved;

	if (d == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	d->fd = c->open_dir(c->arg, path);
	if (d->fd < 0 || fstat(d->fd, &st) != 0) {
		saved = errno;
		if (d->fd >= 0)
			close(d->fd);
		free(d);
		errno = saved;
		return NULL;
	}
	d->dev = st.st_dev;
	d->refs = 1;
	d->cached = false;
	d->path_len = path.n;
	if (path.n > 0)
		memcpy(d->path, path.p, path.n);
	return d;
}

struct gw_dir *
gw_dir_cache_get(struct gw_dir_cache *c, struct gw_slice path)
{
	struct gw_dir *d, *other;

	pthread_mutex_lock(&c->lock);
	d = find(c, path);
	pthread_mutex_unlock(&c->lock);
	if (d != NULL)
		return d;
	/* Without the lock: a cold directory may take a disk's time. */
	if ((d = open_new(c, path)) == NULL)
		return NULL;
	pthread_mutex_lock(&c->lock);
	if ((other = find(c, path)) == NULL)
		insert(c, d);
	pthread_mutex_unlock(&c->lock);
	if (other != NULL) {
		close_dir(d);
		d = other;
	}
	return d;
}

void
gw_dir_cache_put(struct gw_dir_cache *c, struct gw_dir *d)
{
	bool last;

	pthread_mutex_lock(&c->lock);
	GW_ASSERT(d->refs > 0);
	last = --d->refs == 0 && !d->cached;
	pthread_mutex_unlock(&c->lock);
	if (last)
		close_dir(d);
}

void
gw_dir_cache_hold(struct gw_dir_cache *c, struct gw_dir *d)
{
	pthread_mutex_lock(&c->lock);
	d->refs++;
	pthread_mutex_unlock(&c->lock);
}

void
gw_dir_cache_forget(struct gw_dir_cache *c)
{
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < SLOTS; i++)
		evict(c, i);
	pthread_mutex_unlock(&c->lock);
}
