#include "os/roots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct named { /* sorted by name, to be found quickly */
	const char *name;
	size_t len, index;
};

struct gw_roots {
	size_t count;
	struct gw_root *v;
	struct named *sorted;
};

/* Has the PATH a base name of its own?  "", "." and ".." have none. */
static bool
own_name(const char *path, const char **name, size_t *len)
{
	size_t n = strlen(path), start;

	while (n > 1 && path[n - 1] == '/')
		n--;
	for (start = n; start > 0 && path[start - 1] != '/';)
		start--;
	*name = path + start;
	*len = n - start;
	if (*len == 0 || (*len == 1 && path[start] == '.'))
		return false;
	return !(*len == 2 && path[start] == '.' && path[start + 1] == '.');
}

static enum gw_err
add(struct gw_roots *r, const char *path, struct gw_why *why)
{
	struct gw_root *root = &r->v[r->count];
	const char *name;
	struct stat st;
	size_t len;

	if (path[0] == '\0')
		return gw_why(why, GW_E_NO_PATH, "an empty PATH");
	if (stat(path, &st) != 0 ||
	    (root->path = realpath(path, NULL)) == NULL) {
		gw_why_errno(why, errno, path);
		return errno == ENOMEM ? GW_E_MEMORY : GW_E_NO_PATH;
	}
	r->count++; /* _free takes it from here */
	gw_stamp_of(&root->stamp, &st);
	if (root->stamp.kind == GW_KIND_OTHER)
		return gw_why(why, GW_E_USAGE,
		    "%s: neither a file nor a directory", path);
	if (!own_name(path, &name, &len) && !own_name(root->path, &name, &len))
		return gw_why(
		    why, GW_E_USAGE, "%s: has no name to send it by", path);
	root->name = strndup(name, len);
	return root->name != NULL ? GW_OK : GW_E_MEMORY;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(
	    ((const struct named *)a)->name, ((const struct named *)b)->name);
}

static enum gw_err
sort_names(struct gw_roots *r, const char *const *paths, struct gw_why *why)
{
	for (size_t i = 0; i < r->count; i++)
		r->sorted[i] = (struct named){ .name = r->v[i].name,
			.len = strlen(r->v[i].name),
			.index = i };
	qsort(r->sorted, r->count, sizeof r->sorted[0], by_name);
	for (size_t i = 1; i < r->count; i++)
		if (by_name(&r->sorted[i - 1], &r->sorted[i]) == 0)
			return gw_why(why, GW_E_USAGE,
			    "%s and %s would both arrive as %s: send them "
			    "one after the other",
			    paths[r->sorted[i - 1].index],
			    paths[r->sorted[i].index], r->sorted[i].name);
	return GW_OK;
}

enum gw_err
gw_roots_new(const char *const *paths, size_t count, struct gw_why *why,
    struct gw_roots **out)
{
	struct gw_roots *r;
	enum gw_err err = GW_OK;

	if (count == 0)
		return gw_why(why, GW_E_USAGE, "no PATH given");
	if ((r = calloc(1, sizeof *r)) == NULL)
		return GW_E_MEMORY;
	r->v = calloc(count, sizeof *r->v);
	r->sorted = calloc(count, sizeof *r->sorted);
	if (r->v == NULL || r->sorted == NULL)
		err = GW_E_MEMORY;
	for (size_t i = 0; err == GW_OK && i < count; i++)
		err = add(r, paths[i], why);
	if (err == GW_OK)
		err = sort_names(r, paths, why);
	if (err != GW_OK) {
		gw_roots_free(r);
		return err;
	}
	*out = r;
	return GW_OK;
}

void
gw_roots_free(struct gw_roots *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++) {
		free((char *)r->v[i].name);
		free((char *)r->v[i].path);
	}
	free(r->v);
	free(r->sorted);
	free(r);
}

size_t
gw_roots_count(const struct gw_roots *r)
{
	return r->count;
}

const struct gw_root *
gw_roots_get(const struct gw_roots *r, size_t index)
{
	return &r->v[index];
}

static int
compare(const struct named *n, const char *name, size_t len)
{
	int c = memcmp(n->name, name, n->len < len ? n->len : len);

	if (c != 0)
		return c;
	return n->len < len ? -1 : n->len > len;
}

const struct gw_root *
gw_roots_find(const struct gw_roots *r, const char *path, size_t len)
{
	const char *slash = memchr(path, '/', len);
	size_t low = 0, high = r->count, middle;
	int c;

	if (slash != NULL)
		len = (size_t)(slash - path);
	while (low < high) {
		middle = low + (high - low) / 2;
		c = compare(&r->sorted[middle], path, len);
		if (c == 0)
			return &r->v[r->sorted[middle].index];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
