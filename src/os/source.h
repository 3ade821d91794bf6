/*
 * source - reads files for the sender.  Any thread, several at a time.
 *
 * A file is opened below its root without following any link, through a few
 * directories that are kept open, and read with pread.
 */
#ifndef GW_OS_SOURCE_H
#define GW_OS_SOURCE_H

#include "base/slice.h"
#include "os/roots.h"

struct gw_source;

/* The roots outlive it. */
GW_MUST_USE enum gw_err gw_source_new(
    const struct gw_roots *, struct gw_source **);
void gw_source_free(struct gw_source *);

/*
 * Open the regular file with this wire path; the caller closes *fd.  The
 * access time is not touched where the kernel allows it.  GW_E_NO_PATH: it
 * is gone; GW_E_FAILED: not a regular file any more, or not readable.
 */
GW_MUST_USE enum gw_err gw_source_open(struct gw_source *, struct gw_slice path,
    int *fd, struct gw_stamp *, struct gw_why *);
GW_MUST_USE enum gw_err gw_source_stamp(
    int fd, struct gw_stamp *, struct gw_why *);
struct gw_source_read {
	void *buf;
	size_t n;
	uint64_t offset;
	size_t got; /* set: less than n only at the end of the file */
};
GW_MUST_USE enum gw_err gw_source_read(
    int fd, struct gw_source_read *, struct gw_why *);
/* Where the next data at or after offset begins; `size` when only a hole is
 * left, or nothing.  Without holes, or where the file system does not tell:
 * offset itself. */
uint64_t gw_source_next_data(int fd, uint64_t offset, uint64_t size);
/* Where the data at offset ends and a hole begins, at most `size`. */
uint64_t gw_source_data_end(int fd, uint64_t offset, uint64_t size);
/*
 * The user.* attributes as on the wire: name, value, name, value..., each
 * with its varint length.  GW_E_LIMIT: they need more than cap bytes.  A
 * file system without them: *n = 0.
 */
GW_MUST_USE enum gw_err gw_source_xattrs(
    int fd, void *buf, size_t cap, size_t *n, struct gw_why *);

#endif /* GW_OS_SOURCE_H */
