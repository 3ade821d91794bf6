/*
 * Content into temporary files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "os/full_io.h"
#include "os/target_internal.h"

enum {
	HOLE = 4096, /* zeros of this size and alignment are left out */
	MODE_BITS = 0777
};

/* openat O_EXCL; a left-over of ours makes way once. */
static int
create_in(int dir, const char *temp, uint32_t mode)
{
	const int flags =
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
	int fd = openat(dir, temp, flags, mode);

	if (fd < 0 && errno == EEXIST && gw_target_remove_own(dir, temp))
		fd = openat(dir, temp, flags, mode);
	return fd;
}

enum gw_err
gw_target_make_temp(struct gw_target *t, const struct gw_target_file *f,
    uint32_t mode, int *out, struct gw_why *why)
{
	struct gw_spot s;
	enum gw_err err;
	int fd = -1, error;

	GW_ASSERT(strchr(f->temp, '/') == NULL);
	for (int attempt = 0; attempt < 2; attempt++) {
		if ((err = gw_target_enter(t, f->path, &s, why)) != GW_OK)
			return err;
		fd = create_in(s.dir->fd, f->temp, mode);
		error = errno;
		gw_target_leave(t, &s);
		if (fd >= 0) {
			*out = fd;
			return GW_OK;
		}
		if (error != ENOENT)
			break;
		/* The directory that was held open has been removed; perhaps
		 * there is a new one. */
		gw_dir_cache_forget(t->dirs);
	}
	return gw_why_errno(why, error, "create");
}

/* ---- attributes ---- */

/* Set user.* attributes; false: not all could be set. */
static bool
set_xattrs(int fd, struct gw_slice wire)
{
	struct gw_reader r = gw_reader(wire);
	struct gw_slice name, value;
	char text[XATTR_NAME_MAX + 1];
	bool all = true;

	while (gw_reader_left(&r) > 0) {
		name = gw_read_string(&r, XATTR_NAME_MAX);
		value = gw_read_string(&r, XATTR_SIZE_MAX);
		if (!gw_reader_ok(&r))
			return false;
		/* Others have meaning to the system: never from a peer. */
		if (name.n <= 5 || memcmp(name.p, "user.", 5) != 0 ||
		    memchr(name.p, '\0', name.n) != NULL)
			return false;
		memcpy(text, name.p, name.n);
		text[name.n] = '\0';
		if (fsetxattr(fd, text, value.p, value.n, 0) != 0)
			all = false;
	}
	return all;
}

/* Times last: all else changes them.  st is of after the content. */
static enum gw_err
set_attrs(int fd, const struct gw_target_attrs *a, struct gw_stamp *stamp,
    struct gw_why *why)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = a->mtime_s, .tv_nsec = a->mtime_ns } };
	struct stat st;

	if (futimens(fd, times) != 0)
		return gw_why_errno(why, errno, "set time");
	if (fstat(fd, &st) != 0)
		return gw_why_errno(why, errno, "look");
	/* The umask, or a default ACL, may have had its say. */
	if ((st.st_mode & 07777) != (a->mode & MODE_BITS) &&
	    fchmod(fd, a->mode & MODE_BITS) != 0)
		return gw_why_errno(why, errno, "set mode");
	gw_stamp_of(stamp, &st);
	stamp->mode = a->mode & MODE_BITS;
	return GW_OK;
}

/* ---- content ---- */

static bool
is_zero(const uint8_t *p, size_t n)
{
	/* Each byte equals the one before it, and the first is zero. */
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* End of the run that begins at `at`: of zero pages, or of others. */
static size_t
run_end(const uint8_t *p, size_t n, size_t at, bool *zero)
{
	size_t end = at, len;

	*zero = is_zero(p + at, n - at < HOLE ? n - at : HOLE);
	do {
		end += n - end < HOLE ? n - end : HOLE;
		if (end == n)
			break;
		len = n - end < HOLE ? n - end : HOLE;
	} while (is_zero(p + end, len) == *zero);
	return end;
}

static bool
write_sparse(int fd, const uint8_t *p, size_t n, uint64_t offset)
{
	size_t end;
	bool zero;

	for (size_t at = 0; at < n; at = end) {
		end = run_end(p, n, at, &zero);
		if (!zero && !gw_full_pwrite(fd, p + at, end - at, offset + at))
			return false;
	}
	return true;
}

static enum gw_err
write_content(int fd, struct gw_target_whole *w, struct gw_why *why)
{
	bool ok;

	if (w->sparse)
		ok = write_sparse(fd, w->data.p, w->data.n, 0) &&
		     ftruncate(fd, (off_t)w->data.n) == 0;
	else
		ok = gw_full_pwrite(fd, w->data.p, w->data.n, 0);
	return ok ? GW_OK : gw_why_errno(why, errno, "write");
}

enum gw_err
gw_target_write_whole(
    struct gw_target *t, struct gw_target_whole *w, struct gw_why *why)
{
	enum gw_err err;
	int fd;

	/* Made with the final mode, which mostly saves setting it.  Nobody
	 * else looks at a temporary name, and what is in it is checked. */
	err = gw_target_make_temp(
	    t, &w->file, w->attrs.mode & MODE_BITS, &fd, why);
	if (err != GW_OK)
		return err;
	err = write_content(fd, w, why);
	w->xattrs_lost =
	    err == GW_OK && w->xattrs.n > 0 && !set_xattrs(fd, w->xattrs);
	if (err == GW_OK)
		err = set_attrs(fd, &w->attrs, &w->stamp, why);
	/* Another file system is mounted below: no syncfs of ours will
	 * reach it. */
	if (err == GW_OK && w->stamp.dev != t->dev && fsync(fd) != 0)
		err = gw_why_errno(why, errno, "sync");
	if (close(fd) != 0 && err == GW_OK)
		err = gw_why_errno(why, errno, "close");
	return err;
}

/* ---- temporaries that stay open ---- */

static struct gw_temp *
find_temp(struct gw_target *t, uint64_t entry)
{
	for (size_t i = 0; i < t->temp_count; i++)
		if (t->temps[i].entry == entry)
			return &t->temps[i];
	return NULL;
}

int
gw_target_temp_fd(struct gw_target *t, uint64_t entry, bool *foreign)
{
	struct gw_temp *temp;
	int fd = -1;

	pthread_mutex_lock(&t->lock);
	if ((temp = find_temp(t, entry)) != NULL) {
		fd = temp->fd;
		*foreign = temp->foreign;
	}
	pthread_mutex_unlock(&t->lock);
	return fd;
}

/* What `entry` has open; the caller knows that it has. */
static int
known_fd(struct gw_target *t, uint64_t entry)
{
	bool foreign;
	int fd = gw_target_temp_fd(t, entry, &foreign);

	GW_ASSERT(fd >= 0);
	return fd;
}

/* A finished one may be without write permission for its owner. */
static int
open_existing(const struct gw_spot *s, const char *temp)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(s->dir->fd, temp, flags);

	if (fd < 0 && errno == EACCES &&
	    fchmodat(s->dir->fd, temp, 0600, AT_SYMLINK_NOFOLLOW) == 0)
		fd = openat(s->dir->fd, temp, flags);
	return fd;
}

static enum gw_err
reopen(struct gw_target *t, const struct gw_target_file *f, uint64_t ino,
    int *out, struct gw_why *why)
{
	struct gw_spot s;
	struct stat st;
	enum gw_err err = gw_target_enter(t, f->path, &s, why);
	int fd;

	if (err != GW_OK)
		return err;
	fd = open_existing(&s, f->temp);
	if (fd < 0)
		err = gw_why_errno(why, errno, "open");
	gw_target_leave(t, &s);
	if (fd < 0)
		return err;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
	    st.st_ino != ino) {
		close(fd);
		return gw_why(why, GW_E_NO_PATH,
		    "open: it is not the file that was being written");
	}
	*out = fd;
	return GW_OK;
}

/* Under the lock.  Room for one more open temporary file. */
static bool
room(struct gw_target *t)
{
	size_t cap = t->temp_cap > 0 ? t->temp_cap * 2 : 64;
	struct gw_temp *v;

	if (t->temp_count < t->temp_cap)
		return true;
	if ((v = realloc(t->temps, cap * sizeof *v)) == NULL)
		return false;
	t->temps = v;
	t->temp_cap = cap;
	return true;
}

enum gw_err
gw_target_temp_open(struct gw_target *t, const struct gw_target_file *f,
    uint64_t ino, struct gw_stamp *stamp, struct gw_why *why)
{
	struct gw_temp *temp;
	struct stat st;
	enum gw_err err = GW_OK;
	int fd = -1;

	/* Held throughout: the first two blocks of a file may come on two
	 * threads, and only one of them is to make it. */
	pthread_mutex_lock(&t->lock);
	if ((temp = find_temp(t, f->entry)) != NULL)
		fd = temp->fd;
	else if (!room(t))
		err = GW_E_MEMORY;
	else if (ino != 0)
		err = reopen(t, f, ino, &fd, why);
	else
		err = gw_target_make_temp(t, f, 0600, &fd, why);
	if (err == GW_OK && fstat(fd, &st) != 0) {
		err = gw_why_errno(why, errno, "look");
		if (temp == NULL)
			close(fd);
	}
	if (err == GW_OK && temp == NULL)
		t->temps[t->temp_count++] = (struct gw_temp){
			.entry = f->entry,
			.fd = fd,
			.foreign = st.st_dev != t->dev,
		};
	pthread_mutex_unlock(&t->lock);
	if (err == GW_OK)
		gw_stamp_of(stamp, &st);
	return err;
}

enum gw_err
gw_target_temp_write(
    struct gw_target *t, const struct gw_target_io *io, struct gw_why *why)
{
	int fd = known_fd(t, io->entry);
	bool ok;

	if (io->sparse)
		ok = write_sparse(fd, io->buf, io->n, io->offset);
	else
		ok = gw_full_pwrite(fd, io->buf, io->n, io->offset);
	return ok ? GW_OK : gw_why_errno(why, errno, "write");
}

enum gw_err
gw_target_temp_read(
    struct gw_target *t, struct gw_target_io *io, struct gw_why *why)
{
	int fd = known_fd(t, io->entry);

	if (!gw_full_pread(fd, io->buf, io->n, io->offset, &io->got))
		return gw_why_errno(why, errno, "read");
	return GW_OK;
}

enum gw_err
gw_target_temp_sync(struct gw_target *t, uint64_t entry, struct gw_why *why)
{
	if (fdatasync(known_fd(t, entry)) != 0)
		return gw_why_errno(why, errno, "sync");
	return GW_OK;
}

enum gw_err
gw_target_temp_finish(
    struct gw_target *t, struct gw_target_finish *f, struct gw_why *why)
{
	int fd = known_fd(t, f->entry);

	if (ftruncate(fd, (off_t)f->size) != 0)
		return gw_why_errno(why, errno, "set size");
	f->xattrs_lost = f->xattrs.n > 0 && !set_xattrs(fd, f->xattrs);
	return set_attrs(fd, &f->attrs, &f->stamp, why);
}

void
gw_target_temp_close(struct gw_target *t, uint64_t entry)
{
	struct gw_temp *temp;
	int fd = -1;

	pthread_mutex_lock(&t->lock);
	if ((temp = find_temp(t, entry)) != NULL) {
		fd = temp->fd;
		*temp = t->temps[--t->temp_count];
	}
	pthread_mutex_unlock(&t->lock);
	if (fd >= 0)
		close(fd);
}

void
gw_target_forget(struct gw_target *t)
{
	pthread_mutex_lock(&t->lock);
	while (t->temp_count > 0)
		close(t->temps[--t->temp_count].fd);
	pthread_mutex_unlock(&t->lock);
	gw_dir_cache_forget(t->dirs);
}

enum gw_err
gw_target_temp_drop(
    struct gw_target *t, const struct gw_target_file *f, struct gw_why *why)
{
	struct gw_spot s;
	enum gw_err err;

	gw_target_temp_close(t, f->entry);
	err = gw_target_enter(t, f->path, &s, why);
	if (err == GW_E_NO_PATH)
		return GW_OK;
	if (err != GW_OK)
		return err;
	if (!gw_target_remove_own(s.dir->fd, f->temp))
		err = gw_why_errno(why, errno, "remove");
	gw_target_leave(t, &s);
	return err;
}
