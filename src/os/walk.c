#include "os/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/map.h"
#include "os/beneath.h"
#include "os/pattern.h"
#include "os/picks.h"
#include "os/random.h"

enum { OPEN_MAX_DIRS = 48 }; /* of the deepest; the others open again */

struct level {  /* a directory that is being walked */
	int fd; /* -1: closed meanwhile */
	uint64_t dev, ino;
	size_t path_len; /* of its path on the wire */
	struct gw_names names;
	size_t next;
};

struct gw_walk {
	const struct gw_roots *roots;
	size_t root; /* the next one to begin */
	const struct gw_root *at_root;
	char **exclude;
	size_t exclude_count;
	bool picking;
	struct gw_picks picks;
	size_t bad; /* the next bad name to report */
	size_t path_max, depth_max;
	uint64_t bytes_max, bytes; /* bytes < bytes_max, but for 0 */

	char *path; /* on the wire, of what is looked at; ended by NUL */
	size_t path_len;
	struct level *levels;
	size_t depth, levels_cap;
	struct gw_map *links; /* device and inode -> entry number */
	uint64_t number;
	struct gw_why why;
	char target[PATH_MAX];
};

void
gw_walk_free(struct gw_walk *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->depth; i++) {
		if (w->levels[i].fd >= 0)
			close(w->levels[i].fd);
		gw_names_fini(&w->levels[i].names);
	}
	for (size_t i = 0; i < w->exclude_count; i++)
		free(w->exclude[i]);
	free(w->exclude);
	gw_picks_fini(&w->picks);
	gw_map_free(w->links);
	free(w->levels);
	free(w->path);
	free(w);
}

static enum gw_err
copy_excludes(struct gw_walk *w, const struct gw_walk_options *o)
{
	w->exclude = calloc(o->exclude_count + 1, sizeof *w->exclude);
	if (w->exclude == NULL)
		return GW_E_MEMORY;
	for (size_t i = 0; i < o->exclude_count; i++) {
		if ((w->exclude[i] = strdup(o->exclude[i])) == NULL)
			return GW_E_MEMORY;
		w->exclude_count++;
	}
	return GW_OK;
}

enum gw_err
gw_walk_new(const struct gw_walk_options *o, struct gw_walk **out)
{
	struct gw_walk *w = calloc(1, sizeof *w);
	struct gw_random random = gw_random_os();
	enum gw_err err;

	if (w == NULL)
		return GW_E_MEMORY;
	w->roots = o->roots;
	w->path_max = o->path_max;
	w->depth_max = o->depth_max;
	w->bytes_max = o->bytes_max;
	w->picking = o->files_given;
	w->path = malloc(o->path_max + NAME_MAX + 2);
	err = w->path == NULL ? GW_E_MEMORY
			      : gw_map_new(gw_random_u64(&random), &w->links);
	if (err == GW_OK)
		err = copy_excludes(w, o);
	if (err == GW_OK && o->files_given)
		err = gw_picks_init(&w->picks, o->files, o->file_count);
	if (err != GW_OK) {
		gw_walk_free(w);
		return err;
	}
	*out = w;
	return GW_OK;
}

/* ---- what is yielded ---- */

static void
yield(struct gw_walk *w, struct gw_walk_entry *e, enum gw_walk_what what)
{
	memset(e, 0, sizeof *e);
	e->what = what;
	e->path = w->path;
	e->path_len = w->path_len;
	e->hardlink_of = GW_WALK_NO_LINK;
}

static enum gw_err
yield_failed(struct gw_walk *w, struct gw_walk_entry *e, enum gw_err err)
{
	if (err == GW_E_MEMORY)
		return err;
	yield(w, e, GW_WALK_FAILED);
	e->err = err;
	e->reason = w->why.text;
	return GW_OK;
}

/* Has this file been seen by another name? */
static enum gw_err
note_link(struct gw_walk *w, struct gw_walk_entry *e)
{
	struct gw_key key;
	uintptr_t first;

	memcpy(key.b, &e->stamp.dev, 8);
	memcpy(key.b + 8, &e->stamp.ino, 8);
	if (gw_map_get(w->links, &key, &first)) {
		e->hardlink_of = first;
		return GW_OK;
	}
	return gw_map_set(w->links, &key, (uintptr_t)e->number);
}

static enum gw_err
count_bytes(struct gw_walk *w, const struct gw_stamp *stamp)
{
	if (w->bytes_max == 0 || stamp->kind != GW_KIND_FILE)
		return GW_OK;
	if (stamp->size >= w->bytes_max - w->bytes)
		return gw_why(&w->why, GW_E_FAILED,
		    "with it there are more bytes than can be sent");
	w->bytes += stamp->size;
	return GW_OK;
}

static enum gw_err
yield_entry(
    struct gw_walk *w, struct gw_walk_entry *e, const struct gw_stamp *stamp)
{
	enum gw_err err = count_bytes(w, stamp);

	if (err != GW_OK)
		return yield_failed(w, e, err);
	yield(w, e, GW_WALK_ENTRY);
	e->stamp = *stamp;
	e->number = w->number;
	if (stamp->kind == GW_KIND_FILE && stamp->nlink > 1)
		err = note_link(w, e);
	if (err == GW_OK)
		w->number++;
	return err;
}

static enum gw_err
yield_symlink(
    struct gw_walk *w, int dir, const char *name, struct gw_walk_entry *e)
{
	struct gw_stamp stamp = e->stamp;
	ssize_t n = readlinkat(dir, name, w->target, sizeof w->target - 1);
	enum gw_err err;

	if (n < 0)
		return yield_failed(
		    w, e, gw_why_errno(&w->why, errno, "read link"));
	w->target[n] = '\0';
	err = yield_entry(w, e, &stamp);
	e->target = w->target;
	e->target_len = (size_t)n;
	return err;
}

/* ---- directories ---- */

static int
open_directory(int dir, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(dir, name, flags) : fd;
}

static enum gw_err
grow(struct gw_walk *w)
{
	size_t cap = w->levels_cap > 0 ? w->levels_cap * 2 : 16;
	struct level *v;

	if (w->depth < w->levels_cap)
		return GW_OK;
	if ((v = realloc(w->levels, cap * sizeof *v)) == NULL)
		return GW_E_MEMORY;
	w->levels = v;
	w->levels_cap = cap;
	return GW_OK;
}

/* The names to visit in the directory fd: all, or the picked ones. */
static enum gw_err
fill_names(
    struct gw_walk *w, int fd, const struct gw_name *of, struct gw_names *out)
{
	size_t skip = w->path_len - strlen(w->at_root->name);

	if (of->from == of->to)
		return gw_names_read(out, fd, &w->why);
	return gw_picks_names(&w->picks, of->from, of->to, skip, out)
		   ? GW_OK
		   : GW_E_MEMORY;
}

/* Walk the open directory fd, which is taken, next. */
static enum gw_err
take_push(
    struct gw_walk *w, int fd, const struct gw_name *of, struct gw_stamp *stamp)
{
	struct level l = { .fd = fd, .path_len = w->path_len };
	struct stat st;
	enum gw_err err = grow(w);

	if (err == GW_OK)
		err = fstat(fd, &st) == 0
			  ? fill_names(w, fd, of, &l.names)
			  : gw_why_errno(&w->why, errno, "look");
	if (err != GW_OK) {
		gw_names_fini(&l.names);
		close(fd);
		return err;
	}
	gw_stamp_of(stamp, &st);
	l.dev = stamp->dev;
	l.ino = stamp->ino;
	/* The topmost stays open: the others are found again below it. */
	if (w->depth > OPEN_MAX_DIRS) {
		struct level *far = &w->levels[w->depth - OPEN_MAX_DIRS];

		if (far->fd >= 0)
			close(far->fd);
		far->fd = -1;
	}
	w->levels[w->depth++] = l;
	return GW_OK;
}

static enum gw_err
yield_directory(struct gw_walk *w, int fd, const struct gw_name *of,
    struct gw_walk_entry *e)
{
	struct gw_stamp stamp;
	enum gw_err err;

	if (fd < 0)
		err = gw_why_errno(&w->why, errno, "open");
	else
		err = take_push(w, fd, of, &stamp);
	if (err != GW_OK)
		return yield_failed(w, e, err);
	return yield_entry(w, e, &stamp);
}

static void
pop(struct gw_walk *w)
{
	struct level *l = &w->levels[--w->depth];

	if (l->fd >= 0)
		close(l->fd);
	gw_names_fini(&l->names);
}

/* A level that was closed on the way down opens again on the way up. */
static bool
ensure_open(struct gw_walk *w, struct level *l)
{
	size_t skip = w->levels[0].path_len + 1;
	struct stat st;

	if (l->fd >= 0)
		return true;
	GW_ASSERT(l->path_len > skip);
	l->fd = gw_beneath_open(w->levels[0].fd,
	    gw_slice(w->path + skip, l->path_len - skip),
	    O_RDONLY | O_DIRECTORY);
	if (l->fd < 0) {
		gw_why_errno(&w->why, errno, "open again");
		return false;
	}
	if (fstat(l->fd, &st) == 0 && st.st_dev == l->dev &&
	    st.st_ino == l->ino)
		return true;
	gw_why(&w->why, GW_E_FAILED, "it was moved while it was read");
	return false;
}

/* ---- one name ---- */

static bool
excluded(const struct gw_walk *w, bool is_dir)
{
	const char *below = w->path + strlen(w->at_root->name) + 1;

	for (size_t i = 0; i < w->exclude_count; i++)
		if (gw_pattern_match(w->exclude[i], below, is_dir))
			return true;
	return false;
}

static enum gw_err
too_long(const struct gw_walk *w, struct gw_why *why)
{
	if (w->path_len > w->path_max)
		return gw_why(why, GW_E_FAILED, "its path is too long to send");
	if (w->depth + 1 > w->depth_max)
		return gw_why(why, GW_E_FAILED,
		    "it is too many directories deep to send");
	return GW_OK;
}

/* A name that others were picked below is a directory, or they fail. */
static enum gw_err
not_a_directory(struct gw_walk *w, const struct gw_stamp *stamp)
{
	return gw_why(&w->why, GW_E_FAILED,
	    stamp->kind == GW_KIND_SYMLINK
		? "a symbolic link, which is not followed"
		: "not a directory");
}

/* GW_E_AGAIN: excluded. */
static enum gw_err
visit(struct gw_walk *w, int dir, const struct gw_name *of, const char *name,
    struct gw_walk_entry *e)
{
	struct stat st;
	enum gw_err err;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return yield_failed(w, e, gw_why_errno(&w->why, errno, "look"));
	if (w->exclude_count > 0 && excluded(w, S_ISDIR(st.st_mode)))
		return GW_E_AGAIN;
	if ((err = too_long(w, &w->why)) != GW_OK)
		return yield_failed(w, e, err);
	gw_stamp_of(&e->stamp, &st);
	if (e->stamp.kind == GW_KIND_DIR)
		return yield_directory(w, open_directory(dir, name), of, e);
	if (of->from != of->to)
		return yield_failed(w, e, not_a_directory(w, &e->stamp));
	if (e->stamp.kind == GW_KIND_SYMLINK)
		return yield_symlink(w, dir, name, e);
	if (e->stamp.kind == GW_KIND_FILE) {
		struct gw_stamp stamp = e->stamp;

		return yield_entry(w, e, &stamp);
	}
	yield(w, e, GW_WALK_SPECIAL);
	gw_stamp_of(&e->stamp, &st);
	return GW_OK;
}

/* GW_E_AGAIN: excluded, or the level is done. */
static enum gw_err
next_in_level(struct gw_walk *w, struct gw_walk_entry *e)
{
	struct level *l = &w->levels[w->depth - 1];
	struct gw_name of;
	const char *name;
	size_t n;

	if (l->next == l->names.count) {
		pop(w);
		return GW_E_AGAIN;
	}
	w->path_len = l->path_len;
	if (!ensure_open(w, l)) {
		w->path[w->path_len] = '\0';
		pop(w);
		return yield_failed(w, e, GW_E_FAILED);
	}
	of = l->names.v[l->next];
	name = gw_names_get(&l->names, l->next++);
	n = strlen(name);
	w->path[w->path_len] = '/';
	memcpy(w->path + w->path_len + 1, name, n + 1);
	w->path_len += n + 1;
	return visit(w, l->fd, &of, name, e);
}

/* ---- PATHs ---- */

static bool
set_path(struct gw_walk *w, const char *text)
{
	size_t n = strlen(text);

	/* Cut where it does not fit: then it is only reported. */
	w->path_len = n < w->path_max + NAME_MAX ? n : w->path_max + NAME_MAX;
	memcpy(w->path, text, w->path_len);
	w->path[w->path_len] = '\0';
	return n <= w->path_max;
}

static bool
same_file(const struct gw_root *root, const struct stat *st)
{
	return st->st_dev == root->stamp.dev && st->st_ino == root->stamp.ino;
}

static enum gw_err
begin_root(struct gw_walk *w, struct gw_walk_entry *e)
{
	const struct gw_root *root = gw_roots_get(w->roots, w->root++);
	struct gw_name of = { 0 };
	struct gw_stamp stamp;
	struct stat st;

	w->at_root = root;
	if (!set_path(w, root->name))
		return yield_failed(
		    w, e, gw_why(&w->why, GW_E_FAILED, "its name is too long"));
	if (lstat(root->path, &st) != 0)
		return yield_failed(w, e, gw_why_errno(&w->why, errno, "look"));
	if (!same_file(root, &st))
		return yield_failed(w, e,
		    gw_why(&w->why, GW_E_FAILED,
			"it was replaced while it was looked at"));
	gw_stamp_of(&stamp, &st);
	if (w->picking && !gw_picks_all(&w->picks))
		of.to = w->picks.good_count;
	if (stamp.kind == GW_KIND_DIR)
		return yield_directory(
		    w, open_directory(AT_FDCWD, root->path), &of, e);
	if (w->picking)
		return yield_failed(w, e, not_a_directory(w, &stamp));
	return yield_entry(w, e, &stamp);
}

static enum gw_err
report_bad(struct gw_walk *w, struct gw_walk_entry *e)
{
	const char *name = w->picks.bad[w->bad++];

	set_path(w, name);
	return yield_failed(
	    w, e, gw_why(&w->why, GW_E_FAILED, "%s", gw_picks_wrong(name)));
}

static bool
more_roots(const struct gw_walk *w)
{
	if (w->picking)
		return w->root == 0 && w->picks.good_count > 0;
	return w->root < gw_roots_count(w->roots);
}

enum gw_err
gw_walk_next(struct gw_walk *w, struct gw_walk_entry *e)
{
	enum gw_err err = GW_E_AGAIN;

	while (err == GW_E_AGAIN) {
		if (w->bad < w->picks.bad_count)
			err = report_bad(w, e);
		else if (w->depth > 0)
			err = next_in_level(w, e);
		else if (more_roots(w)) {
			err = begin_root(w, e);
			e->is_root = true;
		} else
			return GW_E_NO_PATH;
	}
	return err;
}
