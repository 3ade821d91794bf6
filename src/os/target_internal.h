/*
 * target_internal - what the files of os/target share.
 */
#ifndef GW_OS_TARGET_INTERNAL_H
#define GW_OS_TARGET_INTERNAL_H

#include <limits.h>
#include <pthread.h>

#include "os/dir_cache.h"
#include "os/target.h"

struct gw_temp { /* a temporary file that is open */
	uint64_t entry;
	int fd;
	bool foreign; /* on another file system than the target itself */
};

/* How a name is given that must not be taken: the best way that the file
 * system was found to know. */
enum gw_noreplace {
	GW_NOREPLACE_RENAME, /* renameat2 */
	GW_NOREPLACE_LINK,   /* linkat, then unlinkat */
	GW_NOREPLACE_RESERVE /* O_EXCL makes the name, rename fills it */
};

enum {
	GW_TOUCHED_MAX = 64,
	GW_ATTRS_EACH = 8 /* directories that are synced by themselves */
};

struct gw_target {
	int root;
	uint64_t dev, ino;
	char *path;
	struct gw_dir_cache *dirs;

	pthread_mutex_t lock; /* of all that follows */
	struct gw_temp *temps;
	size_t temp_count, temp_cap;
	struct gw_dir *touched[GW_TOUCHED_MAX]; /* names changed in them */
	size_t touched_count;
	bool touched_many;     /* more than fit: syncfs */
	unsigned attrs_synced; /* directories, since the last sync_dirs */
	enum gw_noreplace noreplace;
};

/* A name in a directory that is held open. */
struct gw_spot {
	struct gw_dir *dir;
	char name[NAME_MAX + 1];
};

/* GW_E_FAILED: a bad path, or a link in it.  _leave after success. */
GW_MUST_USE enum gw_err gw_target_enter(struct gw_target *,
    struct gw_slice path, struct gw_spot *, struct gw_why *);
void gw_target_leave(struct gw_target *, struct gw_spot *);
/* The directory's names have changed. */
void gw_target_touch(struct gw_target *, struct gw_dir *);
/*
 * Make the temporary file; a left-over of ours is removed.  *fd is open for
 * reading and writing.  Opens the directory anew when it has gone.
 */
GW_MUST_USE enum gw_err gw_target_make_temp(struct gw_target *,
    const struct gw_target_file *, uint32_t mode, int *fd, struct gw_why *);
/* Remove a file or link of ours.  false: errno; gone already is fine. */
bool gw_target_remove_own(int dir, const char *name);
/* -1: it is not open. */
int gw_target_temp_fd(struct gw_target *, uint64_t entry, bool *foreign);

#endif /* GW_OS_TARGET_INTERNAL_H */
