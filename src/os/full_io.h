/*
 * full_io - reads and writes that end only when all is done.  Private to
 * src/os: failures leave errno.
 */
#ifndef GW_OS_FULL_IO_H
#define GW_OS_FULL_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* *got < n only at the end of the file.  false: errno. */
bool gw_full_pread(int fd, void *, size_t n, uint64_t offset, size_t *got);
/* false: errno; part of it may be written. */
bool gw_full_pwrite(int fd, const void *, size_t n, uint64_t offset);

#endif /* GW_OS_FULL_IO_H */
