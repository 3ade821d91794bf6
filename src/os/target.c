#include "os/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/beneath.h"
#include "os/target_internal.h"

static int
open_dir(void *arg, struct gw_slice path)
{
	const struct gw_target *t = arg;

	return gw_beneath_open(t->root, path, O_RDONLY | O_DIRECTORY);
}

static enum gw_err
cannot_use(struct gw_why *why, int error, const char *dir)
{
	return gw_why_errno(why, error, dir) == GW_E_NO_PATH ? GW_E_NO_PATH
							     : GW_E_DISK;
}

static enum gw_err
open_root(struct gw_target *t, const char *dir, struct gw_why *why)
{
	struct stat st;

	t->root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->root < 0 || fstat(t->root, &st) != 0)
		return cannot_use(why, errno, dir);
	if (faccessat(t->root, ".", W_OK | X_OK, AT_EACCESS) != 0)
		return cannot_use(why, errno, dir);
	if ((t->path = realpath(dir, NULL)) == NULL)
		return cannot_use(why, errno, dir);
	t->dev = st.st_dev;
	t->ino = st.st_ino;
	return GW_OK;
}

enum gw_err
gw_target_open(const char *dir, struct gw_why *why, struct gw_target **out)
{
	struct gw_target *t = calloc(1, sizeof *t);
	enum gw_err err;

	if (t == NULL)
		return GW_E_MEMORY;
	pthread_mutex_init(&t->lock, NULL);
	err = open_root(t, dir, why);
	if (err == GW_OK)
		err = gw_dir_cache_new(open_dir, t, &t->dirs);
	if (err != GW_OK) {
		gw_target_close(t);
		return err;
	}
	*out = t;
	return GW_OK;
}

void
gw_target_close(struct gw_target *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->temp_count; i++)
		close(t->temps[i].fd);
	for (size_t i = 0; i < t->touched_count; i++)
		gw_dir_cache_put(t->dirs, t->touched[i]);
	gw_dir_cache_free(t->dirs);
	if (t->root >= 0)
		close(t->root);
	pthread_mutex_destroy(&t->lock);
	free(t->temps);
	free(t->path);
	free(t);
}

struct gw_target_place
gw_target_where(const struct gw_target *t)
{
	return (struct gw_target_place){
		.dev = t->dev, .ino = t->ino, .path = t->path
	};
}

enum gw_err
gw_target_space(const struct gw_target *t, uint64_t *bytes, struct gw_why *why)
{
	struct statvfs v;

	if (fstatvfs(t->root, &v) != 0)
		return gw_why_errno(why, errno, "free space");
	/* Some do not know their own size: all zeros. */
	*bytes =
	    v.f_blocks > 0 ? (uint64_t)v.f_bavail * v.f_frsize : UINT64_MAX;
	return GW_OK;
}

/* ---- a name in a directory ---- */

static enum gw_err
cannot_enter(struct gw_why *why, int error)
{
	if (error == ELOOP)
		return gw_why(why, GW_E_FAILED,
		    "open directory: a symbolic link is in the way");
	if (error == ENOTDIR)
		return gw_why(
		    why, GW_E_FAILED, "open directory: a file is in the way");
	return gw_why_errno(why, error, "open directory");
}

enum gw_err
gw_target_enter(struct gw_target *t, struct gw_slice path, struct gw_spot *s,
    struct gw_why *why)
{
	const uint8_t *slash;
	struct gw_slice parent = { .n = 0 }, name = path;

	if (!gw_beneath_sane(path))
		return gw_why(why, GW_E_FAILED, "not a name that can be used");
	if ((slash = memrchr(path.p, '/', path.n)) != NULL) {
		parent = gw_slice(path.p, (size_t)(slash - path.p));
		name = gw_slice(slash + 1, path.n - parent.n - 1);
	}
	if (name.n > NAME_MAX)
		return gw_why_errno(why, ENAMETOOLONG, "open");
	memcpy(s->name, name.p, name.n);
	s->name[name.n] = '\0';
	if ((s->dir = gw_dir_cache_get(t->dirs, parent)) == NULL)
		return cannot_enter(why, errno);
	return GW_OK;
}

void
gw_target_leave(struct gw_target *t, struct gw_spot *s)
{
	gw_dir_cache_put(t->dirs, s->dir);
	s->dir = NULL;
}

void
gw_target_touch(struct gw_target *t, struct gw_dir *d)
{
	bool known = false;

	pthread_mutex_lock(&t->lock);
	for (size_t i = t->touched_count; i > 0 && !known; i--)
		known = t->touched[i - 1] == d;
	if (!known && t->touched_count < GW_TOUCHED_MAX) {
		gw_dir_cache_hold(t->dirs, d);
		t->touched[t->touched_count++] = d;
	} else if (!known) {
		t->touched_many = true;
		/* syncfs of the target does not reach it. */
		if (d->dev != t->dev)
			fsync(d->fd);
	}
	pthread_mutex_unlock(&t->lock);
}

bool
gw_target_remove_own(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT;
	/* Whatever it is, nobody else uses such a name. */
	if (S_ISDIR(st.st_mode) || st.st_uid != geteuid()) {
		errno = EEXIST;
		return false;
	}
	return unlinkat(dir, name, 0) == 0 || errno == ENOENT;
}

/* ---- directories ---- */

/* What is there instead of, or as, the directory that was to be made. */
static enum gw_err
found_dir(const struct gw_spot *s, struct gw_stamp *stamp, struct gw_why *why)
{
	struct stat st;

	if (fstatat(s->dir->fd, s->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return gw_why_errno(why, errno, "make directory");
	if (S_ISLNK(st.st_mode))
		return gw_why(why, GW_E_FAILED,
		    "make directory: a symbolic link is in the way");
	if (!S_ISDIR(st.st_mode))
		return gw_why(
		    why, GW_E_FAILED, "make directory: a file is in the way");
	gw_stamp_of(stamp, &st);
	return GW_OK;
}

enum gw_err
gw_target_mkdir(struct gw_target *t, struct gw_slice path, bool *made,
    struct gw_stamp *stamp, struct gw_why *why)
{
	struct gw_spot s = { .dir = NULL };
	enum gw_err err;
	bool fresh, again = false;

	for (;;) {
		if ((err = gw_target_enter(t, path, &s, why)) != GW_OK)
			return err;
		GW_ASSERT(s.dir != NULL);
		fresh = mkdirat(s.dir->fd, s.name, 0700) == 0;
		if (fresh || errno != ENOENT || again)
			break;
		/* The directory that was held open has been removed. */
		again = true;
		gw_target_leave(t, &s);
		gw_dir_cache_forget(t->dirs);
	}
	if (fresh)
		gw_target_touch(t, s.dir);
	if (fresh || errno == EEXIST)
		err = found_dir(&s, stamp, why);
	else
		err = gw_why_errno(why, errno, "make directory");
	gw_target_leave(t, &s);
	if (err == GW_OK)
		*made = fresh;
	return err;
}

/* Its mode and times; with many of them one syncfs is cheaper. */
static int
sync_attrs(struct gw_target *t, int fd, dev_t dev)
{
	bool each;

	pthread_mutex_lock(&t->lock);
	each = dev != t->dev || t->attrs_synced < GW_ATTRS_EACH;
	if (each)
		t->attrs_synced++;
	else
		t->touched_many = true;
	pthread_mutex_unlock(&t->lock);
	/* Some network file systems cannot sync a directory. */
	return !each || fsync(fd) == 0 || errno == EINVAL ? 0 : -1;
}

enum gw_err
gw_target_dir_attrs(struct gw_target *t, struct gw_slice path, uint64_t ino,
    const struct gw_target_attrs *a, struct gw_why *why)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = a->mtime_s, .tv_nsec = a->mtime_ns } };
	struct stat st;
	enum gw_err err = GW_OK;
	int fd;

	fd = gw_beneath_open(t->root, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return cannot_enter(why, errno);
	if (fstat(fd, &st) != 0 || st.st_ino != ino)
		err = gw_why(why, GW_E_FAILED,
		    "it is another directory than the one made");
	else if (fchmod(fd, (a->mode & 0777) | (st.st_mode & S_ISGID)) != 0)
		err = gw_why_errno(why, errno, "set mode");
	else if (futimens(fd, times) != 0)
		err = gw_why_errno(why, errno, "set time");
	else if (sync_attrs(t, fd, st.st_dev) != 0)
		err = gw_why_errno(why, errno, "sync directory");
	close(fd);
	return err;
}
