#include "os/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cursor.h"
#include "os/beneath.h"
#include "os/dir_cache.h"
#include "os/full_io.h"

struct gw_source {
	const struct gw_roots *roots;
	struct gw_dir_cache *dirs;
};

/* A PATH again, if it is still what it was.  Its links were resolved, and
 * are not followed now. */
static int
open_root(const struct gw_root *root, int flags)
{
	struct stat st;
	int fd;

	flags |= O_NOFOLLOW | O_CLOEXEC;
	fd = open(root->path, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = open(root->path, flags);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_dev == root->stamp.dev &&
	    st.st_ino == root->stamp.ino)
		return fd;
	close(fd);
	errno = ENOENT;
	return -1;
}

/* A directory by its path on the wire. */
static int
open_dir(void *arg, struct gw_slice path)
{
	const struct gw_source *s = arg;
	const struct gw_root *root =
	    gw_roots_find(s->roots, (const char *)path.p, path.n);
	const uint8_t *slash = memchr(path.p, '/', path.n);
	int top, fd, saved;

	if (root == NULL) {
		errno = ENOENT;
		return -1;
	}
	top = open_root(root, O_PATH | O_DIRECTORY);
	if (top < 0 || slash == NULL)
		return top;
	slash++;
	fd = gw_beneath_open(top,
	    gw_slice(slash, (size_t)(path.p + path.n - slash)),
	    O_PATH | O_DIRECTORY);
	saved = errno;
	close(top);
	errno = saved;
	return fd;
}

enum gw_err
gw_source_new(const struct gw_roots *roots, struct gw_source **out)
{
	struct gw_source *s = calloc(1, sizeof *s);
	enum gw_err err;

	if (s == NULL)
		return GW_E_MEMORY;
	s->roots = roots;
	if ((err = gw_dir_cache_new(open_dir, s, &s->dirs)) != GW_OK) {
		free(s);
		return err;
	}
	*out = s;
	return GW_OK;
}

void
gw_source_free(struct gw_source *s)
{
	if (s == NULL)
		return;
	gw_dir_cache_free(s->dirs);
	free(s);
}

enum { READ_FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY };

/* Only the owner may leave the access time alone. */
static int
open_in(int dir, const char *name)
{
	const int flags = READ_FLAGS | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(dir, name, flags) : fd;
}

static int
open_file(struct gw_source *s, struct gw_slice path)
{
	const uint8_t *slash = memrchr(path.p, '/', path.n);
	const struct gw_root *root;
	char name[NAME_MAX + 1];
	struct gw_dir *dir;
	size_t n;
	int fd, saved;

	if (slash == NULL) {
		root = gw_roots_find(s->roots, (const char *)path.p, path.n);
		errno = ENOENT;
		return root == NULL ? -1 : open_root(root, READ_FLAGS);
	}
	n = (size_t)(path.p + path.n - slash) - 1;
	if (n > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, slash + 1, n);
	name[n] = '\0';
	dir = gw_dir_cache_get(
	    s->dirs, gw_slice(path.p, (size_t)(slash - path.p)));
	if (dir == NULL)
		return -1;
	fd = open_in(dir->fd, name);
	saved = errno;
	gw_dir_cache_put(s->dirs, dir);
	errno = saved;
	return fd;
}

enum gw_err
gw_source_open(struct gw_source *s, struct gw_slice path, int *out,
    struct gw_stamp *stamp, struct gw_why *why)
{
	enum gw_err err;
	int fd;

	if (!gw_beneath_sane(path))
		return gw_why(why, GW_E_FAILED, "not a name that can be used");
	if ((fd = open_file(s, path)) < 0) {
		if (errno == ELOOP)
			return gw_why(why, GW_E_FAILED,
			    "open: it is a symbolic link now");
		return gw_why_errno(why, errno, "open");
	}
	err = gw_source_stamp(fd, stamp, why);
	if (err == GW_OK && stamp->kind != GW_KIND_FILE)
		err = gw_why(why, GW_E_FAILED, "open: not a file any more");
	if (err != GW_OK) {
		close(fd);
		return err;
	}
	*out = fd;
	return GW_OK;
}

enum gw_err
gw_source_stamp(int fd, struct gw_stamp *stamp, struct gw_why *why)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return gw_why_errno(why, errno, "look");
	gw_stamp_of(stamp, &st);
	return GW_OK;
}

enum gw_err
gw_source_read(int fd, struct gw_source_read *r, struct gw_why *why)
{
	if (!gw_full_pread(fd, r->buf, r->n, r->offset, &r->got))
		return gw_why_errno(why, errno, "read");
	return GW_OK;
}

uint64_t
gw_source_next_data(int fd, uint64_t offset, uint64_t size)
{
	off_t r;

	if (offset >= size)
		return size;
	r = lseek(fd, (off_t)offset, SEEK_DATA);
	if (r >= 0)
		return (uint64_t)r < size ? (uint64_t)r : size;
	/* ENXIO: no data from here to the end.  Else: nobody knows. */
	return errno == ENXIO ? size : offset;
}

uint64_t
gw_source_data_end(int fd, uint64_t offset, uint64_t size)
{
	off_t r;

	if (offset >= size)
		return size;
	r = lseek(fd, (off_t)offset, SEEK_HOLE);
	return r >= 0 && (uint64_t)r < size ? (uint64_t)r : size;
}

/* ---- attributes ---- */

/* The list of names, each ended by NUL; the caller frees it.  NULL with
 * *n = 0: there are none. */
static enum gw_err
list_names(int fd, char **out, size_t *n, struct gw_why *why)
{
	char *names = NULL;
	ssize_t r;

	*out = NULL;
	*n = 0;
	if ((r = flistxattr(fd, NULL, 0)) > 0) {
		if ((names = malloc((size_t)r)) == NULL)
			return GW_E_MEMORY;
		r = flistxattr(fd, names, (size_t)r);
	}
	if (r <= 0) {
		free(names);
		if (r == 0 || errno == ENOTSUP || errno == ENOSYS)
			return GW_OK;
		return gw_why_errno(why, errno, "list attributes");
	}
	*out = names;
	*n = (size_t)r;
	return GW_OK;
}

static enum gw_err
add_xattr(struct gw_writer *w, int fd, const char *name, struct gw_why *why)
{
	static const char too_long[] =
	    "its extended attributes are too long to send";
	ssize_t size = fgetxattr(fd, name, NULL, 0);
	size_t left = (size_t)(w->end - w->p);
	void *value;

	if (size < 0) /* removed in between */
		return errno == ENODATA
			   ? GW_OK
			   : gw_why_errno(why, errno, "read attributes");
	if ((size_t)size > left)
		return gw_why(why, GW_E_LIMIT, "%s", too_long);
	if ((value = malloc((size_t)size + 1)) == NULL)
		return GW_E_MEMORY;
	size = fgetxattr(fd, name, value, (size_t)size);
	if (size >= 0) {
		gw_write_string(w, gw_slice_str(name));
		gw_write_string(w, gw_slice(value, (size_t)size));
	}
	free(value);
	if (size < 0)
		return gw_why_errno(why, errno, "read attributes");
	if (!gw_writer_ok(w))
		return gw_why(why, GW_E_LIMIT, "%s", too_long);
	return GW_OK;
}

enum gw_err
gw_source_xattrs(int fd, void *buf, size_t cap, size_t *n, struct gw_why *why)
{
	struct gw_writer w = gw_writer(buf, cap);
	enum gw_err err;
	char *names;
	size_t len;

	if ((err = list_names(fd, &names, &len, why)) != GW_OK)
		return err;
	for (size_t at = 0; at < len && err == GW_OK;
	     at += strlen(names + at) + 1)
		if (strncmp(names + at, "user.", 5) == 0)
			err = add_xattr(&w, fd, names + at, why);
	free(names);
	if (err == GW_OK)
		*n = gw_writer_len(&w);
	return err;
}
