/*
 * picks - the names of --files-from, as a tree.  Private to src/os.
 *
 * Sorted so that what is below one directory stands together, right after
 * the directory itself.
 */
#ifndef GW_OS_PICKS_H
#define GW_OS_PICKS_H

#include "os/names.h"

struct gw_picks {
	char **good; /* sorted, without "./", "//" and a slash at the end */
	size_t good_count;
	char **bad; /* gw_picks_wrong: as given */
	size_t bad_count;
};

/* NULL: nothing.  Else in words why no file below a directory can have this
 * name: it leads out, or is longer than a name can be. */
const char *gw_picks_wrong(const char *name);
GW_MUST_USE enum gw_err gw_picks_init(
    struct gw_picks *, const char *const *files, size_t count);
void gw_picks_fini(struct gw_picks *);
/*
 * The items [from, to) share their first `skip` bytes, a directory and its
 * slash: add the names in it that they lead to.  false: out of memory.
 */
bool gw_picks_names(const struct gw_picks *, size_t from, size_t to,
    size_t skip, struct gw_names *);
/* Is everything meant, because "." is an item? */
bool gw_picks_all(const struct gw_picks *);

#endif /* GW_OS_PICKS_H */
