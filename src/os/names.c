#include "os/names.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
gw_names_fini(struct gw_names *n)
{
	free(n->text);
	free(n->v);
	memset(n, 0, sizeof *n);
}

static bool
text_room(struct gw_names *n, size_t more)
{
	size_t cap = n->text_cap > 0 ? n->text_cap : 1024;
	char *text;

	if (n->text_cap - n->text_len >= more)
		return true;
	while (cap - n->text_len < more)
		cap *= 2;
	if ((text = realloc(n->text, cap)) == NULL)
		return false;
	n->text = text;
	n->text_cap = cap;
	return true;
}

bool
gw_names_add(
    struct gw_names *n, const char *name, size_t len, size_t from, size_t to)
{
	size_t cap = n->cap > 0 ? n->cap * 2 : 64;
	struct gw_name *v;

	if (!text_room(n, len + 1))
		return false;
	if (n->count == n->cap) {
		if ((v = realloc(n->v, cap * sizeof *v)) == NULL)
			return false;
		n->v = v;
		n->cap = cap;
	}
	n->v[n->count++] =
	    (struct gw_name){ .text = n->text_len, .from = from, .to = to };
	memcpy(n->text + n->text_len, name, len);
	n->text[n->text_len + len] = '\0';
	n->text_len += len + 1;
	return true;
}

static int
by_bytes(const void *a, const void *b, void *text)
{
	return strcmp((const char *)text + ((const struct gw_name *)a)->text,
	    (const char *)text + ((const struct gw_name *)b)->text);
}

static bool
add_all(struct gw_names *n, const char *buf, size_t len)
{
	const struct dirent64 *e;

	for (size_t at = 0; at < len; at += e->d_reclen) {
		e = (const struct dirent64 *)(const void *)(buf + at);
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (!gw_names_add(n, e->d_name, strlen(e->d_name), 0, 0))
			return false;
	}
	return true;
}

enum gw_err
gw_names_read(struct gw_names *n, int fd, struct gw_why *why)
{
	_Alignas(struct dirent64) char buf[32768];
	ssize_t len;

	while ((len = getdents64(fd, buf, sizeof buf)) > 0)
		if (!add_all(n, buf, (size_t)len))
			return GW_E_MEMORY;
	if (len < 0)
		return gw_why_errno(why, errno, "read directory");
	if (n->count > 0)
		qsort_r(n->v, n->count, sizeof *n->v, by_bytes, n->text);
	return GW_OK;
}
