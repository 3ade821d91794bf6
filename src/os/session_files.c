#include "os/session_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/full_io.h"
#include "os/random.h"

enum {
	HEX = 16,
	NAME = HEX + sizeof ".sessions",
	TRIES = 8,       /* a sweeper may be quicker */
	FILES_MAX = 256, /* open at a time */
	SIZE_MAX_BYTES = 1 << 20
};

/* "0123456789abcdef.sessions" */
static bool
is_ours(const char *name)
{
	return strlen(name) == NAME - 1 &&
	       strspn(name, "0123456789abcdef") == HEX &&
	       strcmp(name + HEX, ".sessions") == 0;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* ---- writing ---- */

struct gw_session_file {
	int dir, fd;
	char name[NAME];
};

/* If nobody holds it any more. */
static void
remove_dead(int dir, const char *name)
{
	int fd =
	    openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st, now;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstatat(dir, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    same_file(&st, &now))
		unlinkat(dir, name, 0);
	close(fd);
}

static void
sweep(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL)
		if (is_ours(e->d_name))
			remove_dead(dir, e->d_name);
	closedir(d);
}

/* One that no sweeper took between its making and its lock; -1: errno. */
static int
make_locked(int dir, char name[NAME])
{
	struct gw_random random = gw_random_os();
	struct stat st;

	for (int i = 0; i < TRIES; i++) {
		int fd;

		snprintf(name, NAME, "%016llx.sessions",
		    (unsigned long long)gw_random_u64(&random));
		fd = openat(
		    dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
		    st.st_nlink == 1)
			return fd;
		close(fd);
		errno = EAGAIN;
	}
	return -1;
}

/* Writing past a limit would be the end of the process (SIGXFSZ). */
static bool
may_write(void)
{
	struct rlimit l;

	return getrlimit(RLIMIT_FSIZE, &l) == 0 &&
	       (l.rlim_cur == RLIM_INFINITY || l.rlim_cur >= SIZE_MAX_BYTES);
}

enum gw_err
gw_session_file_new(
    const char *dir, struct gw_why *why, struct gw_session_file **out)
{
	struct gw_session_file *f;
	enum gw_err err;

	if (!may_write())
		return gw_why(why, GW_E_LIMIT,
		    "%s: files may not be as large (ulimit -f)", dir);
	if ((f = calloc(1, sizeof *f)) == NULL)
		return GW_E_MEMORY;
	f->dir = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (f->dir < 0) {
		err = gw_why_errno(why, errno, dir);
		free(f);
		return err;
	}
	sweep(f->dir);
	if ((f->fd = make_locked(f->dir, f->name)) < 0) {
		err = gw_why_errno(why, errno, dir);
		close(f->dir);
		free(f);
		return err;
	}
	*out = f;
	return GW_OK;
}

void
gw_session_file_write(struct gw_session_file *f, struct gw_slice s)
{
	(void)!gw_full_pwrite(f->fd, s.p, s.n, 0);
}

void
gw_session_file_free(struct gw_session_file *f)
{
	if (f == NULL)
		return;
	unlinkat(f->dir, f->name, 0);
	close(f->fd);
	close(f->dir);
	free(f);
}

/* ---- reading ---- */

struct gw_session_files {
	struct gw_shown_file *first;
	size_t count;
	int inotify; /* -1: not to be had */
};

enum gw_err
gw_session_files_new(struct gw_session_files **out)
{
	struct gw_session_files *s = calloc(1, sizeof *s);

	if (s == NULL)
		return GW_E_MEMORY;
	s->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	*out = s;
	return GW_OK;
}

void
gw_session_files_free(struct gw_session_files *s)
{
	if (s == NULL)
		return;
	while (s->first != NULL)
		gw_session_files_drop(s, s->first);
	if (s->inotify != -1)
		close(s->inotify);
	free(s);
}

int
gw_session_files_fd(const struct gw_session_files *s)
{
	return s->inotify;
}

/* What is in a directory itself: no link, and nothing that is mounted there,
 * which might keep us waiting. */
static int
open_in(int dir, const char *name, int flags)
{
	const unsigned all = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	struct open_how how = { .flags = all | (unsigned)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV };

	return (int)syscall(SYS_openat2, dir, name, &how, sizeof how);
}

static bool
is_known(const struct gw_session_files *s, const struct stat *st)
{
	for (const struct gw_shown_file *f = s->first; f != NULL; f = f->next)
		if (f->dev == st->st_dev && f->ino == st->st_ino)
			return true;
	return false;
}

static void
take_file(struct gw_session_files *s, int dir, const char *name, uid_t owner)
{
	struct gw_shown_file *f;
	struct stat st;
	int fd;

	if (s->count == FILES_MAX ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    is_known(s, &st) || (fd = open_in(dir, name, O_RDONLY)) < 0)
		return;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != owner ||
	    (st.st_mode & 077) != 0 || st.st_size > SIZE_MAX_BYTES ||
	    is_known(s, &st) || (f = calloc(1, sizeof *f)) == NULL) {
		close(fd);
		return;
	}
	*f = (struct gw_shown_file){ .uid = st.st_uid,
		.fd = fd,
		.dev = st.st_dev,
		.ino = st.st_ino,
		.next = s->first };
	s->first = f;
	s->count++;
}

/* NAME/godwit below `parent`, which belongs to whom NAME does. */
static void
look_in(struct gw_session_files *s, int parent, uid_t owner)
{
	int dir = open_in(parent, "godwit", O_RDONLY | O_DIRECTORY);
	char path[64];
	struct dirent *e;
	struct stat st;
	DIR *d;

	if (dir < 0)
		return;
	if (fstat(dir, &st) != 0 || st.st_uid != owner ||
	    (st.st_mode & 022) != 0 || (d = fdopendir(dir)) == NULL) {
		close(dir);
		return;
	}
	if (s->inotify != -1) {
		/* Again is fine: it is the same watch. */
		snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
		inotify_add_watch(s->inotify, path, IN_CREATE | IN_ONLYDIR);
	}
	while ((e = readdir(d)) != NULL)
		if (is_ours(e->d_name))
			take_file(s, dir, e->d_name, owner);
	closedir(d);
}

static void
look_below(struct gw_session_files *s, int dir)
{
	struct stat st;

	if (fstat(dir, &st) == 0 && (st.st_mode & 022) == 0 &&
	    (geteuid() == 0 || st.st_uid == geteuid()))
		look_in(s, dir, st.st_uid);
	close(dir);
}

/* Those that the system made for users, who may not change /run/user. */
static void
look_at_users(struct gw_session_files *s)
{
	DIR *d = opendir("/run/user");
	struct dirent *e;
	int dir;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[strspn(e->d_name, "0123456789")] != '\0')
			continue;
		dir = openat(dirfd(d), e->d_name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir >= 0)
			look_below(s, dir);
	}
	closedir(d);
}

bool
gw_session_files_told(struct gw_session_files *s)
{
	char heard[4096];
	bool any = false;

	/* Only that there was something matters. */
	while (s->inotify != -1 && read(s->inotify, heard, sizeof heard) > 0)
		any = true;
	return any;
}

void
gw_session_files_look(struct gw_session_files *s)
{
	const char *own = getenv("XDG_RUNTIME_DIR");
	int dir;

	if (own != NULL && own[0] == '/') {
		dir = open(own, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir >= 0)
			look_below(s, dir);
	}
	if (geteuid() == 0)
		look_at_users(s);
}

struct gw_shown_file *
gw_session_files_next(
    const struct gw_session_files *s, const struct gw_shown_file *f)
{
	return f == NULL ? s->first : f->next;
}

size_t
gw_shown_file_read(
    const struct gw_shown_file *f, void *buf, size_t n, bool *gone)
{
	struct stat st;
	size_t got = 0;

	/* First: then what is read was there when it went. */
	*gone = fstat(f->fd, &st) != 0 || st.st_nlink == 0;
	return gw_full_pread(f->fd, buf, n, 0, &got) ? got : 0;
}

void
gw_session_files_drop(struct gw_session_files *s, struct gw_shown_file *f)
{
	struct gw_shown_file **at = &s->first;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	s->count--;
	close(f->fd);
	free(f);
}
