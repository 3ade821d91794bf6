#include "os/stamp.h"

#include <sys/stat.h>

static enum gw_kind
kind_of(mode_t mode)
{
	if (S_ISREG(mode))
		return GW_KIND_FILE;
	if (S_ISDIR(mode))
		return GW_KIND_DIR;
	if (S_ISLNK(mode))
		return GW_KIND_SYMLINK;
	return GW_KIND_OTHER;
}

void
gw_stamp_of(struct gw_stamp *s, const struct stat *st)
{
	*s = (struct gw_stamp){ .kind = kind_of(st->st_mode),
		.mode = st->st_mode & 07777,
		.dev = st->st_dev,
		.ino = st->st_ino,
		.nlink = st->st_nlink,
		.mtime_s = st->st_mtim.tv_sec,
		.mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
		.ctime_s = st->st_ctim.tv_sec,
		.ctime_ns = (uint32_t)st->st_ctim.tv_nsec };
	if (s->kind == GW_KIND_FILE || s->kind == GW_KIND_SYMLINK)
		s->size = (uint64_t)st->st_size;
	if (s->kind != GW_KIND_FILE)
		return;
	s->stored = (uint64_t)st->st_blocks * 512;
	s->sparse = s->stored < s->size;
	if (!s->sparse)
		s->stored = s->size;
}

bool
gw_stamp_unchanged(const struct gw_stamp *a, const struct gw_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->kind == b->kind &&
	       a->size == b->size && a->mtime_s == b->mtime_s &&
	       a->mtime_ns == b->mtime_ns;
}
