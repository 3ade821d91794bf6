/*
 * dir_cache - keeps the directories used of late open.  Any thread.
 * Private to src/os: failures leave errno.
 */
#ifndef GW_OS_DIR_CACHE_H
#define GW_OS_DIR_CACHE_H

#include "base/err.h"
#include "base/slice.h"

struct gw_dir {
	int fd;
	uint64_t dev;

	/* private to dir_cache.c */
	unsigned refs;
	bool cached;
	uint64_t used;
	size_t path_len;
	uint8_t path[];
};

struct gw_dir_cache;

/* open_dir opens the directory with a path that is not in the cache. */
GW_MUST_USE enum gw_err gw_dir_cache_new(
    int (*open_dir)(void *arg, struct gw_slice path), void *arg,
    struct gw_dir_cache **);
/* Every directory must have been put back. */
void gw_dir_cache_free(struct gw_dir_cache *);

/* NULL: errno.  It stays open until it is put back. */
struct gw_dir *gw_dir_cache_get(struct gw_dir_cache *, struct gw_slice path);
void gw_dir_cache_put(struct gw_dir_cache *, struct gw_dir *);
/* One more holder. */
void gw_dir_cache_hold(struct gw_dir_cache *, struct gw_dir *);
/* From now on every path is looked up anew. */
void gw_dir_cache_forget(struct gw_dir_cache *);

#endif /* GW_OS_DIR_CACHE_H */
