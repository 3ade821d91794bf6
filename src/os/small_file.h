/*
 * small_file - files of ours that are read and written whole, 0600.
 */
#ifndef GW_OS_SMALL_FILE_H
#define GW_OS_SMALL_FILE_H

#include <stddef.h>

#include "os/why.h"

/*
 * Read it all.  GW_E_NO_PATH: there is none.  GW_E_LIMIT: longer than cap.
 * GW_E_DISK: not a regular file of this user, others may read or write it,
 * or it cannot be read.
 */
GW_MUST_USE enum gw_err gw_small_file_load(
    const char *path, void *buf, size_t cap, size_t *n, struct gw_why *);
/* Write it durably, replacing what is there at once or not at all. */
GW_MUST_USE enum gw_err gw_small_file_store(
    const char *path, const void *, size_t n, struct gw_why *);
/* Write it only if there is none.  GW_E_AGAIN: there is one (perhaps another
 * process was quicker): load that.  It is never seen half-written. */
GW_MUST_USE enum gw_err gw_small_file_create(
    const char *path, const void *, size_t n, struct gw_why *);

#endif /* GW_OS_SMALL_FILE_H */
