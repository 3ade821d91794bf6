#include "os/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/full_io.h"
#include "os/random.h"

struct slot { /* where to read to */
	void *buf;
	size_t cap, got;
};

static enum gw_err
disk_error(struct gw_why *why, int error, const char *path)
{
	enum gw_err err = gw_why_errno(why, error, path);

	return err == GW_E_SPACE || err == GW_E_MEMORY ? err : GW_E_DISK;
}

static enum gw_err
check_private(int fd, const char *path, struct gw_why *why)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return disk_error(why, errno, path);
	if (!S_ISREG(st.st_mode))
		return gw_why(why, GW_E_DISK, "%s: not a regular file", path);
	if (st.st_uid != geteuid())
		return gw_why(why, GW_E_DISK,
		    "%s: belongs to another user (uid %u)", path,
		    (unsigned)st.st_uid);
	if (st.st_mode & 077)
		return gw_why(why, GW_E_DISK,
		    "%s: others may read or write it; run: chmod 600 %s", path,
		    path);
	return GW_OK;
}

static enum gw_err
read_all(int fd, const char *path, struct slot *slot, struct gw_why *why)
{
	char more;

	if (!gw_full_pread(fd, slot->buf, slot->cap, 0, &slot->got))
		return disk_error(why, errno, path);
	if (slot->got == slot->cap &&
	    pread(fd, &more, 1, (off_t)slot->cap) != 0)
		return gw_why(why, GW_E_LIMIT, "%s: too long", path);
	return GW_OK;
}

enum gw_err
gw_small_file_load(
    const char *path, void *buf, size_t cap, size_t *n, struct gw_why *why)
{
	struct slot slot = { .buf = buf, .cap = cap };
	enum gw_err err;
	/* O_NONBLOCK: a FIFO that somebody put there must not hold us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0) {
		if (errno == ENOENT)
			return gw_why_errno(why, errno, path);
		if (errno == ELOOP)
			return gw_why(why, GW_E_DISK,
			    "%s: is a symbolic link, which is not followed: "
			    "put the file itself there",
			    path);
		return disk_error(why, errno, path);
	}
	err = check_private(fd, path, why);
	if (err == GW_OK)
		err = read_all(fd, path, &slot, why);
	close(fd);
	if (err == GW_OK)
		*n = slot.got;
	return err;
}

/* Make the names in the directory of path durable. */
static int
sync_parent(const char *path)
{
	char *dir = strdup(path), *slash;
	int fd, r = -1;

	if (dir == NULL)
		return -1;
	slash = strrchr(dir, '/');
	if (slash != NULL)
		slash[slash == dir ? 1 : 0] = '\0';
	fd =
	    open(slash != NULL ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd >= 0) {
		r = fsync(fd);
		close(fd);
	}
	return r;
}

/* A durable temporary file with a name that nobody else has; *temp is the
 * caller's to free after success. */
static enum gw_err
write_temp(const char *path, const void *data, size_t n, char **temp,
    struct gw_why *why)
{
	struct gw_random random = gw_random_os();
	enum gw_err err = GW_OK;
	char *name;
	int fd;

	if (asprintf(&name, "%s.%016llx.tmp", path,
		(unsigned long long)gw_random_u64(&random)) < 0)
		return GW_E_MEMORY;
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		err = disk_error(why, errno, path);
		free(name);
		return err;
	}
	if (!gw_full_pwrite(fd, data, n, 0) || fsync(fd) != 0)
		err = disk_error(why, errno, path);
	if (close(fd) != 0 && err == GW_OK)
		err = disk_error(why, errno, path);
	if (err != GW_OK) {
		unlink(name);
		free(name);
		return err;
	}
	*temp = name;
	return GW_OK;
}

enum gw_err
gw_small_file_store(
    const char *path, const void *data, size_t n, struct gw_why *why)
{
	char *temp;
	enum gw_err err = write_temp(path, data, n, &temp, why);

	if (err != GW_OK)
		return err;
	if (rename(temp, path) != 0) {
		err = disk_error(why, errno, path);
		unlink(temp);
	} else if (sync_parent(path) != 0) {
		err = disk_error(why, errno, path);
	}
	free(temp);
	return err;
}

enum gw_err
gw_small_file_create(
    const char *path, const void *data, size_t n, struct gw_why *why)
{
	char *temp;
	enum gw_err err = write_temp(path, data, n, &temp, why);

	if (err != GW_OK)
		return err;
	/* link never replaces, and shows the whole file or none. */
	if (link(temp, path) == 0) {
		unlink(temp);
	} else if (errno == EEXIST) {
		unlink(temp);
		err = GW_E_AGAIN;
	} else if (renameat2(
		       AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) != 0) {
		/* A file system without links: the rename will do. */
		err =
		    errno == EEXIST ? GW_E_AGAIN : disk_error(why, errno, path);
		unlink(temp);
	}
	if (err == GW_OK && sync_parent(path) != 0)
		err = disk_error(why, errno, path);
	free(temp);
	return err;
}
