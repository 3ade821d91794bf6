#include "os/picks.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

void
gw_picks_fini(struct gw_picks *p)
{
	for (size_t i = 0; i < p->good_count; i++)
		free(p->good[i]);
	for (size_t i = 0; i < p->bad_count; i++)
		free(p->bad[i]);
	free(p->good);
	free(p->bad);
	*p = (struct gw_picks){ 0 };
}

const char *
gw_picks_wrong(const char *name)
{
	size_t n;

	if (*name == '/')
		return "it must be relative to the PATH";
	for (; *name != '\0'; name += n + (name[n] == '/')) {
		n = strcspn(name, "/");
		if (n == 2 && memcmp(name, "..", 2) == 0)
			return "`..` leads out of the PATH";
		if (n > NAME_MAX)
			return "a name in it is too long";
	}
	return NULL;
}

/* In place. */
static void
normalise(char *s)
{
	char *in = s, *out = s;
	size_t n;

	while (*in != '\0') {
		n = strcspn(in, "/");
		if (n > 0 && !(n == 1 && *in == '.')) {
			if (out != s)
				*out++ = '/';
			memmove(out, in, n);
			out += n;
		}
		in += n + (in[n] == '/');
	}
	*out = '\0';
}

/* A slash sorts before every byte of a name, the end before a slash. */
static int
weight(char c)
{
	if (c == '\0')
		return 0;
	return c == '/' ? 1 : (unsigned char)c + 1;
}

static int
by_component(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	while (*x != '\0' && *x == *y) {
		x++;
		y++;
	}
	return weight(*x) - weight(*y);
}

enum gw_err
gw_picks_init(struct gw_picks *p, const char *const *files, size_t count)
{
	char *s;

	*p = (struct gw_picks){ 0 };
	p->good = calloc(count + 1, sizeof *p->good);
	p->bad = calloc(count + 1, sizeof *p->bad);
	if (p->good == NULL || p->bad == NULL) {
		free(p->good);
		free(p->bad);
		*p = (struct gw_picks){ 0 };
		return GW_E_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		if (files[i][0] == '\0')
			continue; /* an empty line */
		if ((s = strdup(files[i])) == NULL)
			goto no_memory;
		if (gw_picks_wrong(s) != NULL) {
			p->bad[p->bad_count++] = s;
			continue;
		}
		normalise(s);
		p->good[p->good_count++] = s;
	}
	qsort(p->good, p->good_count, sizeof *p->good, by_component);
	return GW_OK;
no_memory:
	gw_picks_fini(p);
	return GW_E_MEMORY;
}

bool
gw_picks_all(const struct gw_picks *p)
{
	return p->good_count > 0 && p->good[0][0] == '\0';
}

bool
gw_picks_names(const struct gw_picks *p, size_t from, size_t to, size_t skip,
    struct gw_names *out)
{
	const char *name;
	size_t n, next;
	bool whole;

	for (; from < to; from = next) {
		name = p->good[from] + skip;
		n = strcspn(name, "/");
		for (next = from + 1; next < to; next++)
			if (strncmp(p->good[next] + skip, name, n) != 0 ||
			    (p->good[next][skip + n] != '/' &&
				p->good[next][skip + n] != '\0'))
				break;
		/* The directory itself, if it is an item, comes first. */
		whole = name[n] == '\0';
		if (!gw_names_add(
			out, name, n, whole ? 0 : from, whole ? 0 : next))
			return false;
	}
	return true;
}
