#include "os/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool
component_sane(const uint8_t *p, size_t n)
{
	if (n == 0 || memchr(p, '\0', n) != NULL)
		return false;
	return !(p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.')));
}

bool
gw_beneath_sane(struct gw_slice path)
{
	const uint8_t *p = path.p, *end, *slash;

	if (path.n == 0 || path.n >= GW_BENEATH_MAX)
		return false;
	for (end = p + path.n;; p = slash + 1) {
		slash = memchr(p, '/', (size_t)(end - p));
		if (slash == NULL)
			return component_sane(p, (size_t)(end - p));
		if (!component_sane(p, (size_t)(slash - p)))
			return false;
	}
}

/* Replace *fd by what `name` in it is. */
static bool
step(int *fd, const char *name, int flags)
{
	int next = openat(*fd, name, flags | O_CLOEXEC | O_NOFOLLOW);
	int saved = errno;
	struct stat st;

	/* O_DIRECTORY comes before O_NOFOLLOW; openat2 tells them apart. */
	if (next < 0 && saved == ENOTDIR &&
	    fstatat(*fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(st.st_mode))
		saved = ELOOP;
	close(*fd);
	*fd = next;
	errno = saved;
	return next >= 0;
}

int
gw_beneath_open_stepwise(int dir, struct gw_slice path, int flags)
{
	char text[GW_BENEATH_MAX], *name = text, *slash;
	int fd;

	if (path.n == 0)
		return openat(dir, ".", flags | O_CLOEXEC);
	if (!gw_beneath_sane(path)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(text, path.p, path.n);
	text[path.n] = '\0';
	if ((fd = openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	while ((slash = strchr(name, '/')) != NULL) {
		*slash = '\0';
		if (!step(&fd, name, O_PATH | O_DIRECTORY))
			return -1;
		name = slash + 1;
	}
	return step(&fd, name, flags) ? fd : -1;
}

int
gw_beneath_open(int dir, struct gw_slice path, int flags)
{
	struct open_how how = { .resolve = RESOLVE_BENEATH |
					   RESOLVE_NO_SYMLINKS |
					   RESOLVE_NO_MAGICLINKS };
	char text[GW_BENEATH_MAX] = ".";
	long fd;

	if (path.n > 0 && !gw_beneath_sane(path)) {
		errno = EINVAL;
		return -1;
	}
	if (path.n > 0) {
		memcpy(text, path.p, path.n);
		text[path.n] = '\0';
	}
	how.flags = (unsigned)(flags | O_CLOEXEC);
	do {
		fd = syscall(SYS_openat2, dir, text, &how, sizeof how);
	} while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	/* A seccomp filter that does not know the call says EPERM. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return gw_beneath_open_stepwise(dir, path, flags);
	return (int)fd;
}
