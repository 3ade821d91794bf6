/*
 * Looking at what is there already.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/beneath.h"
#include "os/target_internal.h"

enum {
	ALTERNATIVES_MAX = 10000,
	GAP_MAX = 8,       /* names missing in a row: no more will come */
	EXTENSION_MAX = 32 /* a longer one is no extension */
};

static enum gw_err
stat_in(const struct gw_dir *dir, const char *name, bool *there,
    struct gw_stamp *stamp, struct gw_why *why)
{
	struct stat st;

	if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		gw_stamp_of(stamp, &st);
		*there = true;
		return GW_OK;
	}
	if (errno != ENOENT)
		return gw_why_errno(why, errno, "look");
	*stamp = (struct gw_stamp){ 0 };
	*there = false;
	return GW_OK;
}

/* A directory that is not there holds nothing. */
static enum gw_err
no_dir(enum gw_err err, bool *there, struct gw_stamp *stamp)
{
	if (err != GW_E_NO_PATH)
		return err;
	*stamp = (struct gw_stamp){ 0 };
	*there = false;
	return GW_OK;
}

enum gw_err
gw_target_stat(struct gw_target *t, struct gw_slice path, bool *there,
    struct gw_stamp *stamp, struct gw_why *why)
{
	struct gw_spot s;
	enum gw_err err = gw_target_enter(t, path, &s, why);

	if (err != GW_OK)
		return no_dir(err, there, stamp);
	err = stat_in(s.dir, s.name, there, stamp, why);
	gw_target_leave(t, &s);
	return err;
}

enum gw_err
gw_target_stat_temp(struct gw_target *t, const struct gw_target_file *f,
    bool *there, struct gw_stamp *stamp, struct gw_why *why)
{
	struct gw_spot s;
	enum gw_err err = gw_target_enter(t, f->path, &s, why);

	if (err != GW_OK)
		return no_dir(err, there, stamp);
	err = stat_in(s.dir, f->temp, there, stamp, why);
	gw_target_leave(t, &s);
	return err;
}

/* Where the extension (with its dot) of a base name begins. */
static size_t
extension(struct gw_slice base)
{
	const uint8_t *dot = memrchr(base.p, '.', base.n);

	if (dot == NULL || dot == base.p ||
	    base.p + base.n - dot > EXTENSION_MAX)
		return base.n;
	return (size_t)(dot - base.p);
}

size_t
gw_target_alternative(
    struct gw_slice path, uint32_t nth, char out[GW_TARGET_PATH])
{
	const uint8_t *slash = path.n > 0 ? memrchr(path.p, '/', path.n) : NULL;
	size_t dir = slash == NULL ? 0 : (size_t)(slash - path.p) + 1;
	struct gw_slice base = gw_slice(path.p + dir, path.n - dir);
	size_t stem = extension(base), ext = base.n - stem, len, whole;
	char suffix[16] = "";

	if (nth > 0)
		snprintf(suffix, sizeof suffix, " (%u)", (unsigned)nth);
	len = strlen(suffix);
	if (nth > 0 && stem + len + ext > NAME_MAX) {
		stem = NAME_MAX - len - ext;
		/* Not inside a character: back to where it begins, which is
		 * at most three bytes away, or the bytes are no UTF-8. */
		for (whole = stem; whole > 1 && stem - whole < 3 &&
				   (base.p[whole] & 0xc0) == 0x80;)
			whole--;
		if ((base.p[whole] & 0xc0) != 0x80)
			stem = whole;
	}
	if (dir + stem + len + ext >= GW_TARGET_PATH)
		return 0;
	memcpy(out, path.p, dir + stem);
	memcpy(out + dir + stem, suffix, len);
	memcpy(out + dir + stem + len, path.p + path.n - ext, ext);
	out[dir + stem + len + ext] = '\0';
	return dir + stem + len + ext;
}

enum gw_err
gw_target_find(struct gw_target *t, struct gw_slice path, uint64_t ino,
    uint32_t *nth, struct gw_stamp *stamp)
{
	struct gw_stamp found;
	char name[GW_TARGET_PATH];
	uint32_t gap = 0;
	size_t n;
	bool there;

	for (uint32_t i = 0; i < ALTERNATIVES_MAX && gap < GAP_MAX; i++) {
		n = gw_target_alternative(path, i, name);
		if (n == 0 || gw_target_stat(t, gw_slice(name, n), &there,
				  &found, NULL) != GW_OK)
			break;
		if (there && found.ino == ino && found.kind != GW_KIND_DIR) {
			*nth = i;
			*stamp = found;
			return GW_OK;
		}
		gap = there ? 0 : gap + 1;
	}
	return GW_E_NO_PATH;
}

bool
gw_target_is_link(
    struct gw_target *t, struct gw_slice path, struct gw_slice target)
{
	struct gw_spot s;
	char text[PATH_MAX];
	ssize_t n;

	if (gw_target_enter(t, path, &s, NULL) != GW_OK)
		return false;
	n = readlinkat(s.dir->fd, s.name, text, sizeof text);
	gw_target_leave(t, &s);
	return n >= 0 && gw_slice_eq(gw_slice(text, (size_t)n), target);
}
