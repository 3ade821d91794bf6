#include "os/dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Make path and its parents, each 0700 when it is new.  path is changed on
 * the way and restored. */
static int
make_all(char *path)
{
	char *slash = path;
	int r;

	while ((slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		r = mkdir(path, 0700);
		*slash = '/';
		/* A parent that exists answers in many ways (EEXIST, EROFS,
		 * EACCES): the last mkdir tells whether it matters. */
		if (r != 0 && errno == ENOSPC)
			return -1;
	}
	return mkdir(path, 0700) != 0 && errno != EEXIST ? -1 : 0;
}

static enum gw_err
check(const char *path, struct gw_why *why)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		gw_why_errno(why, errno, path);
		return GW_E_DISK;
	}
	if (!S_ISDIR(st.st_mode))
		return gw_why(why, GW_E_DISK, "%s: is not a directory", path);
	if (st.st_uid != geteuid())
		return gw_why(why, GW_E_DISK,
		    "%s: belongs to another user (uid %u)", path,
		    (unsigned)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return gw_why(why, GW_E_DISK,
		    "%s: others may write to it; run: chmod go-w %s", path,
		    path);
	if (access(path, R_OK | W_OK | X_OK) != 0) {
		gw_why_errno(why, errno, path);
		return GW_E_DISK;
	}
	return GW_OK;
}

/* Take `path`, which malloc gave. */
static enum gw_err
take_ready(char *path, struct gw_why *why, char **out)
{
	enum gw_err err;

	if (make_all(path) != 0) {
		gw_why_errno(why, errno, path);
		err = GW_E_DISK;
	} else {
		err = check(path, why);
	}
	if (err != GW_OK) {
		free(path);
		return err;
	}
	*out = path;
	return GW_OK;
}

static char *
join(const char *a, const char *b)
{
	char *s;

	return asprintf(&s, "%s/%s", a, b) < 0 ? NULL : s;
}

/* Where it is to be, absolute; NULL with why. */
static char *
choose(const char *given, const char *variable, const char *in_home,
    struct gw_why *why)
{
	const char *base = getenv(variable), *home = getenv("HOME");
	char cwd[PATH_MAX], *path = NULL;

	if (given != NULL && given[0] == '/')
		path = strdup(given);
	else if (given != NULL && getcwd(cwd, sizeof cwd) != NULL)
		path = join(cwd, given);
	else if (given != NULL)
		gw_why_errno(why, errno, "working directory");
	/* Relative paths in these variables are to be ignored (XDG Base
	 * Directory Specification). */
	else if (base != NULL && base[0] == '/')
		path = join(base, "godwit");
	else if (home != NULL && home[0] == '/')
		path = join(home, in_home);
	else
		gw_why(why, GW_E_DISK,
		    "HOME is not set: set it, or %s, to an absolute path",
		    variable);
	return path;
}

enum gw_err
gw_dirs_data(const char *given, struct gw_why *why, char **out)
{
	char *path = choose(given, "XDG_DATA_HOME", ".local/share/godwit", why);

	return path == NULL ? GW_E_DISK : take_ready(path, why, out);
}

enum gw_err
gw_dirs_state(const char *given, struct gw_why *why, char **out)
{
	char *path =
	    choose(given, "XDG_STATE_HOME", ".local/state/godwit", why);

	return path == NULL ? GW_E_DISK : take_ready(path, why, out);
}

enum gw_err
gw_dirs_runtime(struct gw_why *why, char **out)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	char *path;

	if (base == NULL || base[0] != '/')
		return gw_why(why, GW_E_NO_PATH, "XDG_RUNTIME_DIR is not set");
	/* With sudo it may be another user's. */
	if (check(base, why) != GW_OK)
		return GW_E_NO_PATH;
	if ((path = join(base, "godwit")) == NULL)
		return GW_E_MEMORY;
	return take_ready(path, why, out);
}
