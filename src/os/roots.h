/*
 * roots - the PATHs that the user gave to send, and their names on the wire.
 *
 * A symbolic link given as PATH is followed; it keeps its own name.  `.`,
 * `..`, `dir/.` and the like take the directory's real name; a trailing
 * slash means nothing.  Holds no descriptor: each PATH is kept as an
 * absolute path with its device and inode, so the working directory may
 * change.  Read-only after _new; any thread may use it.
 */
#ifndef GW_OS_ROOTS_H
#define GW_OS_ROOTS_H

#include <stddef.h>

#include "os/stamp.h"
#include "os/why.h"

struct gw_root {
	const char *name; /* one component: how its entries' paths begin */
	const char *path; /* absolute, links resolved */
	struct gw_stamp stamp;
};

struct gw_roots;

/*
 * GW_E_NO_PATH: one is not there, or cannot be looked at.  GW_E_USAGE: none
 * given, two have one base name, or one has none (`/`), or is neither file
 * nor directory.  why names it.
 */
GW_MUST_USE enum gw_err gw_roots_new(const char *const *paths, size_t count,
    struct gw_why *, struct gw_roots **);
void gw_roots_free(struct gw_roots *);
size_t gw_roots_count(const struct gw_roots *);
/* In the order given. */
const struct gw_root *gw_roots_get(const struct gw_roots *, size_t index);
/* The root whose name is the first component of a wire path; NULL: none. */
const struct gw_root *gw_roots_find(
    const struct gw_roots *, const char *path, size_t len);

#endif /* GW_OS_ROOTS_H */
