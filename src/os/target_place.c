/*
 * Durable, then under their final names.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/target_internal.h"

enum {
	SYNC_EACH_MAX = 8, /* more files than this: one syncfs for all */
	NTH_MAX = 10000
};

/* ---- durable ---- */

/* A failed sync is the whole batch's failure, whatever errno says. */
static enum gw_err
sync_failed(struct gw_why *why, int error)
{
	enum gw_err err = gw_why_errno(why, error, "sync");

	return err == GW_E_FAILED ? GW_E_DISK : err;
}

static enum gw_err
sync_everything(struct gw_target *t, struct gw_why *why)
{
	int failed = 0;

	if (syncfs(t->root) != 0)
		return sync_failed(why, errno);
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->temp_count; i++)
		if (t->temps[i].foreign && fsync(t->temps[i].fd) != 0)
			failed = errno;
	pthread_mutex_unlock(&t->lock);
	return failed == 0 ? GW_OK : sync_failed(why, failed);
}

/* false: errno; EACCES when it cannot even be opened. */
static bool
sync_closed(const struct gw_spot *s, const char *temp)
{
	int saved, r;
	int fd = openat(
	    s->dir->fd, temp, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		saved = errno;
		errno = saved == ELOOP ? EACCES : saved;
		return false;
	}
	r = fsync(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return r == 0;
}

static enum gw_err
sync_one(struct gw_target *t, const struct gw_target_file *f, bool *unreadable,
    struct gw_why *why)
{
	struct gw_spot s;
	enum gw_err err = GW_OK;
	bool foreign, ok;
	int fd = gw_target_temp_fd(t, f->entry, &foreign);

	/* fsync, not fdatasync: mode and mtime are part of it now. */
	if (fd >= 0)
		return fsync(fd) == 0 ? GW_OK : sync_failed(why, errno);
	/* What is gone, or out of reach, is for place to report. */
	if (gw_target_enter(t, f->path, &s, NULL) != GW_OK)
		return GW_OK;
	ok = sync_closed(&s, f->temp);
	if (!ok && errno == EACCES)
		*unreadable = true;
	else if (!ok && errno != ENOENT)
		err = sync_failed(why, errno);
	gw_target_leave(t, &s);
	return err;
}

enum gw_err
gw_target_sync(struct gw_target *t, const struct gw_target_file *files,
    size_t count, struct gw_why *why)
{
	enum gw_err err = GW_OK;
	bool unreadable = count > SYNC_EACH_MAX;

	/* What follows is about names: see them as they are now, not as they
	 * were when a directory was first opened. */
	gw_dir_cache_forget(t->dirs);
	for (size_t i = 0; i < count && !unreadable && err == GW_OK; i++)
		err = sync_one(t, &files[i], &unreadable, why);
	if (err == GW_OK && unreadable)
		err = sync_everything(t, why);
	return err;
}

enum gw_err
gw_target_sync_dirs(struct gw_target *t, struct gw_why *why)
{
	struct gw_dir *touched[GW_TOUCHED_MAX];
	size_t count;
	bool many;
	int failed = 0;

	pthread_mutex_lock(&t->lock);
	count = t->touched_count;
	many = t->touched_many;
	memcpy(touched, t->touched, count * sizeof touched[0]);
	t->touched_count = 0;
	t->touched_many = false;
	t->attrs_synced = 0;
	pthread_mutex_unlock(&t->lock);

	if (many && syncfs(t->root) != 0)
		failed = errno;
	for (size_t i = 0; i < count; i++) {
		/* Some network file systems cannot sync a directory. */
		if ((!many || touched[i]->dev != t->dev) &&
		    fsync(touched[i]->fd) != 0 && errno != EINVAL)
			failed = errno;
		gw_dir_cache_put(t->dirs, touched[i]);
	}
	return failed == 0 ? GW_OK : sync_failed(why, failed);
}

/* ---- names ---- */

/* The file system knows neither: make the name ours, then fill it.  A crash
 * between the two leaves an empty file under it. */
static bool
by_reserving(int dir, const char *temp, const char *name)
{
	int fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int saved;

	if (fd < 0)
		return false;
	close(fd);
	if (renameat(dir, temp, dir, name) == 0)
		return true;
	saved = errno;
	unlinkat(dir, name, 0);
	errno = saved;
	return false;
}

static bool
unknown_call(int error)
{
	return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP;
}

/* Give temp a name that nothing has; false: errno, EEXIST when taken. */
static bool
name_it(struct gw_target *t, int dir, const char *temp, const char *name)
{
	enum gw_noreplace how =
	    __atomic_load_n(&t->noreplace, __ATOMIC_RELAXED);

	if (how == GW_NOREPLACE_RENAME) {
		if (renameat2(dir, temp, dir, name, RENAME_NOREPLACE) == 0)
			return true;
		if (!unknown_call(errno))
			return false;
		how = GW_NOREPLACE_LINK;
	}
	if (how == GW_NOREPLACE_LINK) {
		if (linkat(dir, temp, dir, name, 0) == 0)
			return unlinkat(dir, temp, 0) == 0;
		if (!unknown_call(errno) && errno != EPERM)
			return false;
		how = GW_NOREPLACE_RESERVE;
	}
	__atomic_store_n(&t->noreplace, how, __ATOMIC_RELAXED);
	return by_reserving(dir, temp, name);
}

static enum gw_err
replace(const struct gw_spot *s, const char *temp, struct gw_why *why)
{
	/* rename does nothing, and says so to nobody, when both are names of
	 * one file: then the temporary one has to go all the same. */
	if (renameat(s->dir->fd, temp, s->dir->fd, s->name) == 0) {
		unlinkat(s->dir->fd, temp, 0);
		return GW_OK;
	}
	if (errno == EISDIR || errno == EEXIST || errno == ENOTEMPTY)
		return gw_why(why, GW_E_FAILED,
		    "a directory is in the way, and is never replaced");
	return gw_why_errno(why, errno, "rename");
}

/* Name, then "name (1)", ... until one is free. */
static enum gw_err
place_free(struct gw_target *t, const struct gw_spot *s, const char *temp,
    uint32_t *nth, struct gw_why *why)
{
	char name[GW_TARGET_PATH];

	for (uint32_t i = 0; i < NTH_MAX; i++) {
		gw_target_alternative(gw_slice_str(s->name), i, name);
		if (name_it(t, s->dir->fd, temp, name)) {
			*nth = i;
			return GW_OK;
		}
		if (errno != EEXIST)
			return gw_why_errno(why, errno, "rename");
	}
	return gw_why(why, GW_E_FAILED, "rename: too many such names");
}

static enum gw_err
place_or_skip(struct gw_target *t, const struct gw_spot *s, const char *temp,
    struct gw_why *why)
{
	if (name_it(t, s->dir->fd, temp, s->name))
		return GW_OK;
	if (errno != EEXIST)
		return gw_why_errno(why, errno, "rename");
	if (!gw_target_remove_own(s->dir->fd, temp))
		return gw_why_errno(why, errno, "remove");
	return GW_E_AGAIN;
}

/* What place, symlink and hardlink end with. */
static enum gw_err
give_name(struct gw_target *t, const struct gw_spot *s,
    const struct gw_target_link *l, uint32_t *nth, struct gw_why *why)
{
	enum gw_err err = GW_E_FAILED;
	uint32_t got = 0;

	switch (l->how) {
	case GW_PLACE_RENAME:
		err = place_free(t, s, l->file.temp, &got, why);
		break;
	case GW_PLACE_REPLACE:
		err = replace(s, l->file.temp, why);
		break;
	case GW_PLACE_SKIP:
		err = place_or_skip(t, s, l->file.temp, why);
		break;
	}
	if (err == GW_OK || err == GW_E_AGAIN)
		gw_target_touch(t, s->dir);
	if (err == GW_OK)
		*nth = got;
	return err;
}

enum gw_err
gw_target_place(struct gw_target *t, const struct gw_target_file *f,
    enum gw_place how, uint32_t *nth, struct gw_why *why)
{
	struct gw_target_link l = { .file = *f, .how = how };
	struct gw_spot s;
	enum gw_err err;

	gw_target_temp_close(t, f->entry);
	if ((err = gw_target_enter(t, f->path, &s, why)) != GW_OK)
		return err;
	err = give_name(t, &s, &l, nth, why);
	gw_target_leave(t, &s);
	return err;
}

/* ---- links ---- */

static bool
make_symlink(const struct gw_spot *s, const struct gw_target_link *l)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = l->attrs.mtime_s, .tv_nsec = l->attrs.mtime_ns } };
	char text[PATH_MAX];

	if (l->target.n == 0 || l->target.n >= sizeof text ||
	    memchr(l->target.p, '\0', l->target.n) != NULL) {
		errno = EINVAL;
		return false;
	}
	memcpy(text, l->target.p, l->target.n);
	text[l->target.n] = '\0';
	if (!gw_target_remove_own(s->dir->fd, l->file.temp) ||
	    symlinkat(text, s->dir->fd, l->file.temp) != 0)
		return false;
	/* A file system that keeps no time of links loses nothing else. */
	utimensat(s->dir->fd, l->file.temp, times, AT_SYMLINK_NOFOLLOW);
	return true;
}

enum gw_err
gw_target_symlink(
    struct gw_target *t, struct gw_target_link *l, struct gw_why *why)
{
	struct gw_spot s;
	enum gw_err err = gw_target_enter(t, l->file.path, &s, why);

	if (err != GW_OK)
		return err;
	if (make_symlink(&s, l))
		err = give_name(t, &s, l, &l->nth, why);
	else
		err = gw_why_errno(why, errno, "make link");
	if (err != GW_OK && err != GW_E_AGAIN)
		gw_target_remove_own(s.dir->fd, l->file.temp);
	gw_target_leave(t, &s);
	return err;
}

static bool
make_hardlink(
    const struct gw_spot *from, const struct gw_spot *to, const char *temp)
{
	struct stat st;

	if (fstatat(from->dir->fd, from->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return false;
	}
	return gw_target_remove_own(to->dir->fd, temp) &&
	       linkat(from->dir->fd, from->name, to->dir->fd, temp, 0) == 0;
}

enum gw_err
gw_target_hardlink(
    struct gw_target *t, struct gw_target_link *l, struct gw_why *why)
{
	struct gw_spot from, to;
	char first[GW_TARGET_PATH];
	size_t n = gw_target_alternative(l->target, l->target_nth, first);
	enum gw_err err = gw_target_enter(t, gw_slice(first, n), &from, why);

	if (err != GW_OK)
		return err;
	if ((err = gw_target_enter(t, l->file.path, &to, why)) != GW_OK) {
		gw_target_leave(t, &from);
		return err;
	}
	if (make_hardlink(&from, &to, l->file.temp))
		err = give_name(t, &to, l, &l->nth, why);
	else
		err = gw_why_errno(why, errno, "link");
	if (err != GW_OK && err != GW_E_AGAIN)
		gw_target_remove_own(to.dir->fd, l->file.temp);
	gw_target_leave(t, &from);
	gw_target_leave(t, &to);
	return err;
}
