/*
 * beneath - opens paths below a directory and never leaves it.  Private to
 * src/os: failures leave errno.
 *
 * openat2 with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and
 * RESOLVE_NO_MAGICLINKS; on a kernel or in a container without openat2, one
 * component at a time with O_NOFOLLOW.  A link anywhere in the path is
 * ELOOP.
 */
#ifndef GW_OS_BENEATH_H
#define GW_OS_BENEATH_H

#include "base/slice.h"

enum { GW_BENEATH_MAX = 4096 + 256 }; /* longest path, with the NUL */

/* Is it relative, without empty, `.` and `..` components and without NUL?
 * Every path that is opened must be. */
bool gw_beneath_sane(struct gw_slice path);
/* Open path ("" is the directory itself) with flags of open(2); O_CLOEXEC
 * is added.  Returns the descriptor, or -1. */
int gw_beneath_open(int dir, struct gw_slice path, int flags);
/* The same without openat2; for tests, and where there is none. */
int gw_beneath_open_stepwise(int dir, struct gw_slice path, int flags);

#endif /* GW_OS_BENEATH_H */
