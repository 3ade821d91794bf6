/*
 * stamp - what a file was like when it was looked at.
 */
#ifndef GW_OS_STAMP_H
#define GW_OS_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct gw_stamp {
	enum gw_kind kind; /* never HARDLINK */
	uint32_t mode;     /* permission bits, & 07777 */
	uint64_t dev, ino, nlink;
	uint64_t size; /* bytes of content; a symlink's target's length */
	int64_t mtime_s, ctime_s;
	uint32_t mtime_ns, ctime_ns;
	bool sparse;     /* fewer blocks on disk than its size takes */
	uint64_t stored; /* of a file: bytes on disk, at most its size */
};

struct stat;
void gw_stamp_of(struct gw_stamp *, const struct stat *);
/* Same file (device and inode), size, mtime: no sign of a change. */
bool gw_stamp_unchanged(const struct gw_stamp *, const struct gw_stamp *);

#endif /* GW_OS_STAMP_H */
