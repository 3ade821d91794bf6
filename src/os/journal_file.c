#include "os/journal_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/full_io.h"

enum { PATIENCE = 20 }; /* ms: who only looks at it lets go at once */

struct gw_journal_file {
	int dir, fd;
	uint64_t len;
	int64_t mtime;
	char name[];
};

/* Whatever befalls a journal ends the transfer. */
static enum gw_err
failed(struct gw_why *why, int error, const char *doing)
{
	enum gw_err err = gw_why_errno(why, error, doing);

	return err == GW_E_FAILED || err == GW_E_NO_PATH ? GW_E_DISK : err;
}

void
gw_journal_file_close(struct gw_journal_file *j)
{
	if (j == NULL)
		return;
	if (j->fd >= 0)
		close(j->fd);
	if (j->dir >= 0)
		close(j->dir);
	free(j);
}

static enum gw_err
open_file(struct gw_journal_file *j, bool create, struct gw_why *why)
{
	j->fd = openat(j->dir, j->name,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
		(create ? O_CREAT : 0),
	    0600);
	if (j->fd >= 0)
		return GW_OK;
	return errno == ENOENT && !create ? gw_why_errno(why, errno, "journal")
					  : failed(why, errno, "journal");
}

/* GW_E_AGAIN: held by another. */
static enum gw_err
lock(struct gw_journal_file *j, unsigned tries, struct gw_why *why)
{
	while (tries-- > 0) {
		if (flock(j->fd, LOCK_EX | LOCK_NB) == 0)
			return GW_OK;
		if (errno != EWOULDBLOCK || tries == 0)
			break;
		(void)poll(NULL, 0, 1);
	}
	return errno == EWOULDBLOCK ? gw_why(why, GW_E_AGAIN,
					  "journal: another process holds it")
				    : failed(why, errno, "journal");
}

/* *gone: it was removed before we had it. */
static enum gw_err
look(struct gw_journal_file *j, bool *gone, struct gw_why *why)
{
	struct stat st;

	if (fstat(j->fd, &st) != 0)
		return failed(why, errno, "journal");
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return gw_why(why, GW_E_DISK, "journal: not a file of ours");
	*gone = st.st_nlink == 0;
	j->len = (uint64_t)st.st_size;
	j->mtime = st.st_mtim.tv_sec;
	return GW_OK;
}

static enum gw_err
open_locked(
    struct gw_journal_file *j, bool create, bool *gone, struct gw_why *why)
{
	enum gw_err err = open_file(j, create, why);

	if (err == GW_OK)
		err = lock(j, PATIENCE, why);
	return err == GW_OK ? look(j, gone, why) : err;
}

static enum gw_err
open_in(struct gw_journal_file *j, bool create, struct gw_why *why)
{
	enum gw_err err;
	bool gone;

	while ((err = open_locked(j, create, &gone, why)) == GW_OK && gone) {
		close(j->fd);
		j->fd = -1;
	}
	/* Its name has to survive a crash, or its content is of no use. */
	if (err == GW_OK && j->len == 0 && fsync(j->dir) != 0 &&
	    errno != EINVAL)
		return failed(why, errno, "journal");
	return err;
}

static struct gw_journal_file *
journal_alloc(const char *dir, const char *name)
{
	size_t n = strlen(name) + 1;
	struct gw_journal_file *j = malloc(sizeof *j + n);

	if (j == NULL)
		return NULL;
	memcpy(j->name, name, n);
	j->fd = -1;
	j->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return j;
}

enum gw_err
gw_journal_file_peek(const char *dir, const char *name, bool *held,
    struct gw_why *why, struct gw_journal_file **out)
{
	struct gw_journal_file *j = journal_alloc(dir, name);
	enum gw_err err;
	bool gone;

	if (j == NULL)
		return GW_E_MEMORY;
	err = j->dir >= 0 ? open_file(j, false, why)
			  : gw_why_errno(why, errno, dir);
	if (err == GW_OK)
		err = lock(j, 1, why);
	*held = err == GW_E_AGAIN;
	if (err == GW_OK)
		(void)flock(j->fd, LOCK_UN);
	if (err == GW_OK || *held)
		err = look(j, &gone, why);
	if (err != GW_OK) {
		gw_journal_file_close(j);
		return err;
	}
	*out = j;
	return GW_OK;
}

enum gw_err
gw_journal_file_open(const char *dir, const char *name, bool create,
    struct gw_why *why, struct gw_journal_file **out)
{
	struct gw_journal_file *j = journal_alloc(dir, name);
	enum gw_err err;

	if (j == NULL)
		return GW_E_MEMORY;
	if (j->dir >= 0)
		err = open_in(j, create, why);
	else if (errno == ENOENT && !create)
		err = gw_why_errno(why, errno, dir);
	else
		err = failed(why, errno, dir);
	if (err != GW_OK) {
		gw_journal_file_close(j);
		return err;
	}
	*out = j;
	return GW_OK;
}

enum gw_err
gw_journal_file_read(struct gw_journal_file *j, size_t max,
    struct gw_bytes *out, struct gw_why *why)
{
	enum gw_err err;
	uint8_t *at;
	size_t got;

	if (j->len > max)
		return gw_why(why, GW_E_LIMIT, "journal: too long");
	if ((err = gw_bytes_room(out, (size_t)j->len, &at)) != GW_OK)
		return err;
	if (!gw_full_pread(j->fd, at, (size_t)j->len, 0, &got))
		return failed(why, errno, "journal");
	gw_bytes_added(out, got);
	return GW_OK;
}

enum gw_err
gw_journal_file_append(
    struct gw_journal_file *j, struct gw_slice data, struct gw_why *why)
{
	enum gw_err err;

	if (gw_full_pwrite(j->fd, data.p, data.n, j->len) &&
	    fdatasync(j->fd) == 0) {
		j->len += data.n;
		j->mtime = gw_clock_wall();
		return GW_OK;
	}
	err = failed(why, errno, "journal");
	/* A torn end would be cut by the next reader, too. */
	if (ftruncate(j->fd, (off_t)j->len) != 0)
		return err;
	return err;
}

enum gw_err
gw_journal_file_cut(struct gw_journal_file *j, uint64_t len, struct gw_why *why)
{
	if (len >= j->len)
		return GW_OK;
	if (ftruncate(j->fd, (off_t)len) != 0 || fdatasync(j->fd) != 0)
		return failed(why, errno, "journal");
	j->len = len;
	return GW_OK;
}

enum gw_err
gw_journal_file_remove(struct gw_journal_file *j, struct gw_why *why)
{
	enum gw_err err = GW_OK;

	if (unlinkat(j->dir, j->name, 0) != 0 && errno != ENOENT)
		err = failed(why, errno, "journal");
	gw_journal_file_close(j);
	return err;
}

int64_t
gw_journal_file_age(const struct gw_journal_file *j)
{
	int64_t age = gw_clock_wall() - j->mtime;

	return age > 0 ? age : 0;
}

/* ---- which there are ---- */

static bool
ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcmp(name + n - m, suffix) == 0;
}

/* Add a copy to a list whose capacity is the next power of two. */
static bool
add_name(char ***names, size_t *count, const char *name)
{
	char **v = *names;

	if ((*count & (*count - 1)) == 0) {
		v = realloc(v, (*count > 0 ? *count * 2 : 1) * sizeof *v);
		if (v == NULL)
			return false;
		*names = v;
	}
	if ((v[*count] = strdup(name)) == NULL)
		return false;
	++*count;
	return true;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum gw_err
gw_journal_file_names(const char *dir, const char *suffix, struct gw_why *why,
    char ***out, size_t *out_count)
{
	struct dirent *e;
	char **names = NULL;
	size_t count = 0;
	DIR *d = opendir(dir);

	if (d == NULL && errno != ENOENT)
		return failed(why, errno, dir);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!ends_with(e->d_name, suffix) ||
		    add_name(&names, &count, e->d_name))
			continue;
		closedir(d);
		gw_journal_file_names_free(names, count);
		return GW_E_MEMORY;
	}
	if (d != NULL)
		closedir(d);
	if (count > 0)
		qsort(names, count, sizeof *names, by_text);
	*out = names;
	*out_count = count;
	return GW_OK;
}

void
gw_journal_file_names_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}
