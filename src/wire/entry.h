/*
 * entry - one file, directory or link of a transfer, as bytes.
 */
#ifndef GW_WIRE_ENTRY_H
#define GW_WIRE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/limits.h"

enum { GW_ENTRY_SPARSE = 1 };

#define GW_NO_LINK UINT64_MAX

struct gw_entry {
	enum gw_kind kind; /* FILE, DIR or SYMLINK */
	uint8_t flags;
	uint32_t mode; /* & 0777 */
	uint64_t size;
	uint64_t stored; /* SPARSE: how much of it is no hole, about */
	int64_t mtime_s, ctime_s;
	uint32_t mtime_ns, ctime_ns;
	uint64_t ino;
	struct gw_slice path;
	struct gw_slice target; /* of a symlink */
	uint64_t hardlink_of;   /* of a file: an earlier entry, GW_NO_LINK */
};

/* Most bytes that an entry takes. */
enum { GW_ENTRY_MAX = GW_PATH_MAX + GW_LINK_MAX + 96 };

void gw_entry_encode(struct gw_writer *, const struct gw_entry *);
/* Slices point into the reader's bytes.  false: malformed or over a limit. */
bool gw_entry_decode(struct gw_reader *, struct gw_entry *);
/* Bytes that a file takes on a disk that keeps its holes. */
uint64_t gw_entry_stored(const struct gw_entry *);
/* Components of 1 to 255 bytes, none `.` or `..`, no NUL, not too many. */
bool gw_path_is_clean(struct gw_slice path);

#endif /* GW_WIRE_ENTRY_H */
