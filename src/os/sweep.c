#include "os/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/beneath.h"
#include "os/walk.h"

enum {
	PATH_LIMIT = 4096,
	DEPTH_LIMIT = 256,
	HEX = 24 /* digits in a left-over's name */
};

/* ".godwit-0123456789abcdef01234567.part" */
static bool
is_left_over(const char *name, size_t n)
{
	static const char head[] = ".godwit-", tail[] = ".part";
	const size_t h = sizeof head - 1, t = sizeof tail - 1;

	return n == h + HEX + t && memcmp(name, head, h) == 0 &&
	       strspn(name + h, "0123456789abcdef") == HEX &&
	       memcmp(name + h + HEX, tail, t) == 0;
}

/* Remove it, if it is still the file that was looked at.  false: it stays. */
static bool
remove_at(int root, const struct gw_walk_entry *e, size_t skip)
{
	const char *path = e->path + skip, *slash = strrchr(path, '/');
	size_t parent = slash != NULL ? (size_t)(slash - path) : 0;
	const char *name = slash != NULL ? slash + 1 : path;
	struct stat st;
	bool ok;
	int dir =
	    gw_beneath_open(root, gw_slice(path, parent), O_PATH | O_DIRECTORY);

	if (dir < 0)
		return errno == ENOENT;
	ok = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	     st.st_ino != e->stamp.ino || st.st_dev != e->stamp.dev ||
	     unlinkat(dir, name, 0) == 0;
	close(dir);
	return ok;
}

/* false: something may be left. */
static bool
consider(
    struct gw_sweep *s, int root, const struct gw_walk_entry *e, size_t skip)
{
	const char *slash = strrchr(e->path, '/');
	const char *name = slash != NULL ? slash + 1 : e->path;

	if (e->what == GW_WALK_FAILED)
		return false;
	if (e->what != GW_WALK_ENTRY || e->path_len <= skip ||
	    !is_left_over(name, strlen(name)) ||
	    (e->stamp.kind != GW_KIND_FILE &&
		e->stamp.kind != GW_KIND_SYMLINK) ||
	    !s->ours(s->arg, name, &e->stamp))
		return true;
	if (s->remove && !remove_at(root, e, skip))
		return false;
	s->files++;
	s->bytes += e->stamp.size;
	return true;
}

static enum gw_err
sweep_tree(struct gw_sweep *s, const struct gw_walk_options *o, int root,
    struct gw_why *why)
{
	size_t skip = strlen(gw_roots_get(o->roots, 0)->name) + 1;
	enum gw_err swept = GW_OK;
	struct gw_walk *walk;
	struct gw_walk_entry e;
	enum gw_err err = gw_walk_new(o, &walk);

	if (err != GW_OK)
		return err;
	while ((err = gw_walk_next(walk, &e)) == GW_OK)
		if (!consider(s, root, &e, skip) && swept == GW_OK)
			swept = gw_why(why, GW_E_FAILED,
			    "%s: what may be left of a transfer there cannot "
			    "be removed or looked for",
			    e.path);
	gw_walk_free(walk);
	return err == GW_E_NO_PATH ? swept : err;
}

enum gw_err
gw_sweep(struct gw_sweep *s, struct gw_why *why)
{
	struct gw_walk_options o = { .path_max = PATH_LIMIT,
		.depth_max = DEPTH_LIMIT };
	struct gw_roots *roots;
	const struct gw_root *root;
	enum gw_err err;
	int fd;

	s->files = s->bytes = 0;
	if ((err = gw_roots_new(&s->dir, 1, why, &roots)) != GW_OK)
		return err;
	root = gw_roots_get(roots, 0);
	o.roots = roots;
	if (s->below != NULL) {
		o.files = &s->below;
		o.file_count = 1;
		o.files_given = true;
	}
	fd = open(root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		err = gw_why_errno(why, errno, s->dir);
	else if (root->stamp.dev != s->dev || root->stamp.ino != s->ino)
		err = gw_why(why, GW_E_NO_PATH,
		    "%s: is not the directory that it was", s->dir);
	else
		err = sweep_tree(s, &o, fd, why);
	if (fd >= 0)
		close(fd);
	gw_roots_free(roots);
	return err;
}
