/*
 * names - what is in one directory, in the order of the names' bytes.
 * Private to src/os.
 */
#ifndef GW_OS_NAMES_H
#define GW_OS_NAMES_H

#include <stddef.h>

#include "os/why.h"

struct gw_name {
	size_t text;     /* offset in the text of all names */
	size_t from, to; /* of --files-from: the items below it; from == to:
			  * everything below it */
};

struct gw_names {
	char *text;
	size_t text_len, text_cap;
	struct gw_name *v;
	size_t count, cap;
};

/* All zeros is empty. */
void gw_names_fini(struct gw_names *);
static inline const char *
gw_names_get(const struct gw_names *n, size_t i)
{
	return n->text + n->v[i].text;
}
/* Add one; false: out of memory. */
bool gw_names_add(
    struct gw_names *, const char *, size_t len, size_t from, size_t to);
/* Add what is in an open directory, without `.` and `..`, and sort. */
GW_MUST_USE enum gw_err gw_names_read(
    struct gw_names *, int fd, struct gw_why *);

#endif /* GW_OS_NAMES_H */
